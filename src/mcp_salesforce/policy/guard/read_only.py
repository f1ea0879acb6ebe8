"""Read-only servers: a call is sent only if it certainly changes nothing."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from mcp_salesforce.policy.errors import PolicyRefusedError
from mcp_salesforce.policy.guard.request_parts import RequestParts, inner_request
from mcp_salesforce.salesforce.client import RequestSender
from mcp_salesforce.salesforce.errors import InvalidArgumentError, refused
from mcp_salesforce.salesforce.wire import Answer, Request
from mcp_salesforce.soql import SoqlError, SoslError, parse_sosl
from mcp_salesforce.soql.tracking import tracking_of
from mcp_salesforce.soql.tree_cache import tree_of

_QUERIES: Final = frozenset({"query", "queryAll"})
_SEARCH: Final = "search"
_BULK_QUERY: Final = ("jobs", "query")
_BULK_INGEST: Final = ("jobs", "ingest")


def refusing_writes(exchange: RequestSender) -> RequestSender:
    """Return a function that sends a request only if it changes nothing, in addition to hiding the tools that write."""

    async def guarded(request: Request) -> Answer:
        for each in _requests(request):
            _check(each)
        return await exchange(request)

    return guarded


def _requests(request: Request) -> Iterator[Request]:
    """Yield a request, or each of those that it carries."""
    steps = _call(request).steps
    match steps:
        case ("composite", "sobjects", *_):
            yield request
        case ("composite",):
            for entry in _entries(request.body, "compositeRequest"):
                yield from _requests(inner_request(entry))
        case ("composite", "batch"):
            for entry in _entries(request.body, "batchRequests"):
                yield from _requests(inner_request({**entry, "body": entry.get("richInput")}))
        case ("composite", *_):
            raise _refused()
        case _:
            yield request


def _entries(body: Any, name: str) -> list[Mapping[str, Any]]:  # noqa: ANN401 - any JSON value
    entries = body.get(name) if isinstance(body, Mapping) else None
    if not isinstance(entries, list) or not all(isinstance(entry, Mapping) for entry in entries):
        raise _refused()
    return entries


def _check(request: Request) -> None:
    """Refuse a request that changes something, by its method or its query."""
    call = _call(request)
    is_bulk_query = call.steps[:2] == _BULK_QUERY
    if (request.is_write and not is_bulk_query) or (call.steps[:2] == _BULK_INGEST and request.method != "GET"):
        raise _refused()
    text, last = call.params.get("q"), call.steps[-1]
    if is_bulk_query and isinstance(call.body, Mapping):
        text = call.body.get("query")
    elif last not in {*_QUERIES, _SEARCH}:
        return
    if not isinstance(text, str):
        return
    try:
        clauses = tracking_of(parse_sosl(text) if last == _SEARCH else tree_of(text))
    except (SoqlError, SoslError) as error:
        raise refused(str(error), code="MALFORMED_SEARCH" if last == _SEARCH else "MALFORMED_QUERY") from None
    if clauses:
        raise _refused(f" {clauses[0]} marks the records it reads: omit it.")


def _call(request: Request) -> RequestParts:
    try:
        return RequestParts.of(request)
    except PolicyRefusedError:
        raise _refused() from None


def _refused(also: str = "") -> InvalidArgumentError:
    return refused(f"SALESFORCE_READ_ONLY forbids all writes.{also}", code="NOT_ALLOWED")
