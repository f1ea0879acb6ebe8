"""The exports of a server: started, looked at, resumed, aborted; each by the name of its file."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import asdict
from typing import Final, TypeAlias

from mcp_salesforce.policy.errors import PolicyRefusedError
from mcp_salesforce.salesforce import InvalidArgumentError, NotFoundError, SalesforceError
from mcp_salesforce.salesforce.errors import refused
from mcp_salesforce.soql import parse
from mcp_salesforce.tools.files.exporting import Export, sent
from mcp_salesforce.tools.files.folder import FilesFolder, folder_of, known_suffix
from mcp_salesforce.tools.files.selection import Selection, selection_of
from mcp_salesforce.tools.files.state import ExportFiles, ExportState
from mcp_salesforce.tools.files.tables import SUFFIXES, Layout, writer_of
from mcp_salesforce.tools.framework.session import OrgSession

Tell: TypeAlias = Callable[[ExportState], Awaitable[None]]
_EVERY_S: Final = 1.0
_ON_ANOTHER: Final = "Its file is on another server of the team. If the link fails, open it again, or export again."


class Exports:
    """The exports to one folder."""

    def __init__(self, folder: FilesFolder) -> None:
        """Write below `folder`."""
        self.folder = folder
        self._running: dict[str, tuple[ExportState, asyncio.Task[None]]] = {}

    async def start(
        self, org: OrgSession, name: str, selection: Selection, layout: Layout, *, overwrite: bool, query_all: bool
    ) -> str:
        """Begin an export to the file `name`, or continue the same one if it was interrupted; return its name.

        Raises:
            InvalidArgumentError: The file exists, cannot be written, or another export is writing it.
        """
        files = ExportFiles(self.folder.for_new(name, overwrite=overwrite))
        name = self.folder.name_of(files.path)
        if name in self._running and not self._running[name][1].done():
            raise _is_running(name)
        writer_of(layout, selection.columns, selection.types)
        state = ExportState(
            sent(selection), query_all, layout.saved(), overwrite, [*selection.columns], [*selection.types],
            [*await org.owner()],
        )  # fmt: skip
        kept = files.load()
        if kept is None and (kept := await self._elsewhere(org, name)) and kept.state == "running":
            raise _is_running(name)
        if kept and kept.job_id and kept.state != "done" and kept.is_of(state):
            kept.overwrite = overwrite
            state = kept
        await self._run(org, name, files, state, selection)
        return name

    def forget(self, name: str) -> None:
        """Forget an export that is done; its file stays."""
        self._running.pop(name, None)
        ExportFiles(self.folder.place(name)).forget(rows=False)

    async def resume(self, org: OrgSession, name: str) -> ExportState:
        """Continue an export that was interrupted or aborted, or that failed.

        Raises:
            InvalidArgumentError: There is none, it is done, or it is another user's.
        """
        name, files, state = await self._own(org, name)
        if state.state in {"done", "running"}:
            raise refused(f"The export to {name} is {state.state}.", hint="To see its state, omit action.")
        selection = await selection_of(org, parse(state.soql))
        if not state.job_id:
            _begin_again(state)
        await self._run(org, name, files, state, selection)
        return state

    async def abort(self, org: OrgSession, name: str) -> ExportState:
        """End an export; its rows so far are removed, and so is its bulk job.

        Raises:
            InvalidArgumentError: There is none, it is done, or it is another user's or server's.
        """
        name, files, state = await self._own(org, name)
        if state.state == "done":
            raise refused(f"The export to {name} is done.", hint="Its file is complete.")
        if state.state == "running" and name not in self._running:
            return await self._asked_to_abort(org, name)
        if name in self._running:
            _, task = self._running.pop(name)
            task.cancel()
            with suppress(asyncio.CancelledError, SalesforceError):
                await task
        state.state = "aborted"
        files.forget()
        if org.jobs:
            await org.jobs.keep(await org.owner(), name, asdict(state))
        if state.job_id:
            with suppress(SalesforceError):
                await org.client.bulk.abort("query", state.job_id)
            with suppress(SalesforceError):
                await org.client.bulk.delete("query", state.job_id)
        return state

    async def state(self, org: OrgSession, name: str) -> ExportState:
        """Return how far an export is.

        Raises:
            InvalidArgumentError: There is none.
        """
        return (await self._kept(org, name))[2]

    async def _asked_to_abort(self, org: OrgSession, name: str) -> ExportState:
        """Let the replica abort an export that writes it."""
        known = await org.jobs.ask(await org.owner(), name, "abort") if org.jobs else None
        if known is None or known.state["state"] != "aborted":
            raise _is_running(name)
        return ExportState(**known.state)

    def length_of_whole(self, name: str) -> int | None:
        """Return how many bytes a file has that no export is writing; None without a file.

        Raises:
            InvalidArgumentError: The name leads out of the folder.
        """
        files = ExportFiles(self.folder.place(name))
        if self.folder.name_of(files.path) in self._running or files.load():
            return None
        return files.path.stat().st_size if files.path.is_file() else None

    async def wait(self, org: OrgSession, name: str, seconds: float, tell: Tell) -> ExportState:
        """Wait for an export, `seconds` at most, and let `tell` say each second how far it is.

        Raises:
            SalesforceError: It failed, or there is none.
        """
        name, _, kept = await self._kept(org, name)
        state, task = self._running.get(name) or (kept, None)
        ends = time.monotonic() + seconds
        while task is not None and not task.done() and (left := ends - time.monotonic()) > 0:
            await asyncio.wait({task}, timeout=min(left, _EVERY_S))
            if not task.done():
                await tell(state)
        if task is not None and task.done():
            task.result()
        return state

    async def _own(self, org: OrgSession, name: str) -> tuple[str, ExportFiles, ExportState]:
        name, files, state = await self._kept(org, name)
        if state.owner != [*await org.owner()]:
            raise refused(
                f"The export to {name} is of another user, org or policy.",
                code="NOT_YOURS",
                hint="Export again, with overwrite.",
            )
        return name, files, state

    async def _kept(self, org: OrgSession, name: str) -> tuple[str, ExportFiles, ExportState]:
        """Return an export by its file: the plain form of the name, the files, and how far it is."""
        files = ExportFiles(self.folder.place(name))
        name = self.folder.name_of(files.path)
        if name in self._running:
            return name, files, self._running[name][0]
        state = files.load()
        if state is None and (state := await self._elsewhere(org, name)):
            return name, files, state
        if state is None:
            raise refused(
                f"There is no export to {name}.",
                code="NO_SUCH_JOB",
                hint="Give the path that you gave to salesforce_export.",
                fields=["job"],
            )
        if state.state == "running" and not files.is_locked():
            state.state = "interrupted"
        return name, files, state

    async def _elsewhere(self, org: OrgSession, name: str) -> ExportState | None:
        """Return an export that another replica has begun; here, it continues from the first row of its job."""
        known = await org.jobs.find(await org.owner(), name) if org.jobs else None
        if known is None:
            return None
        state = ExportState(**known.state)
        if state.state == "done":
            state.hint = _ON_ANOTHER
        elif not known.is_running:
            state.state = "interrupted" if state.state == "running" else state.state
            state.rows = state.bytes = 0
            state.locator, state.first = "", []
        return state

    async def _run(
        self, org: OrgSession, name: str, files: ExportFiles, state: ExportState, selection: Selection
    ) -> None:
        state.state, state.error, state.hint = "running", "", ""
        state.started, state.rows_before = time.time(), state.rows
        files.save(state)
        owner = await org.owner()

        def obey(_: str) -> None:
            org.background.start(self._aborted(org, name))

        if org.jobs:
            await org.jobs.begin(owner, name, lambda: asdict(state), obey)
        self._running[name] = state, org.background.start(self._ended(org, owner, name, files, state, selection))

    async def _ended(
        self,
        org: OrgSession,
        owner: Sequence[str],
        name: str,
        files: ExportFiles,
        state: ExportState,
        selection: Selection,
    ) -> None:
        try:
            await _running(org, files, state, selection)
        finally:
            if org.jobs:
                await org.jobs.end(owner, name)

    async def _aborted(self, org: OrgSession, name: str) -> None:
        with suppress(SalesforceError):
            await self.abort(org, name)


async def _running(org: OrgSession, files: ExportFiles, state: ExportState, selection: Selection) -> None:
    try:
        with files.locked():
            try:
                await Export(org, files, state).run(selection)
            except (NotFoundError, PolicyRefusedError):
                if not state.job_id:
                    raise
                _begin_again(state)  # the job's days are over, or the policy does not know it any more
                await Export(org, files, state).run(selection)
            files.save(state)
    except SalesforceError as error:
        if error.code != "FILE_EXISTS":
            error.hint = _done_so_far(state, error.hint)
        state.state, state.error, state.hint = "failed", error.message, error.hint
        with suppress(InvalidArgumentError):
            if state.job_id:
                files.save(state)
            else:
                files.forget()  # no rows to continue from
        raise


def _done_so_far(state: ExportState, hint: str) -> str:
    """Return what is done and how it goes on, before `hint`, which may be long."""
    if not state.job_id:
        return f"No file was written: export again later. {hint}"
    of = f" of {state.total:,}" if state.total else ""
    return f"{state.rows:,}{of} rows are written to a hidden file. Resume it with salesforce_job later. {hint}"


def _begin_again(state: ExportState) -> None:
    state.job_id = state.locator = ""
    state.rows = state.bytes = 0
    state.total, state.first = None, []


def _is_running(name: str) -> InvalidArgumentError:
    return refused(f"An export to {name} is running.", code="IN_USE", hint="Check it with salesforce_job, or abort it.")


def exports_of(org: OrgSession) -> Exports:
    """Return the exports of a session.

    Raises:
        InvalidArgumentError: The settings name no folder for files.
    """
    folder = folder_of(org.files)
    return org.background.keeper(Exports, lambda: Exports(folder))


def layout_of(name: str, layout: Layout) -> Layout:
    """Return the layout with the format that a file's name ends in.

    Raises:
        InvalidArgumentError: It ends in none.
    """
    suffix = known_suffix(name, SUFFIXES, "a name")
    delimiter = "tab" if suffix == ".tsv" and layout.delimiter == "," else layout.delimiter
    return Layout(SUFFIXES[suffix], delimiter, layout.line_ending, layout.bom, layout.escape_formulas)
