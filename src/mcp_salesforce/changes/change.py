"""A change: what one call of a tool does to records, step by step, and the call that makes it."""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Protocol

from mcp_salesforce.changes.before import Before, Seen
from mcp_salesforce.changes.writes import Outcome, Write


@dataclass(slots=True)
class Step:
    """What one request writes.

    Attributes:
        writes: The writes, in the order of the reply.
        before: What the fields of each were, as `read_before` gives it.
        outcomes: The outcome of each; empty until it is known.
        members: By Id, what the fields were of appointments that change because their series is changed.
        job: The Id of the bulk job that makes the writes, if one does.
    """

    writes: tuple[Write, ...]
    before: tuple[Before, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    members: Mapping[str, Before] = field(default_factory=dict)
    job: str = ""


class Approving(Protocol):
    """Decides which writes of a change may be made without asking, and knows what was approved."""

    def foresee(self, change: "Change") -> None:
        """Ask at once where what `change` has announced has to be approved: nothing more is read for it then."""

    def compares(self, change: "Change", step: Step) -> bool:
        """Return whether `step` must be what was approved, so that its records' last changes must be read first."""

    def require(self, change: "Change", step: Step) -> None:
        """Allow `step`, the next one of `change`, or refuse it.

        Raises:
            SalesforceError: A person has to be asked first, or it is not what was approved.
        """


@dataclass(slots=True)
class Change:
    """What one call of a tool does to records.

    Attributes:
        tool: The tool's name.
        owner: Gives the Id of the org, and of the user.
        approval: What decides whether a person is asked; None where nobody is.
        is_preview: Whether its writes are only planned: none is sent.
        undoes: The change that it takes back, where it is an undo.
        change_id: Its Id in the journal; empty until it has written something.
        steps: What it has written, or would write.
        sobject: The object that the call is about, if it is one.
        alongside: The records that a deletion includes, in the form of the tool's answer.
        touches_others: Whether it includes, or may include, appointments in other people's calendars.
        announced: What it writes in all, where a tool that sends several requests has said so before the first.
        members: Of a deletion of a series, or from one of its appointments onwards: the Ids of those that go; of a
            change of a Classic series: of those that change with it.
        seen: What was read of records in this call.
        planned: Of a preview: the Ids that stand for records to be made, and their objects.
        made: The Ids of records that Salesforce made with those that this change has created: a series' appointments.
            What it does to them needs no approval of its own.
        requests: How many requests it has sent, or would send.
    """

    tool: str
    owner: Callable[[], Awaitable[tuple[str, ...]]]
    approval: Approving | None = None
    is_preview: bool = False
    undoes: str = ""
    change_id: str = ""
    steps: list[Step] = field(default_factory=list)
    sobject: str = ""
    alongside: Mapping[str, Any] = field(default_factory=dict)
    touches_others: bool = False
    announced: tuple[Write, ...] = ()
    members: tuple[str, ...] = ()
    seen: Seen = field(default_factory=dict)
    planned: dict[str, str] = field(default_factory=dict)
    made: set[str] = field(default_factory=set)
    requests: int = 0

    @property
    def writes(self) -> list[Write]:
        """What it has written, or would write."""
        return [write for step in self.steps for write in step.writes]


_current: ContextVar[Change | None] = ContextVar("change", default=None)


@contextmanager
def changing(change: Change) -> Iterator[Change]:
    """Make what is written while the block runs a part of `change`."""
    token = _current.set(change)
    try:
        yield change
    finally:
        _current.reset(token)


def note_alongside(alongside: Mapping[str, Any], *, touches_others: bool) -> None:
    """Note which other records the deletion of this call includes."""
    if change := _current.get():
        change.alongside = _together(change.alongside, alongside)
        change.touches_others = change.touches_others or touches_others


def _together(one: Mapping[str, Any], other: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the other records that either of two deletions includes."""
    merged = {**one, **other}
    for name in one.keys() & other.keys():
        match one[name], other[name]:
            case {}, {}:
                merged[name] = _together(one[name], other[name])
            case int(), int():
                merged[name] = one[name] + other[name]
            case list(), list():
                merged[name] = list(dict.fromkeys([*one[name], *other[name]]))
    return merged


def announce(writes: Iterable[Write]) -> None:
    """Say what this call writes in all, before the first of several requests: a person is asked about all of it."""
    if change := _current.get():
        change.announced = (*change.announced, *writes)
        if change.approval and not change.is_preview:
            change.approval.foresee(change)


def note_made(record_ids: Iterable[str]) -> None:
    """Say which records Salesforce has made with one that this call has created: the appointments of a series."""
    if change := _current.get():
        change.made |= {*record_ids}


def current_change() -> Change | None:
    """Return the change that this call makes; None outside of one."""
    return _current.get()
