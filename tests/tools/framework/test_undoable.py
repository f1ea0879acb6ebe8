"""The question and the preview say of a change what an undo then does."""

import re
from pathlib import Path
from typing import Any

import pytest

from mcp_salesforce.changes import ingest
from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.tools.files import import_state, preparing
from tests.approving import Person
from tests.tools.calls import call, called, refusal
from tests.tools.framework.asked import people, served

pytestmark = pytest.mark.anyio

ROWS: dict[str, Any] = {"sobject": "Contact", "columns": ["LastName"], "rows": [["Storm"], ["Stein"], ["Sand"]]}


@pytest.mark.parametrize("most", [2, 3])
@pytest.mark.parametrize("goes_by_jobs", [True, False])
async def test_an_import_can_be_undone_where_question_and_preview_say_so(
    empty_org: LocalOrg, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int, *, goes_by_jobs: bool
) -> None:
    monkeypatch.setattr(preparing, "FEW", 1 if goes_by_jobs else 9)
    for module in (ingest, import_state):
        monkeypatch.setattr(module, "MOST_KEPT", most)
    can_undo, person = not goes_by_jobs or most == 3, Person()
    async with served(empty_org, tmp_path, person, toolsets="all") as mcp:
        told = await call(mcp, "import", **ROWS, go=True, preview=True)
        done, change_id = await called(mcp, "import", **ROWS, go=True, wait_s=30)
        undone = await call(mcp, "undo", change_id=change_id)

    assert person.questions[0].endswith(told["undo"])
    assert ("cannot be undone" not in told["undo"]) == ("cannot be undone" not in done.get("note", "")) == can_undo
    assert undone["undone"] == (3 if can_undo else 0)


async def test_an_import_of_several_changes_names_all_that_have_to_be_undone(
    empty_org: LocalOrg, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preparing, "FEW", 1)
    monkeypatch.setattr(preparing, "BULK_ROWS", 1)
    monkeypatch.setattr(preparing, "MANY_ROWS", 2)
    async with served(empty_org, tmp_path, Person(), toolsets="all") as mcp:
        done, last = await called(mcp, "import", **ROWS, go=True, wait_s=30)
        others = re.findall("[0-9a-f]{8}", done["note"])
        undone = [(await call(mcp, "undo", change_id=each))["undone"] for each in (last, *others)]
    assert sorted(undone) == [1, 2]


async def test_records_that_go_to_no_recycle_bin_cannot_be_undone(empty_org: LocalOrg, tmp_path: Path) -> None:
    contacts, campaign = people(empty_org, 2), empty_org.insert("Campaign", Name="Spring")
    members = [empty_org.insert("CampaignMember", CampaignId=campaign, ContactId=each) for each in contacts]
    person = Person()
    async with served(empty_org, tmp_path, person) as mcp:
        told = await call(mcp, "delete_records", sobject="CampaignMember", record_ids=members, preview=True)
        await call(mcp, "delete_records", sobject="CampaignMember", record_ids=members)
        undone = await call(mcp, "undo")
    assert told["undo"].startswith("The deletion of CampaignMember records cannot be undone")
    assert person.questions[0].endswith(told["undo"])
    assert undone["failed"] == 2


async def test_an_undo_that_a_policy_forbids_is_not_promised(empty_org: LocalOrg, tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text('[objects.Contact]\nactions = ["read", "create", "update", "delete"]\n')
    ids = people(empty_org, 2)
    async with served(empty_org, tmp_path, Person(), policy=str(policy)) as mcp:
        changing = await call(mcp, "update_contact", contact_id=ids[0], data={"Title": "Prof"}, preview=True)
        told = await call(mcp, "delete_records", sobject="Contact", record_ids=ids, preview=True)
        await call(mcp, "delete_records", sobject="Contact", record_ids=ids)
        error = await refusal(mcp, "undo")
    assert changing["undo"].startswith("salesforce_undo can undo it")
    assert told["undo"] == "salesforce_undo cannot undo it: the policy allows no restore of Contact."
    assert error["code"] == "POLICY_REFUSED"


@pytest.mark.parametrize("setting", [{"journal": "off"}, {"toolsets": "contacts,records"}])
async def test_without_the_journal_or_the_tool_no_undo_is_promised(
    empty_org: LocalOrg, tmp_path: Path, setting: dict[str, Any]
) -> None:
    contact = people(empty_org, 1)[0]
    async with served(empty_org, tmp_path, **setting) as mcp:
        told = await call(mcp, "update_contact", contact_id=contact, data={"Title": "Prof"}, preview=True)
        names = {tool.name for tool in (await mcp.list_tools()).tools}
    assert "can undo it" not in told["undo"]
    assert "salesforce_undo" not in names or "does not record changes" in told["undo"]


async def test_without_a_person_an_import_goes_that_can_be_undone_and_no_other(
    empty_org: LocalOrg, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text('approval = "off"\n')
    async with served(empty_org, tmp_path, policy=str(policy), toolsets="all") as mcp:
        done = await call(mcp, "import", **ROWS, go=True, wait_s=30)
        monkeypatch.setattr(import_state.ImportState, "is_kept", False)
        error = await refusal(mcp, "import", **{**ROWS, "rows": [["A"], ["B"]]}, go=True)
    assert (done["saved"], error["code"]) == (3, "APPROVAL_UNAVAILABLE")
