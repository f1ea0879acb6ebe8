"""Make calls fail on demand, to test clients."""

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Annotated, Any, ClassVar, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from mcp_salesforce.localorg.errors import OrgError

Kind = Literal[
    "expired_session", "unavailable", "reset_before", "reset_after", "hang", "truncated",
    "request_limit", "concurrent_limit", "lock_row", "latency", "null", "not_utf8", "too_large",
]  # fmt: skip
"""What fails: every session ends before the call; 503 with an HTML page; the connection breaks before, or after,
the work is done; no answer for `delay_s`, then a broken connection; JSON cut in half; REQUEST_LIMIT_EXCEEDED of the
day, or of calls at once; UNABLE_TO_LOCK_ROW; nothing but the delay; `null`, text that is not UTF-8, or 40 MB as the
reply."""


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
