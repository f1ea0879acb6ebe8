"""Who changed what: by the field history of an org that keeps it, else by what the record tells."""

import json
from typing import Any
from urllib.parse import parse_qs

import pytest
from mcp import Client

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.salesforce import AsgiTransport
from mcp_salesforce.server import create_server
from mcp_salesforce.soql.tree_cache import tree_of
from tests.conftest import ERAS, NOW, settings_of
from tests.tools.calls import call, refusal, rows_as_dicts


@pytest.fixture(params=ERAS)
def era(request: pytest.FixtureRequest) -> str:
    return str(request.param)


class TrackingApp:
    """The org's app, which answers queries of history objects with rows of its own; `asked` are those queries."""

    def __init__(self, org: LocalOrg, rows: list[dict[str, Any]]) -> None:
        self.org = org
        self.rows = rows
        self.asked: list[str] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        soql = parse_qs(scope["query_string"].decode()).get("q", [""])[0]
        if "History" not in soql:
            await self.org.app(scope, receive, send)
            return
        self.asked.append(soql)
        rows = self.rows[: tree_of(soql).limit]
        body = json.dumps({"totalSize": len(rows), "done": True, "records": rows}).encode()
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def changed(number: int, field: str, old: str, new: str) -> dict[str, Any]:
    return {
        "attributes": {"type": "OpportunityFieldHistory"},
        "Id": f"017lo000000000{number}",
        "CreatedDate": f"2026-11-2{number}T09:00:00.000+0000",
        "CreatedBy": {"attributes": {"type": "User"}, "Name": "Nora Quill"},
        "Field": field,
        "OldValue": old,
        "NewValue": new,
    }


async def test_field_history_is_told_newest_first_and_by_pages(org: LocalOrg) -> None:
    deal = org.insert("Opportunity", Name="Deal", StageName="Prospecting", CloseDate="2026-12-01")
    app = TrackingApp(org, [changed(2, "StageName", "Prospecting", "Won"), changed(1, "Amount", "1", "2")])
    server = create_server(settings_of(org, toolsets="insight"), transport=AsgiTransport(app), now=lambda: NOW)
    async with Client(server) as mcp:
        whole = await call(mcp, "list_history", sobject="Opportunity", record_id=deal, time_zone="Europe/Berlin")
        first = await call(mcp, "list_history", sobject="opportunity", record_id=deal, fields=["StageName"], limit=1)
        await call(
            mcp,
            "list_history",
            sobject="opportunity",
            record_id=deal,
            fields=["StageName"],
            limit=1,
            cursor=first["next_cursor"],
        )

    assert rows_as_dicts(whole)[0] == {
        "CreatedDate": "2026-11-22T10:00:00+01:00",
        "CreatedBy.Name": "Nora Quill",
        "Field": "StageName",
        "OldValue": "Prospecting",
        "NewValue": "Won",
    }
    assert len(whole["rows"]) == 2
    assert f"FROM OpportunityFieldHistory WHERE OpportunityId = '{deal}' ORDER BY" in app.asked[0]
    assert "Field IN ('StageName')" in app.asked[1]
    assert "CreatedDate < 2026-11-22T09:00:00" in app.asked[2]


async def test_a_reference_is_found_by_the_name_that_history_has_for_it(org: LocalOrg) -> None:
    deal = org.insert("Opportunity", Name="Deal", StageName="Prospecting", CloseDate="2026-12-01")
    app = TrackingApp(org, [changed(1, "Owner", "Nora Quill", "Jonas Brandt")])
    server = create_server(settings_of(org, toolsets="insight"), transport=AsgiTransport(app), now=lambda: NOW)
    async with Client(server) as mcp:
        await call(mcp, "list_history", sobject="Opportunity", record_id=deal, fields=["ownerid"])
        error = await refusal(mcp, "list_history", sobject="Opportunity", record_id=deal, fields=["StagName"])

    assert "Field IN ('OwnerId', 'Owner')" in app.asked[0].replace("','", "', '")
    assert (error["code"], error["hint"]) == ("INVALID_FIELD", "Did you mean StageName?")
    assert len(app.asked) == 1


async def test_where_nothing_is_tracked_the_record_tells_what_it_can(org: LocalOrg, mcp: Client) -> None:
    account = org.insert("Account", Name="Acme")

    answer = await call(mcp, "list_history", sobject="Account", record_id=account)

    assert rows_as_dicts(answer) == [
        {
            "CreatedDate": "2026-11-22T09:00:00Z",
            "CreatedBy.Name": "Nora Quill",
            "Field": "(created)",
            "OldValue": None,
            "NewValue": None,
        }
    ]
    assert answer["note"].startswith("The org has no AccountHistory")


async def test_a_record_that_is_not_there_has_no_history(mcp: Client) -> None:
    error = await refusal(mcp, "list_history", sobject="Account", record_id="001lo0000000999AAA")

    assert error["code"] == "NOT_FOUND"
    assert (await refusal(mcp, "list_history", sobject="Acount", record_id="001lo0000000999AAA"))[
        "code"
    ] == "INVALID_TYPE"
