"""From when to when an appointment lasts, from what a caller says and from what Salesforce has."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from mcp_salesforce.appointments.spans import Span, Wish, doubt_about, is_over, moved, shown, span_in, span_of
from mcp_salesforce.appointments.times import TimeError

BERLIN = ZoneInfo("Europe/Berlin")
HONOLULU = ZoneInfo("Pacific/Honolulu")
START = datetime(2026, 11, 24, 14, tzinfo=UTC)
MEETING = Span(START, START + timedelta(minutes=45))
FAIR = Span(datetime(2026, 11, 24, tzinfo=UTC), datetime(2026, 11, 26, tzinfo=UTC), all_day=True)


@pytest.mark.parametrize(
    "wish",
    [
        Wish("2026-11-24T14:00:00Z", "2026-11-24T14:45:00Z"),
        Wish("2026-11-24T15:00:00", "2026-11-24T15:45:00", zone=BERLIN),
        Wish("2026-11-24T14:00:00Z", minutes=45),
        Wish("2026-11-24T14:00:00Z", "2026-11-24T14:45:00Z", minutes=45, all_day=False),
    ],
)
def test_a_new_appointment_has_a_start_and_an_end_or_a_length(wish: Wish) -> None:
    assert span_of(wish) == MEETING


def test_an_all_day_appointment_is_days_that_no_zone_shifts() -> None:
    span = span_of(Wish("2026-11-24", "2026-11-26", all_day=True, zone=HONOLULU))

    assert span == FAIR
    assert span.values() == {
        "StartDateTime": "2026-11-24T00:00:00.000Z",
        "EndDateTime": "2026-11-26T00:00:00.000Z",
        "IsAllDayEvent": True,
    }
    assert shown(span, HONOLULU) == {
        "start": {"local": "2026-11-24", "weekday": "Tuesday"},
        "end": {"local": "2026-11-26", "weekday": "Thursday"},
        "time_zone": "Pacific/Honolulu",
        "all_day": True,
    }


def test_an_all_day_appointment_lasts_a_day_unless_told() -> None:
    assert span_of(Wish("2026-11-24", all_day=True)).end == FAIR.start
    assert span_of(Wish("2026-11-24", minutes=3 * 1440, all_day=True)) == FAIR


@pytest.mark.parametrize(
    ("wish", "reason"),
    [
        (Wish(), "StartDateTime is required"),
        (Wish("2026-11-24T14:00:00Z"), "EndDateTime or DurationInMinutes is required"),
        (Wish("2026-11-24", "2026-11-25"), "a day without a time"),
        (Wish("2026-11-24T14:00:00", "2026-11-24T15:00:00"), "has no time zone"),
        (Wish("2026-11-24T14:00:00Z", "2026-11-24T13:00:00Z"), "is before the start"),
        (Wish("2026-11-24T14:00:00Z", "2026-11-24T15:00:00Z", minutes=30), "contradict"),
        (Wish("2026-11-24", "2026-11-23", all_day=True), "is before the first"),
        (Wish("2026-11-24", minutes=90, all_day=True), "not whole days"),
        (Wish("2026-11-24", "2026-11-24", minutes=2880, all_day=True), "contradict"),
        (Wish("noon", all_day=True), "is not a day"),
    ],
)
def test_a_time_that_is_incomplete_or_contradicts_itself_is_refused(wish: Wish, reason: str) -> None:
    with pytest.raises(TimeError, match=reason):
        span_of(wish)


def test_moving_only_the_start_keeps_the_length() -> None:
    assert moved(MEETING, Wish("2026-11-25T09:00:00Z")).end == datetime(2026, 11, 25, 9, 45, tzinfo=UTC)
    assert moved(FAIR, Wish("2026-12-01")).end == datetime(2026, 12, 3, tzinfo=UTC)


def test_changing_only_the_end_or_the_length_keeps_the_start() -> None:
    longer = Span(START, START + timedelta(hours=1))

    assert moved(MEETING, Wish(end="2026-11-24T15:00:00Z")) == longer
    assert moved(MEETING, Wish(minutes=60)) == longer
    assert moved(FAIR, Wish(end="2026-11-24")).end == FAIR.start


def test_an_end_before_the_kept_start_is_refused() -> None:
    with pytest.raises(TimeError, match="is before the start"):
        moved(MEETING, Wish(end="2026-11-24T13:00:00Z"))


def test_becoming_an_all_day_appointment_needs_a_day_and_the_way_back_a_time() -> None:
    assert moved(MEETING, Wish("2026-11-24", all_day=True)).all_day
    assert moved(FAIR, Wish("2026-11-24T14:00:00Z", minutes=45, all_day=False)) == MEETING
    with pytest.raises(TimeError, match="needs StartDateTime"):
        moved(FAIR, Wish(all_day=False))


@pytest.mark.parametrize(
    ("record", "span"),
    [
        ({"StartDateTime": "2026-11-24T14:00:00.000+0000", "EndDateTime": "2026-11-24T14:45:00.000+0000"}, MEETING),
        ({"StartDateTime": "2026-11-24T00:00:00.000+0000", "EndDateTime": "2026-11-26T00:00:00.000+0000",
          "IsAllDayEvent": True}, FAIR),
        ({"StartDateTime": "2026-11-24T00:00:00.000+0000", "EndDateTime": "2026-11-24T00:00:00.000+0000",
          "IsAllDayEvent": True, "ActivityDate": "2026-11-24", "DurationInMinutes": 4320}, FAIR),
        ({"Subject": "Call"}, None),
    ],
)  # fmt: skip
def test_a_records_time_is_read_from_its_fields(record: dict[str, Any], span: Span | None) -> None:
    assert span_in(record) == span


def test_a_time_is_shown_in_utc_and_in_the_zone_with_its_weekday_there() -> None:
    late = Span(datetime(2026, 11, 24, 23, 30, tzinfo=UTC), datetime(2026, 11, 25, 0, 30, tzinfo=UTC))

    assert shown(late, BERLIN) == {
        "start": {"utc": "2026-11-24T23:30:00Z", "local": "2026-11-25T00:30:00+01:00", "weekday": "Wednesday"},
        "end": {"utc": "2026-11-25T00:30:00Z", "local": "2026-11-25T01:30:00+01:00", "weekday": "Wednesday"},
        "time_zone": "Europe/Berlin",
        "all_day": False,
    }


def test_an_appointment_is_over_behind_its_end_and_not_at_it() -> None:
    assert not is_over(MEETING, MEETING.start)
    assert not is_over(MEETING, MEETING.end)
    assert is_over(MEETING, MEETING.end + timedelta(seconds=1))


def test_a_day_is_over_when_it_has_ended_everywhere() -> None:
    noon_after = datetime(2026, 11, 27, 12, tzinfo=UTC)

    assert not is_over(FAIR, noon_after - timedelta(seconds=1))
    assert is_over(FAIR, noon_after)


def test_a_time_is_doubted_that_is_over_or_more_than_a_year_ahead() -> None:
    year_before = MEETING.start - timedelta(days=366)

    assert "It is in the past" in doubt_about(MEETING, MEETING.end + timedelta(days=1))
    assert doubt_about(MEETING, MEETING.end) == ""
    assert doubt_about(MEETING, year_before) == ""
    assert "more than a year ahead" in doubt_about(MEETING, year_before - timedelta(seconds=1))
