"""The store of one machine: a SQLite file, for any number of processes."""

import asyncio
import secrets
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Final, TypeVar

from mcp_salesforce.changes.kept_file import make_tables, opened, reason_of
from mcp_salesforce.store.interface import Entry, StoreError

_APPLICATION_ID: Final = 0x53465331  # "SFS1"
_VERSION_BYTES: Final = 12
_PAGE: Final = 500
_TABLES: Final = """
CREATE TABLE entry (
    kind TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, version TEXT NOT NULL, ends REAL NOT NULL,
    PRIMARY KEY (kind, key)) WITHOUT ROWID;
CREATE INDEX entry_ends ON entry (ends)
"""
_PUT: Final = (
    "INSERT INTO entry VALUES ('value', ?, ?, ?, ?) ON CONFLICT DO UPDATE "
    "SET value = excluded.value, version = excluded.version, ends = excluded.ends"
)
_LOCK: Final = (
    "INSERT INTO entry VALUES ('lock', ?1, '', ?2, ?3) ON CONFLICT DO UPDATE "
    "SET version = ?2, ends = ?3 WHERE version = ?2 OR ends <= ?4"
)
_COUNT: Final = (
    "INSERT INTO entry VALUES ('count', ?1, ?4, '', ?2) ON CONFLICT DO UPDATE "
    "SET value = iif(ends > ?3, value + ?4, ?4), ends = iif(ends > ?3, ends, ?2) RETURNING value"
)
_Result = TypeVar("_Result")


class SqliteStore:
    """Values in a file that only its owner can read; in memory without one."""

    def __init__(self, file: Path | None, *, now: Callable[[], float] = time.time) -> None:
        """Use `file`, made at the first call; `now` is the time in Unix seconds, the same for all processes."""
        self._file = file
        self._now = now
        self._thread = ThreadPoolExecutor(1, "store")

    def __repr__(self) -> str:
        return f"<SqliteStore in {self._file or 'memory'}>"

    async def get(self, key: str) -> Entry | None:
        """Return what is kept under `key`."""
        return await self._run(lambda: self._find(key, self._now()))

    async def put(self, key: str, value: bytes, lifetime_s: float) -> str:
        """Keep `value`, whatever was there."""
        return await self._change(lambda now: self._put(key, value, now + lifetime_s))

    async def swap(self, key: str, value: bytes, lifetime_s: float, *, version: str | None) -> str:
        """Keep `value` if the present one has `version`."""

        def swap(now: float) -> str:
            present = self._find(key, now)
            if (present and present.version) != version:
                return ""
            return self._put(key, value, now + lifetime_s)

        return await self._change(swap)

    async def take(self, key: str) -> bytes | None:
        """Return a value and remove it."""

        def take(now: float) -> bytes | None:
            sql = "DELETE FROM entry WHERE kind = 'value' AND key = ? RETURNING value, ends"
            found = self._rows(sql, (key,))
            return bytes(found[0][0]) if found and found[0][1] > now else None

        return await self._change(take)

    async def lock(self, key: str, owner: str, lifetime_s: float) -> bool:
        """Tell whether `owner` holds the lock."""
        return await self._change(
            lambda now: self._database.execute(_LOCK, (key, owner, now + lifetime_s, now)).rowcount > 0
        )

    async def unlock(self, key: str, owner: str) -> None:
        """Give the lock back."""
        sql = "DELETE FROM entry WHERE kind = 'lock' AND key = ? AND version = ?"
        await self._change(lambda _: self._rows(sql, (key, owner)))

    async def count(self, key: str, lifetime_s: float, by: int = 1) -> int:
        """Add `by`; return the sum."""
        return await self._change(lambda now: int(self._rows(_COUNT, (key, now + lifetime_s, now, by))[0][0]))

    async def keys(self, prefix: str) -> AsyncIterator[str]:
        """Yield the keys that begin with `prefix`, a page at a time."""
        sql = (
            "SELECT key FROM entry WHERE kind = 'value' AND key > ? AND key >= ? AND key < ? AND ends > ? "
            "ORDER BY key LIMIT ?"
        )
        last = ""
        while True:
            bounds = (last, prefix, f"{prefix}\U0010ffff")
            page = await self._run(partial(self._page, sql, bounds))
            for (key,) in page:
                yield key
            if len(page) < _PAGE:
                return
            last = page[-1][0]

    async def close(self) -> None:
        """Release the file."""

        def close() -> None:
            if "_database" in self.__dict__:
                self._database.close()
                del self._database

        with suppress(StoreError):  # it is closed already
            await self._run(close)
        self._thread.shutdown()

    async def _run(self, work: Callable[[], _Result]) -> _Result:
        """Do `work` on the one thread that uses the file; once begun, it ends, though the caller is cancelled."""

        def checked() -> _Result:
            try:
                return work()
            except (OSError, sqlite3.Error) as error:
                raise StoreError(f"The store {self._file} cannot be used: {reason_of(error)}.") from None

        try:
            running = asyncio.get_running_loop().run_in_executor(self._thread, checked)
        except RuntimeError:
            raise StoreError(f"The store {self._file} is closed.") from None
        return await running

    async def _change(self, work: Callable[[float], _Result]) -> _Result:
        """Do `work` as one change, before anybody else sees any of it, and forget what has ended."""

        def change() -> _Result:
            database, now = self._database, self._now()
            database.execute("BEGIN IMMEDIATE")
            with database:
                done = work(now)
                database.execute(
                    "DELETE FROM entry WHERE (kind, key) IN (SELECT kind, key FROM entry WHERE ends <= ? LIMIT 20)",
                    (now,),
                )
            return done

        return await self._run(change)

    def _find(self, key: str, now: float) -> Entry | None:
        sql = "SELECT value, version, ends FROM entry WHERE kind = 'value' AND key = ? AND ends > ?"
        found = self._rows(sql, (key, now))
        return Entry(bytes(found[0][0]), found[0][1], found[0][2] - now) if found else None

    def _page(self, sql: str, bounds: Sequence[str]) -> list[Any]:
        return self._rows(sql, (*bounds, self._now(), _PAGE))

    def _put(self, key: str, value: bytes, ends: float) -> str:
        version = secrets.token_urlsafe(_VERSION_BYTES)
        self._database.execute(_PUT, (key, value, version, ends))
        return version

    def _rows(self, sql: str, values: Sequence[object]) -> list[Any]:
        return self._database.execute(sql, values).fetchall()

    @cached_property
    def _database(self) -> sqlite3.Connection:
        return opened(self._file, _prepare)


def _prepare(database: sqlite3.Connection) -> None:
    """Make the tables; a change is on the disk before its caller goes on."""
    database.isolation_level = None
    foreign = sqlite3.DatabaseError("it is the file of another program")
    make_tables(database, _APPLICATION_ID, _TABLES, foreign)
    database.execute("PRAGMA synchronous = FULL")
