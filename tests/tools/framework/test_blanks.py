"""Null and empty texts, which some hosts write for every field left out: not given on create, cleared on update."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp import Client

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.localorg.errors import OrgError
from mcp_salesforce.salesforce import AsgiTransport
from mcp_salesforce.server import create_server
from mcp_salesforce.tools.framework.blanks import is_blank, with_nulls, without_blanks
from tests.approving import approve
from tests.conftest import NOW, settings_of
from tests.tools.calls import call, refusal, rows_as_dicts
from tests.tools.events import stored, timed

BLANKS: tuple[Any, ...] = (None, "", " \t", {"X__c": None}, [""])
TEN = "2026-11-24T15:00:00Z"
NEEDED: dict[str, dict[str, Any]] = {
    "Account": {"Name": "Acme"},
    "Campaign": {"Name": "Fair"},
    "Case": {"Subject": "Broken"},
    "Contact": {"LastName": "Ode"},
    "Event": {"Subject": "Call", "StartDateTime": TEN, "DurationInMinutes": 30},
    "Lead": {"LastName": "Ode", "Company": "Acme"},
    "Opportunity": {"Name": "Deal", "StageName": "Prospecting", "CloseDate": "2026-12-01"},
    "Task": {"Subject": "Ring"},
}
OWN = {"CaseNumber", "CreatedDate", "Id", "LastModifiedDate", "PhotoUrl", "SystemModstamp"}  # differ by themselves

json_values = st.recursive(
    st.sampled_from(["", " ", "x", None, 0, False]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["A", "B", "attributes"]), inner),
    max_leaves=8,
)
records = st.dictionaries(st.sampled_from(["Name", "OwnerId", "Account"]), json_values)


@pytest.fixture
async def one(org: LocalOrg) -> AsyncIterator[Client]:
    """A client of the server, in one era."""
    server = create_server(settings_of(org), transport=AsgiTransport(org.app), now=lambda: NOW)
    async with Client(server, elicitation_callback=approve) as client:
        yield client


def createable(org: LocalOrg, sobject: str) -> list[str]:
    return [field.name for field in org.records.sobject(sobject).fields if field.createable]


def told(org: LocalOrg, sobject: str, record_id: str) -> dict[str, Any]:
    record = org.records.retrieve(sobject, record_id)
    return {name: value for name, value in record.items() if name not in OWN}


def forms_of(names: list[str]) -> Iterator[dict[str, Any]]:
    """Every name with one of the blanks, in turn; and all names with each of them."""
    yield from ({name: BLANKS[at % len(BLANKS)]} for at, name in enumerate(names))
    yield from (dict.fromkeys(names, blank) for blank in BLANKS)


@given(records)
def test_nothing_blank_is_left_of_a_new_record_and_all_else_is(record: dict[str, Any]) -> None:
    kept = without_blanks(record)

    assert kept.keys() == {name for name, value in record.items() if not is_blank(value)}
    assert without_blanks(kept) == kept
    assert with_nulls(record) == kept | dict.fromkeys(record.keys() - kept.keys())


def test_false_and_zero_are_values() -> None:
    assert without_blanks({"A": False, "B": 0, "C": {"D": [False]}}) == {"A": False, "B": 0, "C": {"D": [False]}}


@pytest.mark.parametrize("sobject", [name for name in NEEDED if name != "Event"])  # has tools of its own
async def test_a_record_is_made_as_if_its_blank_fields_were_not_there(
    empty_org: LocalOrg, one: Client, sobject: str
) -> None:
    needed = NEEDED[sobject]
    names = [name for name in createable(empty_org, sobject) if name not in needed]
    rows = [needed, *(needed | blank for blank in forms_of(names))]

    saved = await call(one, "create_records", sobject=sobject, records=rows, allow_duplicate=True, list_saved=True)

    plain, *others = [told(empty_org, sobject, row["Id"]) for row in rows_as_dicts(saved)]
    assert plain["OwnerId"] == empty_org.user_id
    assert all(other == plain for other in others)


async def test_a_contact_is_made_as_if_its_blank_fields_were_not_there(empty_org: LocalOrg, one: Client) -> None:
    names = [name for name in createable(empty_org, "Contact") if name != "LastName"]
    plain = await call(one, "create_contact", data={"LastName": "Ode"}, allow_duplicate=True)

    for blank in [*forms_of(names), {"ownerid": "", "Account": {"Name": ""}}]:
        data = {"LastName": "Ode", **blank}
        made = await call(one, "create_contact", data=data, allow_duplicate=True)
        assert told(empty_org, "Contact", made["Id"]) == told(empty_org, "Contact", plain["Id"]), blank


async def test_an_appointment_is_checked_and_made_as_if_its_blank_fields_were_not_there(
    empty_org: LocalOrg, one: Client
) -> None:
    timed(empty_org, "Budget review", TEN)
    needed = {"Subject": "Call", "StartDateTime": TEN, "DurationInMinutes": 60}
    names = [name for name in createable(empty_org, "Event") if name not in {*needed, "ActivityDate"}]

    for blank in [*forms_of([*names, "ActivityDate", "time_zone"]), {"ownerid": None}, {"showas": ""}]:
        error = await refusal(one, "create_appointment", data=needed | blank)
        assert error["code"] == "APPOINTMENT_CONFLICT", blank
    made = await call(one, "create_appointment", data=needed | dict.fromkeys(names), allow_conflict=True)

    event = stored(empty_org, made["Id"])
    assert (event["OwnerId"], event["ShowAs"], event["DurationInMinutes"]) == (empty_org.user_id, "Busy", 60)


@pytest.mark.parametrize("blank", BLANKS)
async def test_a_new_appointment_lacks_what_was_given_blank(empty_org: LocalOrg, one: Client, blank: Any) -> None:
    del empty_org  # nothing is in the way
    for data in ({"StartDateTime": blank}, {"StartDateTime": TEN, "EndDateTime": blank, "DurationInMinutes": blank}):
        error = await refusal(one, "create_appointment", data=data)
        assert "is required" in error["message"]


async def test_no_blank_gets_a_change_of_an_appointment_past_the_check(empty_org: LocalOrg, one: Client) -> None:
    timed(empty_org, "Budget review", TEN)
    event_id = timed(empty_org, "Call", "2026-11-24T20:00:00Z")
    before = stored(empty_org, event_id)
    names = [name for name in createable(empty_org, "Event") if name not in {"StartDateTime", "DurationInMinutes"}]
    moves = [{"StartDateTime": TEN, **blank} for blank in forms_of(names)]

    for data in [*moves, *({"OwnerId": blank} for blank in BLANKS), *({"EndDateTime": blank} for blank in BLANKS)]:
        await refusal(one, "update_appointment", event_id=event_id, data=data)
        assert stored(empty_org, event_id) == before, data


@pytest.mark.parametrize("blank", BLANKS)
async def test_a_free_appointment_takes_time_once_its_showing_is_cleared(
    empty_org: LocalOrg, one: Client, blank: Any
) -> None:
    there = timed(empty_org, "Budget review", TEN)
    free = timed(empty_org, "Maybe", TEN, ShowAs="Free")

    error = await refusal(one, "update_appointment", event_id=free, data={"ShowAs": blank})
    empty_org.records.delete("Event", there, empty_org.user_id)
    await call(one, "update_appointment", event_id=free, data={"ShowAs": blank})
    later = await refusal(one, "create_appointment", data=NEEDED["Event"])

    assert there in error["message"]
    assert free in later["message"]


async def test_an_invitation_without_a_subject_is_no_copy_of_what_the_owner_moves_there(
    empty_org: LocalOrg, one: Client
) -> None:
    other = empty_org.store.rows("SELECT Id FROM User WHERE Id <> ?", [empty_org.user_id])[0]["Id"]
    theirs = empty_org.insert("Event", StartDateTime=TEN, DurationInMinutes=60, OwnerId=other)
    empty_org.insert("EventRelation", EventId=theirs, RelationId=empty_org.user_id)
    event_id = timed(empty_org, "Call", "2026-11-24T20:00:00Z")

    error = await refusal(one, "update_appointment", event_id=event_id, data={"StartDateTime": TEN, "Subject": None})

    assert error["code"] == "APPOINTMENT_CONFLICT"


@pytest.mark.parametrize("blank", BLANKS)
async def test_a_follow_up_is_made_as_if_its_blank_fields_were_not_there(
    empty_org: LocalOrg, one: Client, blank: Any
) -> None:
    plain, other, none = (timed(empty_org, "Visit", f"2026-11-2{day}T15:00:00Z") for day in (4, 5, 6))
    due = {"ActivityDate": "2026-11-30"}
    names = [name for name in createable(empty_org, "Task") if name not in {"ActivityDate", "WhatId"}]
    close = {"outcome": "cancelled"}

    without = await call(one, "close_appointment", event_id=plain, **close, follow_up=due)
    blanks = await call(one, "close_appointment", event_id=other, **close, follow_up=due | dict.fromkeys(names, blank))
    closed = await call(
        one, "close_appointment", event_id=none, **close, follow_up=dict.fromkeys(["ActivityDate", "Subject"], blank)
    )

    made = [told(empty_org, "Task", each["follow_up"]["Id"]) for each in (without, blanks)]
    assert made[0] == made[1]
    assert "follow_up" not in closed


@pytest.mark.parametrize("blank", BLANKS)
async def test_a_blank_clears_a_field_of_a_contact(org: LocalOrg, one: Client, blank: Any) -> None:
    fields = {"Title": "CTO", "Email": "ode@example.com", "Birthdate": "1990-01-31", "LeadSource": "Web"}
    account = org.insert("Account", Name="Acme")
    one_id, other_id = (org.insert("Contact", LastName="Ode", AccountId=account, **fields) for _ in range(2))
    cleared = dict.fromkeys([*fields, "AccountId"], blank)

    await call(one, "update_contact", contact_id=one_id, data=cleared)
    await call(one, "update_records", sobject="Contact", records=[{"Id": other_id, **cleared}])

    for contact_id in (one_id, other_id):
        assert set(org.records.retrieve("Contact", contact_id, cleared).values()) == {None}


@pytest.mark.parametrize("blank", BLANKS)
async def test_no_owner_is_cleared(org: LocalOrg, one: Client, blank: Any) -> None:
    contact = org.insert("Contact", LastName="Ode")
    event = timed(org, "Call", TEN)
    calls: list[tuple[str, dict[str, Any]]] = [
        ("update_contact", {"contact_id": contact, "data": {"OwnerId": blank}}),
        ("update_appointment", {"event_id": event, "data": {"ownerid": blank}}),
        ("update_records", {"sobject": "Contact", "records": [{"Id": contact, "OwnerId": blank}]}),
        ("update_records", {"sobject": "Contact", "records": [{"Id": contact, "Owner": blank}]}),
        (
            "upsert_records",
            {"sobject": "Contact", "external_id_field": "Id", "records": [{"Id": contact, "OwnerId": blank}]},
        ),
    ]

    for tool, arguments in calls:
        error = await refusal(one, tool, **arguments)
        assert error["fields"] == ["OwnerId"], tool
        assert "no column" not in error["message"]
    owners = {org.records.retrieve(name, each)["OwnerId"] for name, each in (("Contact", contact), ("Event", event))}
    assert owners == {org.user_id}


@pytest.mark.parametrize("owner", [None, "", "  "])
def test_the_local_org_keeps_no_record_without_an_owner(org: LocalOrg, owner: str | None) -> None:
    for sobject, needed in NEEDED.items():
        record_id = org.records.create(sobject, needed, org.user_id)
        with pytest.raises(OrgError, match="Owner ID: owner cannot be blank") as created:
            org.records.create(sobject, {**needed, "OwnerId": owner}, org.user_id)
        with pytest.raises(OrgError, match="Owner ID: owner cannot be blank"):
            org.records.update(sobject, record_id, {"OwnerId": owner}, org.user_id)
        assert created.value.error_code == "INVALID_CROSS_REFERENCE_KEY"
        assert org.records.retrieve(sobject, record_id)["OwnerId"] == org.user_id


async def test_an_empty_text_for_what_takes_none_is_not_given(org: LocalOrg, one: Client) -> None:
    event = timed(org, "Call", "2026-12-24T15:00:00Z")

    listed = await call(one, "list_contacts", limit="", cursor="", fields="", name=None)
    await call(one, "update_appointment", event_id=event, data={"Location": "Gate 4"}, scope="", allow_conflict="")

    assert len(listed["rows"]) == 10
    assert stored(org, event)["Location"] == "Gate 4"
