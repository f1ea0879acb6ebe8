"""Failures on demand: how they are asked for from outside, and how they look. Nothing of it is Salesforce's."""

from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Final

import anyio
import orjson

from mcp_salesforce.localorg import errors
from mcp_salesforce.localorg.errors import OrgError
from mcp_salesforce.localorg.routes.call import Call, Family, Reply
from mcp_salesforce.localorg.routes.envelope import PARTNER, SOAP_ROOT
from mcp_salesforce.localorg.routes.envelope import fault as soap_fault
from mcp_salesforce.localorg.services.faults import Fault, Faults, read_fault

CONTROL_PATH: Final = "/_local/faults"

_MAINTENANCE: Final = """<!DOCTYPE html>
<html><head><title>Service Unavailable</title></head>
<body><h1>503 Service Unavailable</h1><p>We are down for maintenance.</p></body></html>
"""

_LIMITS: Final = {
    "request_limit": "TotalRequests Limit exceeded.",
    "concurrent_limit": "ConcurrentRequests (Concurrent API Requests) Limit exceeded.",
}
_IN_PLACE: Final = {"null": b"null", "not_utf8": b'{"Name": "Z\xfcrich"}', "too_large": b" " * (40 * 2**20)}

faults = Family("faults")


@faults.route("GET", CONTROL_PATH, None, needs_session=False)
def list_faults(call: Call) -> Reply:
    """Return the faults that wait for their calls."""
    return Reply(body=[asdict(fault) for fault in _controlled(call).pending])


@faults.route("POST", CONTROL_PATH, None, needs_session=False)
def add_fault(call: Call) -> Reply:
    """Add a fault: kind, method, path, count, delay_s."""
    waiting = _controlled(call)
    waiting.add(read_fault(call.json_object()))
    return Reply(201, [asdict(fault) for fault in waiting.pending])


@faults.route("DELETE", CONTROL_PATH, None, needs_session=False)
def clear_faults(call: Call) -> Reply:
    """Forget every fault."""
    _controlled(call).clear()
    return Reply(204)


def _controlled(call: Call) -> Faults:
    """Return the faults, for those who can control them: JSON from a loopback address, which no web page can send."""
    content_type = call.headers.get("content-type", "").partition(";")[0]
    if not call.org.faults.is_controllable or not call.is_loopback:
        raise errors.not_found()
    if call.method == "POST" and content_type != "application/json":
        raise OrgError(415, "UNSUPPORTED_MEDIA_TYPE", "Send application/json", None)
    return call.org.faults


async def strike(call: Call, fault: Fault, answer: Callable[[], Reply], expire_sessions: Callable[[], None]) -> Reply:
    """Answer a call as the fault has it; `answer` does the call's own work. An error is one of the API that is called.

    Raises:
        ConnectionResetError: The connection breaks.
    """
    try:
        return await _struck(fault, answer, expire_sessions)
    except OrgError as error:
        if call.path.startswith(SOAP_ROOT):
            return soap_fault(PARTNER, error)
        raise


async def _struck(fault: Fault, answer: Callable[[], Reply], expire_sessions: Callable[[], None]) -> Reply:
    """Answer a call as the fault says."""
    await anyio.sleep(fault.delay_s)
    match fault.kind:
        case "unavailable":
            return Reply(503, _MAINTENANCE)
        case "request_limit" | "concurrent_limit":
            raise OrgError(403, "REQUEST_LIMIT_EXCEEDED", _LIMITS[fault.kind], None)
        case "null" | "not_utf8" | "too_large":
            return _replaced(answer(), _IN_PLACE[fault.kind])
        case "lock_row":
            raise errors.unable_to_lock_row()
        case "reset_before" | "hang":
            raise ConnectionResetError
        case "reset_after":
            answer()
            raise ConnectionResetError
        case "truncated":
            return _cut(answer())
        case "expired_session":
            expire_sessions()
            return answer()
        case "latency":
            return answer()


def _replaced(reply: Reply, content: bytes) -> Reply:
    if reply.body is None:
        return reply
    return Reply(reply.status, content, {**reply.headers, "content-type": "application/json;charset=UTF-8"})


def _cut(reply: Reply) -> Reply:
    if reply.body is None:
        return reply
    if isinstance(reply.body, str):
        return replace(reply, body=reply.body[: len(reply.body) // 2])
    whole = orjson.dumps(reply.body)
    headers = {**reply.headers, "content-type": "application/json;charset=UTF-8"}
    return Reply(reply.status, whole[: len(whole) // 2], headers)
