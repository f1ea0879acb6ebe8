"""The page with a view, and what it asks of this process."""

import asyncio
import base64
import hashlib
import hmac
import json
import re
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, TypeAlias

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from mcp_salesforce.views import html_of, manifest

Call: TypeAlias = Callable[[str, dict[str, Any]], Awaitable[dict[str, Any]]]
"""Calls a tool, and returns its result as MCP writes it, refusals too."""

_HERE: Final = Path(__file__).parent
_SCRIPT: Final = re.compile(r"<script[^>]*>(.*?)</script>", re.DOTALL)
_MOST_BYTES: Final = 1_000_000
_RELOAD_S: Final = 10.0  # a page that is loaded again is back by then, on a busy machine too
_PULSE_S: Final = 15.0
_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_PAGE_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; frame-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)


@dataclass(frozen=True, slots=True)
class Shown:
    """What is shown: a view, the call whose answer it shows, and the theme (`auto` is the browser's)."""

    view: str
    tool: str
    arguments: Mapping[str, Any]
    theme: str = "auto"


class Site:
    """The site of one view, for the first browser that opens its address."""

    def __init__(self, shown: Shown, call: Call) -> None:
        """Show `shown`, whose calls go to `call`."""
        self._shown = shown
        self._call = call
        self._secret: str | None = secrets.token_urlsafe(32)
        self._key = secrets.token_urlsafe(32)
        self._said: list[asyncio.Queue[str]] = []
        self.is_over = asyncio.Event()
        self._end: asyncio.TimerHandle | None = None

    def address(self, origin: str) -> str:
        """Return what to open in the browser: once, by the secret in its fragment, which no request contains."""
        return f"{origin}/#{self._secret}"

    def say(self, text: str) -> None:
        """Show a line above the view; an empty one takes it away."""
        for queue in self._said:
            queue.put_nowait(text)

    def end(self) -> None:
        """Tell the page that it is over."""
        self.is_over.set()
        self.say("")

    def app(self, origin: str) -> ASGIApp:
        """Return the application that is reached at `origin`, such as `http://127.0.0.1:8123`, and at no other name."""
        routes = [
            Route("/", self._file("page.html", "text/html")),
            Route("/page.js", self._file("page.js", "text/javascript")),
            Route("/page.css", self._file("page.css", "text/css")),
            Route("/favicon.ico", self._no_icon),
            Route("/view", self._view),
            Route("/key", self._give_key, methods=["POST"]),
            Route("/shown", self._tell_shown, methods=["POST"]),
            Route("/call", self._pass_call, methods=["POST"]),
            Route("/said", self._tell_said, methods=["POST"]),
        ]
        return _OnlyFrom(origin, Starlette(routes=routes))

    def _file(self, name: str, kind: str) -> Callable[[Request], Awaitable[Response]]:
        text = (_HERE / name).read_text("utf-8")

        async def file(_: Request) -> Response:
            return Response(text, media_type=kind, headers={**_HEADERS, "Content-Security-Policy": _PAGE_POLICY})

        return file

    async def _no_icon(self, _: Request) -> Response:
        return Response(status_code=HTTPStatus.NO_CONTENT)

    @cached_property
    def _view_policy(self) -> str:
        hashes = [hashlib.sha256(script.encode()).digest() for script in _SCRIPT.findall(html_of(self._shown.view))]
        allowed = " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in hashes)
        return (
            f"sandbox allow-scripts; default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; "
            "base-uri 'none'; form-action 'none'"
        )

    async def _view(self, request: Request) -> Response:
        policy = f"{self._view_policy}; frame-ancestors {request.base_url.scheme}://{request.base_url.netloc}"
        return Response(
            html_of(self._shown.view), media_type="text/html", headers={**_HEADERS, "Content-Security-Policy": policy}
        )

    async def _give_key(self, request: Request) -> Response:
        if self._secret is None or not _bears(request, self._secret):
            return _refused("This address has been opened before. Run the command again.")
        self._secret = None
        return PlainTextResponse(self._key, headers=_HEADERS)

    async def _tell_shown(self, request: Request) -> Response:
        if not _bears(request, self._key):
            return _refused()
        shown = self._shown
        told = {"tool": shown.tool, "arguments": {**shown.arguments}, "theme": shown.theme}
        return JSONResponse({**told, "title": manifest()[shown.view]["title"]}, headers=_HEADERS)

    async def _pass_call(self, request: Request) -> Response:
        if not _bears(request, self._key):
            return _refused()
        body = bytearray()
        async for piece in request.stream():
            body += piece
            if len(body) > _MOST_BYTES:
                return PlainTextResponse("The call is too long.", HTTPStatus.REQUEST_ENTITY_TOO_LARGE, _HEADERS)
        try:
            asked = json.loads(body)
            name, arguments = str(asked["name"]), dict(asked.get("arguments") or {})
        except (ValueError, KeyError, TypeError):
            return PlainTextResponse("This is not a call of a tool.", HTTPStatus.BAD_REQUEST, _HEADERS)
        return JSONResponse(await self._call(name, arguments), headers=_HEADERS)

    async def _tell_said(self, request: Request) -> Response:
        if not _bears(request, self._key):
            return _refused()
        return StreamingResponse(self._lines(), media_type="application/x-ndjson", headers=_HEADERS)

    async def _lines(self) -> AsyncIterator[str]:
        """Give what is said, as lines of JSON, while the page is open; the site is over when no page is any more."""
        queue: asyncio.Queue[str] = asyncio.Queue()
        self._said.append(queue)
        if self._end:
            self._end.cancel()
        try:
            yield "\n"
            while not self.is_over.is_set():
                try:
                    async with asyncio.timeout(_PULSE_S):
                        yield json.dumps(await queue.get()) + "\n"
                except TimeoutError:
                    yield "\n"  # finds out whether the page is still there
        finally:
            self._said.remove(queue)
            if not self._said:
                self._end = asyncio.get_running_loop().call_later(_RELOAD_S, self.is_over.set)


class _OnlyFrom:
    """Refuses what another name or another site asks: a page of the web can reach every port of this machine."""

    def __init__(self, origin: str, app: ASGIApp) -> None:
        self._origin = origin
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Request(scope).headers
        origin = headers.get("origin") or (self._origin if scope["method"] == "GET" else "")
        if f"http://{headers.get('host')}" != self._origin or origin != self._origin:
            await _refused()(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _bears(request: Request, secret: str) -> bool:
    given = request.headers.get("authorization", "")
    return hmac.compare_digest(given.encode(), f"Bearer {secret}".encode())


def _refused(text: str = "This page is not yours. Run the command again.") -> Response:
    return PlainTextResponse(text, HTTPStatus.FORBIDDEN, _HEADERS)
