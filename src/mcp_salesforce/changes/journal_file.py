"""The journal of one user's processes, in a file of the user's own, encrypted."""

import logging
import secrets
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import orjson

from mcp_salesforce.changes.change import Change, Step
from mcp_salesforce.changes.journal import (
    KEPT_FOR,
    Entry,
    JournalError,
    State,
    is_being_undone,
    is_undone_already,
    state_of,
    step_of,
)
from mcp_salesforce.changes.kept_file import Holders, Seal, make_tables, opened, reason_of
from mcp_salesforce.changes.writes import counted

_EXPIRED_EVERY: Final = timedelta(hours=1)
_APPLICATION_ID: Final = 0x53464A31  # "SFJ1"
_ID_BYTES: Final = 4
_PAGE_BYTES: Final = 1024  # a change is a few hundred bytes, and each page that has some of it is written whole
_PAGES_AT_ONCE: Final = 4000  # between two waits for the disk
_log = logging.getLogger(__name__)
_TABLES: Final = """
CREATE TABLE change (
    id TEXT PRIMARY KEY, at REAL NOT NULL, org TEXT NOT NULL, user TEXT NOT NULL, tool TEXT NOT NULL,
    holder TEXT NOT NULL, state TEXT NOT NULL, undoes TEXT NOT NULL);
CREATE INDEX change_of ON change (org, user, at);
CREATE TABLE step (
    change TEXT NOT NULL REFERENCES change ON DELETE CASCADE, number INTEGER NOT NULL, sealed BLOB NOT NULL,
    PRIMARY KEY (change, number)) WITHOUT ROWID
"""


class _UnreadableError(JournalError):
    """A change cannot be read, and others can."""


@dataclass(frozen=True, slots=True)
class Overview:
    """What a person reads of a change; `counts` has records by action and object, None if the key is another one."""

    change_id: str
    at: float
    org: str
    user: str
    tool: str
    state: State
    counts: Mapping[tuple[str, str], int] | None


class JournalFile:
    """The changes that one user's processes make, in one SQLite file; JournalError says why it cannot be used."""

    def __init__(self, file: Path, key: Callable[[], bytes], *, now: Callable[[], float], is_wanted: bool) -> None:
        """Use `file`, which is made with its folder at the first write; only its owner can read it.

        Args:
            file: The file.
            key: Gives 32 bytes, by which values are encrypted (AES-GCM).
            now: The time in Unix seconds.
            is_wanted: Whether nothing may be written to the org where the file cannot be used. Without it such a file
                is left out, and `off_because` says why.
        """
        self._file = file
        self._seal = Seal(key)
        self._now = now
        self._is_wanted = is_wanted
        self._holders = Holders(file)
        self._expire_at = 0.0
        self._unkept: set[str] = set()
        self._ended: dict[str, Change] = {}
        self.off_because = ""

    async def close(self) -> None:
        """Release the file."""
        self.release()

    def release(self) -> None:
        """Release the file; as `close`, for who has no event loop."""
        if "_opened" in self.__dict__:
            self._opened.close()
            self._holders.release()

    def __repr__(self) -> str:
        return "<JournalFile>"

    async def begin(self, change: Change, step: Step) -> None:
        """Keep `step`, the last one of `change`, before it is sent."""
        owner = await change.owner()
        if not self._is_usable():
            return
        with self._refusing(), self._database:
            if not change.change_id:
                change_id = secrets.token_hex(_ID_BYTES)
                row = (change_id, self._now(), *owner[:2], change.tool, self._holders.own, "open", change.undoes)
                self._database.execute("INSERT INTO change VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
                self._require_undone_once(change.undoes)
                change.change_id = change_id
            self._keep(change, step)

    def _require_undone_once(self, undone: str) -> None:
        """Refuse to undo a change that another call has undone meanwhile, or is undoing.

        No other process can begin to undo it before the transaction that this is in ends.
        """
        if not undone:
            return
        query = "SELECT holder FROM change WHERE undoes = ? AND state = 'open'"
        holders = [holder for (holder,) in self._database.execute(query, (undone,))]
        is_undone = self._database.execute(
            "SELECT 1 FROM change WHERE id = ? AND state = 'undone'", (undone,)
        ).fetchone()
        if is_undone:
            raise is_undone_already(undone)
        if holders.count(self._holders.own) > 1 or any(
            self._holders.is_alive(each) for each in {*holders} - {self._holders.own}
        ):
            raise is_being_undone(undone)

    async def end(self, change: Change, step: Step) -> None:
        """Keep the outcome of `step`; if that fails, it is kept when the change is closed."""
        if not change.change_id:
            return
        try:
            with self._database:
                self._keep(change, step)
        except sqlite3.Error:
            self._unkept.add(change.change_id)

    async def close_change(self, change: Change) -> None:
        """Keep that a change writes nothing more; if that fails, it is tried again at the next use of the file."""
        if change.change_id:
            self._ended[change.change_id] = change
            await self._close_ended()

    async def _close_ended(self) -> None:
        for change_id, change in list(self._ended.items()):
            try:
                if change_id in self._unkept:
                    await self.settle((), change_id, change.steps)
                else:
                    await self.mark((), change_id, state_of(change.steps))
            except JournalError as error:
                _log.warning("How a change ended is not yet in the journal: %s", error.message)
                return
            del self._ended[change_id]
            self._unkept.discard(change_id)

    async def mark(self, _owner: Sequence[str], change_id: str, state: State) -> None:
        """Keep the state of a change."""
        with self._refusing(), self._database:
            self._database.execute("UPDATE change SET state = ? WHERE id = ?", (state, change_id))

    async def settle(self, _owner: Sequence[str], change_id: str, steps: Sequence[Step]) -> None:
        """Keep what was found out about the steps of a change."""
        with self._refusing(), self._database:
            for number, step in enumerate(steps):
                sealed = self._seal.seal(step, _place(change_id, number))
                self._database.execute(
                    "UPDATE step SET sealed = ? WHERE change = ? AND number = ?", (sealed, change_id, number)
                )
            self._database.execute("UPDATE change SET state = ? WHERE id = ?", (state_of(steps), change_id))

    async def entries(self, org: str, user: str, *, change_id: str = "", most: int = 20) -> list[Entry]:
        """Return the changes of a user in an org, the newest first; or the one with an Id."""
        await self._close_ended()
        where, named = ("AND id = ?", (change_id,)) if change_id else ("", ())
        with self._refusing():
            rows = self._database.execute(
                f"SELECT id, at, tool, state, undoes, holder FROM change WHERE org = ? AND user = ? {where} "  # noqa: S608
                "ORDER BY at DESC, rowid DESC LIMIT ?",
                (org, user, *named, most),
            ).fetchall()
        found: list[Entry] = []
        unreadable: _UnreadableError | None = None
        for row in rows:
            try:
                found.append(self._entry(*row))
            except _UnreadableError as error:  # of an earlier key, say: it hides no other change
                unreadable = error
        if unreadable and not found:
            raise unreadable
        return found

    def overview(self) -> list[Overview]:
        """Return all that is kept, of every org and user, the newest first: never a value."""
        with self._refusing():
            rows = self._database.execute(
                "SELECT id, at, tool, state, undoes, holder, org, user FROM change ORDER BY at DESC, rowid DESC"
            ).fetchall()
        return [self._overview(row[:6], *row[6:]) for row in rows]

    def _overview(self, row: tuple[Any, ...], org: str, user: str) -> Overview:
        change_id, at, tool, state, *_ = row
        try:
            writes = [write for step in self._entry(*row).steps for write in step.writes]
        except JournalError:
            return Overview(change_id, at, org, user, tool, state, None)
        return Overview(change_id, at, org, user, tool, state, counted(writes, "record"))

    def clear(self) -> int:
        """Forget every change that is not being made; return how many they were."""
        with self._refusing():
            rows = self._database.execute("SELECT id, holder FROM change WHERE state = 'open'").fetchall()
        left = [change_id for change_id, holder in rows if self._holders.is_alive(holder)]
        with self._refusing(), self._database:
            cleared = self._database.execute(
                "DELETE FROM change WHERE id NOT IN (SELECT value FROM json_each(?))", (orjson.dumps(left).decode(),)
            )
        with self._refusing():
            self._database.execute("VACUUM")
        return cleared.rowcount

    def _is_usable(self) -> bool:
        """Tell whether the file can be used."""
        try:
            with self._refusing():
                return not self.off_because and bool(self._database)
        except JournalError as error:
            if self._is_wanted:
                raise
            self.off_because = error.message
            _log.warning("Changes are not recorded and cannot be undone: %s", error.message)
            return False

    @property
    def _database(self) -> sqlite3.Connection:
        """The file, without what is too old to be undone: a server may run for longer than that."""
        if self._now() >= self._expire_at and not self._opened.in_transaction:
            self._expire_at = self._now() + _EXPIRED_EVERY.total_seconds()
            with self._opened as database:
                database.execute("DELETE FROM change WHERE at < ?", (self._now() - KEPT_FOR.total_seconds(),))
        return self._opened

    @cached_property
    def _opened(self) -> sqlite3.Connection:
        return opened(self._file, self._prepare)

    def _prepare(self, database: sqlite3.Connection) -> None:
        foreign = JournalError(f"{self._file} is another program's file.")
        make_tables(database, _APPLICATION_ID, _TABLES, foreign, page_bytes=_PAGE_BYTES)
        database.execute("PRAGMA foreign_keys = ON")
        database.execute("PRAGMA synchronous = NORMAL")  # a killed process loses nothing
        database.execute(f"PRAGMA wal_autocheckpoint = {_PAGES_AT_ONCE}")
        self._holders.hold()

    def _keep(self, change: Change, step: Step) -> None:
        number = len(change.steps) - 1
        sealed = self._seal.seal(step, _place(change.change_id, number))
        self._database.execute("INSERT OR REPLACE INTO step VALUES (?, ?, ?)", (change.change_id, number, sealed))

    def _entry(self, change_id: str, at: float, tool: str, state: State, undoes: str, holder: str) -> Entry:
        with self._refusing():
            rows = self._database.execute(
                "SELECT number, sealed FROM step WHERE change = ? ORDER BY number", (change_id,)
            )
            steps = tuple(self._unsealed(change_id, number, sealed) for number, sealed in rows)
        is_under_way = state == "open" and self._holders.is_alive(holder)
        return Entry(change_id, at, tool, state, undoes, steps, is_under_way)

    def _unsealed(self, change_id: str, number: int, sealed: bytes) -> Step:
        from cryptography.exceptions import InvalidTag

        try:
            kept: dict[str, Any] = self._seal.unseal(sealed, _place(change_id, number))
        except InvalidTag:
            raise _UnreadableError(
                f"Change {change_id} was encrypted with another key, or is damaged.",
                hint="Set SALESFORCE_STATE_KEY as it was, or clear the journal: mcp-salesforce journal clear",
            ) from None
        return step_of(kept)

    @contextmanager
    def _refusing(self) -> Iterator[None]:
        try:
            yield
        except (OSError, sqlite3.Error) as error:
            raise JournalError(f"The journal {self._file} cannot be used: {reason_of(error)}.") from None


def _place(change_id: str, number: int) -> str:
    return f"{change_id}/{number}"
