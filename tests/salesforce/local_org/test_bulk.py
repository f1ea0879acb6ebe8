"""Bulk API 2.0: the client and the local org, in this process and over a port."""

import csv
import gzip
import io
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_salesforce.localorg import Fault, LocalOrg
from mcp_salesforce.salesforce import (
    AiohttpTransport,
    InvalidArgumentError,
    InvalidRequestError,
    NotFoundError,
    SalesforceClient,
    UnreadableReplyError,
)
from mcp_salesforce.salesforce.api.bulk import ResultPage
from mcp_salesforce.salesforce.bodies import Body
from mcp_salesforce.salesforce.csv_rows import Lines
from tests.salesforce.local_org.conftest import client_of
from tests.salesforce.scripted import Answer, ScriptedOrg

QUERY = "SELECT Id, Name, Account.Name, Birthdate FROM Contact ORDER BY Id"
JOB = {"id": "750lo0000000001AAA", "operation": "query", "state": "JobComplete"}


class Kept:
    """A sink in memory."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []

    def begin(self) -> None:
        self.pieces.clear()

    def take(self, piece: bytes) -> None:
        self.pieces.append(piece)

    def rows(self) -> list[list[str]]:
        return rows_of(b"".join(self.pieces))


def rows_of(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode(), newline="")))


async def ended(client: SalesforceClient, job_id: str, kind: str = "query") -> str:
    for _ in range(100):
        job = await client.bulk.job(kind, job_id)  # type: ignore[arg-type]  # a kind
        if job.has_ended:
            return job.state
    raise AssertionError("the job does not end")


async def test_a_query_job_gives_the_rows_of_the_query_in_pages(client: SalesforceClient) -> None:
    job = await client.bulk.create_query_job(QUERY)
    assert (job.state, job.operation, job.object) == ("UploadComplete", "query", "Contact")
    assert await ended(client, job.id) == "JobComplete"

    pages = [page async for page in client.bulk.result_pages(job.id, most_rows=100)]

    assert [page.rows for page in pages] == [100, 100, 100, 100, 50]
    tables = [rows_of(page.csv) for page in pages]
    assert all(table[0] == ["Id", "Name", "Account.Name", "Birthdate"] for table in tables)
    read = [row for table in tables for row in table[1:]]
    by_rest = [record async for page in client.queries.pages(QUERY) for record in page.records]
    wanted = [[each["Id"], each["Name"], (each["Account"] or {}).get("Name"), each["Birthdate"]] for each in by_rest]
    assert read == [[cell or "" for cell in row] for row in wanted]


async def test_reading_goes_on_from_a_locator(client: SalesforceClient) -> None:
    job = await client.bulk.create_query_job(QUERY)
    await ended(client, job.id)
    first = await client.bulk.result_page(job.id, most_rows=400)

    rest = [page async for page in client.bulk.result_pages(job.id, locator=first.locator, most_rows=400)]

    assert [(page.rows, page.locator) for page in rest] == [(50, None)]


async def test_rows_are_saved_from_a_file_that_is_streamed(client: SalesforceClient) -> None:
    job = await client.bulk.create_ingest_job("Contact", "insert")

    async def pieces() -> AsyncIterator[bytes]:
        yield b"LastName,Title,Email\n"
        for number in range(500):
            yield f'"Row {number}","several\nlines",\n'.encode()
        yield b",no last name,\n"
        yield b"Bad,,nowhere\n"

    await client.bulk.upload(job.id, pieces)
    await client.bulk.close(job.id)
    assert await ended(client, job.id, "ingest") == "JobComplete"

    done = await client.bulk.job("ingest", job.id)
    assert (done.number_records_processed, done.number_records_failed) == (502, 2)
    good, bad, left = Kept(), Kept(), Kept()
    await client.bulk.ingest_results(job.id, "successfulResults", good)
    await client.bulk.ingest_results(job.id, "failedResults", bad)
    await client.bulk.ingest_results(job.id, "unprocessedrecords", left)
    assert good.rows()[0] == ["sf__Id", "sf__Created", "LastName", "Title", "Email"]
    assert [row[1:] for row in good.rows()[1:]] == [["true", f"Row {n}", "several\nlines", ""] for n in range(500)]
    assert [row[1].partition(":")[0] for row in bad.rows()[1:]] == ["REQUIRED_FIELD_MISSING", "INVALID_EMAIL_ADDRESS"]
    assert left.rows() == [["LastName", "Title", "Email"]]
    found = await client.queries.query(f"SELECT Title FROM Contact WHERE Id = '{good.rows()[7][0]}'")
    assert found.records[0]["Title"] == "several\nlines"


async def test_jobs_are_aborted_listed_and_deleted(client: SalesforceClient) -> None:
    query = await client.bulk.create_query_job(QUERY)
    ingest = await client.bulk.create_ingest_job("Contact", "upsert", external_id_field="Email")

    assert [job.id async for job in client.bulk.jobs("query")] == [query.id]
    assert [job.id async for job in client.bulk.jobs("ingest")] == [ingest.id]
    with pytest.raises(InvalidRequestError, match="not terminated"):
        await client.bulk.delete("query", query.id)
    assert (await client.bulk.abort("query", query.id)).state == "Aborted"
    with pytest.raises(InvalidRequestError, match="Aborted"):
        await client.bulk.abort("query", query.id)
    with pytest.raises(InvalidRequestError, match="no results"):
        await client.bulk.result_page(query.id)
    await client.bulk.delete("query", query.id)
    with pytest.raises(NotFoundError):
        await client.bulk.job("query", query.id)
    assert (await client.bulk.abort("ingest", ingest.id)).state == "Aborted"


async def test_what_cannot_be_a_job_is_refused(client: SalesforceClient) -> None:
    with pytest.raises(InvalidRequestError, match="compound"):
        await client.bulk.create_query_job("SELECT MailingAddress FROM Contact")
    with pytest.raises(InvalidArgumentError, match="external_id_field"):
        await client.bulk.create_ingest_job("Contact", "upsert")
    with pytest.raises(InvalidArgumentError, match="split it"):
        await client.bulk.upload("750lo0000000001AAA", b"x" * 100_000_001)


async def test_a_failed_page_is_asked_for_again(org: LocalOrg) -> None:
    with org.listening() as url:
        async with client_of(org, url, AiohttpTransport()) as client:
            job = await client.bulk.create_query_job(QUERY)
            await ended(client, job.id)
            org.faults.add(Fault(kind="truncated", path="*/results"))
            org.faults.add(Fault(kind="expired_session", path="*/results"))

            pages = [page async for page in client.bulk.result_pages(job.id, most_rows=200)]

    assert sum(page.rows for page in pages) == 450


async def told(scripted: ScriptedOrg, body: bytes, rows: int | str, *, times: int = 1) -> ResultPage:
    headers = {"content-type": "text/csv", "sforce-locator": "null", "sforce-numberofrecords": str(rows)}
    scripted.answers += [Answer(raw=body, headers=headers)] * times
    async with scripted.client() as client:
        return await client.bulk.result_page(JOB["id"])


async def test_fewer_rows_than_the_reply_says_are_no_answer() -> None:
    whole = b'"Id"\n"1"\n"2"\n'
    assert (await told(ScriptedOrg(), whole, 2)).rows == 2
    for rows in (3, 1, "", "many"):
        with pytest.raises(UnreadableReplyError, match="rows"):
            await told(ScriptedOrg(), whole, rows, times=3)


async def test_a_page_that_was_cut_once_is_read_at_the_next_attempt() -> None:
    scripted = ScriptedOrg()
    headers = {"content-type": "text/csv", "sforce-locator": "null", "sforce-numberofrecords": "2"}
    scripted.answers += [
        Answer(raw=b'"Id"\n"1"\n', headers=headers),
        Answer(raw=b'"Id"\n"1"\n"2', headers=headers),
        Answer(raw=b'"Id"\n"1"\n"2"\n', headers=headers),
    ]
    async with scripted.client() as client:
        assert (await client.bulk.result_page(JOB["id"])).rows == 2


async def test_the_page_of_a_proxy_is_no_csv() -> None:
    scripted = ScriptedOrg()
    scripted.answers += [Answer(raw=b"<html>sign in</html>", headers={"content-type": "text/html"})] * 3
    async with scripted.client() as client:
        with pytest.raises(UnreadableReplyError, match="not one of Salesforce's"):
            await client.bulk.result_page(JOB["id"])


def test_what_was_packed_and_is_cut_is_no_whole_body() -> None:
    packed = gzip.compress(b'"Id"\n"1"\n"2"\n')
    for end in range(1, len(packed)):
        body = Body(200, 1000, "gzip")
        body.add(packed[:end])
        with pytest.raises(UnreadableReplyError, match="cut inside its gzip"):
            body.whole()
    body = Body(200, 1000, "gzip")
    body.add(packed * 2)
    assert body.whole() == b'"Id"\n"1"\n"2"\n' * 2


@given(st.lists(st.lists(st.text('ab",;\r\n', max_size=5), min_size=1, max_size=3), max_size=8), st.integers(1, 7))
def test_rows_are_counted_however_the_csv_is_cut_into_pieces(rows: list[list[str]], size: int) -> None:
    out = io.StringIO(newline="")
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows([["header"], *rows])
    data = out.getvalue().encode()
    lines = Lines()
    for start in range(0, len(data), size):
        lines.count(data[start : start + size])
    assert lines.rows == len(rows)
