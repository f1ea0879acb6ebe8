"""Many appointments in one call; the clock stands at 2026-11-22 09:00 UTC, a Sunday."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mcp import Client

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.salesforce.wire import HttpRequest
from mcp_salesforce.server import create_server
from tests.approving import approve
from tests.conftest import NOW, settings_of
from tests.effort import examples
from tests.orgs import new_org, without_appointments
from tests.tools.appointments.test_booking import Watched
from tests.tools.calls import call, called, refusal, rows_as_dicts
from tests.tools.events import all_day, stored, timed
from tests.tools.tokens import tokens

pytestmark = pytest.mark.anyio
TOOL = "reschedule_appointments"
MINUTE = timedelta(minutes=1)


@asynccontextmanager
async def desk(org: LocalOrg, way: Watched | None = None, **changes: Any) -> AsyncIterator[Client]:
    server = create_server(settings_of(org, toolsets="all", **changes), transport=way or Watched(org), now=lambda: NOW)
    async with Client(server, raise_exceptions=True, elicitation_callback=approve) as client:
        yield client


@pytest.fixture
async def mcp(org: LocalOrg) -> AsyncIterator[Client]:
    async with desk(org) as client:
        yield client


@pytest.fixture
def colleague(org: LocalOrg) -> str:
    [first, *_] = org.store.rows('SELECT Id FROM "User" WHERE Id != ? ORDER BY Id', [org.user_id])
    return str(first["Id"])


def times(org: LocalOrg, *ids: str) -> list[str]:
    return [stored(org, each)["StartDateTime"][:16] for each in ids]


async def test_the_appointments_of_a_sick_colleague_move_in_few_calls_and_tokens(org: LocalOrg, colleague: str) -> None:
    name = org.store.rows('SELECT Name FROM "User" WHERE Id = ?', [colleague])[0]["Name"]
    ids = [timed(org, f"Visit {hour}", f"2026-11-24T{hour:02}:00:00Z", OwnerId=colleague) for hour in (8, 9, 13, 14)]
    timed(org, "Team meeting", "2026-11-26T09:00:00Z", OwnerId=colleague)
    wanted = {"action": "move", "owner": name, "start": "2026-11-24", "next_free": "week", "not_before": "2026-11-26"}
    async with desk(org) as mcp:
        read = 0
        planned = await call(mcp, TOOL, **wanted, preview=True)
        done = await call(mcp, TOOL, **wanted)
        for answer in (planned, done):
            read += tokens(wanted) + tokens(answer)

    rows = rows_as_dicts(done)
    assert [row["outcome"] for row in rows] == ["moved"] * 4
    assert [row["start"] for row in rows_as_dicts(planned)] == [row["start"] for row in rows]
    assert {row["weekday"] for row in rows} == {"Thursday"}
    assert len({*times(org, *ids)}) == 4
    assert "2026-11-26T09:00" not in times(org, *ids)
    assert read <= 1_200


async def test_what_is_taken_stays_and_comes_first_and_one_undo_takes_all_back(org: LocalOrg, mcp: Client) -> None:
    early, late = timed(org, "Early", "2026-11-24T15:00:00Z"), timed(org, "Late", "2026-11-24T17:00:00Z")
    there = timed(org, "There", "2026-11-25T17:30:00Z")

    told, change_id = await called(mcp, TOOL, action="move", owner="me", start="2026-11-24", shift_days=1)

    assert told == {
        "done": 1,
        "not_done": 1,
        "columns": ["Id", "Subject", "weekday", "start", "outcome", "was", "why"],
        "rows": [
            [
                late, "Late", "Tuesday", "2026-11-24T12:00:00-05:00", "not done", None,
                f"taken: Nora Quill, Wednesday 2026-11-25 12:30-13:30 There ({there})",
            ],
            [early, "Early", "Wednesday", "2026-11-25T10:00:00-05:00", "moved", "2026-11-24T10:00:00-05:00", None],
        ],
        "time_zone": "America/New_York",
        "hint": "Give those another time, or next_free; allow_conflict only if the user wants that.",
    }  # fmt: skip
    assert times(org, early, late) == ["2026-11-25T15:00", "2026-11-24T17:00"]
    await call(mcp, "undo", change_id=change_id)
    assert times(org, early, late) == ["2026-11-24T15:00", "2026-11-24T17:00"]


async def test_each_may_have_a_time_of_its_own_and_two_may_exchange_theirs(org: LocalOrg, mcp: Client) -> None:
    one, other = timed(org, "One", "2026-11-24T15:00:00Z"), timed(org, "Other", "2026-11-24T16:00:00Z", 30)
    rows = [
        {"Id": one, "StartDateTime": "2026-11-24T16:00:00Z"},
        {"Id": other, "StartDateTime": "2026-11-24T15:00:00Z"},
    ]

    await call(mcp, TOOL, action="move", appointments=rows)

    assert times(org, one, other) == ["2026-11-24T16:00", "2026-11-24T15:00"]


async def test_allowed_overlaps_are_saved_and_named(org: LocalOrg, mcp: Client) -> None:
    one, there = timed(org, "One", "2026-11-24T15:00:00Z"), timed(org, "There", "2026-11-24T16:30:00Z")

    told = await call(mcp, TOOL, action="move", appointments=[one], shift_minutes=60, allow_conflict=True)

    [row] = rows_as_dicts(told)
    assert row["outcome"] == "moved"
    assert row["why"] == f"overlaps Nora Quill, Tuesday 2026-11-24 11:30-12:30 There ({there})"
    assert times(org, one) == ["2026-11-24T16:00"]


async def test_a_colleague_gets_those_that_are_free_there_and_others_at_the_next_free_time_of_the_day(
    org: LocalOrg, mcp: Client, colleague: str
) -> None:
    name = org.store.rows('SELECT Name FROM "User" WHERE Id = ?', [colleague])[0]["Name"]
    one, other = timed(org, "One", "2026-11-24T09:00:00Z"), timed(org, "Other", "2026-11-24T11:00:00Z")
    timed(org, "Theirs", "2026-11-24T11:00:00Z", OwnerId=colleague)

    told = await call(mcp, TOOL, action="hand_over", new_owner=name, appointments=[one, other], next_free="day")

    assert [row["outcome"] for row in rows_as_dicts(told)] == ["handed over"] * 2
    assert [stored(org, each)["OwnerId"] for each in (one, other)] == [colleague] * 2
    assert times(org, one, other) == ["2026-11-24T09:00", "2026-11-24T12:00"]


async def test_a_room_is_checked_and_finds_its_appointments(org: LocalOrg, mcp: Client) -> None:
    [room, *_] = [row["Id"] for row in org.store.rows("SELECT Id FROM Calendar WHERE Type = 'Resource' ORDER BY Id")]
    one = timed(org, "One", "2026-11-24T15:00:00Z")
    other = timed(org, "Other", "2026-11-25T15:00:00Z")
    for event in (one, other):
        org.insert("EventRelation", EventId=event, RelationId=room)
    org.records.update("Event", other, {"ShowAs": "Free"}, org.user_id)

    told = await call(mcp, TOOL, action="move", room=room, start="2026-11-24", shift_days=1)

    assert [row["Id"] for row in rows_as_dicts(told)] == [one]
    assert times(org, one) == ["2026-11-25T15:00"]


async def test_what_cannot_be_done_says_why_row_by_row(org: LocalOrg, mcp: Client, colleague: str) -> None:
    meeting = timed(org, "Meeting", "2026-11-24T15:00:00Z")
    org.insert("EventRelation", EventId=meeting, RelationId=colleague)
    [copy] = [row["Id"] for row in org.store.rows("SELECT Id FROM Event WHERE IsChild = 1 AND IsDeleted = 0")]
    closed = timed(org, "Cancelled: Lunch", "2026-11-24T17:00:00Z", ShowAs="Free")
    whole = all_day(org, "Fair", "2026-11-27")
    missing = "00Ulo0000009999EAA"

    told = await call(mcp, TOOL, action="move", appointments=[copy, closed, whole, missing, meeting], shift_minutes=30)

    why = {row["Id"]: row["why"] for row in rows_as_dicts(told)}
    assert why == {
        copy: "an invitee's copy: use the organizer's appointment",
        closed: "cancelled already",
        whole: "all-day: give a day, or shift_days",
        missing: "there is no such appointment: check the Id",
        meeting: None,
    }
    assert told["warning"] == "The move reset the invitees' answers."
    assert (told["done"], told["not_done"]) == (1, 4)
    assert rows_as_dicts(told)[-1]["Id"] == meeting


async def test_several_are_closed_with_their_reason_or_deleted(org: LocalOrg, mcp: Client) -> None:
    one, other = timed(org, "One", "2026-11-24T15:00:00Z"), timed(org, "Other", "2026-11-24T16:00:00Z")

    told = await call(mcp, TOOL, action="close", outcome="cancelled", reason="Flood", owner="me", start="2026-11-24")

    assert [row["outcome"] for row in rows_as_dicts(told)] == ["cancelled"] * 2
    for event in (one, other):
        record = stored(org, event)
        assert record["Subject"].startswith("Cancelled: ")
        assert (record["ShowAs"], record["Description"]) == ("Free", "Cancelled: Flood")
    await call(mcp, TOOL, action="delete", appointments=[one, other])
    assert [stored(org, each)["IsDeleted"] for each in (one, other)] == [1, 1]


def tasks(org: LocalOrg) -> list[dict[str, Any]]:
    return [dict(each) for each in org.store.rows("SELECT * FROM Task WHERE IsDeleted = 0 ORDER BY Id", [])]


async def test_those_of_a_contact_are_closed_with_a_follow_up_of_each_and_one_undo(
    org: LocalOrg, tmp_path: Path
) -> None:
    ada = org.insert("Contact", LastName="Ode")
    ids = [timed(org, "Visit", f"2026-11-24T{hour}:00:00Z", WhoId=ada) for hour in (15, 16)]
    before = len(tasks(org))
    closing = {"action": "close", "outcome": "cancelled", "contact_id": ada, "start": "2026-11-24"}

    async with desk(org, journal=str(tmp_path / "journal.db")) as mcp:
        planned = await call(mcp, TOOL, **closing, follow_up={"ActivityDate": "2026-11-27"}, preview=True)
        told, change_id = await called(
            mcp, TOOL, **closing, follow_up={"ActivityDate": "2026-11-27", "Subject": "Call Ada"}
        )
        made, shown = tasks(org)[before:], [stored(org, each)["ShowAs"] for each in ids]
        await call(mcp, "undo", change_id=change_id)

    assert [each["count"] for each in planned["preview"]] == [2, 2]
    assert [row["follow_up"] for row in rows_as_dicts(told)] == [each["Id"] for each in made]
    assert [(each["Subject"], each["WhoId"], each["OwnerId"]) for each in made] == [("Call Ada", ada, org.user_id)] * 2
    assert shown == ["Free"] * 2
    assert len(tasks(org)) == before
    assert [stored(org, each)["Subject"] for each in ids] == ["Visit"] * 2


async def test_too_many_with_a_follow_up_are_refused_and_nothing_is_changed(org: LocalOrg, mcp: Client) -> None:
    ids = [timed(org, "Visit", f"2026-11-24T{15 + n // 4}:{n % 4 * 15:02}:00Z") for n in range(13)]
    due = {"ActivityDate": "2026-11-27"}

    told = await refusal(mcp, TOOL, action="close", outcome="cancelled", appointments=ids, follow_up=due)
    wrong = await refusal(mcp, TOOL, action="delete", appointments=ids, follow_up=due)

    assert told["message"] == "With follow_up, one call closes at most 12 appointments; these are 13."
    assert wrong["message"].startswith("Follow_up goes with close")
    assert {stored(org, each)["Subject"] for each in ids} == {"Visit"}


async def test_all_day_appointments_move_by_days(org: LocalOrg, mcp: Client) -> None:
    fair = all_day(org, "Fair", "2026-11-24")

    told = await call(mcp, TOOL, action="move", appointments=[fair], shift_days=2)

    assert rows_as_dicts(told)[0]["start"] == "2026-11-26"
    assert stored(org, fair)["ActivityDate"] == "2026-11-26"


async def test_a_shift_of_days_keeps_the_clock_through_a_change_of_the_clocks(org: LocalOrg, mcp: Client) -> None:
    event = timed(org, "Visit", "2027-03-13T15:00:00Z")  # the clocks of New York change on the 14th

    await call(mcp, TOOL, action="move", appointments=[event], shift_days=2)

    assert times(org, event) == ["2027-03-15T14:00"]


async def test_one_that_the_org_refuses_leaves_all_as_they_were(org: LocalOrg) -> None:
    one, other = timed(org, "One", "2026-11-24T15:00:00Z"), timed(org, "Other", "2026-11-24T17:00:00Z")
    rows = [
        {"Id": one, "StartDateTime": "2026-11-24T20:00:00Z"},
        {"Id": other, "StartDateTime": "2026-11-24T21:00:00Z"},
    ]

    def lose(request: HttpRequest) -> None:
        if b"EventRelation" in (request.body or b"") and not stored(org, other)["IsDeleted"]:
            org.records.delete("Event", other, org.user_id)

    async with desk(org, Watched(org, lose)) as watched:
        error = await refusal(watched, TOOL, action="move", appointments=rows)

    assert error["code"] == "ENTITY_IS_DELETED"
    assert error["message"].startswith(f"Nothing was changed: {other} ")
    assert times(org, one) == ["2026-11-24T15:00"]


async def test_a_time_that_somebody_else_books_meanwhile_is_named(org: LocalOrg) -> None:
    one = timed(org, "One", "2026-11-24T15:00:00Z")
    made: list[str] = []

    def book(request: HttpRequest) -> None:
        if request.method == "PATCH" and not made:
            made.append(timed(org, "Faster", "2026-11-24T20:15:00Z"))

    async with desk(org, Watched(org, book)) as mcp:
        told = await call(mcp, TOOL, action="move", appointments=[one], shift_minutes=300)

    assert told["warning"] == (
        "Double booking: somebody else booked the same time meanwhile: Nora Quill, Tuesday 2026-11-24 "
        f"15:15-16:15 Faster ({made[0]}). Move one."
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"action": "move"}, "Move needs a new time"),
        ({"action": "move", "shift_days": 1}, "not clear which appointments"),
        ({"action": "move", "shift_days": 1, "owner": "me"}, "not clear which appointments"),
        ({"action": "hand_over", "owner": "me", "start": "2026-11-24"}, "New_owner goes with hand_over"),
        ({"action": "close", "owner": "me", "start": "2026-11-24"}, "Outcome goes with close"),
        ({"action": "delete", "owner": "me", "start": "2026-11-24", "reason": "Ill"}, "Reason goes with close"),
        ({"action": "delete", "owner": "me", "start": "2026-11-24", "shift_days": 1}, "Delete takes no new time"),
        ({"action": "move", "shift_days": 1, "not_before": "2026-11-24"}, "Not_before needs next_free"),
    ],
)
async def test_arguments_that_do_not_go_together_are_refused(mcp: Client, arguments: dict[str, Any], said: str) -> None:
    assert said in (await refusal(mcp, TOOL, **arguments))["message"]


@pytest.mark.parametrize("wanted", [{"appointments": ["00Ulo0000009999EAA"]}, {"owner": "me", "start": "2027-01-24"}])
async def test_a_time_without_a_zone_is_refused_also_where_nothing_is_moved(
    mcp: Client, wanted: dict[str, Any]
) -> None:
    error = await refusal(mcp, TOOL, action="move", next_free="day", not_before="2026-11-25T13:00", **wanted)

    assert error["message"] == "'2026-11-25T13:00' has no time zone."


async def test_a_filter_that_nothing_matches_says_so(mcp: Client) -> None:
    told = await call(mcp, TOOL, action="move", owner="me", start="2027-01-24", shift_days=1)

    assert (told["done"], told["rows"]) == (0, [])
    assert told["hint"].startswith("No appointment matches.")


async def test_two_hundred_over_twenty_calendars_take_few_calls(org: LocalOrg) -> None:
    first = datetime(2026, 11, 24, 8, tzinfo=UTC)
    with org.store.transaction():
        people = [org.insert("User", **_person(org, number)) for number in range(20)]
        ids = [
            timed(org, "Visit", (first + number * 30 * MINUTE).strftime("%Y-%m-%dT%H:%M:%SZ"), 30, OwnerId=owner)
            for number in range(10)
            for owner in people
        ]
    way = Watched(org)
    async with desk(org, way) as mcp:
        told = await call(mcp, TOOL, action="move", appointments=ids, shift_days=7)

    assert told["done"] == 200
    assert len(way.calls) <= 12


def _person(org: LocalOrg, number: int) -> dict[str, Any]:
    [model] = org.store.rows('SELECT * FROM "User" WHERE Id = ?', [org.user_id])
    names = ("ProfileId", "TimeZoneSidKey", "LocaleSidKey", "EmailEncodingKey", "LanguageLocaleKey")
    return {
        **{name: model[name] for name in names},
        "LastName": f"Person {number}",
        "Alias": f"p{number}",
        "Email": f"p{number}@example.com",
        "Username": f"p{number}@example.com",
        "CommunityNickname": f"p{number}",
    }


EVENTS = st.lists(
    st.tuples(st.integers(0, 1), st.integers(0, 40), st.sampled_from([30, 60, 90]), st.booleans()),
    min_size=1,
    max_size=8,
)


@given(
    events=EVENTS,
    moved=st.sets(st.integers(0, 7), min_size=1),
    how=st.sampled_from(
        [
            {"action": "move", "shift_minutes": 45},
            {"action": "move", "shift_days": 1},
            {"action": "move", "shift_minutes": -30, "next_free": "day"},
            {"action": "move", "next_free": "week"},
            {"action": "hand_over", "new_owner": "me"},
            {"action": "hand_over", "new_owner": "me", "next_free": "week"},
        ]
    ),
)
@settings(max_examples=examples(200, 10), deadline=None)
async def test_no_set_of_moves_gives_a_minute_of_a_person_or_room_twice(
    events: list[tuple[int, int, int, bool]], moved: set[int], how: dict[str, Any]
) -> None:
    with new_org(lambda: NOW, contacts=1, then=without_appointments) as org:
        people = [
            org.user_id,
            *(row["Id"] for row in org.store.rows('SELECT Id FROM "User" WHERE Id != ?', [org.user_id])),
        ]
        [room, *_] = [
            row["Id"] for row in org.store.rows("SELECT Id FROM Calendar WHERE Type = 'Resource' ORDER BY Id")
        ]
        first = datetime(2026, 11, 24, 13, tzinfo=UTC)
        ids = []
        for who, slot, length, in_room in events:
            start = (first + slot * 15 * MINUTE).strftime("%Y-%m-%dT%H:%M:%SZ")
            ids.append(timed(org, "Visit", start, length, OwnerId=people[who]))
            if in_room:
                org.insert("EventRelation", EventId=ids[-1], RelationId=room)
        before = _minutes(org, room)
        chosen = [ids[number % len(ids)] for number in moved]
        async with desk(org) as mcp:
            told = await call(mcp, TOOL, appointments=chosen, **how)
        after = _minutes(org, room)
        done = {row["Id"] for row in rows_as_dicts(told) if row["outcome"] != "not done"}
        for (calendar, minute), there in after.items():
            assert len(there) == 1 or not there & done, (calendar, minute, there)
        for place, there in before.items():
            assert there - done <= after.get(place, set())


def _minutes(org: LocalOrg, room: str) -> dict[tuple[str, datetime], set[str]]:
    """Which events have which minute of which calendar."""
    held: dict[tuple[str, datetime], set[str]] = {}
    rooms = {row["EventId"] for row in org.store.rows("SELECT EventId FROM EventRelation WHERE RelationId = ?", [room])}
    for row in org.store.rows("SELECT * FROM Event WHERE IsDeleted = 0 AND IsAllDayEvent = 0"):
        minute, end = (datetime.fromisoformat(row[name]) for name in ("StartDateTime", "EndDateTime"))
        while minute < end:
            for calendar in (row["OwnerId"], *([room] if row["Id"] in rooms else [])):
                held.setdefault((calendar, minute), set()).add(row["Id"])
            minute += MINUTE
    return held


async def test_one_appointment_with_two_new_starts_is_a_question(org: LocalOrg, mcp: Client) -> None:
    one = timed(org, "One", "2026-11-24T15:00:00Z")
    starts = ["2026-11-25T15:00:00Z", "2026-11-26T15:00:00Z"]

    error = await refusal(mcp, TOOL, action="move", appointments=[{"Id": one, "StartDateTime": at} for at in starts])
    done = await call(mcp, TOOL, action="move", appointments=[{"Id": one, "StartDateTime": starts[0]}, one])

    assert error["fields"] == ["appointments"]
    assert all(each in error["message"] for each in (one, *starts))
    assert (done["done"], times(org, one)) == (1, ["2026-11-25T15:00"])


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({"action": "delete", "owner": "Nobody Here", "start": "2026-11-24"}, "owner"),
        ({"action": "delete", "owner": "me", "room": "Nowhere", "start": "2026-11-24"}, "room"),
        ({"action": "hand_over", "owner": "me", "start": "2026-11-24", "new_owner": "Nobody Here"}, "new_owner"),
    ],
)
async def test_a_name_of_nobody_is_refused_by_the_name_of_the_argument(
    mcp: Client, wanted: dict[str, Any], field: str
) -> None:
    error = await refusal(mcp, TOOL, **wanted)

    assert (error["code"], error["fields"]) == ("UNKNOWN_CALENDAR", [field])


async def test_errors_and_hints_say_what_can_be_given(org: LocalOrg, mcp: Client) -> None:
    late = timed(org, "Late", "2026-11-27T21:30:00Z", 30)

    no_time = await refusal(mcp, TOOL, action="delete", owner="me", start="today")
    choice = await refusal(mcp, TOOL, action="move", appointments=[late], next_free="month")
    full = await call(mcp, TOOL, action="move", appointments=[late], next_free="week")
    mixed = [late, {"Id": timed(org, "Early", "2026-11-25T15:00:00Z"), "StartDateTime": "2026-11-25T16:00:00Z"}]
    halfway = await call(mcp, TOOL, action="move", appointments=mixed)

    assert no_time["code"] == "INVALID_TIME"
    assert "'today'" in no_time["message"]
    assert choice["message"] == "next_free must be 'day' or 'week'."
    assert [row["why"] for row in rows_as_dicts(full)] == ["no free time"]
    assert full["hint"] == "The rest of that day or week has no free time: give not_before, such as the next day."
    assert rows_as_dicts(halfway)[0]["why"] == "no new start was given: give StartDateTime, a shift or next_free"
