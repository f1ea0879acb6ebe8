"""An export at work: small results by the query API, large ones by a bulk job, page by page into a file."""

import asyncio
import csv
import io
from collections.abc import Callable
from itertools import islice
from typing import Final

from mcp_salesforce.salesforce import BulkJob, InvalidRequestError, ResultPage, SalesforceError
from mcp_salesforce.salesforce.api.bulk import PAGE_ROWS
from mcp_salesforce.salesforce.api.queries import LARGEST_BATCH, SMALLEST_BATCH
from mcp_salesforce.salesforce.errors import AccessDeniedError, ReplyTooLargeError, UnreadableReplyError, refused
from mcp_salesforce.soql import format_query
from mcp_salesforce.tools.files.polling import pauses
from mcp_salesforce.tools.files.selection import Selection
from mcp_salesforce.tools.files.state import ExportFiles, ExportState
from mcp_salesforce.tools.files.tables import DELIMITERS, Layout, Writer, writer_of
from mcp_salesforce.tools.framework.session import OrgSession

SMALL: Final = 10_000
"""Rows up to which the query API, five pages of it, costs less than a job."""
_FIRST_ROWS: Final = 3


class Export:
    """One run of an export, the first one or one that continues."""

    def __init__(self, org: OrgSession, files: ExportFiles, state: ExportState) -> None:
        """Write what `state` says to `files`."""
        self._org = org
        self._files = files
        self._state = state
        self._layout = Layout(**state.layout)

    async def run(self, selection: Selection | None) -> None:
        """Write the file; without a selection, continue the job that the state names.

        Raises:
            SalesforceError: The org refuses it, or the file cannot be written; what was written can be gone on with.
        """
        state = self._state
        writer = writer_of(self._layout, state.columns, state.types)
        if state.has_begun and self._layout.format == "parquet":
            state.rows = 0  # its end is written last, so it cannot be continued
            state.locator, state.first = "", []
        if not state.has_begun:
            state.bytes = 0
        with self._files.opened(state) as file:
            if state.has_begun:
                writer.go_on(file)
            else:
                writer.begin(file)

            def kept() -> None:
                file.flush()
                state.bytes = file.tell()
                self._files.save(state)

            if selection is not None and not state.job_id:
                await self._choose(selection, writer, kept)
            if state.job_id:
                await self._read_job(writer, kept)
            writer.end()
            file.flush()
            state.bytes = file.seek(0, io.SEEK_END)
        state.sha256 = await asyncio.to_thread(self._files.digest)
        self._files.finish(state)  # not in a thread, which would go on when the export is aborted
        state.state = "done"

    async def _choose(self, selection: Selection, writer: Writer, kept: Callable[[], None]) -> None:
        """Read the first page, whose total says what comes next: a job, or the other pages."""
        state, queries = self._state, self._org.client.queries
        size = LARGEST_BATCH
        try:
            page = await queries.query(state.soql, query_all=state.query_all, batch_size=size)
        except ReplyTooLargeError:  # long texts: fewer rows fit into a reply
            size = SMALLEST_BATCH
            page = await queries.query(state.soql, query_all=state.query_all, batch_size=size)
        state.total = page.total_size
        if page.total_size > SMALL and selection.suits_bulk and await self._make_job():
            kept()
            return
        seen: set[str] = set()
        while True:
            rows = [selection.cells(record) for record in page.records]
            state.first += rows[: _FIRST_ROWS - len(state.first)]
            writer.write(rows)
            state.rows += len(rows)
            kept()
            if page.next_records_url is None:
                break
            if page.next_records_url in seen:
                raise UnreadableReplyError("The pages of the query repeat without an end", status=200)
            seen.add(page.next_records_url)
            page = await queries.query_more(page.next_records_url, batch_size=size)
        if state.rows != state.total:
            raise _other_count(state.rows, state.total)

    async def _make_job(self) -> bool:
        """Let a job run the query, if the org and the policy allow one."""
        ending = self._layout.line_ending if self._layout.takes_results else "LF"
        delimiter = DELIMITERS[self._layout.delimiter] if self._layout.takes_results else "COMMA"
        try:
            job = await self._org.client.bulk.create_query_job(
                self._state.soql,
                query_all=self._state.query_all,
                column_delimiter=delimiter,  # type: ignore[arg-type]  # one of those
                line_ending=ending,
            )
        except (InvalidRequestError, AccessDeniedError):
            return False  # the query is not one for a job, or the user may make none: the pages are there still
        self._state.job_id = job.id
        return True

    async def _read_job(self, writer: Writer, kept: Callable[[], None]) -> None:
        state = self._state
        job = await self._ended()
        if job.state != "JobComplete":
            state.job_id = ""  # it has no rows, and never will
            raise refused(
                f"The bulk job {job.id} is {job.state}: {job.error_message or 'Salesforce gives no reason'}.",
                code="JOB_FAILED",
                hint="Use a narrower query if it ran too long.",
            )
        state.total = job.number_records_processed
        if state.locator or not state.rows:  # else the last page was written, and the file not finished
            async for page in self._org.client.bulk.result_pages(
                state.job_id, locator=state.locator or None, most_rows=PAGE_ROWS
            ):
                await asyncio.to_thread(self._write, page, writer)
                state.rows += page.rows
                state.locator = page.locator or ""
                kept()
        if state.rows != state.total:
            raise _other_count(state.rows, state.total)

    async def _ended(self) -> BulkJob:
        """Wait for the job."""
        waits = pauses()
        while True:
            job = await self._org.client.bulk.job("query", self._state.job_id)
            if job.has_ended:
                return job
            await asyncio.sleep(next(waits))

    def _write(self, page: ResultPage, writer: Writer) -> None:
        state, delimiter = self._state, ","
        if self._layout.takes_results:
            delimiter = "\t" if self._layout.delimiter == "tab" else self._layout.delimiter
        if len(state.first) < _FIRST_ROWS or not self._layout.takes_results:
            table = csv.reader(io.StringIO(page.csv.decode(), newline=""), delimiter=delimiter)
            if len(next(table, [])) != len(state.columns):
                raise UnreadableReplyError("The columns of the rows are not those of the query", status=200)
            if not self._layout.takes_results:
                rows = list(table)
                state.first += rows[: _FIRST_ROWS - len(state.first)]
                writer.write(rows)
                return
            state.first += islice(table, _FIRST_ROWS - len(state.first))
        writer.write_csv(page.csv[page.csv.index(b"\n") + 1 :])


def _other_count(rows: int, total: int | None) -> SalesforceError:
    reason = f"{rows} rows arrived, but the org says that there are {total}"
    return UnreadableReplyError(reason, status=200, is_cut=True)


def sent(selection: Selection) -> str:
    """Return the query as it is sent."""
    return format_query(selection.query)
