"""The policies on docs/policy.md work as they stand, on an org, and the page names every key."""

import re
from pathlib import Path

import pytest

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.policy.policy_file import read_policy
from tests.docs.generate import ROOT
from tests.tools.calls import call, refusal
from tests.tools.framework.test_allowed_tools import served

PAGE = (ROOT / "docs/policy.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture(params=EXAMPLES, ids=range(len(EXAMPLES)))
def example(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    file = tmp_path / "policy.toml"
    file.write_text(request.param, encoding="utf-8")
    return file


async def test_an_example_starts_and_lists_contacts(org: LocalOrg, example: Path) -> None:
    org.insert("Contact", LastName="Ode", Email="ode@example.com")
    async with served(org, policy=example) as mcp:
        assert (await call(mcp, "list_contacts", limit=1))["rows"]
        assert (await call(mcp, "whoami"))["allowed"]["policy"]
        assert (await refusal(mcp, "create_contact", data={"LastName": "Ode", "Birthdate": "2000-01-01"}))["code"] in {
            "POLICY_REFUSED",
            "NOT_ALLOWED",
        }


async def test_the_booking_agent_books_and_sees_nothing_else(org: LocalOrg, tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text(EXAMPLES[1], encoding="utf-8")
    contact_id = org.insert("Contact", LastName="Ode")
    times = {"StartDateTime": "2026-11-24T10:00:00Z", "DurationInMinutes": 30}
    async with served(org, policy=tmp_path / "p.toml") as mcp:
        made = await call(mcp, "create_appointment", data={"Subject": "Visit", "WhoId": contact_id, **times})
        error = await refusal(mcp, "query", soql="SELECT Id FROM Opportunity")
        zone = (await call(mcp, "whoami"))["time_zone"]

    assert made["start"]["utc"] == "2026-11-24T10:00:00Z"
    assert zone == "America/New_York"
    assert error["message"] == "Opportunity cannot be read (SALESFORCE_POLICY, p.toml:1)."


async def test_the_error_on_the_page_is_the_servers(org: LocalOrg, tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_text('[objects.Contact]\nhide = ["Emial"]', encoding="utf-8")

    with pytest.RaisesGroup(pytest.RaisesExc(Exception), flatten_subgroups=True, allow_unwrapped=True) as stopped:
        async with served(org, policy=tmp_path / "policy.toml"):
            pass

    (shown,) = re.findall(r"```\n(mcp-salesforce cannot start: .*?)\n```", PAGE, re.DOTALL)
    errors = getattr(stopped.value, "exceptions", [stopped.value])
    assert [str(error) for error in errors] == [shown]


def test_each_key_is_on_the_page_and_works() -> None:
    keys = set(re.findall(r"^\| (?:top|`\[objects.Name\]`)? ?\| `(\w+)` \|", PAGE, re.MULTILINE))

    assert keys == {
        *("actions", "approval", "approve", "approve_over_rows", "fields", "hide", "max_rows", "owner_only"),
    }
    whole = 'actions = ["read"]\nmax_rows = 1\napproval = "strict"\napprove_over_rows = 5\n'
    section = '[objects.A]\nactions = ["read"]\nmax_rows = 2\napprove = ["delete"]\napprove_over_rows = 0\n'
    assert read_policy(whole + section, "p").rules
