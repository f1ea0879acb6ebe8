"""Recurrence rules as Salesforce takes them (`Event.Recurrence2PatternText`): a part of RFC 5545's RRULE.

A rule is checked here before anything is sent, put into the order that Salesforce saves, said in words, and expanded by
python-dateutil on the wall clock of the appointment's zone, so that 09:00 stays 09:00 through a change of the clocks.

The limits are those of Salesforce's object reference for Event (Recurrence2PatternText).
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr

from mcp_salesforce.appointments.times import start_of_day
from mcp_salesforce.spelling import in_words

_WEEKDAYS: Final = {
    "MO": "Monday",
    "TU": "Tuesday",
    "WE": "Wednesday",
    "TH": "Thursday",
    "FR": "Friday",
    "SA": "Saturday",
    "SU": "Sunday",
}
_MONTHS: Final = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
]  # fmt: skip
_NTH: Final = {1: "first", 2: "second", 3: "third", 4: "fourth", -1: "last"}
_UNITS: Final = {"DAILY": "day", "WEEKLY": "week", "MONTHLY": "month", "YEARLY": "year"}
_LONGEST_INTERVAL: Final = {"DAILY": 999, "WEEKLY": 99, "MONTHLY": 99, "YEARLY": 1}
MOST_OCCURRENCES: Final = 999
"""The most appointments of a series."""
_LAST_DAY: Final = 31
WEEKDAY_NAMES: Final = tuple(_WEEKDAYS)
"""The weekdays by their RRULE names, from Monday on."""
_ORDER: Final = ["FREQ", "BYMONTH", "BYMONTHDAY", "BYDAY", "WKST", "BYSETPOS", "INTERVAL", "UNTIL", "COUNT"]
_DAY = re.compile(r"([+-]?\d+)?(MO|TU|WE|TH|FR|SA|SU)")
_UNTIL = re.compile(r"\d{8}T\d{6}Z")
_UNTIL_DAY = re.compile(r"(\d{4})-?(\d\d)-?(\d\d)")


_NOT_IN_A_RULE = {
    "EXDATE": "Omit it, and give the days in except.",
    "EXRULE": "Omit it, and give the days in except.",
    "RDATE": "Create the series without it, and single appointments on those days.",
    "DTSTART": "Omit it: StartDateTime is the first appointment.",
}


class RecurrenceError(ValueError):
    """A rule that Salesforce would not take; `hint` says how to write it."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; `parse` makes it, `str` writes it in the form that Salesforce saves."""

    frequency: str
    interval: int = 1
    days: tuple[tuple[int | None, str], ...] = ()
    """Weekdays by their RRULE names, each with its number in the month (-1 is the last) or None."""
    month_day: int | None = None
    month: int | None = None
    set_position: int | None = None
    week_start: str = ""
    until: datetime | None = None
    count: int | None = None

    @classmethod
    def parse(cls, text: str, zone: ZoneInfo | None = None) -> "Rule":
        """Return the rule that `text` writes, with or without `RRULE:` in front.

        With a `zone`, UNTIL may be a day (2026-12-31, 20261231), of which it means the end there.

        Raises:
            RecurrenceError: It is not an RRULE, or breaks a limit of Salesforce.
        """
        parts = _parts(text)
        rule = cls(
            frequency=_choice(parts, "FREQ", tuple(_UNITS)),
            interval=_number(parts, "INTERVAL", lambda n: n > 0, "1 or more") or 1,
            days=tuple(_days(parts.get("BYDAY", ""))),
            month_day=_number(parts, "BYMONTHDAY", lambda n: 1 <= n <= _LAST_DAY, "1 to 31"),
            month=_number(parts, "BYMONTH", lambda n: 1 <= n <= len(_MONTHS), "1 to 12"),
            set_position=_number(parts, "BYSETPOS", lambda n: n in _NTH, "1, 2, 3, 4 or -1"),
            week_start=_choice(parts, "WKST", tuple(_WEEKDAYS)) if "WKST" in parts else "",
            until=_until(parts["UNTIL"], zone) if "UNTIL" in parts else None,
            count=_number(parts, "COUNT", lambda n: 1 <= n <= MOST_OCCURRENCES, f"1 to {MOST_OCCURRENCES}"),
        )
        _check(rule)
        return rule

    def __str__(self) -> str:
        parts = {
            "FREQ": self.frequency,
            "BYMONTH": self.month,
            "BYMONTHDAY": self.month_day,
            "BYDAY": ",".join(f"{nth or ''}{day}" for nth, day in self.days),
            "WKST": self.week_start,
            "BYSETPOS": self.set_position,
            "INTERVAL": self.interval,
            "UNTIL": f"{self.until:%Y%m%dT%H%M%SZ}" if self.until else "",
            "COUNT": self.count,
        }
        return "RRULE:" + ";".join(f"{name}={parts[name]}" for name in _ORDER if parts[name])

    def occurrences(self, start: datetime, zone: ZoneInfo) -> Iterator[datetime]:
        """Yield the start of each occurrence, in UTC, of a series that begins at `start`.

        The clock in `zone` shows the same time at each. Where it skips that time the occurrence is as much later;
        where it shows it twice the first is meant (RFC 5545, 3.3.5). A rule without an end yields without end.
        """
        local = start.astimezone(zone).replace(tzinfo=None)
        endless = str(Rule(**{**{name: getattr(self, name) for name in self.__slots__}, "until": None}))
        for clock in rrulestr(endless, dtstart=local):
            occurrence = clock.replace(tzinfo=zone).astimezone(UTC)
            if self.until is not None and occurrence > self.until:
                return
            yield occurrence

    def words(self, zone: tzinfo = UTC) -> str:
        """Return the rule in English: `every 2 weeks on Monday and Friday, 10 times`; its last day is one of `zone`."""
        unit = _UNITS[self.frequency]
        often = f"every {unit}" if self.interval == 1 else f"every {self.interval} {unit}s"
        when = self._when()
        end = f", until {self.until.astimezone(zone):%Y-%m-%d}" if self.until else ""
        if self.count:
            end = f", {self.count} times" if self.count > 1 else ", once"
        return f"{often}{' on ' + when if when else ''}{end}"

    def _when(self) -> str:
        in_month = f" of {_MONTHS[self.month - 1]}" if self.month else ""
        if self.month_day:
            return f"day {self.month_day}{in_month}"
        if self.set_position:
            return f"the {_NTH[self.set_position]} {_days_in_words([day for _, day in self.days])}{in_month}"
        numbered = [f"the {_NTH[nth]} {_WEEKDAYS[day]}" for nth, day in self.days if nth]
        return in_words(numbered or [_WEEKDAYS[day] for _, day in self.days]) + in_month


def _parts(text: str) -> dict[str, str]:
    parts: dict[str, str] = {}
    for name, hint in _NOT_IN_A_RULE.items():
        if name in text.upper():
            raise RecurrenceError(f"Salesforce keeps no {name} in a rule.", hint)
    for item in text.strip().upper().removeprefix("RRULE:").rstrip(";").split(";"):
        name, equals, value = item.partition("=")
        if not equals or not value or name not in _ORDER:
            raise RecurrenceError(
                f'"{item[:40]}" is not a part of a rule that Salesforce supports.',
                f'Write it like "FREQ=WEEKLY;BYDAY=MO,WE;COUNT=10". Parts: {", ".join(_ORDER)}.',
            )
        if name in parts:
            raise RecurrenceError(f"{name} is given twice.", "Give each part once.")
        parts[name] = value
    return parts


def _choice(parts: dict[str, str], name: str, choices: tuple[str, ...]) -> str:
    value = parts.get(name, "")
    if value not in choices:
        raise RecurrenceError(f"{name} is {value or 'missing'}.", f"{name} is one of {', '.join(choices)}.")
    return value


def _number(parts: dict[str, str], name: str, fits: Callable[[int], bool], allowed: str) -> int | None:
    if name not in parts:
        return None
    text = parts[name]
    if not re.fullmatch(r"[+-]?\d{1,6}", text, re.ASCII) or not fits(int(text)):
        raise RecurrenceError(f"{name}={text[:20]} is not possible.", f"{name} is {allowed}.")
    return int(text)


def _days(text: str) -> Iterator[tuple[int | None, str]]:
    for item in filter(None, text.split(",")):
        day = _DAY.fullmatch(item)
        nth = int(day[1]) if day and day[1] else None
        if day is None or (nth is not None and nth not in _NTH):
            raise RecurrenceError(
                f"BYDAY={text[:40]} is not possible.", 'BYDAY is like "MO,WE", or "2TU" or "-1FR" in a month.'
            )
        yield nth, day[2]


def _until(text: str, zone: ZoneInfo | None) -> datetime:
    try:
        if zone and (day := _UNTIL_DAY.fullmatch(text)):
            return start_of_day(date(*map(int, day.groups())) + timedelta(days=1), zone) - timedelta(seconds=1)
        if not _UNTIL.fullmatch(text):
            raise ValueError  # noqa: TRY301 - one way out for both kinds of bad text
        return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise RecurrenceError(
            f"UNTIL={text[:20]} is not an instant in UTC.", 'Write it like "UNTIL=20261231T235959Z".'
        ) from None


def _check(rule: Rule) -> None:
    """Refuse what the parts allow one by one but Salesforce does not take together."""
    problems: list[tuple[bool, str, str]] = [
        (
            rule.until is not None and rule.count is not None,
            "UNTIL and COUNT exclude each other.",
            "Give only one of them.",
        ),
        (
            rule.interval > _LONGEST_INTERVAL[rule.frequency],
            f"INTERVAL={rule.interval} is too long for FREQ={rule.frequency}.",
            f"At most {_LONGEST_INTERVAL[rule.frequency]}.",
        ),
        *_check_days(rule),
    ]
    for is_wrong, message, hint in problems:
        if is_wrong:
            raise RecurrenceError(message, hint)


def _check_days(rule: Rule) -> Iterator[tuple[bool, str, str]]:
    numbered = any(nth is not None for nth, _ in rule.days)
    in_month = rule.frequency in {"MONTHLY", "YEARLY"}
    yield (
        rule.frequency == "WEEKLY" and (not rule.days or numbered),
        "A weekly rule needs the weekdays, without numbers.",
        'Add them: "BYDAY=MO,WE".',
    )
    yield (
        not in_month and (rule.month_day is not None or rule.set_position is not None or rule.month is not None),
        f"BYMONTHDAY, BYSETPOS and BYMONTH cannot be used with FREQ={rule.frequency}.",
        "Omit them, or use FREQ=MONTHLY or FREQ=YEARLY.",
    )
    yield rule.frequency == "DAILY" and bool(rule.days), "BYDAY cannot be used with FREQ=DAILY.", "Use FREQ=WEEKLY."
    yield (
        in_month and (rule.month_day is not None) == bool(rule.days),
        f"FREQ={rule.frequency} needs either a day of the month or weekdays.",
        'Give "BYMONTHDAY=15", or "BYDAY=2TU" for the second Tuesday.',
    )
    yield (
        in_month and bool(rule.days) and (rule.set_position is None) != numbered,
        "Weekdays of a month need a number.",
        'Write "BYDAY=2TU", or "BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1" for the last working day.',
    )
    yield (
        (rule.frequency == "YEARLY") != (rule.month is not None) and in_month,
        "BYMONTH can be used only with FREQ=YEARLY, which needs it.",
        'For example "FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=15".',
    )


def _days_in_words(days: list[str]) -> str:
    names = set(days)
    if names == set(_WEEKDAYS):
        return "day"
    if names == set(list(_WEEKDAYS)[:5]):
        return "weekday"
    if names == set(list(_WEEKDAYS)[5:]):
        return "weekend day"
    return in_words([_WEEKDAYS[day] for day in days], "or")
