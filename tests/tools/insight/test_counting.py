"""Appointments counted: each once, in the week that the zone's clocks show, and the working time they take."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mcp import Client

from mcp_salesforce.localorg import LocalOrg
from tests.conftest import ERAS
from tests.effort import examples
from tests.orgs import new_org, without_appointments
from tests.tools.calls import call, refusal, rows_as_dicts
from tests.tools.events import all_day, timed
from tests.tools.framework.test_allowed_tools import served
from tests.tools.test_availability import client_as, room, user

WEEK = {"start": "2026-11-16", "end": "2026-11-22"}
ZONES = ["UTC", "America/New_York", "Pacific/Auckland", "Asia/Kolkata"]


@pytest.fixture(params=ERAS)
def era(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def counted(mcp: Client, *by: str, **arguments: Any) -> list[dict[str, Any]]:
    return rows_as_dicts(await call(mcp, "count_appointments", **{**WEEK, "by": by, **arguments}))


async def test_a_report_by_owner_and_week_is_one_call(org: LocalOrg, mcp: Client) -> None:
    jonas = user(org, "Jonas Brandt")
    timed(org, "Visit", "2026-11-17T15:00:00Z", 90, OwnerId=jonas)
    timed(org, "No-show: Visit", "2026-11-18T15:00:00Z", OwnerId=jonas)
    timed(org, "Cancelled: Visit", "2026-11-19T15:00:00Z", OwnerId=jonas)
    timed(org, "Completed: Visit", "2026-11-20T15:00:00Z", OwnerId=org.user_id)
    timed(org, "Visit", "2026-11-24T15:00:00Z", 20, OwnerId=jonas)
    all_day(org, "Fair", "2026-11-24", OwnerId=jonas)

    answer = await call(mcp, "count_appointments", start="2026-11-16", end="2026-11-29", by=["owner", "week"])

    assert answer["total"] == 6
    assert answer["columns"] == [
        "owner", "week", "appointments", "hours", "cancelled", "no_show", "completed", "no_show_rate",
    ]  # fmt: skip
    assert answer["rows"] == [
        ["Nora Quill", "2026-W47", 1, 1, 0, 0, 1, 0.0],
        ["Jonas Brandt", "2026-W47", 3, 2.5, 1, 1, 0, 0.5],
        ["Jonas Brandt", "2026-W48", 2, 0.33, 0, 0, 0, None],
    ]


async def test_series_copies_and_rooms_are_not_counted_twice(org: LocalOrg, mcp: Client) -> None:
    made = await call(
        mcp,
        "create_appointment",
        data={
            "Subject": "Round",
            "StartDateTime": "2026-11-23T15:00:00Z",
            "DurationInMinutes": 30,
            "Recurrence2PatternText": "RRULE:FREQ=DAILY;INTERVAL=1;COUNT=3",
        },
    )
    assert made["occurrences"] == 3
    visit = timed(org, "Visit", "2026-11-24T18:00:00Z", OwnerId=org.user_id)
    await call(mcp, "set_invitees", event_id=visit, add=[user(org, "Jonas Brandt"), room(org)])

    window = {"start": "2026-11-23", "end": "2026-11-29"}
    assert await counted(mcp, "owner", **window) == [{"owner": "Nora Quill", "appointments": 4, "hours": 2.5}]
    assert await counted(mcp, "room", **window) == [
        {"room": "Harbour Room", "appointments": 1, "hours": 1},
        {"room": None, "appointments": 3, "hours": 1.5},
    ]
    (alone,) = await counted(mcp, "owner", calendars=["Harbour Room"], **window)
    assert alone["appointments"] == 1


async def test_utilisation_is_of_working_hours_with_invitations_and_without_overlaps(
    org: LocalOrg, mcp: Client
) -> None:
    jonas = user(org, "Jonas Brandt")
    zone = ZoneInfo(str(org.store.rows("SELECT TimeZoneSidKey z FROM User WHERE Id = ?", [jonas])[0]["z"]))

    def at(hour: int) -> str:
        return datetime(2026, 11, 17, hour, tzinfo=zone).astimezone(UTC).isoformat()

    timed(org, "Early", at(7), 180, OwnerId=jonas)  # an hour of it is working time
    timed(org, "Twice", at(9), 30, OwnerId=jonas)
    timed(org, "Free", at(12), 60, OwnerId=jonas, ShowAs="Free")
    invited = timed(org, "Visit", at(14), 60, OwnerId=org.user_id)
    await call(mcp, "set_invitees", event_id=invited, add=[jonas])

    (row,) = await counted(mcp, "owner", calendars=["Jonas Brandt"], utilisation=True)

    assert row["appointments"] == 3  # the invitation is its owner's
    assert (row["working_hours"], row["taken_hours"], row["utilisation"]) == (40, 2, 0.05)
    days = await counted(mcp, "day", calendars=["Jonas Brandt"], utilisation=True, working_hours="Mon-Fri 14-16")
    assert [(day["day"], day["taken_hours"], day["utilisation"]) for day in days if day["taken_hours"]] == [
        ("2026-11-17", 1, 0.5)
    ]
    (of_room,) = await counted(mcp, "room", calendars=["Harbour Room"], utilisation=True)
    assert of_room["utilisation"] == 0


async def test_what_cannot_be_seen_is_said(org: LocalOrg) -> None:
    async with client_as(org, "Jonas Brandt", toolsets="insight") as his:
        answer = await call(his, "count_appointments", **WEEK, by=["owner"], calendars=["Nora Quill"], utilisation=True)

    assert answer["note"] == "You cannot see all appointments of Nora Quill: more of the time may be taken."


async def test_a_field_of_the_org_is_counted_by_and_an_outcome_is_where_the_org_says() -> None:
    schema = "objects:\n  Event:\n    fields:\n      Kind__c: {type: picklist, values: [Check-up, Recall]}\n"
    schema += "      Status__c: {type: picklist, values: [Cancelled, No-show, Completed]}\n"
    with new_org(lambda: datetime(2026, 11, 22, 9, tzinfo=UTC), schema=schema, then=without_appointments) as org:
        timed(org, "A", "2026-11-17T15:00:00Z", Kind__c="Recall", Status__c="No-show")
        timed(org, "B", "2026-11-17T16:00:00Z", Kind__c="Recall")
        timed(org, "C", "2026-11-17T17:00:00Z")
        async with served(org, toolsets="all", appointment_status_field="Status__c") as mcp:
            by_kind = await counted(mcp, "kind__C", "outcome")
            listed = await call(mcp, "list_appointments", **WEEK)
            error = await refusal(mcp, "count_appointments", **WEEK, by=["type"])

    assert [list(row.values())[:3] for row in by_kind] == [
        ["Recall", "no_show", 1],
        ["Recall", "open", 1],
        [None, "open", 1],
    ]
    assert [row["outcome"] for row in rows_as_dicts(listed)] == ["no_show", None, None]
    assert "Kind__c" in error["hint"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ({"by": ["owner"], "start": ""}, "INVALID_ARGUMENT", "start and end are required"),
        ({"by": ["owner"], "end": "2036-01-01"}, "INVALID_ARGUMENT", "longer than two years"),
        ({"by": ["week", "month"]}, "INVALID_ARGUMENT", "several periods"),
        ({"by": ["ownr"]}, "INVALID_FIELD", "owner"),
        ({"by": ["Description"]}, "INVALID_FIELD", "cannot be counted by Description"),
        ({"by": ["outcome"], "utilisation": True}, "INVALID_ARGUMENT", "only by owner or room"),
        ({"by": ["week"], "utilisation": True}, "INVALID_ARGUMENT", "needs calendars"),
        ({"by": ["owner"], "utilisation": True, "working_hours": "always"}, "INVALID_TIME", "working hours"),
        ({"by": ["owner"], "calendars": ["Nobody"]}, "UNKNOWN_CALENDAR", "Nobody"),
    ],
)
async def test_what_cannot_be_counted_is_refused_with_what_to_do(
    mcp: Client, arguments: dict[str, Any], code: str, said: str
) -> None:
    error = await refusal(mcp, "count_appointments", **{**WEEK, **arguments})

    assert error["code"] == code
    assert said in error["message"] + error["hint"]
    assert error["hint"]


async def test_two_people_of_one_name_are_two_rows(org: LocalOrg, mcp: Client) -> None:
    twins = [org.insert("Contact", LastName="Ode", Email=f"{name}@example.com") for name in ("a", "b")]
    for twin in twins:
        timed(org, "Visit", "2026-11-17T15:00:00Z", WhoId=twin)

    assert [row["WhoId"] for row in await counted(mcp, "WhoId")] == [f"Ode ({twin})" for twin in sorted(twins)]


async def test_archived_appointments_are_counted_too(org: LocalOrg, mcp: Client) -> None:
    timed(org, "Old", "2024-12-30T15:00:00Z")
    org.store.execute("UPDATE Event SET IsArchived = 1")

    (row,) = await counted(mcp, "week", start="2024-12-01", end="2025-01-31")

    assert (row["week"], row["appointments"]) == ("2025-W01", 1)


async def test_owners_with_another_clock_than_the_report_are_named(org: LocalOrg, mcp: Client) -> None:
    for person in ("Nora Quill", "Jonas Brandt", "Aiko Sunada"):
        timed(org, "Visit", "2026-11-17T15:00:00Z", OwnerId=user(org, person))
    every_week = {**WEEK, "by": ["owner", "week"]}

    told = await call(mcp, "count_appointments", **every_week)

    assert told["note"] == (
        "Each week is one of America/New_York; Jonas Brandt is in Europe/Berlin, Aiko Sunada is in Asia/Tokyo."
    )
    for is_clear in ({"by": ["owner"]}, {"calendars": ["me"]}, {"time_zone": "Asia/Tokyo"}):
        assert "note" not in await call(mcp, "count_appointments", **{**every_week, **is_clear})


Wanted = tuple[str, int, bool, bool, bool]
"""Kind of an appointment, its day, and whether a room owns it, the room and a colleague are invited."""


@settings(max_examples=examples(25))
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["single", "lightning", "classic"]),
            st.integers(0, 4),
            st.booleans(),
            st.booleans(),
            st.booleans(),
        ),
        max_size=5,
    )
)
async def test_each_appointment_counts_once_whoever_has_a_copy_and_whatever_series_it_is_of(
    wanted: list[Wanted],
) -> None:
    owners: dict[str, int] = {}
    rooms: dict[str | None, int] = {}
    with new_org(lambda: datetime(2026, 11, 22, tzinfo=UTC), then=without_appointments) as org:
        async with served(org, toolsets="insight") as mcp:
            for hour, (kind, day, is_rooms, has_room, has_colleague) in enumerate(wanted):
                at, owner = datetime(2026, 11, 23 + day, 9 + hour, tzinfo=UTC), room(org) if is_rooms else org.user_id
                ids = _made(org, kind, at, owner)
                for event_id in ids:
                    for invitee in [room(org)] * has_room + [user(org, "Jonas Brandt")] * has_colleague:
                        org.insert("EventRelation", EventId=event_id, RelationId=invitee)
                name = "Harbour Room" if is_rooms else "Nora Quill"
                owners[name] = owners.get(name, 0) + len(ids)
                place = "Harbour Room" if is_rooms or has_room else None
                rooms[place] = rooms.get(place, 0) + len(ids)
            window = {"start": "2026-11-23", "end": "2026-12-06"}
            by_owner, by_room = await counted(mcp, "owner", **window), await counted(mcp, "room", **window)

    assert {row["owner"]: row["appointments"] for row in by_owner} == owners
    assert {row["room"]: row["appointments"] for row in by_room} == rooms


def _made(org: LocalOrg, kind: str, at: datetime, owner: str) -> list[str]:
    """Put an appointment or a series of three days into the org; return the Ids of its appointments."""
    subject, common = f"{kind} {at.isoformat()}", {"OwnerId": owner, "DurationInMinutes": 30}
    start = at.isoformat()
    if kind == "single":
        org.insert("Event", Subject=subject, StartDateTime=start, **common)
    elif kind == "lightning":
        rule = "RRULE:FREQ=DAILY;INTERVAL=1;COUNT=3"
        org.insert("Event", Subject=subject, StartDateTime=start, Recurrence2PatternText=rule, **common)
    else:
        last = (at + timedelta(days=2)).date().isoformat()
        daily = {"IsRecurrence": True, "RecurrenceType": "RecursDaily", "RecurrenceInterval": 1}
        org.insert(
            "Event", Subject=subject, RecurrenceStartDateTime=start, RecurrenceEndDateOnly=last, **daily, **common
        )
    sql = "SELECT Id FROM Event WHERE Subject = ? AND IsRecurrence = 0 AND GroupEventType <> '3'"
    return [row["Id"] for row in org.store.rows(sql, [subject])]


@settings(max_examples=examples(12))
@given(
    st.lists(
        st.tuples(st.integers(0, 12 * 24 * 4), st.integers(0, 20), st.sampled_from(["", "No-show: "])), max_size=8
    ),
    st.sampled_from(ZONES),
    st.sampled_from(["day", "week", "month"]),
)
async def test_counts_are_those_of_a_count_by_hand(events: list[tuple[int, int, str]], zone: str, period: str) -> None:
    first = datetime(2026, 12, 26, tzinfo=UTC)
    expected: dict[str, list[float]] = {}
    with new_org(lambda: datetime(2027, 2, 1, tzinfo=UTC), then=without_appointments) as org:
        for quarter, quarters, marker in events:
            start = first + timedelta(minutes=15 * quarter)
            timed(org, f"{marker}Visit", start.isoformat(), 15 * quarters)
            local = start.astimezone(ZoneInfo(zone))
            if "2026-12-27" <= local.date().isoformat() <= "2027-01-05":
                form = {"day": "%Y-%m-%d", "week": "%G-W%V", "month": "%Y-%m"}[period]
                count = expected.setdefault(local.strftime(form), [0, 0, 0])
                count[0] += 1
                count[1] += quarters / 4
                count[2] += bool(marker)
        async with served(org, toolsets="insight") as mcp:
            found = await counted(mcp, period, start="2026-12-27", end="2027-01-05", time_zone=zone)

    assert {row[period]: [row["appointments"], row["hours"], row.get("no_show", 0)] for row in found} == expected


async def test_who_was_asked_for_and_has_none_has_a_row_with_0(org: LocalOrg, mcp: Client) -> None:
    other = org.store.rows("SELECT Id FROM User WHERE Id <> ?", [org.user_id])[0]["Id"]
    window = {"start": "2031-03-03", "end": "2031-03-16", "calendars": ["me", other]}
    whole = await call(mcp, "count_appointments", **window, by=["owner"])
    weeks = await call(mcp, "count_appointments", **window, by=["owner", "week"])
    assert [row[-2:] for row in whole["rows"]] == [[0, 0]] * 2
    assert sorted({row[1] for row in weeks["rows"]}) == ["2031-W10", "2031-W11"]
    assert [row[2] for row in weeks["rows"]] == [0] * 4
