"""Appointments that would take time that is taken."""

from bisect import bisect_right
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from mcp_salesforce.appointments.busy import Block, Calendar, taken
from mcp_salesforce.appointments.intervals import Interval, merge
from mcp_salesforce.appointments.spans import Span
from mcp_salesforce.appointments.times import weekday

_SUBJECT_CHARACTERS = 30


@dataclass(frozen=True, slots=True)
class Conflict:
    """Something in a calendar that takes the same time as an appointment."""

    calendar: Calendar
    block: Block

    def told(self, zone: ZoneInfo, *, with_calendar: bool) -> str:
        """Return it in words: weekday, local time, subject unless it is private, and its Id."""
        start, end = (moment.astimezone(zone) for moment in (self.block.interval.start, self.block.interval.end))
        until = f"{end:%H:%M}" if end.date() == start.date() else f"{end:%Y-%m-%d %H:%M}"
        subject = self.block.subject
        if len(subject) > _SUBJECT_CHARACTERS:
            subject = subject[: _SUBJECT_CHARACTERS - 1].rstrip() + "…"
        whose = f"{self.calendar.name}, " if with_calendar else ""
        return (
            f"{whose}{spoken(self.block.interval.start, zone)}-{until} {subject or 'private'} ({self.block.event_id})"
        )


def spoken(moment: datetime, zone: ZoneInfo) -> str:
    """Return an instant as people say it in `zone`: `Tuesday 2026-11-24 15:00`."""
    local = moment.astimezone(zone)
    return f"{weekday(local.date())} {local:%Y-%m-%d %H:%M}"


def hull(spans: Iterable[Span], calendars: Sequence[Calendar]) -> Interval | None:
    """Return the time from the first to the last of `spans`; None where none of them takes any."""
    times = [time for span in spans for calendar in calendars if (time := taken(span, calendar.zone))]
    return Interval(min(time.start for time in times), max(time.end for time in times)) if times else None


def conflicts_with(
    spans: Sequence[Span],
    calendars: Sequence[Calendar],
    blocks: Mapping[str, Sequence[Block]],
    *,
    but_not: Collection[str] = (),
    copies_of: Collection[tuple[Interval, str]] = (),
) -> list[Conflict]:
    """Return what takes the same time as one of `spans` in one of `calendars`, in order of its start.

    Args:
        spans: The times of an appointment, or of those of a series.
        calendars: Whose time it would take.
        blocks: What is taken, by the calendar's Id, in order of the start.
        but_not: Ids of events that do not count.
        copies_of: Time and subject of events whose invitees' copies do not count: Salesforce does not say whose copy
            an event is.
    """
    found: list[Conflict] = []
    for calendar in calendars:
        times = merge(time for span in spans if (time := taken(span, calendar.zone)))
        ends = [time.end for time in times]
        for block in blocks[calendar.id]:
            is_own = block.event_id in but_not or (block.is_copy and (block.interval, block.subject) in copies_of)
            next_one = bisect_right(ends, block.interval.start)
            if not is_own and next_one < len(times) and times[next_one].start < block.interval.end:
                found.append(Conflict(calendar, block))
    return sorted(found, key=lambda conflict: conflict.block.interval.start)
