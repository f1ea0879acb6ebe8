"""Make the answer that the org would give to a planned write, so that a tool continues with its next one."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from mcp_salesforce.changes.before import Seen
from mcp_salesforce.changes.writes import Write, writes_of
from mcp_salesforce.policy.guard.request_parts import RequestParts, inner_request
from mcp_salesforce.salesforce.ids import KEY_PREFIXES, to_18
from mcp_salesforce.salesforce.wire import Answer, Request

_PREFIXES: Final = {name: prefix for prefix, name in KEY_PREFIXES.items()}
_CUSTOM: Final = "a00"
_NOT_THERE: Final = [{"errorCode": "NOT_FOUND", "message": "It does not exist: it is only planned."}]


def new_id(sobject: str, number: int) -> str:
    """Return an Id that stands for the `number`-th record to be made."""
    return to_18(f"{_PREFIXES.get(sobject, _CUSTOM)}{number:012d}")


def pretended(request: Request, writes: Sequence[Write], seen: Seen, number: int) -> Answer:
    """Return the answer to a request that writes, as if all were done; reads in it get what was seen.

    `number` is how many writes were planned before.
    """
    call = RequestParts.of(request)
    if call.steps != ("composite",):
        return Answer(_value(call, writes, number), {})
    replies = []
    for entry in call.body["compositeRequest"]:
        part = inner_request(entry)
        own = writes_of(part)
        replies.append({"referenceId": entry.get("referenceId"), **_reply(part, own, seen, number)})
        number += len(own)
    return Answer({"compositeResponse": replies}, {})


def _reply(request: Request, writes: Sequence[Write], seen: Seen, number: int) -> dict[str, Any]:
    call = RequestParts.of(request)
    if writes:
        body = _value(call, writes, number)
        return {"httpStatusCode": HTTPStatus.OK if body is not None else HTTPStatus.NO_CONTENT, "body": body}
    match call.steps:
        case ("sobjects", _, record_id):
            known = seen.get(record_id)
        case _:
            known = None
    if known is None:
        return {"httpStatusCode": HTTPStatus.NOT_FOUND, "body": _NOT_THERE}
    return {"httpStatusCode": HTTPStatus.OK, "body": known}


def _value(call: RequestParts, writes: Sequence[Write], number: int) -> object:
    saved = [_saved(write, number + index) for index, write in enumerate(writes)]
    if call.steps[0] in {"composite", "services"}:
        return saved
    return saved[0] if writes[0].action in {"create", "upsert"} else None


def _saved(write: Write, number: int) -> Mapping[str, object]:
    record_id = write.record_id or new_id(write.sobject, number)
    more = {"created": True} if write.action == "upsert" else {}
    return {"id": record_id, "success": True, "errors": [], **more}
