"""The imports of a server: checked, sent, looked at, paused, resumed, aborted; each by its Id."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final, TypeAlias

from mcp_salesforce.changes.long_work import Permit, approved
from mcp_salesforce.salesforce import SalesforceError
from mcp_salesforce.salesforce.errors import refused
from mcp_salesforce.tools.files.bad_rows import write_bad_rows
from mcp_salesforce.tools.files.checked_imports import CAN_BE_RESUMED, CheckedImports
from mcp_salesforce.tools.files.folder import FilesFolder
from mcp_salesforce.tools.files.import_sending import PausedError, Sending
from mcp_salesforce.tools.files.import_state import ImportState
from mcp_salesforce.tools.files.team_imports import require_here
from mcp_salesforce.tools.framework.session import OrgSession

Tell: TypeAlias = Callable[[ImportState], Awaitable[None]]
_EVERY_S: Final = 1.0
_SEE_IT: Final = "See it with salesforce_job."


class Imports(CheckedImports):
    """The imports of one session."""

    async def go(self, import_id: str) -> ImportState:
        """Have an import approved, and begin to send it, or continue it.

        Raises:
            ApprovalNeededError: A person has to be asked first.
            InvalidArgumentError: It is running, over, or its file changed; nothing was sent.
        """
        state = await self.load(import_id)
        if state.state in {"running", "done", "aborted"}:
            raise refused(f"The import {import_id} is {state.state}.", code="IN_USE", hint=_SEE_IT)
        await self._adopt(import_id, state)
        if state.state == "checked":
            await self._require_unchanged(state)
        left = self._left(import_id)
        if left:
            permit = approved(state.work(left), left)
            if permit is None:
                return state  # a preview
        else:
            permit = Permit(state.work(0), 0)
        await self._team.claim(import_id, state)
        await self._require_settled(import_id, state)
        state.is_approved = True
        await self._start(import_id, state, permit)
        return state

    async def resume(self, import_id: str) -> ImportState:
        """Continue an import that was approved, and paused or interrupted, or that failed.

        Raises:
            InvalidArgumentError: It was not approved, or there is nothing to continue.
        """
        state = await self.load(import_id)
        if state.state not in CAN_BE_RESUMED or not state.is_approved:
            hint = "Send it with salesforce_import and go." if state.state == "checked" else "To see it, omit action."
            raise refused(f"The import {import_id} is {state.state}.", code="IN_USE", hint=hint)
        require_here(import_id, state)
        await self._team.claim(import_id, state)
        left = self._left(import_id)
        await self._start(import_id, state, Permit(state.work(left), left))
        return state

    async def pause(self, import_id: str) -> ImportState:
        """Let an import stop when what is running has ended.

        Raises:
            InvalidArgumentError: It is not running here.
        """
        state = await self.load(import_id)
        if state.state == "running" and import_id not in self._running:
            return await self._asked(import_id, "pause")
        state, sending, _ = self._here(import_id, state)
        sending.is_paused = True
        return state

    async def abort(self, import_id: str) -> ImportState:
        """End an import: rows that are saved stay, the others are not sent.

        Raises:
            InvalidArgumentError: It is over, or another server is sending it.
        """
        state = await self.load(import_id)
        if state.is_elsewhere and state.state != "running":
            return await self._team.give_up(import_id, state)
        if state.state in {"done", "aborted"}:
            raise refused(f"The import {import_id} is {state.state}.", code="IN_USE", hint="Nothing is left to end.")
        if state.state == "running" and import_id not in self._running:
            return await self._asked(import_id, "abort")
        if state.state == "running":
            _, sending, task = self._here(import_id, state)
            sending.is_paused = True
            jobs = [part.job for part in self.store.parts(import_id) if part.job and part.state == "sent"]
            for job in jobs:
                with suppress(SalesforceError):
                    await self._org.client.bulk.abort("ingest", job)
            with suppress(SalesforceError, PausedError, asyncio.CancelledError):
                await task
            self._running.pop(import_id, None)
        state.state, state.error, state.hint = "aborted", "", ""
        self.store.forget_values(import_id)
        self.store.save(import_id, state.saved_form(), hold=False)
        await self._team.keep(import_id, state)
        return state

    async def _asked(self, import_id: str, what: str) -> ImportState:
        """Let the server that sends an import pause or abort it."""
        state = await self._team.ask(import_id, what)
        if state is None or state.state == "running":
            raise refused(
                f"The import {import_id} is running.", code="IN_USE", hint="Another server is sending it. Try again."
            )
        return state

    async def wait(self, import_id: str, seconds: float, tell: Tell) -> ImportState:
        """Wait for an import, `seconds` at most, and let `tell` say each second how far it is."""
        state = await self.load(import_id)
        running = self._running.get(import_id)
        ends = time.monotonic() + seconds
        while running and not running[2].done() and (left := ends - time.monotonic()) > 0:
            await asyncio.wait({running[2]}, timeout=min(left, _EVERY_S))
            if not running[2].done():
                await tell(state)
        return await self.load(import_id)

    def _here(self, import_id: str, state: ImportState) -> tuple[ImportState, Sending, "asyncio.Task[None]"]:
        if import_id not in self._running:
            where = "Another server is sending it." if state.state == "running" else "To see it, omit action."
            raise refused(f"The import {import_id} is {state.state}.", code="IN_USE", hint=where)
        return self._running[import_id]

    def _left(self, import_id: str) -> int:
        return sum(part.rows for part in self.store.parts(import_id) if part.state != "done")

    def _done_so_far(self, import_id: str, state: ImportState) -> str:
        """Say how many rows are saved, and how many are not sent; of sent ones whose outcome is not known, say that."""
        sent = sum(part.rows for part in self.store.parts(import_id) if part.state == "sent")
        unknown = f" Of {sent} sent rows the outcome is not known; resuming finds it out." if sent else ""
        return f"{state.saved} rows are saved, {state.ready - state.done - sent} are not sent.{unknown}"

    async def _require_settled(self, import_id: str, state: ImportState) -> None:
        """Refuse to send rows that an earlier import has sent: the check of this one did not know that.

        What earlier ones have left is sent by this one, so they cannot be resumed.

        Raises:
            InvalidArgumentError: There are some.
        """
        source = state.source(self.store, await self._org.owner())
        if saved := await self._settle_lost(source, import_id):
            raise refused(
                f"{saved} rows were saved by an earlier import of the same table.",
                code="FILE_CHANGED",
                hint="Nothing more was sent. Check the file again: these rows are left out then.",
            )
        for other in self.store.of_source(source):
            if other != import_id and (kept := await self.load(other)).state in CAN_BE_RESUMED:
                kept.state = "aborted"
                self.store.save(other, kept.saved_form(), hold=False)

    async def _start(self, import_id: str, state: ImportState, permit: Permit) -> None:
        state.state, state.error, state.hint = "running", "", ""
        state.started, state.before = time.time(), state.done
        self.store.save(import_id, state.saved_form())
        sending = Sending(self._org, self.store, import_id, state, permit=permit)
        await self._team.begin(import_id, state, lambda what: self._obey(import_id, what))
        task = self._org.background.start(self._run(import_id, state, sending))
        self._running[import_id] = state, sending, task

    def _obey(self, import_id: str, what: str) -> None:
        """Do what another replica was asked for."""

        async def obey() -> None:
            with suppress(SalesforceError):
                await (self.pause(import_id) if what == "pause" else self.abort(import_id))

        self._org.background.start(obey())

    async def _run(self, import_id: str, state: ImportState, sending: Sending) -> None:
        try:
            await sending.run()
            if self._folder:
                await asyncio.to_thread(write_bad_rows, self.store, self._folder, import_id, state)
            state.state = "done"
            self.store.forget_values(import_id)
        except PausedError:
            state.state = "paused"
        except SalesforceError as error:
            state.state, state.error = "failed", error.message
            resume = "" if "esume" in error.hint else "Then resume it."
            state.hint = " ".join(filter(None, [self._done_so_far(import_id, state), error.hint, resume]))
        finally:
            if state.state != "running":
                self.store.save(import_id, state.saved_form(), hold=False)
                self._running.pop(import_id, None)
            await self._team.end(import_id)


def imports_of(org: OrgSession) -> Imports:
    """Return the imports of a session."""
    folder = FilesFolder(org.files) if org.files else None
    return org.background.keeper(Imports, lambda: Imports(org, org.imports, folder))
