"""Undo: what a call did to the org is taken back, and what others did since is kept."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from mcp import Client

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.salesforce import AsgiTransport
from mcp_salesforce.server import create_server
from tests.conftest import NOW, settings_of
from tests.tools.calls import call, called, refusal
from tests.tools.changes.killed import LosingOrg, serving
from tests.tools.changes.states import state_of

pytestmark = pytest.mark.anyio


def people(org: LocalOrg, *names: str) -> list[str]:
    """New contacts that no tool has made."""
    return [org.insert("Contact", LastName=name, Title="Dr", Phone="1") for name in names]


def colleague(org: LocalOrg, name: str = "Id") -> str:
    """The Id of another user, or another field of theirs."""
    [first, *_] = org.store.rows('SELECT * FROM "User" WHERE Id != ? ORDER BY Id', (org.user_id,))
    return str(first[name])


CLASSIC = {
    "StartDateTime": "2026-11-23T14:00:00Z",
    "IsRecurrence": True,
    "RecurrenceType": "RecursDaily",
    "RecurrenceInterval": 1,
    "RecurrenceStartDateTime": "2026-11-23T14:00:00Z",
    "RecurrenceEndDateOnly": "2026-11-26",
}


def made_by_colleague(org: LocalOrg, record_id: str, sobject: str = "Contact", **values: Any) -> None:
    """Let a colleague who may do anything change a record."""
    [profile] = org.store.rows('SELECT ProfileId FROM "User" WHERE Id = ?', (org.user_id,))
    org.records.update("User", colleague(org), {"ProfileId": profile["ProfileId"]}, org.user_id)
    org.records.update(sobject, record_id, values, colleague(org))


async def event_of(mcp: Client, **more: Any) -> str:
    data = {"Subject": "Visit", "StartDateTime": "2026-12-01T11:00:00Z", "DurationInMinutes": 30}
    return str((await call(mcp, "create_appointment", data={**data, **more}))["Id"])


CASES: dict[str, Any] = {
    "create_contact": lambda _: {"data": {"LastName": "Sand"}},
    "update_contact": lambda ids: {"contact_id": ids[0], "data": {"Title": "Prof", "Phone": None}},
    "delete_contact": lambda ids: {"contact_id": ids[0]},
    "create_records": lambda _: {"sobject": "Account", "records": [{"Name": "Acme One"}, {"Name": "Acme Two"}]},
    "update_records": lambda ids: {"sobject": "Contact", "records": [{"Id": each, "Title": "Prof"} for each in ids]},
    "delete_records": lambda ids: {"sobject": "Contact", "record_ids": ids},
    "create_appointment": lambda ids: {
        "data": {"Subject": "Visit", "StartDateTime": "2026-12-01T11:00:00Z", "DurationInMinutes": 30},
        "invitees": [ids[0]],
    },
}


@pytest.mark.parametrize("tool", CASES)
async def test_undo_gives_the_org_its_former_state(mcp: Client, org: LocalOrg, tool: str) -> None:
    arguments = CASES[tool](people(org, "Sand", "Stein"))
    before = state_of(org)
    _, change_id = await called(mcp, tool, **arguments)
    assert state_of(org) != before
    told = await call(mcp, "undo", change_id=change_id)
    assert (told["undid"], "failed" in told, "kept" in told) == (change_id, False, False)
    assert state_of(org) == before


async def test_a_moved_appointment_goes_back_to_its_time(mcp: Client, org: LocalOrg) -> None:
    event = await event_of(mcp)
    before = state_of(org)
    await call(mcp, "update_appointment", event_id=event, data={"StartDateTime": "2026-12-01T14:00:00Z"})
    assert state_of(org) != before
    await call(mcp, "undo")
    assert state_of(org) == before


async def test_a_removed_invitation_is_made_again(mcp: Client, org: LocalOrg) -> None:
    event = await event_of(mcp)
    invited = colleague(org)
    await call(mcp, "set_invitees", event_id=event, add=[invited])
    before = state_of(org)["EventRelation"]
    _, change_id = await called(mcp, "set_invitees", event_id=event, remove=[invited])
    assert state_of(org)["EventRelation"] != before
    await call(mcp, "undo", change_id=change_id)
    assert state_of(org)["EventRelation"] == before


async def test_a_deleted_contact_comes_back_with_its_appointments(mcp: Client, org: LocalOrg) -> None:
    [contact] = people(org, "Sand")
    await event_of(mcp, WhoId=contact)
    before = state_of(org)
    await call(mcp, "delete_contact", contact_id=contact)
    assert len(state_of(org)["Event"]) == len(before["Event"]) - 1
    await call(mcp, "undo")
    assert state_of(org) == before


async def test_appointments_of_a_classic_series_get_back_what_each_had_of_its_own(mcp: Client, org: LocalOrg) -> None:
    series = await event_of(mcp, **CLASSIC)
    first, second, *_ = org.store.rows("SELECT Id FROM Event WHERE RecurrenceActivityId = ? AND Id <> ?", [series] * 2)
    await call(mcp, "update_appointment", event_id=first["Id"], data={"Location": "Garden"})
    before = state_of(org)
    await call(mcp, "update_appointment", event_id=second["Id"], data={"Location": "Hall"}, scope="all")
    assert {row["Location"] for row in state_of(org)["Event"] if row["RecurrenceActivityId"] == series} == {"Hall"}
    await call(mcp, "undo")
    assert state_of(org) == before


async def test_a_length_that_somebody_else_gave_a_moved_appointment_is_kept(mcp: Client, org: LocalOrg) -> None:
    event = await event_of(mcp)
    _, change_id = await called(
        mcp, "update_appointment", event_id=event, data={"StartDateTime": "2026-12-01T14:00:00Z"}
    )
    made_by_colleague(org, event, "Event", DurationInMinutes=45)
    told = await call(mcp, "undo", change_id=change_id)
    assert told["rows"] == [[event, "kept", f"{colleague(org, 'Name')} changed its time since."]]
    [row] = org.store.rows("SELECT * FROM Event WHERE Id = ?", [event])
    assert (row["StartDateTime"][11:16], row["DurationInMinutes"]) == ("14:00", 45)


async def test_an_invitation_that_was_made_again_is_taken_back_and_made_once(mcp: Client, org: LocalOrg) -> None:
    event, invited = await event_of(mcp), colleague(org)
    before = state_of(org)["EventRelation"]
    _, change_id = await called(mcp, "set_invitees", event_id=event, add=[invited])
    _, undo_id = await called(mcp, "undo", change_id=change_id)
    await call(mcp, "undo", change_id=undo_id)
    assert len(state_of(org)["EventRelation"]) == len(before) + 1
    await call(mcp, "undo", change_id=change_id)
    assert state_of(org)["EventRelation"] == before


async def test_restored_records_of_several_objects_are_deleted_again(mcp: Client, org: LocalOrg) -> None:
    [contact], event = people(org, "Sand"), await event_of(mcp)
    await call(mcp, "delete_contact", contact_id=contact)
    await call(mcp, "delete_appointment", event_id=event)
    before = state_of(org)
    _, change_id = await called(mcp, "restore_records", record_ids=[contact, event])
    assert state_of(org) != before
    assert (await call(mcp, "undo", change_id=change_id))["undone"] == 2
    assert state_of(org) == before


async def test_without_an_id_the_last_change_is_undone_and_then_the_one_before(mcp: Client, org: LocalOrg) -> None:
    [contact] = people(org, "Sand")
    for title in ("Prof", "Nurse"):
        await call(mcp, "update_contact", contact_id=contact, data={"Title": title})
    for title in ("Prof", "Dr"):
        await call(mcp, "undo")
        assert (await call(mcp, "get_contact", contact_id=contact))["Title"] == title
    error = await refusal(mcp, "undo")
    assert error["code"] == "NOT_FOUND"


async def test_what_somebody_changed_since_is_kept_and_named(mcp: Client, org: LocalOrg) -> None:
    [contact] = people(org, "Sand")
    _, change_id = await called(mcp, "update_contact", contact_id=contact, data={"Title": "Prof", "Phone": "2"})
    made_by_colleague(org, contact, Phone="3")
    told = await call(mcp, "undo", change_id=change_id)
    name = colleague(org, "Name")
    assert (told["undone"], told["kept"]) == (0, 1)
    assert told["rows"] == [[contact, "kept", f"{name} changed Phone since. The rest was undone."]]
    now = await call(mcp, "get_contact", contact_id=contact)
    assert (now["Title"], now["Phone"]) == ("Dr", "3")


async def test_a_created_record_that_somebody_worked_on_is_not_deleted(mcp: Client, org: LocalOrg) -> None:
    created, change_id = await called(mcp, "create_contact", data={"LastName": "Sand"})
    made_by_colleague(org, created["Id"], Phone="3")
    told = await call(mcp, "undo", change_id=change_id)
    assert told["kept"] == 1
    assert "was not deleted" in told["rows"][0][2]
    assert (await call(mcp, "get_contact", contact_id=created["Id"]))["Phone"] == "3"


async def test_an_undo_can_be_undone_and_a_change_is_undone_once(mcp: Client, org: LocalOrg) -> None:
    [contact] = people(org, "Sand")
    _, change_id = await called(mcp, "delete_contact", contact_id=contact)
    _, undo_id = await called(mcp, "undo", change_id=change_id)
    error = await refusal(mcp, "undo", change_id=change_id)
    assert error["code"] == "ALREADY_UNDONE"
    await call(mcp, "undo", change_id=undo_id)
    assert (await refusal(mcp, "get_contact", contact_id=contact))["code"] == "ENTITY_IS_DELETED"
    await call(mcp, "undo", change_id=change_id)
    assert (await call(mcp, "get_contact", contact_id=contact))["LastName"] == "Sand"


async def test_an_undo_that_was_undone_but_for_one_field_can_be_undone_again(mcp: Client, org: LocalOrg) -> None:
    [contact] = people(org, "Sand")
    _, change_id = await called(mcp, "update_contact", contact_id=contact, data={"Title": "Prof", "Phone": "2"})
    _, undo_id = await called(mcp, "undo", change_id=change_id)
    made_by_colleague(org, contact, Phone="3")
    await call(mcp, "undo", change_id=undo_id)
    assert (await call(mcp, "get_contact", contact_id=contact))["Title"] == "Prof"
    await call(mcp, "undo", change_id=change_id)
    now = await call(mcp, "get_contact", contact_id=contact)
    assert (now["Title"], now["Phone"]) == ("Dr", "3")


async def test_what_came_back_after_an_undo_that_found_nothing_can_be_undone(mcp: Client, org: LocalOrg) -> None:
    [contact] = people(org, "Sand")
    created, created_id = await called(mcp, "create_contact", data={"LastName": "Stein"})
    _, deleted_id = await called(mcp, "delete_contact", contact_id=created["Id"])
    assert (await call(mcp, "undo", change_id=created_id))["undone"] == 1
    await call(mcp, "update_contact", contact_id=contact, data={"Title": "Prof"})
    assert (await call(mcp, "undo"))["undid"] not in {created_id, deleted_id}
    assert (await call(mcp, "undo"))["undid"] == deleted_id
    assert (await call(mcp, "get_contact", contact_id=created["Id"]))["LastName"] == "Stein"
    await call(mcp, "undo", change_id=created_id)
    assert (await refusal(mcp, "get_contact", contact_id=created["Id"]))["code"] == "ENTITY_IS_DELETED"


async def test_what_was_deleted_again_in_part_can_be_restored_again(mcp: Client, org: LocalOrg) -> None:
    ids = people(org, "Sand", "Stein")
    _, change_id = await called(mcp, "delete_records", sobject="Contact", record_ids=ids)
    _, undo_id = await called(mcp, "undo", change_id=change_id)
    made_by_colleague(org, ids[0], Phone="3")
    assert (await call(mcp, "undo", change_id=undo_id))["kept"] == 1
    assert (await refusal(mcp, "get_contact", contact_id=ids[1]))["code"] == "ENTITY_IS_DELETED"
    await call(mcp, "undo", change_id=change_id)
    assert (await call(mcp, "get_contact", contact_id=ids[1]))["LastName"] == "Stein"


async def test_an_error_of_what_may_have_been_changed_names_the_change(org: LocalOrg, tmp_path: Path) -> None:
    before = state_of(org)
    async with serving(org, tmp_path, LosingOrg(org.app, 0, is_done=True)) as mcp:
        error = await refusal(mcp, "create_contact", data={"LastName": "Sand"})
        assert error["outcome"] == "unknown"
        assert state_of(org) != before
        assert (await call(mcp, "undo", change_id=error["change_id"]))["undone"] == 1
        assert "change_id" not in await refusal(
            mcp, "update_contact", contact_id="003lo0000009999AAA", data={"Title": "X"}
        )
    assert state_of(org) == before


async def test_a_change_of_another_user_is_not_there(mcp: Client) -> None:
    error = await refusal(mcp, "undo", change_id="0a1b2c3d")
    assert error["code"] == "NOT_FOUND"
    assert "'0a1b2c3d'" in error["message"]


async def test_without_a_journal_it_says_so(org: LocalOrg) -> None:
    settings = settings_of(org, journal="off")
    async with Client(create_server(settings, transport=AsgiTransport(org.app), now=lambda: NOW)) as client:
        _, change_id = await called(client, "create_contact", data={"LastName": "Sand"})
        assert change_id == ""
        error = await refusal(client, "undo")
    assert error["code"] == "NO_JOURNAL"
    assert "SALESFORCE_JOURNAL is off" in error["message"]


PROSPECT = {"StageName": "Prospecting", "Probability": 33, "ForecastCategoryName": "Best Case"}


@pytest.mark.parametrize("values", [{"StageName": "Closed Won"}, {"StageName": "Closed Lost", "Probability": 5}])
async def test_what_follows_a_stage_is_set_back_with_it(org: LocalOrg, mcp: Client, values: dict[str, Any]) -> None:
    deal = org.insert("Opportunity", Name="Deal", CloseDate="2026-12-31", **PROSPECT)
    before = state_of(org)
    for _ in range(2):
        await call(mcp, "update_records", sobject="Opportunity", records=[{"Id": deal, **values}])
        assert state_of(org) != before
        assert (await call(mcp, "undo"))["undone"] == 1
        assert state_of(org) == before


async def test_what_follows_a_stage_stays_as_others_have_set_it(org: LocalOrg, mcp: Client) -> None:
    deal = org.insert("Opportunity", Name="Deal", CloseDate="2026-12-31", **PROSPECT)
    _, change_id = await called(
        mcp, "update_records", sobject="Opportunity", records=[{"Id": deal, "StageName": "Qualification"}]
    )
    made_by_colleague(org, deal, "Opportunity", Probability=77)
    assert (await call(mcp, "undo", change_id=change_id))["undone"] == 1
    [now] = org.store.rows("SELECT StageName, Probability FROM Opportunity WHERE Id = ?", (deal,))
    assert (now["StageName"], now["Probability"]) == ("Prospecting", 77)


class Holding:
    """An org that holds a write back until it is let go."""

    def __init__(self, org: LocalOrg) -> None:
        self.asked = asyncio.Event()
        self.let_go = asyncio.Event()
        self._org = org

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["method"] not in {"GET", "HEAD"} and "/oauth2/" not in scope["path"]:
            self.asked.set()
            await self.let_go.wait()
        await self._org.app(scope, receive, send)


@pytest.mark.parametrize("tool", ["create_contact", "update_contact", "delete_contact"])
async def test_of_two_servers_that_undo_a_change_at_once_one_does(org: LocalOrg, tmp_path: Path, tool: str) -> None:
    held, [contact] = Holding(org), people(org, "Sand")
    arguments = CASES[tool]([contact])
    before = state_of(org)
    async with serving(org, tmp_path) as other, serving(org, tmp_path, held) as slow:
        _, change_id = await called(other, tool, **arguments)
        undoing = asyncio.create_task(called(slow, "undo", change_id=change_id))
        await held.asked.wait()
        error = await refusal(other, "undo", change_id=change_id)
        assert "is being undone by another call" in error["message"]
        held.let_go.set()
        told, undo_id = await undoing
        assert (told["undone"], state_of(org)) == (1, before)
        assert (await refusal(other, "undo", change_id=change_id))["code"] == "ALREADY_UNDONE"
        assert (await call(other, "undo", change_id=undo_id))["undone"] == 1
    assert state_of(org) != before
