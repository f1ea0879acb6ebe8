"""Previews: what a call would do is told, and nothing is done."""

import json
from pathlib import Path
from typing import Any

import pytest
from mcp import Client

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.salesforce import AsgiTransport
from mcp_salesforce.server import create_server
from mcp_salesforce.tools import TOOLSETS
from tests.conftest import NOW, settings_of
from tests.tools.calls import call, called, refusal
from tests.tools.tokens import tokens

pytestmark = pytest.mark.anyio

WITHOUT_A_WRITE = {"restore_records", "import"}  # by their examples: nothing to restore, and a check alone
FOR_GOOD = {"merge_records", "convert_lead"}
WRITERS = [spec for toolset in TOOLSETS for spec in toolset.specs if not spec.effect.is_reading]


def everything(org: LocalOrg) -> dict[str, Any]:
    """Every row of every object, deleted ones too."""
    return {
        name: sorted(map(repr, (dict(row) for row in org.store.rows(f'SELECT * FROM "{name}"'))))
        for name in ("Account", "Contact", "Event", "EventRelation", "Lead", "Opportunity", "Task")
    }


async def undoable(mcp: Client) -> None:
    """Something for salesforce_undo, salesforce_restore_records and salesforce_update_tasks to work on."""
    await call(mcp, "create_records", sobject="Task", records=[{"Subject": "Call"}])
    contact = (await call(mcp, "create_contact", data={"LastName": "Undone"}))["Id"]
    await call(mcp, "update_contact", contact_id=contact, data={"Title": "Prof"})


@pytest.mark.parametrize("spec", WRITERS, ids=lambda spec: spec.name)
async def test_a_preview_changes_nothing_and_tells_what_the_call_then_does(
    mcp: Client, org: LocalOrg, spec: Any
) -> None:
    await undoable(mcp)
    if spec.name == "salesforce_attach_file":  # needs a file
        await call(mcp, "export", path=spec.example["path"], soql="SELECT Id FROM User")
    before = everything(org)
    tool, arguments = spec.name.removeprefix("salesforce_"), dict(spec.example)
    told = await call(mcp, tool, **arguments, preview=True)
    assert everything(org) == before
    assert told["preview"] or tool in WITHOUT_A_WRITE
    assert told["api_calls"] > 0
    assert ("salesforce_undo" if tool not in FOR_GOOD else "cannot be undone") in told["undo"]
    _, change_id = await called(mcp, tool, **arguments)
    assert bool(change_id) == bool(told["preview"])


async def test_the_times_of_an_appointment_are_told_as_the_clock_of_its_zone_shows_them(
    mcp: Client, org: LocalOrg
) -> None:
    timed = org.insert("Event", Subject="Fitting", StartDateTime="2026-12-05T15:00:00Z", DurationInMinutes=30)
    moved = {"StartDateTime": "2026-12-05T16:00:00Z", "time_zone": "America/New_York"}
    told = await call(mcp, "update_appointment", event_id=timed, data=moved, preview=True)
    assert told["time_zone"] == "America/New_York"
    changed = told["preview"][0]["changed"]
    assert changed["StartDateTime"] == {"before": "2026-12-05T10:00:00-05:00", "after": "2026-12-05T11:00:00-05:00"}
    assert changed["EndDateTime"]["after"] == "2026-12-05T11:30:00-05:00"

    told = await call(
        mcp, "update_appointment", event_id=timed, data={**moved, "StartDateTime": "2026-12-06", "IsAllDayEvent": True},
        preview=True,
    )  # fmt: skip
    assert told["preview"][0]["changed"]["StartDateTime"] == {
        "before": "2026-12-05T10:00:00-05:00",
        "after": "2026-12-06",
    }


async def test_an_update_is_told_by_field_with_the_name_of_the_record(mcp: Client, org: LocalOrg) -> None:
    contact = org.insert("Contact", LastName="Sand", Title="Dr", Phone="1")
    told = await call(mcp, "update_contact", contact_id=contact, data={"Title": "Prof", "Phone": "1"}, preview=True)
    assert told["preview"] == [
        {
            "action": "update",
            "sobject": "Contact",
            "Id": contact,
            "name": "Sand",
            "changed": {"Title": {"before": "Dr", "after": "Prof"}},
        }
    ]


async def test_a_deletion_is_told_with_what_goes_along(mcp: Client, org: LocalOrg) -> None:
    contact = org.insert("Contact", LastName="Sand")
    times = {"StartDateTime": "2026-12-01T11:00:00Z", "DurationInMinutes": 30}
    org.insert("Event", Subject="Visit", WhoId=contact, **times)
    told = await call(mcp, "delete_contact", contact_id=contact, preview=True)
    assert (told["preview"][0]["action"], told["preview"][0]["name"]) == ("delete", "Sand")
    assert (told["also_deleted"], told["to_come"]) == ({"Event": 1}, 1)


async def test_a_new_appointment_is_told_with_its_invitations(mcp: Client, org: LocalOrg) -> None:
    [other, *_] = org.store.rows('SELECT Id FROM "User" WHERE Id != ? ORDER BY Id', (org.user_id,))
    data = {"Subject": "Visit", "StartDateTime": "2026-12-01T11:00:00Z", "DurationInMinutes": 30}
    told = await call(mcp, "create_appointment", data=data, invitees=[other["Id"]], preview=True)
    event, invitation = told["preview"]
    assert (event["action"], event["sobject"], event["values"]["Subject"]) == ("create", "Event", "Visit")
    assert invitation["sobject"] == "EventRelation"
    assert invitation["values"]["EventId"] == "the new Event"
    assert "warning" not in told


async def test_a_preview_is_refused_for_what_the_call_would_be(mcp: Client, org: LocalOrg) -> None:
    times = {"StartDateTime": "2026-12-01T11:00:00Z", "DurationInMinutes": 30}
    org.insert("Event", Subject="Visit", **times)
    error = await refusal(mcp, "create_appointment", data={"Subject": "Other", **times}, preview=True)
    assert error["code"] == "APPOINTMENT_CONFLICT"


async def test_a_preview_shows_nothing_that_a_policy_hides(org: LocalOrg, tmp_path: Path) -> None:
    contact = org.insert("Contact", LastName="Zurbriggen", Title="Dr")
    policy = tmp_path / "policy.toml"
    policy.write_text('[objects.Contact]\nhide = ["LastName"]\n')
    server = create_server(settings_of(org, policy=policy), transport=AsgiTransport(org.app), now=lambda: NOW)
    async with Client(server) as mcp:
        calls: dict[str, dict[str, Any]] = {
            "update_contact": {"contact_id": contact, "data": {"Title": "Prof"}},
            "delete_records": {"sobject": "Contact", "record_ids": [contact]},
        }
        for tool, arguments in calls.items():
            told = await call(mcp, tool, **arguments, preview=True)
            assert told["preview"][0]["Id"] == contact
            assert "Zurbriggen" not in json.dumps(told)


async def test_it_costs_a_model_at_most_twelve_tokens_a_tool(mcp: Client) -> None:
    for tool in (await mcp.list_tools()).tools:
        schema = dict(tool.input_schema)
        properties = dict(schema["properties"])
        preview = properties.pop("preview", None)
        is_reading = bool(tool.annotations and tool.annotations.read_only_hint)
        leaves_the_org = tool.name in {"salesforce_job", "salesforce_export", "salesforce_get_file"}
        assert (preview is None) == (is_reading or leaves_the_org)
        assert tokens(schema) - tokens({**schema, "properties": properties}) <= 12
