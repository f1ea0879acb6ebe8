"""What takes a calendar's time: which records block it, and from when to when."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from mcp_salesforce.appointments.intervals import Interval
from mcp_salesforce.appointments.spans import Span, span_in
from mcp_salesforce.appointments.times import start_of_day

_DAY = timedelta(days=1)
_FREE = "Free"


@dataclass(frozen=True, slots=True)
class Calendar:
    """Whose time it is: a user's, or a resource's or public calendar's (Salesforce's object Calendar).

    A resource has no zone of its own: `zone` is that of the user who asks. `is_open` tells whether all of it is known
    to be visible, `is_known` whether the org showed it at all.
    """

    id: str
    name: str
    zone: ZoneInfo
    is_person: bool = True
    is_open: bool = False
    is_known: bool = True
    username: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch of a calendar's time that is taken; a private one has no subject.

    `is_copy` tells that it is an invited user's copy of somebody else's appointment.
    """

    interval: Interval
    event_id: str
    subject: str = ""
    all_day: bool = False
    is_copy: bool = False


def taken(span: Span, zone: ZoneInfo) -> Interval | None:
    """Return the time that an appointment takes; all-day ones take their days in `zone`, one without length nothing."""
    start, end = span.start, span.end
    if span.all_day:
        start, end = start_of_day(start.date(), zone), start_of_day(end.date() + _DAY, zone)
    return Interval(start, end) if end > start else None


def block_of(record: Mapping[str, Any], zone: ZoneInfo, event_id: str) -> Block | None:
    """Return what an Event takes of the calendar it is in, whose zone is `zone`; None where it takes nothing."""
    if record.get("ShowAs") == _FREE:
        return None
    if record["IsAllDayEvent"]:
        span = span_in(record)
        interval = taken(span, zone) if span else None
    else:  # most events: no detour for each of many thousands
        start, end = datetime.fromisoformat(record["StartDateTime"]), datetime.fromisoformat(record["EndDateTime"])
        interval = Interval(start, end) if end > start else None
    if interval is None:
        return None
    subject = "" if record["IsPrivate"] else record.get("Subject") or ""
    return Block(interval, event_id, subject, record["IsAllDayEvent"], record["IsChild"])


def without_declined(
    events: Iterable[Mapping[str, Any]], declined: Iterable[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    """Return the events without the copies of those that their owners have declined.

    Salesforce ties the child event of an invited user to the invitation by nothing but its owner, time and subject.

    Args:
        events: Events, children of others among them.
        declined: Event relations with the status Declined, each with its `Event`.
    """
    answers = Counter((relation["RelationId"], *_marks(relation["Event"])) for relation in declined)
    kept = []
    for event in events:
        if answers and event["IsChild"]:
            key = (event["OwnerId"], *_marks(event))
            if answers[key]:
                answers[key] -= 1
                continue
        kept.append(event)
    return kept


def _marks(event: Mapping[str, Any]) -> tuple[Any, ...]:
    return event["StartDateTime"], event["EndDateTime"], event["Subject"]
