from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from mcp_salesforce.appointments.intervals import Interval
from mcp_salesforce.appointments.openings import obstacles, spread
from mcp_salesforce.appointments.slots import SlotRequest

MONDAY = datetime(2026, 11, 23, 9, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
HOUR = timedelta(hours=1)
ZONES = st.sampled_from([ZoneInfo("UTC"), ZoneInfo("Asia/Kolkata"), ZoneInfo("America/New_York")])
candidates = st.sets(st.integers(0, 1000), max_size=80).map(lambda some: [MONDAY + n * QUARTER for n in sorted(some)])


@given(candidates, st.integers(1, 12), st.integers(1, 8), ZONES)
def test_offers_are_possible_starts_that_do_not_overlap_the_earliest_first_and_spread_over_days(
    possible: list[datetime], limit: int, quarters: int, zone: ZoneInfo
) -> None:
    length = quarters * QUARTER

    offered = spread(possible, length, limit, zone)

    assert len(offered) <= limit
    assert set(offered) <= set(possible)
    assert all(early + length <= late for early, late in pairwise(offered))
    assert offered[:1] == possible[:1]
    days = {start.astimezone(zone).date() for start in offered}
    assert len(days) == len(offered) or not [
        start
        for start in possible
        if start.astimezone(zone).date() not in days and all(abs(start - other) >= length for other in offered)
    ]
    if len(offered) < limit:
        assert not [start for start in possible if all(abs(start - other) >= length for other in offered)]


def test_one_offer_may_begin_where_another_ends() -> None:
    possible = [MONDAY, MONDAY + QUARTER, MONDAY + HOUR]

    assert spread(possible, HOUR, 3, ZoneInfo("UTC")) == [MONDAY, MONDAY + HOUR]


def test_a_day_alone_is_offered_from_its_morning_to_its_afternoon() -> None:
    possible = [MONDAY + n * QUARTER for n in range(29)]

    offered = spread(possible, HOUR, 3, ZoneInfo("UTC"))

    assert [start.hour for start in offered] == [9, 11, 14]


def test_obstacles_name_who_blocks_how_much_and_without_whom_there_would_be_a_slot() -> None:
    working = [Interval(MONDAY, MONDAY + 4 * HOUR)]
    busy = {
        "most": [Interval(MONDAY, MONDAY + 3 * HOUR)],
        "some": [Interval(MONDAY + HOUR / 2, MONDAY + HOUR)],
        "none": [Interval(MONDAY - HOUR, MONDAY)],
    }

    found = obstacles(busy, [working], SlotRequest(2 * HOUR))

    assert found.working == 4 * HOUR
    assert found.longest == HOUR
    assert found.blocked == {"most": 3 * HOUR, "some": HOUR / 2}
    assert list(found.blocked) == ["most", "some"]
    assert found.decisive == ("most",)


def test_obstacles_count_buffers_and_only_the_working_time_that_all_share() -> None:
    early, late = Interval(MONDAY, MONDAY + 2 * HOUR), Interval(MONDAY + HOUR, MONDAY + 3 * HOUR)
    busy = {"one": [Interval(MONDAY, MONDAY + HOUR)]}

    found = obstacles(busy, [[early], [late]], SlotRequest(HOUR, buffer_before=QUARTER))

    assert found.working == HOUR
    assert found.blocked == {"one": QUARTER}
    assert found.longest == 3 * QUARTER
    assert obstacles({}, [], SlotRequest(HOUR)).working == timedelta()
