"""A host of our own for views: a page of one origin with the view in a frame of another, under the default CSP."""

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import quote

from mcp import Client

CSP = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "media-src 'self' data:; connect-src 'none'; frame-src 'none'; object-src 'none'; base-uri 'self'"
)
"""What a host sends with a view that names no domains, by the specification of 2026-01-26."""
HOST = Path(__file__).with_name("host.html").read_bytes()


class Probe:
    """The addresses of a host page and of the views in it, the calls that views have made, and a way to make others."""

    def __init__(
        self, page: str, views: str, calls: list[dict[str, Any]], call: Callable[[dict[str, Any]], bytes]
    ) -> None:
        self._page, self._views, self.call = page, views, call
        self.calls = calls

    def address(self, view: str, call: dict[str, Any], **setup: Any) -> str:
        """Return where `view` is shown with the result of `call`."""
        told = {"view": f"{self._views}/{view}", "call": call, "width": 1400, "context": {}, **setup}
        return f"{self._page}/?{quote(json.dumps(setup))}#{quote(json.dumps(told))}"


@contextmanager
def probe_of(mcp: Client, views: dict[str, str]) -> Iterator[Probe]:
    """Serve a host page, whose calls go through `mcp`, and `views`, each on an origin of its own."""
    calls: list[dict[str, Any]] = []
    loop = asyncio.get_running_loop()

    def call(params: dict[str, Any]) -> bytes:
        calls.append(params)
        running = asyncio.run_coroutine_threadsafe(mcp.call_tool(params["name"], params["arguments"]), loop)
        return running.result(30).model_dump_json(by_alias=True, exclude_none=True).encode()

    with ExitStack() as stack:
        page = stack.enter_context(_serving(lambda _: HOST, call, {}))
        frames = stack.enter_context(
            _serving(lambda path: views[path.strip("/")].encode(), call, {"Content-Security-Policy": CSP})
        )
        yield Probe(page, frames, calls, call)


@contextmanager
def _serving(text: Any, call: Any, headers: dict[str, str]) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def _send(self, body: bytes, kind: str) -> None:
            self.send_response(200)
            for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self) -> None:
            if self.path == "/favicon.ico":
                self._send(b"", "image/x-icon")
            else:
                self._send(text(self.path), "text/html; charset=utf-8")

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self._send(call(json.loads(body)), "application/json")

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=partial(server.serve_forever, poll_interval=0.05), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
