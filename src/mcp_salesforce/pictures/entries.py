"""What a picture draws: the times of an answer, cut into days exactly as the server wrote them.

A time is read off its text (`2026-11-30T10:00:00-05:00`): the day and the minute are those of the clock that the
server computed, and no zone is looked up here.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

MINUTES: Final = 24 * 60
_TO: Final = "\u2013"
_DAY: Final = len("2026-11-30")
_MOST_DAYS: Final = 92  # as the tools take at most


class UndrawableError(ValueError):
    """The answer is of another tool, or has no times."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of an answer; `start` and `end` are its texts, and an all-day one ends on the day that it names."""

    who: str
    start: str
    end: str
    title: str
    is_private: bool = False

    @property
    def is_all_day(self) -> bool:
        """Whether it takes days, not hours."""
        return len(self.start) == _DAY

    @property
    def said(self) -> str:
        """The entry in words: its times, its title, and whose it is."""
        return f"{self.hours}: {self.title}" + (f", {self.who}" if self.who else "")

    def is_on(self, day: str) -> bool:
        """Tell whether it begins before the end of a day, and ends on it or later."""
        return self.start[:_DAY] <= day <= self.end[:_DAY]

    @property
    def instants(self) -> tuple[float, float]:
        """When it begins and ends, in seconds since 1970."""
        begin, end = (datetime.fromisoformat(text).timestamp() for text in (self.start, self.end))
        return begin, end

    @property
    def hours(self) -> str:
        """Its times in words: with the offsets where the clock is changed in between."""
        if self.is_all_day:
            return "all day" if self.start == self.end else f"{self.start} to {self.end}"
        begin, end = _clock(self.start), _clock(self.end)
        if self.start[19:] != self.end[19:]:
            begin, end = f"{begin} ({self.start[19:]})", f"{end} ({self.end[19:]})"
        if self.start[:_DAY] != self.end[:_DAY]:
            begin, end = f"{self.start[:_DAY]} {begin}", f"{self.end[:_DAY]} {end}"
        return f"{begin}{_TO}{end}"


@dataclass(frozen=True, slots=True)
class Part:
    """What of an entry is on one day: minutes of the clock, from 0 to 1440."""

    entry: Entry
    day: str
    start: int
    end: int


def entries_of(answer: Mapping[str, Any]) -> list[Entry]:
    """Return the appointments of an answer of salesforce_list_appointments, or the busy times of another tool's.

    Raises:
        UndrawableError: It has no such columns.
    """
    columns: Sequence[str] = answer.get("columns", ())
    names = ("Owner.Name", "start.local", "end.local") if "start.local" in columns else ("calendar", "start", "end")
    if "Subject" not in columns or any(each not in columns for each in names):
        raise UndrawableError("The answer has no appointments: its columns are " + ", ".join(columns))
    rows = (dict(zip(columns, row, strict=True)) for row in answer["rows"])
    return [_entry(row, *(row[name] or "" for name in names)) for row in rows if row[names[1]]]


def people_of(answer: Mapping[str, Any], entries: Sequence[Entry]) -> list[str]:
    """Return the names of the calendars that were asked for, then of others that have entries."""
    asked = (str(each["name"]) for each in answer.get("calendars", ()))
    return [*dict.fromkeys([*asked, *(each.who for each in entries)])]


def parts_of(entries: Sequence[Entry], days: Sequence[str]) -> list[Part]:
    """Return the timed entries, each on every one of `days` on which it takes time."""
    return [part for entry in entries if not entry.is_all_day for part in _parts(entry, days)]


def whole_of(entries: Sequence[Entry], day: str, who: str) -> list[Entry]:
    """Return the all-day entries of a calendar on a day."""
    return [each for each in entries if each.is_all_day and each.who == who and each.is_on(day)]


def outside(entries: Sequence[Entry], days: Sequence[str]) -> list[str]:
    """Return a sentence about the entries that are on none of `days`, if there are any."""
    count = sum(1 for each in entries if not any(map(each.is_on, days)))
    return [f"{count} more in the answer are on other days."] if count else []


def days_of(entries: Sequence[Entry]) -> list[str]:
    """Return the days from the first to the last of the entries."""
    if not entries:
        return []
    return days_between(min(each.start[:_DAY] for each in entries), max(each.end[:_DAY] for each in entries))


def days_between(first: str, last: str) -> list[str]:
    """Return the days from one to another, both included, as `2026-11-30`.

    Raises:
        UndrawableError: They are too many for a picture, or none.
    """
    count = (date.fromisoformat(last) - date.fromisoformat(first)).days + 1
    if not 1 <= count <= _MOST_DAYS:
        raise UndrawableError(f"A picture has 1 to {_MOST_DAYS} days, not {count}.")
    return [(date.fromisoformat(first) + timedelta(days=number)).isoformat() for number in range(count)]


def minute_of(local: str) -> int:
    """Return the minute of the day that a clock shows."""
    return int(local[11:13]) * 60 + int(local[14:16])


def _clock(local: str) -> str:
    return local[11:16]


def _entry(row: Mapping[str, Any], who: str, start: str, end: str) -> Entry:
    subject = str(row["Subject"] or "")
    outcome = str(row.get("outcome") or "").replace("_", "-")
    return Entry(who, start, end or start, f"{subject} ({outcome})" if outcome else subject or "Busy", not subject)


def _parts(entry: Entry, days: Sequence[str]) -> Iterator[Part]:
    first, last = entry.start[:_DAY], entry.end[:_DAY]
    for day in days:
        if not entry.is_on(day):
            continue
        start = minute_of(entry.start) if day == first else 0
        end = minute_of(entry.end) if day == last else MINUTES
        if end == 0 and day == last != first:
            continue  # it ends at midnight, when the day begins
        yield Part(entry, day, min(start, end), max(start, end))  # a clock that is set back can end before it began
