"""An import at work: parts of rows sent by collections or by bulk jobs, each once, and the outcome of every row."""

import asyncio
from collections import defaultdict, deque
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from mcp_salesforce.changes.import_parts import Failure, Part, Saved
from mcp_salesforce.changes.import_store import ImportStore
from mcp_salesforce.changes.long_work import Permit
from mcp_salesforce.policy.errors import RecordRefusedError
from mcp_salesforce.salesforce import BulkJob, NotFoundError, SalesforceError, SaveResult
from mcp_salesforce.salesforce.api.queries import LARGEST_BATCH
from mcp_salesforce.salesforce.errors import refused
from mcp_salesforce.salesforce.literals import quote
from mcp_salesforce.salesforce.lost_creates import CLOCKS_DIFFER_BY, comparable
from mcp_salesforce.salesforce.wire import field_name, sobject_name
from mcp_salesforce.tools.files.import_state import ImportState
from mcp_salesforce.tools.files.job_files import Outcome, Results, Row, Rows, file_of, outcome_of, outcomes_of
from mcp_salesforce.tools.files.polling import pauses
from mcp_salesforce.tools.framework.session import OrgSession

AT_ONCE: Final = 2
"""Bulk jobs at work at a time: while the org saves the rows of one, the next one is sent."""
SETTLED_AFTER: Final = timedelta(seconds=20)
"""After this time a request whose sender was killed is over: the org has done it, or never will."""
_MOST_UNANSWERED: Final = 20  # polls, each of which the client has tried several times
_ID: Final = "Id"
_TOOL: Final = "salesforce_import"
_WORDS: Final = 300
_NOT_TOLD: Final = ("", "NOT_PROCESSED", "", "The results of the job do not have it.")
_GONE: Final = frozenset({"ENTITY_IS_DELETED"})


class PausedError(Exception):
    """The import was asked to pause: what was running was finished."""


class Sending:
    """One run of an import, the first one or one that goes on."""

    def __init__(
        self, org: OrgSession, store: ImportStore, import_id: str, state: ImportState, *, permit: Permit
    ) -> None:
        """Send the rows in `store` that `permit` lets pass."""
        self._org = org
        self._store = store
        self._import_id = import_id
        self._state = state
        self._permit = permit
        self.is_paused = False
        self._at_one = asyncio.Lock()  # held while the rows of a bulk job are in memory

    async def run(self) -> None:
        """Send all parts that are not done; what was sent before a crash is looked for first.

        Raises:
            PausedError: It was asked to.
            SalesforceError: The org refuses a part as a whole; the others keep their outcomes.
        """
        self._source = self._state.source(self._store, await self._org.owner())
        if self._state.bulk:
            await self._by_jobs()
            return
        async with self._org.change(_TOOL, sobject=self._state.sobject, approval=self._permit) as change:
            for part in self._store.parts(self._import_id):
                if part.state == "sent":
                    await self._look_for(part)
                if self._store.part_state(self._import_id, part.number) != "done":
                    self._check_paused()
                    await self._save(part)
                    self._state.note_change(change.change_id)
                    self._keep()

    async def settle_lost(self) -> None:
        """Find out about the parts that were sent by somebody who ended; nothing is sent."""
        self._source = self._state.source(self._store, await self._org.owner())
        for part in self._store.parts(self._import_id):
            if part.state == "sent":
                if part.job:
                    await self._go_on_with_job(part)
                else:
                    await self._look_for(part)

    def _check_paused(self) -> None:
        if self.is_paused:
            raise PausedError

    def _rows(self, part: Part) -> Rows:
        return Rows(self._store.rows_of(self._import_id, part.number))

    def _keep(self) -> None:
        self._store.save(self._import_id, self._state.saved_form())

    # --- Collections ---------------------------------------------------------------------------------

    async def _save(self, part: Part) -> None:
        """Send a part by a collections call.

        What a policy refuses for one of its records is sent in smaller calls; each is settled before the next.
        """
        rows, size = self._rows(part), part.rows
        while rows:
            some = rows[:size]
            self._store.mark(self._import_id, part.number, "sent")
            try:
                results = await self._saved_by_call([values for _, values in some])
                outcomes = [outcome_of(result) for result in results]
            except RecordRefusedError as error:
                self._store.mark(self._import_id, part.number, "ready")
                if len(some) > 1:
                    size = len(some) // 2
                    continue
                outcomes = [("", error.code, "", error.message)]
            except SalesforceError as error:
                if not error.is_outcome_unknown:
                    self._store.mark(self._import_id, part.number, "ready")
                raise
            rows = rows[len(some) :]
            self._settle(part, some, outcomes, rows)
            size *= 2

    async def _saved_by_call(self, records: Sequence[dict[str, Any]]) -> Sequence[SaveResult]:
        state, collections = self._state, self._org.client.collections
        allow = state.allow_duplicate
        match state.operation:
            case "insert":
                return await collections.create(state.sobject, records, allow_duplicate=allow)
            case "update":
                return await collections.update(state.sobject, records, allow_duplicate=allow)
            case "upsert":
                return await collections.upsert(state.sobject, state.key, records, allow_duplicate=allow)
            case "delete":
                return await collections.delete([values[_ID] for values in records])

    def _settle(
        self, part: Part, rows: Sequence[Row], outcomes: Sequence[Outcome | None], unsent: Sequence[Row] = ()
    ) -> None:
        """Keep the outcome of rows: each has the Id of its record, or code, fields and words.

        Those with None are left to be sent, and so are those that are `unsent`.
        """
        saved: list[Saved] = []
        failed: list[Failure] = []
        left: list[Row] = []
        for row, outcome in zip(rows, outcomes, strict=True):
            number, values = row
            if outcome is None:
                left.append(row)
                continue
            record_id, code, fields, words = outcome
            if code and not (code in _GONE and self._state.operation == "delete"):
                failed.append(Failure(number, code, fields, words[:_WORDS], is_checked=False))
            else:
                saved.append(Saved(number, self._store.digest_of(values), record_id))
        kept = saved if self._state.operation == "insert" else []  # to do the others twice changes nothing
        self._store.settle(self._import_id, part.number, self._source, kept, failed, Rows.packed([*left, *unsent]))
        self._state.saved += len(saved)
        self._state.failed += len(failed)
        self._keep()

    async def _look_for(self, part: Part) -> None:
        """Find out the outcome of a part whose sender ended before the answer; what is not there can be sent.

        To change, to upsert and to delete the same records twice does nothing more than once, so these are not looked
        for.
        """
        rows = self._rows(part)
        found: dict[int, str] = {}
        if self._state.operation == "insert":
            age = self._org.now() - datetime.fromtimestamp(part.at, UTC)
            if timedelta(0) <= age < SETTLED_AFTER:
                await asyncio.sleep((SETTLED_AFTER - age).total_seconds())
            found = await self._found(part, rows)
        self._settle(part, rows, [(found[number], "", "", "") if number in found else None for number, _ in rows])

    async def _found(self, part: Part, rows: Rows) -> dict[int, str]:
        """Return the records that rows became, by their numbers: the user's, new since then, with the same values."""
        since = datetime.fromtimestamp(part.at, UTC) - CLOCKS_DIFFER_BY
        user_id = (await self._org.owner())[1]
        names = [name for name in dict.fromkeys(name for _, values in rows for name in values) if name != _ID]
        soql = (
            f"SELECT {', '.join([_ID, *map(field_name, names)])} FROM {sobject_name(self._state.sobject)} "  # noqa: S608
            f"WHERE CreatedById = {quote(user_id)} AND CreatedDate >= {quote(since)} ORDER BY Id"
        )
        known = self._store.records_of(self._import_id)
        waiting: defaultdict[tuple[Any, ...], deque[int]] = defaultdict(deque)
        for number, values in rows:
            waiting[
                tuple(sorted((name, comparable(value)) for name, value in values.items() if value is not None))
            ].append(number)
        kinds = {tuple(name for name, _ in key) for key in waiting}
        found: dict[int, str] = {}
        async for page in self._org.client.queries.pages(soql, batch_size=LARGEST_BATCH):
            for record in page.records:
                if record[_ID] in known:
                    continue
                for kind in kinds:
                    key = tuple((name, comparable(record.get(name))) for name in kind)
                    if waiting.get(key):
                        found[waiting[key].popleft()] = str(record[_ID])
                        break
        return found

    # --- Bulk jobs -----------------------------------------------------------------------------------

    async def _by_jobs(self) -> None:
        """Send the parts, a few at a time; the first failure ends it when the others have ended."""
        parts = iter([part for part in self._store.parts(self._import_id) if part.state != "done"])

        async def work() -> None:
            for part in parts:
                self._check_paused()
                async with self._org.change(_TOOL, sobject=self._state.sobject, approval=self._permit) as change:
                    await self._send_job(part)
                    self._state.note_change(change.change_id)
                    self._keep()

        ended = await asyncio.gather(*(work() for _ in range(AT_ONCE)), return_exceptions=True)
        errors = [each for each in ended if isinstance(each, BaseException)]
        for error in sorted(errors, key=lambda each: isinstance(each, PausedError)):
            raise error

    async def _send_job(self, part: Part) -> None:
        if part.job and await self._go_on_with_job(part):
            return
        bulk, state = self._org.client.bulk, self._state
        key = state.key if state.operation == "upsert" else None
        job = await bulk.create_ingest_job(state.sobject, state.operation, external_id_field=key)
        self._store.mark(self._import_id, part.number, "ready", job.id)
        async with self._at_one:
            data = await asyncio.to_thread(lambda: file_of(self._rows(part), state.fields))
        await bulk.upload(job.id, data)
        self._check_paused()
        self._store.mark(self._import_id, part.number, "sent", job.id)
        try:
            await bulk.close(job.id)
        except SalesforceError as error:
            if not error.is_outcome_unknown:
                self._store.mark(self._import_id, part.number, "ready", job.id)
                raise
        await self._read_results(part, await self._ended(job.id))

    async def _go_on_with_job(self, part: Part) -> bool:
        """Continue with the job that a part was given to; False if that job has not saved all, and never will."""
        bulk = self._org.client.bulk
        try:
            job = await bulk.job("ingest", part.job)
        except NotFoundError:  # Salesforce keeps it for seven days
            await self._look_for(part)
            return self._store.part_state(self._import_id, part.number) == "done"
        if job.state == "Open":
            with suppress(SalesforceError):
                await bulk.abort("ingest", job.id)
            self._store.mark(self._import_id, part.number, "ready")
            return False
        await self._read_results(part, await self._ended(job.id))
        return True

    async def _ended(self, job_id: str) -> BulkJob:
        """Wait for a job. An org that is too busy to answer is asked again."""
        waits, unanswered = pauses(), 0
        while True:
            try:
                job = await self._org.client.bulk.job("ingest", job_id)
            except SalesforceError as error:
                unanswered += 1
                if not error.retryable or unanswered > _MOST_UNANSWERED:
                    raise
            else:
                unanswered = 0
                if job.has_ended:
                    return job
            await asyncio.sleep(next(waits))

    async def _read_results(self, part: Part, job: BulkJob) -> None:
        """Read the outcome of the rows of a job that has ended; of one that failed, what it has done till then.

        Raises:
            SalesforceError: It failed: the rows that it did not process are sent by another job.
        """
        async with self._at_one:
            good, bad = Results(), Results()
            await self._org.client.bulk.ingest_results(job.id, "successfulResults", good)
            await self._org.client.bulk.ingest_results(job.id, "failedResults", bad)
            rows = self._rows(part)  # now: while the job was running, none of them was in memory
            outcomes = await asyncio.to_thread(outcomes_of, rows, self._state.fields, good, bad)
            if job.state == "JobComplete":
                outcomes = [each or _NOT_TOLD for each in outcomes]
            self._settle(part, rows, outcomes)
        if job.state != "JobComplete":
            raise refused(
                f"The bulk job {job.id} is {job.state}: {job.error_message or 'Salesforce gives no reason'}.",
                code="JOB_FAILED",
                hint="Resume it with salesforce_job: the rows that it did not process are sent then.",
            )
