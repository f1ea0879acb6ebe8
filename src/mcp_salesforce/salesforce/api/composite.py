"""Several calls in one: the `composite` resource of the REST API. It also carries reads too long for a URL."""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from http import HTTPStatus
from typing import Final, Self
from urllib.parse import quote

import orjson

from mcp_salesforce.salesforce.api import Send
from mcp_salesforce.salesforce.errors import InvalidArgumentError, SalesforceError
from mcp_salesforce.salesforce.models import members_of, record_of, unknown_if_unreadable, wrong_shape
from mcp_salesforce.salesforce.replies import read_reply
from mcp_salesforce.salesforce.wire import HttpReply, Request, url_of

# Salesforce takes URLs of 16,384 bytes, and as much for URL and headers together.
_LONGEST_QUERY: Final = 12_000
_REFERENCE: Final = "call"
_OPENS_REFERENCE: Final = "@{"
MOST_CALLS: Final = 25
_HALTED: Final = "PROCESSING_HALTED"


class EarlierId(str):
    """The Id of a record that an earlier call of the same composite created; for the path or body of a later call."""

    __slots__ = ()

    @classmethod
    def of(cls, number: int) -> Self:
        """Return the Id that call `number` gives; the first one is 0."""
        return cls(f"@{{{_REFERENCE}{number}.id}}")


class CompositeApi:
    """Send several calls as one; a later one can use the Id of a record that an earlier one creates (`EarlierId`).

    Salesforce has no way to write `@{` in such a call's body and mean no reference, so a text with it is sent in
    its own call.
    """

    def __init__(self, send: Send, api_version: str) -> None:
        """Use `send` for every call; `api_version`, such as `v60.0`, stands in the calls' URLs."""
        self._send = send
        self._api_version = api_version

    async def run(self, calls: Sequence[Request]) -> tuple[object, ...]:
        """Send the calls in order; return the JSON value or the `SalesforceError` of each.

        API: POST /composite

        Raises:
            InvalidArgumentError: There are none, or more than 25 (of them at most 5 may be queries).
            SalesforceError: The call as a whole failed.
        """
        request = self._request(calls)
        return _values((await self._send(request)).value, request, len(calls))

    async def run_all_or_none(self, calls: Sequence[Request]) -> tuple[object, ...]:
        """Send the calls in order and return their JSON values; if one fails, all are rolled back.

        API: POST /composite

        Raises:
            InvalidArgumentError: There are none, or more than 25 (of them at most 5 may be queries); a text has `@{`.
            SalesforceError: What the call that failed raised; nothing was changed.
        """
        request = self._request(calls, all_or_none=True)
        values = _values((await self._send(request)).value, request, len(calls))
        failures = [value for value in values if isinstance(value, SalesforceError)]
        if failures:
            raise next((error for error in failures if error.code != _HALTED), failures[0])
        return values

    async def run_led(self, calls: Sequence[Request]) -> tuple[object, ...]:
        """Send the calls as `run` does, but treat the first as if sent alone: repeat it if safe, raise its error.

        It is sent alone if Salesforce would read a text in a body as a reference.

        API: POST /composite

        Raises:
            InvalidArgumentError: There are none, or more than 25 (of them at most 5 may be queries).
            SalesforceError: What the first call raised; it tells whether a write may have been carried out.
        """
        if any(has_reference(call.body) for call in calls):
            return await self._one_by_one(calls)
        request = self._request(calls, is_led=True)
        return _values((await self._send(request)).value, request, len(calls))

    async def _one_by_one(self, calls: Sequence[Request]) -> tuple[object, ...]:
        first, *others = calls
        values = [(await self._send(first)).value]
        for call in others:
            try:
                values.append((await self._send(call)).value)
            except SalesforceError as error:
                values.append(error)
        return tuple(values)

    def _request(self, calls: Sequence[Request], *, all_or_none: bool = False, is_led: bool = False) -> Request:
        if not 1 <= len(calls) <= MOST_CALLS:
            raise InvalidArgumentError(f"One call takes 1 to {MOST_CALLS} calls, not {len(calls)}.")
        if any(has_reference(call.body) for call in calls):
            raise InvalidArgumentError(
                "A text has @{, which Salesforce would replace where several changes are saved together.",
                hint="Write @ { instead of @{, or make the changes one by one.",
            )
        entries = [_entry(call, f"{_REFERENCE}{number}", self._api_version) for number, call in enumerate(calls)]
        body = {"allOrNone": all_or_none, "compositeRequest": entries}
        only_reads = all(call.is_idempotent and not call.is_write for call in calls)
        return Request("POST", "composite", body=body, idempotent=only_reads, is_led=is_led)


def _values(value: object, request: Request, count: int) -> tuple[object, ...]:
    with nullcontext() if request.idempotent else unknown_if_unreadable():
        replies = members_of(value, "compositeResponse")
        if len(replies) != count:
            raise wrong_shape(f"{count} composite replies")
    return tuple(map(_outcome, replies))


def has_reference(value: object) -> bool:
    """Tell whether Salesforce would read a text in a call's JSON value as a reference to another call."""
    if isinstance(value, str):
        return _OPENS_REFERENCE in value and not isinstance(value, EarlierId)
    if isinstance(value, Mapping):
        return any(map(has_reference, value.values()))
    return isinstance(value, list | tuple) and any(map(has_reference, value))


def is_too_long(request: Request) -> bool:
    """Tell whether `request` is a read whose parameters (a query, names of fields) do not fit into a URL."""
    if request.method != "GET":
        return False
    # Quoting makes at most 12 bytes of a character, so short parameters need not be quoted to be sure.
    most = sum(map(len, request.params.values())) * 12
    return most > _LONGEST_QUERY and sum(len(quote(value)) for value in request.params.values()) > _LONGEST_QUERY


def wrapped(request: Request, api_version: str) -> Request:
    """Return the composite call that makes the call `request`.

    API: POST /composite
    """
    body = {"compositeRequest": [_entry(request, _REFERENCE, api_version)]}
    return Request("POST", "composite", body=body, idempotent=request.is_idempotent)


def unwrapped(value: object) -> object:
    """Return the JSON value of the call inside a composite reply, or of the first one.

    Raises:
        SalesforceError: What the call would have raised on its own.
    """
    replies = members_of(value, "compositeResponse")
    return _value(replies[0] if replies else {})


def _entry(request: Request, reference: str, api_version: str) -> dict[str, object]:
    entry: dict[str, object] = {
        "method": request.method,
        "url": url_of("", api_version, request),
        "referenceId": reference,
    }
    if request.headers:
        entry["httpHeaders"] = dict(request.headers)
    if request.body is not None:
        entry["body"] = request.body
    return entry


def _outcome(reply: object) -> object:
    try:
        return _value(reply)
    except SalesforceError as error:
        return error


def _value(reply: object) -> object:
    """Return the JSON value of one call's reply, or raise what the call would have raised on its own."""
    record = record_of(reply)
    status = record.get("httpStatusCode")
    if not isinstance(status, int):
        raise wrong_shape("a composite reply")
    body = record.get("body")
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return body
    content = b"" if body is None else orjson.dumps(body)
    return read_reply(HttpReply(status, {"content-type": "application/json"}, content))
