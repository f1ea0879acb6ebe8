"""Failures on demand, to see how a client takes them."""

from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final, Literal, get_args

import anyio
import orjson

from mcp_salesforce.localorg.errors import OrgError
from mcp_salesforce.localorg.routes.call import Reply

Kind = Literal[
    "expired_session", "unavailable", "reset_before", "reset_after", "hang", "truncated",
    "request_limit", "lock_row", "latency",
]  # fmt: skip
"""What goes wrong: every session ends before the call; 503 with an HTML page; the connection breaks before, or after,
the work is done; no answer for `delay_s`, then a break; JSON cut in half; REQUEST_LIMIT_EXCEEDED; UNABLE_TO_LOCK_ROW;
nothing but the delay."""

KINDS: Final = get_args(Kind)

_MAINTENANCE: Final = """<!DOCTYPE html>
<html><head><title>Service Unavailable</title></head>
<body><h1>503 Service Unavailable</h1><p>We are down for maintenance.</p></body></html>
"""


@dataclass(slots=True)
class Fault:
    """One failure, for the next `count` calls that it matches.

    Attributes:
        kind: What goes wrong.
        method: An HTTP method, or `*` for all.
        path: A pattern with `*` and `?` for the whole path, as in `*/query*`.
        count: How many calls it strikes; None for every one until it is removed.
        delay_s: Seconds to wait first.
    """

    kind: Kind
    method: str = "*"
    path: str = "*"
    count: int | None = 1
    delay_s: float = 0.0

    def matches(self, method: str, path: str) -> bool:
        """Tell whether the fault strikes a call."""
        return self.method in {"*", method} and fnmatchcase(path, self.path)


class Faults:
    """The failures that wait for their calls, the oldest first."""

    def __init__(self) -> None:
        self.pending: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Let a fault wait for its calls."""
        self.pending.append(fault)

    def clear(self) -> None:
        """Forget every fault."""
        self.pending.clear()

    def take(self, method: str, path: str) -> Fault | None:
        """Return the fault that strikes this call, counted, or None."""
        fault = next((each for each in self.pending if each.matches(method, path)), None)
        if fault is not None and fault.count is not None:
            fault.count -= 1
            if fault.count == 0:
                self.pending.remove(fault)
        return fault


async def strike(fault: Fault, answer: Callable[[], Reply], expire_sessions: Callable[[], None]) -> Reply:
    """Answer a call as the fault has it; `answer` does the call's own work.

    Raises:
        OrgError: The fault is an error of the API.
        ConnectionResetError: The connection breaks.
    """
    await anyio.sleep(fault.delay_s)
    match fault.kind:
        case "unavailable":
            return Reply(503, _MAINTENANCE)
        case "request_limit":
            raise OrgError(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", None)
        case "lock_row":
            raise OrgError(400, "UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record")
        case "reset_before" | "hang":
            raise ConnectionResetError
        case "reset_after":
            answer()
            raise ConnectionResetError
        case "expired_session":
            expire_sessions()
            return answer()
        case "truncated":
            reply = answer()
            whole = orjson.dumps(reply.body)
            headers = {**reply.headers, "content-type": "application/json;charset=UTF-8"}
            return Reply(reply.status, whole[: len(whole) // 2], headers)
        case "latency":
            return answer()
