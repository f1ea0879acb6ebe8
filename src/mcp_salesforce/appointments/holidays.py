"""Holidays of an org: days, or hours of a day, on which nobody works. Pure functions."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import takewhile
from typing import Any, Final
from zoneinfo import ZoneInfo

from mcp_salesforce.appointments.classic import classic_rule
from mcp_salesforce.appointments.intervals import Interval
from mcp_salesforce.appointments.times import start_of_day, weekday, zone_of

_DAY: Final = timedelta(days=1)
_WHOLE_DAY: Final = 24 * 60
_NO_END: Final = "3999-12-30"
_MOST_NAMED: Final = 5


@dataclass(frozen=True, slots=True, order=True)
class Holiday:
    """A holiday on one day: all of it, or from one minute of the day to another."""

    day: date
    name: str
    start: int = 0
    end: int = _WHOLE_DAY

    def taken(self, zone: ZoneInfo) -> Interval | None:
        """Return the time that it takes where the clock is that of `zone`; None where it has no length."""
        midnight = start_of_day(self.day, zone)
        if self.end - self.start >= _WHOLE_DAY:
            return Interval(midnight, start_of_day(self.day + _DAY, zone))
        clock = datetime(self.day.year, self.day.month, self.day.day, tzinfo=zone)
        start, end = (
            (clock + timedelta(minutes=minutes)).astimezone(UTC) for minutes in (self.start, min(self.end, _WHOLE_DAY))
        )
        return Interval(start, end) if start < end else None


def holidays_of(records: Iterable[Mapping[str, Any]], window: Interval) -> list[Holiday]:
    """Return the holidays that records of Holiday have in a window, by day; those of another form are none."""
    first, last = (window.start - _DAY).date(), (window.end + _DAY).date()
    found = set[Holiday]()
    for record in records:
        start, end = (0, _WHOLE_DAY) if record.get("IsAllDay") else _minutes(record)
        for day in _days(record, last):
            if first <= day <= last:
                found.add(Holiday(day, str(record.get("Name") or "Holiday"), start, end))
    return sorted(found)


def named(holidays: Sequence[Holiday]) -> str:
    """Return holidays as an answer names them."""
    told = [f"{weekday(each.day)} {each.day.isoformat()} {each.name}" for each in holidays[:_MOST_NAMED]]
    more = [f"{len(holidays) - _MOST_NAMED} more"] if len(holidays) > _MOST_NAMED else []
    return ", ".join([*told, *more])


def _minutes(record: Mapping[str, Any]) -> tuple[int, int]:
    start, end = record.get("StartTimeInMinutes"), record.get("EndTimeInMinutes")
    return (start if isinstance(start, int) else 0), (end if isinstance(end, int) else _WHOLE_DAY)


def _days(record: Mapping[str, Any], last: date) -> Iterator[date]:
    """Yield the days of a holiday, up to one."""
    utc = zone_of("UTC")
    try:
        if not record.get("IsRecurrence"):
            yield date.fromisoformat(str(record.get("ActivityDate")))
            return
        rule = classic_rule({**record, "RecurrenceEndDateOnly": record.get("RecurrenceEndDateOnly") or _NO_END}, utc)
        begin = start_of_day(date.fromisoformat(str(record.get("RecurrenceStartDate"))), utc)
        until = start_of_day(last, utc)
        yield from (at.date() for at in takewhile(lambda at: at <= until, rule.occurrences(begin, utc)))
    except (TypeError, ValueError):
        return  # a form that is not known
