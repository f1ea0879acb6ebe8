"""Bulk API 2.0 of the local org, as it stands on the wire."""

import csv
import io
from pathlib import Path
from typing import Any

import httpx2
import pytest

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.localorg.services import bulk_ingest, bulk_jobs, bulk_queries
from tests.localorg.conftest import BASE_URL, Clock
from tests.orgs import copy_of

BAD_ENDING = "ClientInputError : LineEnding is invalid on user data. "
ROOT = "/services/data/v60.0/jobs"


async def made(http: httpx2.AsyncClient, body: dict[str, Any], kind: str = "ingest") -> str:
    reply = await http.post(f"{ROOT}/{kind}", json=body)
    assert reply.status_code == 200, reply.text
    return str(reply.json()["id"])


async def ingested(http: httpx2.AsyncClient, data: str | bytes, **body: Any) -> tuple[str, dict[str, Any]]:
    """Run a whole ingest job; return its Id and what it is at its end."""
    job = await made(http, {"object": "Contact", "operation": "insert", **body})
    upload = await http.put(f"{ROOT}/ingest/{job}/batches", content=data, headers={"content-type": "text/csv"})
    assert (upload.status_code, upload.content) == (201, b"")
    closed = await http.patch(f"{ROOT}/ingest/{job}", json={"state": "UploadComplete"})
    assert closed.json()["state"] == "UploadComplete"
    state: dict[str, Any] = {}
    while state.get("state") not in {"JobComplete", "Failed"}:
        state = (await http.get(f"{ROOT}/ingest/{job}")).json()
    return job, state


async def results(http: httpx2.AsyncClient, job: str, which: str, delimiter: str = ",") -> list[list[str]]:
    reply = await http.get(f"{ROOT}/ingest/{job}/{which}")
    assert reply.headers["content-type"].startswith("text/csv")
    return list(csv.reader(io.StringIO(reply.text, newline=""), delimiter=delimiter))


async def test_a_query_job_is_made_like_the_recorded_one(http: httpx2.AsyncClient, org: LocalOrg) -> None:
    job = (await http.post(f"{ROOT}/query", json={"operation": "query", "query": "SELECT Id FROM User"})).json()

    assert list(job) == [
        "id", "operation", "object", "createdById", "createdDate", "systemModstamp", "state", "concurrencyMode",
        "contentType", "apiVersion", "lineEnding", "columnDelimiter",
    ]  # fmt: skip
    assert job["id"].startswith("750")
    assert (job["state"], job["apiVersion"], job["createdById"]) == ("UploadComplete", 60.0, org.user_id)
    looked = (await http.get(f"{ROOT}/query/{job['id'][:15]}")).json()
    assert (looked["state"], looked["jobType"]) == ("JobComplete", "V2Query")


async def test_results_quote_every_field_and_lead_to_the_next_page(http: httpx2.AsyncClient, org: LocalOrg) -> None:
    for number in range(3):
        org.insert("Contact", LastName=f'O"Brien, {number}', Birthdate=None)
    body = {"operation": "query", "query": "SELECT LastName, Birthdate, IsDeleted, CreatedDate FROM Contact"}
    job = await made(http, {**body, "columnDelimiter": "SEMICOLON", "lineEnding": "CRLF"}, "query")
    await http.get(f"{ROOT}/query/{job}")

    first = await http.get(f"{ROOT}/query/{job}/results", params={"maxRecords": 2})
    second = await http.get(f"{ROOT}/query/{job}/results?locator={first.headers['sforce-locator']}")

    header = '"LastName";"Birthdate";"IsDeleted";"CreatedDate"\r\n'
    rows = [f'"O""Brien, {n}";"";"false";"2026-03-02T09:00:00.000Z"\r\n' for n in range(3)]
    assert first.text == header + rows[0] + rows[1]
    assert second.text == header + rows[2]
    assert (first.headers["sforce-numberofrecords"], second.headers["sforce-numberofrecords"]) == ("2", "1")
    assert second.headers["sforce-locator"] == "null"
    for wrong in ("locator=OTk", "locator=%21", "maxRecords=0", "maxRecords=x"):
        assert (await http.get(f"{ROOT}/query/{job}/results?{wrong}")).status_code == 400


async def test_a_query_goes_on_by_steps_and_gives_what_it_read(
    http: httpx2.AsyncClient, org: LocalOrg, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk_queries, "_PARTS_A_STEP", 1)
    org.records.load("Contact", ({"LastName": f"N{n}"} for n in range(4500)), org.user_id)
    job = await made(http, {"operation": "query", "query": "SELECT LastName FROM Contact ORDER BY Id"}, "query")

    told = [(await http.get(f"{ROOT}/query/{job}")).json() for _ in range(4)]

    assert [each["state"] for each in told] == ["InProgress", "InProgress", "JobComplete", "JobComplete"]
    assert [each["numberRecordsProcessed"] for each in told] == [2000, 4000, 4500, 4500]
    org.records.update("Contact", org.store.rows("SELECT Id FROM Contact")[0]["Id"], {"LastName": "Later"}, org.user_id)
    read: list[str] = []
    locator = None
    while locator != "null":
        params = {"maxRecords": "1700"} | ({"locator": locator} if locator else {})
        page = await http.get(f"{ROOT}/query/{job}/results", params=params)
        read += page.text.splitlines()[1:]
        locator = page.headers["sforce-locator"]
    assert read == [f'"N{n}"' for n in range(4500)]


@pytest.mark.parametrize(
    ("soql", "words"),
    [
        ("SELECT MailingAddress FROM Contact", "Selecting compound data not supported in Bulk Query"),
        ("SELECT Name, (SELECT Id FROM Contacts) FROM Account", "Aggregate Relationships not supported in Bulk Query"),
        ("SELECT COUNT() FROM Contact", "not supported in Bulk Query"),
        ("SELECT Title FROM Contact GROUP BY Title", "not supported in Bulk Query"),
        ("SELECT Id FROM Contact LIMIT 1 OFFSET 1", "not supported in Bulk Query"),
        ("SELECT FIELDS(STANDARD) FROM Contact", "not supported in Bulk Query"),
        ("SELECT TYPEOF What WHEN Account THEN Name END FROM Event", "not supported in Bulk Query"),
        ("SELECT Nothing FROM Contact", "No such column"),
        ("", "query string"),
    ],
)
async def test_what_a_bulk_query_cannot_do_is_refused(http: httpx2.AsyncClient, soql: str, words: str) -> None:
    reply = await http.post(f"{ROOT}/query", json={"operation": "query", "query": soql})

    assert reply.status_code == 400
    assert words in reply.json()[0]["message"]


async def test_rows_are_saved_and_those_that_fail_keep_none_from_it(http: httpx2.AsyncClient, org: LocalOrg) -> None:
    data = "LastName,Birthdate,Account.Name,EmailBouncedDate\nA,2001-02-03,,\n,,,\nC,31.12.2001,,\nD,,,\n"

    job, state = await ingested(http, data)

    assert (state["state"], state["jobType"]) == ("JobComplete", "V2Ingest")
    assert (state["numberRecordsProcessed"], state["numberRecordsFailed"]) == (4, 2)
    good, bad = await results(http, job, "successfulResults"), await results(http, job, "failedResults")
    assert good[0] == ["sf__Id", "sf__Created", "LastName", "Birthdate", "Account.Name", "EmailBouncedDate"]
    assert [row[1:3] for row in good[1:]] == [["true", "A"], ["true", "D"]]
    assert bad[1][:2] == ["", "REQUIRED_FIELD_MISSING:Required fields are missing: [LastName]:LastName --"]
    assert bad[2][1].startswith("INVALID_TYPE_ON_FIELD_IN_RECORD:")
    assert org.records.retrieve("Contact", good[1][0])["Birthdate"] == "2001-02-03"
    assert await results(http, job, "unprocessedrecords") == [good[0][2:]]


async def test_an_empty_cell_changes_nothing_and_its_null_is_a_word(http: httpx2.AsyncClient, org: LocalOrg) -> None:
    record_id = org.insert("Contact", LastName="Old", Title="Boss", Department="IT")

    _, state = await ingested(http, f"Id,Title,Department\n{record_id[:15]},#N/A,\n", operation="update")

    assert state["numberRecordsFailed"] == 0
    record = org.records.retrieve("Contact", record_id)
    assert (record["LastName"], record["Title"], record["Department"]) == ("Old", None, "IT")


async def test_an_upsert_updates_and_creates_by_a_field(http: httpx2.AsyncClient, org: LocalOrg) -> None:
    known = org.insert("Contact", LastName="Known", Email="a@example.com")
    rows = ["Email,LastName", "a@example.com,Changed", "b@example.com,New", "C@example.com,One", "c@example.com,Two"]

    job, state = await ingested(http, "\n".join([*rows, ",Nobody"]), operation="upsert", externalIdFieldName="Email")

    assert (state["numberRecordsProcessed"], state["numberRecordsFailed"]) == (5, 3)
    good, bad = await results(http, job, "successfulResults"), await results(http, job, "failedResults")
    assert [row[1] for row in good[1:]] == ["false", "true"]
    assert good[1][0] == known
    assert [row[1].partition(":")[0] for row in bad[1:]] == ["DUPLICATE_VALUE", "DUPLICATE_VALUE", "MISSING_ARGUMENT"]


async def test_records_are_deleted_by_a_file_of_their_ids(http: httpx2.AsyncClient, org: LocalOrg) -> None:
    record_id = org.insert("Contact", LastName="Goes")

    job, _ = await ingested(http, f"Id\n{record_id}\n{record_id}\n", operation="delete")

    assert [row[0] for row in (await results(http, job, "successfulResults"))[1:]] == [record_id]
    [_, failed] = await results(http, job, "failedResults")
    assert (failed[0], failed[1].partition(":")[0]) == (record_id, "ENTITY_IS_DELETED")


@pytest.mark.parametrize(
    ("data", "settings", "message"),
    [
        ("LastName\r\nA\r\n", {}, f"{BAD_ENDING}Current LineEnding setting is LF"),
        ("LastName\nA\n", {"lineEnding": "CRLF"}, f"{BAD_ENDING}Current LineEnding setting is CRLF"),
        ("LastName,Nothing\nA,B\n", {}, "InvalidBatch : Field name not found : Nothing"),
        ("LastName,Title\nA,B\n", {"columnDelimiter": "SEMICOLON"}, "Field name not found : LastName,Title"),
        ('\ufeff"LastName"\n"A"\n', {}, "InvalidBatch : Failed to parse CSV. Found unescaped quote."),
        ("\ufeffLastName\nA\n", {}, "Field name not found : \ufeffLastName"),
        ('LastName\n"A\n', {}, "InvalidBatch : Failed to parse CSV."),
        (b"LastName\n\xff\n", {}, "not UTF-8"),
        ("", {}, "InvalidBatch : Records not found"),
        ("Id,LastName\n1,2\n", {"operation": "delete"}, "InvalidBatch : The 'delete' batch must contain only ids"),
    ],
)  # fmt: skip
async def test_a_file_that_cannot_be_used_fails_the_job(
    http: httpx2.AsyncClient, org: LocalOrg, data: str | bytes, settings: dict[str, str], message: str
) -> None:
    before = org.store.rows("SELECT count(*) FROM Contact")[0][0]

    job, state = await ingested(http, data.encode() if isinstance(data, str) else data, **settings)

    assert state["state"] == "Failed"
    assert message in state["errorMessage"]
    assert org.store.rows("SELECT count(*) FROM Contact")[0][0] == before
    assert (await http.get(f"{ROOT}/ingest/{job}/unprocessedrecords")).status_code == 200


async def test_an_aborted_job_tells_what_it_left(http: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk_ingest, "BATCH_ROWS", 3)
    job = await made(http, {"object": "Contact", "operation": "insert"})
    data = "LastName\n" + "".join(f'"N\n{n}"\n' for n in range(5))
    await http.put(f"{ROOT}/ingest/{job}/batches", content=data, headers={"content-type": "text/csv"})
    again = await http.put(f"{ROOT}/ingest/{job}/batches", content=data, headers={"content-type": "text/csv"})
    assert again.json()[0]["errorCode"] == "INVALIDJOBSTATE"
    await http.patch(f"{ROOT}/ingest/{job}", json={"state": "UploadComplete"})
    looked = (await http.get(f"{ROOT}/ingest/{job}")).json()
    assert (looked["state"], looked["numberRecordsProcessed"]) == ("InProgress", 3)
    assert (await http.delete(f"{ROOT}/ingest/{job}")).json()[0]["errorCode"] == "API_ERROR"

    assert (await http.patch(f"{ROOT}/ingest/{job}", json={"state": "Aborted"})).json()["state"] == "Aborted"

    assert (await http.get(f"{ROOT}/ingest/{job}")).json()["numberRecordsProcessed"] == 3
    assert len(await results(http, job, "successfulResults")) == 4
    assert await results(http, job, "unprocessedrecords") == [["LastName"], ["N\n3"], ["N\n4"]]
    assert (await http.delete(f"{ROOT}/ingest/{job}")).status_code == 204
    assert (await http.get(f"{ROOT}/ingest/{job}")).status_code == 404


async def test_a_job_beyond_the_rows_of_a_day_fails_and_leaves_the_rest(
    http: httpx2.AsyncClient, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk_jobs, "MOST_ROWS_A_DAY", 5)
    monkeypatch.setattr(bulk_ingest, "BATCH_ROWS", 2)
    rows = "LastName\nA\nB\nC\n"

    _, first = await ingested(http, rows)
    job, second = await ingested(http, rows)
    clock.forward(hours=1)
    _, third = await ingested(http, rows)

    assert (first["state"], second["state"], third["state"]) == ("JobComplete", "Failed", "Failed")
    assert second["errorMessage"].startswith("ExceededQuota : ")
    assert (second["numberRecordsProcessed"], third["numberRecordsProcessed"]) == (2, 0)
    assert await results(http, job, "unprocessedrecords") == [["LastName"], ["C"]]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"object": "Contact", "operation": "hardDelete"}, "FEATURENOTENABLED"),
        ({"object": "Contact", "operation": "merge"}, "INVALID_INPUT"),
        ({"object": "Contact", "operation": "upsert"}, "INVALID_INPUT"),
        ({"object": "Nothing", "operation": "insert"}, "INVALIDENTITY"),
        ({"object": "Contact", "operation": "insert", "columnDelimiter": "DOT"}, "INVALID_INPUT"),
        ({"object": "Contact", "operation": "insert", "contentType": "XML"}, "INVALID_INPUT"),
    ],
)
async def test_what_cannot_be_an_ingest_job_is_refused(
    http: httpx2.AsyncClient, body: dict[str, str], code: str
) -> None:
    reply = await http.post(f"{ROOT}/ingest", json=body)

    assert (reply.status_code, reply.json()[0]["errorCode"]) == (400, code)


async def test_jobs_are_listed_page_by_page_and_forgotten_after_seven_days(
    http: httpx2.AsyncClient, clock: Clock
) -> None:
    made_ids = [await made(http, {"operation": "query", "query": "SELECT Id FROM User"}, "query") for _ in range(3)]
    await made(http, {"object": "Contact", "operation": "insert"})

    everything = (await http.get(f"{ROOT}/query")).json()
    queries = (await http.get(f"{ROOT}/ingest?jobType=V2Query")).json()

    assert len(everything["records"]) == 4
    assert ([each["id"] for each in queries["records"]], queries["done"]) == (made_ids, True)
    clock.forward(days=8)
    assert (await http.get(f"{ROOT}/query/{made_ids[0]}")).status_code in {401, 404}


async def test_another_user_has_no_part_in_a_job(http: httpx2.AsyncClient, org: LocalOrg) -> None:
    job = await made(http, {"operation": "query", "query": "SELECT Id FROM User"}, "query")
    other = next(row["Id"] for row in org.store.rows("SELECT Id FROM User") if row["Id"] != org.user_id)
    token = org.oauth.credentials(other).access_token

    reply = await http.get(f"{ROOT}/query/{job}", headers={"Authorization": f"Bearer {token}"})

    assert reply.status_code == 404


async def test_what_is_no_csv_and_no_result_is_refused(http: httpx2.AsyncClient, org: LocalOrg) -> None:
    job = await made(http, {"object": "Contact", "operation": "insert"})

    assert (await http.put(f"{ROOT}/ingest/{job}/batches", json={})).status_code == 415
    assert (await http.get(f"{ROOT}/ingest/{job}/otherResults")).status_code == 404
    multipart = {"content-type": "multipart/form-data; boundary=x"}
    assert (await http.post(f"{ROOT}/ingest", content=b"--x--", headers=multipart)).status_code in {415, 501}
    assert (await http.patch(f"{ROOT}/ingest/{job}", json={"state": "JobComplete"})).status_code == 400
    assert (await http.post("/services/async/60.0/job", json={})).status_code == 501
    with copy_of(org, org.now) as other:
        assert other.store.rows("SELECT count(*) FROM User")[0][0] > 0


async def test_jobs_and_their_results_outlive_the_process_of_an_org_in_a_file(tmp_path: Path) -> None:
    async def asked(org: LocalOrg, method: str, path: str, **more: Any) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {org.credentials.access_token}"}
        transport = httpx2.ASGITransport(org.app)
        async with httpx2.AsyncClient(transport=transport, base_url=BASE_URL, headers=headers) as client:
            return await client.request(method, f"{ROOT}/{path}", **more)

    query = {"operation": "query", "query": "SELECT Id, Username FROM User"}
    with LocalOrg.open(tmp_path / "org.db", seed=False) as org:
        done = (await asked(org, "POST", "query", json=query)).json()["id"]
        await asked(org, "GET", f"query/{done}")
        waiting = (await asked(org, "POST", "query", json=query)).json()["id"]
        before = await asked(org, "GET", f"query/{done}/results")
    with LocalOrg.open(tmp_path / "org.db", seed=False) as org:
        after = await asked(org, "GET", f"query/{done}/results")
        assert after.content == before.content
        assert (await asked(org, "GET", f"query/{waiting}")).json()["state"] == "JobComplete"
        third = (await asked(org, "POST", "query", json=query)).json()["id"]

    assert len({done, waiting, third}) == 3
