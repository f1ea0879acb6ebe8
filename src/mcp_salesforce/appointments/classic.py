"""Classic series: the recurrence fields of an Event (`RecurrenceType` and its properties) as the rule they mean."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from mcp_salesforce.appointments.recurrence import Rule
from mcp_salesforce.appointments.times import start_of_day

_WEEKDAYS: Final = ("SU", "MO", "TU", "WE", "TH", "FR", "SA")  # in the order of the mask's bits
_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_INSTANCES: Final = {"First": 1, "Second": 2, "Third": 3, "Fourth": 4, "Last": -1}
_FREQUENCIES: Final = {
    "RecursDaily": "DAILY",
    "RecursEveryWeekday": "WEEKLY",
    "RecursWeekly": "WEEKLY",
    "RecursMonthly": "MONTHLY",
    "RecursMonthlyNth": "MONTHLY",
    "RecursYearly": "YEARLY",
    "RecursYearlyNth": "YEARLY",
}


def classic_rule(record: Mapping[str, Any], zone: ZoneInfo) -> Rule:
    """Return the rule that the recurrence fields of `record` mean; its last day is one of `zone`.

    Raises:
        ValueError: They have another form.
    """
    kind, end = record.get("RecurrenceType") or "", record.get("RecurrenceEndDateOnly")
    if kind not in _FREQUENCIES or not end:
        raise ValueError(f"{kind!r} is not a kind of recurrence")
    mask = record.get("RecurrenceDayOfWeekMask") or 0
    days = [day for bit, day in enumerate(_WEEKDAYS) if mask & 1 << bit]
    nth = _INSTANCES.get(record.get("RecurrenceInstance") or "")
    is_one = nth is not None and len(days) == 1
    month = record.get("RecurrenceMonthOfYear")
    return Rule(
        frequency=_FREQUENCIES[kind],
        interval=record.get("RecurrenceInterval") or 1,
        days=tuple((nth if is_one else None, day) for day in days),
        month_day=record.get("RecurrenceDayOfMonth"),
        month=_MONTHS.index(month) + 1 if month else None,
        set_position=None if is_one else nth,
        until=start_of_day(date.fromisoformat(end) + timedelta(days=1), zone) - timedelta(seconds=1),
    )
