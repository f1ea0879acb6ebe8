"""Results that are read page by page: which rows a query matched, kept outside the process's memory.

The rowids lie in SQLite's temporary database, one blob for each chunk of them, so a page is found by its offset, and a
million rows cost eight megabytes of a temporary file. They last as long as the connection, at most two days.
"""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from mcp_salesforce.localorg.store.ids import mint
from mcp_salesforce.localorg.store.shapes import Sql
from mcp_salesforce.localorg.store.sqlite import Store

_KEY_PREFIX: Final = "0r8"
_LIFE: Final = timedelta(days=2)
_CHUNK: Final = 2000


@dataclass(frozen=True, slots=True)
class Cursor:
    """A query whose result is being read: whose it is, its text, and how many rows a page has."""

    user_id: str
    soql: str
    all_rows: bool
    size: int


@dataclass(frozen=True, slots=True)
class Page:
    """Rowids of one page, how many there are in all, and the locator of the result where it has more pages."""

    row_ids: list[int]
    total: int
    locator: str | None


class Locators:
    """The results that are being read."""

    def __init__(self, store: Store) -> None:
        """Keep them in the temporary database of `store`."""
        self._store = store
        store.execute(
            "CREATE TEMP TABLE IF NOT EXISTS _locator (number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE, "
            "user_id TEXT, soql TEXT, all_rows INTEGER, size INTEGER, total INTEGER, born REAL)"
        )
        store.execute(
            "CREATE TEMP TABLE IF NOT EXISTS _locator_chunk (number INTEGER, chunk INTEGER, row_ids BLOB, "
            "PRIMARY KEY (number, chunk)) WITHOUT ROWID"
        )

    def open(self, row_ids: Sql, cursor: Cursor, now: datetime) -> Page:
        """Find the rows of a query; keep them under a new locator if one page does not hold them all."""
        chunks = (
            array("q", (row[0] for row in rows))
            for rows in self._store.chunks(row_ids.text, row_ids.values, size=_CHUNK)
        )
        first = next(chunks, array("q"))
        second = next(chunks, None)
        if second is None and len(first) <= cursor.size:
            return Page(first.tolist(), len(first), None)
        self._forget(now - _LIFE)
        kept = self._store.row(
            "INSERT INTO _locator (user_id, soql, all_rows, size, born) VALUES (?, ?, ?, ?, ?) RETURNING number",
            [cursor.user_id, cursor.soql, cursor.all_rows, cursor.size, now.timestamp()],
        )
        assert kept is not None  # noqa: S101 - RETURNING answers with the row it wrote
        number = kept["number"]
        total = 0
        for chunk, found in enumerate(_joined(first, second, chunks)):
            self._store.execute("INSERT INTO _locator_chunk VALUES (?, ?, ?)", [number, chunk, found.tobytes()])
            total += len(found)
        locator = mint(_KEY_PREFIX, number)
        self._store.execute("UPDATE _locator SET id = ?, total = ? WHERE number = ?", [locator, total, number])
        return Page(first[: cursor.size].tolist(), total, locator)

    def find(self, locator: str, user_id: str, now: datetime) -> Cursor | None:
        """Return the query behind a locator of this user, or None if there is none any more."""
        row = self._store.row(
            "SELECT * FROM _locator WHERE id = ? AND user_id = ? AND born >= ?",
            [locator, user_id, (now - _LIFE).timestamp()],
        )
        return Cursor(row["user_id"], row["soql"], bool(row["all_rows"]), row["size"]) if row else None

    def page(self, locator: str, offset: int, size: int) -> Page:
        """Return one page of a result that `find` found; it is empty where `offset` lies outside."""
        known = self._store.rows("SELECT number, total FROM _locator WHERE id = ?", [locator])
        number, total = known[0]
        rows = self._store.rows(
            "SELECT row_ids FROM _locator_chunk WHERE number = ? AND chunk BETWEEN ? AND ? ORDER BY chunk",
            [number, offset // _CHUNK, (offset + size - 1) // _CHUNK],
        )
        found = array("q", b"".join(row["row_ids"] for row in rows))
        start = offset % _CHUNK
        more = offset + size < total
        return Page(found[start : start + size].tolist(), total, locator if more else None)

    def _forget(self, before: datetime) -> None:
        """Drop the results that were made before a moment."""
        old = "SELECT number FROM _locator WHERE born < ?"
        self._store.execute(f"DELETE FROM _locator_chunk WHERE number IN ({old})", [before.timestamp()])  # noqa: S608 - a constant
        self._store.execute("DELETE FROM _locator WHERE born < ?", [before.timestamp()])


def _joined(first: "array[int]", second: "array[int] | None", rest: Iterator["array[int]"]) -> Iterator["array[int]"]:
    yield first
    if second is not None:
        yield second
    yield from rest
