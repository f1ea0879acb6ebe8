"""Imports: what was read and checked, what was sent, and the outcome of each row, in a file beside the journal.

Rows are kept sealed, in parts that are sent as one; a part is kept as `sent` before it goes out, and its outcomes are
kept together. So a process that continues after a crash knows what is certainly done, and asks the org about the rest.
"""

import hashlib
import secrets
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any, Final

import orjson

from mcp_salesforce.changes.import_parts import TABLES, Failure, ImportStoreError, Part, PartState, Saved
from mcp_salesforce.changes.kept_file import Holders, Seal, make_tables, opened, reason_of

KEPT_FOR: Final = timedelta(days=15)
"""As long as the journal keeps a change."""
_APPLICATION_ID: Final = 0x53464931  # "SFI1"
_ID_BYTES: Final = 4
_PLACES: Final = 2**31 - 1


class ImportStore:
    """The imports of one user's processes, in one SQLite file, or in memory without one."""

    def __init__(self, file: Path | None, key: Callable[[], bytes], *, now: Callable[[], float]) -> None:
        """Use `file`, which is made at the first import; only its owner can read it.

        Args:
            file: The file; without one, memory, which ends with the process.
            key: Gives 32 bytes, by which rows are encrypted (AES-GCM).
            now: The time in Unix seconds.
        """
        self._file = file
        self._key = key
        self._seal = Seal(key)
        self._now = now
        self._holders = Holders(file) if file else None
        self._lock = Lock()  # threads of an import share the connection, and with it the transaction

    def __repr__(self) -> str:
        return "<ImportStore>"

    def close(self) -> None:
        """Release the file."""
        if "_database" in self.__dict__:
            self._database.close()
            del self._database
            if self._holders:
                self._holders.release()

    def digest_of(self, value: object) -> bytes:
        """Return what tells a JSON value from any other, and tells nobody without the key what it is."""
        return hashlib.blake2b(
            orjson.dumps(value, option=orjson.OPT_SORT_KEYS), key=self._mark_key, digest_size=16
        ).digest()

    @property
    def place(self) -> str:
        """What tells this file, or memory, from any other; processes that share it say the same."""
        with self._using() as database:
            return str(database.execute("PRAGMA user_version").fetchone()[0])

    def add(self, owner: Sequence[str], source: bytes, plan: Mapping[str, Any], import_id: str = "") -> str:
        """Keep a new import of `source`, and return its Id: a new one, or that which another place gave it."""
        import_id = import_id or secrets.token_hex(_ID_BYTES)
        with self._using() as database:
            row = (import_id, self._now(), *owner[:2], source, self._own, self._seal.seal(plan, import_id))
            database.execute("INSERT INTO import VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        return import_id

    def forget(self, import_id: str) -> None:
        """Forget an import, as if it had not been."""
        with self._using() as database:
            database.execute("DELETE FROM import WHERE id = ?", (import_id,))

    def save(self, import_id: str, plan: Mapping[str, Any], *, hold: bool = True) -> None:
        """Keep how far an import is; `hold` says that this process works on it."""
        sealed, holder = self._seal.seal(plan, import_id), self._own if hold else ""
        with self._using() as database:
            database.execute("UPDATE import SET sealed = ?, holder = ? WHERE id = ?", (sealed, holder, import_id))

    def load(self, owner: Sequence[str], import_id: str) -> tuple[dict[str, Any], bool] | None:
        """Return an import of a user, and whether another process works on it; None if there is none."""
        with self._using() as database:
            row = database.execute(
                "SELECT holder, sealed FROM import WHERE id = ? AND org = ? AND user = ?", (import_id, *owner[:2])
            ).fetchone()
        if row is None:
            return None
        holder, sealed = row
        is_held = bool(holder and self._holders and holder != self._own and self._holders.is_alive(holder))
        return self._unsealed(sealed, import_id), is_held

    def of_source(self, source: bytes) -> list[str]:
        """Return the Ids of the imports of a source, the newest first."""
        with self._using() as database:
            found = database.execute("SELECT id FROM import WHERE source = ? ORDER BY at DESC, rowid DESC", (source,))
            return [import_id for (import_id,) in found]

    def clear_rows(self, import_id: str) -> None:
        """Forget the rows of an import and what the check found, to read them again."""
        with self._using() as database:
            database.execute("DELETE FROM part WHERE import = ?", (import_id,))
            database.execute("DELETE FROM failure WHERE import = ?", (import_id,))

    def forget_values(self, import_id: str) -> None:
        """Forget the values of an import that is over; what its rows became is still known."""
        with self._using() as database:
            database.execute("DELETE FROM part WHERE import = ?", (import_id,))

    def add_part(self, import_id: str, number: int, rows: Sequence[Any]) -> None:
        """Keep rows that are sent as one."""
        sealed = self._seal.seal(rows, f"{import_id}/{number}")
        with self._using() as database:
            values = (import_id, number, len(rows), "ready", "", self._now(), sealed)
            database.execute("INSERT INTO part VALUES (?, ?, ?, ?, ?, ?, ?)", values)

    def parts(self, import_id: str) -> list[Part]:
        """Return the parts of an import, without their rows."""
        with self._using() as database:
            found = database.execute(
                "SELECT number, rows, state, job, at FROM part WHERE import = ? ORDER BY number", (import_id,)
            )
            return [Part(*row) for row in found]

    def rows_of(self, import_id: str, number: int) -> list[Any]:
        """Return the rows of a part."""
        with self._using() as database:
            query = "SELECT sealed FROM part WHERE import = ? AND number = ?"
            (sealed,) = database.execute(query, (import_id, number)).fetchone()
        rows: list[Any] = self._unsealed(sealed, f"{import_id}/{number}")
        return rows

    def mark(self, import_id: str, number: int, state: PartState, job: str = "") -> None:
        """Keep the state of a part, and its job."""
        with self._using() as database:
            database.execute(
                "UPDATE part SET state = ?, job = ?, at = ? WHERE import = ? AND number = ?",
                (state, job, self._now(), import_id, number),
            )

    def settle(
        self,
        import_id: str,
        number: int,
        source: bytes,
        saved: Iterable[Saved],
        failed: Iterable[Failure],
        left: Sequence[Any] = (),
    ) -> None:
        """Keep the outcome of the rows of a part: all of it, or nothing; those that are `left` can be sent again."""
        with self._using() as database:
            database.executemany(
                "INSERT OR REPLACE INTO saved VALUES (?, ?, ?, ?, ?)",
                ((source, each.mark, import_id, each.row, each.record_id) for each in saved),
            )
            self._add_failures(database, import_id, failed)
            place = (self._now(), import_id, number)
            if left:
                sealed = self._seal.seal(left, f"{import_id}/{number}")
                database.execute(
                    "UPDATE part SET state = 'ready', job = '', rows = ?, sealed = ?, at = ? "
                    "WHERE import = ? AND number = ?",
                    (len(left), sealed, *place),
                )
            else:
                database.execute("UPDATE part SET state = 'done', at = ? WHERE import = ? AND number = ?", place)

    def part_state(self, import_id: str, number: int) -> PartState:
        """Return the state of a part."""
        with self._using() as database:
            query = "SELECT state FROM part WHERE import = ? AND number = ?"
            state: PartState = database.execute(query, (import_id, number)).fetchone()[0]
            return state

    def add_failures(self, import_id: str, failed: Iterable[Failure]) -> None:
        """Keep why rows are not saved."""
        with self._using() as database:
            self._add_failures(database, import_id, failed)

    def failures(self, import_id: str, after: int = 0, most: int = 10_000) -> list[Failure]:
        """Return rows of an import that are not saved, in their order, from behind the row `after` on."""
        with self._using() as database:
            found = database.execute(
                "SELECT row, is_checked, sealed FROM failure WHERE import = ? AND row > ? ORDER BY row LIMIT ?",
                (import_id, after, most),
            ).fetchall()
        return [self._failure(import_id, *row) for row in found]

    def _failure(self, import_id: str, row: int, is_checked: int, sealed: bytes) -> Failure:
        code, field, words = self._unsealed(sealed, f"{import_id}:{row}")
        return Failure(row, code, field, words, is_checked=bool(is_checked))

    def saved_of(self, source: bytes, marks: Sequence[bytes]) -> dict[bytes, list[str]]:
        """Return by their marks the records that rows of a source became."""
        found: dict[bytes, list[str]] = {}
        with self._using() as database:
            for mark in dict.fromkeys(marks):
                rows = database.execute(
                    "SELECT record FROM saved WHERE source = ? AND mark = ? ORDER BY import, row", (source, mark)
                )
                if records := [record for (record,) in rows]:
                    found[mark] = records
        return found

    def records_of(self, import_id: str) -> set[str]:
        """Return the Ids of the records that rows of an import became."""
        with self._using() as database:
            found = database.execute("SELECT record FROM saved WHERE import = ?", (import_id,))
            return {record for (record,) in found}

    def has_saved(self, source: bytes) -> bool:
        """Tell whether any row of a source was saved."""
        with self._using() as database:
            return database.execute("SELECT 1 FROM saved WHERE source = ? LIMIT 1", (source,)).fetchone() is not None

    def unsettled(self, source: bytes, but: str) -> list[str]:
        """Return the Ids of a source's imports, other than `but`, that have parts whose outcome is unknown."""
        with self._using() as database:
            found = database.execute(
                "SELECT DISTINCT import.id FROM import JOIN part ON part.import = import.id "
                "WHERE source = ? AND state = 'sent' AND import.id != ?",
                (source, but),
            )
            return [import_id for (import_id,) in found]

    def _add_failures(self, database: sqlite3.Connection, import_id: str, failed: Iterable[Failure]) -> None:
        database.executemany(
            "INSERT OR REPLACE INTO failure VALUES (?, ?, ?, ?)",
            (
                (
                    import_id,
                    each.row,
                    each.is_checked,
                    self._seal.seal([each.code, each.field, each.words], f"{import_id}:{each.row}"),
                )
                for each in failed
            ),
        )

    def _unsealed(self, sealed: bytes, place: str) -> Any:  # noqa: ANN401 - any JSON value
        from cryptography.exceptions import InvalidTag

        try:
            return self._seal.unseal(sealed, place)
        except InvalidTag:
            raise ImportStoreError(
                "The import was encrypted with another key.",
                hint="Set SALESFORCE_STATE_KEY as it was, or import the file again.",
            ) from None

    @cached_property
    def _mark_key(self) -> bytes:
        return self._key()

    @property
    def _own(self) -> str:
        return self._holders.own if self._holders else "here"

    @cached_property
    def _database(self) -> sqlite3.Connection:
        return opened(self._file, self._prepare)

    def _prepare(self, database: sqlite3.Connection) -> None:
        foreign = ImportStoreError(f"{self._file} is another program's file.")
        make_tables(database, _APPLICATION_ID, TABLES, foreign)
        database.execute("PRAGMA foreign_keys = ON")
        database.execute("PRAGMA synchronous = NORMAL")  # a killed process loses nothing
        with database:
            database.execute("DELETE FROM import WHERE at < ?", (self._now() - KEPT_FOR.total_seconds(),))
            if not database.execute("PRAGMA user_version").fetchone()[0]:
                database.execute(f"PRAGMA user_version = {1 + secrets.randbelow(_PLACES)}")
        if self._holders:
            self._holders.hold()

    @contextmanager
    def _using(self) -> Iterator[sqlite3.Connection]:
        """Give the database for one transaction, and say in words what keeps it from being used.

        Raises:
            ImportStoreError: The file cannot be used; what was to be kept is not.
        """
        try:
            with self._lock, self._database as database:
                yield database
        except (OSError, sqlite3.Error) as error:
            raise ImportStoreError(f"The imports' file {self._file} cannot be used: {reason_of(error)}.") from None
