"""The journal: what was written, and what was before. What keeps it, and how a change stands in it. No I/O.

A step is kept before its request is sent, and again when its outcome is known. What a killed process leaves behind is
still open: the next reader finds out how it ended.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Literal, Protocol, TypeAlias

from mcp_salesforce.changes.change import Change, Step
from mcp_salesforce.changes.writes import Outcome, Write
from mcp_salesforce.salesforce.errors import SalesforceError, refused

State: TypeAlias = Literal["open", "done", "failed", "unknown", "undone", "partly undone", "not in effect"]
"""The state of a change; "not in effect": its undo found nothing to do, and can be repeated if its records return."""

KEPT_FOR: Final = timedelta(days=15)
"""As long as Salesforce keeps what was deleted."""


class JournalError(SalesforceError):
    """The journal cannot be read or written; nothing was sent to the org."""

    code = "JOURNAL"
    hint = (
        "Nothing was changed. Tell the user: the person who runs this server must make the journal's file writable, "
        "or set SALESFORCE_JOURNAL=off."
    )


@dataclass(frozen=True, slots=True)
class Entry:
    """A change as the journal has it.

    Attributes:
        change_id: Its Id.
        at: When it began, in Unix seconds.
        tool: The tool that made it.
        state: Its state.
        undoes: The change that it took back; empty where it is not an undo.
        steps: What it wrote; nothing is known of a step without outcomes.
        is_under_way: Whether the process that makes it is still there.
    """

    change_id: str
    at: float
    tool: str
    state: State
    undoes: str
    steps: tuple[Step, ...]
    is_under_way: bool


class Journal(Protocol):
    """Keeps the changes of users; each method raises SalesforceError where it cannot be used."""

    off_because: str
    """Why no change is kept, where the journal cannot be used and is not required."""

    async def begin(self, change: Change, step: Step) -> None:
        """Keep `step`, the last one of `change`, before it is sent."""
        ...

    async def end(self, change: Change, step: Step) -> None:
        """Keep the outcome of `step`; if that fails, it stays open, and is found out later."""
        ...

    async def close_change(self, change: Change) -> None:
        """Keep that a change writes nothing more."""
        ...

    async def mark(self, owner: Sequence[str], change_id: str, state: State) -> None:
        """Keep the state of a change of an owner: the Ids of org and user."""
        ...

    async def settle(self, owner: Sequence[str], change_id: str, steps: Sequence[Step]) -> None:
        """Keep what was found out about the steps of a change."""
        ...

    async def entries(self, org: str, user: str, *, change_id: str = "", most: int = 20) -> list[Entry]:
        """Return the changes of a user in an org, the newest first; or the one with an Id."""
        ...

    async def close(self) -> None:
        """Release what it holds."""
        ...


def state_of(steps: Sequence[Step]) -> State:
    """Return the state of a change by its steps."""
    if any(len(step.outcomes) < len(step.writes) for step in steps):
        return "unknown"
    is_done = any(outcome.is_done for step in steps for outcome in step.outcomes)
    return "done" if is_done else "failed"


def step_of(kept: Mapping[str, Any]) -> Step:
    """Return a step from the JSON object that it was kept as."""
    return Step(
        tuple(Write(**write) for write in kept["writes"]),
        tuple(kept["before"]),
        tuple(Outcome(**outcome) for outcome in kept["outcomes"]),
        kept["members"],
        kept.get("job", ""),
    )


def is_undone_already(change_id: str) -> SalesforceError:
    """Return the refusal to undo a change that was undone."""
    return refused(f"Change {change_id} has been undone already.", code="ALREADY_UNDONE")


def is_being_undone(change_id: str) -> SalesforceError:
    """Return the refusal to undo a change that another call undoes now."""
    return refused(f"Change {change_id} is being undone by another call.", hint="Try again when that has ended.")
