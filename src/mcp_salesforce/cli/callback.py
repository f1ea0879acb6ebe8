"""The loopback address to which a browser brings the answer of a login."""

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

LOOPBACK = "127.0.0.1"
PATH = "/callback"
_PAGE = b"<!DOCTYPE html><title>mcp-salesforce</title><p>You can close this page: the terminal says how it ended.</p>"


class Callback:
    """Waits for one answer."""

    def __init__(self, port: int) -> None:
        """Know the port that is listened on."""
        self.redirect_uri = f"http://localhost:{port}{PATH}"
        self.answers: queue.SimpleQueue[str] = queue.SimpleQueue()

    def wait(self, timeout_s: float) -> str:
        """Return the query string of the first answer."""
        try:
            return self.answers.get(timeout=timeout_s)
        except queue.Empty:
            raise TimeoutError from None


@contextmanager
def listening(port: int) -> Iterator[Callback]:
    """Listen on a port of this machine (0 picks a free one) until the block ends.

    Raises:
        OSError: The port is taken.
    """

    class Handler(BaseHTTPRequestHandler):
        timeout = 10

        def do_GET(self) -> None:
            url = urlsplit(self.path)
            is_answer = url.path == PATH
            self.send_response(HTTPStatus.OK if is_answer else HTTPStatus.NOT_FOUND)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Security-Policy", "default-src 'none'")
            self.send_header("Referrer-Policy", "no-referrer")
            self.send_header("Connection", "close")
            self.end_headers()
            if is_answer:
                self.wfile.write(_PAGE)
                callback.answers.put(url.query)

        def log_message(self, *_: object) -> None:
            """Write nothing: the address holds the code."""

    with ThreadingHTTPServer((LOOPBACK, port), Handler) as server:
        server.daemon_threads = True
        callback = Callback(server.server_port)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, name="callback")
        thread.start()
        try:
            yield callback
        finally:
            server.shutdown()
            thread.join()
