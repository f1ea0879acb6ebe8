"""Holidays: the days that records of Holiday have, and the time that they take from working hours."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_salesforce.appointments.holidays import Holiday, holidays_of, named
from mcp_salesforce.appointments.hours import hours_from, hours_of
from mcp_salesforce.appointments.intervals import Interval
from mcp_salesforce.appointments.slots import WorkingHours
from mcp_salesforce.appointments.times import TimeError

ZONES = ["UTC", "America/New_York", "Australia/Lord_Howe", "America/St_Johns", "Pacific/Kiritimati"]
YEAR = Interval(datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
YEARLY = {"Name": "Day", "IsAllDay": True, "IsRecurrence": True, "RecurrenceStartDate": "2020-01-01"}


@pytest.mark.parametrize(
    ("record", "days"),
    [
        ({"IsAllDay": True, "ActivityDate": "2026-05-01"}, ["2026-05-01"]),
        ({"IsAllDay": True, "ActivityDate": "2025-05-01"}, []),
        (
            YEARLY
            | {"RecurrenceType": "RecursYearly", "RecurrenceDayOfMonth": 25, "RecurrenceMonthOfYear": "December"},
            ["2026-12-25"],
        ),
        (
            YEARLY
            | {
                "RecurrenceType": "RecursYearlyNth",
                "RecurrenceInstance": "Fourth",
                "RecurrenceDayOfWeekMask": 16,
                "RecurrenceMonthOfYear": "November",
            },
            ["2026-11-26"],
        ),
        (
            YEARLY
            | {
                "RecurrenceType": "RecursYearly",
                "RecurrenceDayOfMonth": 1,
                "RecurrenceMonthOfYear": "May",
                "RecurrenceEndDateOnly": "2025-12-31",
            },
            [],
        ),
        (YEARLY | {"RecurrenceType": "RecursEveryMoon"}, []),
        ({"IsAllDay": True, "ActivityDate": None}, []),
        (YEARLY | {"RecurrenceType": "RecursWeekly", "RecurrenceDayOfWeekMask": "many"}, []),
    ],
)
def test_a_record_has_these_days_in_2026(record: dict[str, Any], days: list[str]) -> None:
    assert [each.day.isoformat() for each in holidays_of([record], YEAR)] == days


@given(
    st.sampled_from(ZONES),
    st.dates(date(2026, 1, 2), date(2026, 12, 30)),
    st.integers(0, 1440),
    st.integers(0, 1440),
)
def test_no_minute_of_a_holiday_is_working_time_and_every_other_is(zone: str, day: date, start: int, end: int) -> None:
    always = {number: ((time(), time()),) for number in range(7)}
    around = datetime.combine(day, time(), UTC)
    window = Interval(around - timedelta(days=1), around + timedelta(days=2))

    working = WorkingHours(ZoneInfo(zone), always, [Holiday(day, "Holiday", start, end)]).within(window)

    for quarter in range(3 * 24 * 4):
        at = window.start + timedelta(minutes=15 * quarter)
        local = at.astimezone(ZoneInfo(zone))
        first = datetime.combine(day, time(), ZoneInfo(zone))
        since = [(first + timedelta(minutes=each)).astimezone(UTC) for each in (start, end)]
        is_holiday = local.date() == day if end - start >= 1440 else since[0] <= at < since[1]
        assert any(each.start <= at < each.end for each in working) == (not is_holiday)


def test_holidays_are_named_with_their_weekdays() -> None:
    days = [Holiday(date(2026, 12, 20 + number), "Off") for number in range(7)]

    assert named(days[:1]) == "Sunday 2026-12-20 Off"
    assert named(days).endswith("Thursday 2026-12-24 Off, 2 more")


def test_business_hours_are_those_of_the_record_unless_they_are_always() -> None:
    days = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
    always = {f"{day}{which}Time": "00:00:00.000Z" for day in days for which in ("Start", "End")}
    assert hours_from(always) is None

    some = hours_from({"MondayStartTime": "09:30:00.000Z", "MondayEndTime": "17:00:00.000Z", "FridayEndTime": "x"})
    assert some
    assert some.spans == {0: ((time(9, 30), time(17)),)}
    late = hours_from({"MondayStartTime": "09:00:00.000Z", "MondayEndTime": "00:00:00.000Z"})
    assert late
    assert late.spans == {0: ((time(9), time()),)}


@pytest.mark.parametrize(
    ("text", "business_hours", "user_field", "with_holidays"),
    [
        ("BusinessHours", "", "", False),
        ("business hours: Berlin office | User.Hours__c", "Berlin office", "Hours__c", False),
        ("Mon-Fri 09:00-17:00 including holidays", None, "", True),
        ("Mon-Fri 09:00-17:00; Sat 10:00-14:00, incl. holidays Europe/Berlin", None, "", None),
        ("Mon-Fri 09:00-17:00 Europe/Berlin including holidays | ada: Mon 08:00-09:00", None, "", True),
    ],
)
def test_what_hours_leave_to_the_org_is_read(
    text: str, business_hours: str | None, user_field: str, with_holidays: bool | None
) -> None:
    if with_holidays is None:
        with pytest.raises(TimeError):
            hours_of(text)
        return
    hours = hours_of(text)
    assert (hours.business_hours, hours.user_field, hours.with_holidays) == (business_hours, user_field, with_holidays)
