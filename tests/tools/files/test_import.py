"""Imports through the real stack: what is checked, what is sent, what becomes of each row."""

import csv
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, datetime
from fnmatch import fnmatchcase
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp import Client
from mcp_types import ElicitResult

from mcp_salesforce.localorg import Fault, LocalOrg
from mcp_salesforce.salesforce import AsgiTransport
from mcp_salesforce.server import create_server
from mcp_salesforce.tools.files import import_sending, imports, preparing
from mcp_salesforce.tools.files.seen_rows import SeenRows
from tests.approving import Person, approve
from tests.conftest import NOW, settings_of
from tests.orgs import new_org
from tests.tools.calls import called, refusal
from tests.tools.files.workbooks import write_workbook
from tests.tools.tokens import tokens

SCHEMA = """
objects:
  Contact:
    fields:
      Number__c: {label: Patient Number, type: string, length: 20, external_id: true, unique: true}
      Visit__c: {label: Visit, type: picklist, values: [First, Again], restricted: true}
      Score__c: {label: Score, type: double, precision: 8, scale: 2}
      Seen__c: {label: Last Seen, type: datetime}
      Called__c: {label: Called, type: boolean}
  Account:
    fields:
      Code__c: {label: Code, type: string, length: 20, external_id: true, unique: true}
"""


@pytest.fixture
def org() -> LocalOrg:
    """An org with custom fields, and no contacts."""
    return new_org(lambda: NOW, seed=False, schema=SCHEMA)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder that the server of `mcp` may use."""
    return tmp_path / "files"


@pytest.fixture(params=["collections", "bulk jobs"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """How the rows go."""
    if request.param == "bulk jobs":
        monkeypatch.setattr(preparing, "FEW", 1)
        monkeypatch.setattr(preparing, "BULK_ROWS", 2)
        monkeypatch.setattr(preparing, "MANY_ROWS", 3)
    return str(request.param)


@asynccontextmanager
async def server(org: LocalOrg, tmp_path: Path, *, asks: Any = approve, **changes: Any) -> AsyncIterator[Client]:
    """Yield a client of a server of its own, with the journal and the folder of `mcp`."""
    (tmp_path / "files").mkdir(parents=True, exist_ok=True)
    values = {"journal": str(tmp_path / "journal.db"), "toolsets": "all", "files": tmp_path / "files", **changes}
    made = create_server(settings_of(org, **values), transport=AsgiTransport(org.app), now=lambda: NOW)
    async with Client(made, raise_exceptions=True, elicitation_callback=asks) as client:
        yield client


async def imported(mcp: Client, **arguments: Any) -> dict[str, Any]:
    return (await called(mcp, "import", **arguments))[0]


def people(org: LocalOrg, *fields: str) -> list[tuple[Any, ...]]:
    names = fields or ("LastName",)
    return [
        tuple(row) for row in org.store.rows(f"SELECT {', '.join(names)} FROM Contact WHERE IsDeleted = 0 ORDER BY 1")
    ]


def ingest_jobs(org: LocalOrg) -> int:
    return len(org.bulk.jobs.listed(org.user_id, "V2Ingest", None, "")["records"])


def write_clinic(folder: Path, size: int = 150) -> Path:
    """Write `size` contacts, five of them bad."""
    bad = {20: {1: ""}, 33: {5: "x" * 200}, 71: {2: "ada at acme"}, 90: {2: "b@@acme.example"}, 103: {4: "Nobody Inc"}}
    lines = [["First Name", "Surname", "E-Mail", "Phone", "Company", "Job Title"]]
    for n in range(1, size + 1):
        row = ["Ada", f"Person {n:03}", f"p{n}@acme.example", f"+49 30 {n}", "Acme", "Dentist"]
        lines.append([bad.get(n, {}).get(place, cell) for place, cell in enumerate(row)])
    file = folder / "contacts.csv"
    with file.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows(lines)
    return file


async def test_150_contacts_with_five_bad_rows_cost_at_most_260_tokens_and_none_twice(
    mcp: Client, org: LocalOrg, folder: Path
) -> None:
    org.insert("Account", Name="Acme")
    write_clinic(folder)
    first: dict[str, Any] = {"path": "contacts.csv", "sobject": "Contact"}
    checked = await imported(mcp, **first)
    assert people(org) == []
    fix = {"71": {"Email": "ada71@acme.example"}, "90": {"Email": "ada90@acme.example"}, "33": {"Title": "Dentist"}}
    second: dict[str, Any] = {"import_id": checked["import_id"], "fix": {**fix, "103": None}, "go": True}
    done = await imported(mcp, **second)

    assert {name: checked[name] for name in ("rows", "ready", "bad")} == {"rows": 150, "ready": 145, "bad": 5}
    assert checked["mapping"]["Company"] == "AccountId"
    assert len(checked["problems"]) == 4
    assert (done["state"], done["saved"], done["bad"], done["left_out"]) == ("done", 148, 1, 1)
    assert len(people(org)) == 148
    [header, row] = csv.reader((folder / done["bad_file"]).read_text("utf-8").splitlines())
    assert (header[-1], row[0], row[-1]) == ("import_reason", "Ada", "LastName: Is required.")
    assert sum(map(tokens, (first, checked, second, done))) <= 260

    again = await imported(mcp, path="contacts.csv", sobject="Contact", fix=second["fix"], go=True)
    assert (again["saved"], again["already"], len(people(org))) == (0, 148, 148)


async def test_an_import_is_undone_as_one_change_and_can_be_repeated(mcp: Client, org: LocalOrg, folder: Path) -> None:
    org.insert("Account", Name="Acme")
    write_clinic(folder, 15)
    arguments: dict[str, Any] = {"path": "contacts.csv", "sobject": "Contact", "go": True}
    done, change_id = await called(mcp, "import", **arguments)

    undone = await called(mcp, "undo", change_id=change_id)
    assert undone[0]["undone"] == done["saved"] == 15
    assert people(org) == []
    assert (await imported(mcp, **arguments))["saved"] == 15


def write(path: Path, text: str, encoding: str = "utf-8") -> None:
    path.write_bytes(text.encode(encoding))


@pytest.mark.parametrize(
    ("name", "text", "encoding"),
    [
        ("a.csv", "LastName,FirstName\nÖde,Zoë\nQuill,\n", "utf-8"),
        ("a.csv", '"LastName";"FirstName"\r\n"Öde";"Zoë"\r\n\r\n"Quill";""\r\n', "utf-8-sig"),
        ("a.csv", "LastName;FirstName\nÖde;Zoë\nQuill;\n", "cp1252"),
        ("a.tsv", "LastName\tFirstName\nÖde\tZoë\nQuill\t\n", "utf-8"),
        ("a.csv", "Name of firm|LastName|FirstName\n|Öde|Zoë\n|Quill|\n", "utf-16"),
        ("a.jsonl", '{"LastName": "Öde", "FirstName": "Zoë"}\n\n{"FirstName": null, "LastName": "Quill"}\n', "utf-8"),
    ],
)
async def test_tables_are_read_however_they_are_written(
    mcp: Client, org: LocalOrg, folder: Path, name: str, text: str, encoding: str
) -> None:
    write(folder / name, text, encoding)
    named = {} if encoding.startswith("utf-8") else {"encoding": encoding}

    done = await imported(mcp, path=name, sobject="contact", go=True, **named)

    assert (done["state"], done["saved"]) == ("done", 2)
    assert people(org, "LastName", "FirstName") == [("Quill", None), ("Öde", "Zoë")]


async def test_a_workbook_has_typed_cells(mcp: Client, org: LocalOrg, folder: Path) -> None:
    rows: list[list[object]] = [
        ["Last Name", "Birthdate", "Phone", "Score", "Last Seen", "Called", None],
        ["Ode", date(1990, 2, 3), 4930123, 7.5, datetime(2026, 3, 1, 9, 30), True, "aside"],  # noqa: DTZ001
        ["Quill", None, "030-1", 3, None, False],
    ]
    write_workbook(folder / "a.xlsx", rows)

    checked = await imported(mcp, path="a.xlsx", sobject="Contact")
    done = await imported(mcp, import_id=checked["import_id"], go=True)

    assert (done["saved"], "bad" in done) == (2, False)
    fields = ("LastName", "Birthdate", "Phone", "Score__c", "Seen__c", "Called__c")
    zone_hour = org.store.rows("SELECT TimeZoneSidKey FROM User WHERE Id = ?", [org.user_id])[0][0]
    first, second = people(org, *fields)
    assert first[:4] == ("Ode", "1990-02-03", "4930123", 7.5)
    assert zone_hour
    assert str(first[4]).startswith("2026-03-01T")
    assert bool(first[5])
    assert second == ("Quill", None, "030-1", 3, None, 0)


async def test_rows_of_the_call_are_imported_once_however_often_the_call_is_made(
    mcp: Client, org: LocalOrg, way: str
) -> None:
    arguments = {"sobject": "Contact", "columns": ["Surname", "Score"], "rows": [["A", 1], ["B", "2.5"], ["C", None]]}

    done = await imported(mcp, **arguments, go=True)
    again = await imported(mcp, **arguments, go=True)

    assert people(org, "LastName", "Score__c") == [("A", 1), ("B", 2.5), ("C", None)]
    assert (done["saved"], again["saved"], again["already"]) == (3, 0, 3)
    assert ingest_jobs(org) == (way == "bulk jobs")


@pytest.mark.parametrize(
    ("columns", "row", "problem"),
    [
        (["LastName", "Email"], ["A", "a b@c.example"], "Email: Is not an e-mail address. Row 1 'a b@c.example'"),
        (["LastName", "Score"], ["A", "many"], "Score__c: Must be a number, not 'many'. Row 1"),
        (["LastName", "Score"], ["A", "1234567"], "Score__c: 1234567 is too large; 6 digits before the point fit."),
        (["LastName", "Birthdate"], ["A", "03/02/1990"], "Birthdate: Must be a day such as 2026-11-24"),
        (["LastName", "Last Seen"], ["A", "noonish"], "Seen__c: 'noonish' is not a date and time."),
        (["LastName", "Visit"], ["A", "Never"], "Visit__c: No value 'Never'. Allowed: First, Again."),
        (["LastName", "Called"], ["A", "perhaps"], "Called__c: Must be true or false"),
        (["LastName", "Company"], ["A", "Nobody"], "AccountId: No Account is called 'Nobody'."),
        (["LastName", "Account.Code__c"], ["A", "X9"], "AccountId: No Account is called 'X9'."),
        (["LastName", "Company"], ["A", "Twin"], "AccountId: 2 records are called 'Twin': give the Id."),
        (["LastName", "Account ID"], ["A", "003lo0000000001AAA"], "AccountId: 003lo0000000001AAA is an Id of Contact"),
        (["LastName", "FirstName"], ["", "Ada"], "LastName: Is required. Row 1"),
        (["LastName"], ["x" * 81], "LastName: Has 81 characters; at most 80 fit."),
        (["LastName", "FirstName"], ["A"], "Has 1 cells; the header has 2. Row 1"),
        (["LastName", "Patient Number"], ["A", "T-1"], "Number__c: 003"),
        (["LastName", "FirstName", "Email"], ["there", "Ian", "Ian@acme.example"], "Email: 003"),
    ],
)
async def test_every_kind_of_bad_row_is_found_before_anything_is_sent(
    mcp: Client, org: LocalOrg, columns: list[str], row: list[Any], problem: str
) -> None:
    for _ in range(2):
        org.insert("Account", Name="Twin")
    org.insert("Contact", LastName="There", FirstName="Ian", Email="ian@acme.example", Number__c="T-1")

    checked = await imported(mcp, sobject="Contact", columns=columns, rows=[row])

    assert (checked["ready"], checked["bad"]) == (0, 1)
    [line] = checked["problems"]
    assert line.startswith(problem)
    assert len(people(org)) == 1


async def test_good_rows_of_every_kind_are_saved(mcp: Client, org: LocalOrg, way: str) -> None:
    acme = org.insert("Account", Name="Acme", Code__c="A-1")
    columns = ["LastName", "Company", "Birthdate", "Last Seen", "Visit", "Called", "Owner", "Score"]
    username = org.store.rows("SELECT Username FROM User WHERE Id = ?", [org.user_id])[0][0]
    rows = [
        ["A", "acme", "03.02.1990", "2026-03-01T09:00:00Z", "First", "yes", username, "50%"],
        ["B", acme, "1990-02-03T00:00:00", "01.03.2026 09:00", "Again", 0, username, -1.25],
        ["C", "", "", "", "", "", "", ""],
        ["#N/A not", "ACME", "1990-02-03", "2026-03-01", "", "False", "", "1e2"],
    ]
    done = await imported(mcp, sobject="Contact", columns=columns, rows=rows, go=True)

    assert (done["saved"], done.get("problems")) == (4, None)
    stored = {row[0]: row[1:] for row in people(org, "LastName", "AccountId", "Birthdate", "Called__c", "Score__c")}
    assert stored["A"] == (acme, "1990-02-03", 1, 50)
    assert stored["B"] == (acme, "1990-02-03", 0, -1.25)
    assert stored["C"] == (None, None, 0, None)
    assert stored["#N/A not"] == (acme, "1990-02-03", 0, 100)
    assert ingest_jobs(org) == (2 if way == "bulk jobs" else 0)


async def test_parents_are_found_by_an_external_id(mcp: Client, org: LocalOrg) -> None:
    acme = org.insert("Account", Name="Acme", Code__c="A-1")
    mapping = {"firm": "Account.Code__c", "aside": ""}

    checked = await imported(
        mcp, sobject="Contact", columns=["LastName", "firm", "aside"], rows=[["A", "a-1", "x"]], mapping=mapping
    )
    await imported(mcp, import_id=checked["import_id"], go=True)

    assert checked["mapping"] == {"firm": "Account.Code__c"}
    assert people(org, "LastName", "AccountId") == [("A", acme)]


async def test_rows_that_are_alike_are_told_with_the_row_before(mcp: Client, org: LocalOrg) -> None:
    columns = ["LastName", "Email", "Patient Number"]
    rows = [
        ["A", "a@acme.example", "1"],
        ["A", "A@acme.example", "2"],
        ["B", "b@acme.example", "1"],
        ["C", "", ""],
        ["C", "", ""],
    ]
    checked = await imported(mcp, sobject="Contact", columns=columns, rows=rows)
    allowed = await imported(mcp, sobject="Contact", columns=columns, rows=rows, allow_duplicate=True, go=True)

    assert checked["bad"] == 3
    assert "Number__c: The same as row 1. Row 3" in checked["problems"]
    assert (allowed["saved"], allowed["bad"], len(people(org))) == (4, 1, 4)


async def test_records_are_changed_by_their_id_or_another_field(mcp: Client, org: LocalOrg, way: str) -> None:
    ids = [
        org.insert("Contact", LastName=name, Email=f"{name}@acme.example", Title="Old", Phone="1") for name in "abcd"
    ]
    by_id = {
        "columns": ["Id", "Title", "Phone"],
        "rows": [[ids[0], "New", "#N/A"], [ids[1], "New", ""], ["003", "x", ""]],
    }
    first = await imported(mcp, sobject="Contact", operation="update", **by_id, go=True)
    by_email = {"columns": ["E-Mail", "Title"], "rows": [["C@acme.example", "New"], ["x@acme.example", "New"]]}
    second = await imported(mcp, sobject="Contact", operation="update", key="Email", **by_email, go=True)

    assert people(org, "LastName", "Title", "Phone") == [
        ("a", "New", None), ("b", "New", "1"), ("c", "New", "1"), ("d", "Old", "1"),
    ]  # fmt: skip
    assert (first["saved"], first["bad"], second["saved"], second["bad"]) == (2, 1, 1, 1)
    assert second["problems"] == ["Email: No Contact has 'x@acme.example'. Row 2"]
    assert ingest_jobs(org) == (1 if way == "bulk jobs" else 0)


async def test_records_are_upserted_and_deleted(mcp: Client, org: LocalOrg, way: str) -> None:
    del way
    org.insert("Contact", LastName="Old", Number__c="1")
    columns, rows = ["Patient Number", "LastName"], [["1", "New"], ["2", "Second"], ["3", "Third"], ["", "None"]]

    upserted = await imported(
        mcp, sobject="Contact", operation="upsert", key="Number__c", columns=columns, rows=rows, go=True
    )
    assert people(org, "Number__c", "LastName") == [("1", "New"), ("2", "Second"), ("3", "Third")]
    deleted = await imported(
        mcp,
        sobject="Contact",
        operation="delete",
        key="Number__c",
        columns=columns[:1],
        rows=[["1"], ["3"], ["9"]],
        go=True,
    )

    assert people(org, "Number__c") == [("2",)]
    assert (upserted["saved"], upserted["bad"], deleted["saved"], deleted["bad"]) == (3, 1, 2, 1)


async def test_what_only_the_org_refuses_is_in_the_file_with_its_reason(
    mcp: Client, org: LocalOrg, folder: Path, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    del way
    columns = ["LastName", "AccountId"]
    gone = org.insert("Account", Name="Gone")
    org.records.delete("Account", gone, org.user_id)
    write(folder / "a.csv", f"{','.join(columns)}\nA,\nB,{gone}\nC,\nD,\n")

    done = await imported(mcp, path="a.csv", sobject="Contact", go=True)

    assert (done["saved"], done["failed"]) == (3, 1)
    assert [row[0] for row in people(org)] == ["A", "C", "D"]
    rows = list(csv.reader((folder / "a.failed.csv").read_text("utf-8").splitlines()))
    assert rows[1][:2] == ["B", gone]
    assert "Row 2" in done["problems"][0]
    monkeypatch.undo()
    fixed = await imported(mcp, path="a.failed.csv", sobject="Contact", fix={"1": {"AccountId": ""}}, go=True)
    assert (fixed["saved"], [row[0] for row in people(org)]) == (1, ["A", "B", "C", "D"])


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({}, "INVALID_ARGUMENT"),
        ({"path": "a.csv"}, "INVALID_ARGUMENT"),
        ({"path": "../a.csv", "sobject": "Contact"}, "PATH_REFUSED"),
        ({"path": "linked.csv", "sobject": "Contact"}, "PATH_REFUSED"),
        ({"path": "none.csv", "sobject": "Contact"}, "NO_SUCH_FILE"),
        ({"path": "a.pdf", "sobject": "Contact"}, "UNKNOWN_FORMAT"),
        ({"path": "a.csv", "sobject": "Nothing__c"}, "INVALID_TYPE"),
        ({"path": "a.csv", "sobject": "Event"}, "NOT_SUPPORTED"),
        ({"path": "latin.csv", "sobject": "Contact"}, "NOT_UTF8"),
        ({"path": "wide.csv", "sobject": "Contact"}, "NOT_UTF8"),
        ({"path": "a.csv", "sobject": "Contact", "encoding": "klingon"}, "INVALID_ARGUMENT"),
        ({"path": "quote.csv", "sobject": "Contact"}, "MALFORMED_FILE"),
        ({"path": "twice.csv", "sobject": "Contact"}, "BAD_HEADER"),
        ({"path": "empty.csv", "sobject": "Contact"}, "BAD_HEADER"),
        ({"path": "broken.jsonl", "sobject": "Contact"}, "MALFORMED_FILE"),
        ({"path": "broken.xlsx", "sobject": "Contact"}, "MALFORMED_FILE"),
        ({"path": "a.csv", "sobject": "Contact", "mapping": {"Nme": "LastName"}}, "HEADER_NOT_FOUND"),
        ({"path": "a.csv", "sobject": "Contact", "mapping": {"LastName": "Nothing"}}, "INVALID_FIELD"),
        ({"path": "a.csv", "sobject": "Contact", "mapping": {"LastName": "CreatedDate"}}, "INVALID_FIELD"),
        (
            {"path": "a.csv", "sobject": "Contact", "mapping": {"Phone": "LastName", "LastName": "LastName"}},
            "INVALID_FIELD",
        ),
        ({"path": "a.csv", "sobject": "Account", "mapping": {"LastName": "", "Phone": ""}}, "HEADER_NOT_FOUND"),
        ({"path": "a.csv", "sobject": "Contact", "operation": "update"}, "KEY_NOT_MAPPED"),
        ({"path": "a.csv", "sobject": "Contact", "operation": "upsert", "key": "Phone"}, "INVALID_FIELD"),
        ({"path": "a.csv", "sobject": "Contact", "fix": {"9": None}}, "INVALID_ARGUMENT"),
        ({"path": "a.csv", "sobject": "Contact", "fix": {"1": {"Nothing": 1}}}, "INVALID_FIELD"),
        ({"import_id": "00000000"}, "NO_SUCH_JOB"),
    ],
)
async def test_what_cannot_be_imported_is_refused_with_what_to_do(
    mcp: Client, org: LocalOrg, folder: Path, tmp_path: Path, arguments: dict[str, Any], code: str
) -> None:
    write(tmp_path / "elsewhere.csv", "LastName\nA\n")
    (folder / "linked.csv").symlink_to(tmp_path / "elsewhere.csv")
    write(folder / "a.csv", "LastName,Phone\nA,1\n")
    write(folder / "latin.csv", "LastName\nÖde\n", "cp1252")
    write(folder / "wide.csv", "LastName\nA\n", "utf-16")
    write(folder / "quote.csv", 'LastName,Phone\n"A,1\nB,2\n')
    write(folder / "twice.csv", "LastName,lastname\nA,B\n")
    write(folder / "empty.csv", "")
    write(folder / "broken.jsonl", '{"LastName": "A"}\n["B"]\n')
    write(folder / "broken.xlsx", "no workbook")

    error = await refusal(mcp, "import", **arguments, go=True)

    assert error["code"] == code
    assert error.get("hint") or arguments in ({}, {"path": "a.csv"})
    assert people(org) == []


async def test_a_file_that_changed_since_its_check_is_not_sent(mcp: Client, org: LocalOrg, folder: Path) -> None:
    write(folder / "a.csv", "LastName\nA\n")
    checked = await imported(mcp, path="a.csv", sobject="Contact")
    write(folder / "a.csv", "LastName\nB\n")

    error = await refusal(mcp, "import", import_id=checked["import_id"], go=True)
    fixing = await refusal(mcp, "import", import_id=checked["import_id"], fix={"1": None})

    assert (error["code"], fixing["code"], people(org)) == ("FILE_CHANGED", "FILE_CHANGED", [])


async def test_a_person_is_asked_once_with_the_count_and_can_say_no(org: LocalOrg, tmp_path: Path, way: str) -> None:
    del way
    asked = {"sobject": "Contact", "columns": ["LastName"], "rows": [[name] for name in "abcde"]}
    refuses = Person(lambda keep, _: ElicitResult(action="accept", content={"answer": keep}))
    async with server(org, tmp_path, asks=refuses) as mcp:
        assert (await imported(mcp, **asked))["ready"] == 5
        error = await refusal(mcp, "import", **asked, go=True)
    agrees = Person()
    async with server(org, tmp_path / "other", asks=agrees) as mcp:
        done = await imported(mcp, **asked, go=True)

    assert (error["code"], len(refuses.questions), done["saved"]) == ("APPROVAL_DECLINED", 1, 5)
    [question] = agrees.questions
    assert question.startswith("Create 5 contacts?")


async def test_a_preview_sends_nothing(mcp: Client, org: LocalOrg) -> None:
    told = await imported(mcp, sobject="Contact", columns=["LastName"], rows=[["A"], ["B"]], go=True, preview=True)

    assert [each["action"] for each in told["preview"]] == ["create"]
    assert people(org) == []


async def test_without_a_folder_rows_of_the_call_can_be_imported(org: LocalOrg, tmp_path: Path) -> None:
    async with server(org, tmp_path, files=None, journal="off") as mcp:
        error = await refusal(mcp, "import", path="a.csv", sobject="Contact")
        done = await imported(mcp, sobject="Contact", columns=["LastName"], rows=[["A"], [""]], go=True)

    assert (error["code"], done["saved"], done["bad"], "bad_file" in done) == ("NO_FOLDER", 1, 1, False)


async def test_a_long_import_is_asked_for_paused_and_resumed_by_another_server(
    org: LocalOrg, tmp_path: Path, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preparing, "MOST_RECORDS", 2)
    monkeypatch.setattr(imports, "_EVERY_S", 0.01)
    org.faults.add(
        Fault(kind="latency", path="*/batches" if way == "bulk jobs" else "*/composite/sobjects", delay_s=0.2)
    )
    rows = [[f"{n:02}"] for n in range(9)]
    async with server(org, tmp_path) as mcp:
        begun = await imported(mcp, sobject="Contact", columns=["LastName"], rows=rows, go=True, wait_s=0)
        job = {"job": begun["import_id"]}
        await called(mcp, "job", **job, action="pause")
        paused = (await called(mcp, "job", **job, wait_s=30))[0]
    before = len(people(org))
    async with server(org, tmp_path) as mcp:
        resumed = (await called(mcp, "job", **job, action="resume", wait_s=30))[0]
        again = await refusal(mcp, "job", **job, action="resume")

    assert (begun["state"], paused["state"], resumed["state"]) == ("running", "paused", "done")
    assert paused["saved"] == before < 9
    assert (resumed["saved"], again["code"]) == (9, "IN_USE")
    assert [row[0] for row in people(org)] == [row[0] for row in rows]


async def test_an_aborted_import_keeps_what_is_saved_and_sends_no_more(
    org: LocalOrg, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preparing, "MOST_RECORDS", 2)
    org.faults.add(Fault(kind="latency", path="*/composite/sobjects", delay_s=0.2, count=None))
    async with server(org, tmp_path) as mcp:
        rows = [[f"{n:02}"] for n in range(9)]
        begun = await imported(mcp, sobject="Contact", columns=["LastName"], rows=rows, go=True, wait_s=0)
        aborted = (await called(mcp, "job", job=begun["import_id"], action="abort"))[0]
        refused = await refusal(mcp, "job", job=begun["import_id"], action="resume")

    assert (aborted["state"], aborted["saved"], refused["code"]) == ("aborted", len(people(org)), "IN_USE")
    assert len(people(org)) < 9


async def test_an_import_that_meets_a_limit_says_what_is_done_and_goes_on(
    org: LocalOrg, tmp_path: Path, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preparing, "MOST_RECORDS", 3)
    pattern = "*/jobs/ingest" if way == "bulk jobs" else "*/composite/sobjects"
    async with server(org, tmp_path) as mcp:
        take, calls = org.faults.take, count(1)

        def second_call_fails(method: str, path: str) -> Fault | None:
            is_second = method == "POST" and fnmatchcase(path, pattern) and next(calls) == 2
            return Fault(kind="request_limit") if is_second else take(method, path)

        monkeypatch.setattr(org.faults, "take", second_call_fails)
        rows = [[f"{n:02}"] for n in range(9)]
        failed = await imported(mcp, sobject="Contact", columns=["LastName"], rows=rows, go=True)
        saved = len(people(org))
        resumed = (await called(mcp, "job", job=failed["import_id"], action="resume", wait_s=30))[0]

    assert (failed["state"], failed["saved"]) == ("failed", saved)
    assert f"{saved} rows are saved, {9 - saved} are not sent." in failed["note"]
    assert (resumed["state"], len(people(org))) == ("done", 9)


@pytest.mark.parametrize("is_over", [True, False], ids=["a while", "to the end"])
async def test_an_org_that_is_too_busy_to_say_how_a_job_goes_is_asked_again(
    org: LocalOrg, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_over: bool
) -> None:
    monkeypatch.setattr(preparing, "FEW", 1)
    monkeypatch.setattr(import_sending, "_MOST_UNANSWERED", 1)
    silence = Fault(kind="unavailable", method="GET", path="*/jobs/ingest/*", count=4 if is_over else None)
    org.faults.add(silence)
    async with server(org, tmp_path) as mcp:
        rows = [[f"{n:02}"] for n in range(9)]
        ended = await imported(mcp, sobject="Contact", columns=["LastName"], rows=rows, go=True)
        org.faults.clear()
        resumed = (
            ended if is_over else (await called(mcp, "job", job=ended["import_id"], action="resume", wait_s=30))[0]
        )

    assert ended["state"] == ("done" if is_over else "failed")
    assert is_over or "0 are not sent. Of 9 sent rows the outcome is not known" in ended["note"]
    assert (resumed["state"], resumed["saved"], len(people(org))) == ("done", 9, 9)


async def test_json_lines_keep_null_apart_from_what_is_not_there(mcp: Client, org: LocalOrg, folder: Path) -> None:
    ids = [org.insert("Contact", LastName=name, Title="Old") for name in "ab"]
    lines = [{"Id": ids[0], "Title": None, "Phone": 1}, {"Id": ids[1], "Phone": 2}]
    write(folder / "a.jsonl", "\n".join(map(json.dumps, lines)))

    await imported(mcp, path="a.jsonl", sobject="Contact", operation="update", go=True)

    assert people(org, "LastName", "Title", "Phone") == [("a", None, "1"), ("b", "Old", "2")]


@given(rows=st.lists(st.tuples(st.sampled_from(["", "Email"]), st.text(max_size=1)), max_size=60))
def test_the_first_row_of_what_several_say_is_known(rows: list[tuple[str, str]]) -> None:
    seen = SeenRows()
    known: dict[tuple[str, str], int] = {}

    assert [seen.first(what, n) for n, what in enumerate(rows, 1)] == [
        known.setdefault(what, n) for n, what in enumerate(rows, 1)
    ]


def test_many_rows_are_remembered() -> None:
    seen = SeenRows()

    assert [seen.first(n % 5000, n + 1) for n in range(20_000)] == [n % 5000 + 1 for n in range(20_000)]
