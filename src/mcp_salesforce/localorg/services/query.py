"""Run SOQL on the store: records in wire form, page by page."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from mcp_salesforce.localorg.errors import OrgError
from mcp_salesforce.localorg.evidence import evidence
from mcp_salesforce.localorg.services.columns import column_metadata
from mcp_salesforce.localorg.services.readers import Batch, Reader
from mcp_salesforce.localorg.services.record_access import OBJECT, RecordAccess
from mcp_salesforce.localorg.store.groups import MAX_GROUPS
from mcp_salesforce.localorg.store.query_plans import explain
from mcp_salesforce.localorg.store.schema import Schema
from mcp_salesforce.localorg.store.scope import Run
from mcp_salesforce.localorg.store.select import plan
from mcp_salesforce.localorg.store.shapes import Count, Groups, Plan, RowsQuery
from mcp_salesforce.localorg.store.sqlite import Store
from mcp_salesforce.soql import SoqlError, parse
from mcp_salesforce.soql.tree import Query

MIN_BATCH: Final = 200
MAX_BATCH: Final = 2000
_LONG_TEXT_BATCH: Final = 1000
_PARENTS_BATCH: Final = 500
_LOCATOR: Final = re.compile(r"(?P<id>0r8[0-9A-Za-z]{15})-(?P<offset>\d{1,9})", re.ASCII)


class Queries:
    """Runs SOQL for users of the org."""

    def __init__(self, store: Store, schema: Schema, now: Callable[[], datetime]) -> None:
        """Query the records of `schema` in `store`; `now` is the org's clock."""
        self._store = store
        self._reader = Reader(store, schema, now)
        self._record_access = RecordAccess(store, schema)

    @evidence("SOQL", "recorded", "COUNT() is totalSize without records")
    @evidence("SOQL", "recorded", "A page has 2,000 records, or 1,000 if a long text is selected")
    @evidence("SOQL", "documented", "Sforce-Query-Options batchSize is kept between 200 and 2,000")
    @evidence("SOQL", "documented", "The rows of sub-queries count towards the records of a page")
    @evidence("SOQL", "recorded", "With sub-queries a page has 500 records: 499 of 1,200 children beside their parent")
    @evidence(
        "SOQL", "recorded", "With sub-queries and long texts a page has 200 records: 199 children beside a parent"
    )
    @evidence("SOQL", "simulated", "A page ends after the parent whose children fill it")
    def query(
        self, soql: str, user_id: str, *, all_rows: bool = False, batch_size: int | None = None, version: str = "v60.0"
    ) -> dict[str, Any]:
        """Run a query and return its first page in wire form.

        `all_rows` includes deleted and archived records (queryAll). A page has `batch_size` records, kept between 200
        and 2,000, and fewer if the query selects long texts or children.

        Raises:
            OrgError: MALFORMED_QUERY, INVALID_FIELD, INVALID_TYPE and similar; nothing was run.
        """
        run = self._reader.run(soql, user_id, all_rows=all_rows, version=version)
        query = parsed(run)
        if query.from_[0].name.lower() == OBJECT.lower():
            return self._record_access.answer(run, query)
        planned = plan(run, query)
        if isinstance(planned, Count):
            [[count]] = self._store.rows(planned.sql.text, planned.sql.values)
            return {"totalSize": count, "done": True, "records": []}
        if isinstance(planned, Groups):
            return self._groups(planned)
        return self._reader.first_page(run, planned, Batch.of(_page_size(planned, batch_size)))

    @evidence("SOQL", "quoted", "An unknown locator, or another user's, is INVALID_QUERY_LOCATOR; it lives two days")
    @evidence("SOQL", "simulated", "Locators end with the process; pages show the rows the query found as they are now")
    def more(self, locator: str, user_id: str, *, version: str = "v60.0") -> dict[str, Any]:
        """Return the page that a `nextRecordsUrl` ends in: the locator, a dash, the number of records before it.

        The rows are those that the query found; their values are the current ones.

        Raises:
            OrgError: INVALID_QUERY_LOCATOR; it is unknown, another user's, or older than two days.
        """
        match = _LOCATOR.fullmatch(locator)
        cursor = self._reader.cursor(match["id"], user_id) if match else None
        if match is None or cursor is None:
            raise _invalid_locator()
        run = self._reader.run(cursor.soql, user_id, all_rows=cursor.all_rows, version=version)
        planned = _plan(run)
        assert isinstance(planned, RowsQuery)  # noqa: S101 - nothing else has locators
        for name in cursor.path:
            planned = planned.children[name]
        page = self._reader.next_page(run, planned, match["id"], int(match["offset"]), cursor)
        if page is None:
            raise _invalid_locator()
        return page

    @evidence(
        "SOQL", "verified", "columns=true returns the names and kinds of the columns instead of records (the sf CLI)"
    )
    def columns(self, soql: str, user_id: str) -> dict[str, Any]:
        """Return the columns of a query, without running it."""
        return column_metadata(_plan(self._reader.run(soql, user_id)))

    @evidence(
        "SOQL", "simulated", "explain returns SQLite's plan in Salesforce's shape: Index or TableScan, real counts"
    )
    def explain(self, soql: str, user_id: str) -> dict[str, Any]:
        """Return the plan of a query."""
        return {"plans": [explain(self._store, _plan(self._reader.run(soql, user_id)))], "sourceQuery": soql}

    @evidence("SOQL", "quoted", "More groups than fit on a page are EXCEEDED_ID_LIMIT: groups have no further pages")
    def _groups(self, planned: Groups) -> dict[str, Any]:
        records = self._reader.groups(planned)
        if len(records) > MAX_GROUPS:
            reason = "Aggregate query does not support queryMore(), use LIMIT to restrict the results to a single batch"
            raise OrgError(400, "EXCEEDED_ID_LIMIT", reason, None)
        return {"totalSize": len(records), "done": True, "records": records}


def _plan(run: Run) -> Plan:
    return plan(run, parsed(run))


def parsed(run: Run) -> Query:
    """Return the tree of a query.

    Raises:
        OrgError: MALFORMED_QUERY.
    """
    try:
        return parse(run.text)
    except SoqlError as error:
        raise OrgError(400, error.error_code, str(error), None) from None


def _page_size(planned: RowsQuery, asked: int | None) -> int:
    most, usual = MAX_BATCH, MAX_BATCH
    if planned.children:
        most, usual = MIN_BATCH if _has_long_text(planned) else MAX_BATCH, _PARENTS_BATCH
    elif planned.has_long_text:
        most = _LONG_TEXT_BATCH
    return min(max(usual if asked is None else asked, MIN_BATCH), most)


def _has_long_text(rows: RowsQuery) -> bool:
    return rows.has_long_text or any(map(_has_long_text, rows.children.values()))


def _invalid_locator() -> OrgError:
    return OrgError(400, "INVALID_QUERY_LOCATOR", "invalid query locator", None)
