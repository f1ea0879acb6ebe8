"""What becomes of each appointment of a call about many, and how the answer shows it: one line each."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NotRequired
from zoneinfo import ZoneInfo

from mcp_salesforce.appointments.spans import Span
from mcp_salesforce.appointments.times import local_text, weekday
from mcp_salesforce.tools.answers.results import Alongside, Rows
from mcp_salesforce.tools.appointments.choosing import Chosen

_NOT_DONE = "not done"
_PLANNED = "planned"


class Rescheduled(Rows, Alongside):
    """One row an appointment, those that were not done first."""

    done: int
    not_done: NotRequired[int]
    warning: NotRequired[str]
    hint: NotRequired[str]
    planned: NotRequired[bool]


@dataclass(slots=True)
class Line:
    """What becomes of one appointment.

    Attributes:
        event_id: Its Id.
        chosen: What is known of it; None where it is not there.
        why: Why it stays as it is; or, of one that was moved, what it overlaps.
        outcome: What was done; empty for nothing.
        span: Its new time, if it has one.
        values: The fields to write.
        follow_up: The Id of the Task that was made after it.
    """

    event_id: str
    chosen: Chosen | None = None
    why: str = ""
    outcome: str = ""
    span: Span | None = None
    values: dict[str, Any] = field(default_factory=dict)
    follow_up: str = ""

    @property
    def is_open(self) -> bool:
        """Whether it is still to be decided, or done."""
        return not self.why or bool(self.outcome)

    @property
    def is_moved(self) -> bool:
        """Whether it has another time than before."""
        return bool(self.span and self.chosen and self.span != self.chosen.span)

    @property
    def owner_id(self) -> str:
        """The Id of its owner, the new one if it has one."""
        return str(self.values.get("OwnerId") or (self.chosen.record["OwnerId"] if self.chosen else ""))

    @property
    def start(self) -> str:
        """What the lines are sorted by."""
        span = self.span or (self.chosen.span if self.chosen else None)
        return span.start.isoformat() if span else ""

    def cells(self, zone: ZoneInfo, owners: Mapping[str, str], *, is_preview: bool) -> dict[str, Any]:
        """Return its values by column."""
        was = self.chosen.span if self.chosen else None
        now = self.span or was
        day = now and (now.start if now.all_day else now.start.astimezone(zone)).date()
        return {
            "Id": self.event_id,
            "Subject": self.chosen.subject if self.chosen else None,
            "weekday": weekday(day) if day else None,
            "start": _local(now, zone),
            "outcome": (_PLANNED if is_preview else self.outcome) if self.outcome else _NOT_DONE,
            "was": _local(was, zone) if self.is_moved else None,
            "owner": owners.get(self.owner_id, self.owner_id),
            "follow_up": (_PLANNED if is_preview else self.follow_up) if self.follow_up else None,
            "why": self.why or None,
        }


def told_lines(lines: Sequence[Line], zone: ZoneInfo, owners: Mapping[str, str], *, is_preview: bool) -> Rescheduled:
    """Return the lines as rows: what was not done first, then by start; only columns that say something."""
    done = sum(bool(line.outcome) for line in lines)
    ordered = sorted(lines, key=lambda line: (bool(line.outcome), line.start))
    cells = [line.cells(zone, owners, is_preview=is_preview) for line in ordered]
    columns = list(_columns(lines, owners))
    answer: Rescheduled = {
        "done": done,
        "columns": columns,
        "rows": [[each[name] for name in columns] for each in cells],
        "time_zone": zone.key,
    }
    if is_preview:
        answer["planned"] = True
    if done < len(lines):
        answer["not_done"] = len(lines) - done
    return answer


def _columns(lines: Sequence[Line], owners: Mapping[str, str]) -> Iterator[str]:
    yield from ("Id", "Subject", "weekday", "start", "outcome")
    if any(line.is_moved for line in lines):
        yield "was"
    if owners and len({line.owner_id for line in lines if line.chosen}) > 1:
        yield "owner"
    if any(line.follow_up for line in lines):
        yield "follow_up"
    if any(line.why for line in lines):
        yield "why"


def _local(span: Span | None, zone: ZoneInfo) -> str | None:
    if span is None:
        return None
    return span.start.date().isoformat() if span.all_day else local_text(span.start, zone)
