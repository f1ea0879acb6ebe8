"""Booking and moving without overlapping anything unsaid; the clock stands at 2026-11-22 09:00 UTC, a Sunday."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from mcp import Client

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.salesforce import AsgiTransport
from mcp_salesforce.salesforce.wire import HttpReply, HttpRequest
from mcp_salesforce.server import create_server
from tests.conftest import NOW, settings_of
from tests.orgs import new_org
from tests.tools.calls import call, refusal
from tests.tools.events import all_day, stored, timed
from tests.tools.tokens import tokens

TEN = "2026-11-24T15:00:00Z"  # 10:00 in New York, on a Tuesday
DATA = {"Subject": "Demo", "StartDateTime": TEN, "DurationInMinutes": 60}


def user(org: LocalOrg, name: str) -> str:
    return str(org.store.rows("SELECT Id FROM User WHERE Name = ?", [name])[0]["Id"])


def events(org: LocalOrg) -> int:
    return len(org.store.rows("SELECT Id FROM Event WHERE IsDeleted = 0"))


class Watched:
    """A way into the org; `calls` are what was asked for, and `after` may act between one call and the next."""

    def __init__(self, org: LocalOrg, after: Callable[[HttpRequest], object] = id) -> None:
        self.inner = AsgiTransport(org.app)
        self.after = after
        self.calls: list[str] = []

    async def exchange(self, request: HttpRequest) -> HttpReply:
        reply = await self.inner.exchange(request)
        if "/services/data/" in request.url:
            self.calls.append(f"{request.method} {request.url.partition('/v60.0/')[2].partition('?')[0]}")
        self.after(request)
        return reply

    async def close(self) -> None:
        await self.inner.close()


@asynccontextmanager
async def client_through(way: Watched, org: LocalOrg) -> AsyncIterator[Client]:
    server = create_server(settings_of(org), transport=way, now=lambda: NOW)
    async with Client(server, raise_exceptions=True) as client:
        yield client


async def test_an_overlap_is_refused_with_what_is_there_and_the_nearest_free_times(org: LocalOrg, mcp: Client) -> None:
    there = timed(org, "Budget review", "2026-11-24T15:30:00Z")
    before = events(org)

    error = await refusal(mcp, "create_appointment", data=DATA)

    assert error["code"] == "APPOINTMENT_CONFLICT"
    assert error["message"] == f"Taken (America/New_York): Tuesday 2026-11-24 10:30-11:30 Budget review ({there})."
    assert error["hint"] == (
        "Free: Tuesday 2026-11-24 09:30 or Tuesday 2026-11-24 11:30. Offer these. If the user wants the taken "
        "time, set allow_conflict."
    )
    assert events(org) == before
    assert tokens(error) <= 120


async def test_an_appointment_that_has_begun_still_takes_the_rest_of_its_time(org: LocalOrg, mcp: Client) -> None:
    there = timed(org, "Stand-up", "2026-11-22T09:15:00Z", 15)
    running = {"Subject": "Walk-in", "StartDateTime": "2026-11-22T08:30:00Z"}

    error = await refusal(mcp, "create_appointment", data=running | {"DurationInMinutes": 60})
    before = await call(mcp, "create_appointment", data=running | {"DurationInMinutes": 45})

    assert error["code"] == "APPOINTMENT_CONFLICT"
    assert there in error["message"]
    assert "warning" not in before


@pytest.mark.parametrize(
    ("owner", "late"),
    [
        ("me", "2026-11-25T03:30:00Z"),  # 22:30 on the 24th in New York
        ("Aiko Sunada", "2026-11-23T15:30:00Z"),  # 00:30 on the 24th in Tokyo
    ],
)
async def test_a_whole_day_takes_the_day_of_its_owners_zone(org: LocalOrg, mcp: Client, owner: str, late: str) -> None:
    owner_id = org.user_id if owner == "me" else user(org, owner)
    there = all_day(org, "Fair", "2026-11-24", OwnerId=owner_id)
    short = DATA | {"OwnerId": owner_id, "DurationInMinutes": 20}

    error = await refusal(mcp, "create_appointment", data=short | {"StartDateTime": late})

    assert there in error["message"]


async def test_many_overlaps_are_named_as_far_as_there_is_room_and_private_ones_without_subject(
    org: LocalOrg, mcp: Client
) -> None:
    for minute in (0, 10, 20, 30):
        timed(org, "Confidential matter " * 5, f"2026-11-24T15:{minute:02}:00Z", 10, IsPrivate=minute == 0)

    error = await refusal(mcp, "create_appointment", data=DATA | {"time_zone": "Europe/Berlin"})

    assert "(Europe/Berlin): Tuesday 2026-11-24 16:00-16:10 private (" in error["message"]
    assert error["message"].endswith("; 3 more.")
    assert tokens(error) <= 120


async def test_touching_ends_and_free_time_are_no_overlap(org: LocalOrg, mcp: Client) -> None:
    timed(org, "Before", "2026-11-24T14:00:00Z")
    timed(org, "After", "2026-11-24T16:00:00Z")
    timed(org, "Shown as free", TEN, ShowAs="Free")
    timed(org, "Somebody else's", TEN, OwnerId=user(org, "Aiko Sunada"))
    all_day(org, "Birthday", "2026-11-24", ShowAs="Free")

    assert "warning" not in await call(mcp, "create_appointment", data=DATA)


@pytest.mark.parametrize(
    "harmless",
    [
        {"ShowAs": "Free"},
        {"DurationInMinutes": 0},
        {"StartDateTime": "2026-11-20T15:00:00Z"},
    ],
)
async def test_what_takes_no_time_that_is_to_come_overlaps_nothing(
    org: LocalOrg, mcp: Client, harmless: dict[str, Any]
) -> None:
    timed(org, "There", TEN)
    timed(org, "There", "2026-11-20T15:00:00Z")

    assert "warning" not in await call(mcp, "create_appointment", data=DATA | harmless)


@pytest.mark.parametrize(
    ("start", "said"),
    [
        ("2026-11-20T15:00:00Z", "It is in the past"),
        ("2025-11-24T15:00:00Z", "It is in the past"),
        ("2024-12-24", "It is in the past"),
        ("2028-11-24T15:00:00Z", "more than a year ahead"),
        ("2027-12-24", "more than a year ahead"),
        ("2026-11-24T16:00:00Z", ""),
        ("2026-11-22", ""),
        ("2027-03-01T16:00:00Z", ""),
    ],
)
async def test_a_day_that_is_past_or_of_another_year_is_asked_about(mcp: Client, start: str, said: str) -> None:
    days = {"IsAllDayEvent": True} if "T" not in start else {"DurationInMinutes": 30}
    data = {"Subject": "Visit", "StartDateTime": start, **days}

    made = await call(mcp, "create_appointment", data=data, allow_conflict=True)
    other = await call(mcp, "create_appointment", data=DATA | {"Subject": "Moved"}, allow_conflict=True)
    moved = await call(
        mcp, "update_appointment", event_id=other["Id"], data={"StartDateTime": start, **days}, allow_conflict=True
    )

    for told in (made, moved):
        assert said in told["note"] if said else "note" not in told


@pytest.mark.parametrize("shown", ["Busy", "Free"])
async def test_what_is_read_back_has_names_beside_ids(org: LocalOrg, mcp: Client, shown: str) -> None:
    account = org.insert("Account", Name="Acme")
    contact = org.insert("Contact", LastName="Ode")

    made = await call(
        mcp,
        "create_appointment",
        data=DATA | {"WhoId": contact, "WhatId": account, "ShowAs": shown},
        allow_conflict=True,
    )

    assert (made["WhoId"], made["Who.Name"]) == (contact, "Ode")
    assert (made["WhatId"], made["What.Name"]) == (account, "Acme")
    assert made["Owner.Name"] == "Nora Quill"


async def test_a_whole_day_is_taken_unless_it_is_shown_as_free(org: LocalOrg, mcp: Client) -> None:
    timed(org, "Late", "2026-11-25T04:30:00Z", 15)  # 23:30 of Tuesday in New York
    fair = {"Subject": "Fair", "StartDateTime": "2026-11-24", "IsAllDayEvent": True}

    error = await refusal(mcp, "create_appointment", data=fair)
    assert "Tuesday 2026-11-24 23:30-23:45 Late" in error["message"]
    assert error["hint"] == "Choose another time. If the user wants this one, set allow_conflict."
    await call(mcp, "create_appointment", data=fair | {"ShowAs": "Free"})


async def test_an_overlap_that_is_allowed_is_booked_without_another_word(org: LocalOrg, mcp: Client) -> None:
    timed(org, "There", TEN)

    made = await call(mcp, "create_appointment", data=DATA, allow_conflict=True)

    assert "warning" not in made
    assert stored(org, made["Id"])["Subject"] == "Demo"


async def test_another_owners_calendar_is_the_one_that_counts(org: LocalOrg, mcp: Client) -> None:
    jonas = user(org, "Jonas Brandt")
    timed(org, "Mine", TEN)
    theirs = timed(org, "Theirs", "2026-11-25T15:00:00Z", OwnerId=jonas)

    await call(mcp, "create_appointment", data=DATA | {"OwnerId": jonas})
    error = await refusal(
        mcp, "create_appointment", data=DATA | {"OwnerId": jonas, "StartDateTime": "2026-11-25T15:30:00Z"}
    )

    assert error["message"] == f"Taken (Europe/Berlin): Wednesday 2026-11-25 16:00-17:00 Theirs ({theirs})."


async def test_the_calendars_of_invited_users_and_rooms_count_too(org: LocalOrg, mcp: Client) -> None:
    jonas = user(org, "Jonas Brandt")
    room = str(org.store.rows("SELECT Id FROM Calendar WHERE Name = 'Harbour Room'")[0]["Id"])
    invitees = [jonas, room, org.insert("Contact", LastName="Ode")]
    there = timed(org, "Theirs", "2026-11-24T17:00:00Z", OwnerId=jonas)

    made = await call(mcp, "create_appointment", data=DATA, invitees=invitees)
    assert "warning" not in made
    assert len(made["invitees"]["rows"]) == 3
    late = DATA | {"StartDateTime": "2026-11-24T17:30:00Z"}
    taken = await refusal(mcp, "create_appointment", data=late, invitees=invitees)
    assert taken["message"] == (
        f"Taken (America/New_York): Jonas Brandt, Tuesday 2026-11-24 12:00-13:00 Theirs ({there})."
    )
    again = {
        "Subject": "In the room",
        "StartDateTime": TEN,
        "DurationInMinutes": 15,
        "OwnerId": user(org, "Aiko Sunada"),
    }
    room_taken = await refusal(mcp, "create_appointment", data=again, invitees=[room])
    assert f"Harbour Room, Wednesday 2026-11-25 00:00-01:00 Demo ({made['Id']})" in room_taken["message"]


async def test_an_identical_appointment_is_not_made_twice(org: LocalOrg, mcp: Client) -> None:
    contact_id = org.insert("Contact", LastName="Ode")
    data = DATA | {"WhoId": contact_id}
    made = await call(mcp, "create_appointment", data=data)

    for allow_conflict in (False, True):
        error = await refusal(mcp, "create_appointment", data=data, allow_conflict=allow_conflict)
        assert error["code"] == "POSSIBLE_DUPLICATE"
        assert error["message"].startswith(f"The appointment exists already: {made['Id']} has")
    for other in ({"Subject": "Another"}, {"WhoId": None}, {"DurationInMinutes": 45}):
        await call(mcp, "create_appointment", data=data | other, allow_conflict=True)


async def test_an_invitation_to_somebody_elses_is_no_identical_appointment(org: LocalOrg, mcp: Client) -> None:
    theirs = timed(org, "Demo", TEN, OwnerId=user(org, "Jonas Brandt"))
    org.insert("EventRelation", EventId=theirs, RelationId=org.user_id)

    error = await refusal(mcp, "create_appointment", data=DATA)

    assert error["code"] == "APPOINTMENT_CONFLICT"
    assert await call(mcp, "create_appointment", data=DATA, allow_conflict=True)


async def test_an_identical_one_is_found_without_subject_and_where_no_time_is_taken(mcp: Client) -> None:
    for data in (
        {"StartDateTime": TEN, "DurationInMinutes": 30},
        {"StartDateTime": "2026-11-26", "IsAllDayEvent": True, "ShowAs": "Free", "Subject": "It's"},
    ):
        made = await call(mcp, "create_appointment", data=data)
        error = await refusal(mcp, "create_appointment", data=data)
        assert error["code"] == "POSSIBLE_DUPLICATE"
        assert made["Id"] in error["message"]


async def test_a_series_is_refused_for_each_of_its_appointments_that_is_to_come(org: LocalOrg, mcp: Client) -> None:
    third = timed(org, "There", "2026-12-08T15:30:00Z")
    rule = {"Recurrence2PatternText": "FREQ=WEEKLY;BYDAY=TU;COUNT=4"}

    error = await refusal(mcp, "create_appointment", data=DATA | rule)
    assert error["message"] == f"Taken (America/New_York): Tuesday 2026-12-08 10:30-11:30 There ({third})."

    made = await call(mcp, "create_appointment", data=DATA | rule, allow_conflict=True)
    assert "warning" not in made
    assert made["occurrences"] == 4


async def test_another_writer_in_between_is_told_with_both_ids(org: LocalOrg) -> None:
    others: list[str] = []

    def book(request: HttpRequest) -> None:
        if request.method == "POST" and request.url.endswith("/sobjects/Event"):
            others.append(timed(org, "Faster", TEN, 30))

    async with client_through(Watched(org, book), org) as mcp:
        made = await call(mcp, "create_appointment", data=DATA)

    assert made["warning"] == (
        f"Double booking: while {made['Id']} was saved, somebody else booked the same time: Nora Quill, Tuesday "
        f"2026-11-24 10:00-10:30 Faster ({others[0]}). Salesforce cannot lock a time. Keep one "
        "of them, and move or delete the other."
    )


async def test_booking_costs_a_look_the_write_and_another_look(org: LocalOrg) -> None:
    way = Watched(org)
    async with client_through(way, org) as mcp:
        await call(mcp, "create_appointment", data=DATA)
        way.calls.clear()
        made = await call(mcp, "create_appointment", data=DATA | {"StartDateTime": "2026-11-24T17:00:00Z"})
        assert way.calls == ["POST composite", "POST sobjects/Event", "POST composite"]
        way.calls.clear()
        await call(mcp, "update_appointment", event_id=made["Id"], data={"StartDateTime": "2026-11-24T18:00:00Z"})
        event = f"sobjects/Event/{made['Id']}"
        assert way.calls == [f"GET {event}", "POST composite", f"PATCH {event}", "POST composite"]
        way.calls.clear()
        await call(mcp, "update_appointment", event_id=made["Id"], data={"Location": "Gate 4"})
        assert way.calls == [f"GET {event}", "POST composite"]


async def test_a_colleagues_calendar_that_cannot_be_seen_is_booked_with_a_warning(org: LocalOrg) -> None:
    token = org.oauth.credentials(user(org, "Jonas Brandt")).refresh_token
    server = create_server(settings_of(org, refresh_token=token), transport=AsgiTransport(org.app), now=lambda: NOW)
    async with Client(server) as jonas:
        mine = await call(jonas, "create_appointment", data=DATA)
        theirs = await call(
            jonas, "create_appointment", data=DATA | {"OwnerId": user(org, "Aiko Sunada"), "WhoId": None}
        )

    assert "warning" not in mine
    assert theirs["warning"] == "You cannot see the calendar of Aiko Sunada. The time may be taken."


async def test_a_move_is_checked_against_everything_but_itself(org: LocalOrg, mcp: Client) -> None:
    event_id = timed(org, "Call", TEN)
    there = timed(org, "There", "2026-11-24T17:00:00Z")

    await call(mcp, "update_appointment", event_id=event_id, data={"StartDateTime": "2026-11-24T15:30:00Z"})
    error = await refusal(mcp, "update_appointment", event_id=event_id, data={"StartDateTime": "2026-11-24T16:30:00Z"})

    assert error["code"] == "APPOINTMENT_CONFLICT"
    assert error["message"] == f"Taken (America/New_York): Tuesday 2026-11-24 12:00-13:00 There ({there})."
    assert error["hint"].startswith("Free: Tuesday 2026-11-24 11:00 or Tuesday 2026-11-24 13:00.")
    assert stored(org, event_id)["StartDateTime"] == "2026-11-24T15:30:00.000+0000"
    told = await call(
        mcp,
        "update_appointment",
        event_id=event_id,
        data={"StartDateTime": "2026-11-24T16:30:00Z"},
        allow_conflict=True,
    )
    assert told["changed"]["start"]["after"]["local"] == "2026-11-24T11:30:00-05:00"
    assert "warning" not in told


async def test_what_does_not_take_other_time_is_changed_although_it_overlaps(org: LocalOrg, mcp: Client) -> None:
    event_id = timed(org, "Call", TEN)
    timed(org, "There", TEN)

    await call(mcp, "update_appointment", event_id=event_id, data={"Location": "Room 1"})
    await call(mcp, "update_appointment", event_id=event_id, data={"StartDateTime": TEN, "Subject": "Chat"})
    await call(mcp, "update_appointment", event_id=event_id, data={"ShowAs": "Free"})
    error = await refusal(mcp, "update_appointment", event_id=event_id, data={"ShowAs": "Busy"})

    assert error["code"] == "APPOINTMENT_CONFLICT"


async def test_a_move_is_checked_in_the_calendars_of_those_invited_and_says_that_they_are_asked_again(
    org: LocalOrg, mcp: Client
) -> None:
    jonas = user(org, "Jonas Brandt")
    room = str(org.store.rows("SELECT Id FROM Calendar WHERE Name = 'Harbour Room'")[0]["Id"])
    event_id = timed(org, "Meeting", TEN)
    for invitee in (jonas, room, org.insert("Contact", LastName="Ode")):
        org.insert("EventRelation", EventId=event_id, RelationId=invitee)
    timed(org, "Theirs", "2026-11-24T17:00:00Z", OwnerId=jonas)
    timed(org, "Maintenance", "2026-11-24T19:00:00Z", OwnerId=room)

    taken = await refusal(mcp, "update_appointment", event_id=event_id, data={"StartDateTime": "2026-11-24T16:30:00Z"})
    assert "Jonas Brandt, Tuesday 2026-11-24 12:00-13:00 Theirs" in taken["message"]
    closed = await refusal(mcp, "update_appointment", event_id=event_id, data={"StartDateTime": "2026-11-24T18:30:00Z"})
    assert "Harbour Room, Tuesday 2026-11-24 14:00-15:00 Maintenance" in closed["message"]

    told = await call(
        mcp,
        "update_appointment",
        event_id=event_id,
        data={"StartDateTime": "2026-11-24T15:30:00Z", "Subject": "Meeting again"},
    )
    assert told["warning"] == "The move reset the invitees' answers; Salesforce asks them again."


async def test_who_has_declined_keeps_nobody_from_moving_an_appointment(org: LocalOrg, mcp: Client) -> None:
    jonas = user(org, "Jonas Brandt")
    event_id = timed(org, "Meeting", TEN)
    org.insert("EventRelation", EventId=event_id, RelationId=jonas)
    org.store.execute("UPDATE EventRelation SET Status = 'Declined' WHERE EventId = ?", [event_id])
    timed(org, "Theirs", "2026-11-24T17:00:00Z", OwnerId=jonas)

    told = await call(mcp, "update_appointment", event_id=event_id, data={"StartDateTime": "2026-11-24T17:00:00Z"})

    assert "start" in told["changed"]


async def test_an_appointment_that_gets_another_owner_is_checked_in_that_calendar(org: LocalOrg, mcp: Client) -> None:
    jonas = user(org, "Jonas Brandt")
    event_id = timed(org, "Call", TEN)
    there = timed(org, "Theirs", TEN, OwnerId=jonas)

    error = await refusal(mcp, "update_appointment", event_id=event_id, data={"OwnerId": jonas})

    assert error["code"] == "APPOINTMENT_CONFLICT"
    assert there in error["message"]
    assert stored(org, event_id)["OwnerId"] == org.user_id


@pytest.mark.parametrize("name", ["StartDateTime", "EndDateTime", "DurationInMinutes", "IsAllDayEvent"])
async def test_a_time_is_not_cleared(org: LocalOrg, mcp: Client, name: str) -> None:
    event_id = timed(org, "Call", TEN)

    error = await refusal(mcp, "update_appointment", event_id=event_id, data={"Subject": "Chat", name: None})

    assert error["fields"] == [name]
    assert stored(org, event_id)["Subject"] == "Call"


async def test_a_moved_series_is_no_conflict_of_itself(org: LocalOrg, mcp: Client) -> None:
    made = await call(
        mcp,
        "create_appointment",
        data=DATA | {"Recurrence2PatternText": "FREQ=WEEKLY;BYDAY=TU;COUNT=3", "time_zone": "America/New_York"},
    )
    there = timed(org, "There", "2026-12-08T16:30:00Z")

    later = {"StartDateTime": "2026-11-24T15:30:00Z"}
    told = await call(mcp, "update_appointment", event_id=made["Id"], data=later, scope="all")
    assert told["occurrences"] == 3
    assert "warning" not in told
    error = await refusal(
        mcp,
        "update_appointment",
        event_id=made["Id"],
        data={"StartDateTime": "2026-11-24T16:00:00Z"},
        scope="all",
    )
    assert error["message"] == f"Taken (America/New_York): Tuesday 2026-12-08 11:30-12:30 There ({there})."


@pytest.fixture
def moving_org() -> Any:
    """An org whose clock is the one entry of `moments`."""
    moments = [NOW]
    with new_org(lambda: moments[0]) as org:
        yield org, moments


async def test_a_change_that_somebody_else_made_meanwhile_is_not_overwritten(
    moving_org: tuple[LocalOrg, list[datetime]],
) -> None:
    org, moments = moving_org
    event_id = timed(org, "Call", "2027-02-23T15:00:00Z")

    def move(request: HttpRequest) -> None:
        if request.method == "GET" and event_id in request.url and moments[0] == NOW:
            moments[0] = NOW + timedelta(seconds=5)
            org.records.update("Event", event_id, {"Location": "Elsewhere", "Subject": "Chat"}, org.user_id)

    async with client_through(Watched(org, move), org) as mcp:
        error = await refusal(mcp, "update_appointment", event_id=event_id, data={"Location": "Room 1"})

    assert error["code"] == "ENTITY_FAILED_IFLASTMODIFIED_ON_UPDATE"
    assert error["fields"] == ["Subject", "Location"]
    assert error["message"] == "Somebody else changed it at the same moment. Nothing was changed."
    assert stored(org, event_id)["Location"] == "Elsewhere"


async def test_what_the_caller_read_before_is_not_overwritten_if_it_has_changed(
    moving_org: tuple[LocalOrg, list[datetime]],
) -> None:
    org, moments = moving_org
    event_id = timed(org, "Call", "2027-02-23T15:00:00Z", OwnerId=user(org, "Jonas Brandt"))
    async with client_through(Watched(org), org) as mcp:
        read = await call(mcp, "get_appointment", event_id=event_id)
        moments[0] = NOW + timedelta(minutes=5)
        org.records.update("Event", event_id, {"Location": "Elsewhere"}, user(org, "Jonas Brandt"))
        change = {"event_id": event_id, "data": {"Location": "Room 1"}}

        error = await refusal(mcp, "update_appointment", **change, last_modified=read["LastModifiedDate"])
        assert error["message"] == (
            "Jonas Brandt changed it on Sunday 2026-11-22 10:05 (Europe/Berlin), after you read it. Nothing was "
            "changed."
        )
        fresh = await call(mcp, "get_appointment", event_id=event_id)
        await call(mcp, "update_appointment", **change, last_modified=fresh["LastModifiedDate"])
        wrong = await refusal(mcp, "update_appointment", **change, last_modified="yesterday")

    assert wrong["fields"] == ["last_modified"]
    assert stored(org, event_id)["Location"] == "Room 1"


async def test_what_an_automatic_process_changed_is_not_overwritten_either(org: LocalOrg, mcp: Client) -> None:
    event_id = timed(org, "Call", "2027-02-23T15:00:00Z")
    read = await call(mcp, "get_appointment", event_id=event_id)
    org.store.update(org.schema["Event"], event_id, {"SystemModstamp": (NOW + timedelta(minutes=5)).isoformat()})

    error = await refusal(
        mcp,
        "update_appointment",
        event_id=event_id,
        data={"Location": "Room 1"},
        last_modified=read["LastModifiedDate"],
    )

    assert "after you read it. Nothing was changed." in error["message"]
    assert stored(org, event_id)["Location"] is None


async def test_where_a_policy_lets_nobody_look_an_appointment_is_booked_and_that_is_said(
    org: LocalOrg, tmp_path: Path
) -> None:
    (tmp_path / "policy.toml").write_text('[objects.Event]\nhide = ["ShowAs"]\n', encoding="utf-8")
    timed(org, "There", TEN)
    settings = settings_of(org, policy=tmp_path / "policy.toml")
    server = create_server(settings, transport=AsgiTransport(org.app), now=lambda: NOW)
    async with Client(server, raise_exceptions=True) as mcp:
        made = await call(mcp, "create_appointment", data=DATA)
        free = await refusal(mcp, "get_free_busy", calendars=["me"], start="2026-11-24", end="2026-11-24")

    assert "The time was not checked for conflicts: Event.ShowAs is hidden" in made["warning"]
    assert stored(org, made["Id"])["Subject"] == "Demo"
    assert free["code"] == "POLICY_REFUSED"


async def test_where_a_policy_hides_invitations_and_users_appointments_are_still_checked(
    org: LocalOrg, tmp_path: Path
) -> None:
    policy = 'actions = []\n[objects.Event]\nactions = ["read", "create"]\n'
    (tmp_path / "policy.toml").write_text(policy, encoding="utf-8")
    there = timed(org, "There", TEN)
    settings = settings_of(org, policy=tmp_path / "policy.toml")
    server = create_server(settings, transport=AsgiTransport(org.app), now=lambda: NOW)
    async with Client(server, raise_exceptions=True) as mcp:
        error = await refusal(mcp, "create_appointment", data=DATA)
        made = await call(mcp, "create_appointment", data=DATA | {"StartDateTime": "2026-11-24T18:00:00Z"})
        rooms = await call(mcp, "get_free_busy", calendars=["023lo0000000001AAA"], start="2026-11-24", end="2026-11-24")

    assert there in error["message"]
    assert "warning" not in made
    assert rooms["calendars"][0]["visibility"] == "unknown"


@pytest.mark.parametrize(
    ("data", "is_taken"),
    [
        ({"IsReminderSet": True, "ReminderDateTime": "2026-11-24T09:00:00Z"}, True),
        ({"Subject": "Mine"}, False),
        ({"StartDateTime": "2026-11-25T10:00:00Z"}, False),
        ({"DurationInMinutes": 60}, False),
        ({"IsReminderSet": True, "Location": "Room 1"}, False),
    ],
)
async def test_of_an_invitees_copy_only_the_reminder_changes_and_the_organizers_is_named(
    org: LocalOrg, mcp: Client, data: dict[str, Any], *, is_taken: bool
) -> None:
    other = org.store.rows("SELECT Id FROM User WHERE Id <> ?", [org.user_id])[0]["Id"]
    event_id = org.insert("Event", Subject="Once", StartDateTime="2026-11-24T14:00:00Z", DurationInMinutes=30)
    org.insert("EventRelation", EventId=event_id, RelationId=other)
    copy = org.store.rows("SELECT Id FROM Event WHERE IsChild = 1 AND Subject = 'Once'")[0]["Id"]

    if is_taken:
        assert (await call(mcp, "update_appointment", event_id=copy, data=data))["changed"]
    else:
        error = await refusal(mcp, "update_appointment", event_id=copy, data=data)
        assert f"organizer's {event_id} (of Nora Quill)" in error["hint"]
