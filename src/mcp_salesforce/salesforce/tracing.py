"""The client's requests, seen at the transport: a span for each exchange, and a list if the caller wants one.

Spans follow OpenTelemetry's HTTP conventions, and cost next to nothing until a program installs an OpenTelemetry SDK.
It records the method of a request and the template of its path: no query, no body, no value of a field.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from time import perf_counter
from typing import Final
from urllib.parse import urlsplit

from opentelemetry.trace import ProxyTracerProvider, SpanKind, StatusCode, get_tracer, get_tracer_provider

from mcp_salesforce.salesforce.errors import SalesforceError
from mcp_salesforce.salesforce.wire import HttpReply, HttpRequest

_log = logging.getLogger(__name__)
_tracer = get_tracer("mcp_salesforce")
_LISTENERS: ContextVar[list["Exchange"] | None] = ContextVar("exchanges", default=None)

_OPAQUE_AFTER: Final = {"sobjects": 2, "query": 1, "queryAll": 1, "id": 1}
"""How many path segments behind a resource's own name the template begins to leave out."""
_PLAIN: Final = frozenset({"describe", "updated", "deleted", "fromThisEventOnwards"})
_CLIENT_ERROR: Final = 400


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request that was sent, and its outcome.

    Attributes:
        method: HTTP method.
        template: The path, with `{}` where it named a record, a value or a page.
        status: HTTP status; 0 where no answer arrived.
        seconds: How long it took.
        request_id: Salesforce's own id of the request, for its support; empty where it gave none.
    """

    method: str
    template: str
    status: int
    seconds: float
    request_id: str


@contextmanager
def exchanges() -> Iterator[list[Exchange]]:
    """Collect the exchanges of the calls made inside the block, also of tasks that it starts."""
    collected: list[Exchange] = []
    token = _LISTENERS.set(collected)
    try:
        yield collected
    finally:
        _LISTENERS.reset(token)


@contextmanager
def traced(request: HttpRequest) -> Iterator[Callable[[HttpReply], None]]:
    """Trace, collect and, at debug level, log the exchange that the block makes; the block hands its reply over."""
    if not _is_watched():
        yield _unwatched
        return
    parts = urlsplit(request.url)
    template = path_template(parts.path)
    attributes = {"http.request.method": request.method, "url.template": template}
    replies: list[HttpReply] = []
    started = perf_counter()
    with _tracer.start_as_current_span(
        f"{request.method} {template}",
        kind=SpanKind.CLIENT,
        attributes={**attributes, "server.address": parts.hostname or ""},
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        try:
            yield replies.append
        except SalesforceError as error:
            span.set_attribute("error.type", error.code)
            span.set_status(StatusCode.ERROR)
            _tell(Exchange(request.method, template, 0, perf_counter() - started, ""))
            raise
        reply = replies[0]
        span.set_attribute("http.response.status_code", reply.status)
        if reply.status >= _CLIENT_ERROR:
            span.set_attribute("error.type", str(reply.status))
            span.set_status(StatusCode.ERROR)
    request_id = reply.headers.get("x-sfdc-request-id", "")
    _tell(Exchange(request.method, template, reply.status, perf_counter() - started, request_id))


def _unwatched(_reply: HttpReply) -> None:
    """Ignore a reply: tracing is off."""


def path_template(path: str) -> str:
    """Return `path` with `{}` instead of Ids, external id values and page names."""
    kept: list[str] = []
    opaque_in: int | None = None
    for segment in path.split("/"):
        if opaque_in is None:
            kept.append(segment)
            opaque_in = _OPAQUE_AFTER.get(segment)
        else:
            opaque_in -= 1
            kept.append(segment if opaque_in > 0 or segment in _PLAIN or not segment else "{}")
    return "/".join(kept)


def _is_watched() -> bool:
    """Tell whether exchanges are traced, collected or logged."""
    return (
        _LISTENERS.get() is not None
        or _log.isEnabledFor(logging.DEBUG)
        or not isinstance(get_tracer_provider(), ProxyTracerProvider)
    )


def _tell(exchange: Exchange) -> None:
    listener = _LISTENERS.get()
    if listener is not None:
        listener.append(exchange)
    if _log.isEnabledFor(logging.DEBUG):
        data = {
            "method": exchange.method,
            "path": exchange.template,
            "status": exchange.status,
            "duration_ms": round(exchange.seconds * 1000, 1),
            "request_id": exchange.request_id,
        }
        _log.debug("exchange", extra={"data": data})
