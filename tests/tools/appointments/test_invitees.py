"""Invitees, through the whole stack: users, contacts, leads and rooms, and what they answered."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from mcp import Client

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.salesforce import AsgiTransport
from mcp_salesforce.salesforce.wire import HttpReply, HttpRequest
from mcp_salesforce.server import create_server
from tests.conftest import NOW, settings_of
from tests.orgs import new_org
from tests.tools.calls import call, refusal, rows_as_dicts

START = "2026-11-24T15:00:00Z"


@dataclass
class Guests:
    """One of each kind that can be invited."""

    user: str
    contact: str
    lead: str
    room: str


@pytest.fixture
def guests(org: LocalOrg) -> Guests:
    return Guests(
        org.store.rows("SELECT Id FROM User WHERE Id <> ?", [org.user_id])[0]["Id"],
        org.insert("Contact", LastName="Ode", FirstName="Ana"),
        org.insert("Lead", LastName="Quist", Company="Acme"),
        org.store.rows("SELECT Id FROM Calendar WHERE Type = 'Resource'")[0]["Id"],
    )


def meeting(org: LocalOrg, **fields: Any) -> str:
    return org.insert("Event", **{"Subject": "Review", "StartDateTime": START, "DurationInMinutes": 30, **fields})


def copies(org: LocalOrg) -> list[str]:
    rows = org.store.rows("SELECT OwnerId FROM Event WHERE IsChild = 1 AND IsDeleted = 0 AND Subject = 'Review'")
    return [row["OwnerId"] for row in rows]


async def test_each_kind_is_invited_and_told_with_its_name_and_answer(
    org: LocalOrg, mcp: Client, guests: Guests
) -> None:
    event_id = meeting(org)

    told = await call(
        mcp, "set_invitees", event_id=event_id, add=[guests.user, guests.contact, guests.lead, guests.room]
    )

    rows = {row["Id"]: row for row in rows_as_dicts(told)}
    assert {each: (row["kind"], row["Status"], row["outcome"]) for each, row in rows.items()} == {
        guests.user: ("user", "New", "added"),
        guests.contact: ("contact", "New", "added"),
        guests.lead: ("lead", "New", "added"),
        guests.room: ("resource", "Accepted", "added"),
    }
    assert rows[guests.contact]["Name"] == "Ana Ode"
    assert copies(org) == [guests.user]
    assert "note" not in told


async def test_an_appointment_tells_its_invitees_and_their_answers(org: LocalOrg, mcp: Client, guests: Guests) -> None:
    event_id = meeting(org)
    await call(mcp, "set_invitees", event_id=event_id, add=[guests.user])
    org.store.execute("UPDATE EventRelation SET Status = 'Declined' WHERE EventId = ?", [event_id])

    read = await call(mcp, "get_appointment", event_id=event_id)

    (row,) = rows_as_dicts(read["invitees"])
    assert (row["Id"], row["kind"], row["Status"]) == (guests.user, "user", "Declined")
    assert "invitees" not in await call(mcp, "get_appointment", event_id=meeting(org))


async def test_invitations_are_taken_back_with_the_copy_in_the_calendar(
    org: LocalOrg, mcp: Client, guests: Guests
) -> None:
    event_id = meeting(org)
    await call(mcp, "set_invitees", event_id=event_id, add=[guests.user, guests.room])

    told = await call(mcp, "set_invitees", event_id=event_id, remove=[guests.user, guests.lead], add=[guests.contact])

    assert [(row["Id"], row["outcome"]) for row in rows_as_dicts(told)] == [
        (guests.room, ""),
        (guests.contact, "added"),
        (guests.lead, "was not invited"),
        (guests.user, "removed"),
    ]
    assert copies(org) == []


async def test_who_is_there_already_or_cannot_be_invited_does_not_keep_the_others_out(
    org: LocalOrg, mcp: Client, guests: Guests
) -> None:
    event_id = meeting(org)
    await call(mcp, "set_invitees", event_id=event_id, add=[guests.user])
    gone = org.insert("Contact", LastName="Gone")
    org.records.delete("Contact", gone, org.user_id)

    told = await call(mcp, "set_invitees", event_id=event_id, add=[guests.user, org.user_id, gone, guests.room])

    outcomes = {row["Id"]: row["outcome"] for row in rows_as_dicts(told)}
    assert outcomes[guests.user] == "invited before"
    assert outcomes[org.user_id] == "owner"
    assert outcomes[gone].startswith("failed: ")
    assert outcomes[guests.room] == "added"


async def test_an_appointment_is_created_with_its_invitees(org: LocalOrg, mcp: Client, guests: Guests) -> None:
    data = {"Subject": "Review", "StartDateTime": START, "DurationInMinutes": 30}

    made = await call(mcp, "create_appointment", data=data, invitees=[guests.user, guests.room, org.user_id])

    assert {row["Id"] for row in rows_as_dicts(made["invitees"])} == {guests.user, guests.room}
    assert "warning" not in made
    assert copies(org) == [guests.user]


async def test_an_appointment_stays_though_somebody_could_not_be_invited(
    org: LocalOrg, mcp: Client, guests: Guests
) -> None:
    gone = org.insert("Lead", LastName="Gone", Company="Acme")
    org.records.delete("Lead", gone, org.user_id)
    data = {"Subject": "Review", "StartDateTime": START, "DurationInMinutes": 30}

    made = await call(mcp, "create_appointment", data=data, invitees=[gone, guests.room])

    assert made["warning"].startswith(f"Saved, but not everybody is invited: {gone} failed: ")
    assert [row["Id"] for row in rows_as_dicts(made["invitees"])] == [guests.room]


class Failing:
    """A transport to an org that refuses everything about EventRelation."""

    def __init__(self, org: LocalOrg) -> None:
        self._inner = AsgiTransport(org.app)

    async def exchange(self, request: HttpRequest) -> HttpReply:
        if request.url.endswith("/composite"):  # its parts fail one by one
            body = (request.body or b"").replace(b"EventRelation", b"NotForYou")
            return await self._inner.exchange(replace(request, body=body))
        if "EventRelation" in request.url or b"EventRelation" in (request.body or b""):
            refused = json.dumps([{"errorCode": "INSUFFICIENT_ACCESS", "message": "insufficient access rights"}])
            return HttpReply(403, {"content-type": "application/json"}, refused.encode())
        return await self._inner.exchange(request)

    async def close(self) -> None:
        await self._inner.close()


async def test_without_access_to_invitees_an_appointment_can_be_made_and_read(org: LocalOrg, guests: Guests) -> None:
    data = {"Subject": "Review", "StartDateTime": "2026-11-25T15:00:00Z", "DurationInMinutes": 30}
    group = meeting(org)
    org.insert("EventRelation", EventId=group, RelationId=guests.room)
    server = create_server(settings_of(org), transport=Failing(org), now=lambda: NOW)

    async with Client(server, raise_exceptions=True) as client:
        made = await call(client, "create_appointment", data=data, invitees=[guests.user])
        read = await call(client, "get_appointment", event_id=group)

    assert made["warning"] == (f"Saved, but not everybody is invited: {guests.user} failed: insufficient access rights")
    assert read["warning"] == "The invitees could not be read: insufficient access rights"


async def test_what_cannot_be_is_refused_with_what_to_do(org: LocalOrg, mcp: Client, guests: Guests) -> None:
    event_id = meeting(org)
    await call(mcp, "set_invitees", event_id=event_id, add=[guests.user])
    copy = org.store.rows("SELECT Id FROM Event WHERE IsChild = 1 AND Subject = 'Review'")[0]["Id"]
    series = meeting(org, Recurrence2PatternText="RRULE:FREQ=DAILY;COUNT=2")

    cases: list[tuple[dict[str, Any], str, str]] = [
        ({"event_id": event_id}, "Nobody was named to add or remove", "add or remove"),
        ({"event_id": event_id, "add": [guests.user], "remove": [guests.user]}, "in add and in remove", "one of them"),
        ({"event_id": copy, "add": [guests.room]}, "an invitee's copy", f"organizer's {event_id} (of Nora Quill)"),
        ({"event_id": series, "add": [guests.room]}, "a whole series", "List its appointments"),
        (
            {"event_id": event_id, "add": [event_id]},
            "the Id of an Event",
            "a User or a Contact or a Lead or a Calendar",
        ),
    ]
    for arguments, said, hint in cases:
        error = await refusal(mcp, "set_invitees", **arguments)
        assert said in error["message"]
        assert hint in error["hint"]

    data = {"StartDateTime": START, "DurationInMinutes": 30, "Recurrence2PatternText": "FREQ=DAILY;COUNT=2"}
    error = await refusal(mcp, "create_appointment", data=data, invitees=[guests.room])
    assert "salesforce_set_invitees" in error["hint"]


async def test_one_appointment_of_a_series_says_that_it_is_one(org: LocalOrg, mcp: Client, guests: Guests) -> None:
    series = meeting(org, Recurrence2PatternText="RRULE:FREQ=DAILY;COUNT=2")
    one = org.store.rows("SELECT Id FROM Event WHERE _master = ?", [series])[0]["Id"]

    told = await call(mcp, "set_invitees", event_id=one, add=[guests.room])

    assert "part of a series" in told["note"]


async def test_several_contacts_need_an_org_that_relates_them(org: LocalOrg, mcp: Client, guests: Guests) -> None:
    data = {
        "StartDateTime": START,
        "DurationInMinutes": 30,
        "EventWhoIds": [guests.contact, org.insert("Contact", LastName="B")],
    }

    created = await refusal(mcp, "create_appointment", data=data)
    changed = await refusal(mcp, "update_appointment", event_id=meeting(org), data={"EventWhoIds": [guests.contact]})

    for error in (created, changed):
        assert "Shared Activities is off" in error["message"]
        assert error["hint"] == "Give one contact as WhoId and invite the others."


@pytest.fixture
def shared_org() -> LocalOrg:
    """An org with Shared Activities: an EventRelation tells whether it is of an invitee, of a contact, or of both."""
    with new_org(seed=False) as plain:
        describes = [plain.describes.describe(name, plain.user_id) for name in ("EventRelation", "Event")]
    flag = {"type": "boolean", "createable": True, "updateable": True, "nillable": False, "filterable": True}
    describes[0]["fields"] += [{**flag, "name": name, "label": name} for name in ("IsInvitee", "IsParent")]
    text = {"type": "textarea", "length": 1000, "createable": True, "updateable": True, "nillable": True}
    describes[1]["fields"].append({**text, "name": "EventWhoIds", "label": "Contacts"})
    return new_org(lambda: NOW, seed=False, schema=json.dumps(describes, default=str))


@pytest.fixture
async def shared(shared_org: LocalOrg) -> AsyncIterator[Client]:
    server = create_server(settings_of(shared_org), transport=AsgiTransport(shared_org.app), now=lambda: NOW)
    with shared_org:
        async with Client(server, raise_exceptions=True) as client:
            yield client


async def test_with_shared_activities_a_contact_can_be_related_and_invited_each_by_itself(
    shared_org: LocalOrg, shared: Client
) -> None:
    event_id = meeting(shared_org)
    related, other = (shared_org.insert("Contact", LastName=name) for name in ("Ode", "Bell"))
    shared_org.insert("EventRelation", EventId=event_id, RelationId=related, IsParent=True)

    def kept() -> dict[str, tuple[int, int]]:
        rows = shared_org.store.rows("SELECT * FROM EventRelation WHERE IsDeleted = 0")
        return {row["RelationId"]: (row["IsParent"], row["IsInvitee"]) for row in rows}

    told = await call(shared, "set_invitees", event_id=event_id, add=[related, other])
    assert {row["Id"]: row["outcome"] for row in rows_as_dicts(told)} == {related: "added", other: "added"}
    assert kept() == {related: (1, 1), other: (0, 1)}

    told = await call(shared, "set_invitees", event_id=event_id, remove=[related, other])
    assert {row["Id"]: row["outcome"] for row in rows_as_dicts(told)} == {related: "removed", other: "removed"}
    assert kept() == {related: (1, 0)}

    data = {"StartDateTime": "2026-11-25T15:00:00Z", "DurationInMinutes": 30, "EventWhoIds": "both"}
    assert (await call(shared, "create_appointment", data=data))["EventWhoIds"] == "both"
