"""`max_rows` holds for every tool that tells of records, whether they are its own, parents or calendars."""

import re
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
from tests.copies import insert_copies
from tests.policy.test_guard import guarded
from tests.tools.calls import all_ids, call, refusal, rows_as_dicts

WEEK = {"start": "2026-11-23", "end": "2026-11-29"}


@asynccontextmanager
async def limited(org: LocalOrg, folder: Path, policy: str) -> AsyncIterator[Client]:
    (folder / "p.toml").write_text(policy, "utf-8")
    settings = settings_of(org, policy=folder / "p.toml", toolsets="all")
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
        ("count_appointments", {**WEEK, "by": ["WhoId"]}),
    ]
    async with limited(org, tmp_path, policy) as mcp:
        for tool, arguments in calls:
            found = await call(mcp, tool, **arguments)
            assert 0 < len(found["rows"]) <= 3, arguments
        refused = await refusal(mcp, "get_record", sobject="Contact", record_ids=contacts[:4])
        assert (refused["code"], refused["hint"]) == ("POLICY_REFUSED", "Ask for fewer records at a time.")
        assert len((await call(mcp, "get_record", sobject="Contact", record_ids=contacts[:3]))["rows"]) == 3
        found = (await call(mcp, "search", text="Row*", sobjects=["Contact"]))["found"]
        assert all(len(group["rows"]) <= 3 for group in found.values())


def shown(table: dict[str, Any], value: str) -> int:
    """Return in how many rows of a table, at any depth, a column has a value."""
    own = sum(any(cell and column == value for column, cell in zip(table["columns"], row, strict=True))
              for row in table["rows"])  # fmt: skip
    cells = (cell for row in table["rows"] for cell in row if isinstance(cell, dict))
    return own + sum(shown(cell, value) for cell in cells)


FAMILIES = {
    "SELECT Id, (SELECT Id, Account.Name FROM Contacts LIMIT {}) FROM Account": "Account.Name",
    "SELECT (SELECT LastName FROM Contacts LIMIT {}) FROM Account": "LastName",
    "SELECT Id, LastName, (SELECT Id, Contact.LastName FROM Cases LIMIT {}) FROM Contact": "Contact.LastName",
    "SELECT (SELECT Id, (SELECT Contact.Account.Name FROM Cases LIMIT {}) FROM Contacts LIMIT 1) FROM Account":
        "Contact.Account.Name",
    "SELECT (SELECT Who.Name FROM Events LIMIT {0}), (SELECT Contact.Name FROM Cases LIMIT {0}) FROM Account":
        "Who.Name",
}  # fmt: skip


@pytest.fixture
def families(org: LocalOrg) -> LocalOrg:
    """Four accounts, each with three contacts that have three cases and an appointment each."""
    for number in range(4):
        account = org.insert("Account", Name=f"Family {number}")
        for _ in range(3):
            contact = org.insert("Contact", LastName="Child", AccountId=account)
            times = {"StartDateTime": (NOW + timedelta(days=3)).isoformat(), "DurationInMinutes": 30}
            org.insert("Event", Subject="Visit", WhoId=contact, WhatId=account, **times)
            for _ in range(3):
                org.insert("Case", ContactId=contact, AccountId=account)
    return org


@pytest.mark.parametrize("soql", FAMILIES)
@pytest.mark.parametrize("most", [1, 2, 5, 8])
@pytest.mark.parametrize("limit", [1, 3, 9])
async def test_rows_of_sub_queries_count(families: LocalOrg, tmp_path: Path, soql: str, most: int, limit: int) -> None:
    policy = f"[objects.Contact]\nmax_rows = {most}\n[objects.Account]\nmax_rows = {most}"
    query = f"{soql.format(limit)} WHERE {'Account.' if soql.endswith('Contact') else ''}Name LIKE 'Family%'"
    async with limited(families, tmp_path, policy) as mcp:
        result = await mcp.call_tool("salesforce_query", {"soql": query, "limit": 200})
        if result.is_error:
            error = await refusal(mcp, "query", soql=query)
            assert error["code"] == "POLICY_REFUSED"
            assert "could come with more than" in error["message"]
            advised = re.search(r"LIMIT (\d+)", error["hint"])
            assert advised or most < 3, error["hint"]
            if advised is None:
                return
            assert int(advised[1]) < limit
            query = re.sub(r"LIMIT \d+", lambda found: min(found[0], advised[0], key=_number), query)
        page = await call(mcp, "query", soql=query)
        seen = [page]
        while "next_cursor" in page:
            page = await call(mcp, "query", soql=query, cursor=page["next_cursor"])
            seen.append(page)

    for each in seen:
        assert 0 < shown(each, FAMILIES[soql]) <= most
    assert sum(len(each["rows"]) for each in seen) == seen[0]["total"]


def _number(words: str) -> int:
    return int(words.split()[1])


async def test_a_sub_query_without_a_limit_is_refused_with_the_one_it_needs(org: LocalOrg, tmp_path: Path) -> None:
    soql = "SELECT Id, Name, (SELECT Id, Account.Name FROM Contacts) FROM Account"
    async with limited(org, tmp_path, "[objects.Account]\nmax_rows = 3") as mcp:
        error = await refusal(mcp, "query", soql=soql)

    assert error["hint"] == "Add LIMIT 2 to the sub-query."  # the account itself is the third row


async def test_further_pages_of_children_have_no_more(org: LocalOrg, tmp_path: Path) -> None:
    account = org.insert("Account", Name="Crowd")
    insert_copies(org, "Contact", 700, LastName="Ode", AccountId=account)
    soql = "SELECT Id, (SELECT Id FROM Contacts LIMIT 650) FROM Account WHERE Name = 'Crowd'"
    async with limited(org, tmp_path, "[objects.Contact]\nmax_rows = 650") as mcp:
        ((_, cell),) = (await call(mcp, "query", soql=soql))["rows"]
        rest = await call(mcp, "query", soql=soql, cursor=cell["next_cursor"], limit=2000)
    assert (cell["total"], len(cell["rows"]) + len(rest["rows"])) == (650, 650)


async def test_parents_of_records_that_are_read_by_id_count(org: LocalOrg, contacts: list[str], tmp_path: Path) -> None:
    for contact in contacts:
        org.records.update("Contact", contact, {"AccountId": org.insert("Account", Name="A")}, org.user_id)
    async with limited(org, tmp_path, "[objects.Account]\nmax_rows = 2") as mcp:
        fields = ["LastName", "Account.Name"]
        error = await refusal(mcp, "get_record", sobject="Contact", record_ids=contacts[:3], fields=fields)
        two = await call(mcp, "get_record", sobject="Contact", record_ids=contacts[:2], fields=fields)
        six = await call(mcp, "get_record", sobject="Contact", record_ids=contacts, fields=["LastName"])

    assert "2 Account records at most, not 3" in error["message"]
    assert (len(two["rows"]), len(six["rows"])) == (2, 6)


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
    assert "Repeat the call with that time as start" in first["warning"]
    assert refused["code"] == "POLICY_REFUSED"
