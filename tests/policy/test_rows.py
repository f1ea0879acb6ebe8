"""`max_rows` holds for every tool that tells of records, whether they are its own, parents or calendars."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from mcp_types import PromptReference

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.policy.errors import PolicyRefusedError
from mcp_salesforce.salesforce import AsgiTransport, Request
from mcp_salesforce.server import create_server
from tests.conftest import NOW, settings_of
from tests.policy.test_guard import guarded
from tests.tools.calls import all_ids, call, refusal, rows_as_dicts

WEEK = {"start": "2026-11-23", "end": "2026-11-29"}


@asynccontextmanager
async def limited(org: LocalOrg, folder: Path, policy: str) -> AsyncIterator[Client]:
    (folder / "p.toml").write_text(policy, "utf-8")
    settings = settings_of(org, policy=folder / "p.toml")
    async with Client(create_server(settings, transport=AsgiTransport(org.app), now=lambda: NOW)) as client:
        yield client


@pytest.fixture
def contacts(org: LocalOrg) -> list[str]:
    ids = [org.insert("Contact", LastName=f"Row{number}") for number in range(6)]
    for number, contact in enumerate(ids):
        start = NOW + timedelta(days=2, hours=number)
        times = {"StartDateTime": start.isoformat(), "DurationInMinutes": 30}
        org.insert("Event", Subject=f"Visit {number}", WhoId=contact, OwnerId=org.user_id, **times)
        org.insert("Case", Subject=f"Help {number}", ContactId=contact)
    return ids


@pytest.mark.parametrize("policy", ["[objects.Contact]\nmax_rows = 3", "max_rows = 3"])
async def test_no_tool_tells_of_more(org: LocalOrg, contacts: list[str], tmp_path: Path, policy: str) -> None:
    calls: list[tuple[str, dict[str, Any]]] = [
        ("query", {"soql": "SELECT Id FROM Contact"}),
        ("query", {"soql": "SELECT Id, Contact.LastName FROM Case"}),
        ("query", {"soql": "SELECT Id, c.LastName FROM Case k, k.Contact c"}),
        ("query", {"soql": "SELECT Id, Who.Name FROM Event"}),
        ("query", {"soql": "SELECT Id, TYPEOF Who WHEN Contact THEN LastName END FROM Event"}),
        ("query", {"soql": "SELECT Contact.LastName, COUNT(Id) FROM Case GROUP BY Contact.LastName"}),
        ("list_contacts", {}),
        ("list_contacts", {"fields": ["LastName", "Account.Name"]}),
        ("list_appointments", WEEK),
    ]
    async with limited(org, tmp_path, policy) as mcp:
        for tool, arguments in calls:
            found = await call(mcp, tool, **arguments)
            assert 0 < len(found["rows"]) <= 3, arguments
        refused = await refusal(mcp, "get_record", sobject="Contact", record_ids=contacts[:4])
        assert (refused["code"], refused["hint"]) == ("POLICY_REFUSED", "Ask for fewer at a time.")
        assert len((await call(mcp, "get_record", sobject="Contact", record_ids=contacts[:3]))["rows"]) == 3
        found = (await call(mcp, "search", text="Row*", sobjects=["Contact"]))["found"]
        assert all(len(group["rows"]) <= 3 for group in found.values())


async def test_the_guard_lets_no_more_be_asked_for_by_id(org: LocalOrg, contacts: list[str]) -> None:
    async with guarded(org, "[objects.Contact]\nmax_rows = 2") as client:
        for count, is_allowed in ((2, True), (3, False)):
            body = {"ids": contacts[:count], "fields": ["Id"]}
            request = Request("POST", "composite/sobjects/Contact", body=body, idempotent=True)
            if is_allowed:
                assert await client.send(request)
            else:
                with pytest.raises(PolicyRefusedError, match="2 Contact records at most, not 3"):
                    await client.send(request)


async def test_completions_tell_of_no_more(org: LocalOrg, contacts: list[str], tmp_path: Path) -> None:
    assert contacts
    reference = PromptReference(type="ref/prompt", name="book_appointment")
    async with limited(org, tmp_path, "[objects.Contact]\nmax_rows = 3") as mcp:
        found = await mcp.complete(reference, {"name": "person", "value": "Row"})

    assert len(found.completion.values) == 3


async def test_the_rest_comes_by_cursor(org: LocalOrg, contacts: list[str], tmp_path: Path) -> None:
    async with limited(org, tmp_path, "[objects.Contact]\nmax_rows = 3") as mcp:
        soql = "SELECT Id, Contact.LastName FROM Case ORDER BY Id"
        ids = await all_ids(mcp, "query", limit=3, soql=soql)

    assert len(ids) == len(set(ids)) >= len(contacts)


async def test_calendars_are_told_as_far_as_the_rows_go(org: LocalOrg, contacts: list[str], tmp_path: Path) -> None:
    assert contacts
    async with limited(org, tmp_path, "[objects.Event]\nmax_rows = 2\n[objects.User]\nmax_rows = 2") as mcp:
        first = await call(mcp, "get_free_busy", calendars=["me"], **WEEK)
        users = [row["Id"] for row in rows_as_dicts(await call(mcp, "query", soql="SELECT Id FROM User ORDER BY Id"))]
        more = [str(each["Id"]) for each in org.store.rows("SELECT Id FROM User ORDER BY Id")]
        refused = await refusal(mcp, "get_free_busy", calendars=more[:3], **WEEK)

    assert len(first["rows"]) == len(users) == 2
    assert "is listed: ask again from there" in first["warning"]
    assert refused["code"] == "POLICY_REFUSED"
