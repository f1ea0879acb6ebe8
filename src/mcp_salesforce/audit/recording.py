"""Record each call: note its requests as they are sent, and write its line when it ends."""

import logging
from collections.abc import Coroutine
from contextlib import suppress
from time import perf_counter
from typing import Self

from mcp_salesforce.audit.calls import AuditedCall, auditing, current_call
from mcp_salesforce.audit.trail import AuditError, Trail
from mcp_salesforce.changes.change import Change, current_change
from mcp_salesforce.changes.ingest import IngestJobs
from mcp_salesforce.changes.writes import Outcome, Write, outcomes_of, writes_of
from mcp_salesforce.salesforce.client import RequestSender
from mcp_salesforce.salesforce.errors import SalesforceError
from mcp_salesforce.salesforce.wire import Answer, Request

_log = logging.getLogger(__name__)


class Audit:
    """Records calls in a trail. If that fails, calls are refused, or made anyway if the settings say so."""

    def __init__(self, trail: Trail, *, is_required: bool) -> None:
        """Record in `trail`; `is_required` says whether a call that cannot be recorded is refused."""
        self._trail = trail
        self._jobs = IngestJobs()
        self._is_required = is_required
        self._unrecorded = 0
        self._is_warned = False

    async def __aenter__(self) -> Self:
        """Log the place of the chain, or why calls will be refused."""
        try:
            self._log_place()
        except AuditError as error:
            what = "refused" if self._is_required else "made and not recorded"
            _log.warning("Calls are %s until this is fixed: %s", what, error.message)
        return self

    async def __aexit__(self, *_exception: object) -> None:
        """Log the place of the chain, and release the trail."""
        with suppress(AuditError):
            self._log_place()
        self._trail.close()

    def _log_place(self) -> None:
        place = self._trail.check()
        if place and _log.isEnabledFor(logging.INFO):
            _log.info("audit", extra={"data": {"n": place.number, "hash": place.digest}})

    def over(self, exchange: RequestSender) -> RequestSender:
        """Return a sender of requests that notes for the current call what it reads and writes.

        It raises AuditError if a write cannot be recorded; then nothing was sent.
        """

        async def watched(request: Request) -> Answer:
            call = current_call()
            return await exchange(request) if call is None else await self._watched(call, request, exchange)

        return watched

    def keep(self, call: AuditedCall, outcome: str, milliseconds: float) -> None:
        """Record a call that has ended.

        Raises:
            AuditError: It cannot be recorded, and the settings require that.
        """
        record = call.record(outcome, milliseconds)
        if self._unrecorded:
            record["unrecorded"] = self._unrecorded
        try:
            self._trail.append(call.call_id, record)
        except AuditError as error:
            self._unrecorded += not call.is_begun  # a write that was begun gets its line later
            self._let_pass(error, call)
        else:
            self._unrecorded, self._is_warned = 0, False

    async def beside(self, work: Coroutine[None, None, None]) -> None:
        """Do `work`, which continues after the call that started it, and record it in a line of its own.

        Raises:
            AuditError: It was done, and cannot be recorded.
        """
        begun_by = current_call()
        if begun_by is None:
            return await work
        call, outcome, started = begun_by.in_background(), "ok", perf_counter()
        try:
            with auditing(call):
                await work
        except BaseException as error:
            outcome = error.code if isinstance(error, SalesforceError) else "cancelled"
            raise
        finally:
            if outcome != "cancelled":
                await call.identify()
            self.keep(call, outcome, (perf_counter() - started) * 1000)

    async def _watched(self, call: AuditedCall, request: Request, exchange: RequestSender) -> Answer:
        change, writes = current_change(), await self._writes_in(request)
        if writes and not (change and change.is_preview):
            await self._begin(call, change, writes)
        try:
            answer = await exchange(request)
        except BaseException as error:
            if writes:
                is_known = isinstance(error, SalesforceError) and not error.is_outcome_unknown
                failed = tuple(Outcome(each.record_id) for each in writes) if is_known else ()
                call.note_written(change, writes, failed)
            elif isinstance(error, SalesforceError):
                call.note_refused(request)
            raise
        self._jobs.note(request, answer)
        if writes:
            call.note_written(change, writes, outcomes_of(request, answer.value))
        else:
            call.note_read(request, answer.value)
        return answer

    async def _writes_in(self, request: Request) -> tuple[Write, ...]:
        with suppress(SalesforceError):
            await self._jobs.read_file(request)
            return await self._jobs.writes_of(request) or writes_of(request)
        return ()

    async def _begin(self, call: AuditedCall, change: Change | None, writes: tuple[Write, ...]) -> None:
        if change:
            call.change = change
            call.owner = await change.owner()
        try:
            self._trail.begin(call.call_id, call.begun(writes))
        except AuditError as error:
            self._let_pass(error, call)
        else:
            call.is_begun = True

    def _let_pass(self, error: AuditError, call: AuditedCall) -> None:
        """Continue without a record if the settings allow that.

        Raises:
            AuditError: They do not.
        """
        if not self._is_required:
            if not self._is_warned:
                _log.warning("Calls are not recorded: %s", error.message)
            self._is_warned = True
            return
        done = "The call was made. Do not repeat it." if call.has_written else "Nothing was changed."
        refusal = AuditError(f"{error.message} {done}")
        refusal.change_id = call.change_id
        raise refusal from None
