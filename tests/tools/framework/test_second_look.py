"""What is saved as it was given and may be wrong is told: values no picklist has, days that are past or far ahead."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from mcp import Client

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.salesforce import AsgiTransport
from mcp_salesforce.server import create_server
from tests.approving import approve
from tests.conftest import NOW, settings_of
from tests.orgs import new_org
from tests.tools.calls import call

SCHEMA = """
objects:
  Contact:
    fields:
      Tier__c: {type: picklist, values: [Gold, Silver]}
      Langs__c: {type: multipicklist, values: [German, French]}
      Kind__c: {type: picklist, values: [Retail], restricted: true}
      Next_Visit__c: {type: date}
      Last_Reminder_Sent__c: {type: date}
  Event:
    fields:
      Channel__c: {type: picklist, values: [Phone, Video]}
  Task:
    fields:
      Channel__c: {type: picklist, values: [Phone, Video]}
"""


@pytest.fixture
def shop() -> Iterator[LocalOrg]:
    with new_org(lambda: NOW, seed=False, schema=SCHEMA) as org:
        yield org


@pytest.fixture
async def desk(shop: LocalOrg) -> AsyncIterator[Client]:
    server = create_server(settings_of(shop), transport=AsgiTransport(shop.app), now=lambda: NOW)
    async with Client(server, raise_exceptions=True, elicitation_callback=approve) as client:
        yield client


APPOINTMENT = {"Subject": "Visit", "StartDateTime": "2026-11-24T10:00:00Z", "DurationInMinutes": 30}
UNLISTED: list[tuple[str, dict[str, Any], str]] = [
    ("create_contact", {"data": {"LastName": "x", "LeadSource": "Weeb"}}, "LeadSource 'Weeb' (nearest: Web)"),
    ("create_contact", {"data": {"LastName": "x", "Salutation": "Mx"}}, "Salutation 'Mx'"),
    ("create_contact", {"data": {"LastName": "x", "Tier__c": "Golf"}}, "Tier__c 'Golf' (nearest: Gold)"),
    ("create_contact", {"data": {"LastName": "x", "langs__c": "German;Frenc"}}, "Langs__c 'Frenc' (nearest: French)"),
    ("create_records", {"sobject": "contact", "records": [{"LastName": "x", "Langs__c": ["Dutch"]}]}, "'Dutch'"),
    ("create_records", {"sobject": "Lead", "records": [{"LastName": "x", "Company": "y", "Industry": "Enrgy"}]},
     "Industry 'Enrgy' (nearest: Energy)"),
    ("create_appointment", {"data": {**APPOINTMENT, "Channel__c": "Vidoe"}}, "Channel__c 'Vidoe' (nearest: Video)"),
]  # fmt: skip


@pytest.mark.parametrize(("tool", "arguments", "said"), UNLISTED)
async def test_a_value_that_an_open_picklist_lacks_is_saved_and_told_by_every_tool(
    desk: Client, tool: str, arguments: dict[str, Any], said: str
) -> None:
    note = (await call(desk, tool, **arguments))["note"]

    assert note.startswith("Saved, but these values are not in the picklist: ")
    assert said in note


async def test_a_change_tells_only_of_values_that_it_changed(desk: Client, shop: LocalOrg) -> None:
    contact = shop.insert("Contact", LastName="Ode", Tier__c="Golf")

    changed = await call(desk, "update_contact", contact_id=contact, data={"LeadSource": "Weeb", "Tier__c": "Golf"})
    again = await call(desk, "update_contact", contact_id=contact, data={"LeadSource": "Weeb"})

    assert "LeadSource 'Weeb' (nearest: Web)" in changed["note"]
    assert "Tier__c" not in changed["note"]
    assert "note" not in again


@pytest.mark.parametrize(
    "data",
    [{"LeadSource": "Web"}, {"Tier__c": "Gold", "Langs__c": "German;French"}, {"Title": "Golf"}, {"LeadSource": ""}],
)
async def test_what_a_picklist_has_and_what_is_none_gets_no_note(desk: Client, data: dict[str, Any]) -> None:
    assert "note" not in await call(desk, "create_contact", data={"LastName": "x", **data})


async def test_a_row_that_was_refused_is_not_said_to_be_saved(desk: Client, shop: LocalOrg) -> None:
    contact = shop.insert("Contact", LastName="Ode")
    shop.records.delete("Contact", contact, shop.user_id)
    other = shop.insert("Contact", LastName="Ode")
    rows = [{"Id": contact, "Tier__c": "Golf"}, {"Id": other, "Tier__c": "Silvr"}]

    saved = await call(desk, "update_records", sobject="Contact", records=rows, all_or_none=False)

    assert saved["succeeded"] == 1
    assert "Silvr" in saved["note"]
    assert "Golf" not in saved["note"]


TASK, DEAL = {"Subject": "Call back"}, {"Name": "Deal", "StageName": "Prospecting"}
DOUBTFUL: list[tuple[str, dict[str, Any], str]] = [
    ("Task", {**TASK, "ActivityDate": "2024-11-24"}, "ActivityDate 2024-11-24 is past"),
    ("Task", {**TASK, "ActivityDate": "2028-11-24"}, "ActivityDate 2028-11-24 is more than a year ahead"),
    ("Task", {**TASK, "IsReminderSet": True, "ReminderDateTime": "2025-11-24T10:00:00Z"}, "2025-11-24 is past"),
    ("Opportunity", {**DEAL, "CloseDate": "2025-03-01"}, "CloseDate 2025-03-01 is past"),
    ("Contact", {"LastName": "x", "Next_Visit__c": "2025-12-01"}, "Next_Visit__c 2025-12-01 is past"),
    ("Task", {**TASK, "Status": "Deferred", "ActivityDate": "2024-11-24"}, "is past"),
]
PLAIN: list[tuple[str, dict[str, Any]]] = [
    ("Task", {**TASK, "ActivityDate": "2026-11-22"}),
    ("Task", {**TASK, "ActivityDate": "2027-06-01"}),
    ("Task", {**TASK, "ActivityDate": "2024-11-24", "Status": "Completed"}),
    ("Opportunity", {**DEAL, "CloseDate": "2025-03-01", "StageName": "Closed Won"}),
    ("Opportunity", {**DEAL, "CloseDate": "2028-03-01"}),
    ("Contact", {"LastName": "x", "Birthdate": "1980-01-01"}),
    ("Contact", {"LastName": "x", "Last_Reminder_Sent__c": "2025-12-01"}),
    ("Task", {"Subject": "2024-01-01", "Description": "2024-01-01"}),
]


@pytest.mark.parametrize(("sobject", "values", "said"), DOUBTFUL)
async def test_a_day_to_come_that_is_past_or_far_ahead_is_saved_and_asked_about(
    desk: Client, sobject: str, values: dict[str, Any], said: str
) -> None:
    saved = await call(desk, "create_records", sobject=sobject, records=[values])

    assert said in saved["note"]
    assert saved["note"].endswith("ask the user whether day and year are right.")
    assert saved["succeeded"] == 1


@pytest.mark.parametrize(("sobject", "values"), PLAIN)
async def test_a_day_that_may_well_be_as_it_is_gets_no_question(
    desk: Client, sobject: str, values: dict[str, Any]
) -> None:
    note = (await call(desk, "create_records", sobject=sobject, records=[values])).get("note", "")

    assert "ask the user" not in note


async def test_many_rows_are_one_sentence(desk: Client) -> None:
    rows = [{**TASK, "ActivityDate": f"2024-11-{day}"} for day in range(10, 30)]

    saved = await call(desk, "create_records", sobject="Task", records=rows)

    assert saved["note"].startswith("ActivityDate 2024-11-10 is past (in 20 rows)")


async def test_the_day_of_a_follow_up_is_asked_about_too(desk: Client, shop: LocalOrg) -> None:
    event = shop.insert("Event", Subject="Visit", StartDateTime="2026-11-24T10:00:00Z", DurationInMinutes=30)
    follow_up = {"ActivityDate": "2025-12-01", "Channel__c": "Vidoe"}

    closed = await call(desk, "close_appointment", event_id=event, outcome="cancelled", follow_up=follow_up)

    assert "ActivityDate 2025-12-01 is past" in closed["note"]
    assert "Channel__c 'Vidoe' (nearest: Video)" in closed["note"]
    assert closed["follow_up"]["due"]["local"] == "2025-12-01"
