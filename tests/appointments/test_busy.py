from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import pytest

from mcp_salesforce.appointments.busy import block_of, without_declined
from mcp_salesforce.appointments.intervals import Interval

BERLIN = ZoneInfo("Europe/Berlin")


def event(**changes: Any) -> dict[str, Any]:
    return {
        "Id": "00U1",
        "OwnerId": "0051",
        "Subject": "Call",
        "StartDateTime": "2026-11-24T09:00:00.000+0000",
        "EndDateTime": "2026-11-24T10:00:00.000+0000",
        "IsAllDayEvent": False,
        "ActivityDate": "2026-11-24",
        "DurationInMinutes": 60,
        "ShowAs": "Busy",
        "IsPrivate": False,
        "IsChild": False,
        **changes,
    }


def whole_days(day: str, last: str, minutes: int, **changes: Any) -> dict[str, Any]:
    return event(
        IsAllDayEvent=True,
        ActivityDate=day,
        StartDateTime=f"{day}T00:00:00.000+0000",
        EndDateTime=f"{last}T00:00:00.000+0000",
        DurationInMinutes=minutes,
        **changes,
    )


def utc(day: int, hour: int, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


def interval_of(record: dict[str, Any], zone: ZoneInfo = BERLIN) -> Interval | None:
    block = block_of(record, zone, record["Id"])
    return block.interval if block else None


def test_a_busy_appointment_takes_its_time_and_is_told_with_its_subject() -> None:
    block = block_of(event(), BERLIN, "00U1")

    assert block is not None
    assert (block.interval, block.subject, block.event_id, block.all_day) == (
        Interval(utc(24, 9), utc(24, 10)),
        "Call",
        "00U1",
        False,
    )


def test_a_private_one_takes_its_time_without_a_subject() -> None:
    block = block_of(event(IsPrivate=True), BERLIN, "00U1")

    assert block is not None
    assert (block.interval, block.subject) == (Interval(utc(24, 9), utc(24, 10)), "")


@pytest.mark.parametrize("show_as", ["Busy", "OutOfOffice", None])
def test_everything_but_free_blocks(show_as: str | None) -> None:
    assert interval_of(event(ShowAs=show_as)) == Interval(utc(24, 9), utc(24, 10))
    assert interval_of(event(ShowAs="Free")) is None
    assert interval_of(whole_days("2026-11-24", "2026-11-24", 1440, ShowAs="Free")) is None


def test_an_appointment_without_length_takes_nothing() -> None:
    assert interval_of(event(EndDateTime="2026-11-24T09:00:00.000+0000")) is None


def test_an_all_day_one_takes_its_days_in_the_calendars_zone() -> None:
    day = whole_days("2026-11-24", "2026-11-24", 1440)

    assert interval_of(day) == Interval(utc(23, 23), utc(24, 23))
    assert interval_of(day, ZoneInfo("America/New_York")) == Interval(utc(24, 5), utc(25, 5))
    assert interval_of(whole_days("2026-11-24", "2026-11-25", 2880)) == Interval(utc(23, 23), utc(25, 23))


def test_a_day_on_which_the_clocks_change_is_as_long_as_it_is() -> None:
    taken = interval_of(whole_days("2026-03-29", "2026-03-29", 1440))

    assert taken is not None
    assert taken.length == timedelta(hours=23)


def test_a_declined_invitation_takes_nothing_and_each_answer_counts_once() -> None:
    copy, twin = event(IsChild=True, Id="00U2"), event(IsChild=True, Id="00U3")
    own, other = event(Id="00U4"), event(IsChild=True, Id="00U5", OwnerId="0052")
    declined = [{"RelationId": "0051", "Event": event()}]

    kept = without_declined([copy, twin, own, other], declined)

    assert [each["Id"] for each in kept] == ["00U3", "00U4", "00U5"]
    assert without_declined([copy, own], []) == [copy, own]


@pytest.mark.parametrize("year", [2026, 2030])
def test_quarter_hours_of_utc_are_quarter_hours_of_every_zones_clock(year: int) -> None:
    quarter = timedelta(minutes=15)
    for name in available_timezones():
        for month in (1, 7):
            offset = datetime(year, month, 1, tzinfo=ZoneInfo(name)).utcoffset()
            assert offset is not None
            assert offset % quarter == timedelta(), name
