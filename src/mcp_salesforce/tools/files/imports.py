"""The imports of a server: checked, sent, looked at, paused, resumed, aborted; each by its Id."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Final, TypeAlias

from mcp_salesforce.changes.import_parts import no_such_import
from mcp_salesforce.changes.import_store import ImportStore
from mcp_salesforce.changes.long_work import Permit, approved
from mcp_salesforce.salesforce import InvalidArgumentError, SalesforceError
from mcp_salesforce.salesforce.errors import refused
from mcp_salesforce.tools.files.bad_rows import write_bad_rows
from mcp_salesforce.tools.files.folder import FilesFolder
from mcp_salesforce.tools.files.import_sending import PausedError, Sending
from mcp_salesforce.tools.files.import_state import ImportState
from mcp_salesforce.tools.files.preparing import Preparation, changed, source_of
from mcp_salesforce.tools.framework.session import OrgSession

Tell: TypeAlias = Callable[[ImportState], Awaitable[None]]
_EVERY_S: Final = 1.0
_CAN_BE_RESUMED: Final = frozenset({"paused", "interrupted", "failed"})
_SEE_IT: Final = "See it with salesforce_job."


class Imports:
    """The imports of one session."""

    def __init__(self, org: OrgSession, store: ImportStore, folder: FilesFolder | None) -> None:
        """Read files below `folder`, and keep the imports in `store`."""
        self._org, self.linked = org, org.linked
        self.store = store
        self._folder = folder
        self._running: dict[str, tuple[ImportState, Sending, asyncio.Task[None]]] = {}
        self._checked: dict[bytes, str] = {}

    async def check(self, state: ImportState, *, goes: bool) -> tuple[str, ImportState]:
        """Check a table, and return the Id of its import with what was found.

        If the call `goes` on to send it, it continues an import of the file that was begun; and what this
        session has just found out about the same table holds: a call is made again when a person has approved it.

        Raises:
            InvalidArgumentError: The table cannot be read or mapped; nothing was sent.
        """
        if not state.sobject:
            raise refused("sobject is missing.", hint="Give the object, such as Contact.", fields=["sobject"])
        if state.path and self._folder:
            place = self._folder.place(state.path)
            state.path, state.place = self._folder.name_of(place), str(place)
        asked = self.store.digest_of([state.saved_form() | {"started": 0}, await self._digest(state)])
        state.digest = await self._digest(state)
        if goes and (begun := await self._unfinished(state)):
            return begun, await self.load(begun)
        if goes and (known := self._checked.get(asked)) and (kept := await self.load(known)).state == "checked":
            return known, kept
        owner = await self._org.owner()
        source = state.source(self.store, owner)
        await self._settle_lost(source)
        import_id = self.store.add(owner, source, state.saved_form())
        try:
            await Preparation(self._org, self.store, self._folder, import_id, state).run()
        except BaseException:
            self.store.forget(import_id)
            raise
        self.store.save(import_id, state.saved_form())
        self._checked = {asked: import_id}
        return import_id, state

    async def check_again(self, import_id: str, fixes: dict[str, dict[str, Any] | None]) -> ImportState:
        """Check an import with corrections.

        Raises:
            InvalidArgumentError: It was sent already, or its file changed; nothing was sent.
        """
        state = await self.load(import_id)
        if state.state != "checked":
            raise refused(
                f"The import {import_id} is {state.state}.",
                code="IN_USE",
                hint="Import the file of the failed rows, corrected, or see salesforce_job.",
                fields=["fix"],
            )
        await self._require_unchanged(state)
        before = dict(state.fixes)
        for number, fix in fixes.items():
            state.fixes[number] = {**(before.get(number) or {}), **fix} if fix is not None else None
        if state.fixes == before:
            return state  # the same call, made again when a person has approved it
        await Preparation(self._org, self.store, self._folder, import_id, state).run()
        self.store.save(import_id, state.saved_form())
        return state

    async def load(self, import_id: str) -> ImportState:
        """Return how far an import is.

        Raises:
            InvalidArgumentError: The user has none with this Id.
        """
        if import_id in self._running:
            return self._running[import_id][0]
        found = self.store.load(await self._org.owner(), import_id)
        if found is None:
            raise no_such_import(import_id)
        kept, is_held = found
        state = ImportState(**kept)
        if state.state == "running" and not is_held:
            state.state = "interrupted"
        return state

    async def _unfinished(self, state: ImportState) -> str:
        """Return the Id of an import of the same unchanged file that was begun and not finished, if there is one."""
        owner = await self._org.owner()
        with suppress(InvalidArgumentError):
            digest = await self._digest(state)
            for import_id in self.store.of_source(state.source(self.store, owner)):
                kept = await self.load(import_id)
                if kept.state in _CAN_BE_RESUMED and kept.digest == digest:
                    return import_id
        return ""

    async def go(self, import_id: str) -> ImportState:
        """Have an import approved, and begin to send it, or continue it.

        Raises:
            ApprovalNeededError: A person has to be asked first.
            InvalidArgumentError: It is running, over, or its file changed; nothing was sent.
        """
        state = await self.load(import_id)
        if state.state in {"running", "done", "aborted"}:
            raise refused(f"The import {import_id} is {state.state}.", code="IN_USE", hint=_SEE_IT)
        if state.state == "checked":
            await self._require_unchanged(state)
        left = self._left(import_id)
        if left:
            permit = approved(state.work(left), left)
            if permit is None:
                return state  # a preview
        else:
            permit = Permit(state.work(0), 0)
        await self._require_settled(import_id, state)
        state.is_approved = True
        self._start(import_id, state, permit)
        return state

    async def resume(self, import_id: str) -> ImportState:
        """Continue an import that was approved, and paused or interrupted, or that failed.

        Raises:
            InvalidArgumentError: It was not approved, or there is nothing to continue.
        """
        state = await self.load(import_id)
        if state.state not in _CAN_BE_RESUMED or not state.is_approved:
            hint = "Send it with salesforce_import and go." if state.state == "checked" else "To see it, omit action."
            raise refused(f"The import {import_id} is {state.state}.", code="IN_USE", hint=hint)
        left = self._left(import_id)
        self._start(import_id, state, Permit(state.work(left), left))
        return state

    async def pause(self, import_id: str) -> ImportState:
        """Let an import stop when what is running has ended.

        Raises:
            InvalidArgumentError: It is not running here.
        """
        state, sending, _ = self._here(import_id, await self.load(import_id))
        sending.is_paused = True
        return state

    async def abort(self, import_id: str) -> ImportState:
        """End an import: rows that are saved stay, the others are not sent.

        Raises:
            InvalidArgumentError: It is over, or another server is sending it.
        """
        state = await self.load(import_id)
        if state.state in {"done", "aborted"}:
            raise refused(f"The import {import_id} is {state.state}.", code="IN_USE", hint="Nothing is left to end.")
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

    async def _digest(self, state: ImportState) -> str:
        return await asyncio.to_thread(source_of(state, self._folder).digest)

    async def _require_unchanged(self, state: ImportState) -> None:
        if state.path and await self._digest(state) != state.digest:
            raise changed(state.path)

    async def _settle_lost(self, source: bytes, but: str = "") -> int:
        """Find out the outcome of what earlier imports of a table have sent and nobody read; return how much was saved.

        Raises:
            InvalidArgumentError: Such an import is running.
        """
        saved = 0
        for other in self.store.unsettled(source, but):
            kept = await self.load(other)
            if kept.state == "running":
                raise refused(
                    f"The import {other} of the same table is running.",
                    code="IN_USE",
                    hint="See it with salesforce_job.",
                )
            before = kept.saved
            await Sending(self._org, self.store, other, kept, permit=Permit(kept.work(0), 0)).settle_lost()
            saved += kept.saved - before
        return saved

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
            if other != import_id and (kept := await self.load(other)).state in _CAN_BE_RESUMED:
                kept.state = "aborted"
                self.store.save(other, kept.saved_form(), hold=False)

    def _start(self, import_id: str, state: ImportState, permit: Permit) -> None:
        state.state, state.error, state.hint = "running", "", ""
        state.started, state.before = time.time(), state.done
        self.store.save(import_id, state.saved_form())
        sending = Sending(self._org, self.store, import_id, state, permit=permit)
        task = self._org.background.start(self._run(import_id, state, sending))
        self._running[import_id] = state, sending, task

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
            state.hint = " ".join(filter(None, [self._done_so_far(import_id, state), error.hint, "Then resume it."]))
        finally:
            if state.state != "running":
                self.store.save(import_id, state.saved_form(), hold=False)
                self._running.pop(import_id, None)


def imports_of(org: OrgSession) -> Imports:
    """Return the imports of a session."""
    folder = FilesFolder(org.files) if org.files else None
    return org.background.keeper(Imports, lambda: Imports(org, org.imports, folder))
