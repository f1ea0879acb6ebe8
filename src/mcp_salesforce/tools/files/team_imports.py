"""Imports where several replicas serve: what one has checked or sent, the others know of."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from mcp_salesforce.changes.import_store import ImportStore
from mcp_salesforce.salesforce import SalesforceError
from mcp_salesforce.store.shared_jobs import SharedJobs, made_elsewhere
from mcp_salesforce.tools.files.import_state import ImportState
from mcp_salesforce.tools.framework.session import OrgSession

_REPEAT: Final = "Repeat the call: it may reach that server. If that server does not come back, abort the import first"


class TeamImports:
    """The imports of all replicas; for the server of one person it knows of none."""

    def __init__(self, org: OrgSession, store: ImportStore) -> None:
        """Tell the others of what is in `store`."""
        self._org = org
        self._store = store
        self._jobs: SharedJobs | None = org.jobs

    async def find(self, import_id: str) -> ImportState | None:
        """Return an import that another replica has checked or sent; None if there is none."""
        known = await self._jobs.find(await self._org.owner(), import_id) if self._jobs else None
        if known is None:
            return None
        state = ImportState(**known.state)
        state.is_elsewhere = True
        if state.state == "running" and not known.is_running:
            state.state = "interrupted"
        return state

    async def keep(self, import_id: str, state: ImportState) -> None:
        """Let the others know an import that nobody works on; with its rows, as long as none was sent."""
        if self._jobs:
            await self._jobs.keep(await self._org.owner(), import_id, told(state))

    async def claim(self, import_id: str, state: ImportState) -> None:
        """Let this place alone send a table: it knows which of its rows are saved.

        Raises:
            InvalidArgumentError: Another one has begun to send it.
        """
        if self._jobs is None:
            return
        owner = await self._org.owner()
        other = await self._jobs.claim(owner, _work(self._store, state, owner), self._store.place, import_id)
        if other:
            raise made_elsewhere(
                f"The import {other} of the same table", f"{_REPEAT}: {other}. Its saved rows would be created again."
            )

    async def begin(self, import_id: str, state: ImportState, obey: Callable[[str], None]) -> None:
        """Work on an import until `end`."""
        if self._jobs:
            await self._jobs.begin(await self._org.owner(), import_id, lambda: told(state), obey)

    async def end(self, import_id: str) -> None:
        """Keep how it ended."""
        if self._jobs:
            await self._jobs.end(await self._org.owner(), import_id)

    async def ask(self, import_id: str, what: str) -> ImportState | None:
        """Ask the replica that sends an import to pause or abort it; return how far it is then."""
        if self._jobs:
            await self._jobs.ask(await self._org.owner(), import_id, what)
        return await self.find(import_id)

    async def give_up(self, import_id: str, state: ImportState) -> ImportState:
        """Abort an import whose server is gone: its table can be imported by any other server again."""
        state.state = state.state if state.state == "done" else "aborted"
        state.error, state.hint = (
            "",
            "Any server can import its table now; rows that are saved are saved again.",
        )
        await self.keep(import_id, state)
        owner = await self._org.owner()
        if self._jobs:
            await self._jobs.release(owner, _work(self._store, state, owner))
        return state


def require_here(import_id: str, state: ImportState) -> None:
    """Refuse what needs the rows of an import that are on another server.

    Raises:
        InvalidArgumentError: They are.
    """
    if state.is_elsewhere:
        raise refused_elsewhere(import_id)


def refused_elsewhere(import_id: str) -> SalesforceError:
    """Return the refusal of what needs the rows of an import on another server."""
    return made_elsewhere(f"The import {import_id}", f"{_REPEAT}; rows that it saved are created again then.")


def told(state: ImportState) -> dict[str, Any]:
    """Return what the store keeps of an import for other replicas: its rows too, while they may check it themselves."""
    if state.state == "checked":
        return state.saved_form()
    return replace(state, columns=[], rows=[], fixes={}, samples={}).saved_form()


def _work(store: ImportStore, state: ImportState, owner: tuple[str, ...]) -> str:
    return state.source(store, owner).hex()
