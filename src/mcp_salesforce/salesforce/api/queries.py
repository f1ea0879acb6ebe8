"""SOQL queries, a page at a time: the `query` and `queryAll` resources of the REST API."""

from collections.abc import AsyncIterator, Mapping
from http import HTTPStatus
from typing import Any

from mcp_salesforce.salesforce.api import Send
from mcp_salesforce.salesforce.errors import InvalidArgumentError, SalesforceError, UnreadableReplyError
from mcp_salesforce.salesforce.models import QueryResult, SObjectRecord, wrong_shape
from mcp_salesforce.salesforce.wire import Request, page_path

SMALLEST_BATCH = 200
LARGEST_BATCH = 2000


class QueriesApi:
    """Run SOQL."""

    def __init__(self, send: Send) -> None:
        """Use `send` for every call; it signs, retries and decodes."""
        self._send = send

    async def query(self, soql: str, *, query_all: bool = False, batch_size: int | None = None) -> QueryResult:
        """Return the first page of the records that `soql` selects.

        API: GET /query?q={soql}, or /queryAll

        Args:
            soql: The query.
            query_all: Take in deleted records and archived activities.
            batch_size: Records a page, 200 to 2,000 (Salesforce's default); Salesforce may give fewer.

        Raises:
            InvalidRequestError: The query is malformed, or names what does not exist.
            LimitExceededError: It ran too long, or selects too much.
        """
        request = querying(soql, query_all=query_all, batch_size=batch_size)
        return _page((await self._send(request)).value)

    async def query_more(self, next_records_url: str, *, batch_size: int | None = None) -> QueryResult:
        """Return the next page, whose URL the page before has.

        API: GET {nextRecordsUrl}

        Raises:
            InvalidArgumentError: `next_records_url` is not one.
            InvalidRequestError: The locator has expired, or is another user's.
        """
        request = querying_more(next_records_url, batch_size=batch_size)
        return _page((await self._send(request)).value)

    async def pages(
        self, soql: str, *, query_all: bool = False, batch_size: int | None = None
    ) -> AsyncIterator[QueryResult]:
        """Yield every page of the records that `soql` selects; each is fetched when the caller needs it."""
        page = await self.query(soql, query_all=query_all, batch_size=batch_size)
        yield page
        seen: set[str] = set()
        while page.next_records_url is not None:
            page = await self.query_more(once_only(page.next_records_url, seen), batch_size=batch_size)
            yield page

    async def all_children(self, record: Mapping[str, Any], relationship: str) -> list[dict[str, Any]]:
        """Return all the child records of a sub-query in `record`, including those on further pages.

        API: GET {nextRecordsUrl} of the children, as far as there is one

        Args:
            record: As a query gave it.
            relationship: What the children are under, as `Contacts`.
        """
        if not record.get(relationship):
            return []
        page = QueryResult.read(record[relationship])
        children, seen = list(page.records), set[str]()
        while page.next_records_url is not None:
            page = await self.query_more(once_only(page.next_records_url, seen))
            children += page.records
        return children


def _page(value: object) -> QueryResult:
    page = QueryResult.read(value)
    if page.next_records_url is not None:
        try:
            page_path(page.next_records_url)
        except InvalidArgumentError:
            raise wrong_shape("a page: its nextRecordsUrl is none") from None
    return page


def querying(soql: str, *, query_all: bool = False, batch_size: int | None = None) -> Request:
    """Return the request of `query`, for a composite call; `records_in` reads its outcome."""
    return Request("GET", "queryAll" if query_all else "query", {"q": soql}, headers=_batches(batch_size))


def records_in(outcome: object) -> list[SObjectRecord]:
    """Return the records of the first page that a query of a composite call found.

    Raises:
        SalesforceError: The query failed.
    """
    if isinstance(outcome, SalesforceError):
        raise outcome
    return QueryResult.read(outcome).records


def querying_more(next_records_url: str, *, batch_size: int | None = None) -> Request:
    """Return the request of `query_more`, for a composite call.

    Raises:
        InvalidArgumentError: `next_records_url` is not a path of a next page.
    """
    return Request("GET", page_path(next_records_url), headers=_batches(batch_size))


def once_only(next_records_url: str, seen: set[str]) -> str:
    """Return the path of a page that has not been read, and add it to those that were `seen`.

    Raises:
        UnreadableReplyError: It has been read already: the pages repeat.
    """
    if next_records_url in seen:
        raise UnreadableReplyError("The pages of the query repeat without an end", status=HTTPStatus.OK)
    seen.add(next_records_url)
    return next_records_url


def _batches(batch_size: int | None) -> dict[str, str]:
    if batch_size is None:
        return {}
    if not SMALLEST_BATCH <= batch_size <= LARGEST_BATCH:
        raise InvalidArgumentError(f"batch_size is {SMALLEST_BATCH} to {LARGEST_BATCH}, not {batch_size}.")
    return {"Sforce-Query-Options": f"batchSize={batch_size}"}
