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
class OpenQuery:
    """A query whose result is being read: whose it is, its text, and how many rows a page has.

    `path` names the sub-queries that lead to the result, from the outermost; it is empty for the query's own.
    """

    user_id: str
    soql: str
    all_rows: bool
    size: int
    path: tuple[str, ...] = ()


class Found:
    """The rowids that a query found, read as far as they are needed."""

    def __init__(self, chunks: Iterator["array[int]"]) -> None:
        """Read the first of the chunks, and whether there is a second one."""
        self._chunks = chunks
        self.first = next(chunks, array("q"))
        self._second = next(chunks, None)

    def has_more_than(self, count: int) -> bool:
        """Tell whether there are more; `count` is at most a chunk."""
        return self._second is not None or len(self.first) > count

    def __iter__(self) -> Iterator["array[int]"]:
        """Yield every chunk, once."""
        yield self.first
        if self._second is not None:
            yield self._second
        yield from self._chunks


class Locators:
    """The results that are being read."""

    def __init__(self, store: Store) -> None:
        """Keep them in the temporary database of `store`."""
        self._store = store
        store.execute(
            "CREATE TEMP TABLE IF NOT EXISTS _locator (number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE, "
            "user_id TEXT, soql TEXT, all_rows INTEGER, size INTEGER, path TEXT, total INTEGER, born REAL)"
        )
        store.execute(
            "CREATE TEMP TABLE IF NOT EXISTS _locator_chunk (number INTEGER, chunk INTEGER, row_ids BLOB, "
            "PRIMARY KEY (number, chunk)) WITHOUT ROWID"
        )

    def find_rows(self, row_ids: Sql, parent_id: str | None = None) -> Found:
        """Find the rows of a query, or of a sub-query those that belong to a parent."""
        values = row_ids.values if parent_id is None else {**row_ids.values, "parent": parent_id}
        rows = self._store.chunks(row_ids.text, values, size=_CHUNK)
        return Found(array("q", (row[0] for row in each)) for each in rows)

    def keep(self, found: Found, cursor: OpenQuery, now: datetime) -> tuple[str, int]:
        """Keep what a query found; return its new locator, and how many rows there are."""
        self._forget(now - _LIFE)
        kept = self._store.row(
            "INSERT INTO _locator (user_id, soql, all_rows, size, path, born) VALUES (?, ?, ?, ?, ?, ?) "
            "RETURNING number",
            [cursor.user_id, cursor.soql, cursor.all_rows, cursor.size, ".".join(cursor.path), now.timestamp()],
        )
        assert kept is not None  # noqa: S101 - RETURNING answers with the row it wrote
        number = kept["number"]
        total = 0
        for chunk, rows in enumerate(found):
            self._store.execute("INSERT INTO _locator_chunk VALUES (?, ?, ?)", [number, chunk, rows.tobytes()])
            total += len(rows)
        locator = mint(_KEY_PREFIX, number)
        self._store.execute("UPDATE _locator SET id = ?, total = ? WHERE number = ?", [locator, total, number])
        return locator, total

    def find(self, locator: str, user_id: str, now: datetime) -> OpenQuery | None:
        """Return the query behind a locator of this user, or None if there is none any more."""
        row = self._store.row(
            "SELECT * FROM _locator WHERE id = ? AND user_id = ? AND born >= ?",
            [locator, user_id, (now - _LIFE).timestamp()],
        )
        if row is None:
            return None
        path = tuple(filter(None, row["path"].split(".")))
        return OpenQuery(row["user_id"], row["soql"], bool(row["all_rows"]), row["size"], path)

    def rows(self, locator: str, offset: int, size: int) -> tuple[list[int], int]:
        """Return rowids of a result that `find` found, and how many it has; none where `offset` lies outside."""
        known = self._store.rows("SELECT number, total FROM _locator WHERE id = ?", [locator])
        number, total = known[0]
        rows = self._store.rows(
            "SELECT row_ids FROM _locator_chunk WHERE number = ? AND chunk BETWEEN ? AND ? ORDER BY chunk",
            [number, offset // _CHUNK, (offset + size - 1) // _CHUNK],
        )
        found = array("q", b"".join(row["row_ids"] for row in rows))
        start = offset % _CHUNK
        return found[start : start + size].tolist(), total

    def _forget(self, before: datetime) -> None:
        """Drop the results that were made before a moment."""
        old = "SELECT number FROM _locator WHERE born < ?"
        self._store.execute(f"DELETE FROM _locator_chunk WHERE number IN ({old})", [before.timestamp()])  # noqa: S608 - a constant
        self._store.execute("DELETE FROM _locator WHERE born < ?", [before.timestamp()])
