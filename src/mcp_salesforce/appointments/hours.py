"""Working hours as people write them: `Mon-Fri 09:00-12:00,13:00-17:00; Sat 10:00-14:00`."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import time
from typing import Any, Final
from zoneinfo import ZoneInfo

from mcp_salesforce.appointments.busy import Calendar
from mcp_salesforce.appointments.holidays import Holiday
from mcp_salesforce.appointments.slots import ClockTimes, WorkingHours
from mcp_salesforce.appointments.times import TimeError, zone_named

OFFICE_HOURS: Final = "Mon-Fri 09:00-17:00"

_DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SHORTEST_DAY: Final = 2  # letters that tell the weekdays apart
_LAST_HOUR: Final = 24
_ENTRY = re.compile(r"([a-z][a-z,\s-]*?)\s*(\d[\d:,\s-]*)")
_CLOCK = re.compile(r"(\d{1,2})(?::(\d\d))?")
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d:[0-5]\d", re.ASCII)
_FIELD = re.compile(r"User\.([A-Za-z]\w*)", re.ASCII | re.IGNORECASE)
_BUSINESS_HOURS = re.compile(r"business\s?hours\b:?(.*)", re.IGNORECASE)
_HOLIDAYS = re.compile(r"[;,]?\s*incl(?:uding|\.)?\s+holidays\s*$", re.IGNORECASE)
_ZONE = re.compile(r"\s([A-Za-z]+(?:/[\w+-]+)+|UTC)\s*$", re.IGNORECASE)
_HINT_FOR_USERS: Final = "Write each user once, like ada@acme.example: Mon-Thu 08:00-14:00, with | before each."
_HINT: Final = "Write them like Mon-Fri 09:00-12:00,13:00-17:00; Sat 10:00-14:00."


@dataclass(frozen=True, slots=True)
class Hours:
    """Spans of the clock for each weekday (0 is Monday), in `zone`, or where that is None in each calendar's own.

    Attributes:
        spans: The spans of each weekday.
        zone: Their zone; None for that of each calendar.
        of_users: Those of users with hours of their own, by user name, name or Id in lower case.
        business_hours: The name of the org's BusinessHours to use instead, empty for the default ones; None for none.
        user_field: The field of User with the hours of each, or empty.
        holidays: Days of the org on which nobody works.
        with_holidays: Whether work goes on on holidays.
    """

    spans: Mapping[int, Sequence[ClockTimes]]
    zone: ZoneInfo | None = None
    of_users: Mapping[str, "Hours"] = field(default_factory=dict)
    business_hours: str | None = None
    user_field: str = ""
    holidays: Sequence[Holiday] = ()
    with_holidays: bool = False

    def of(self, zone: ZoneInfo) -> WorkingHours:
        """Return the working hours of a calendar in `zone` that has none of its own."""
        return WorkingHours(self.zone or zone, self.spans, self.holidays)

    def of_calendar(self, calendar: Calendar) -> WorkingHours:
        """Return the working hours of a calendar: its user's own, or those of everybody."""
        names = (calendar.username, calendar.name, calendar.id)
        own = next((self.of_users[name.casefold()] for name in names if name.casefold() in self.of_users), self)
        return WorkingHours(own.zone or calendar.zone, own.spans, () if own.with_holidays else self.holidays)


def hours_of(text: str) -> Hours:
    """Return the working hours that `text` names; a zone may stand at its end.

    A break is a gap between two spans. Hours past midnight are two spans: `Fri 22:00-24:00; Sat 00:00-06:00`.
    Behind `|` stand those of single users: `Mon-Fri 09:00-17:00 | ada@acme.example: Mon-Thu 08:00-14:00`, or the field
    of User that has them: `Mon-Fri 09:00-17:00 | User.Working_Hours__c`. `BusinessHours`, with a name or not, stands
    for those of the org. `including holidays` at the end of hours means that work goes on on the org's holidays.

    Raises:
        TimeError: It cannot be read; the hint shows the form.
    """
    of_all, *parts = text.split("|")
    of_users: dict[str, Hours] = {}
    names = [match[1] for part in parts if (match := _FIELD.fullmatch(part.strip()))]
    for part in parts:
        if _FIELD.fullmatch(part.strip()):
            continue
        user, colon, own = part.partition(":")
        if not colon or not user.strip() or user.strip().casefold() in of_users:
            raise TimeError(f"{part.strip()[:40]!r} does not name one user's hours.", _HINT_FOR_USERS)
        of_users[user.strip().casefold()] = _hours_of(own)
    if len(names) > 1:
        raise TimeError("Hours of users are in two fields.", "Name one field of User.")
    return replace(_hours_of_all(of_all), of_users=of_users, user_field=names[0] if names else "")


def hours_from(record: Mapping[str, Any]) -> Hours | None:
    """Return the hours of a record of BusinessHours, on the clock of each calendar; None where it is open all the time.

    Salesforce's own are from midnight to midnight until somebody changes them: they say nothing about work.
    """
    spans: dict[int, Sequence[ClockTimes]] = {}
    for number, day in enumerate(_DAYS):
        times = (str(record.get(f"{day.capitalize()}{which}Time") or "")[:8] for which in ("Start", "End"))
        opening, closing = (time.fromisoformat(each) if _TIME.fullmatch(each) else None for each in times)
        if opening is not None and closing is not None:
            spans[number] = () if time() != closing <= opening else ((opening, closing),)
    if len(spans) == len(_DAYS) and all(each == ((time(), time()),) for each in spans.values()):
        return None
    return Hours(spans)


def _hours_of_all(text: str) -> Hours:
    match = _BUSINESS_HOURS.fullmatch(text.strip())
    return replace(_hours_of(OFFICE_HOURS), business_hours=match[1].strip()) if match else _hours_of(text)


def _hours_of(text: str) -> Hours:
    zone = None
    plain = _HOLIDAYS.sub("", text)
    if plain != text:
        return replace(_hours_of(plain), with_holidays=True)
    if match := _ZONE.search(text):
        zone, plain = zone_named(match[1]), text[: match.start()]
    spans: dict[int, list[ClockTimes]] = {}
    for entry in re.split(r"[;\n]", re.sub("[\u2013\u2014]", "-", plain).casefold()):
        if not entry.strip():
            continue
        parts = _ENTRY.fullmatch(entry.strip())
        if parts is None:
            raise _unread(entry)
        times = [_span(span, entry) for span in parts[2].split(",")]
        for day in _days(parts[1], entry):
            spans.setdefault(day, []).extend(times)
    if not spans:
        raise _unread(text)
    return Hours({day: tuple(sorted(spans[day])) for day in sorted(spans)}, zone)


def _days(text: str, entry: str) -> Iterator[int]:
    for part in text.split(","):
        first, dash, last = (name.strip() for name in part.partition("-"))
        start = _day(first, entry)
        end = _day(last, entry) if dash else start
        yield from ((start + step) % 7 for step in range((end - start) % 7 + 1))


def _day(name: str, entry: str) -> int:
    named = [number for number, day in enumerate(_DAYS) if day.startswith(name)]
    if len(name) < _SHORTEST_DAY or not named:
        raise _unread(entry)
    return named[0]


def _span(text: str, entry: str) -> ClockTimes:
    opening, dash, closing = text.partition("-")
    if not dash:
        raise _unread(entry)
    start, end = _minutes(opening, entry), _minutes(closing, entry)
    if not start < end:
        raise TimeError(f"{text.strip()!r} does not end after it starts.", "Split it at midnight: 22:00-24:00.")
    return time(*divmod(start, 60)), time(*divmod(end % (_LAST_HOUR * 60), 60))


def _minutes(text: str, entry: str) -> int:
    clock = _CLOCK.fullmatch(text.strip())
    hour, minute = (int(clock[1]), int(clock[2] or 0)) if clock else (_LAST_HOUR, 1)
    if minute > 59 or hour * 60 + minute > _LAST_HOUR * 60:  # noqa: PLR2004 - an hour's last minute
        raise _unread(entry)
    return hour * 60 + minute


def _unread(entry: str) -> TimeError:
    return TimeError(f"{entry.strip()[:40]!r} are not working hours.", _HINT)
