"""The file of an audit. Any number of processes append lines; no line is ever changed.

A small SQLite file next to it (`NAME.state`) has what the lines cannot show: the number and hash of the last line,
which reveal a cut tail, and the writes that were begun and have no line yet. The lock of this file protects both.
"""

import os
import secrets
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, Protocol

import orjson

from mcp_salesforce.audit.chain import Place, line_of, place_of, read_line, seal_of_head
from mcp_salesforce.changes.kept_file import Holders, connect, opened, reason_of
from mcp_salesforce.salesforce.errors import SalesforceError

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS head (
    one INTEGER PRIMARY KEY CHECK (one = 1), n INTEGER, digest TEXT, size INTEGER, seal TEXT);
CREATE TABLE IF NOT EXISTS begun (id TEXT PRIMARY KEY, holder TEXT NOT NULL, record BLOB NOT NULL)
"""


class AuditError(SalesforceError):
    """The audit cannot be written."""

    code = "AUDIT"
    hint = (
        "Tell the user: the person who runs this server must make it writable, or allow calls that are not recorded "
        "(SALESFORCE_AUDIT_REQUIRED=false)."
    )


class Trail(Protocol):
    """Keeps the records of calls. Each method raises AuditError if it cannot do its work."""

    def begin(self, call_id: str, record: Mapping[str, Any]) -> None:
        """Keep the record of a call before it writes, so that it is recorded even if this process is killed."""

    def append(self, call_id: str, record: Mapping[str, Any]) -> None:
        """Keep the record of a call that has ended."""

    def check(self) -> Place | None:
        """Return the place of its chain, if it has one.

        A trail that cannot be written fails here, before the first call.
        """

    def close(self) -> None:
        """Release what it holds."""


class AuditFile:
    """One file of lines, which only its owner can read."""

    def __init__(self, file: Path, key: Callable[[], bytes]) -> None:
        """Append to `file`, which the first call creates with its folder.

        Args:
            file: The file.
            key: Gives 32 bytes, by which lines are sealed.
        """
        self._file = file
        self._get_key = key
        self._holders = Holders(state_of(file))
        self._owing: dict[str, Mapping[str, Any]] = {}

    def __repr__(self) -> str:
        return "<AuditFile>"

    def begin(self, call_id: str, record: Mapping[str, Any]) -> None:
        """Keep the record of a call before it writes."""
        with self._locked() as database:
            os.close(self._opened())  # a file that cannot be written is noticed before the org is changed
            row = (call_id, self._holders.own, orjson.dumps(record))
            database.execute("INSERT OR REPLACE INTO begun VALUES (?, ?, ?)", row)

    def append(self, call_id: str, record: Mapping[str, Any]) -> None:
        """Append the line of a call, after the lines of writes that could not be recorded when they ended."""
        try:
            with self._locked() as database:
                self._append_all(database, {**self._owed(database), **self._owing, call_id: record})
        except AuditError:
            if self._is_begun(call_id):
                self._owing[call_id] = record
            raise
        self._owing.clear()

    def check(self) -> Place | None:
        """Return the place of the chain; creates the files."""
        with self._locked() as database:
            os.close(self._opened())
            head = _head_in(database)
        return head[0] if head else None

    def close(self) -> None:
        """Release the files."""
        if "_database" in self.__dict__:
            self._database.close()
            del self._database
            self._holders.release()

    def _is_begun(self, call_id: str) -> bool:
        try:
            found = self._database.execute("SELECT 1 FROM begun WHERE id = ?", (call_id,)).fetchone()
        except (OSError, sqlite3.Error):
            return False
        return found is not None

    def _owed(self, database: sqlite3.Connection) -> dict[str, Mapping[str, Any]]:
        """Return the writes that killed processes began and did not record."""
        rows = database.execute("SELECT id, holder, record FROM begun").fetchall()
        return {each: orjson.loads(kept) for each, holder, kept in rows if not self._holders.is_alive(holder)}

    def _append_all(self, database: sqlite3.Connection, records: Mapping[str, Mapping[str, Any]]) -> None:
        descriptor = self._opened()
        try:
            more, there = self._caught_up(database, descriptor)
            for call_id, record in records.items():
                if call_id not in there:
                    self._append_one(database, descriptor, {"id": call_id, **record, **more})
                    more = {}
        finally:
            os.close(descriptor)

    def _append_one(self, database: sqlite3.Connection, descriptor: int, record: Mapping[str, Any]) -> None:
        head, size = _head_in(database), os.lseek(descriptor, 0, os.SEEK_END)
        place, begins = head[0] if head else Place(), {} if size else {"begins": True}
        line = line_of({**record, **begins}, place, self._key)
        start = b"\n" if size and not _ends_a_line(descriptor, size) else b""
        _write(descriptor, start + line + b"\n", size)
        self._keep_head(database, place_of(line, place.number + 1), size + len(start) + len(line) + 1)
        database.execute("DELETE FROM begun WHERE id = ?", (record["id"],))

    def _caught_up(self, database: sqlite3.Connection, descriptor: int) -> tuple[dict[str, Any], set[str]]:
        """Continue after lines that are in the file but not in the head: a process was killed between the two.

        Lines that are not ours stay unchanged. Returns what the next line must report (an incomplete line, a missing
        head), and the Ids of the calls in those lines.
        """
        head, size = _head_in(database), os.lseek(descriptor, 0, os.SEEK_END)
        place, known = (head[0], head[1]) if head else (Place(), 0)
        if size <= known:
            return {}, set()
        more: dict[str, Any] = {} if head else {"head_lost": True}
        there = set[str]()
        os.lseek(descriptor, known, os.SEEK_SET)
        with os.fdopen(os.dup(descriptor), "rb") as file:
            for ended in file:
                line = ended.rstrip(b"\n")
                record = read_line(line, self._key)
                if record and (record["prev"] == place.digest or head is None):
                    place = place_of(line, record["n"])
                    database.execute("DELETE FROM begun WHERE id = ?", (record.get("id"),))
                    there.add(str(record.get("id")))
                elif not ended.endswith(b"\n"):
                    more["torn"] = sha256(line).hexdigest()
        self._keep_head(database, place, size)
        return more, there

    def _keep_head(self, database: sqlite3.Connection, place: Place, size: int) -> None:
        row = (place.number, place.digest, size, seal_of_head(place, self._key))
        database.execute("INSERT OR REPLACE INTO head VALUES (1, ?, ?, ?, ?)", row)

    def _opened(self) -> int:
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return os.open(self._file, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)

    @contextmanager
    def _locked(self) -> Iterator[sqlite3.Connection]:
        """Keep other processes out while the block runs.

        Raises:
            AuditError: The files cannot be used.
        """
        try:
            with self._database as database:
                database.execute("BEGIN IMMEDIATE")
                yield database
        except (OSError, sqlite3.Error) as error:
            raise AuditError(f"The audit {self._file} cannot be written: {reason_of(error)}.") from None

    @cached_property
    def _database(self) -> sqlite3.Connection:
        return opened(state_of(self._file), self._prepare)

    def _prepare(self, database: sqlite3.Connection) -> None:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")  # a killed process loses nothing
        with database:
            for table in _TABLES.split(";"):
                database.execute(table)
        self._holders.hold()

    @cached_property
    def _key(self) -> bytes:
        return self._get_key()


def state_of(file: Path) -> Path:
    """Return the file beside `file` that keeps its last line's hash."""
    return file.with_name(f"{file.name}.state")


def head_of(file: Path, key: bytes | None) -> Place | None:
    """Return the separate record of the last line of `file`, or None.

    Raises:
        AuditError: It was changed, or cannot be read.
    """
    state = state_of(file)
    if not state.is_file():
        return None
    try:
        with closing(connect(state)) as database:
            head = _head_in(database)
    except (OSError, sqlite3.Error) as error:
        raise AuditError(f"{state} cannot be read: {error}.") from None
    if head and key and not secrets.compare_digest(head[2], seal_of_head(head[0], key)):
        raise AuditError(f"{state} was changed, or was sealed with another key.")
    return head[0] if head else None


def _head_in(database: sqlite3.Connection) -> tuple[Place, int, str] | None:
    row = database.execute("SELECT n, digest, size, seal FROM head").fetchone()
    return (Place(row[0], row[1]), row[2], row[3]) if row else None


def _ends_a_line(descriptor: int, size: int) -> bool:
    os.lseek(descriptor, size - 1, os.SEEK_SET)
    return os.read(descriptor, 1) == b"\n"


def _write(descriptor: int, text: bytes, size: int) -> None:
    """Append `text` whole, or leave the file as it was.

    Raises:
        OSError: It cannot be written.
    """
    try:
        while text:
            text = text[os.write(descriptor, text) :]
    except OSError:
        os.ftruncate(descriptor, size)
        raise
