"""An undo needs the rights of what it does, and is refused before its first write where it has not all of them."""

from pathlib import Path
from typing import Any

import pytest
from mcp import Client

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.salesforce import AsgiTransport
from mcp_salesforce.server import create_server
from tests.approving import approve
from tests.conftest import NOW, settings_of
from tests.tools.calls import called, refusal

pytestmark = pytest.mark.anyio
FIRST = "003lo0000000001AAA"


def client_of(org: LocalOrg, folder: Path, policy: str = "", **more: Any) -> Client:
    file = folder / "policy.toml"
    file.write_text(policy)
    values = {"journal": str(folder / "journal.db"), "toolsets": "all", "policy": file, **more}
    server = create_server(settings_of(org, **values), transport=AsgiTransport(org.app), now=lambda: NOW)
    return Client(server, elicitation_callback=approve)


def only(*actions: str) -> str:
    listed = ", ".join(f'"{each}"' for each in ("read", *actions))
    return f"[objects.Contact]\nactions = [{listed}]"


WRITES: dict[str, tuple[str, dict[str, Any], str]] = {
    "create": ("create_contact", {"data": {"LastName": "Sand"}}, "delete"),
    "update": ("update_contact", {"contact_id": FIRST, "data": {"Title": "Dr"}}, "update"),
    "delete": ("delete_contact", {"contact_id": FIRST}, "restore"),
}


@pytest.mark.parametrize("write", WRITES)
async def test_an_undo_needs_the_right_of_what_it_does(org: LocalOrg, tmp_path: Path, write: str) -> None:
    tool, arguments, needed = WRITES[write]
    others = [each for each in ("create", "update", "delete", "restore") if each != needed]
    async with client_of(org, tmp_path) as free:
        _, change_id = await called(free, tool, **arguments)
    before = org.store.rows("SELECT * FROM Contact ORDER BY Id")
    async with client_of(org, tmp_path, only(*others)) as bound:
        for preview in (True, False):
            error = await refusal(bound, "undo", change_id=change_id, preview=preview)
            assert error["code"] == "POLICY_REFUSED"
            assert f"No {needed} of Contact (SALESFORCE_POLICY, policy.toml:2)" in error["message"]
    assert org.store.rows("SELECT * FROM Contact ORDER BY Id") == before
    async with client_of(org, tmp_path, only(needed)) as bound:
        told, _ = await called(bound, "undo", change_id=change_id)
    assert told["undone"] == 1


async def test_an_undo_of_a_restore_needs_delete(org: LocalOrg, tmp_path: Path) -> None:
    async with client_of(org, tmp_path) as free:
        await called(free, "delete_contact", contact_id=FIRST)
        _, change_id = await called(free, "restore_records", record_ids=[FIRST])
    async with client_of(org, tmp_path, only("restore")) as bound:
        assert "No delete of Contact" in (await refusal(bound, "undo", change_id=change_id))["message"]


async def test_of_an_undo_with_several_parts_nothing_is_done_where_one_is_forbidden(
    org: LocalOrg, tmp_path: Path
) -> None:
    """Closing with a follow-up changes an appointment and creates a task."""
    event = org.insert("Event", Subject="Visit", StartDateTime="2026-11-20T10:00:00Z", DurationInMinutes=30)
    follow_up = {"Subject": "Call again", "ActivityDate": "2026-12-01"}
    async with client_of(org, tmp_path) as free:
        _, change_id = await called(free, "close_appointment", event_id=event, outcome="completed", follow_up=follow_up)

    def now() -> list[Any]:
        return [org.store.rows(f'SELECT * FROM "{name}" ORDER BY Id') for name in ("Event", "Task")]

    before = now()
    for policy, refused in (
        ('[objects.Event]\nactions = ["read"]', "No update of Event"),
        ('[objects.Task]\nactions = ["read", "update"]', "No delete of Task"),
    ):
        async with client_of(org, tmp_path, policy) as bound:
            error = await refusal(bound, "undo", change_id=change_id)
        assert refused in error["message"]
        assert "change_id" not in error
        assert now() == before


async def test_an_undo_writes_no_field_that_a_policy_hides_by_now(org: LocalOrg, tmp_path: Path) -> None:
    async with client_of(org, tmp_path) as free:
        _, change_id = await called(free, "update_contact", contact_id=FIRST, data={"Birthdate": "1971-07-04"})
    async with client_of(org, tmp_path, '[objects.Contact]\nhide = ["Birthdate"]') as bound:
        for preview in (True, False):
            error = await refusal(bound, "undo", change_id=change_id, preview=preview)
            assert "Contact.Birthdate is hidden" in error["message"]
            assert "1971" not in str(error)


@pytest.mark.parametrize(
    ("policy", "listed"),
    [
        ('actions = ["read", "create", "delete"]', True),
        ('actions = ["read", "restore"]', True),
        ('actions = ["read"]', False),
        ('actions = ["read", "merge", "convert"]', False),
    ],
)
async def test_undo_is_listed_where_a_policy_leaves_it_something_to_do(
    org: LocalOrg, tmp_path: Path, policy: str, *, listed: bool
) -> None:
    async with client_of(org, tmp_path, policy) as client:
        names = [tool.name for tool in (await client.list_tools()).tools]
    assert ("salesforce_undo" in names) == listed


@pytest.mark.parametrize(
    ("policy", "tool"),
    [
        ('actions = ["read", "merge"]', "salesforce_merge_records"),
        ('actions = ["read"]\n[objects.Lead]\nactions = ["read", "convert"]', "salesforce_convert_lead"),
        ('actions = ["read"]\n[objects.Contact]\nactions = ["read", "restore"]', "salesforce_restore_records"),
    ],
)
async def test_a_tool_is_listed_where_its_action_is_granted(
    org: LocalOrg, tmp_path: Path, policy: str, tool: str
) -> None:
    own = {"salesforce_merge_records", "salesforce_convert_lead", "salesforce_restore_records"}
    async with client_of(org, tmp_path, policy) as client:
        names = {each.name for each in (await client.list_tools()).tools}
    assert names & own == {tool}
    async with client_of(org, tmp_path, policy, read_only=True) as client:
        assert not own & {each.name for each in (await client.list_tools()).tools}
        assert (await refusal(client, tool.removeprefix("salesforce_")))["code"] == "NOT_ALLOWED"


async def test_a_merge_and_a_conversion_are_made_under_a_policy_that_grants_them(org: LocalOrg, tmp_path: Path) -> None:
    first, second = org.insert("Contact", LastName="Ode"), org.insert("Contact", LastName="Ode", Title="Dr")
    lead = org.insert("Lead", LastName="Berg", Company="Berg Works")
    policy = """
[objects.Contact]
actions = ["read", "create", "merge"]
hide = ["Title"]
[objects.Lead]
actions = ["read", "convert"]
"""
    async with client_of(org, tmp_path, policy) as client:
        merged, _ = await called(client, "merge_records", sobject="Contact", master_id=first, loser_ids=[second])
        converted, _ = await called(client, "convert_lead", lead_id=lead)
    assert merged["merged"] == [second]
    assert "Title" not in merged.get("lost", {})
    assert converted["ContactId"]
