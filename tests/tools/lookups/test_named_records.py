"""Names where Ids are taken: by every tool in one way, and never a guess."""

from pathlib import Path
from typing import Any

import pytest
from mcp import Client

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.salesforce import AsgiTransport
from mcp_salesforce.server import create_server
from tests.conftest import ERAS, NOW, settings_of
from tests.orgs import new_org
from tests.tools.calls import call, refusal, rows_as_dicts
from tests.tools.framework.test_allowed_tools import served

TIMES = {"StartDateTime": "2027-02-23T15:00:00Z", "DurationInMinutes": 30}
JONAS = "005lo0000000002AAA"


@pytest.fixture(params=ERAS)
def era(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def org(empty_org: LocalOrg) -> LocalOrg:
    return empty_org


@pytest.fixture
def acme(org: LocalOrg) -> str:
    return org.insert("Account", Name="Acme Works", BillingCity="Berlin")


@pytest.fixture
def zoe(org: LocalOrg, acme: str) -> str:
    return org.insert("Contact", LastName="Müller", FirstName="Zoë", Email="zoe@acme.example", AccountId=acme)


async def test_an_appointment_takes_names_for_everybody(org: LocalOrg, mcp: Client, acme: str, zoe: str) -> None:
    made = await call(
        mcp,
        "create_appointment",
        data={
            "Subject": "Talk",
            "OwnerId": "Jonas Brandt",
            "WhoId": "zoe@acme.example",
            "WhatId": "acme works",
            **TIMES,
        },
        invitees=["me", "Harbour Room"],
    )

    assert (made["OwnerId"], made["WhoId"], made["WhatId"]) == (JONAS, zoe, acme)
    assert {row["Id"] for row in rows_as_dicts(made["invitees"])} >= {org.user_id}

    found = await call(mcp, "list_appointments", start="2027-02-23", end="2027-02-23", owner_id="Jonas Brandt")
    mine = await call(mcp, "list_appointments", start="2027-02-23", end="2027-02-23", owner_id="me")
    hers = await call(mcp, "list_appointments", start="2027-02-23", end="2027-02-23", contact_id="Zoe Mueller")
    assert [row["Subject"] for row in rows_as_dicts(found)] == ["Talk"]
    assert len(mine["rows"]) == 1
    assert {row["Who.Name"] for row in rows_as_dicts(hers)} == {"Zoë Müller"}


@pytest.mark.parametrize("name", ["zoe@acme.example", "Zoë Müller", "Müller, Zoë", "zoe mueller"])
async def test_a_contact_is_found_however_the_name_is_written(mcp: Client, zoe: str, name: str) -> None:
    assert (await call(mcp, "get_contact", contact_id=name))["Id"] == zoe


async def test_records_activities_and_reports_take_names_too(org: LocalOrg, mcp: Client, acme: str, zoe: str) -> None:
    lead = org.insert("Lead", LastName="Berg", FirstName="Tom", Company="Berg Works")

    saved = await call(
        mcp,
        "create_records",
        sobject="Opportunity",
        records=[
            {"Name": "Deal", "AccountId": "Acme Works", "OwnerId": "jonas brandt", "StageName": "Prospecting",
             "CloseDate": "2027-01-31"},
        ],
    )  # fmt: skip
    [row] = org.store.rows(f"SELECT AccountId, OwnerId FROM Opportunity WHERE Id = '{rows_as_dicts(saved)[0]['Id']}'")
    assert (row["AccountId"], row["OwnerId"]) == (acme, JONAS)

    task = await call(mcp, "log_activity", kind="call", data={"Subject": "Call", "WhoId": "Tom Berg", "OwnerId": "me"})
    assert (task["WhoId"], task["OwnerId"]) == (lead, org.user_id)
    timeline = await call(mcp, "list_activities", record_id="Tom Berg")
    assert len(timeline["rows"]) == 1
    assert (await call(mcp, "explain_access", sobject="Account", record_id="Acme Works"))["record"]["Id"] == acme
    assert (await call(mcp, "list_history", sobject="Contact", record_id="Zoë Müller"))["rows"]
    listed = await call(mcp, "list_contacts", account_id="Acme Works")
    assert [each["Id"] for each in rows_as_dicts(listed)] == [zoe]
    made = await call(mcp, "create_contact", data={"LastName": "Neu", "AccountId": "Acme Works"})
    assert made["AccountId"] == acme


async def test_records_are_read_merged_and_deleted_by_their_names(org: LocalOrg, mcp: Client, zoe: str) -> None:
    twin = org.insert("Contact", LastName="Müller", FirstName="Zoë Ann")
    tom = org.insert("Contact", LastName="Berg", FirstName="Tom")

    read = await call(mcp, "get_record", sobject="Contact", record_ids=["zoe@acme.example", zoe, "Tom Berg"])
    assert [row["Id"] for row in rows_as_dicts(read)] == [zoe, tom]
    both = {"sobject": "Contact", "master_id": "zoe@acme.example", "loser_ids": ["Zoë Ann Müller"]}
    assert (await call(mcp, "merge_records", **both))["merged"] == [twin]
    await call(mcp, "delete_records", sobject="contact", record_ids=["Tom Berg"])
    assert {row["Id"] for row in org.store.rows("SELECT Id FROM Contact WHERE IsDeleted = 1")} == {twin, tom}

    for _ in range(2):
        org.insert("Contact", LastName="Ode")
    for tool in ("get_record", "delete_records"):
        error = await refusal(mcp, tool, sobject="Contact", record_ids=["Ode"])
        assert (error["code"], error["fields"]) == ("AMBIGUOUS_NAME", ["record_ids"])
    error = await refusal(mcp, "merge_records", sobject="Contact", master_id=zoe, loser_ids=["Ode"])
    assert error["code"] == "AMBIGUOUS_NAME"


@pytest.mark.usefixtures("zoe")
async def test_of_several_none_is_chosen(org: LocalOrg, mcp: Client) -> None:
    other = org.insert("Contact", LastName="Müller", FirstName="Zoë", Email="z@bolt.example")
    before = org.store.rows("SELECT Id FROM Contact WHERE IsDeleted = 0")

    error = await refusal(mcp, "delete_contact", contact_id="Zoë Müller")

    assert (error["code"], error["fields"]) == ("AMBIGUOUS_NAME", ["contact_id"])
    assert f"{other} (z@bolt.example)" in error["message"]
    assert "Acme Works" in error["message"]
    assert error["hint"].startswith("Ask the user which one is meant")
    assert org.store.rows("SELECT Id FROM Contact WHERE IsDeleted = 0") == before
    row = await refusal(mcp, "create_records", sobject="Case", records=[{"Subject": "x", "ContactId": "Zoë Müller"}])
    assert (row["code"], row["fields"]) == ("AMBIGUOUS_NAME", ["ContactId"])


async def test_a_part_of_a_name_is_a_question(mcp: Client, zoe: str) -> None:
    error = await refusal(mcp, "update_contact", contact_id="Müller", data={"Title": "CTO"})

    assert error["code"] == "MALFORMED_ID"
    assert f"Did you mean {zoe} (Zoë Müller" in error["hint"]


@pytest.mark.parametrize(
    ("tool", "arguments", "said"),
    [
        ("get_contact", {"contact_id": "Nobody Atall"}, "no Contact has this name"),
        ("create_appointment", {"data": {"Subject": "x", "WhoId": "Nobody Atall", **TIMES}}, "Contact or Lead"),
        ("list_history", {"sobject": "Case", "record_id": "Nobody"}, "no Case has this name"),
        ("list_appointments", {"owner_id": "Nobody Atall"}, "No calendar is called"),
        ("get_contact", {"contact_id": "003lo000000ZZZ"}, "15 or 18 letters"),
    ],
)
async def test_a_name_of_nobody_is_refused_with_what_was_looked_for(
    mcp: Client, tool: str, arguments: dict[str, Any], said: str
) -> None:
    assert said in (await refusal(mcp, tool, **arguments))["message"]


async def test_a_name_with_signs_of_a_query_is_only_a_name(mcp: Client) -> None:
    for name in ("O'Brien' OR Name != '", "x%_\\' LIMIT 1", 'A "quoted" name', "Ødegård ' \\"):
        error = await refusal(mcp, "get_contact", contact_id=name)
        assert error["code"] == "MALFORMED_ID"


async def test_a_room_that_there_is_not_is_answered_with_the_rooms_that_there_are(mcp: Client) -> None:
    error = await refusal(mcp, "get_free_busy", calendars=["Zebra Hall"], start="2026-11-24", end="2026-11-24")

    assert error["code"] == "UNKNOWN_CALENDAR"
    assert "Rooms and resources: Harbour Room, Projector." in error["hint"]


async def test_rooms_are_listed_with_what_an_org_says_of_them() -> None:
    schema = "objects:\n  Calendar:\n    fields:\n      Capacity__c: {type: double}\n"
    with new_org(lambda: NOW, schema=schema) as org:
        org.store.execute("UPDATE Calendar SET Capacity__c = 12 WHERE Name = 'Harbour Room'")
        async with Client(create_server(settings_of(org), transport=AsgiTransport(org.app), now=lambda: NOW)) as mcp:
            error = await refusal(mcp, "get_free_busy", calendars=["Moon base"], start="2026-11-24", end="2026-11-24")

    assert "Rooms and resources: Harbour Room (capacity 12" in error["hint"]


async def test_free_times_tell_the_time_zone_of_each_person(org: LocalOrg, mcp: Client) -> None:
    org.store.execute(f"UPDATE User SET TimeZoneSidKey = 'Asia/Tokyo' WHERE Id = '{JONAS}'")
    window = {"start": "2026-11-24", "end": "2026-11-26"}

    free = await call(mcp, "find_free_times", calendars=["Jonas Brandt", "Harbour Room"], duration_minutes=30, **window)
    busy = await call(mcp, "get_free_busy", calendars=["Jonas Brandt", "Harbour Room"], **window)

    for told in (free, busy):
        person, room = told["calendars"]
        assert person["time_zone"] == "Asia/Tokyo"
        assert "time_zone" not in room


async def test_a_location_that_names_a_room_which_is_not_invited_is_noted(mcp: Client) -> None:
    data = {"Subject": "Talk", "Location": "harbour room", **TIMES}

    only_named = await call(mcp, "create_appointment", data=data)
    later = {**data, "StartDateTime": "2027-02-24T15:00:00Z"}
    reserved = await call(mcp, "create_appointment", data=later, invitees=["Harbour Room"])
    elsewhere = await call(
        mcp, "create_appointment", data={**data, "Location": "Cafe", "StartDateTime": "2027-02-25T15:00:00Z"}
    )

    assert only_named["note"].startswith("Harbour Room is not reserved: Location only names it.")
    assert "reserved" not in reserved.get("note", "")
    assert "note" not in elsewhere


async def test_each_user_is_offered_in_hours_of_their_own(org: LocalOrg) -> None:
    own = "Mon-Fri 09:00-17:00 UTC | jonas.brandt@local-org.example.com: Tue 13:00-14:00 UTC"
    server = create_server(settings_of(org, working_hours=own), transport=AsgiTransport(org.app), now=lambda: NOW)
    window = {"start": "2026-11-24", "end": "2026-11-25", "time_zone": "UTC", "limit": 50}
    async with Client(server) as mcp:
        his = await call(mcp, "find_free_times", calendars=["Jonas Brandt"], duration_minutes=60, **window)
        both = await call(mcp, "find_free_times", calendars=["me", "Jonas Brandt"], duration_minutes=60, **window)
        mine = await call(mcp, "find_free_times", calendars=["me"], duration_minutes=60, **window)

    assert [row["start.utc"] for row in rows_as_dicts(his)] == ["2026-11-24T13:00:00Z"]
    assert both["rows"] == his["rows"]
    assert len(mine["rows"]) > 1


async def test_a_name_is_found_without_objects_that_a_policy_closes_and_refused_where_it_may_be_of_one(
    tmp_path: Path,
) -> None:
    (tmp_path / "p.toml").write_text("[objects.Lead]\nactions = []\n", "utf-8")
    with new_org(lambda: NOW) as org:
        async with served(org, policy=tmp_path / "p.toml", toolsets="all") as mcp:
            data = {**TIMES, "Subject": "Visit"}
            made = await call(mcp, "create_appointment", data=data, invitees=["Harbour Room", "Jonas Brandt"])
            unseen = await refusal(mcp, "set_invitees", event_id=made["Id"], add=["Nobody Here"])
        invited = org.store.rows("SELECT RelationId FROM EventRelation WHERE EventId = ?", [made["Id"]])

    assert {each["RelationId"][:3] for each in invited} >= {"005", "023"}
    assert unseen["code"] == "POLICY_REFUSED"
    assert "Lead" in unseen["message"]


async def test_an_invitee_that_there_is_not_is_answered_with_the_rooms_that_there_are(mcp: Client) -> None:
    data = {"Subject": "Talk", **TIMES}

    error = await refusal(mcp, "create_appointment", data=data, invitees=["Zebra Hall"])
    first_name = await refusal(mcp, "create_appointment", data=data, invitees=["Jonas"])

    assert error["fields"] == ["invitees"]
    assert "Rooms and resources: Harbour Room, Projector." in error["hint"]
    assert first_name["hint"] == "Did you mean Jonas Brandt?"


@pytest.mark.parametrize(
    ("location", "invitees", "named"),
    [
        ("harbour room, 2nd floor", [], ["Harbour Room"]),
        ("Berlin - Harbour Room (north)", [], ["Harbour Room"]),
        ("Harbour Room / Projector", [], ["Harbour Room", "Projector"]),
        ("Harbour Room / Projector", ["Harbour Room"], ["Projector"]),
        ("Harbour Roomy, 2nd floor", [], []),
    ],
)
async def test_each_room_that_a_location_names_among_other_words_is_noted(
    mcp: Client, location: str, invitees: list[str], named: list[str]
) -> None:
    data = {"Subject": "Talk", "Location": location, **TIMES}

    made = await call(mcp, "create_appointment", data=data, invitees=invitees)

    note = made.get("note", "")
    assert [name for name in ("Harbour Room", "Projector") if f"{name} is not reserved" in note] == named
