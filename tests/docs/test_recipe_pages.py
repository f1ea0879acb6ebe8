"""The recipes work as they stand: their policies, settings and lines."""

import json
import shlex
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from mcp import Client

from mcp_salesforce.localorg import LocalOrg
from tests.cli.processes import invoke
from tests.docs.test_examples import ROOT, blocks
from tests.tools.calls import call, refusal
from tests.tools.framework.test_allowed_tools import names, served

RECIPES = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs/recipes").glob("*.md"))


def settings_on(page: str) -> dict[str, str]:
    (block,) = blocks(page, "ini")
    return dict(line.split("=", 1) for line in block.splitlines())


@asynccontextmanager
async def as_on(page: str, org: LocalOrg, folder: Path) -> AsyncIterator[Client]:
    """A server with the policy and the settings of a page."""
    said = settings_on(page)
    policy = folder / said.pop("SALESFORCE_POLICY")
    policy.write_text(blocks(page, "toml")[0], "utf-8")
    settings = {name.removeprefix("SALESFORCE_").lower(): value for name, value in said.items()}
    async with served(org, policy=policy, **settings) as mcp:
        yield mcp


@pytest.mark.parametrize("page", RECIPES)
def test_the_line_that_lists_the_tools_runs_with_the_settings_of_the_page(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (line,) = [block for block in blocks(page, "sh") if block.endswith("mcp-salesforce tools\n")]
    words = shlex.split(line)
    if blocks(page, "toml"):
        (tmp_path / settings_on(page)["SALESFORCE_POLICY"]).write_text(blocks(page, "toml")[0], "utf-8")
        (tmp_path / ".env").write_text(blocks(page, "ini")[0], "utf-8")
    while "=" in words[0]:
        monkeypatch.setenv(*words.pop(0).split("=", 1))
    assert words[:3] == ["uv", "run", "mcp-salesforce"]
    listed = invoke(*words[3:], "--json", cwd=tmp_path)

    assert listed.returncode == 0, listed.stderr
    off = {tool["name"] for tool in json.loads(listed.stdout) if tool["forbidden_by"]}
    assert "salesforce_delete_contact" in off
    assert "salesforce_list_contacts" not in off


def test_the_registration_of_the_read_only_recipe_is_that_of_the_readme_with_the_setting() -> None:
    (_, register) = blocks("docs/recipes/read-only.md", "sh")
    (entry,) = map(json.loads, blocks("docs/recipes/read-only.md", "json"))

    assert register.replace("-e SALESFORCE_READ_ONLY=true ", "") in blocks("README.md", "sh")
    assert entry["mcpServers"]["salesforce"]["env"] == {"SALESFORCE_READ_ONLY": "true"}
    assert entry["mcpServers"]["salesforce"]["args"][-2:] == ["mcp-salesforce", "serve"]


async def test_the_read_only_server_says_so(org: LocalOrg) -> None:
    async with served(org, read_only=True) as mcp:
        assert (await call(mcp, "whoami"))["allowed"]["read_only"] is True


async def test_the_front_desk_books_and_cancels_visits_and_sees_nothing_else(org: LocalOrg, tmp_path: Path) -> None:
    patient = org.insert("Contact", LastName="Ode", Birthdate="1990-02-03", Phone="+1 617 555 0147")
    async with as_on("docs/recipes/clinic.md", org, tmp_path) as mcp:
        wish = {"calendars": ["Nora Quill", "Harbour Room"], "start": "2026-11-23", "end": "2026-11-28"}
        offered = await call(mcp, "find_free_times", **wish, duration_minutes=30)
        start = offered["rows"][0][offered["columns"].index("start.utc")]
        visit = {"Subject": "Visit", "WhoId": patient, "StartDateTime": start, "DurationInMinutes": 30}
        made = await call(mcp, "create_appointment", data=visit, invitees=["Harbour Room"])
        again = await refusal(mcp, "create_appointment", data=visit | {"Subject": "Another", "WhoId": None})
        ill = visit | {"Subject": "Another", "Description": "Allergic to penicillin"}
        noted = await refusal(mcp, "create_appointment", data=ill, allow_conflict=True)
        seen = await call(mcp, "get_contact", contact_id=patient)
        await call(mcp, "close_appointment", event_id=made["Id"], outcome="cancelled")
        why = await refusal(mcp, "close_appointment", event_id=made["Id"], outcome="cancelled", reason="ill")
        listed = await names(mcp)

    assert not any("error" in calendar for calendar in offered["calendars"])
    assert again["code"] == "APPOINTMENT_CONFLICT"
    assert [noted["code"], why["code"]] == ["POLICY_REFUSED"] * 2
    assert "Phone" in seen
    assert "Birthdate" not in seen
    assert "salesforce_delete_appointment" not in listed
    assert "salesforce_query" not in listed


async def test_sales_people_change_their_own_opportunities_alone(org: LocalOrg, tmp_path: Path) -> None:
    mine, others = (
        org.insert("Opportunity", Name=name, StageName="Prospecting", CloseDate="2026-12-20", OwnerId=owner)
        for name, owner in zip(("Mine", "Hers"), [org.user("Nora"), org.user("Jonas")], strict=True)
    )
    async with as_on("docs/recipes/sales-team.md", org, tmp_path) as mcp:
        rows = {"sobject": "Opportunity", "records": [{"Id": mine, "StageName": "Qualification"}]}
        await call(mcp, "update_records", **rows)
        hers = await refusal(mcp, "get_record", sobject="Opportunity", record_ids=[others])
        gone = await refusal(mcp, "delete_records", sobject="Opportunity", record_ids=[mine])
        listed = await names(mcp)

    assert hers["code"] == "NOT_FOUND"
    assert gone["code"] == "POLICY_REFUSED"
    assert "salesforce_log_activity" in listed
