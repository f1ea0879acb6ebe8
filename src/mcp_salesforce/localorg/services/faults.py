"""Make calls fail on demand, to test clients."""

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from mcp_salesforce.localorg.errors import OrgError

Kind = Literal[
    "expired_session", "unavailable", "reset_before", "reset_after", "hang", "truncated",
    "request_limit", "concurrent_limit", "lock_row", "latency", "null", "not_utf8", "too_large",
]  # fmt: skip

MEANINGS: Final[Mapping[Kind, str]] = {
    "expired_session": "401 INVALID_SESSION_ID until the client gets a new token",
    "request_limit": "403 REQUEST_LIMIT_EXCEEDED",
    "concurrent_limit": "403 REQUEST_LIMIT_EXCEEDED of calls at the same time",
    "null": "null instead of the reply; the work is done",
    "not_utf8": "a reply that is not UTF-8; the work is done",
    "too_large": "40 MB instead of the reply; the work is done",
    "lock_row": "400 UNABLE_TO_LOCK_ROW",
    "unavailable": "503 with an HTML page",
    "reset_before": "the connection breaks before the work is done",
    "reset_after": "the connection breaks after the work is done",
    "hang": "nothing for the delay, then the connection breaks",
    "truncated": "JSON cut in half; the work is done",
    "latency": "the right answer, after the delay",
}
"""What a client sees of each kind."""


@dataclass(slots=True)
class Fault:
    """One failure, for the next `count` calls that it matches.

    Attributes:
        kind: What fails.
        method: An HTTP method, or `*` for all.
        path: A pattern with `*` and `?` for the whole path, as in `*/query*`.
        count: How many calls fail; None for every call until it is removed.
        delay_s: Seconds to wait first.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    kind: Kind
    method: str = "*"
    path: str = "*"
    count: Annotated[int, Field(ge=1)] | None = 1
    delay_s: Annotated[float, Field(ge=0, le=3600)] = 0.0

    def matches(self, method: str, path: str) -> bool:
        """Return whether the fault applies to a call."""
        return self.method in {"*", method} and fnmatchcase(path, self.path)


class Faults:
    """The active faults, oldest first."""

    def __init__(self) -> None:
        """Start without faults, and without the control endpoint until `is_controllable` is set."""
        self.pending: list[Fault] = []
        self.is_controllable = False

    def add(self, fault: Fault) -> None:
        """Add a fault that applies to its next calls."""
        self.pending.append(fault)

    def remove(self, number: int, kind: str) -> None:
        """Forget the fault with this place in `pending`, if it still is of this kind."""
        if 0 <= number < len(self.pending) and self.pending[number].kind == kind:
            del self.pending[number]

    def clear(self) -> None:
        """Forget every fault."""
        self.pending.clear()

    def take(self, method: str, path: str) -> Fault | None:
        """Return the fault that applies to this call, and count it; None if there is none."""
        fault = next((each for each in self.pending if each.matches(method, path)), None)
        if fault is not None and fault.count is not None:
            fault.count -= 1
            if fault.count == 0:
                self.pending.remove(fault)
        return fault


_FAULT: TypeAdapter[Fault] = TypeAdapter(Fault)


def read_fault(values: dict[str, Any]) -> Fault:
    """Return the fault that a JSON object describes."""
    try:
        return _FAULT.validate_python(values)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        raise OrgError(400, "INVALID_INPUT", problems, None) from None
