"""Query results read in parts: where a part ended, and the pages for the next part."""

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any, Final

import orjson

from mcp_salesforce.audit.calls import current_call
from mcp_salesforce.policy.withheld import noting, withhold
from mcp_salesforce.salesforce import QueryResult
from mcp_salesforce.salesforce.api.queries import QueriesApi, once_only
from mcp_salesforce.tools.answers.cursors import stale

_FIRST_RUN, _LOCATOR = b"\0", b"\1"
_CHILDREN_OF: Final = b"\0"
"""Stands behind a locator, before the path of a sub-query; no locator has it."""
_COUNT_BYTES, _DIGEST_BYTES = 3, 6
_MOST_BYTES: Final = 16 * 2**20
_KEPT_S: Final = 300.0


@dataclass(frozen=True, slots=True)
class Read:
    """What was read of a query, and the names of the fields that a policy kept back from it."""

    result: QueryResult
    withheld: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Kept:
    """A page as JSON, which takes a fifth of the memory that its records do.

    Attributes:
        body: The JSON.
        withheld: What a policy kept back from it.
        read_at: When it was read, in Unix seconds.
    """

    body: bytes
    withheld: tuple[str, ...]
    read_at: float


class PageCache:
    """Pages of 2,000 rows that answers of fewer rows are cut from, so that the rest of a page costs no call.

    It holds pages as they were read, for some minutes and up to a number of bytes; what it has forgotten, or another
    replica has read, is read again.
    """

    def __init__(self, *, most_bytes: int = _MOST_BYTES, now: Callable[[], float] = time.time) -> None:
        """Hold at most `most_bytes`; `now` is the time in Unix seconds."""
        self._most_bytes = most_bytes
        self._now = now
        self._pages: OrderedDict[str, _Kept] = OrderedDict()
        self._bytes = 0

    def find(self, key: str) -> Read | None:
        """Return the page under `key`, if it is still held."""
        kept = self._pages.get(key)
        if kept is None or not self._is_recent(kept):
            return None
        self._pages.move_to_end(key)
        return Read(QueryResult.read(orjson.loads(kept.body)), kept.withheld)

    def keep(self, key: str, page: Read) -> None:
        """Hold `page` under `key`; the pages not used for the longest time make way."""
        self.forget(key)
        self._pages[key] = _Kept(_json(page.result), page.withheld, self._now())
        self._bytes += len(self._pages[key].body)
        for old in [key for key, kept in self._pages.items() if not self._is_recent(kept)]:
            self.forget(old)
        while self._bytes > self._most_bytes:
            self.forget(next(iter(self._pages)))

    def forget(self, key: str) -> None:
        """Hold the page under `key` no longer."""
        if kept := self._pages.pop(key, None):
            self._bytes -= len(kept.body)

    def _is_recent(self, kept: _Kept) -> bool:
        return 0 <= self._now() - kept.read_at < _KEPT_S


@dataclass(frozen=True, slots=True)
class _Page:
    """A page of a run: its path (empty for the first one), the rows handed out before, and what was read."""

    path: str
    skip: int
    read: Read

    @property
    def records(self) -> list[dict[str, Any]]:
        return self.read.result.records

    @property
    def next_path(self) -> str | None:
        return self.read.result.next_records_url


class QueryReader:
    """Reads a query's records from a position on, and tells the position behind any of them.

    Rows of the first page have no locator of their own: their position is a count and a digest of the rows before it,
    and the query runs again unless the page is held. A page behind it is read by Salesforce's locator, which is a
    snapshot. So is a page of children, which the record had that they came with; its position names the sub-query too.
    """

    def __init__(
        self,
        queries: QueriesApi,
        cache: PageCache,
        api_version: str,
        soql: str,
        batch_size: int,
        *,
        query_all: bool = False,
    ) -> None:
        """Read what `soql` selects, asking for pages of `batch_size` records, of deleted and archived ones if asked."""
        self._queries = queries
        self._cache = cache
        self._version = api_version
        self._soql = soql
        self._key = f"all:{soql}" if query_all else soql
        self._query_all = query_all
        self._batch_size = batch_size
        self._pages: list[_Page] = []
        self._path: tuple[int, ...] = ()

    @property
    def total(self) -> int:
        """How many rows the query has in all."""
        return self._pages[0].read.result.total_size

    async def begin(self, position: bytes) -> None:
        """Read the page at `position`; empty means the beginning."""
        kind, skip = position[:1], int.from_bytes(position[1 : 1 + _COUNT_BYTES])
        rest = position[1 + _COUNT_BYTES :]
        if kind == _LOCATOR:
            locator, _, path = rest.partition(_CHILDREN_OF)
            self._path = tuple(path)
            self._pages = [await self._at(self._whole(locator.decode()), skip)]
            return
        held = self._cache.find(self._key) if skip else None
        if held and len(held.result.records) > skip and _digest(held.result.records[:skip]) == rest:
            self._pages = [self._told(_Page("", skip, held))]
            return
        page = await self._at("", 0)
        seen, paths = list(page.records), set[str]()
        while len(seen) < skip and page.next_path:
            page = await self._at(once_only(page.next_path, paths), 0)
            seen += page.records
        if skip and _digest(seen[:skip]) != rest:
            raise stale("The rows have changed since this cursor was returned.")
        self._pages = [replace(page, skip=skip - (len(seen) - len(page.records)))]

    async def take(self, limit: int) -> list[dict[str, Any]]:
        """Return the next records, `limit` at most."""
        records = self._pages[0].records[self._pages[0].skip :]
        paths = {self._pages[0].path}
        while len(records) < limit and (path := self._pages[-1].next_path):
            self._pages.append(await self._at(once_only(path, paths), 0))
            records = [*records, *self._pages[-1].records]
        if call := current_call():
            call.note_records(records[:limit])  # they may come from a page that an earlier call has read
        return records[:limit]

    def position_after(self, count: int) -> bytes | None:
        """Return the position behind the first `count` records taken, or None where they are the last.

        Pages that are not handed out to their end are held, and no others.
        """
        for at, page in enumerate(self._pages):
            available = len(page.records) - page.skip
            if count < available:
                for each in self._pages[at:]:
                    self._cache.keep(each.path or self._key, each.read)
                return self._packed(page, page.skip + count)
            self._cache.forget(page.path or self._key)
            count -= available
        path = self._pages[-1].next_path
        return self._position(path, 0, self._path) if path else None

    def position_of_children(self, url: str, path: Sequence[int]) -> bytes:
        """Return the position of a row's further children.

        Args:
            url: Where they are, their `nextRecordsUrl`.
            path: The places of the sub-queries that lead to them from the query that is read.
        """
        return self._position(url, 0, (*self._path, *path))

    def _position(self, page: str, skip: int, path: Sequence[int]) -> bytes:
        behind = _CHILDREN_OF + bytes(path) if path else b""
        return _LOCATOR + skip.to_bytes(_COUNT_BYTES) + self._short(page).encode() + behind

    async def _at(self, path: str, skip: int) -> _Page:
        """Return the page under `path`, from memory or from the org; without a path the query is run."""
        if path and (held := self._cache.find(path)):
            return self._told(_Page(path, skip, held))
        with noting() as withheld:
            if path:
                result = await self._queries.query_more(path, batch_size=self._batch_size)
            else:
                result = await self._queries.query(self._soql, query_all=self._query_all, batch_size=self._batch_size)
        return self._told(_Page(path, skip, Read(result, tuple(withheld))))

    def _told(self, page: _Page) -> _Page:
        """Return `page`, with what is withheld from it noted for the answer."""
        for name in page.read.withheld:
            withhold(name)
        return page

    def _packed(self, page: _Page, skip: int) -> bytes:
        if page.path:
            return self._position(page.path, skip, self._path)
        return _FIRST_RUN + skip.to_bytes(_COUNT_BYTES) + _digest(page.records[:skip])

    def _short(self, path: str) -> str:
        return path.removeprefix(f"/services/data/{self._version}/query/")

    def _whole(self, path: str) -> str:
        return path if path.startswith("/") else f"/services/data/{self._version}/query/{path}"


def children_of(position: bytes) -> tuple[int, ...]:
    """Return the places of the sub-queries that lead to what a position is in; nothing for the query's own rows."""
    return tuple(position[1 + _COUNT_BYTES :].partition(_CHILDREN_OF)[2]) if position[:1] == _LOCATOR else ()


def _json(page: QueryResult) -> bytes:
    return orjson.dumps(
        {
            "totalSize": page.total_size,
            "done": page.done,
            "nextRecordsUrl": page.next_records_url,
            "records": page.records,
        }
    )


def _digest(records: Sequence[dict[str, Any]]) -> bytes:
    """Return what tells these records, in this order, from others: by their Ids or URLs where they have them.

    All the rest of a record may change from one run to the next: its children have another locator each time.
    """
    named = [record.get("Id") or (record.get("attributes") or {}).get("url") or record for record in records]
    return blake2b(orjson.dumps(named), digest_size=_DIGEST_BYTES).digest()
