"""Files under a policy: what it hides, forbids, limits and asks holds for both directions, whichever way rows go."""

import csv
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from mcp import Client

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.salesforce import AsgiTransport
from mcp_salesforce.server import create_server
from mcp_salesforce.tools.files import exporting, preparing
from tests.approving import Person
from tests.conftest import NOW, settings_of
from tests.orgs import new_org
from tests.tools.calls import called, refusal
from tests.tools.files.test_import import server

KEYED = """
objects:
  Contact:
    fields:
      Number__c: {type: string, length: 20, external_id: true, unique: true}
"""
NAMES = ("LastName", "Title")
WORD = "Quetzalcoatlus"  # a value that stands in no name


@pytest.fixture(params=["small", "large"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Whether so many rows come or go that a bulk job would be used."""
    if request.param == "large":
        monkeypatch.setattr(exporting, "SMALL", 1)
        monkeypatch.setattr(preparing, "FEW", 1)
    return str(request.param)


@asynccontextmanager
async def under(
    org: LocalOrg, folder: Path, policy: str, asks: Person | None = None, **changes: Any
) -> AsyncIterator[Client]:
    (folder / "files").mkdir(exist_ok=True)
    (folder / "p.toml").write_text(policy, "utf-8")
    settings = settings_of(
        org, policy=folder / "p.toml", toolsets="all", files=folder / "files", journal=str(folder / "j.db"), **changes
    )
    server = create_server(settings, transport=AsgiTransport(org.app), now=lambda: NOW)
    async with Client(server, raise_exceptions=True, elicitation_callback=asks or Person()) as client:
        yield client


def rows_in(file: Path) -> list[list[str]]:
    return list(csv.reader(file.read_text("utf-8").splitlines()))


def people(org: LocalOrg, named: str = "Row%") -> list[tuple[Any, ...]]:
    soql = "SELECT LastName, Email, Title FROM Contact WHERE LastName LIKE ? AND IsDeleted = 0 ORDER BY LastName"
    return [tuple(row) for row in org.store.rows(soql, [named])]


def other_user(org: LocalOrg) -> str:
    rows = org.store.rows("SELECT Id FROM User WHERE Id != ? AND IsActive = 1 ORDER BY Id", [org.user_id])
    return str(rows[0]["Id"])


def query_jobs(org: LocalOrg) -> int:
    return len(org.bulk.jobs.listed(org.user_id, "V2Query", None, "")["records"])


async def test_hidden_fields_are_in_no_exported_file(org: LocalOrg, tmp_path: Path, way: str) -> None:
    for number in range(4):
        org.insert("Contact", LastName=f"Row{number}", Email="hidden@acme.example", Title="Boss")
    async with under(org, tmp_path, '[objects.Contact]\nhide = ["Email"]') as mcp:
        named = await refusal(mcp, "export", path="a.csv", soql="SELECT Id, Email FROM Contact")
        filtered = await refusal(mcp, "export", path="a.csv", sobject="Contact", where="Email != null")
        whole, _ = await called(mcp, "export", path="all.csv", sobject="Contact")
    written = (tmp_path / "files" / "all.csv").read_text("utf-8")

    assert {named["code"], filtered["code"]} == {"POLICY_REFUSED"}
    assert "Row3" in written
    assert "hidden@acme.example" not in written
    assert "Email" not in rows_in(tmp_path / "files" / "all.csv")[0]
    assert whole["rows"] == len(rows_in(tmp_path / "files" / "all.csv")) - 1
    assert [each.name for each in (tmp_path / "files").iterdir()] == ["all.csv"]
    assert (query_jobs(org) > 0) == (way == "large")


async def test_the_row_cap_and_the_own_records_hold_for_an_exported_file(
    org: LocalOrg, tmp_path: Path, way: str
) -> None:
    del way
    theirs = other_user(org)
    for number in range(6):
        org.insert("Contact", LastName=f"Row{number}", OwnerId=theirs if number % 2 else org.user_id)
    soql = "SELECT LastName FROM Contact WHERE LastName LIKE 'Row%' ORDER BY LastName"
    async with under(org, tmp_path, "[objects.Contact]\nmax_rows = 4") as mcp:
        capped, _ = await called(mcp, "export", path="capped.csv", soql=soql)
    async with under(org, tmp_path, "[objects.Contact]\nowner_only = true") as mcp:
        own, _ = await called(mcp, "export", path="own.csv", soql=soql)
    async with under(org, tmp_path, "[objects.Contact]\nactions = []") as mcp:
        forbidden = await refusal(mcp, "export", path="none.csv", soql=soql)

    assert (capped["rows"], capped["note"]) == (4, "The policy allows 4 rows.")
    assert [row for [row] in rows_in(tmp_path / "files" / "own.csv")[1:]] == ["Row0", "Row2", "Row4"]
    assert own["rows"] == 3
    assert forbidden["code"] in {"POLICY_REFUSED", "NOT_ALLOWED"}
    assert not (tmp_path / "files" / "none.csv").exists()


async def test_a_hidden_field_and_a_forbidden_object_are_in_no_import(org: LocalOrg, tmp_path: Path, way: str) -> None:
    del way
    before = people(org)
    rows = [[f"Row{number}", f"r{number}@acme.example"] for number in range(4)]
    arguments = {"sobject": "Contact", "columns": ["Last Name", "Email"], "rows": rows}
    async with under(org, tmp_path, '[objects.Contact]\nhide = ["Email"]') as mcp:
        mapped = await refusal(mcp, "import", **arguments, mapping={"Email": "Email"}, go=True)
        named = await refusal(mcp, "import", **arguments, go=True)
        without, _ = await called(mcp, "import", **arguments, mapping={"Email": ""}, go=True)
        saved = people(org)
    async with under(org, tmp_path, '[objects.Contact]\nactions = ["read"]') as mcp:
        forbidden = await refusal(mcp, "import", **arguments, go=True)

    assert mapped["code"] == "INVALID_FIELD"
    assert named["code"] == forbidden["code"] == "POLICY_REFUSED"
    assert before == []
    assert without["saved"] == 4
    assert saved == people(org) == [(f"Row{number}", None, None) for number in range(4)]


async def test_an_import_changes_the_own_records_only_and_by_no_job(org: LocalOrg, tmp_path: Path, way: str) -> None:
    del way
    theirs = other_user(org)
    ids = [
        org.insert("Contact", LastName=f"Row{number}", OwnerId=theirs if number % 2 else org.user_id)
        for number in range(4)
    ]
    async with under(org, tmp_path, "[objects.Contact]\nowner_only = true") as mcp:
        updates = {"sobject": "Contact", "operation": "update", "columns": ["Id", "Title"]}
        changed, _ = await called(mcp, "import", **updates, rows=[[each, "Boss"] for each in ids], go=True)
        removes = {"sobject": "Contact", "operation": "delete", "columns": ["Id"]}
        removed, _ = await called(mcp, "import", **removes, rows=[[each] for each in ids], go=True)

    assert (changed["saved"], changed["bad"]) == (2, 2)
    assert changed["problems"][0].startswith("Id: It is another user's, or not there. Rows 2")
    assert (removed["saved"], removed["bad"]) == (2, 2)
    assert not org.bulk.jobs.listed(org.user_id, "V2Ingest", None, "")["records"]
    assert people(org) == [("Row1", None, None), ("Row3", None, None)]


async def test_of_an_upsert_the_own_and_the_new_records_are_saved_and_anothers_are_told(tmp_path: Path) -> None:
    with new_org(lambda: NOW, schema=KEYED) as org:
        org.insert("Contact", LastName="Row1", Number__c="1", OwnerId=other_user(org))
        org.insert("Contact", LastName="Row2", Number__c="2")
        arguments = {"sobject": "Contact", "operation": "upsert", "key": "Number__c", "columns": ["Number__c", *NAMES]}
        rows = [[str(number), f"Row{number}", "Boss"] for number in range(1, 8)]
        async with under(org, tmp_path, "[objects.Contact]\nowner_only = true") as mcp:
            done, _ = await called(mcp, "import", **arguments, rows=rows, go=True)
            again, _ = await called(mcp, "import", **arguments, rows=rows, go=True)
        saved = people(org)

    assert (done["state"], done["saved"], done["failed"]) == ("done", 6, 1)
    assert done["problems"] == [again["problems"][0]]
    assert done["problems"][0].startswith("There is no such Contact, or it is another user's")
    assert done["problems"][0].endswith("Row 1")
    assert saved == [("Row1", None, None), *((f"Row{number}", None, "Boss") for number in range(2, 8))]


async def test_an_upsert_of_what_a_user_cannot_see_or_change_saves_the_rest(tmp_path: Path, way: str) -> None:
    with new_org(lambda: NOW, schema=KEYED.replace("Contact", "Account")) as org:
        accounts = [org.insert("Account", Name=f"Row{number}", Number__c=str(number)) for number in range(3)]
        org.insert("AccountShare", AccountId=accounts[1], UserOrGroupId=org.user("Jonas"), AccountAccessLevel="Read")
        org.insert("AccountShare", AccountId=accounts[2], UserOrGroupId=org.user("Jonas"), AccountAccessLevel="Edit")
        arguments = {"sobject": "Account", "operation": "upsert", "key": "Number__c", "columns": ["Number__c", "Name"]}
        rows = [[str(number), f"Changed{number}"] for number in range(5)]
        async with server(org, tmp_path, refresh_token=org.credentials_of("Jonas").refresh_token) as mcp:
            done, _ = await called(mcp, "import", **arguments, rows=rows, go=True)
        saved = org.store.rows("SELECT Name FROM Account WHERE Number__c IS NOT NULL ORDER BY Number__c")
        jobs = len(org.bulk.jobs.listed(org.user("Jonas"), "V2Ingest", None, "")["records"])

    assert (done["saved"], done["failed"]) == (3, 2)
    assert done["problems"] == ["insufficient access rights on object id Rows 1, 2"]
    assert [row["Name"] for row in saved] == ["Row0", "Row1", "Changed2", "Changed3", "Changed4"]
    assert jobs == (way == "large")


@pytest.mark.parametrize("column", ["OwnerId", "AccountId"])
async def test_a_row_about_another_user_is_told_and_stops_no_other_row(
    org: LocalOrg, tmp_path: Path, column: str
) -> None:
    theirs = other_user(org)
    account = org.insert("Account", Name="Theirs", OwnerId=theirs)
    cell = {"OwnerId": theirs, "AccountId": account}[column]
    rows = [[f"Row{number}", cell if number == 3 else ""] for number in range(6)]
    policy = "[objects.Contact]\nowner_only = true\n[objects.Account]\nowner_only = true"
    async with under(org, tmp_path, policy) as mcp:
        done, change_id = await called(
            mcp, "import", sobject="Contact", columns=["LastName", column], rows=rows, go=True
        )
        before = [name for name, *_ in people(org)]
        await called(mcp, "undo", change_id=change_id)

    assert (done["saved"], done["failed"]) == (5, 1)
    assert "other" in done["problems"][0]
    assert "Row 4" in done["problems"][0]
    assert before == ["Row0", "Row1", "Row2", "Row4", "Row5"]
    assert people(org) == []


@pytest.mark.parametrize("policy", ["approve_over_rows = 2", '[objects.Contact]\napprove = ["create"]'])
async def test_a_person_approves_an_import_once_with_its_count_and_the_audit_has_no_value(
    org: LocalOrg, tmp_path: Path, way: str, policy: str
) -> None:
    del way
    person, audit = Person(), tmp_path / "audit.jsonl"
    rows = [[f"Row{number} {WORD}", f"{WORD}{number}@acme.example"] for number in range(210)]
    async with under(org, tmp_path, policy, person, audit=str(audit)) as mcp:
        done, change_id = await called(
            mcp, "import", sobject="Contact", columns=["Last Name", "Email"], rows=rows, go=True
        )
        await called(mcp, "export", path="a.csv", soql=f"SELECT Id FROM Contact WHERE Email LIKE '{WORD}%'")
    lines = [json.loads(line) for line in audit.read_text("utf-8").splitlines()]
    [question] = person.questions

    assert done["saved"] == 210
    assert question.startswith("Create 210 contacts?")
    assert WORD not in question
    assert WORD not in audit.read_text("utf-8")
    assert {"salesforce_import", "salesforce_export"} <= {line.get("tool") for line in lines}
    assert change_id


async def test_a_table_with_more_rows_than_a_policy_allows_is_refused(org: LocalOrg, tmp_path: Path, way: str) -> None:
    del way
    arguments = {"sobject": "Contact", "columns": ["Last Name"], "rows": [[f"Row{number}"] for number in range(5)]}
    async with under(org, tmp_path, "[objects.Contact]\nmax_rows = 4") as mcp:
        refused = await refusal(mcp, "import", **arguments, go=True)
        fewer, _ = await called(mcp, "import", **arguments, fix={"5": None}, go=True)

    assert (refused["code"], fewer["saved"], len(people(org))) == ("POLICY_REFUSED", 4, 4)
