"""Queries in Salesforce's own language."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Annotated, Any

import orjson
from pydantic import AfterValidator, Field

from mcp_salesforce.salesforce import QueryResult
from mcp_salesforce.salesforce.api.queries import LARGEST_BATCH, SMALLEST_BATCH
from mcp_salesforce.tools.cursors import pack, stale, unpack
from mcp_salesforce.tools.errors import refused
from mcp_salesforce.tools.listings import cut_to_fit
from mcp_salesforce.tools.params import Cursor, Limit
from mcp_salesforce.tools.results import Rows, table
from mcp_salesforce.tools.session import OrgSession
from mcp_salesforce.tools.toolset import READS, ToolContext, Toolset, org_of

queries = Toolset("query", "Any object, in SOQL")

_SELECT = re.compile(r"select\b", re.IGNORECASE)
_FIRST_RUN, _LOCATOR = b"\0", b"\1"
_COUNT_BYTES, _DIGEST_BYTES = 3, 6


def _select(soql: str) -> str:
    text = soql.strip().removesuffix(";").rstrip()
    if not _SELECT.match(text):
        raise refused("Only a SELECT query can be run.", code="MALFORMED_QUERY", hint="Write SELECT … FROM …")
    return text


Soql = Annotated[str, Field(max_length=100_000), AfterValidator(_select)]


@queries.tool(READS, title="Run a SOQL query")
async def query(ctx: ToolContext, soql: Soql, limit: Limit = 200, cursor: Cursor = "") -> Rows:
    """Run a SOQL SELECT on any object; total counts all its rows.

    Example: SELECT Id, Name, Account.Name FROM Contact WHERE Account.Industry = 'Energy' ORDER BY Name
    Datetimes are bare (StartDateTime >= 2026-11-24T00:00:00Z).
    For contacts and agendas prefer their list tools.
    """
    org = org_of(ctx)
    limit = org.most_rows_of(soql, limit)
    call = ("query", soql)
    reader = _Reader(org, soql, max(SMALLEST_BATCH, min(limit, LARGEST_BATCH)))
    await reader.begin(unpack(cursor, await org.owner(), call) if cursor else b"")
    records = await reader.take(limit)
    rows = table(records)
    kept = cut_to_fit(rows, org.max_answer_bytes)
    rows["total"] = reader.total
    if (position := reader.position_after(kept)) is not None:
        rows["next_cursor"] = pack(position, await org.owner(), call)
    return rows


@dataclass(frozen=True, slots=True)
class _Page:
    """A page as it was read: its path (empty for the first of a run), the rows handed out before, and the records."""

    path: str
    skip: int
    result: QueryResult


class _Reader:
    """Reads a query's records from a position on, and tells the position behind any of them.

    Rows of the first page have no locator of their own: their position is a count and a digest of the rows before it,
    and the query runs again. A page behind it is read by Salesforce's locator, which is a snapshot.
    """

    def __init__(self, org: OrgSession, soql: str, batch_size: int) -> None:
        self._queries = org.client.queries
        self._version = org.client.api_version
        self._soql = soql
        self._batch_size = batch_size
        self._pages: list[_Page] = []

    @property
    def total(self) -> int:
        """How many rows the query has in all."""
        return self._pages[0].result.total_size

    async def begin(self, position: bytes) -> None:
        """Read the page at `position`; empty means the beginning.

        Raises:
            InvalidArgumentError: The rows before the position are not the same any more.
        """
        kind, skip = position[:1], int.from_bytes(position[1 : 1 + _COUNT_BYTES])
        rest = position[1 + _COUNT_BYTES :]
        if kind == _LOCATOR:
            path = self._whole(rest.decode())
            self._pages = [_Page(path, skip, await self._queries.query_more(path))]
            return
        page = _Page("", 0, await self._queries.query(self._soql, batch_size=self._batch_size))
        seen = list(page.result.records)
        while len(seen) < skip and page.result.next_records_url:
            path = page.result.next_records_url
            page = _Page(path, 0, await self._queries.query_more(path))
            seen += page.result.records
        if skip and _digest(seen[:skip]) != rest:
            raise stale("The rows before this cursor have changed since.")
        self._pages = [replace(page, skip=skip - (len(seen) - len(page.result.records)))]

    async def take(self, limit: int) -> list[dict[str, Any]]:
        """Return the next records, `limit` at most."""
        records = self._pages[0].result.records[self._pages[0].skip :]
        while len(records) < limit and (path := self._pages[-1].result.next_records_url):
            self._pages.append(_Page(path, 0, await self._queries.query_more(path)))
            records = [*records, *self._pages[-1].result.records]
        return records[:limit]

    def position_after(self, count: int) -> bytes | None:
        """Return the position behind the first `count` records taken, or None where they are the last."""
        for page in self._pages:
            available = len(page.result.records) - page.skip
            if count < available:
                return self._packed(page, page.skip + count)
            count -= available
        path = self._pages[-1].result.next_records_url
        return _LOCATOR + bytes(_COUNT_BYTES) + self._short(path).encode() if path else None

    def _packed(self, page: _Page, skip: int) -> bytes:
        if page.path:
            return _LOCATOR + skip.to_bytes(_COUNT_BYTES) + self._short(page.path).encode()
        return _FIRST_RUN + skip.to_bytes(_COUNT_BYTES) + _digest(page.result.records[:skip])

    def _short(self, path: str) -> str:
        return path.removeprefix(f"/services/data/{self._version}/query/")

    def _whole(self, path: str) -> str:
        return path if path.startswith("/") else f"/services/data/{self._version}/query/{path}"


def _digest(records: Sequence[dict[str, Any]]) -> bytes:
    """Return what tells these records, in this order, from others: by their Ids where they have them."""
    return blake2b(orjson.dumps([record.get("Id") or record for record in records]), digest_size=_DIGEST_BYTES).digest()
