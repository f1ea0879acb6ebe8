"""What callers may say about time, what it means, and what is refused."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_salesforce.appointments.times import (
    TimeError,
    clock_of,
    day_of,
    instant_of,
    is_day,
    local_text,
    start_of_day,
    utc_text,
    weekday,
    window_of,
    wire,
    zone_named,
    zone_of,
)
from mcp_salesforce.appointments.zone_words import MEANT

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = st.sampled_from(sorted(available_timezones() - {"localtime", "Factory"})).map(ZoneInfo)
INSTANTS = st.datetimes(datetime(1971, 1, 1), datetime(2099, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001
    lambda moment: moment.replace(microsecond=0)
)


@pytest.mark.parametrize(
    "text",
    [
        "2026-02-20T18:00:00Z",
        "2026-02-20t18:00:00z",
        "2026-02-20T18:00Z",
        "2026-02-20T18:00:00.000+0000",
        "2026-02-20T18:00:00.000Z",
        "2026-02-20 19:00:00+01:00",
        "2026-02-20T19:00:00+0100",
        "2026-02-20T19:00:00+01",
        "2026-02-20T19:00:00 +01:00",
        "2026-02-20T12:30:00-05:30",
        " 2026-02-20T18:00:00,000000000Z ",
    ],
)
def test_a_time_with_an_offset_names_one_instant_in_any_of_its_forms(text: str) -> None:
    assert instant_of(text) == datetime(2026, 2, 20, 18, tzinfo=UTC)


def test_a_local_time_is_read_in_the_zone_given() -> None:
    assert instant_of("2026-11-24T15:00", BERLIN) == datetime(2026, 11, 24, 14, tzinfo=UTC)
    assert instant_of("2026-07-24T15:00", BERLIN) == datetime(2026, 7, 24, 13, tzinfo=UTC)


def test_an_offset_wins_over_the_zone() -> None:
    assert instant_of("2026-11-24T15:00:00Z", BERLIN) == datetime(2026, 11, 24, 15, tzinfo=UTC)


def test_a_local_time_without_a_zone_is_refused_with_both_ways_to_say_it() -> None:
    with pytest.raises(TimeError, match="has no time zone") as refused:
        instant_of("2026-11-24T15:00")

    assert "+01:00" in refused.value.hint
    assert "time_zone" in refused.value.hint


def test_a_local_time_that_the_clocks_jump_over_is_refused_with_its_neighbours() -> None:
    with pytest.raises(TimeError, match="does not exist in Europe/Berlin") as refused:
        instant_of("2026-03-29T02:30", BERLIN)

    assert "2026-03-29T01:30:00+01:00 or 2026-03-29T03:30:00+02:00" in refused.value.hint


def test_a_local_time_that_happens_twice_is_refused_with_both_offsets() -> None:
    with pytest.raises(TimeError, match="occurs twice in Europe/Berlin") as refused:
        instant_of("2026-10-25T02:30", BERLIN)

    assert "2026-10-25T02:30:00+02:00 or 2026-10-25T02:30:00+01:00" in refused.value.hint


@pytest.mark.parametrize(
    "text",
    ["", "tomorrow", "2026-11-24", "15:00", "24.11.2026 15:00", "2026-13-01T00:00Z", "2026-02-30T00:00Z",
     "2026-11-24T24:00Z", "2026-11-24T15:00:60Z", "2026-11-24T15:00+25:00", "1200-01-01T00:00Z", "4000-01-01T00:00Z",
     "0001-01-01T00:00:00+14:00", "20261124T150000Z", "2026-11-24T15:00Z2026-11-24T15:00Z"],
)  # fmt: skip
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(TimeError) as refused:
        instant_of(text, BERLIN)

    assert refused.value.hint


@given(INSTANTS, ZONES)
def test_every_instant_survives_being_shown_in_any_zone(moment: datetime, zone: ZoneInfo) -> None:
    assert instant_of(utc_text(moment)) == moment
    assert instant_of(wire(moment)) == moment
    shown = local_text(moment, zone)
    seconds = (moment.astimezone(zone).utcoffset() or timedelta()).seconds % 60
    if not seconds:  # offsets of before 1972 can have seconds, which RFC 3339 cannot write
        assert instant_of(shown) == moment


@given(INSTANTS, ZONES)
def test_a_local_time_means_its_instant_or_is_refused_for_a_clock_change(moment: datetime, zone: ZoneInfo) -> None:
    clock = moment.astimezone(zone).replace(tzinfo=None)
    try:
        read = instant_of(clock.isoformat(timespec="seconds"), zone)
    except TimeError as refused:
        assert "happens twice" in str(refused)  # noqa: PT017 - which of the two outcomes is up to the zone
    else:
        assert read == moment


@pytest.mark.parametrize(
    ("wrong", "right"),
    [("berlin", "Europe/Berlin"), ("europe/berlin", "Europe/Berlin"), ("Europe/Berln", "Europe/Berlin"),
     ("New York", "America/New_York"), ("Tokio", "Asia/Tokyo")],
)  # fmt: skip
def test_an_unknown_zone_is_refused_with_the_nearest(wrong: str, right: str) -> None:
    with pytest.raises(TimeError, match="is not a time zone") as refused:
        zone_named(wrong)

    assert right in refused.value.hint


@pytest.mark.parametrize(
    ("said", "ahead"),
    [("GMT+2", "+02:00"), ("UTC-5", "-05:00"), ("+05:30", "+05:30"), ("-0330", "-03:30"), ("utc +5:45", "+05:45"),
     ("GMT+14", "+14:00"), ("UTC-00:30", "-00:30"), ("UTC+00:00", "+00:00")],
)  # fmt: skip
def test_an_offset_is_a_zone_that_keeps_it_and_means_what_people_mean(said: str, ahead: str) -> None:
    zone = zone_named(said)

    for month in (1, 7):
        assert local_text(datetime(2026, month, 1, tzinfo=UTC), zone).endswith(ahead)
    assert zone.key == f"UTC{ahead}"
    assert zone_named(zone.key).key == zone.key


@given(st.integers(-14 * 60, 14 * 60), INSTANTS)
def test_any_offset_is_kept_at_any_time(minutes: int, moment: datetime) -> None:
    zone = zone_named(f"GMT{'-' if minutes < 0 else '+'}{abs(minutes) // 60}:{abs(minutes) % 60:02d}")

    assert moment.astimezone(zone).utcoffset() == timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("windows", "zone"),
    [("Pacific Standard Time", "America/Los_Angeles"), ("pacific daylight time", "America/Los_Angeles"),
     ("W. Europe Standard Time", "Europe/Berlin"), ("Eastern Standard Time", "America/New_York"),
     ("India Standard Time", "Asia/Calcutta"), ("AUS Eastern Standard Time", "Australia/Sydney"),
     ("British Columbia Standard Time", "America/Vancouver")],
)  # fmt: skip
def test_windows_names_are_those_of_the_zone_that_windows_means(windows: str, zone: str) -> None:
    assert zone_named(windows).key == zone


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("EST", ["America/New_York", "UTC-05:00"]),
        ("EDT", ["America/New_York", "UTC-04:00"]),
        ("PST", ["America/Los_Angeles", "UTC-08:00"]),
        ("MST", ["America/Denver", "America/Phoenix"]),
        ("CST", ["America/Chicago", "Asia/Shanghai", "UTC-06:00"]),
        ("IST", ["Asia/Kolkata", "Asia/Jerusalem", "Europe/Dublin"]),
        ("BST", ["Europe/London", "Asia/Dhaka"]),
        ("CEST", ["Europe/Berlin", "Europe/Paris"]),
        ("JST", ["Asia/Tokyo"]),
        ("Eastern", ["America/New_York"]),
        ("Eastern Time", ["America/New_York"]),
        ("pacific time zone", ["America/Los_Angeles"]),
        ("Munich", ["Europe/Berlin"]),
        ("Europe/Munich", ["Europe/Berlin"]),
        ("Bern", ["Europe/Zurich"]),
        ("San Juan", ["America/Puerto_Rico", "America/Argentina/San_Juan"]),
        ("America/Torronto", ["America/Toronto"]),
        ("Amercia/Vancouver", ["America/Vancouver"]),
        ("vancouver", ["America/Vancouver"]),
        ("Paris, France", ["Europe/Paris"]),
        ("London, Ontario", ["Europe/London", "America/Toronto"]),
        ("Washington, D.C.", ["America/New_York"]),
        ("St. Louis", ["America/Chicago"]),
        ("Saint John\u2019s", ["America/St_Johns"]),
        ("NYC", ["America/New_York"]),
        ("Kelowna", ["America/Vancouver"]),
        ("Victoria", ["America/Vancouver", "Australia/Melbourne"]),
        ("Arizona", ["America/Phoenix"]),
        ("Pacific Time (US & Canada)", ["America/Los_Angeles"]),
        ("UTC+1 (Berlin)", ["UTC+01:00", "Europe/Berlin"]),
        ("(UTC+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna", ["UTC+01:00", "Europe/Amsterdam"]),
        ("CET/CEST", ["Europe/Berlin", "Europe/Paris"]),
        ("zulu", ["UTC"]),
    ],
)
def test_what_people_call_zones_leads_to_a_question_with_those_that_are_meant(said: str, meant: list[str]) -> None:
    with pytest.raises(TimeError) as refused:
        zone_named(said)

    assert refused.value.hint == f"Did you mean {' or '.join(meant)}?"


@pytest.mark.parametrize("said", ["Kiel", "Lublin2", "Asia/Dheli", "GMT+25", "UTC+2:75"])
def test_a_zone_that_is_only_spelt_alike_is_not_offered(said: str) -> None:
    with pytest.raises(TimeError) as refused:
        zone_named(said)

    assert refused.value.hint.startswith("Use an IANA name")


@pytest.mark.parametrize(
    ("said", "key"),
    [
        ("(GMT-08:00) Pacific Standard Time (America/Los_Angeles)", "America/Los_Angeles"),
        ("(GMT+05:30) India Standard Time (Asia/Kolkata)", "Asia/Kolkata"),
        ("(GMT-03:00) Argentina Time (America/Argentina/Buenos_Aires)", "America/Argentina/Buenos_Aires"),
        (" Europe/Berlin ", "Europe/Berlin"),
        ("UTC\u22125", "UTC-05:00"),
    ],
)
def test_a_zone_is_taken_as_salesforces_screens_write_it(said: str, key: str) -> None:
    assert zone_named(said).key == key


def test_every_zone_that_words_stand_for_is_one() -> None:
    assert all(zone_named(zone).key for zones in MEANT.values() for zone in zones)


def test_a_zone_that_salesforce_names_is_taken_by_that_name() -> None:
    assert (zone_of("EST").key, zone_of("Etc/GMT+2").key) == ("EST", "Etc/GMT+2")


@pytest.mark.parametrize("wrong", ["", "../../etc/passwd", "/etc/passwd", "PST8", "x" * 300, "a\0b", "Europe"])
def test_what_is_no_zone_is_refused_with_an_example(wrong: str) -> None:
    with pytest.raises(TimeError, match="is not a time zone") as refused:
        zone_named(wrong)

    assert refused.value.hint


def test_a_day_is_read_and_anything_else_refused() -> None:
    assert day_of(" 2026-11-24 ") == date(2026, 11, 24)
    assert day_of("2026-11-24T00:00:00.000+0000") == date(2026, 11, 24)
    assert is_day("2026-11-24")
    assert not is_day("2026-11-24T10:00Z")
    for wrong in ("2026-11-31", "24.11.2026", "", "1600-01-01"):
        with pytest.raises(TimeError):
            day_of(wrong)


def test_a_day_begins_at_its_first_instant_even_where_midnight_does_not_exist() -> None:
    assert start_of_day(date(2026, 11, 24), BERLIN) == datetime(2026, 11, 23, 23, tzinfo=UTC)
    # Beirut's clocks go from 00:00 to 01:00 on 2026-03-29: the day begins at 01:00.
    assert local_text(start_of_day(date(2026, 3, 29), ZoneInfo("Asia/Beirut")), ZoneInfo("Asia/Beirut")).startswith(
        "2026-03-29T01:00:00"
    )


@given(st.dates(date(1990, 1, 1), date(2090, 1, 1)), ZONES)
def test_days_follow_each_other_without_gap_or_overlap(day: date, zone: ZoneInfo) -> None:
    begin, end = start_of_day(day, zone), start_of_day(day + timedelta(days=1), zone)
    assert begin <= end
    if begin < end:  # Samoa went without 2011-12-30
        assert begin.astimezone(zone).date() == day
        assert (end - timedelta(microseconds=1)).astimezone(zone).date() == day


def test_a_window_of_days_covers_both_of_them_whole() -> None:
    window = window_of("2026-11-24", "2026-11-25", BERLIN, local=None)

    assert (window.start, window.end) == (
        datetime(2026, 11, 23, 23, tzinfo=UTC),
        datetime(2026, 11, 25, 23, tzinfo=UTC),
    )
    assert (window.first_day, window.last_day) == (date(2026, 11, 24), date(2026, 11, 25))


def test_a_window_of_times_knows_the_local_days_it_touches() -> None:
    window = window_of("2026-11-24T22:30:00Z", "2026-11-24T23:00:00Z", BERLIN, local=None)

    assert (window.first_day, window.last_day) == (date(2026, 11, 24), date(2026, 11, 24))


def test_a_side_of_a_window_may_be_open() -> None:
    assert window_of("2026-11-24", "", BERLIN, local=None).end is None
    assert window_of("", "2026-11-24", BERLIN, local=None).start is None


def test_a_window_that_ends_before_it_starts_is_refused() -> None:
    with pytest.raises(TimeError, match="is not after start"):
        window_of("2026-11-25", "2026-11-24", BERLIN, local=None)


def test_a_time_without_an_offset_in_a_window_needs_a_zone() -> None:
    assert window_of("2026-11-24T10:00", "", BERLIN, local=BERLIN).start == datetime(2026, 11, 24, 9, tzinfo=UTC)
    with pytest.raises(TimeError, match="has no time zone"):
        window_of("2026-11-24T10:00", "", BERLIN, local=None)


def test_weekdays_have_their_english_names() -> None:
    assert [weekday(date(2026, 11, day)) for day in (22, 23, 24)] == ["Sunday", "Monday", "Tuesday"]


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("9:00", "09:00:00.000Z"),
        ("09:00", "09:00:00.000Z"),
        (" 09:00:30 ", "09:00:30.000Z"),
        ("09:00:00+00:00", "09:00:00.000Z"),
        ("T09:00", "09:00:00.000Z"),
        ("09:00:00.5Z", "09:00:00.500Z"),
        ("2:30 pm", "14:30:00.000Z"),
        ("9 a.m.", "09:00:00.000Z"),
        ("12am", "00:00:00.000Z"),
        ("12 PM", "12:00:00.000Z"),
        ("9.30", "09:30:00.000Z"),
        ("9h30", "09:30:00.000Z"),
        ("noon", "12:00:00.000Z"),
        ("12 noon", "12:00:00.000Z"),
        ("0930", "09:30:00.000Z"),
        ("1430 hours", "14:30:00.000Z"),
        ("14:30 hrs", "14:30:00.000Z"),
        ("9 Uhr", "09:00:00.000Z"),
        ("21.30 Uhr", "21:30:00.000Z"),
        ("14h", "14:00:00.000Z"),
        ("23:59:59.999Z", "23:59:59.999Z"),
    ],
)
def test_a_time_of_day_is_sent_as_salesforce_takes_it(text: str, sent: str) -> None:
    assert clock_of(text) == sent


@pytest.mark.parametrize(
    "text",
    ["", "9", "24:00", "2400", "930", "9:60", "13 pm", "0 am", "09:00+02:00", "2026-11-24T09:00", "soon", "9 xm"],
)
def test_what_is_no_time_of_day_is_refused_with_the_form(text: str) -> None:
    with pytest.raises(TimeError) as caught:
        clock_of(text)

    assert "15:00" in caught.value.hint


@given(st.times())
def test_any_time_of_day_is_sent_as_itself(clock: time) -> None:
    milliseconds = clock.replace(microsecond=clock.microsecond // 1000 * 1000)

    assert time.fromisoformat(clock_of(clock.isoformat()).removesuffix("Z")) == milliseconds
