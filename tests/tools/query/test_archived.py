"""A query that may reach activities that are archived says that they are left out, and how they are read."""

from typing import Any

import pytest
from mcp import Client

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.localorg.services.series import archive
from tests.conftest import NOW
from tests.tools.calls import call
from tests.tools.events import timed
from tests.tools.tokens import tokens

LACKING = [
    "SELECT Id FROM Event",
    "SELECT COUNT() FROM Task",
    "SELECT Id FROM event WHERE Subject = 'Ode'",
    "SELECT Id FROM Event WHERE StartDateTime < 2026-11-22T00:00:00Z",
    "SELECT Id FROM Event WHERE StartDateTime >= 2025-01-01T00:00:00Z",
    "SELECT Id FROM Event WHERE ActivityDate = LAST_YEAR",
    "SELECT Id FROM Event WHERE ActivityDate >= LAST_N_DAYS:400",
    "SELECT Id FROM Event WHERE ActivityDate >= LAST_N_MONTHS:12",
    "SELECT Id FROM Event WHERE ActivityDate = TODAY OR Subject = 'Ode'",
    "SELECT Id FROM Event WHERE NOT (ActivityDate = TODAY)",
    "SELECT Id FROM Task WHERE IsClosed = true",
    "SELECT OwnerId, MAX(StartDateTime) FROM Event GROUP BY OwnerId",
    "SELECT Id FROM EventRelation",
    "SELECT Name, (SELECT Subject FROM Events) FROM Contact",
    "SELECT Name, (SELECT Subject FROM Tasks WHERE ActivityDate < TODAY) FROM Account",
    "SELECT Id FROM Event ORDER BY StartDateTime LIMIT 1",
]
WHOLE = [
    "SELECT Id FROM Contact",
    "SELECT Id FROM Event WHERE ActivityDate = TODAY",
    "SELECT Id FROM Event WHERE StartDateTime >= 2026-01-01T00:00:00Z AND Subject = 'Ode'",
    "SELECT Id FROM Event WHERE ActivityDate >= LAST_N_DAYS:30",
    "SELECT Id FROM Event WHERE ActivityDate IN (2026-11-24, 2026-11-25)",
    "SELECT Id FROM Event WHERE ActivityDate = NEXT_N_YEARS:3",
    "SELECT Id FROM Event WHERE ActivityDate = TODAY OR ActivityDate = TOMORROW",
    "SELECT Id FROM Event WHERE CALENDAR_YEAR(ActivityDate) = 2026",
    "SELECT Id FROM Event WHERE DAY_ONLY(StartDateTime) >= 2026-11-01",
    "SELECT Id FROM Task WHERE IsClosed = false",
    "SELECT Name, (SELECT Subject FROM Events WHERE ActivityDate >= TODAY) FROM Contact LIMIT 5",
    "SELECT Id FROM Account WHERE Id IN (SELECT AccountId FROM Contact)",
    "SELECT Id, StartDateTime FROM Event ORDER BY StartDateTime DESC LIMIT 1",
]


@pytest.mark.parametrize("soql", LACKING)
async def test_what_may_lack_archived_activities_says_so_in_few_tokens(mcp: Client, soql: str) -> None:
    told = await call(mcp, "query", soql=soql)

    assert "include_archived" in told["note"]
    assert tokens(told["note"]) <= 20


@pytest.mark.parametrize("soql", WHOLE)
async def test_what_cannot_lack_any_says_nothing(mcp: Client, soql: str) -> None:
    assert "note" not in await call(mcp, "query", soql=soql)


@pytest.mark.parametrize("more", [{"include_archived": True}, {"include_deleted": True}])
async def test_what_reads_them_says_nothing(mcp: Client, more: dict[str, Any]) -> None:
    assert "note" not in await call(mcp, "query", soql="SELECT Id FROM Event", **more)


@pytest.mark.parametrize(
    "condition",
    [
        "Id IN (SELECT AccountId FROM Contact WHERE LastName = 'Binned')",
        "(Name = 'Acme' AND Id IN (SELECT AccountId FROM Contact WHERE LastName = 'Binned'))",
    ],
)
async def test_with_archived_ones_a_condition_does_not_meet_deleted_records(
    org: LocalOrg, mcp: Client, condition: str
) -> None:
    account = org.insert("Account", Name="Acme")
    org.records.delete("Contact", org.insert("Contact", LastName="Binned", AccountId=account), org.user_id)
    soql = f"SELECT Name FROM Account WHERE {condition}"

    assert (await call(mcp, "query", soql=soql, include_archived=True))["rows"] == []
    assert (await call(mcp, "query", soql=soql, include_deleted=True))["rows"] == [["Acme"]]


async def test_children_that_are_archived_are_read_without_deleted_ones(empty_org: LocalOrg, mcp: Client) -> None:
    contact = empty_org.insert("Contact", LastName="Ode")
    timed(empty_org, "Long ago", "2024-05-06T10:00:00Z", WhoId=contact)
    gone = timed(empty_org, "Binned", "2024-05-06T12:00:00Z", WhoId=contact)
    empty_org.records.delete("Event", gone, empty_org.user_id)
    archive(empty_org.store, NOW)
    soql = "SELECT (SELECT Subject FROM Events) FROM Contact WHERE LastName = 'Ode'"

    told = await call(mcp, "query", soql=soql, include_archived=True)

    assert told["rows"][0][0]["rows"] == [["Long ago"]]
