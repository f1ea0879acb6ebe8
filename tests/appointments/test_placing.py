"""Moves together, against a brute-force oracle that looks at every minute."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import combinations
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from mcp_salesforce.appointments.busy import Block, Calendar
from mcp_salesforce.appointments.hours import hours_of
from mcp_salesforce.appointments.intervals import Interval
from mcp_salesforce.appointments.placing import Move, Placed, Placing
from mcp_salesforce.appointments.spans import Span
from tests.effort import examples

MINUTE = timedelta(minutes=1)
START = datetime(2026, 11, 24, 6, tzinfo=UTC)
CALENDARS = (
    Calendar("005J", "Jonas", ZoneInfo("Europe/Berlin")),
    Calendar("005N", "Nora", ZoneInfo("America/New_York")),
    Calendar("023R", "Room", ZoneInfo("Europe/Berlin"), is_person=False),
)
HOURS = hours_of("Mon-Fri 08:00-12:00,13:00-18:00")
WINDOW = Interval(START, START + timedelta(hours=16))
minutes = st.integers(0, 60).map(lambda number: number * 15)
lengths = st.sampled_from([15, 30, 60, 90])


def span(start: int, length: int) -> Span:
    return Span(START + start * MINUTE, START + (start + length) * MINUTE)


@st.composite
def moves(draw: st.DrawFn) -> list[Move]:
    made = []
    for number in range(draw(st.integers(1, 7))):
        held = draw(st.lists(st.sampled_from(CALENDARS), min_size=1, max_size=2, unique=True))
        new = draw(st.lists(st.sampled_from(CALENDARS), min_size=1, max_size=2, unique=True))
        length = draw(lengths)
        target = span(draw(minutes), length) if draw(st.booleans()) else None
        window = WINDOW if target is None or draw(st.booleans()) else None
        takes = draw(st.sampled_from([True, True, True, False]))
        made.append(Move(f"00U{number}", "", span(draw(minutes), length), held, new, target, window, takes_time=takes))
    return made


blocks = st.fixed_dictionaries(
    {
        calendar.id: st.lists(
            st.builds(
                lambda number, start, length: Block(
                    Interval(START + start * MINUTE, START + (start + length) * MINUTE), f"00Uother{number}"
                ),
                st.integers(0, 9),
                minutes,
                lengths,
            ),
            max_size=4,
        )
        for calendar in CALENDARS
    }
)


def minutes_of(start: datetime, end: datetime) -> range:
    return range((start - START) // MINUTE, (end - START) // MINUTE)


def held_minutes(placed: list[Placed]) -> dict[str, Counter[int]]:
    """How many of the moved appointments each minute of each calendar belongs to."""
    held = {calendar.id: Counter[int]() for calendar in CALENDARS}
    for each in placed:
        if each.span and each.move.takes_time:
            for calendar in each.move.calendars:
                held[calendar.id].update(minutes_of(each.span.start, each.span.end))
    return held


@settings(max_examples=examples(400), deadline=None)
@given(moves(), blocks)
def test_no_minute_is_given_twice_nor_one_that_was_taken_or_that_an_appointment_which_stays_has(
    wanted: list[Move], taken: dict[str, list[Block]]
) -> None:
    placed = Placing(taken, HOURS, START).place(wanted)

    held = held_minutes(placed)
    assert [each.move for each in placed] == wanted
    assert all(count == 1 for minutes in held.values() for count in minutes.values())
    for calendar_id, of_others in taken.items():
        for block in of_others:
            assert not held[calendar_id].keys() & set(minutes_of(block.interval.start, block.interval.end))
    for stays in placed:
        if stays.span is None and stays.move.takes_time:
            was = set(minutes_of(stays.move.was.start, stays.move.was.end))
            assert not any(held[calendar.id].keys() & was for calendar in stays.move.held)


@settings(max_examples=examples(200), deadline=None)
@given(moves(), blocks)
def test_one_stays_only_where_its_time_is_taken_and_a_free_one_is_in_working_hours_and_keeps_the_length(
    wanted: list[Move], taken: dict[str, list[Block]]
) -> None:
    for each in Placing(taken, HOURS, START).place(wanted):
        if each.span is None:
            assert each.conflict is not None or each.move.window is not None
            continue
        assert each.span.end - each.span.start == each.move.was.end - each.move.was.start
        if each.span != each.move.target:
            assert WINDOW.start <= each.span.start
            assert each.span.end <= WINDOW.end
            people = [calendar for calendar in each.move.calendars if calendar.is_person] or each.move.calendars
            for calendar in people:
                clock = each.span.start.astimezone(calendar.zone)
                assert any(
                    opening <= clock.time() and (clock + (each.span.end - each.span.start)).time() <= closing
                    for opening, closing in HOURS.spans[clock.weekday()]
                )


@settings(max_examples=examples(100), deadline=None)
@given(moves(), blocks)
def test_a_given_time_is_kept_where_overlaps_are_allowed_and_each_of_them_is_named(
    wanted: list[Move], taken: dict[str, list[Block]]
) -> None:
    fixed = [move for move in wanted if move.target and not move.window]
    placed = Placing(taken, HOURS, START, allow_conflict=True).place(fixed)

    assert [each.span for each in placed] == [move.target for move in fixed]
    for one, other in combinations(placed, 2):
        if share_time(one, other):
            assert one.conflict or other.conflict


def share_time(one: Placed, other: Placed) -> bool:
    assert one.span
    assert other.span
    shared = set(one.move.calendars) & set(other.move.calendars)
    overlap = one.span.start < other.span.end and other.span.start < one.span.end
    return bool(shared) and overlap and one.move.takes_time and other.move.takes_time


def test_two_that_exchange_their_times_are_both_moved() -> None:
    one = Move("00U1", "A", span(0, 60), CALENDARS[:1], CALENDARS[:1], span(60, 60))
    other = Move("00U2", "B", span(60, 60), CALENDARS[:1], CALENDARS[:1], span(0, 60))

    assert [each.span for each in Placing({}, HOURS, START).place([one, other])] == [one.target, other.target]


def test_one_that_cannot_leave_keeps_the_others_out_of_its_time() -> None:
    one = Move("00U1", "A", span(0, 60), CALENDARS[:1], CALENDARS[:1], span(60, 60))
    other = Move("00U2", "B", span(60, 60), CALENDARS[:1], CALENDARS[:1], span(120, 60))
    taken = {CALENDARS[0].id: [Block(Interval(START + 150 * MINUTE, START + 180 * MINUTE), "00Uother")]}

    first, second = Placing(taken, HOURS, START).place([one, other])

    assert (first.span, second.span) == (None, None)
    assert first.conflict
    assert second.conflict
    assert (first.conflict.block.event_id, second.conflict.block.event_id) == ("00U2", "00Uother")
