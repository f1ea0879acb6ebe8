"""Slots against a brute-force oracle that looks at every minute."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcp_salesforce.appointments.intervals import Interval
from mcp_salesforce.appointments.slots import SlotRequest, WorkingHours, free_time, starts
from tests.effort import examples

MINUTE = timedelta(minutes=1)
# Days around a change of the clocks: both directions, half an hour (Lord Howe), at midnight (Santiago, Beirut),
# and the day that Samoa left out.
CHANGES = [
    ("Europe/Berlin", date(2026, 3, 29)),
    ("Europe/Berlin", date(2026, 10, 25)),
    ("America/New_York", date(2026, 3, 8)),
    ("America/New_York", date(2026, 11, 1)),
    ("Australia/Lord_Howe", date(2026, 4, 5)),
    ("Australia/Lord_Howe", date(2026, 10, 4)),
    ("America/Santiago", date(2026, 9, 6)),
    ("Asia/Beirut", date(2026, 3, 29)),
    ("Pacific/Apia", date(2011, 12, 30)),
    ("Asia/Kolkata", date(2026, 6, 1)),
    ("UTC", date(2026, 6, 1)),
]


@dataclass(frozen=True)
class Calendar:
    zone: ZoneInfo
    spans: dict[int, tuple[tuple[time, time], ...]]
    busy: tuple[Interval, ...]

    @property
    def hours(self) -> WorkingHours:
        return WorkingHours(self.zone, self.spans)

    def works_at(self, instant: datetime) -> bool:
        local = instant.astimezone(self.zone)
        return any(
            opening <= local.time() and (closing == time.min or local.time() < closing)
            for opening, closing in self.spans.get(local.weekday(), ())
        )


clock_times = st.integers(0, 47).map(lambda half: time(half // 2, half % 2 * 30))


@st.composite
def calendars(draw: st.DrawFn, window: Interval, zone: ZoneInfo) -> Calendar:
    edges = sorted(draw(st.lists(clock_times, min_size=2, max_size=4, unique=True)))
    spans = tuple(zip(edges[::2], edges[1::2], strict=False))
    if draw(st.booleans()):
        spans = (*spans[:-1], (spans[-1][0], time.min)) if spans[-1][0] != time.min else ((time.min, time.min),)
    starts_and_lengths = draw(st.lists(st.tuples(st.integers(0, 3000), st.integers(1, 300)), max_size=5))
    busy = tuple(
        Interval(window.start + start * MINUTE, window.start + (start + length) * MINUTE)
        for start, length in starts_and_lengths
    )
    return Calendar(zone, dict.fromkeys(range(7), spans), busy)


@settings(max_examples=examples(150), deadline=None)
@given(st.data())
def test_slots_are_exactly_those_that_a_look_at_every_minute_finds(data: st.DataObject) -> None:
    name, day = data.draw(st.sampled_from(CHANGES))
    start = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=14)
    window = Interval(start, start + timedelta(hours=50))
    others = st.sampled_from([ZoneInfo(name), ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Kolkata")])
    everyone = [data.draw(calendars(window, data.draw(others))) for _ in range(data.draw(st.integers(1, 3)))]
    request = SlotRequest(
        length=data.draw(st.sampled_from([15, 20, 45, 90])) * MINUTE,
        granularity=data.draw(st.sampled_from([5, 15, 30])) * MINUTE,
        buffer_before=data.draw(st.sampled_from([0, 10])) * MINUTE,
        buffer_after=data.draw(st.sampled_from([0, 25])) * MINUTE,
    )

    free = free_time([c.busy for c in everyone], [c.hours.within(window) for c in everyone], request)

    assert list(starts(free, request)) == list(brute_force(window, everyone, request))


def brute_force(window: Interval, everyone: list[Calendar], request: SlotRequest) -> list[datetime]:
    length = int((window.end - window.start) / MINUTE)
    minutes = [window.start + n * MINUTE for n in range(length)]
    working = [all(calendar.works_at(minute) for calendar in everyone) for minute in minutes]
    busy = [interval for calendar in everyone for interval in calendar.busy]
    found = []
    for at, start in enumerate(minutes):
        end = start + request.length
        if (start - datetime(1970, 1, 1, tzinfo=UTC)) % request.granularity or end > window.end:
            continue
        clear = not any(
            block.start < end + request.buffer_after and start - request.buffer_before < block.end for block in busy
        )
        if clear and all(working[at : at + int(request.length / MINUTE)]):
            found.append(start)
    return found


def test_working_hours_stay_on_the_clock_through_a_change() -> None:
    hours = WorkingHours(ZoneInfo("Europe/Berlin"), dict.fromkeys(range(7), ((time(9), time(17)),)))
    window = Interval(datetime(2026, 3, 28, tzinfo=UTC), datetime(2026, 3, 30, tzinfo=UTC))

    assert hours.within(window) == [
        Interval(datetime(2026, 3, 28, 8, tzinfo=UTC), datetime(2026, 3, 28, 16, tzinfo=UTC)),
        Interval(datetime(2026, 3, 29, 7, tzinfo=UTC), datetime(2026, 3, 29, 15, tzinfo=UTC)),
    ]


def test_hours_that_begin_in_a_gap_begin_when_the_clocks_have_changed() -> None:
    hours = WorkingHours(ZoneInfo("Europe/Berlin"), {6: ((time(2, 30), time(4)),)})
    window = Interval(datetime(2026, 3, 28, 12, tzinfo=UTC), datetime(2026, 3, 29, 12, tzinfo=UTC))

    assert hours.within(window) == [
        Interval(datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 3, 29, 2, tzinfo=UTC))
    ]


def test_nobody_to_ask_has_no_free_time() -> None:
    assert free_time([], [], SlotRequest(MINUTE)) == []


@pytest.mark.parametrize(
    "values",
    [
        {"length": timedelta(0)},
        {"length": MINUTE, "granularity": timedelta(0)},
        {"length": MINUTE, "buffer_before": -MINUTE},
        {"length": MINUTE, "buffer_after": -MINUTE},
    ],
)
def test_a_slot_request_that_makes_no_sense_is_refused(values: dict[str, timedelta]) -> None:
    with pytest.raises(ValueError, match=r"positive|negative"):
        SlotRequest(**values)
