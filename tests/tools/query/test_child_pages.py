"""Children that an org gives in pages: each list has a cursor of its own, which leads to the rest and nowhere else."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from mcp import Client

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.salesforce import AsgiTransport
from mcp_salesforce.server import create_server
from tests.conftest import NOW, settings_of
from tests.copies import insert_copies
from tests.tools.calls import call, refusal

CHILDREN = "SELECT Name, (SELECT Id, LastName, ReportsTo.Name FROM Contacts) FROM Account WHERE Name LIKE 'Of %'"
NESTED = "SELECT Name, (SELECT Id, (SELECT Id FROM Cases) FROM Contacts) FROM Account WHERE Name = 'Of cases'"


@pytest.fixture
def crowd(org: LocalOrg) -> LocalOrg:
    """Accounts of 1,200, 3 and 450 contacts; a contact of one more has 700 cases."""
    for count in (1200, 3, 450):
        account_id = org.insert("Account", Name=f"Of {count}")
        insert_copies(org, "Contact", count, LastName=f"Ode-{count}", AccountId=account_id)
    contact_id = org.insert("Contact", LastName="Ode", AccountId=org.insert("Account", Name="Of cases"))
    insert_copies(org, "Case", 700, Subject="Ode", ContactId=contact_id)
    return org


async def pages(mcp: Client, soql: str, **more: Any) -> AsyncIterator[dict[str, Any]]:
    """Yield every answer to a query."""
    page = await call(mcp, "query", soql=soql, **more)
    yield page
    while "next_cursor" in page:
        page = await call(mcp, "query", **{**more, "soql": soql, "cursor": page["next_cursor"]})
        yield page


async def rest_of(mcp: Client, soql: str, cell: dict[str, Any], **more: Any) -> list[list[Any]]:
    """Return all rows of a table in a cell, whose further pages have its columns and count."""
    rows = list(cell["rows"])
    if "next_cursor" in cell:
        async for page in pages(mcp, soql, **more, cursor=cell["next_cursor"]):
            assert (page["columns"], page["total"]) == (cell["columns"], cell["total"])
            rows += page["rows"]
    assert len(rows) == cell.get("total", len(rows))
    return rows


def ids_of(org: LocalOrg, sobject: str, condition: str) -> set[str]:
    return {row["Id"] for row in org.store.rows(f'SELECT Id FROM "{sobject}" WHERE {condition}')}


@pytest.mark.parametrize("limit", [1, 90, 200, 2000])
async def test_every_child_comes_once(crowd: LocalOrg, mcp: Client, limit: int) -> None:
    found: list[str] = []
    accounts = []
    async for page in pages(mcp, CHILDREN, limit=limit):
        for name, cell in page["rows"]:
            accounts.append(name)
            rows = await rest_of(mcp, CHILDREN, cell, limit=max(limit, 90)) if cell else []
            assert {row[1] for row in rows} <= {f"Ode-{name[3:]}", "Ode"}
            found += [row[0] for row in rows]

    assert sorted(accounts) == ["Of 1200", "Of 3", "Of 450", "Of cases"]
    assert len(found) == len(set(found)) == 1654
    assert set(found) == ids_of(crowd, "Contact", "LastName LIKE 'Ode%'")


async def test_children_of_children_have_cursors_too(crowd: LocalOrg, mcp: Client) -> None:
    ((_, contacts),) = (await call(mcp, "query", soql=NESTED))["rows"]
    ((_, cases),) = contacts["rows"]

    found = [row[0] for row in await rest_of(mcp, NESTED, cases, limit=300)]

    assert "next_cursor" not in contacts
    assert cases["columns"] == ["Id"]
    assert len(found) == 700
    assert set(found) == ids_of(crowd, "Case", "Subject = 'Ode'")


async def test_another_server_goes_on_with_parents_and_children(crowd: LocalOrg) -> None:
    def server() -> Any:
        settings = settings_of(crowd, state_key="k" * 32)
        return create_server(settings, transport=AsgiTransport(crowd.app), now=lambda: NOW)

    async with Client(server()) as one:
        first = await call(one, "query", soql=CHILDREN, limit=1)
    async with Client(server()) as other:
        second = await call(other, "query", soql=CHILDREN, limit=1, cursor=first["next_cursor"])
        rows = await rest_of(other, CHILDREN, first["rows"][0][1], limit=2000)

    assert (first["rows"][0][0], second["rows"][0][0]) == ("Of 1200", "Of 3")
    assert len({row[0] for row in rows}) == 1200


async def test_deleted_children_are_read_on_request_on_every_page(crowd: LocalOrg, mcp: Client) -> None:
    soql = "SELECT Name, (SELECT Id FROM Contacts ORDER BY Id) FROM Account WHERE Name = 'Of 450'"
    last = max(ids_of(crowd, "Contact", "LastName = 'Ode-450'"))
    crowd.records.delete("Contact", last, crowd.user_id)

    async def found(**more: bool) -> list[str]:
        ((_, cell),) = (await call(mcp, "query", soql=soql, **more))["rows"]
        return [row[0] for row in await rest_of(mcp, soql, cell, limit=100, **more)]

    assert len(await found()) == len(await found(include_archived=True)) == 449
    everything = await found(include_deleted=True)
    assert (len(everything), everything[-1]) == (450, last)


def cell_path(org: LocalOrg) -> str:
    """Return the URL of the rest of a list, as the org gives it."""
    (account, *_) = org.queries.query(CHILDREN, org.user_id)["records"]
    return str(account["Contacts"]["nextRecordsUrl"])


async def test_a_childrens_cursor_is_good_for_its_query_alone(crowd: LocalOrg, mcp: Client) -> None:
    ((_, cell), *_) = (await call(mcp, "query", soql=CHILDREN))["rows"]
    cursor = cell["next_cursor"]

    for soql in (f"{CHILDREN} AND Name != 'x'", "SELECT Id FROM Contact"):
        assert (await refusal(mcp, "query", soql=soql, cursor=cursor))["code"] == "INVALID_CURSOR"
    for made in (cursor[:-1] + "B", cursor + "A", cell_path(crowd)):
        assert (await refusal(mcp, "query", soql=CHILDREN, cursor=made))["code"] == "INVALID_CURSOR"


async def test_a_childrens_cursor_that_has_expired_says_how_to_go_on(crowd: LocalOrg, mcp: Client) -> None:
    ((_, cell), *_) = (await call(mcp, "query", soql=CHILDREN))["rows"]
    crowd.store.execute("DELETE FROM _locator")

    error = await refusal(mcp, "query", soql=CHILDREN, cursor=cell["next_cursor"])

    assert error["code"] == "INVALID_QUERY_LOCATOR"
    assert error["hint"].endswith("To continue from here, query these child records directly with ORDER BY Id.")


async def test_what_a_policy_hides_is_on_no_page_of_children(crowd: LocalOrg, tmp_path: Path) -> None:
    policy = tmp_path / "p.toml"
    policy.write_text('[objects.Contact]\nhide = ["LastName"]', "utf-8")
    times = {"StartDateTime": "2026-11-25T10:00:00Z", "DurationInMinutes": 30}
    people = {"WhatId": crowd.insert("Account", Name="Busy"), "WhoId": crowd.insert("Contact", LastName="Hidden")}
    insert_copies(crowd, "Event", 620, Subject="Ode", **times, **people)
    server = create_server(settings_of(crowd, policy=policy), transport=AsgiTransport(crowd.app), now=lambda: NOW)
    soql = "SELECT Name, (SELECT Id, Who.Name FROM Events) FROM Account WHERE Name = 'Busy'"
    async with Client(server) as mcp:
        assert (await refusal(mcp, "query", soql=CHILDREN))["code"] == "POLICY_REFUSED"
        ((_, cell),) = (await call(mcp, "query", soql=soql))["rows"]
        async for page in pages(mcp, soql, cursor=cell["next_cursor"], limit=150):
            assert (page["columns"], page["withheld"]) == (["Id", "Who.Name"], ["Who.Name"])
            assert {name for _, name in page["rows"]} == {None}


async def test_a_deletion_counts_the_appointments_beyond_the_first_page(empty_org: LocalOrg, mcp: Client) -> None:
    contact_id = empty_org.insert("Contact", LastName="Ode")
    jonas = str(empty_org.store.rows("SELECT Id FROM User WHERE Name = 'Jonas Brandt'")[0]["Id"])
    times = {"StartDateTime": "2026-11-25T10:00:00Z", "DurationInMinutes": 30, "WhoId": contact_id}
    insert_copies(empty_org, "Event", 520, Subject="Mine", **times)
    insert_copies(empty_org, "Event", 1, Subject="His", OwnerId=jonas, **times)

    gone = await call(mcp, "delete_contact", contact_id=contact_id)

    assert (gone["also_deleted"], gone["to_come"]) == ({"Event": 521}, 521)
    assert sorted(gone["calendars"]) == ["Jonas Brandt", "Nora Quill"]
