"""A deletion says what went along, whose calendars are touched, and how much of it was to come."""

from typing import Any

import pytest
from mcp import Client

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.localorg.services.series import archive
from tests.conftest import NOW
from tests.tools.calls import call, refusal
from tests.tools.events import all_day, stored, timed


@pytest.fixture
def person(empty_org: LocalOrg) -> str:
    """A contact with two appointments to come, in two calendars, and one that is over."""
    jonas = str(empty_org.store.rows("SELECT Id FROM User WHERE Name = 'Jonas Brandt'")[0]["Id"])
    contact = empty_org.insert("Contact", LastName="Ode")
    timed(empty_org, "Over", "2026-11-20T10:00:00Z", WhoId=contact)
    timed(empty_org, "To come", "2026-11-24T10:00:00Z", WhoId=contact, OwnerId=jonas)
    all_day(empty_org, "Today", "2026-11-22", WhoId=contact)
    return contact


EXPECTED: dict[str, Any] = {"also_deleted": {"Event": 3}, "to_come": 2}


async def test_a_contact_takes_its_appointments_along(person: str, mcp: Client) -> None:
    gone = await call(mcp, "delete_contact", contact_id=person)

    assert {name: gone[name] for name in EXPECTED} == EXPECTED
    assert sorted(gone["calendars"]) == ["Jonas Brandt", "Nora Quill"]


async def test_records_take_theirs_along(empty_org: LocalOrg, person: str, mcp: Client) -> None:
    other = empty_org.insert("Contact", LastName="Alone")

    gone = await call(mcp, "delete_records", sobject="Contact", record_ids=[person, other])

    assert {name: gone[name] for name in EXPECTED} == EXPECTED
    assert gone["succeeded"] == 2


@pytest.mark.parametrize("sobject", ["Contact", "Lead", "Task", "Case"])
async def test_what_goes_alone_says_nothing_of_others(empty_org: LocalOrg, mcp: Client, sobject: str) -> None:
    values = {"Contact": {"LastName": "x"}, "Lead": {"LastName": "x", "Company": "y"}}.get(sobject, {"Subject": "x"})
    record_id = empty_org.insert(sobject, **values)

    gone = await call(mcp, "delete_records", sobject=sobject, record_ids=[record_id])

    assert gone.keys() == {"succeeded", "columns", "rows"}


async def test_an_appointment_names_the_calendars_it_leaves_and_a_copy_is_not_deleted(
    empty_org: LocalOrg, mcp: Client
) -> None:
    jonas = str(empty_org.store.rows("SELECT Id FROM User WHERE Name = 'Jonas Brandt'")[0]["Id"])
    event_id = timed(empty_org, "Review", "2026-11-24T10:00:00Z")
    empty_org.insert("EventRelation", EventId=event_id, RelationId=jonas)
    copies = empty_org.store.rows("SELECT Id FROM Event WHERE OwnerId = ? AND IsChild = 1 AND IsDeleted = 0", [jonas])

    for copy in copies:
        refused = await refusal(mcp, "delete_appointment", event_id=copy["Id"])
        assert "organizer's" in refused["hint"]
    gone = await call(mcp, "delete_appointment", event_id=event_id)

    assert len(copies) == 1
    assert gone == {"Id": event_id, "deleted": True, "calendars": ["Jonas Brandt"]}
    assert stored(empty_org, event_id)["IsDeleted"]


async def test_what_is_archived_goes_along_and_is_counted_but_not_what_was_deleted_before(
    empty_org: LocalOrg, mcp: Client
) -> None:
    contact = empty_org.insert("Contact", LastName="Ode")
    timed(empty_org, "Long ago", "2024-05-06T10:00:00Z", WhoId=contact)
    timed(empty_org, "Lately", "2026-11-20T10:00:00Z", WhoId=contact)
    empty_org.insert("Task", Subject="Old", ActivityDate="2024-05-06", Status="Completed", WhoId=contact)
    gone_before = timed(empty_org, "Binned", "2026-11-20T12:00:00Z", WhoId=contact)
    empty_org.records.delete("Event", gone_before, empty_org.user_id)
    archive(empty_org.store, NOW)
    visible = await call(mcp, "query", soql=f"SELECT COUNT() FROM Event WHERE WhoId = '{contact}'")

    gone = await call(mcp, "delete_contact", contact_id=contact)

    assert visible["total"] == 1
    assert gone["also_deleted"] == {"Event": 2, "Task": 1}


async def test_the_schemas_of_what_deletes_name_what_an_answer_tells(person: str, mcp: Client) -> None:
    schemas = {tool.name: tool.output_schema or {} for tool in (await mcp.list_tools()).tools}
    gone = await call(mcp, "delete_contact", contact_id=person)

    for name in ("delete_contact", "delete_records"):
        assert gone.keys() - {"Id", "deleted"} <= schemas[f"salesforce_{name}"]["properties"].keys()
    assert "calendars" in schemas["salesforce_delete_appointment"]["properties"]
