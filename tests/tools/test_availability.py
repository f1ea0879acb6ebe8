"""Free, busy and bookable times, through the whole stack."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from mcp import Client

from mcp_salesforce.appointments.intervals import Interval
from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.salesforce import AsgiTransport, RefreshTokenSource, SalesforceClient
from mcp_salesforce.server import create_server
from mcp_salesforce.tools.framework.session import OrgSession
from mcp_salesforce.tools.lookups.busy_records import read_busy
from mcp_salesforce.tools.lookups.calendars import calendars_of
from tests.conftest import NOW, settings_of
from tests.tools.calls import call, refusal, rows_as_dicts
from tests.tools.events import all_day, timed

TUESDAY = {"start": "2026-11-24", "end": "2026-11-24"}


def user(org: LocalOrg, name: str) -> str:
    return str(org.store.rows("SELECT Id FROM User WHERE Name = ?", [name])[0]["Id"])


def room(org: LocalOrg) -> str:
    return str(org.store.rows("SELECT Id FROM Calendar WHERE Name = 'Harbour Room'")[0]["Id"])


@asynccontextmanager
async def client_as(org: LocalOrg, name: str, **settings: Any) -> AsyncIterator[Client]:
    """A client that acts as another user."""
    token = org.oauth.credentials(user(org, name)).refresh_token
    server = create_server(
        settings_of(org, refresh_token=token, **settings), transport=AsgiTransport(org.app), now=lambda: NOW
    )
    async with Client(server) as client:
        yield client


class CountingApp:
    """The org's app; `calls` are the paths that were asked for, `change` may put another body into an answer."""

    def __init__(self, org: LocalOrg, change: Callable[[Any], object] = id) -> None:
        self.org = org
        self.change = change
        self.calls: list[str] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.calls.append(scope["path"].partition("/v60.0/")[2])
        messages: list[Any] = []

        async def keep(message: Any) -> None:
            messages.append(message)

        await self.org.app(scope, receive, keep)
        start, body = messages
        if scope["path"].endswith("/composite"):
            content = orjson.loads(body["body"])
            self.change(content)
            body["body"] = orjson.dumps(content)
            start["headers"] = [pair for pair in start["headers"] if pair[0].lower() != b"content-length"]
        await send(start)
        await send(body)


async def busy_of(mcp: Client, *calendars: str, **more: Any) -> list[tuple[str, str, str]]:
    told = await call(mcp, "get_free_busy", calendars=list(calendars), **(TUESDAY | more))
    return [(row["calendar"], row["start"], row["Subject"]) for row in rows_as_dicts(told)]


async def slots_of(mcp: Client, *calendars: str, **more: Any) -> list[str]:
    arguments = {"calendars": list(calendars), "duration_minutes": 60, **TUESDAY, **more}
    return [row["start"] for row in rows_as_dicts(await call(mcp, "find_free_times", **arguments))]


async def test_busy_times_of_several_calendars_come_in_order_with_weekday_and_zone(
    empty_org: LocalOrg, mcp: Client
) -> None:
    timed(empty_org, "Late", "2026-11-24T15:00:00Z", OwnerId=user(empty_org, "Jonas Brandt"))
    timed(empty_org, "Early", "2026-11-24T14:00:00Z", 30)

    told = await call(mcp, "get_free_busy", calendars=["jonas brandt", "me"], **TUESDAY, time_zone="Europe/Berlin")

    assert rows_as_dicts(told) == [
        {
            "calendar": "Nora Quill",
            "weekday": "Tuesday",
            "start": "2026-11-24T15:00:00+01:00",
            "end": "2026-11-24T15:30:00+01:00",
            "Subject": "Early",
        },
        {
            "calendar": "Jonas Brandt",
            "weekday": "Tuesday",
            "start": "2026-11-24T16:00:00+01:00",
            "end": "2026-11-24T17:00:00+01:00",
            "Subject": "Late",
        },
    ]
    assert told["time_zone"] == "Europe/Berlin"
    assert [(seen["name"], seen["visibility"]) for seen in told["calendars"]] == [
        ("Jonas Brandt", "full"),
        ("Nora Quill", "full"),
    ]


async def test_only_what_takes_time_is_busy(empty_org: LocalOrg, mcp: Client) -> None:
    timed(empty_org, "Free", "2026-11-24T14:00:00Z", ShowAs="Free")
    timed(empty_org, "No length", "2026-11-24T14:00:00Z", 0)
    timed(empty_org, "Secret", "2026-11-24T16:00:00Z", IsPrivate=True, ShowAs="OutOfOffice")
    timed(empty_org, "The day before", "2026-11-24T03:00:00Z", 120)  # 22:00 to 24:00 in New York
    all_day(empty_org, "Birthday", "2026-11-24", ShowAs="Free")

    assert await busy_of(mcp, "me") == [("Nora Quill", "2026-11-24T11:00:00-05:00", "")]


async def test_an_all_day_appointment_takes_the_day_of_its_owners_zone(empty_org: LocalOrg, mcp: Client) -> None:
    all_day(empty_org, "Fair", "2026-11-24", OwnerId=user(empty_org, "Aiko Sunada"))
    tokyo = {"start": "2026-11-23T00:00:00+09:00", "end": "2026-11-25T23:00:00+09:00"}

    told = await call(mcp, "get_free_busy", calendars=["Aiko Sunada"], **tokyo)

    assert rows_as_dicts(told) == [
        {"calendar": "Aiko Sunada", "weekday": "Tuesday", "start": "2026-11-24", "end": "2026-11-24", "Subject": "Fair"}
    ]
    assert await slots_of(mcp, "Aiko Sunada", **tokyo, time_zone="Asia/Tokyo", limit=3) == [
        "2026-11-23T09:00:00+09:00",
        "2026-11-23T13:00:00+09:00",
        "2026-11-25T09:00:00+09:00",
    ]


async def test_the_pattern_of_a_series_is_busy_as_its_occurrences_and_not_besides(
    empty_org: LocalOrg, mcp: Client
) -> None:
    timed(
        empty_org,
        "Daily",
        "2026-11-24T14:00:00Z",
        30,
        Recurrence2PatternText="RRULE:FREQ=DAILY;INTERVAL=1;COUNT=3",
    )

    assert await busy_of(mcp, "me", end="2026-11-30") == [
        ("Nora Quill", f"2026-11-{day}T09:00:00-05:00", "Daily") for day in (24, 25, 26)
    ]


async def test_an_invited_user_is_busy_unless_they_declined(empty_org: LocalOrg, mcp: Client) -> None:
    jonas = user(empty_org, "Jonas Brandt")
    meeting = timed(empty_org, "Meeting", "2026-11-24T14:00:00Z")
    empty_org.insert("EventRelation", EventId=meeting, RelationId=jonas)
    assert await busy_of(mcp, jonas) == [("Jonas Brandt", "2026-11-24T09:00:00-05:00", "Meeting")]

    empty_org.store.execute("UPDATE EventRelation SET Status = 'Declined' WHERE RelationId = ?", [jonas])

    assert await busy_of(mcp, jonas) == []
    assert await busy_of(mcp, "me") == [("Nora Quill", "2026-11-24T09:00:00-05:00", "Meeting")]


async def test_a_resource_is_busy_with_its_own_events_and_those_it_is_invited_to(
    empty_org: LocalOrg, mcp: Client
) -> None:
    timed(empty_org, "Maintenance", "2026-11-24T13:00:00Z", OwnerId=room(empty_org))
    meeting = timed(empty_org, "Meeting", "2026-11-24T15:00:00Z")
    cancelled = timed(empty_org, "Cancelled: Meeting", "2026-11-24T17:00:00Z", ShowAs="Free")
    declined = timed(empty_org, "Elsewhere", "2026-11-24T19:00:00Z")
    for event in (meeting, cancelled, declined):
        empty_org.insert("EventRelation", EventId=event, RelationId=room(empty_org))
    empty_org.store.execute("UPDATE EventRelation SET Status = 'Declined' WHERE EventId = ?", [declined])

    assert [subject for _, _, subject in await busy_of(mcp, "Harbour Room")] == ["Maintenance", "Meeting"]


async def test_archived_events_are_read_too(empty_org: LocalOrg, mcp: Client) -> None:
    old = timed(empty_org, "Long ago", "2025-02-04T15:00:00Z")
    gone = timed(empty_org, "Deleted", "2025-02-04T16:00:00Z")
    empty_org.store.execute("UPDATE Event SET IsArchived = 1 WHERE Id IN (?, ?)", [old, gone])
    empty_org.records.delete("Event", gone, empty_org.user_id)

    assert await busy_of(mcp, "me", start="2025-02-04", end="2025-02-04") == [
        ("Nora Quill", "2025-02-04T10:00:00-05:00", "Long ago")
    ]


async def test_what_cannot_be_seen_is_not_called_free(empty_org: LocalOrg) -> None:
    account = empty_org.insert("Account", Name="Dahl", OwnerId=user(empty_org, "Jonas Brandt"))
    timed(empty_org, "Seen", "2026-11-24T14:00:00Z", WhatId=account)
    timed(empty_org, "Not seen", "2026-11-24T16:00:00Z", OwnerId=user(empty_org, "Aiko Sunada"))
    hidden = "023lo0000000099AAA"
    asked = ["me", "Nora Quill", "Aiko Sunada", "Harbour Room", hidden]
    async with client_as(empty_org, "Jonas Brandt") as jonas:
        told = await call(jonas, "get_free_busy", calendars=asked, **TUESDAY)
        times = await call(jonas, "find_free_times", calendars=asked, duration_minutes=30, **TUESDAY)

    seen = {entry["name"]: entry["visibility"] for entry in told["calendars"]}
    assert seen == {
        "Jonas Brandt": "full",
        "Nora Quill": "partial",
        "Aiko Sunada": "unknown",
        "Harbour Room": "unknown",
        hidden: "unknown",
    }
    assert times["warning"] == (
        f"You cannot see the calendar of Aiko Sunada, Harbour Room, {hidden}. Ask them whether they are free."
    )


async def test_a_calendar_that_fails_is_unknown_and_the_others_are_told(empty_org: LocalOrg) -> None:
    timed(empty_org, "Mine", "2026-11-24T14:00:00Z")

    def refuse_relations(content: Any) -> None:
        for reply in content["compositeResponse"]:
            if any("RelationId" in record for record in reply["body"].get("records", [])):
                reply["httpStatusCode"] = 400
                reply["body"] = [{"errorCode": "QUERY_TIMEOUT", "message": "Your query request was running too long."}]

    meeting = timed(empty_org, "Meeting", "2026-11-24T15:00:00Z", OwnerId=user(empty_org, "Aiko Sunada"))
    empty_org.insert("EventRelation", EventId=meeting, RelationId=room(empty_org))
    app = CountingApp(empty_org, refuse_relations)
    server = create_server(settings_of(empty_org), transport=AsgiTransport(app), now=lambda: NOW)
    async with Client(server) as mcp:
        told = await call(mcp, "get_free_busy", calendars=["me", "Harbour Room"], **TUESDAY)

    assert [row["Subject"] for row in rows_as_dicts(told)] == ["Mine"]
    assert [(seen["visibility"], seen.get("error")) for seen in told["calendars"]] == [
        ("full", None),
        ("unknown", "QUERY_TIMEOUT"),
    ]


async def test_names_cost_one_call_more_than_ids_and_known_ids_none(empty_org: LocalOrg) -> None:
    app = CountingApp(empty_org)
    server = create_server(settings_of(empty_org), transport=AsgiTransport(app), now=lambda: NOW)
    everybody = ["Nora Quill", "jonas.brandt@example.com", "aiko.sunada@local-org.example.com", "Projector"]
    async with Client(server) as mcp:
        told = await call(mcp, "get_free_busy", calendars=everybody, **TUESDAY)
        assert app.calls[-2:] == ["composite", "composite"]
        app.calls.clear()
        ids = [seen["Id"] for seen in told["calendars"]]
        await call(mcp, "get_free_busy", calendars=ids, start="2026-11-01", end="2027-01-31")
        assert app.calls == ["composite"]


def crowd(org: LocalOrg, day: str = "2026-11-24", **fields: str) -> None:
    """Put 2,101 events between 10:00 and 15:00 UTC of a day, in the order of their starts."""
    sobject = org.schema["Event"]
    model = dict(
        org.store.rows("SELECT * FROM Event WHERE Id = ?", [timed(org, "M", f"{day}T14:00:00Z", 1, **fields)])[0]
    )
    with org.store.transaction():
        rows = [
            list(
                (
                    model
                    | {
                        "Id": org.store.new_id(sobject),
                        "StartDateTime": f"{day}T{10 + at // 60:02}:{at % 60:02}:00.000+0000",
                        "EndDateTime": f"{day}T{10 + at // 60:02}:{at % 60:02}:30.000+0000",
                    }
                ).values()
            )
            for at in [minute for minute in range(300) for _ in range(7)]
        ]
        org.store.insert_many(sobject, list(model), rows)


async def test_more_events_than_a_page_are_read_on(empty_org: LocalOrg) -> None:
    app = CountingApp(empty_org)
    crowd(empty_org)
    server = create_server(
        settings_of(empty_org, max_answer_tokens=1_000_000), transport=AsgiTransport(app), now=lambda: NOW
    )
    async with Client(server) as mcp:
        told = await call(mcp, "get_free_busy", calendars=["me"], **TUESDAY)
        assert app.calls[-3:] == ["composite"] * 3

    assert len(told["rows"]) == 2101


@asynccontextmanager
async def session_of(org: LocalOrg) -> AsyncIterator[OrgSession]:
    given = org.credentials
    tokens = RefreshTokenSource(given.client_id, given.client_secret, given.refresh_token, "http://127.0.0.1:1")
    async with SalesforceClient(tokens, transport=AsgiTransport(org.app)) as client:
        allowed: Any = {}
        yield OrgSession(client, max_answer_tokens=1000, allowed=allowed, now=lambda: NOW)


async def test_where_calendars_are_read_apart_the_time_is_known_up_to_the_earliest_of_their_last_events(
    empty_org: LocalOrg,
) -> None:
    other = str(empty_org.store.rows("SELECT Id FROM User WHERE Id <> ?", [empty_org.user_id])[0]["Id"])
    crowd(empty_org)
    crowd(empty_org, "2027-03-24", OwnerId=other)
    start = datetime(2026, 11, 24, 9, tzinfo=UTC)
    async with session_of(empty_org) as org:
        calendars = await calendars_of(org, ["me", other])
        busy = await read_busy(org, calendars, Interval(start, start + timedelta(days=200)), most=1000)

    mine, theirs = (busy.blocks[calendar.id] for calendar in calendars)
    assert len(mine) == len(theirs) == 2000
    assert busy.until == mine[-1].interval.start


async def test_where_there_are_too_many_events_only_the_time_up_to_the_last_one_read_is_known(
    empty_org: LocalOrg,
) -> None:
    crowd(empty_org)
    start = datetime(2026, 11, 24, 9, tzinfo=UTC)
    async with session_of(empty_org) as org:
        calendars = await calendars_of(org, ["me"])
        busy = await read_busy(org, calendars, Interval(start, start + timedelta(hours=12)), most=1000)
        whole = await read_busy(org, calendars, Interval(start, start + timedelta(hours=12)))

    assert busy.until == busy.blocks[calendars[0].id][-1].interval.start
    assert len(busy.blocks[calendars[0].id]) == 2000
    assert whole.until is None
    assert len(whole.blocks[calendars[0].id]) == 2101


async def test_an_answer_too_long_says_from_where_to_ask_again(empty_org: LocalOrg) -> None:
    for hour in range(10):
        timed(empty_org, "Subject " * 20, f"2026-11-24T{10 + hour}:00:00Z", 30)
    async with client_as(empty_org, "Nora Quill", max_answer_tokens=500) as mcp:
        told = await call(mcp, "get_free_busy", calendars=["me"], **TUESDAY)
        first_left_out = (
            told["warning"].removeprefix("The list ends at ").removesuffix(". Repeat the call with that time as start.")
        )
        rest = await call(mcp, "get_free_busy", calendars=["me"], start=first_left_out, end="2026-11-24")

    assert told["left_out"] == 10 - len(told["rows"])
    assert rows_as_dicts(rest)[0]["start"] == first_left_out
    assert told["rows"][-1][2] < first_left_out


@pytest.mark.parametrize("tool", ["get_free_busy", "find_free_times"])
async def test_calendars_that_cannot_be_told_apart_or_found_are_refused(
    empty_org: LocalOrg, mcp: Client, tool: str
) -> None:
    more = {**TUESDAY, **({"duration_minutes": 30} if tool.startswith("find") else {})}
    empty_org.store.execute(
        "UPDATE User SET Name = 'Jonas Brandt', FirstName = 'Jonas', LastName = 'Brandt' WHERE Name = 'Aiko Sunada'"
    )

    twice = await refusal(mcp, tool, calendars=["Jonas Brandt"], **more)
    assert twice["code"] == "AMBIGUOUS_CALENDAR"
    assert "005lo0000000002AAA (jonas.brandt@local-org.example.com)" in twice["message"]
    assert "005lo0000000003AAA" in twice["message"]
    wrong = await refusal(mcp, tool, calendars=["Harbor Room"], **more)
    assert (wrong["code"], wrong["hint"]) == ("UNKNOWN_CALENDAR", "Did you mean Harbour Room?")
    nobody = await refusal(mcp, tool, calendars=["zzz"], **more)
    assert nobody["hint"].startswith("Give an Id")
    gone = await refusal(mcp, tool, calendars=["005lo0000000077AAA"], **more)
    assert gone["code"] == "NOT_FOUND"
    contact = await refusal(mcp, tool, calendars=["003lo0000000001AAA"], **more)
    assert contact["code"] == "MALFORMED_ID"
    none = await refusal(mcp, tool, calendars=[], **more)
    assert none["fields"] == ["calendars"]


@pytest.mark.parametrize(
    ("window", "code"),
    [
        ({"start": "2026-11-24", "end": ""}, "INVALID_ARGUMENT"),
        ({"start": "2026-01-01", "end": "2026-12-31"}, "INVALID_ARGUMENT"),
        ({"start": "2026-11-24T09:00", "end": "2026-11-25"}, "INVALID_TIME"),
        ({"start": "2026-11-25", "end": "2026-11-24"}, "INVALID_TIME"),
    ],
)
async def test_a_window_without_two_ends_or_too_long_is_refused(mcp: Client, window: dict[str, str], code: str) -> None:
    assert (await refusal(mcp, "get_free_busy", calendars=["me"], **window))["code"] == code


async def test_offered_times_are_free_for_everybody_within_their_hours(empty_org: LocalOrg, mcp: Client) -> None:
    timed(empty_org, "Standup", "2026-11-24T14:00:00Z", 60)  # 9:00 in New York, 15:00 in Berlin
    timed(empty_org, "Room taken", "2026-11-25T14:00:00Z", 30, OwnerId=room(empty_org))

    told = await call(
        mcp,
        "find_free_times",
        calendars=["me", "Jonas Brandt", "Harbour Room"],
        duration_minutes=45,
        start="2026-11-24",
        end="2026-11-26",
        limit=4,
    )

    assert rows_as_dicts(told) == [
        {"weekday": day, "start": f"{at}:00-05:00", "end": f"{until}:00-05:00", "start.utc": f"{utc}:00Z"}
        for day, at, until, utc in [
            ("Tuesday", "2026-11-24T10:00", "2026-11-24T10:45", "2026-11-24T15:00"),
            ("Wednesday", "2026-11-25T09:30", "2026-11-25T10:15", "2026-11-25T14:30"),
            ("Wednesday", "2026-11-25T10:15", "2026-11-25T11:00", "2026-11-25T15:15"),
            ("Thursday", "2026-11-26T09:00", "2026-11-26T09:45", "2026-11-26T14:00"),
        ]
    ]
    assert "warning" not in told


async def test_buffers_notice_and_working_hours_narrow_what_is_offered(empty_org: LocalOrg, mcp: Client) -> None:
    timed(empty_org, "Noon", "2026-11-22T17:00:00Z", 30)  # the day of NOW, which is 04:00 in New York
    today = {"start": "2026-11-22", "end": "2026-11-22", "limit": 2}
    hours = {"working_hours": "Sun 08:00-16:00"}

    assert await slots_of(mcp, "me", **today) == []
    assert await slots_of(mcp, "me", **today, **hours) == ["2026-11-22T08:00:00-05:00", "2026-11-22T11:00:00-05:00"]
    assert await slots_of(mcp, "me", **today, **hours, notice_minutes=420, buffer_minutes=30) == [
        "2026-11-22T13:00:00-05:00",
        "2026-11-22T14:00:00-05:00",
    ]
    assert await slots_of(mcp, "me", **today, working_hours="Sun 20:00-22:00 Europe/Berlin") == [
        "2026-11-22T14:00:00-05:00",
        "2026-11-22T15:00:00-05:00",
    ]


async def test_the_setting_says_the_hours_where_the_call_does_not(empty_org: LocalOrg) -> None:
    async with client_as(empty_org, "Nora Quill", working_hours="Tue 07:00-08:00") as mcp:
        assert await slots_of(mcp, "me") == ["2026-11-24T07:00:00-05:00"]


@pytest.mark.usefixtures("empty_org")
async def test_a_room_alone_can_be_had_in_the_hours_of_who_asks(mcp: Client) -> None:
    assert await slots_of(mcp, "Harbour Room", limit=1) == ["2026-11-24T09:00:00-05:00"]
    assert await slots_of(mcp, "Harbour Room", "Jonas Brandt", limit=1) == ["2026-11-24T03:00:00-05:00"]


async def test_nothing_found_says_why_and_when_the_next_opening_is(empty_org: LocalOrg, mcp: Client) -> None:
    timed(empty_org, "Workshop", "2026-11-24T14:00:00Z", 7 * 60)
    timed(empty_org, "Maintenance", "2026-11-24T20:00:00Z", 60, OwnerId=room(empty_org))
    timed(empty_org, "Next day", "2026-11-25T14:00:00Z", 60)
    arguments = {"calendars": ["me", "Harbour Room"], "duration_minutes": 90, **TUESDAY}

    told = await call(mcp, "find_free_times", **arguments)

    assert told["rows"] == []
    assert told["reason"] == (
        "Of 8 h of working hours Nora Quill blocks 7 h, Harbour Room blocks 1 h; without Nora Quill there would be "
        "times. The longest free stretch is 1 h."
    )
    assert told["next_opening"] == "Wednesday 2026-11-25T10:00:00-05:00"


@pytest.mark.usefixtures("empty_org")
async def test_without_shared_hours_that_is_the_reason(mcp: Client) -> None:
    told = await call(mcp, "find_free_times", calendars=["me", "Aiko Sunada"], duration_minutes=30, **TUESDAY)

    assert told["reason"] == "There are no working hours that they all share in the window."
    assert told["next_opening"] == "none until 2026-12-23T00:00:00-05:00"


async def test_a_window_that_is_over_is_refused_with_the_earliest_start(mcp: Client) -> None:
    past = {"calendars": ["me"], "duration_minutes": 30, "start": "2026-11-20", "end": "2026-11-21"}

    error = await refusal(mcp, "find_free_times", **past)

    assert error["message"] == "The window ends before 2026-11-22T04:00:00-05:00, the earliest possible start."


async def test_working_hours_that_cannot_be_read_are_refused_by_name(mcp: Client) -> None:
    error = await refusal(
        mcp, "find_free_times", calendars=["me"], duration_minutes=30, **TUESDAY, working_hours="9 to 5"
    )

    assert (error["code"], error["fields"]) == ("INVALID_TIME", ["working_hours"])
