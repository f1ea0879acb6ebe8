"""Exports through the real stack: what is in the file, what the answer says, what is refused."""

import asyncio
import csv
import hashlib
import io
import json
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp import Client

from mcp_salesforce.localorg import Fault, LocalOrg
from mcp_salesforce.salesforce import AsgiTransport
from mcp_salesforce.server import create_server
from mcp_salesforce.tools.files import exporting, jobs
from mcp_salesforce.tools.files.tables import Layout, writer_of
from tests.conftest import NOW, settings_of
from tests.tools.calls import call, refusal
from tests.tools.tokens import tokens

ROWS = 30


@pytest.fixture
def org(empty_org: LocalOrg) -> LocalOrg:
    """An org with known contacts."""
    texts = ("=1+1", 'a "quoted", text', "two\nlines", "-5", "Ümläut", "plain")
    for number in range(ROWS):
        empty_org.insert(
            "Contact", LastName=f"Export {number:02}", Description=texts[number % len(texts)], Title=f"T{number % 6}"
        )
    return empty_org


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder that the server of `mcp` may write to."""
    return tmp_path / "files"


@pytest.fixture(params=["query API", "bulk job"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """How the rows come."""
    if request.param == "bulk job":
        monkeypatch.setattr(exporting, "SMALL", 3)
    return str(request.param)


def below(folder: Path) -> list[Path]:
    return list(folder.rglob("*"))


def bulk_jobs(org: LocalOrg) -> int:
    return len(org.bulk.jobs.listed(org.user_id, "V2Query", None, "")["records"])


SELECTED = "LastName, Description, Account.Name, CreatedDate"
SOQL = f"SELECT {SELECTED} FROM Contact WHERE LastName LIKE 'Export%' ORDER BY LastName"
COLUMNS = ["LastName", "Description", "Account.Name", "CreatedDate"]


async def test_a_csv_has_every_row_whichever_way_they_come(mcp: Client, org: LocalOrg, folder: Path, way: str) -> None:
    told = await call(mcp, "export", path="out/contacts.csv", soql=SOQL)

    data = (folder / "out" / "contacts.csv").read_bytes()
    rows = list(csv.reader(io.StringIO(data.decode(), newline="")))
    stored = org.store.rows(
        "SELECT LastName, Description, CreatedDate FROM Contact WHERE LastName LIKE 'Export%' ORDER BY 1"
    )
    assert rows[0] == COLUMNS
    assert rows[1:] == [[row[0], row[1], "", f"{row[2][:23]}Z"] for row in stored]
    assert (told["rows"], told["bytes"], told["columns"]) == (ROWS, len(data), ",".join(COLUMNS))
    assert told["sha256"] == hashlib.sha256(data).hexdigest()
    assert [line.partition(",")[0] for line in told["first"]] == ["Export 00", "Export 01", "Export 02"]
    assert bulk_jobs(org) == (way == "bulk job")
    assert sorted(each.name for each in below(folder)) == ["contacts.csv", "out"]


async def test_csv_is_written_as_spreadsheets_open_it(mcp: Client, folder: Path, way: str) -> None:
    del way
    options = {"delimiter": ";", "line_ending": "CRLF", "excel": True}
    await call(mcp, "export", path="x.csv", soql=SOQL, **options)

    data = (folder / "x.csv").read_bytes()
    assert data.startswith(b'\xef\xbb\xbf"LastName";"Description";"Account.Name";"CreatedDate"\r\n')
    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), delimiter=";"))
    assert [row[1] for row in rows[1:7]] == ["'=1+1", 'a "quoted", text', "two\nlines", "'-5", "Ümläut", "plain"]


async def test_a_plain_csv_has_formulas_as_they_are(mcp: Client, folder: Path, way: str) -> None:
    del way
    await call(mcp, "export", path="x.tsv", soql=SOQL, line_ending="CRLF")

    data = (folder / "x.tsv").read_bytes()
    assert data.startswith(b'"LastName"\t"Description"\t"Account.Name"\t"CreatedDate"\r\n"Export 00"\t"=1+1"\t""\t')


async def test_json_lines_have_the_types_of_their_fields(mcp: Client, org: LocalOrg, folder: Path, way: str) -> None:
    del way
    for number in range(5):
        org.insert(
            "Opportunity", Name=f"O{number}", StageName="Prospecting", CloseDate="2026-12-01", Amount=number or None
        )
    soql = "SELECT Name, Amount, IsClosed, CloseDate, Account.Name FROM Opportunity WHERE Name LIKE 'O_' ORDER BY Name"

    await call(mcp, "export", path="x.jsonl", soql=soql)

    rows = [json.loads(line) for line in (folder / "x.jsonl").read_text("utf-8").splitlines()]
    assert rows[0] == {"Name": "O0", "Amount": None, "IsClosed": False, "CloseDate": "2026-12-01", "Account.Name": None}
    assert [row["Amount"] for row in rows[1:]] == [1.0, 2.0, 3.0, 4.0]


async def test_parquet_has_the_types_of_their_fields(mcp: Client, folder: Path, way: str) -> None:
    del way
    parquet = pytest.importorskip("pyarrow.parquet", reason="not installed: uv sync --group clients")
    soql = "SELECT LastName, CreatedDate, IsDeleted, Birthdate, MailingLatitude FROM Contact ORDER BY LastName"

    told = await call(mcp, "export", path="x.parquet", soql=soql)

    table = parquet.read_table(folder / "x.parquet")
    assert table.num_rows == told["rows"]
    kinds = [str(each.type) for each in table.schema]
    assert kinds == ["string", "timestamp[ms, tz=UTC]", "bool", "date32[day]", "double"]
    assert table.to_pylist()[0]["IsDeleted"] is False


async def test_an_object_is_exported_with_all_its_fields_or_some(mcp: Client, folder: Path) -> None:
    await call(mcp, "export", path="all.csv", sobject="contact", where="LastName = 'Export 03'")
    await call(mcp, "export", path="some.csv", sobject="Contact", fields=["LastName", "Account.Name"])

    header, row = csv.reader(io.StringIO((folder / "all.csv").read_text("utf-8"), newline=""))
    assert {"Id", "LastName", "MailingCity"} <= set(header)
    assert "MailingAddress" not in header
    assert row[header.index("LastName")] == "Export 03"
    assert (folder / "some.csv").read_text("utf-8").startswith('"LastName","Account.Name"\n')


async def test_parents_are_found_by_the_aliases_of_the_query(
    mcp: Client, org: LocalOrg, folder: Path, way: str
) -> None:
    del way
    account = org.insert("Account", Name="Alder")
    for number in range(5):
        org.insert("Contact", LastName=f"Alias {number}", AccountId=account)
    soql = "SELECT c.LastName, a.Name, o.Alias FROM Contact c, c.Account a, a.Owner o WHERE c.LastName LIKE 'Alias%'"

    await call(mcp, "export", path="x.csv", soql=f"{soql} ORDER BY c.LastName")

    [_, *rows] = csv.reader((folder / "x.csv").read_text("utf-8").splitlines())
    owner = org.store.rows("SELECT Alias FROM User WHERE Id = ?", [org.user_id])[0][0]
    assert rows == [[f"Alias {number}", "Alder", owner] for number in range(5)]


async def test_functions_have_columns_of_their_own(mcp: Client, folder: Path, way: str) -> None:
    del way
    soql = "SELECT LastName, toLabel(LeadSource), FORMAT(CreatedDate) made FROM Contact ORDER BY LastName"

    told = await call(mcp, "export", path="x.csv", soql=soql)

    rows = list(csv.reader((folder / "x.csv").read_text("utf-8").splitlines()))
    assert (rows[0], len(rows)) == (["LastName", "LeadSource", "made"], told["rows"] + 1)
    assert all(row[2] for row in rows)


async def test_rows_that_are_too_large_for_a_reply_come_in_smaller_pages(
    mcp: Client, org: LocalOrg, folder: Path, way: str
) -> None:
    org.faults.add(Fault(kind="too_large", path="*/results" if way == "bulk job" else "*/query"))

    told = await call(mcp, "export", path="x.csv", soql=SOQL)

    rows = list(csv.reader(io.StringIO((folder / "x.csv").read_text("utf-8"), newline="")))
    assert (told["rows"], len(rows)) == (ROWS, ROWS + 1)


async def test_groups_and_no_rows_are_exported_too(mcp: Client, folder: Path) -> None:
    grouped = "SELECT Title d, COUNT(Id) n, COUNT_DISTINCT(LastName) FROM Contact WHERE Title LIKE 'T_' GROUP BY Title"
    told = await call(mcp, "export", path="g.csv", soql=grouped)
    none = await call(mcp, "export", path="n.csv", soql="SELECT Id FROM Contact WHERE LastName = 'nobody'")

    assert (folder / "g.csv").read_text("utf-8").startswith('"d","n","expr0"\n')
    await call(mcp, "export", path="g.jsonl", soql=grouped)
    assert json.loads((folder / "g.jsonl").read_text("utf-8").splitlines()[0]) == {"d": "T0", "n": 5, "expr0": 5}
    assert told["rows"] == 6
    assert (none["rows"], none["first"], (folder / "n.csv").read_text("utf-8")) == (0, [], '"Id"\n')


async def test_an_answer_for_5000_rows_costs_a_model_at_most_120_tokens(mcp: Client, org: LocalOrg) -> None:
    people = ({"LastName": f"Person number {n}", "Email": f"person{n}@example.com"} for n in range(5000))
    org.records.load("Contact", people, org.user_id)
    arguments = {"path": "c.csv", "soql": "SELECT Id, Name, Email FROM Contact ORDER BY Id DESC"}

    told = await call(mcp, "export", **arguments)

    assert told["rows"] > 5000
    assert tokens(arguments) + tokens(told) <= 120
    wide = await call(mcp, "export", path="w.csv", sobject="Contact")
    assert tokens(wide) <= 300


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"path": "../x.csv"}, "PATH_REFUSED"),
        ({"path": "/tmp/x.csv"}, "PATH_REFUSED"),  # noqa: S108 - refused
        ({"path": "a/../../x.csv"}, "PATH_REFUSED"),
        ({"path": "..\\x.csv"}, "PATH_REFUSED"),
        ({"path": "C:\\x.csv"}, "PATH_REFUSED"),
        ({"path": "C:x.csv"}, "PATH_REFUSED"),
        ({"path": ".x.csv"}, "PATH_REFUSED"),
        ({"path": "a/.git/x.csv"}, "PATH_REFUSED"),
        ({"path": "link/x.csv"}, "PATH_REFUSED"),
        ({"path": "linked.csv"}, "PATH_REFUSED"),
        ({"path": "x\n.csv"}, "PATH_REFUSED"),
        ({"path": "nul.csv"}, "PATH_REFUSED"),
        ({"path": "a./x.csv"}, "PATH_REFUSED"),
        ({"path": "a /x.csv"}, "PATH_REFUSED"),
        ({"path": f"{'x' * 300}.csv"}, "PATH_REFUSED"),
        ({"path": "folder.csv"}, "PATH_REFUSED"),
        ({"path": "there.csv/x.csv"}, "PATH_REFUSED"),
        ({"path": "there.csv"}, "FILE_EXISTS"),
        ({"path": "x.xlsx"}, "UNKNOWN_FORMAT"),
        ({"path": "x"}, "UNKNOWN_FORMAT"),
        ({"path": "x.csv", "soql": "SELECT Id, (SELECT Id FROM Contacts) FROM Account"}, "NOT_A_TABLE"),
        ({"path": "x.csv", "soql": "SELECT COUNT() FROM Account"}, "NOT_A_TABLE"),
        ({"path": "x.csv", "soql": "SELECT Id, MailingAddress FROM Contact"}, "NOT_A_TABLE"),
        ({"path": "x.csv", "soql": "SELECT Nmae FROM Contact"}, "INVALID_FIELD"),
        ({"path": "x.csv", "soql": "SELECT Id FORM Contact"}, "MALFORMED_QUERY"),
        ({"path": "x.csv", "soql": "SELECT Id FROM Contact", "where": "Id = null"}, "INVALID_ARGUMENT"),
        ({"path": "x.csv", "soql": ""}, "INVALID_ARGUMENT"),
    ],
)
async def test_what_cannot_be_exported_is_refused_and_leaves_nothing(
    mcp: Client, folder: Path, tmp_path: Path, arguments: dict[str, str], code: str
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (folder / "link").symlink_to(tmp_path / "elsewhere")
    (folder / "linked.csv").symlink_to(tmp_path / "elsewhere" / "x.csv")
    (folder / "folder.csv").mkdir()
    (folder / "there.csv").write_text("mine", "utf-8")
    before = {each: each.lstat().st_size for each in below(tmp_path) if "journal" not in each.name}

    error = await refusal(mcp, "export", **{"soql": "SELECT Id FROM Contact", **arguments})

    assert (error["code"], bool(error["hint"])) == (code, True)
    left = {each: each.lstat().st_size for each in below(tmp_path) if "journal" not in each.name}
    assert left == before


async def test_a_file_is_replaced_only_when_asked(mcp: Client, folder: Path) -> None:
    (folder / "x.csv").write_text("mine", "utf-8")

    await call(mcp, "export", path="x.csv", soql="SELECT LastName FROM Contact LIMIT 1", overwrite=True)

    assert (folder / "x.csv").read_text("utf-8").startswith('"LastName"\n')


async def test_without_a_folder_nothing_is_written(org: LocalOrg) -> None:
    async with Client(create_server(settings_of(org, toolsets="all"), transport=AsgiTransport(org.app))) as mcp:
        error = await refusal(mcp, "export", path="x.csv", soql="SELECT Id FROM Contact")

    assert (error["code"], "SALESFORCE_FILES" in error["hint"]) == ("NO_FOLDER", True)


async def asked(mcp: Client, job: str, **arguments: Any) -> dict[str, Any]:
    return await call(mcp, "job", job=job, **arguments)


async def test_a_long_export_goes_on_and_is_asked_for(
    mcp: Client, org: LocalOrg, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "SMALL", 3)
    org.faults.add(Fault(kind="latency", path="*/jobs/query", delay_s=0.3))

    began = await call(mcp, "export", path="x.csv", soql=SOQL, wait_s=0)
    again = await refusal(mcp, "export", path="x.csv", soql=SOQL)
    done = await asked(mcp, "x.csv", wait_s=60)

    assert (began["state"], again["code"]) == ("running", "IN_USE")
    assert (done["rows"], (folder / "x.csv").exists()) == (ROWS, True)
    assert (await asked(mcp, "x.csv"))["sha256"] == done["sha256"]
    assert (await refusal(mcp, "job", job="other.csv"))["code"] == "NO_SUCH_JOB"
    assert (await refusal(mcp, "job", job="../x.csv"))["code"] == "PATH_REFUSED"


async def test_who_waits_sees_how_far_it_is(mcp: Client, org: LocalOrg, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "SMALL", 3)
    monkeypatch.setattr(exporting, "PAGE_ROWS", 7)
    monkeypatch.setattr(jobs, "_EVERY_S", 0.01)
    org.faults.add(Fault(kind="latency", path="*/results", delay_s=0.1, count=None))
    seen: list[tuple[float, float | None]] = []

    async def told(progress: float, total: float | None, message: str | None) -> None:
        del message
        seen.append((progress, total))

    await mcp.call_tool("salesforce_export", {"path": "x.csv", "soql": SOQL}, progress_callback=told)

    rows = [done for done, _ in seen]
    assert rows == sorted(rows)
    assert any(0 < done < ROWS for done in rows)
    assert seen[-1][1] == ROWS


async def test_an_export_that_is_aborted_leaves_nothing(
    mcp: Client, org: LocalOrg, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "SMALL", 3)
    org.faults.add(Fault(kind="latency", path="*/results", delay_s=30, count=None))
    await call(mcp, "export", path="x.csv", soql=SOQL, wait_s=0)
    for _ in range(1000):
        if not bulk_jobs(org):
            await asyncio.sleep(0.01)
    assert bulk_jobs(org) == 1

    told = await asked(mcp, "x.csv", action="abort")

    assert told["state"] == "aborted"
    assert below(folder) == []


@pytest.fixture
def servers(org: LocalOrg, tmp_path: Path) -> Any:
    """A function that starts a server on the same org and folder, as after a restart."""
    (tmp_path / "exports").mkdir()

    def start(**more: Any) -> Client:
        settings = settings_of(org, journal="off", toolsets="all", files=tmp_path / "exports", **more)
        return Client(create_server(settings, transport=AsgiTransport(org.app), now=lambda: NOW))

    return start


@pytest.fixture
async def interrupted(servers: Any, org: LocalOrg, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the answer to an export was; the same one to another file is interrupted by the end of its server."""
    monkeypatch.setattr(exporting, "SMALL", 3)
    monkeypatch.setattr(exporting, "PAGE_ROWS", 7)
    take, pages = org.faults.take, count(1)

    def third_page_hangs(method: str, path: str) -> Fault | None:
        return Fault(kind="hang", delay_s=60) if path.endswith("/results") and next(pages) > 2 else take(method, path)

    async with servers() as mcp:
        whole = await call(mcp, "export", path="whole.csv", soql=SOQL)
        monkeypatch.setattr(org.faults, "take", third_page_hangs)
        told = await call(mcp, "export", path="x.csv", soql=SOQL, wait_s=0)
        for _ in range(1000):
            if told["rows"] < 14:
                await asyncio.sleep(0.02)
                told = await asked(mcp, "x.csv")
        assert (told["state"], told["rows"]) == ("running", 14)
    monkeypatch.setattr(org.faults, "take", take)
    return whole


@pytest.mark.parametrize("how", ["resume", "the same call"])
async def test_an_export_goes_on_after_a_restart_where_it_was(
    servers: Any, org: LocalOrg, tmp_path: Path, interrupted: dict[str, Any], how: str
) -> None:
    jobs_before = bulk_jobs(org)
    async with servers() as mcp:
        told = await asked(mcp, "./x.csv")
        assert (told["state"], 0 < told["rows"] < ROWS, told["of"]) == ("interrupted", True, ROWS)
        if how == "resume":
            done = await asked(mcp, "./x.csv", action="resume", wait_s=60)
        else:
            done = await call(mcp, "export", path="x.csv", soql=SOQL)

    assert bulk_jobs(org) == jobs_before
    assert [done[name] for name in ("rows", "sha256", "first")] == [
        interrupted[name] for name in ("rows", "sha256", "first")
    ]
    files = tmp_path / "exports"
    assert (files / "x.csv").read_bytes() == (files / "whole.csv").read_bytes()


async def test_an_export_begins_again_if_its_bulk_job_is_gone(
    servers: Any, org: LocalOrg, interrupted: dict[str, Any]
) -> None:
    for job in org.bulk.jobs.listed(org.user_id, "V2Query", None, "")["records"]:
        org.bulk.jobs.delete(org.bulk.jobs.find("query", job["id"], org.user_id))

    async with servers() as mcp:
        done = await asked(mcp, "x.csv", action="resume", wait_s=60)

    assert (done["rows"], done["sha256"]) == (ROWS, interrupted["sha256"])


async def test_another_user_or_policy_does_not_go_on_with_an_export(
    servers: Any, tmp_path: Path, interrupted: dict[str, Any]
) -> None:
    policy = tmp_path / "p.toml"
    policy.write_text('[objects.Contact]\nhide = ["Email"]', "utf-8")
    async with servers(policy=policy) as mcp:
        for action in ("resume", "abort"):
            assert (await refusal(mcp, "job", job="x.csv", action=action))["code"] == "NOT_YOURS"
        done = await call(mcp, "export", path="x.csv", soql=SOQL)

    assert (done["rows"], done["sha256"]) == (ROWS, interrupted["sha256"])


async def test_an_export_under_a_policy_begins_again_after_a_restart(
    servers: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "SMALL", 3)
    policy = tmp_path / "p.toml"
    policy.write_text('[objects.Contact]\nhide = ["Email"]', "utf-8")
    async with servers(policy=policy) as mcp:
        whole = await call(mcp, "export", path="whole.csv", soql=SOQL)
        await call(mcp, "export", path="x.csv", soql=SOQL, wait_s=0)
    async with servers(policy=policy) as mcp:
        done = await call(mcp, "export", path="x.csv", soql=SOQL, overwrite=True)

    assert (done["rows"], done["sha256"]) == (ROWS, whole["sha256"])


async def test_a_failed_export_says_why_and_can_be_resumed(
    mcp: Client, org: LocalOrg, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "SMALL", 3)
    org.faults.add(Fault(kind="request_limit", path="*/results", count=None))

    error = await refusal(mcp, "export", path="x.csv", soql=SOQL)
    told = await asked(mcp, "x.csv")
    org.faults.clear()
    done = await asked(mcp, "x.csv", action="resume", wait_s=60)

    assert (error["code"], told["state"]) == ("REQUEST_LIMIT_EXCEEDED", "failed")
    assert told["note"]
    assert (done["rows"], (folder / "x.csv").exists()) == (ROWS, True)


async def test_a_bulk_query_that_is_refused_is_read_by_pages(
    mcp: Client, org: LocalOrg, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "SMALL", 3)
    soql = "SELECT LastName, DISTANCE(MailingAddress, GEOLOCATION(1, 2), 'km') FROM Contact"
    assert (await refusal(mcp, "export", path="d.csv", soql=soql))["code"] in {"NOT_A_TABLE", "NOT_IMPLEMENTED"}
    org.faults.add(Fault(kind="request_limit", path="*/jobs/query"))

    error = await refusal(mcp, "export", path="x.csv", soql=SOQL)

    assert error["code"] == "REQUEST_LIMIT_EXCEEDED"
    assert not (folder / "x.csv").exists()


@given(
    st.lists(st.lists(st.text(max_size=6), min_size=2, max_size=2), max_size=5), st.sampled_from([",", ";", "tab", "|"])
)
def test_any_text_comes_back_from_a_csv_as_it_was(rows: list[list[str]], delimiter: Any) -> None:
    rows = [[cell.replace("\r", "").encode("utf-8", "replace").decode() for cell in row] for row in rows]
    file = io.BytesIO()
    writer = writer_of(Layout(delimiter=delimiter, bom=True), ["a", "b"], ["string", "string"])
    writer.begin(file)
    writer.write(rows)
    writer.end()

    read = csv.reader(
        io.StringIO(file.getvalue().decode("utf-8-sig"), newline=""),
        delimiter="\t" if delimiter == "tab" else delimiter,
    )
    assert list(read) == [["a", "b"], *rows]
