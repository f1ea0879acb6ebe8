"""Writes on their way to the org: what the journal has of them, and that a preview sends none."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from mcp_salesforce.changes.before import read_before
from mcp_salesforce.changes.change import Change, changing
from mcp_salesforce.changes.journal import Journal
from mcp_salesforce.changes.writes import Write
from mcp_salesforce.salesforce import Request, SalesforceClient, SalesforceError
from mcp_salesforce.salesforce.api.sobjects import retrieving, updating
from mcp_salesforce.salesforce.wire import Answer
from tests.changes.conftest import OWNER, change_of

pytestmark = pytest.mark.anyio


async def contacts(client: SalesforceClient, *last_names: str) -> list[str]:
    """Contacts that no change has made."""
    saved = await client.collections.create("Contact", [{"LastName": name, "Title": "Dr"} for name in last_names])
    return [result.id or "" for result in saved]


async def kept(journal: Journal, change: Change) -> Any:
    [entry] = await journal.entries(*OWNER, change_id=change.change_id)
    return entry


async def count(client: SalesforceClient) -> int:
    return (await client.queries.query("SELECT count() FROM Contact")).total_size


async def test_a_create_is_kept_with_the_id_that_it_got(client: SalesforceClient, journal: Journal) -> None:
    with changing(change_of()) as change:
        saved = await client.sobjects.create("Contact", {"LastName": "Sand"})
    [step] = (await kept(journal, change)).steps
    assert [(write.action, write.sobject, write.values) for write in step.writes] == [
        ("create", "Contact", {"LastName": "Sand"})
    ]
    assert [(each.record_id, each.is_done) for each in step.outcomes] == [(saved.id, True)]


async def test_an_update_is_kept_with_what_the_call_has_read_before(client: SalesforceClient, journal: Journal) -> None:
    [contact] = await contacts(client, "Sand")
    with changing(change_of()) as change:
        await client.sobjects.retrieve("Contact", contact, fields=["Title"])
        await client.composite.run_led(
            [updating("Contact", contact, {"Title": "Prof"}), retrieving("Contact", contact, fields=["Title"])]
        )
    [step] = (await kept(journal, change)).steps
    assert [before["Title"] for before in step.before] == ["Dr"]
    assert [outcome.is_done for outcome in step.outcomes] == [True]


async def test_what_the_call_has_not_read_is_read_before_the_write(client: SalesforceClient, journal: Journal) -> None:
    ids = await contacts(client, "Sand", "Stein")
    with changing(change_of()) as change:
        rows = [{"Id": contact, "Title": "Prof", "Phone": "1"} for contact in ids]
        await client.collections.update("Contact", rows)
    [step] = (await kept(journal, change)).steps
    assert [(before["Id"], before["Title"], before["Phone"]) for before in step.before] == [
        (ids[0], "Dr", None),
        (ids[1], "Dr", None),
    ]


async def test_a_move_of_an_appointment_keeps_all_that_makes_its_time(
    client: SalesforceClient, journal: Journal
) -> None:
    time = {"StartDateTime": "2026-12-01T09:00:00Z", "DurationInMinutes": 30}
    event = (await client.sobjects.create("Event", {"Subject": "Visit", **time})).id or ""
    with changing(change_of()) as change:
        await client.sobjects.update("Event", event, {"StartDateTime": "2026-12-01T11:00:00Z"})
    [before] = (await kept(journal, change)).steps[0].before
    assert before["DurationInMinutes"] == 30
    assert before["EndDateTime"].startswith("2026-12-01T09:30")
    assert before["IsAllDayEvent"] is False


async def test_fields_that_follow_and_that_the_user_cannot_see_leave_the_others_kept(client: SalesforceClient) -> None:
    values = {"Name": "Deal", "StageName": "Prospecting", "CloseDate": "2026-12-01"}
    deal = (await client.sobjects.create("Opportunity", values)).id or ""

    async def exchange(request: Request) -> Answer:
        soql = str(request.params["q"]).replace("ForecastCategoryName", "Hidden__c")
        return await client.answer(replace(request, params={"q": soql}))

    write = Write("update", "Opportunity", deal, {"StageName": "Closed Won"})
    [before] = await read_before(exchange, {}, [write])
    assert before is not None
    assert {**before, "LastModifiedDate": ""} == {"Id": deal, "LastModifiedDate": "", "StageName": "Prospecting"}


async def test_an_upsert_keeps_what_was_there_and_that_nothing_was(
    clinic_client: SalesforceClient, journal: Journal
) -> None:
    rows = clinic_client.collections
    [patient] = await contacts(clinic_client, "Sand")
    await rows.upsert("Visit__c", "Number__c", [{"Number__c": "A-1", "Patient__c": patient, "Notes__c": "first"}])
    with changing(change_of()) as change:
        again = [{"Number__c": "A-1", "Notes__c": "again"}, {"Number__c": "B-2", "Patient__c": patient}]
        await rows.upsert("Visit__c", "Number__c", again)
    [step] = (await kept(journal, change)).steps
    assert [dict(before).get("Notes__c") for before in step.before] == ["first", None]
    assert [outcome.created for outcome in step.outcomes] == [False, True]


async def test_a_refused_write_is_kept_as_not_done(client: SalesforceClient, journal: Journal) -> None:
    with changing(change_of()) as change, pytest.raises(SalesforceError):
        await client.sobjects.create("Contact", {"FirstName": "Ada"})
    await journal.close_change(change)
    entry = await kept(journal, change)
    assert [outcome.code for outcome in entry.steps[0].outcomes] == ["REQUIRED_FIELD_MISSING"]
    assert entry.state == "failed"


async def test_of_a_batch_each_row_is_kept_as_it_ended(client: SalesforceClient, journal: Journal) -> None:
    with changing(change_of()) as change:
        await client.collections.create("Contact", [{"LastName": "Sand"}, {"FirstName": "Ada"}])
    await journal.close_change(change)
    entry = await kept(journal, change)
    assert [outcome.is_done for outcome in entry.steps[0].outcomes] == [True, False]
    assert entry.state == "done"


PLANNED: Sequence[Any] = [
    lambda client, _: client.sobjects.create("Contact", {"LastName": "New"}),
    lambda client, ids: client.sobjects.update("Contact", ids[0], {"Title": "Prof"}),
    lambda client, ids: client.sobjects.delete("Contact", ids[0]),
    lambda client, _: client.collections.create("Contact", [{"LastName": "New"}]),
    lambda client, ids: client.collections.update("Contact", [{"Id": each, "Title": "Prof"} for each in ids]),
    lambda client, ids: client.collections.upsert("Contact", "Id", [{"Id": ids[0], "Title": "Prof"}]),
    lambda client, ids: client.collections.delete(ids),
    lambda client, ids: client.composite.run_all_or_none([updating("Contact", ids[0], {"Title": "Prof"})]),
    lambda client, ids: client.composite.run_led(
        [updating("Contact", ids[0], {"Title": "Prof"}), retrieving("Contact", ids[0], fields=["Title"])]
    ),
    lambda client, _: client.composite.run(
        [
            Request("POST", "sobjects/Contact", body={"LastName": "New"}),
            Request("PATCH", "sobjects/Contact/@{call0.id}", body={"Title": "Prof"}),
        ]
    ),
]


@pytest.mark.parametrize("write", PLANNED)
async def test_a_preview_sends_no_write(client: SalesforceClient, journal: Journal, write: Any) -> None:
    ids = await contacts(client, "Sand", "Stein")
    before = [await client.sobjects.retrieve("Contact", each) for each in ids], await count(client)
    with changing(change_of(is_preview=True)) as change:
        await write(client, ids)
    assert change.writes
    assert ([await client.sobjects.retrieve("Contact", each) for each in ids], await count(client)) == before
    assert await journal.entries(*OWNER) == []
