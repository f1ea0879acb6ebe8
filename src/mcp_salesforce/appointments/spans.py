"""From when to when an appointment lasts: two instants, or for an all-day one two days that no zone shifts."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from mcp_salesforce.appointments.times import TimeError, day_of, instant_of, is_day, local_text, utc_text, weekday, wire

_ANY_ZONE = timedelta(hours=12)  # a day is not over as long as it lasts anywhere
_A_YEAR = timedelta(days=366)
_MINUTES_OF_DAY = 24 * 60


@dataclass(frozen=True, slots=True)
class Span:
    """An appointment's time; of an all-day one both are midnight UTC, and `end` is its last day."""

    start: datetime
    end: datetime
    all_day: bool = False

    def values(self) -> dict[str, object]:
        """Return the span as Salesforce takes it: start and end, never the duration."""
        return {"StartDateTime": wire(self.start), "EndDateTime": wire(self.end), "IsAllDayEvent": self.all_day}


@dataclass(frozen=True, slots=True)
class Wish:
    """What a caller says of an appointment's time; None where nothing is said."""

    start: str | None = None
    end: str | None = None
    minutes: int | None = None
    all_day: bool | None = None
    zone: ZoneInfo | None = None

    def is_empty(self) -> bool:
        """Tell whether nothing is said that could change an appointment's time."""
        return self.start is None and self.end is None and self.minutes is None and self.all_day is None


def span_of(wish: Wish) -> Span:
    """Return the time of a new appointment.

    Raises:
        TimeError: Something is missing, cannot be read, contradicts itself, or ends before it starts.
    """
    if wish.start is None:
        raise TimeError("StartDateTime is required.", "Give it like 2026-11-24T15:00:00+01:00.")
    if wish.all_day:
        return _whole_days(wish.start, wish.end, wish.minutes)
    start = _instant(wish.start, wish.zone)
    if wish.end is None and wish.minutes is None:
        raise TimeError("EndDateTime or DurationInMinutes is required.", "Give one of them.")
    return _timed(start, wish, length=None)


def moved(before: Span, wish: Wish) -> Span:
    """Return the time of an appointment after a change; one that only starts at another time keeps its length."""
    all_day = before.all_day if wish.all_day is None else wish.all_day
    if all_day != before.all_day:
        if wish.start is None:
            raise TimeError("Changing IsAllDayEvent needs StartDateTime.", "Give the new start, a day or a time.")
        return span_of(replace(wish, all_day=all_day))
    length = before.end - before.start
    if all_day:
        start = wish.start if wish.start is not None else before.start.date().isoformat()
        keeps = wish.end is None and wish.minutes is None
        end = (_midnight(start) + length).date().isoformat() if keeps else wish.end
        return _whole_days(start, end, wish.minutes)
    start_at = before.start if wish.start is None else _instant(wish.start, wish.zone)
    return _timed(start_at, wish, length)


def span_in(record: Mapping[str, Any]) -> Span | None:
    """Return the time that a record of Salesforce has, or None where its fields were not read."""
    if not record.get("StartDateTime") or not record.get("EndDateTime"):
        return None
    start, end = datetime.fromisoformat(record["StartDateTime"]), datetime.fromisoformat(record["EndDateTime"])
    if not record.get("IsAllDayEvent"):
        return Span(start, end)
    first = _midnight(record.get("ActivityDate") or record["StartDateTime"][:10])
    minutes = record.get("DurationInMinutes")
    last = (
        first + timedelta(days=max(minutes // _MINUTES_OF_DAY - 1, 0))
        if minutes
        else max(first, _midnight(record["EndDateTime"][:10]))
    )
    return Span(first, last, all_day=True)


def shown(span: Span, zone: ZoneInfo) -> dict[str, Any]:
    """Return the span as a model reads it: `start` and `end`, each with its weekday, and the zone's name."""
    if span.all_day:
        days = [{"local": day.date().isoformat(), "weekday": weekday(day.date())} for day in (span.start, span.end)]
        return {"start": days[0], "end": days[1], "time_zone": zone.key, "all_day": True}
    moments = [
        {"utc": utc_text(at), "local": local_text(at, zone), "weekday": weekday(at.astimezone(zone).date())}
        for at in (span.start, span.end)
    ]
    return {"start": moments[0], "end": moments[1], "time_zone": zone.key, "all_day": False}


def is_over(span: Span, now: datetime) -> bool:
    """Tell whether an appointment has ended; a day lasts as long as it does anywhere."""
    return span.end.date() < (now - _ANY_ZONE).date() if span.all_day else span.end < now


def doubt_about(span: Span, now: datetime) -> str:
    """Return a sentence that asks about a time that is over, or more than a year ahead; nothing about others.

    A model that takes the year from its training, and not from the conversation, is wrong by a year or two.
    """
    if is_over(span, now):
        return f"It is in the past: {span.start.date()} is past. Ask the user whether day and year are right."
    if span.start > now + _A_YEAR:
        return f"It is more than a year ahead, on {span.start.date()}. Ask the user whether the year is right."
    return ""


def _instant(text: str, zone: ZoneInfo | None) -> datetime:
    if is_day(text):
        raise TimeError(f"{text!r} is a day without a time.", "Add the time, or set IsAllDayEvent to true.")
    return instant_of(text, zone)


def _timed(start: datetime, wish: Wish, length: timedelta | None) -> Span:
    """Return the span from `start` to the end that is asked for, or that keeps `length`."""
    end = None if wish.end is None else _instant(wish.end, wish.zone)
    if wish.minutes is not None:
        by_length = start + timedelta(minutes=wish.minutes)
        if end is not None and end != by_length:
            raise TimeError("EndDateTime and DurationInMinutes contradict each other.", "Give only one of them.")
        end = by_length
    if end is None:
        end = start + (length or timedelta())
    if end < start:
        raise TimeError(f"The end {utc_text(end)} is before the start {utc_text(start)}.", "Give a later end.")
    return Span(start, end)


def _whole_days(start: str, end: str | None, minutes: int | None) -> Span:
    first = _midnight(start)
    last = first if end is None else _midnight(end)
    if minutes is not None:
        if minutes <= 0 or minutes % _MINUTES_OF_DAY:
            raise TimeError(f"{minutes} minutes are not whole days.", "Give EndDateTime as the last day instead.")
        by_length = first + timedelta(minutes=minutes - _MINUTES_OF_DAY)
        if end is not None and last != by_length:
            raise TimeError("EndDateTime and DurationInMinutes contradict each other.", "Give only one of them.")
        last = by_length
    if last < first:
        raise TimeError(f"The last day {last.date()} is before the first {first.date()}.", "Give a later day.")
    return Span(first, last, all_day=True)


def _midnight(text: str) -> datetime:
    return datetime.combine(day_of(text), time(), UTC)
