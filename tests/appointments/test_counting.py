"""Periods and working time against an oracle that looks at every minute and every day."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcp_salesforce.appointments.counting import (
    PERIODS,
    Counted,
    Period,
    Tally,
    Use,
    in_order,
    parts_of,
    period_of,
    tallied,
    used,
)
from mcp_salesforce.appointments.intervals import Interval
from mcp_salesforce.appointments.outcomes import OUTCOMES
from mcp_salesforce.appointments.slots import WorkingHours
from tests.appointments.test_slots import CHANGES
from tests.effort import examples

MINUTE = timedelta(minutes=1)
YEAR_ENDS = [("Europe/Berlin", date(2026, 12, 31)), ("Pacific/Auckland", date(2027, 1, 3)), ("UTC", date(2024, 12, 30))]
MOMENTS = [*CHANGES, *YEAR_ENDS]
HOURS = {weekday: ((time(0, 30), time(3)), (time(9), time(12)), (time(22), time.min)) for weekday in range(7)}
FORMATS = {"day": "%Y-%m-%d", "week": "%G-W%V", "month": "%Y-%m"}


@pytest.mark.parametrize(
    ("day", "week"),
    [
        (date(2026, 12, 27), "2026-W52"),
        (date(2026, 12, 28), "2026-W53"),
        (date(2027, 1, 3), "2026-W53"),
        (date(2027, 1, 4), "2027-W01"),
        (date(2024, 12, 30), "2025-W01"),
        (date(2023, 1, 1), "2022-W52"),
    ],
)
def test_weeks_are_those_of_iso_8601(day: date, week: str) -> None:
    assert period_of(day, "week") == week


@given(st.dates(date(1700, 1, 1), date(4000, 12, 31)))
def test_a_period_is_named_as_the_calendar_of_the_system_names_it(day: date) -> None:
    for period, form in FORMATS.items():
        assert period_of(day, period) == day.strftime(form)  # type: ignore[arg-type]  # the keys are periods


@st.composite
def windows(draw: st.DrawFn) -> tuple[Interval, ZoneInfo]:
    name, day = draw(st.sampled_from(MOMENTS))
    around = datetime.combine(day, time(), UTC)
    start = around + draw(st.integers(-2200, 1500)) * MINUTE
    return Interval(start, start + draw(st.integers(1, 4000)) * MINUTE), ZoneInfo(name)


@settings(max_examples=examples(60))
@given(windows(), st.sampled_from(PERIODS))
def test_the_parts_of_a_window_are_its_minutes_by_what_the_clock_shows(
    given_window: tuple[Interval, ZoneInfo], period: Period
) -> None:
    window, zone = given_window
    expected: dict[str, int] = {}
    moment = window.start
    while moment < window.end:
        name = moment.astimezone(zone).strftime(FORMATS[period])
        expected[name] = expected.get(name, 0) + 1
        moment += MINUTE

    parts = list(parts_of(window, zone, period))

    assert {name: part.length // MINUTE for name, part in parts} == expected
    assert [part.start for _, part in parts[1:]] == [part.end for _, part in parts[:-1]]


@settings(max_examples=examples(60))
@given(
    windows(), st.sampled_from(PERIODS), st.lists(st.tuples(st.integers(-300, 4200), st.integers(1, 900)), max_size=6)
)
def test_the_time_used_is_counted_minute_by_minute(
    given_window: tuple[Interval, ZoneInfo], period: Period, blocks: list[tuple[int, int]]
) -> None:
    window, zone = given_window
    taken = [
        Interval(window.start + begin * MINUTE, window.start + (begin + length) * MINUTE) for begin, length in blocks
    ]
    expected: dict[str, list[int]] = {}
    moment = window.start
    while moment < window.end:
        local = moment.astimezone(zone)
        count = expected.setdefault(local.strftime(FORMATS[period]), [0, 0])
        if any(low <= local.time() and (high == time.min or local.time() < high) for low, high in HOURS[0]):
            count[0] += any(block.start <= moment < block.end for block in taken)
            count[1] += 1
        moment += MINUTE

    found = used(taken, WorkingHours(zone, HOURS).within(window), parts_of(window, zone, period))

    assert {name: [use.taken // MINUTE, use.working // MINUTE] for name, use in found.items()} == expected
    for use in found.values():
        assert use.share is None if not use.working else 0 <= (use.share or 0) <= 1


kept = st.builds(
    Counted,
    st.lists(st.tuples(st.sampled_from([None, "a", "b"])), min_size=1, max_size=2, unique=True),
    st.sampled_from([None, *OUTCOMES]),
    st.booleans(),
    st.integers(0, 90).map(lambda minutes: minutes * MINUTE),
)


@given(st.lists(kept))
def test_tallies_count_each_appointment_once_under_each_of_its_keys(counted: list[Counted]) -> None:
    tallies = tallied(counted)

    assert list(tallies) == in_order(tallies)
    assert sum(tally.appointments for tally in tallies.values()) == sum(len(each.keys) for each in counted)
    for key, tally in tallies.items():
        mine = [each for each in counted if key in each.keys]
        held = [each for each in mine if each.outcome != "cancelled"]
        expected = [each for each in held if each.has_begun or each.outcome]
        missed = [each for each in expected if each.outcome == "no_show"]
        assert tally.appointments == len(mine)
        assert tally.length == sum((each.length for each in held), timedelta())
        assert tally.no_show_rate == (round(len(missed) / len(expected), 3) if expected else None)


def test_without_an_appointment_or_working_time_there_is_no_rate() -> None:
    assert Tally().no_show_rate is None
    assert Use().share is None
    assert (Use(MINUTE, 2 * MINUTE) + Use(MINUTE, 2 * MINUTE)).share == 0.5
