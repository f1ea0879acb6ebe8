from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_salesforce.appointments.intervals import Interval, intersect, merge, pad, subtract

START = datetime(2026, 3, 1, tzinfo=UTC)
RANGE = 60


def at(minute: int) -> datetime:
    return START + timedelta(minutes=minute)


def minutes_of(intervals: Iterable[Interval]) -> set[int]:
    return {
        minute
        for interval in intervals
        for minute in range(int((interval.start - START) / timedelta(minutes=1)), RANGE * 3)
        if at(minute) < interval.end
    }


intervals = st.builds(
    lambda start, length: Interval(at(start), at(start + length)), st.integers(0, RANGE - 1), st.integers(1, 20)
)
lists = st.lists(intervals, max_size=8)


def assert_is_tidy(result: list[Interval]) -> None:
    assert all(left.end < right.start for left, right in pairwise(result))


@given(lists)
def test_merge_keeps_every_minute_and_joins_what_touches(some: list[Interval]) -> None:
    merged = merge(some)

    assert minutes_of(merged) == minutes_of(some)
    assert_is_tidy(merged)


@given(lists, lists, lists)
def test_merge_is_associative(one: list[Interval], two: list[Interval], three: list[Interval]) -> None:
    assert merge([*merge([*one, *two]), *three]) == merge([*one, *merge([*two, *three])])


@given(lists, lists)
def test_intersection_is_the_minutes_of_both(one: list[Interval], two: list[Interval]) -> None:
    both = intersect(one, two)

    assert minutes_of(both) == minutes_of(one) & minutes_of(two)
    assert_is_tidy(both)


@given(lists, lists)
def test_subtraction_leaves_the_minutes_of_one_alone(one: list[Interval], two: list[Interval]) -> None:
    rest = subtract(one, two)

    assert minutes_of(rest) == minutes_of(one) - minutes_of(two)
    assert_is_tidy(rest)


@given(intervals, intervals)
def test_two_intervals_overlap_when_they_share_a_minute(one: Interval, two: Interval) -> None:
    assert one.overlaps(two) == bool(minutes_of([one]) & minutes_of([two]))


def test_pad_widens_to_both_sides_and_joins() -> None:
    padded = pad([Interval(at(10), at(20)), Interval(at(26), at(30))], timedelta(minutes=5), timedelta(minutes=1))

    assert padded == [Interval(at(5), at(31))]


def test_an_interval_knows_its_length() -> None:
    assert Interval(at(5), at(35)).length == timedelta(minutes=30)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (at(1), at(1)),
        (at(2), at(1)),
        (at(1).replace(tzinfo=None), at(2).replace(tzinfo=None)),
        (at(1).astimezone(ZoneInfo("Europe/Berlin")), at(2)),
    ],
)
def test_an_interval_that_is_none_is_refused(start: datetime, end: datetime) -> None:
    with pytest.raises(ValueError, match="interval"):
        Interval(start, end)
