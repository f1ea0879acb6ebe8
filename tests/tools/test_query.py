"""SOQL through the whole stack: compact rows, and pages that are exact."""

from typing import Any

import pytest
from mcp import Client

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.salesforce import AsgiTransport
from mcp_salesforce.server import create_server
from tests.conftest import settings_of
from tests.tools.calls import all_ids, call, refusal

IN_ORDER = "SELECT Id, Subject FROM Event ORDER BY StartDateTime, Id"
BY_NAME = "SELECT Id FROM Contact ORDER BY Name, Id"


def ids_of(org: LocalOrg, soql: str) -> list[str]:
    return [record["Id"] for record in org.queries.query(soql, org.user_id)["records"]]


async def test_a_parents_fields_are_columns_and_a_missing_parent_is_empty(org: LocalOrg, mcp: Client) -> None:
    account_id = org.insert("Account", Name="Acme")
    org.insert("Contact", LastName="Ode-1")
    org.insert("Contact", LastName="Ode-2", AccountId=account_id)

    rows = await call(
        mcp, "query", soql="SELECT Account.Name, LastName, Account.Owner.Name FROM Contact WHERE LastName LIKE 'Ode-%' "
        "ORDER BY LastName"
    )  # fmt: skip

    assert rows["columns"] == ["Account.Name", "Account.Owner.Name", "LastName"]
    assert rows["rows"] == [[None, None, "Ode-1"], ["Acme", "Nora Quill", "Ode-2"]]
    assert rows["total"] == 2


async def test_children_are_rows_in_a_cell(org: LocalOrg, mcp: Client) -> None:
    account_id = org.insert("Account", Name="Acme")
    contact_id = org.insert("Contact", LastName="Ode", AccountId=account_id)

    rows = await call(
        mcp, "query", soql=f"SELECT Name, (SELECT Id, LastName FROM Contacts) FROM Account WHERE Id = '{account_id}'"
    )

    assert rows["columns"] == ["Name", "Contacts"]
    assert rows["rows"] == [["Acme", {"columns": ["Id", "LastName"], "rows": [[contact_id, "Ode"]]}]]


async def test_counts_and_groups(org: LocalOrg, mcp: Client) -> None:
    count = await call(mcp, "query", soql="SELECT COUNT() FROM Contact")
    assert count == {"columns": [], "rows": [], "total": 200}

    groups = await call(mcp, "query", soql="SELECT IsAllDayEvent, COUNT(Id) many FROM Event GROUP BY IsAllDayEvent")
    assert groups["columns"] == ["IsAllDayEvent", "many"]
    assert sum(row[1] for row in groups["rows"]) == len(ids_of(org, "SELECT Id FROM Event"))


@pytest.mark.parametrize("soql", ["select Id from Contact limit 1;", "  SELECT\nId FROM Contact LIMIT 1  "])
async def test_a_query_may_be_written_in_any_case_and_end_in_a_semicolon(mcp: Client, soql: str) -> None:
    assert len((await call(mcp, "query", soql=soql))["rows"]) == 1


@pytest.mark.parametrize("limit", [45, 200, 250, 2000])
async def test_pages_hold_every_row_exactly_once(org: LocalOrg, mcp: Client, limit: int) -> None:
    assert await all_ids(mcp, "query", limit=limit, soql=IN_ORDER) == ids_of(org, IN_ORDER)


async def test_the_limit_may_change_from_page_to_page(org: LocalOrg, mcp: Client) -> None:
    ids, cursor = [], ""
    for limit in (230, 3, 2000):
        page = await call(mcp, "query", soql=IN_ORDER, limit=limit, cursor=cursor)
        ids += [row[0] for row in page["rows"]]
        cursor = page.get("next_cursor", "")

    assert not cursor
    assert ids == ids_of(org, IN_ORDER)


async def test_total_counts_all_rows_on_every_page(org: LocalOrg, mcp: Client) -> None:
    many = len(ids_of(org, IN_ORDER))
    first = await call(mcp, "query", soql=IN_ORDER, limit=200)
    second = await call(mcp, "query", soql=IN_ORDER, limit=200, cursor=first["next_cursor"])

    assert first["total"] == second["total"] == many


async def test_rows_that_change_before_a_cursor_make_it_stale_and_nothing_is_skipped(mcp: Client) -> None:
    page = await call(mcp, "query", soql=BY_NAME, limit=10)
    await call(mcp, "delete_contact", contact_id=page["rows"][3][0])

    error = await refusal(mcp, "query", soql=BY_NAME, limit=10, cursor=page["next_cursor"])

    assert error["code"] == "STALE_CURSOR"
    assert error["hint"] == "Call again without cursor."


async def test_rows_that_change_behind_a_cursor_leave_it_good(org: LocalOrg, mcp: Client) -> None:
    page = await call(mcp, "query", soql=BY_NAME, limit=10)
    before = ids_of(org, BY_NAME)
    await call(mcp, "update_contact", contact_id=before[2], data={"Title": "renamed"})
    await call(mcp, "delete_contact", contact_id=before[15])

    rest = await all_ids(mcp, "query", limit=100, soql=BY_NAME, cursor=page["next_cursor"])

    assert rest == before[10:15] + before[16:]


async def test_a_locator_that_salesforce_has_forgotten_is_told_as_such(org: LocalOrg, mcp: Client) -> None:
    page = await call(mcp, "query", soql=IN_ORDER, limit=200)
    org.store.execute("DELETE FROM _locator")

    error = await refusal(mcp, "query", soql=IN_ORDER, limit=200, cursor=page["next_cursor"])

    assert error["code"] == "INVALID_QUERY_LOCATOR"


async def test_another_server_goes_on_where_one_stopped(org: LocalOrg, mcp: Client) -> None:
    page = await call(mcp, "query", soql=IN_ORDER, limit=230)
    replica = create_server(settings_of(org), transport=AsgiTransport(org.app))

    async with Client(replica) as other:
        rest = await all_ids(other, "query", limit=2000, soql=IN_ORDER, cursor=page["next_cursor"])

    assert [row[0] for row in page["rows"]] + rest == ids_of(org, IN_ORDER)


async def test_an_answer_beyond_the_budget_ends_at_a_whole_row_and_goes_on_by_cursor(org: LocalOrg) -> None:
    server = create_server(settings_of(org, max_answer_tokens=800), transport=AsgiTransport(org.app))
    async with Client(server) as mcp:
        first = await call(mcp, "query", soql=IN_ORDER, limit=300)
        assert first["left_out"] == 300 - len(first["rows"])
        ids = await all_ids(mcp, "query", limit=300, soql=IN_ORDER)

    assert ids == ids_of(org, IN_ORDER)


async def test_one_row_that_is_larger_than_the_budget_is_given_with_its_texts_cut(org: LocalOrg) -> None:
    org.insert("Contact", LastName="Aaa", Description="word " * 6000 + "end")
    server = create_server(settings_of(org, max_answer_tokens=500), transport=AsgiTransport(org.app))
    async with Client(server) as mcp:
        soql = "SELECT Description FROM Contact WHERE LastName = 'Aaa'"
        rows: dict[str, Any] = await call(mcp, "query", soql=soql)

    assert "next_cursor" not in rows
    ((text,),) = rows["rows"]
    assert text.startswith("word word")
    shown, _, said = text.partition(" [")
    assert said.endswith(f'get fields ["Description[{len(shown)}:]"]]')
    assert len(shown) + int(said.split()[0]) == len("word " * 6000 + "end")
    assert len(text) < 1250
