"""What is known of each request: its id, line in the log, measures and trace; and the headers of every response."""

import logging
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from time import perf_counter
from typing import Final
from uuid import uuid4

from opentelemetry import context as otel
from opentelemetry import propagate
from opentelemetry.trace import ProxyTracerProvider, get_tracer_provider
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mcp_salesforce import logs
from mcp_salesforce.http.measures import Measures

REQUEST_ID: Final = "x-request-id"
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_WELL_FORMED: Final = re.compile(r"[\w.:-]{1,128}", re.ASCII)
_HEADERS: Final = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
_YEAR_S: Final = 31_536_000
_INTERNAL: Final = 500
_log = logging.getLogger("mcp_salesforce.http")


class Observed:
    """Gives every request an id, and every response headers; logs and measures them."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        measures: Measures,
        routes: frozenset[str],
        is_proxied: Callable[[Scope], bool],
        is_encrypted: bool,
    ) -> None:
        """Observe `app`.

        Args:
            app: What answers.
            measures: Counts the requests.
            routes: The paths that there are; others are counted as one.
            is_proxied: Tells whether a request comes from a proxy whose headers are believed.
            is_encrypted: Whether people reach the server over TLS.
        """
        self._app = app
        self._measures = measures
        self._routes = routes
        self._is_proxied = is_proxied
        self._headers = _HEADERS | ({"strict-transport-security": f"max-age={_YEAR_S}"} if is_encrypted else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        request_id = self._id_of(scope, headers)
        status, started = _INTERNAL, perf_counter()

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                self._add_headers(MutableHeaders(scope=message), request_id)
            await send(message)

        with logs.naming(http_request_id=request_id), _in_trace(headers), self._measures.active.track_inprogress():
            try:
                await self._app(scope, receive, sending)
            finally:
                self._tell(scope, status, perf_counter() - started)

    def _id_of(self, scope: Scope, headers: Headers) -> str:
        given = headers.get(REQUEST_ID, "") if self._is_proxied(scope) else ""
        return given if _WELL_FORMED.fullmatch(given) else uuid4().hex

    def _add_headers(self, headers: MutableHeaders, request_id: str) -> None:
        headers[REQUEST_ID] = request_id
        for name, value in self._headers.items():
            headers.setdefault(name, value)

    def _tell(self, scope: Scope, status: int, seconds: float) -> None:
        path = scope["path"] if scope["path"] in self._routes else "other"
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self._measures.request(method, path, status, seconds)
        if _log.isEnabledFor(logging.INFO):
            data = {"method": method, "path": path, "status": status, "duration_ms": round(seconds * 1000, 1)}
            _log.info("request", extra={"data": data})


def _in_trace(headers: Headers) -> AbstractContextManager[None]:
    """Continue the caller's trace (W3C Trace Context), where somebody traces."""
    return nullcontext() if isinstance(get_tracer_provider(), ProxyTracerProvider) else _attached(headers)


@contextmanager
def _attached(headers: Headers) -> Iterator[None]:
    token = otel.attach(propagate.extract(headers))
    try:
        yield
    finally:
        otel.detach(token)
