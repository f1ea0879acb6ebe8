"""The imports of a server as far as they are checked; each by its Id."""

import asyncio
from contextlib import suppress
from typing import Any, Final

from mcp_salesforce.changes.import_parts import no_such_import
from mcp_salesforce.changes.import_store import ImportStore
from mcp_salesforce.changes.long_work import Permit
from mcp_salesforce.salesforce import InvalidArgumentError
from mcp_salesforce.salesforce.errors import refused
from mcp_salesforce.tools.files.folder import FilesFolder
from mcp_salesforce.tools.files.import_sending import Sending
from mcp_salesforce.tools.files.import_state import ImportState
from mcp_salesforce.tools.files.preparing import Preparation, changed, source_of
from mcp_salesforce.tools.files.team_imports import TeamImports, require_here
from mcp_salesforce.tools.framework.session import OrgSession

CAN_BE_RESUMED: Final = frozenset({"paused", "interrupted", "failed"})
"""The states of an import from which it goes on."""


class CheckedImports:
    """The imports of one session, until they are sent."""

    def __init__(self, org: OrgSession, store: ImportStore, folder: FilesFolder | None) -> None:
        """Read files below `folder`, and keep the imports in `store`."""
        self._org, self.linked = org, org.linked
        self.store = store
        self._team = TeamImports(org, store)
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
        state.digest = await self._digest(state)
        asked = self.store.digest_of(state.saved_form() | {"started": 0})
        if goes and (begun := await self._unfinished(state)):
            return begun, await self.load(begun)
        if goes and (known := self._checked.get(asked)) and (kept := await self.load(known)).state == "checked":
            return known, kept
        owner = await self._org.owner()
        source = state.source(self.store, owner)
        await self._settle_lost(source)
        import_id = self.store.add(owner, source, state.saved_form())
        await self._prepare(import_id, state)
        await self._keep_checked(import_id, state)
        self._checked = {asked: import_id}
        return import_id, state

    async def _keep_checked(self, import_id: str, state: ImportState) -> None:
        self.store.save(import_id, state.saved_form())
        await self._team.keep(import_id, state)

    async def _prepare(self, import_id: str, state: ImportState) -> None:
        try:
            await Preparation(self._org, self.store, self._folder, import_id, state).run()
        except BaseException:
            self.store.forget(import_id)
            raise

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
        await self._require_unchanged(await self._adopt(import_id, state))
        before = dict(state.fixes)
        for number, fix in fixes.items():
            state.fixes[number] = {**(before.get(number) or {}), **fix} if fix is not None else None
        if state.fixes == before:
            return state  # the same call, made again when a person has approved it
        await Preparation(self._org, self.store, self._folder, import_id, state).run()
        await self._keep_checked(import_id, state)
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
            if state := await self._team.find(import_id):
                return state
            raise no_such_import(import_id)
        kept, is_held = found
        state = ImportState(**kept)
        if state.state == "checked" and (other := await self._team.find(import_id)) and other.state != "checked":
            return other
        if state.state == "running" and not is_held:
            state.state = "interrupted"
        return state

    async def _adopt(self, import_id: str, state: ImportState) -> ImportState:
        """Check here what another replica has checked, and nobody has sent."""
        if state.is_elsewhere and state.state == "checked":
            state.is_elsewhere = False
            owner = await self._org.owner()
            self.store.add(owner, state.source(self.store, owner), state.saved_form(), import_id)
            await self._prepare(import_id, state)
            self.store.save(import_id, state.saved_form())
        require_here(import_id, state)
        return state

    async def _unfinished(self, state: ImportState) -> str:
        """Return the Id of an import of the same unchanged file that was begun and not finished, if there is one."""
        owner = await self._org.owner()
        with suppress(InvalidArgumentError):
            for import_id in self.store.of_source(state.source(self.store, owner)):
                kept = await self.load(import_id)
                if kept.state in CAN_BE_RESUMED and kept.digest == state.digest:
                    return import_id
        return ""

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
