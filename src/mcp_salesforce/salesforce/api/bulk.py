"""Bulk API 2.0: jobs that query, and jobs that save the rows of a CSV file. Version 1 is not for this client."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, Literal, TypeAlias

from mcp_salesforce.salesforce.api import Send
from mcp_salesforce.salesforce.bodies import Sink, Upload
from mcp_salesforce.salesforce.csv_rows import CountedSink, check_count, rows_in
from mcp_salesforce.salesforce.errors import InvalidArgumentError, ReplyTooLargeError, UnreadableReplyError
from mcp_salesforce.salesforce.ids import to_18
from mcp_salesforce.salesforce.models import BulkJob, members_of, record_of
from mcp_salesforce.salesforce.wire import Request, field_name, path, sobject_name

JobKind: TypeAlias = Literal["query", "ingest"]
Operation: TypeAlias = Literal["insert", "update", "upsert", "delete", "hardDelete"]
Delimiter: TypeAlias = Literal["BACKQUOTE", "CARET", "COMMA", "PIPE", "SEMICOLON", "TAB"]
LineEnding: TypeAlias = Literal["LF", "CRLF"]
IngestResults: TypeAlias = Literal["successfulResults", "failedResults", "unprocessedrecords"]

MOST_UPLOAD_BYTES: Final = 100_000_000
"""What Salesforce advises: it keeps files in base64, of which a job may have 150 MB."""
PAGE_ROWS: Final = 10_000
_TRANSFER_S: Final = 600.0
_ATTEMPTS: Final = 3


@dataclass(frozen=True, slots=True)
class ResultPage:
    """A page of a query job's rows.

    Attributes:
        csv: The page as it came: a header, then the rows, every field in quotes, null as an empty one.
        rows: How many rows it has, without the header.
        locator: What leads to the next page; None on the last one.
    """

    csv: bytes
    rows: int
    locator: str | None


class BulkApi:
    """Create jobs, check them, read their results."""

    def __init__(self, answer: Send) -> None:
        """Use `answer` for every call; it signs, retries and decodes."""
        self._answer = answer

    async def create_query_job(
        self,
        soql: str,
        *,
        query_all: bool = False,
        column_delimiter: Delimiter = "COMMA",
        line_ending: LineEnding = "LF",
    ) -> BulkJob:
        """Start a query job; Salesforce keeps its rows for seven days.

        GROUP BY, aggregates, OFFSET, TYPEOF, sub-queries, FIELDS() and compound fields are not for such a job.

        API: POST /jobs/query

        Raises:
            InvalidRequestError: The query is malformed, or not one for a job.
            LimitExceededError: The day's jobs are used up.
        """
        body = {
            "operation": "queryAll" if query_all else "query",
            "query": soql,
            "columnDelimiter": column_delimiter,
            "lineEnding": line_ending,
        }
        # A job that was made twice costs a job, and changes nothing.
        return await self._job(Request("POST", "jobs/query", body=body, idempotent=True))

    async def create_ingest_job(
        self,
        sobject: str,
        operation: Operation,
        *,
        external_id_field: str | None = None,
        column_delimiter: Delimiter = "COMMA",
        line_ending: LineEnding = "LF",
    ) -> BulkJob:
        """Create a job that saves the rows of a file: `upload` sends the file, `close` starts the work.

        API: POST /jobs/ingest

        Raises:
            InvalidArgumentError: An upsert is without its external id field, or another operation has one.
            InvalidRequestError: Salesforce has no bulk operations for the object.
        """
        if (operation == "upsert") != (external_id_field is not None):
            raise InvalidArgumentError("An upsert has an external_id_field, and no other operation has.")
        body = {
            "object": sobject_name(sobject),
            "operation": operation,
            "contentType": "CSV",
            "columnDelimiter": column_delimiter,
            "lineEnding": line_ending,
        }
        if external_id_field is not None:
            body["externalIdFieldName"] = field_name(external_id_field)
        # An open job without a file does nothing, so it may be made twice.
        return await self._job(Request("POST", "jobs/ingest", body=body, idempotent=True))

    async def upload(self, job_id: str, csv: Upload) -> None:
        """Send the file of an open job: UTF-8 CSV with a header, at most 100 MB, once.

        An empty cell changes nothing; `#N/A` sets null.

        API: PUT /jobs/ingest/{id}/batches

        Raises:
            InvalidArgumentError: `csv` is bytes, and more than 100 MB.
            OutcomeUnknownError: No answer tells whether the file arrived. Nothing is saved before `close`.
        """
        if isinstance(csv, bytes) and len(csv) > MOST_UPLOAD_BYTES:
            raise InvalidArgumentError(f"A file has at most {MOST_UPLOAD_BYTES} bytes, not {len(csv)}: split it.")
        resource = _path("ingest", job_id, "batches")
        await self._answer(Request("PUT", resource, upload=csv, idempotent=False, timeout_s=_TRANSFER_S))

    async def close(self, job_id: str) -> BulkJob:
        """Start the work of an ingest job, whose file is complete.

        API: PATCH /jobs/ingest/{id}

        Raises:
            InvalidRequestError: The job is not open.
            OutcomeUnknownError: No answer tells whether the work began; `job` tells it.
        """
        return await self._job(Request("PATCH", _path("ingest", job_id), body={"state": "UploadComplete"}))

    async def abort(self, kind: JobKind, job_id: str) -> BulkJob:
        """End a job before its work is done; rows that were saved stay saved.

        API: PATCH /jobs/{kind}/{id}

        Raises:
            InvalidRequestError: The job has ended.
        """
        return await self._job(Request("PATCH", _path(kind, job_id), body={"state": "Aborted"}))

    async def delete(self, kind: JobKind, job_id: str) -> None:
        """Delete a job that has ended, with its file and its results.

        API: DELETE /jobs/{kind}/{id}

        Raises:
            NotFoundError: There is no such job.
            InvalidRequestError: The job is at work.
        """
        await self._answer(Request("DELETE", _path(kind, job_id)))

    async def job(self, kind: JobKind, job_id: str) -> BulkJob:
        """Return the state of a job.

        API: GET /jobs/{kind}/{id}

        Raises:
            NotFoundError: There is no such job.
        """
        return await self._job(Request("GET", _path(kind, job_id)))

    async def jobs(self, kind: JobKind) -> AsyncIterator[BulkJob]:
        """Yield the jobs of a kind, in no certain order.

        API: GET /jobs/{kind}

        Raises:
            SalesforceError: As `SalesforceClient.send`.
        """
        params = {"jobType": "V2Query" if kind == "query" else "V2Ingest"}
        seen: set[str] = set()
        while True:
            page = record_of((await self._answer(Request("GET", f"jobs/{kind}", params))).value)
            for each in members_of(page, "records"):
                yield BulkJob.read(each)
            following = str(page.get("nextRecordsUrl") or "")
            if page.get("done") is not False or not following:
                return
            _once_only(following, seen)
            params = {**params, "queryLocator": following.rpartition("queryLocator=")[2]}

    async def result_page(self, job_id: str, *, locator: str | None = None, most_rows: int = PAGE_ROWS) -> ResultPage:
        """Return a page of the rows of a query job that is complete.

        A page that is too large for one reply is asked for with half the rows. One that has not as many rows as the
        reply says (Sforce-NumberOfRecords) is asked for again: a body can be cut where no transport notices.

        API: GET /jobs/query/{id}/results

        Args:
            job_id: The job.
            locator: The page, as the one before it names it; None for the first.
            most_rows: How many rows it may have.

        Raises:
            InvalidRequestError: The job is not complete, or the locator is none.
            NotFoundError: The job, or its results, are gone.
            UnreadableReplyError: The rows are not as many as the reply says, three times.
        """
        for attempt in range(_ATTEMPTS):
            try:
                return await self._page(job_id, locator, most_rows)
            except ReplyTooLargeError:
                if most_rows == 1:
                    raise
                return await self.result_page(job_id, locator=locator, most_rows=most_rows // 2)
            except UnreadableReplyError:
                if attempt == _ATTEMPTS - 1:
                    raise
        raise AssertionError("the last attempt returns or raises")

    async def result_pages(
        self, job_id: str, *, locator: str | None = None, most_rows: int = PAGE_ROWS
    ) -> AsyncIterator[ResultPage]:
        """Yield the pages of a query job's rows from `locator` on; the next one is on its way while one is used.

        Raises:
            SalesforceError: As `result_page`.
        """
        seen: set[str] = set()
        coming: asyncio.Task[ResultPage] | None = None

        def ask(locator: str | None) -> "asyncio.Task[ResultPage]":
            return asyncio.create_task(self.result_page(job_id, locator=locator, most_rows=most_rows))

        try:
            coming = ask(locator)
            while coming is not None:
                page = await coming
                coming = ask(_once_only(page.locator, seen)) if page.locator else None
                yield page
        finally:
            if coming is not None:
                coming.cancel()
                with suppress(asyncio.CancelledError, Exception):
                    await coming

    async def ingest_results(self, job_id: str, which: IngestResults, sink: Sink) -> None:
        """Write the rows of an ingest job to `sink` as CSV: those saved, failed, or left.

        Saved rows begin with `sf__Id` and `sf__Created`, failed ones with `sf__Id` and `sf__Error`. Their order need
        not be that of the file.

        API: GET /jobs/ingest/{id}/{which}

        Raises:
            NotFoundError: There is no such job.
            UnreadableReplyError: The rows are not as many as the reply says.
        """
        counted = CountedSink(sink)
        request = Request("GET", _path("ingest", job_id, which), reads_csv=True, sink=counted, timeout_s=_TRANSFER_S)
        check_count((await self._answer(request)).headers, counted.rows, is_needed=False)

    async def _page(self, job_id: str, locator: str | None, most_rows: int) -> ResultPage:
        params = {"maxRecords": str(most_rows)} | ({"locator": locator} if locator else {})
        answer = await self._answer(Request("GET", _path("query", job_id, "results"), params, reads_csv=True))
        csv = answer.value if isinstance(answer.value, bytes) else b""
        rows = rows_in(csv)
        check_count(answer.headers, rows, is_needed=True)
        following = answer.headers.get("sforce-locator", "null")
        return ResultPage(csv, rows, following if following not in {"null", ""} else None)

    async def _job(self, request: Request) -> BulkJob:
        return BulkJob.read((await self._answer(request)).value)


def _path(kind: JobKind, job_id: str, *more: str) -> str:
    return path("jobs", kind, to_18(job_id), *more)


def _once_only(locator: str, seen: set[str]) -> str:
    if locator in seen:
        raise UnreadableReplyError("The pages of the job repeat without an end", status=HTTPStatus.OK)
    seen.add(locator)
    return locator
