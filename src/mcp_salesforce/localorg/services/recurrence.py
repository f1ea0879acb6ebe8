"""Compute when a recurring event happens: by Salesforce Classic's fields, or by Lightning's RRULE."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from itertools import islice
from typing import Final, Literal
from zoneinfo import ZoneInfo

from dateutil.rrule import DAILY, FR, MO, MONTHLY, SA, SU, TH, TU, WE, WEEKLY, YEARLY, rrule, rrulestr

from mcp_salesforce.localorg import errors
from mcp_salesforce.localorg.evidence import evidence
from mcp_salesforce.localorg.services.field_values import Stored, moment
from mcp_salesforce.localorg.standard.picklists import MONTHS

_PREFIX: Final = "Recurrence"
_NEEDS: Final[Mapping[str, frozenset[str]]] = {
    "RecursDaily": frozenset({"Interval"}),
    "RecursEveryWeekday": frozenset({"DayOfWeekMask"}),
    "RecursWeekly": frozenset({"Interval", "DayOfWeekMask"}),
    "RecursMonthly": frozenset({"DayOfMonth", "Interval"}),
    "RecursMonthlyNth": frozenset({"Interval", "Instance", "DayOfWeekMask"}),
    "RecursYearly": frozenset({"DayOfMonth", "MonthOfYear"}),
    "RecursYearlyNth": frozenset({"DayOfWeekMask", "Instance", "MonthOfYear"}),
}
_PROPERTIES: Final = ("Interval", "DayOfWeekMask", "DayOfMonth", "Instance", "MonthOfYear")
_FREQUENCIES: Final[Mapping[str, tuple[Literal[0, 1, 2, 3], int]]] = {
    "RecursDaily": (DAILY, 100),
    "RecursEveryWeekday": (WEEKLY, 100),
    "RecursWeekly": (WEEKLY, 53),
    "RecursMonthly": (MONTHLY, 60),
    "RecursMonthlyNth": (MONTHLY, 60),
    "RecursYearly": (YEARLY, 10),
    "RecursYearlyNth": (YEARLY, 10),
}
"""Frequency, and the largest number of occurrences."""
_WEEKDAYS: Final = (SU, MO, TU, WE, TH, FR, SA)
_INSTANCES: Final = {"First": 1, "Second": 2, "Third": 3, "Fourth": 4, "Last": -1}
_MONTHS: Final = {name: number for number, name in enumerate(MONTHS, start=1)}

_PARTS: Final = ("FREQ", "BYMONTH", "BYMONTHDAY", "BYDAY", "WKST", "BYSETPOS", "INTERVAL", "UNTIL", "COUNT")
_MAX_INTERVAL: Final = {"DAILY": 999, "WEEKLY": 99, "MONTHLY": 99, "YEARLY": 1}
_MAX_COUNT: Final = 999
_UNTIL: Final = re.compile(r"\d{8}T\d{6}Z\Z", re.ASCII)
_DAY: Final = re.compile(r"(-1|[1-4])?(SU|MO|TU|WE|TH|FR|SA)\Z", re.ASCII)
_SET_POSITIONS: Final = frozenset({"-1", "1", "2", "3", "4"})
_TEXT: Final = "Recurrence2PatternText"


@evidence(
    "Event series, Classic", "documented", "IsRecurrence needs a start, an end and a type with exactly its properties"
)
@evidence("Event series, Classic", "simulated", "A property that its type does not use is FIELD_INTEGRITY_EXCEPTION")
def check_classic(row: Mapping[str, Stored]) -> None:
    """Check the recurrence fields of a series."""
    needed = [f"{_PREFIX}{name}" for name in ("StartDateTime", "EndDateOnly", "Type")]
    wanted = _NEEDS.get(str(row.get("RecurrenceType")), frozenset())
    needed += [f"{_PREFIX}{name}" for name in _PROPERTIES if name in wanted]
    missing = [name for name in needed if row.get(name) is None]
    if missing:
        raise errors.required_field_missing(missing)
    unused = [f"{_PREFIX}{name}" for name in _PROPERTIES if name not in wanted]
    given = [name for name in unused if row.get(name) is not None]
    if given:
        raise errors.field_integrity(f"{row['RecurrenceType']} does not use: {', '.join(given)}", given)


@evidence(
    "Event series, Classic", "simulated", "A series has at most 100 daily, 53 weekly, 60 monthly, 10 yearly occurrences"
)
def classic_starts(row: Mapping[str, Stored], zone: ZoneInfo) -> list[datetime]:
    """Return when the occurrences of a Classic series start; its time of day is that of `zone`."""
    frequency, most = _FREQUENCIES[str(row["RecurrenceType"])]
    first = moment(str(row["RecurrenceStartDateTime"])).astimezone(zone)
    last = datetime.combine(date.fromisoformat(str(row["RecurrenceEndDateOnly"])), time.max, zone)
    mask = int(row.get("RecurrenceDayOfWeekMask") or 0)
    rule = rrule(
        frequency,
        dtstart=first,
        until=last,
        interval=int(row.get("RecurrenceInterval") or 1),
        byweekday=[day for bit, day in enumerate(_WEEKDAYS) if mask & 1 << bit] or None,
        bymonthday=int(row.get("RecurrenceDayOfMonth") or 0) or None,
        bymonth=_MONTHS.get(str(row.get("RecurrenceMonthOfYear"))),
        bysetpos=_INSTANCES.get(str(row.get("RecurrenceInstance"))),
    )
    return _some(list(islice(rule, most + 1)), most, "RecurrenceEndDateOnly")


@evidence(
    "Event series, Lightning", "documented", "Recurrence2PatternText is checked against Salesforce's limits of an RRULE"
)
@evidence(
    "Event series, Lightning", "documented", "The pattern is saved in one order of its parts, with INTERVAL=1 added"
)
@evidence("Event series, Lightning", "simulated", "A pattern outside the limits is FIELD_INTEGRITY_EXCEPTION")
def normal_pattern(text: str) -> str:
    """Return an RRULE as Salesforce saves it: `RRULE:` and its parts in one order."""
    parts = dict(part.partition("=")[::2] for part in text.strip().removeprefix("RRULE:").upper().split(";") if part)
    complaint = _complaint(parts)
    if complaint:
        raise errors.field_integrity(f"Invalid recurrence pattern: {complaint}", [_TEXT])
    parts.setdefault("INTERVAL", "1")
    return "RRULE:" + ";".join(f"{name}={parts[name]}" for name in _PARTS if name in parts)


def _complaint(parts: Mapping[str, str]) -> str | None:
    frequency = parts.get("FREQ", "")
    days = [day for day in parts.get("BYDAY", "").split(",") if day]
    checks = {
        f"unknown part {', '.join(sorted(parts.keys() - set(_PARTS)))}": parts.keys() <= set(_PARTS),
        "FREQ is DAILY, WEEKLY, MONTHLY or YEARLY": frequency in _MAX_INTERVAL,
        "one of UNTIL and COUNT": ("UNTIL" in parts) != ("COUNT" in parts),
        f"COUNT is 1 to {_MAX_COUNT}": _is_number(parts.get("COUNT", "1"), _MAX_COUNT),
        f"INTERVAL is 1 to {_MAX_INTERVAL.get(frequency, 1)}": _is_number(
            parts.get("INTERVAL", "1"), _MAX_INTERVAL.get(frequency, 1)
        ),
        "UNTIL is like 20261231T235959Z": "UNTIL" not in parts or _UNTIL.match(parts["UNTIL"]) is not None,
        "BYDAY is a list of SU, MO, TU, WE, TH, FR, SA, numbered -1 or 1 to 4": all(map(_DAY.match, days)),
        "WEEKLY needs BYDAY without numbers": frequency != "WEEKLY" or (bool(days) and all(map(str.isalpha, days))),
        "BYSETPOS is -1 or 1 to 4": parts.get("BYSETPOS", "1") in _SET_POSITIONS,
        "BYMONTH is 1 to 12": _is_number(parts.get("BYMONTH", "1"), 12),
        "BYMONTHDAY is 1 to 31": _is_number(parts.get("BYMONTHDAY", "1"), 31),
    }
    return next((text for text, holds in checks.items() if not holds), None)


def _is_number(text: str, most: int) -> bool:
    return text.isascii() and text.isdigit() and 1 <= int(text) <= most


def pattern_starts(pattern: str, first: datetime, zone: ZoneInfo) -> list[datetime]:
    """Return when the occurrences of a Lightning series start; its time of day is that of `zone`."""
    try:
        rule = rrulestr(pattern, dtstart=first.astimezone(zone))
    except ValueError as error:
        raise errors.field_integrity(f"Invalid recurrence pattern: {error}", [_TEXT]) from error
    return _some(list(islice(rule, _MAX_COUNT + 1)), _MAX_COUNT, _TEXT)


def _some(starts: list[datetime], most: int, field: str) -> list[datetime]:
    if not starts:
        raise errors.field_integrity("The recurrence has no occurrence", [field])
    if len(starts) > most:
        raise errors.field_integrity(f"The recurrence has more than {most} occurrences", [field])
    return [start.astimezone(UTC) for start in starts]
