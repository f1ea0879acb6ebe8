"""Series, through the whole stack: booked, read back, changed and deleted; the clock stands at 2026-11-22, a Sunday."""

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr
from mcp import Client

from mcp_salesforce.appointments.classic import classic_rule
from mcp_salesforce.appointments.recurrence import Rule
from mcp_salesforce.appointments.spans import Span
from mcp_salesforce.appointments.times import zone_named
from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.salesforce import AsgiTransport
from mcp_salesforce.salesforce.wire import HttpReply, HttpRequest
from mcp_salesforce.server import create_server
from mcp_salesforce.tools.appointments.new_series import MadeSeries, SeriesPlan
from tests.approving import approve
from tests.conftest import NOW, settings_of
from tests.tools.calls import call, called, refusal

NEW_YORK = ZoneInfo("America/New_York")  # where the user is
WEEKLY = {
    "Subject": "Stand-up",
    "StartDateTime": "2026-11-24T09:00",
    "DurationInMinutes": 30,
    "time_zone": "America/New_York",
    "Recurrence2PatternText": "FREQ=WEEKLY;BYDAY=TU;COUNT=4",
}
PAST_WEEKLY = WEEKLY | {"StartDateTime": "2026-11-10T09:00"}  # two of the four have taken place
CLASSIC = {
    "Subject": "Stand-up",
    "IsRecurrence": True,
    "RecurrenceType": "RecursDaily",
    "RecurrenceInterval": 1,
    "RecurrenceStartDateTime": "2026-11-23T14:00:00Z",
    "RecurrenceEndDateOnly": "2026-11-26",
    "DurationInMinutes": 30,
}


def live(org: LocalOrg, subject: str = "Stand-up") -> list[dict[str, Any]]:
    """The appointments that are there, without the records of series."""
    sql = (
        "SELECT * FROM Event WHERE Subject = ? AND IsDeleted = 0 AND IsRecurrence = 0 AND GroupEventType <> '3' "
        "ORDER BY StartDateTime"
    )
    return [dict(row) for row in org.store.rows(sql, [subject])]


def days(org: LocalOrg, subject: str = "Stand-up") -> list[str]:
    return [row["StartDateTime"][5:10] for row in live(org, subject)]


async def test_a_series_comes_back_in_words_with_its_first_appointments(org: LocalOrg, mcp: Client) -> None:
    made = await call(mcp, "create_appointment", data=WEEKLY)

    assert made["recurrence"] == "every week on Tuesday, 4 times, on the clock of America/New_York"
    assert made["occurrences"] == 4
    assert made["first_occurrences"] == [
        "Tuesday 2026-11-24T09:00:00-05:00",
        "Tuesday 2026-12-01T09:00:00-05:00",
        "Tuesday 2026-12-08T09:00:00-05:00",
        "Tuesday 2026-12-15T09:00:00-05:00",
    ]
    assert made["start"]["weekday"] == "Tuesday"
    assert "warning" not in made
    assert made["Id"] == live(org)[0]["Id"]
    read = await call(mcp, "get_appointment", event_id=live(org)[2]["Id"])
    assert read["recurrence"] == made["recurrence"]
    assert read["start"]["local"] == "2026-12-08T09:00:00-05:00"


async def test_a_weekly_nine_oclock_stays_nine_oclock_through_both_changes_of_the_clocks(
    org: LocalOrg, mcp: Client
) -> None:
    rule = "FREQ=WEEKLY;BYDAY=TU;UNTIL=2027-11-30"

    made = await call(mcp, "create_appointment", data=WEEKLY | {"Recurrence2PatternText": rule})

    local = [datetime.fromisoformat(row["StartDateTime"]).astimezone(NEW_YORK) for row in live(org)]
    assert {at.strftime("%A %H:%M") for at in local} == {"Tuesday 09:00"}
    assert {at.astimezone(UTC).hour for at in local} == {13, 14}
    assert len(local) == made["occurrences"] == 54
    assert local[-1].date().isoformat() == "2027-11-30"
    assert len(made["first_occurrences"]) == 10


@pytest.mark.parametrize(
    ("rule", "start"),
    [
        ("FREQ=DAILY;INTERVAL=3;COUNT=12", "2026-11-24"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TU,FR;WKST=SU;COUNT=12", "2026-11-24"),
        ("FREQ=MONTHLY;BYMONTHDAY=31;COUNT=5", "2026-12-31"),
        ("FREQ=MONTHLY;BYDAY=-1FR;COUNT=12", "2026-11-27"),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;COUNT=12", "2026-11-30"),
        ("FREQ=YEARLY;BYMONTH=11;BYDAY=4TU;COUNT=3", "2026-11-24"),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;COUNT=2", "2028-02-29"),
    ],
)
async def test_appointments_are_those_of_dateutil_on_the_clock(
    org: LocalOrg, mcp: Client, rule: str, start: str
) -> None:
    clock = datetime.fromisoformat(f"{start}T09:00")
    expected = [at.replace(tzinfo=NEW_YORK).isoformat() for at in rrulestr(rule, dtstart=clock)]

    made = await call(
        mcp, "create_appointment", data=WEEKLY | {"StartDateTime": f"{start}T09:00", "Recurrence2PatternText": rule}
    )

    local = [datetime.fromisoformat(row["StartDateTime"]).astimezone(NEW_YORK).isoformat() for row in live(org)]
    assert local == expected
    assert [said.partition(" ")[2] for said in made["first_occurrences"]] == expected[:10]


async def test_an_all_day_series_is_on_its_days_in_every_zone(org: LocalOrg, mcp: Client) -> None:
    made = await call(
        mcp,
        "create_appointment",
        data={
            "Subject": "Market",
            "StartDateTime": "2026-11-23",
            "IsAllDayEvent": True,
            "time_zone": "Pacific/Auckland",
            "Recurrence2PatternText": "RRULE:FREQ=WEEKLY;BYDAY=MO;UNTIL=20261207",
        },
    )

    assert made["first_occurrences"] == ["Monday 2026-11-23", "Monday 2026-11-30", "Monday 2026-12-07"]
    assert [row["ActivityDate"] for row in live(org, "Market")] == ["2026-11-23", "2026-11-30", "2026-12-07"]


@pytest.mark.parametrize(
    ("changes", "said", "hint"),
    [
        ({"Recurrence2PatternText": "FREQ=WEEKLY;BYDAY=TU"}, "has no end", "UNTIL=2026-12-31"),
        ({"Recurrence2PatternText": "FREQ=WEEKLY;COUNT=3"}, "needs the weekdays", "BYDAY=MO,WE"),
        ({"Recurrence2PatternText": "FREQ=DAILY;COUNT=1000"}, "COUNT=1000", "1 to 999"),
        ({"Recurrence2PatternText": "FREQ=DAILY;UNTIL=2031-01-01"}, "more than 999", "earlier UNTIL"),
        ({"Recurrence2PatternText": "FREQ=DAILY;UNTIL=2026-11-23"}, "ends before its first", "later UNTIL"),
        (
            {"StartDateTime": "2026-11-23T09:00"},
            "StartDateTime is Monday 2026-11-23T09:00:00-05:00, but every week on Tuesday, 4 times begins Tuesday",
            "Start it then: Tuesday 2026-11-24T09:00:00-05:00",
        ),
        (
            {
                "StartDateTime": "2026-11-23T09:00",
                "Recurrence2PatternText": "FREQ=WEEKLY;BYDAY=TU;UNTIL=2026-12-15",  # a day on the clock of the series
            },
            "but every week on Tuesday, until 2026-12-15 begins Tuesday",
            "Start it then: Tuesday 2026-11-24T09:00:00-05:00",
        ),
        (
            {"time_zone": "Europe/Berlin", "Recurrence2PatternText": "FREQ=WEEKLY;BYDAY=TU;COUNT=20"},
            "the clock of the user's zone, America/New_York: the time in Europe/Berlin would change on 2027-03-16",
            "RecurrenceTimeZoneSidKey=Europe/Berlin",
        ),
    ],
)
async def test_a_series_that_cannot_be_as_said_is_refused_before_anything_is_sent(
    org: LocalOrg, mcp: Client, changes: dict[str, str], said: str, hint: str
) -> None:
    error = await refusal(mcp, "create_appointment", data=WEEKLY | changes)

    assert error["code"] == "INVALID_RECURRENCE"
    assert error["fields"] == ["Recurrence2PatternText"]
    assert said in error["message"]
    assert hint in error["hint"]
    assert live(org) == []


async def test_another_zone_is_fine_while_its_clock_agrees(mcp: Client) -> None:
    made = await call(mcp, "create_appointment", data=WEEKLY | {"time_zone": "Europe/Berlin"})

    assert made["recurrence"].endswith("on the clock of America/New_York")
    assert made["first_occurrences"][0] == "Tuesday 2026-11-24T09:00:00+01:00"


class Editing:
    """A transport that changes what the org answers to some requests."""

    def __init__(self, org: LocalOrg, edits: Mapping[str, tuple[bytes, bytes]]) -> None:
        self._inner = AsgiTransport(org.app)
        self._edits = edits

    async def exchange(self, request: HttpRequest) -> HttpReply:
        reply = await self._inner.exchange(request)
        for part, (old, new) in self._edits.items():
            if part in request.url and old in reply.body:
                return HttpReply(reply.status, reply.headers, reply.body.replace(old, new))
        return reply

    async def close(self) -> None:
        await self._inner.close()


@pytest.fixture
async def edited(org: LocalOrg, request: pytest.FixtureRequest) -> AsyncIterator[Client]:
    server = create_server(settings_of(org), transport=Editing(org, request.param), now=lambda: NOW)
    async with Client(server, raise_exceptions=True, elicitation_callback=approve) as client:
        yield client


@pytest.mark.parametrize(
    "edited", [{"Event/describe": (b'"Recurrence2PatternText"', b'"Recurrence2Other"')}], indirect=True
)
async def test_an_org_without_createable_rules_is_said_to_be_one(org: LocalOrg, edited: Client) -> None:
    error = await refusal(edited, "create_appointment", data=WEEKLY)

    assert error["code"] == "NOT_SUPPORTED"
    assert "not createable" in error["message"]
    assert live(org) == []


@pytest.mark.parametrize("edited", [{"Recurrence2PatternStartDate": (b"T14:00:00", b"T15:00:00")}], indirect=True)
async def test_appointments_other_than_planned_are_told_as_they_are(edited: Client) -> None:
    made = await call(edited, "create_appointment", data=WEEKLY)

    assert made["warning"].startswith("Salesforce created other appointments than the rule asks for: missing ")
    assert "beside it " in made["warning"]
    assert made["first_occurrences"][0] == "Tuesday 2026-11-24T10:00:00-05:00"


@pytest.mark.parametrize("edited", [{"IsRecurrence2Exception": (b"RRULE:FREQ=WEEKLY", b"")}], indirect=True)
async def test_a_series_whose_appointments_are_not_there_yet_is_told_as_planned(edited: Client) -> None:
    made = await call(edited, "create_appointment", data=WEEKLY)

    assert made["occurrences"] == 4


async def test_one_appointment_of_a_series_is_deleted_alone(org: LocalOrg, mcp: Client) -> None:
    await call(mcp, "create_appointment", data=WEEKLY)

    deleted = await call(mcp, "delete_appointment", event_id=live(org)[1]["Id"])

    assert deleted["deleted"] is True
    assert "occurrences" not in deleted
    assert days(org) == ["11-24", "12-08", "12-15"]


async def test_an_appointment_and_those_after_it_are_deleted_with_their_number(org: LocalOrg, mcp: Client) -> None:
    await call(mcp, "create_appointment", data=PAST_WEEKLY)

    deleted = await call(mcp, "delete_appointment", event_id=live(org)[1]["Id"], scope="following")

    assert deleted["occurrences"] == 3
    assert days(org) == ["11-10"]


async def test_a_whole_series_is_deleted_with_its_number_and_its_own_record(org: LocalOrg, mcp: Client) -> None:
    await call(mcp, "create_appointment", data=WEEKLY)

    deleted = await call(mcp, "delete_appointment", event_id=live(org)[2]["Id"], scope="all")

    assert deleted["occurrences"] == 4
    assert org.store.rows("SELECT Id FROM Event WHERE Subject = 'Stand-up' AND IsDeleted = 0") == []


async def test_what_took_place_is_not_deleted_by_scope_all_and_the_ways_are_named(org: LocalOrg, mcp: Client) -> None:
    await call(mcp, "create_appointment", data=PAST_WEEKLY)
    first, _, third, _ = (row["Id"] for row in live(org))

    error = await refusal(mcp, "delete_appointment", event_id=third, scope="all")

    assert error["code"] == "PAST_APPOINTMENTS"
    assert "2 of its 4 appointments" in error["message"]
    assert f"following on {third}" in error["hint"]
    assert error["hint"].endswith(f"following on {first}.")
    assert len(live(org)) == 4


async def test_the_record_of_a_series_goes_only_as_a_whole(org: LocalOrg, mcp: Client) -> None:
    await call(mcp, "create_appointment", data=WEEKLY)
    own = org.store.rows("SELECT Id FROM Event WHERE GroupEventType = '3' AND Subject = 'Stand-up'")[0]["Id"]

    error = await refusal(mcp, "delete_appointment", event_id=own)
    assert error["hint"] == "Use scope all."
    assert (await call(mcp, "delete_appointment", event_id=own, scope="following"))["occurrences"] == 4
    assert live(org) == []


async def test_two_series_that_look_the_same_are_told_apart_by_their_first_appointments(
    org: LocalOrg, mcp: Client
) -> None:
    for _ in range(2):
        org.insert(
            "Event",
            Subject="Stand-up",
            StartDateTime="2026-11-24T14:00:00Z",
            DurationInMinutes=30,
            Recurrence2PatternText="RRULE:FREQ=DAILY;COUNT=2",
        )
    one, other = (row["Id"] for row in live(org)[:2])

    error = await refusal(mcp, "delete_appointment", event_id=one, scope="all")
    assert error["code"] == "AMBIGUOUS"
    assert one in error["message"]
    assert other in error["message"]

    deleted = await call(mcp, "delete_appointment", event_id=one, scope="following")
    assert "occurrences" not in deleted  # it cannot be known
    assert live(org)[0]["Id"] == other
    assert len(live(org)) == 2


@pytest.mark.parametrize("scope", ["following", "all"])
async def test_a_scope_without_a_series_is_refused(org: LocalOrg, mcp: Client, scope: str) -> None:
    event_id = org.insert("Event", Subject="Once", StartDateTime="2026-11-24T14:00:00Z", DurationInMinutes=30)
    other = org.store.rows("SELECT Id FROM User WHERE Id <> ?", [org.user_id])[0]["Id"]
    org.insert("EventRelation", EventId=event_id, RelationId=other)
    copy = org.store.rows("SELECT Id FROM Event WHERE IsChild = 1 AND Subject = 'Once'")[0]["Id"]

    for tool, more in (("delete_appointment", {}), ("update_appointment", {"data": {"Location": "Room 1"}})):
        error = await refusal(mcp, tool, event_id=event_id, scope=scope, **more)
        assert error["message"] == f"This appointment is not part of a series, so it has no scope {scope}."
        error = await refusal(mcp, tool, event_id=copy, scope=scope, **more)
        assert f"organizer's {event_id}" in error["hint"]
    assert len(live(org, "Once")) == 2


async def test_all_appointments_to_come_are_changed_and_counted(org: LocalOrg, mcp: Client) -> None:
    await call(mcp, "create_appointment", data=PAST_WEEKLY)

    told = await call(
        mcp,
        "update_appointment",
        event_id=live(org)[2]["Id"],
        data={"Location": "Room 2", "StartDateTime": "2026-11-24T10:00", "time_zone": "America/New_York"},
        scope="all",
    )

    assert told["occurrences"] == 2
    assert told["changed"]["start"]["after"]["local"] == "2026-11-24T10:00:00-05:00"
    assert [row["Location"] for row in live(org)] == [None, None, "Room 2", "Room 2"]
    assert [row["StartDateTime"][11:16] for row in live(org)] == ["14:00", "14:00", "15:00", "15:00"]


async def test_an_appointment_that_took_place_can_be_changed_alone(org: LocalOrg, mcp: Client) -> None:
    await call(mcp, "create_appointment", data=PAST_WEEKLY)

    told = await call(mcp, "update_appointment", event_id=live(org)[0]["Id"], data={"Location": "Room 2"})

    assert "occurrences" not in told
    assert [row["Location"] for row in live(org)] == ["Room 2", None, None, None]


async def test_days_are_left_out_of_a_new_series(org: LocalOrg, mcp: Client) -> None:
    holidays = ["2026-12-01", "2026-12-15", "2026-12-25"]
    wanted = WEEKLY | {"except": holidays}

    planned = await call(mcp, "create_appointment", data=wanted, preview=True)
    made, change_id = await called(mcp, "create_appointment", data=wanted)

    assert days(org) == ["11-24", "12-08"]
    assert made["occurrences"] == 2
    assert made["recurrence"] == (
        "every week on Tuesday, 4 times, on the clock of America/New_York, except 2026-12-01, 2026-12-15"
    )
    assert planned["first_occurrences"] == made["first_occurrences"]
    assert made["first_occurrences"] == ["Tuesday 2026-11-24T09:00:00-05:00", "Tuesday 2026-12-08T09:00:00-05:00"]
    await call(mcp, "undo", change_id=change_id)
    assert live(org) == []


async def test_a_new_series_leaves_alone_another_one_that_looks_the_same(org: LocalOrg, mcp: Client) -> None:
    await call(mcp, "create_appointment", data=WEEKLY)
    first = live(org)

    data = WEEKLY | {"Subject": "Another round", "except": ["2026-12-01"]}
    made = await call(mcp, "create_appointment", data=data, allow_conflict=True)

    assert live(org) == first
    assert len(live(org, "Another round")) == len(first)
    assert "cannot be distinguished" in made["warning"]
    assert "no day was left out" in made["warning"]


async def test_the_first_day_may_be_left_out_and_others_do_not_take_its_time(org: LocalOrg, mcp: Client) -> None:
    org.insert("Event", Subject="Fair", StartDateTime="2026-11-24T14:00:00Z", DurationInMinutes=30)

    made = await call(mcp, "create_appointment", data=WEEKLY | {"except": "2026-11-24"})

    assert made["Id"] == live(org)[0]["Id"]
    assert days(org) == ["12-01", "12-08", "12-15"]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"except": ["2026-11-24", "2026-12-01", "2026-12-08", "2026-12-15"]}, "leaves out all"),
        ({"except": ["2026-11-24"], "Recurrence2PatternText": None}, "except needs a rule"),
        ({"except": ["Christmas"]}, "Christmas"),
        ({"except": 5}, "not a list of days"),
    ],
)
async def test_days_that_cannot_be_left_out_are_refused(
    org: LocalOrg, mcp: Client, data: dict[str, Any], said: str
) -> None:
    assert said in (await refusal(mcp, "create_appointment", data=WEEKLY | data))["message"]
    assert live(org) == []


async def test_one_to_come_is_taken_out_moved_with_its_invitees_and_put_back_by_one_undo(
    org: LocalOrg, mcp: Client
) -> None:
    await call(mcp, "create_appointment", data=WEEKLY | {"Description": "Notes", "Location": "Room 1"})
    one = live(org)[1]["Id"]
    other = org.store.rows("SELECT Id FROM User WHERE Id <> ?", [org.user_id])[0]["Id"]
    await call(mcp, "set_invitees", event_id=one, add=[other])

    told, change_id = await called(
        mcp, "update_appointment", event_id=one, data={"StartDateTime": "2026-12-02T15:00:00Z"}
    )

    single = told["Id"]
    assert single != one
    assert told["changed"]["start"]["after"]["local"] == "2026-12-02T10:00:00-05:00"
    assert told["note"] == (
        "Salesforce's API cannot change one appointment of a series. It was replaced by a single appointment: "
        f"{single}. The invitees were invited again, so their answers are reset."
    )
    assert sorted({*days(org)}) == ["11-24", "12-02", "12-08", "12-15"]
    [record] = [row for row in live(org) if row["Id"] == single]
    assert (record["Description"], record["Location"], record["IsRecurrence2"]) == ("Notes", "Room 1", 0)
    invited = org.store.rows("SELECT RelationId FROM EventRelation WHERE EventId = ? AND IsDeleted = 0", [single])
    assert [row["RelationId"] for row in invited] == [other]
    await call(mcp, "undo", change_id=change_id)
    assert sorted({*days(org)}) == ["11-24", "12-01", "12-08", "12-15"]


async def test_one_to_come_is_cancelled_alone_with_its_follow_up(org: LocalOrg, mcp: Client) -> None:
    await call(mcp, "create_appointment", data=WEEKLY)
    one = live(org)[1]["Id"]

    told, change_id = await called(
        mcp,
        "close_appointment",
        event_id=one,
        outcome="cancelled",
        reason="Ill",
        follow_up={"ActivityDate": "2026-12-02"},
    )

    [record] = live(org, "Cancelled: Stand-up")
    assert (record["Id"], record["ShowAs"], record["Description"]) == (told["Id"], "Free", "Cancelled: Ill")
    assert days(org) == ["11-24", "12-08", "12-15"]
    assert told["follow_up"]["due"]["local"] == "2026-12-02"
    await call(mcp, "undo", change_id=change_id)
    assert days(org) == ["11-24", "12-01", "12-08", "12-15"]


async def test_a_series_with_a_holiday_one_moved_and_the_rest_ended_takes_three_calls(
    org: LocalOrg, mcp: Client
) -> None:
    made = await call(mcp, "create_appointment", data=WEEKLY | {"except": ["2026-12-01"]})
    moved = await call(mcp, "update_appointment", event_id=made["Id"], data={"StartDateTime": "2026-11-25T14:00:00Z"})
    rest = live(org)[1]["Id"]
    await call(mcp, "delete_appointment", event_id=rest, scope="following")

    assert [row["Id"] for row in live(org)] == [moved["Id"]]


async def test_from_one_appointment_on_a_series_has_another_time_and_its_invitees_and_its_gaps(
    org: LocalOrg, mcp: Client
) -> None:
    await call(mcp, "create_appointment", data=WEEKLY | {"except": ["2026-12-08"], "Location": "Room 1"})
    first, second, _ = (row["Id"] for row in live(org))
    other = org.store.rows("SELECT Id FROM User WHERE Id <> ?", [org.user_id])[0]["Id"]
    await call(mcp, "set_invitees", event_id=second, add=[other])
    wanted = {"event_id": second, "scope": "following", "data": {"StartDateTime": "2026-12-02T16:00:00Z"}}

    planned = await call(mcp, "update_appointment", **wanted, preview=True)
    told, change_id = await called(mcp, "update_appointment", **wanted)

    assert planned["first_occurrences"] == told["first_occurrences"]
    assert told["first_occurrences"] == ["Wednesday 2026-12-02T11:00:00-05:00", "Wednesday 2026-12-16T11:00:00-05:00"]
    assert told["recurrence"].startswith("every week on Wednesday, 3 times")
    assert told["recurrence"].endswith("except 2026-12-09")
    assert told["changed"]["start"]["after"]["local"] == "2026-12-02T11:00:00-05:00"
    own = [row for row in live(org) if not row["IsChild"]]
    assert [row["StartDateTime"][5:16] for row in own] == ["11-24T14:00", "12-02T16:00", "12-16T16:00"]
    assert own[0]["Id"] == first
    assert own[1]["Id"] == told["Id"]
    assert {row["Location"] for row in own} == {"Room 1"}
    for row in own[1:]:
        [invited] = org.store.rows(
            "SELECT RelationId FROM EventRelation WHERE EventId = ? AND IsDeleted = 0", [row["Id"]]
        )
        assert invited["RelationId"] == other
    await call(mcp, "undo", change_id=change_id)
    assert [row["StartDateTime"][5:16] for row in live(org) if not row["IsChild"]] == [
        "11-24T14:00",
        "12-01T14:00",
        "12-15T14:00",
    ]


async def test_from_one_appointment_on_a_series_may_have_another_rule(org: LocalOrg, mcp: Client) -> None:
    await call(mcp, "create_appointment", data=WEEKLY)
    third = live(org)[2]["Id"]

    await call(
        mcp,
        "update_appointment",
        event_id=third,
        scope="following",
        data={"Recurrence2PatternText": "FREQ=DAILY;COUNT=2", "Location": "Room 2"},
    )

    assert [(row["StartDateTime"][5:10], row["Location"]) for row in live(org)] == [
        ("11-24", None),
        ("12-01", None),
        ("12-08", "Room 2"),
        ("12-09", "Room 2"),
    ]


async def test_what_the_api_cannot_change_is_refused_by_name_with_what_to_do(org: LocalOrg, mcp: Client) -> None:
    await call(mcp, "create_appointment", data=PAST_WEEKLY)
    past, _, future, _ = (row["Id"] for row in live(org))
    before = live(org)
    room: dict[str, Any] = {"Location": "Room 2"}
    cases: list[tuple[dict[str, Any], str, str]] = [
        ({"event_id": past, "data": room, "scope": "following"}, "only from a future appointment on", future),
        ({"event_id": past, "data": room, "scope": "all"}, "only through one of its future appointments", future),
        (
            {"event_id": future, "data": {"StartDateTime": "2026-11-25T14:00:00Z"}, "scope": "all"},
            "the rule that sets its days",
            "scope following",
        ),
        (
            {"event_id": future, "data": {"Recurrence2PatternText": "FREQ=DAILY;COUNT=2"}, "scope": "all"},
            "cannot change the rule",
            "scope following",
        ),
    ]
    for arguments, said, hint in cases:
        error = await refusal(mcp, "update_appointment", **arguments)
        assert said in error["message"]
        assert hint in error["hint"]
    assert live(org) == before

    ended = org.insert("Event", **_without_zone(PAST_WEEKLY), StartDateTime="2025-12-02T14:00:00Z")
    over = org.store.rows("SELECT Id FROM Event WHERE _master = ?", [ended])[0]["Id"]
    error = await refusal(mcp, "update_appointment", event_id=over, data=room, scope="all")
    assert "The series has no future appointments" in error["message"]


def _without_zone(data: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if name not in {"time_zone", "StartDateTime"}}


async def test_a_classic_series_lets_each_appointment_change_alone_and_all_but_their_times_together(
    org: LocalOrg, mcp: Client
) -> None:
    org.insert("Event", **CLASSIC)
    one = live(org)[1]["Id"]

    moved = await call(mcp, "update_appointment", event_id=one, data={"StartDateTime": "2026-11-24T16:00:00Z"})
    assert "occurrences" not in moved
    told = await call(mcp, "update_appointment", event_id=one, data={"Location": "Room 2"}, scope="all")

    assert told["occurrences"] == 4
    assert [row["Location"] for row in live(org)] == ["Room 2"] * 4
    assert [row["StartDateTime"][11:16] for row in live(org)] == ["14:00", "16:00", "14:00", "14:00"]
    error = await refusal(
        mcp, "update_appointment", event_id=one, data={"StartDateTime": "2026-11-24T17:00:00Z"}, scope="all"
    )
    assert "Classic series" in error["message"]


async def test_a_classic_series_is_deleted_from_one_appointment_on_or_as_a_whole(org: LocalOrg, mcp: Client) -> None:
    own = org.insert("Event", **CLASSIC)

    deleted = await call(mcp, "delete_appointment", event_id=live(org)[2]["Id"], scope="following")
    assert deleted["occurrences"] == 2
    assert days(org) == ["11-23", "11-24"]

    error = await refusal(mcp, "delete_appointment", event_id=own)
    assert error["hint"] == "Use scope all."
    assert (await call(mcp, "delete_appointment", event_id=live(org)[0]["Id"], scope="all"))["occurrences"] == 2
    assert org.store.rows("SELECT Id FROM Event WHERE Subject = 'Stand-up' AND IsDeleted = 0") == []


async def test_a_policy_that_shows_few_fields_does_not_hide_that_an_appointment_is_one_of_a_series(
    org: LocalOrg, tmp_path: Path
) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text('[objects.Event]\nactions = ["read", "update"]\nfields = ["Subject", "Location", "OwnerId"]\n')
    org.insert("Event", **_without_zone(WEEKLY), StartDateTime="2026-11-24T14:00:00Z")
    server = create_server(settings_of(org, policy=policy), transport=AsgiTransport(org.app), now=lambda: NOW)

    async with Client(server, raise_exceptions=True, elicitation_callback=approve) as client:
        error = await refusal(client, "update_appointment", event_id=live(org)[1]["Id"], data={"Location": "Room 2"})

    assert "a single future appointment of a series" in error["message"]
    assert [row["Location"] for row in live(org)] == [None] * 4


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"RecurrenceType": "RecursDaily", "RecurrenceInterval": 3}, "every 3 days"),
        (
            {"RecurrenceType": "RecursEveryWeekday", "RecurrenceDayOfWeekMask": 62},
            "every week on Monday, Tuesday, Wednesday, Thursday and Friday",
        ),
        (
            {"RecurrenceType": "RecursWeekly", "RecurrenceInterval": 2, "RecurrenceDayOfWeekMask": 2 + 8},
            "every 2 weeks on Monday and Wednesday",
        ),
        (
            {"RecurrenceType": "RecursMonthly", "RecurrenceInterval": 1, "RecurrenceDayOfMonth": 24},
            "every month on day 24",
        ),
        (
            {
                "RecurrenceType": "RecursMonthlyNth",
                "RecurrenceInterval": 1,
                "RecurrenceInstance": "Last",
                "RecurrenceDayOfWeekMask": 32,
            },
            "every month on the last Friday",
        ),
        (
            {
                "RecurrenceType": "RecursYearlyNth",
                "RecurrenceInstance": "First",
                "RecurrenceDayOfWeekMask": 62,
                "RecurrenceMonthOfYear": "December",
            },
            "every year on the first weekday of December",
        ),
        (
            {"RecurrenceType": "RecursYearly", "RecurrenceDayOfMonth": 1, "RecurrenceMonthOfYear": "January"},
            "every year on day 1 of January",
        ),
    ],
)
async def test_a_classic_series_is_told_in_words_that_mean_its_appointments(
    org: LocalOrg, mcp: Client, fields: dict[str, Any], words: str
) -> None:
    zone = ZoneInfo("Europe/Berlin")
    plain = {name: value for name, value in CLASSIC.items() if name != "RecurrenceInterval"}
    own = org.insert(
        "Event",
        **{**plain, "RecurrenceEndDateOnly": "2027-01-20", "RecurrenceTimeZoneSidKey": zone.key, **fields},
    )

    told = await call(mcp, "get_appointment", event_id=own)

    assert told["recurrence"] == f"{words}, until 2027-01-20, on the clock of Europe/Berlin"
    rule = classic_rule(org.records.retrieve("Event", own), zone)
    starts = [datetime.fromisoformat(row["StartDateTime"]) for row in live(org)]
    assert list(rule.occurrences(datetime(2026, 11, 23, 14, tzinfo=UTC), zone)) == starts


def test_recurrence_fields_of_another_form_mean_no_rule() -> None:
    with pytest.raises(ValueError, match="not a kind of recurrence"):
        classic_rule({"IsRecurrence": True, "RecurrenceType": "RecursHourly"}, NEW_YORK)


DAYS = [datetime(2026, 11, day, 15, tzinfo=UTC) for day in range(23, 28)]
MADE = [
    (DAYS, ""),
    (DAYS[:3], "only the first 3 of 5 appointments. For the rest create another series with the same rule"),
    (DAYS[:3], "that starts Thursday 2026-11-26T16:00:00+01:00; its COUNT is then 2."),
    (DAYS[:1], "only the first 1 of 5"),
    (DAYS[1:], "missing 1, such as Monday 2026-11-23T16:00:00+01:00"),
    ([*DAYS[:2], *DAYS[3:]], "missing 1, such as Wednesday"),
    ([*DAYS, DAYS[-1] + timedelta(days=1)], "beside it 1, such as Saturday"),
]


@pytest.mark.parametrize(("made", "said"), MADE)
def test_a_series_that_salesforce_made_otherwise_says_what_is_so_and_what_to_do(
    made: list[datetime], said: str
) -> None:
    zone = zone_named("Europe/Berlin")
    plan = SeriesPlan(
        Rule.parse("FREQ=DAILY;COUNT=5"), zone, Span(DAYS[0], DAYS[0] + timedelta(minutes=30)), tuple(made)
    )

    warning = MadeSeries("00U000000000001AAA", plan, tuple(DAYS)).told(zone).get("warning", "")

    assert said in warning
    assert bool(said) == bool(warning)
