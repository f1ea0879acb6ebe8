from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from mcp_salesforce.appointments.busy import Block, Calendar
from mcp_salesforce.appointments.conflicts import conflicts_with, hull
from mcp_salesforce.appointments.intervals import Interval
from mcp_salesforce.appointments.spans import Span

START = datetime(2026, 11, 24, 9, tzinfo=UTC)
BERLIN = Calendar("005J", "Jonas", ZoneInfo("Europe/Berlin"))
TOKYO = Calendar("005A", "Aiko", ZoneInfo("Asia/Tokyo"))


def at(minute: int) -> datetime:
    return START + timedelta(minutes=minute)


def block(event_id: str, start: int, end: int, subject: str = "Call", *, is_copy: bool = False) -> Block:
    return Block(Interval(at(start), at(end)), event_id, subject, is_copy=is_copy)


blocks = st.lists(
    st.builds(
        lambda number, start, length: block(f"00U{number}", start, start + length),
        st.integers(0, 99),
        st.integers(0, 300),
        st.integers(1, 60),
    ),
    max_size=8,
)
spans = st.lists(
    st.builds(lambda start, length: Span(at(start), at(start + length)), st.integers(0, 300), st.integers(0, 60)),
    max_size=5,
)


@given(blocks, spans)
def test_conflicts_are_what_shares_a_minute_with_one_of_the_spans(taken: list[Block], wanted: list[Span]) -> None:
    found = conflicts_with(wanted, [BERLIN], {BERLIN.id: taken})

    assert {id(conflict.block) for conflict in found} == {
        id(each)
        for each in taken
        if any(
            each.interval.start < span.end and span.start < each.interval.end and span.end > span.start
            for span in wanted
        )
    }
    starts = [conflict.block.interval.start for conflict in found]
    assert starts == sorted(starts)


def test_a_whole_day_is_the_day_of_each_calendar() -> None:
    midnight = datetime(2026, 11, 24, tzinfo=UTC)
    day = Span(midnight, midnight, all_day=True)
    late = block("00U1", 23 * 60 - 9 * 60, 24 * 60 - 9 * 60)  # 23:00 to 24:00 UTC: the next day in both zones
    early = block("00U2", -10 * 60 - 30, -10 * 60)  # 22:30 to 23:00 UTC of the day before: the day itself in Tokyo

    found = conflicts_with([day], [BERLIN, TOKYO], {BERLIN.id: [early, late], TOKYO.id: [early, late]})

    assert [(conflict.calendar.name, conflict.block.event_id) for conflict in found] == [("Aiko", "00U2")]
    assert hull([day], [BERLIN, TOKYO]) == Interval(midnight - timedelta(hours=9), midnight + timedelta(hours=23))


def test_an_appointment_is_no_conflict_of_itself_nor_are_its_invitees_copies() -> None:
    span = Span(at(0), at(60))
    taken = [
        block("00U1", 0, 60),
        block("00U2", 0, 60, is_copy=True),
        block("00U3", 0, 60, "Other", is_copy=True),
        block("00U4", 0, 60),
    ]

    found = conflicts_with(
        [span], [BERLIN], {BERLIN.id: taken}, but_not=["00U1"], copies_of=[(Interval(at(0), at(60)), "Call")]
    )

    assert [conflict.block.event_id for conflict in found] == ["00U3", "00U4"]


def test_what_takes_no_time_has_no_hull_and_no_conflicts() -> None:
    nothing = Span(at(0), at(0))

    assert hull([nothing], [BERLIN]) is None
    assert hull([], [BERLIN]) is None
    assert conflicts_with([nothing], [BERLIN], {BERLIN.id: [block("00U1", -10, 10)]}) == []


def test_a_conflict_is_told_with_weekday_local_time_subject_and_id() -> None:
    (found,) = conflicts_with([Span(at(0), at(60))], [BERLIN], {BERLIN.id: [block("00U1", 0, 60, "A" * 31)]})
    (private,) = conflicts_with([Span(at(0), at(60))], [BERLIN], {BERLIN.id: [block("00U1", 0, 24 * 60, "")]})

    told = found.told(BERLIN.zone, with_calendar=False)
    assert told == f"Tuesday 2026-11-24 10:00-11:00 {'A' * 29}\u2026 (00U1)"
    assert private.told(TOKYO.zone, with_calendar=True) == (
        "Jonas, Tuesday 2026-11-24 18:00-2026-11-25 18:00 private (00U1)"
    )
