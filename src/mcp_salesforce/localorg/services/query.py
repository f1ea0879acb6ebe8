"""SOQL over the store: records in the shape they have on the wire, page by page."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from mcp_salesforce.localorg.errors import OrgError
from mcp_salesforce.localorg.evidence import evidence
from mcp_salesforce.localorg.services.columns import column_metadata
from mcp_salesforce.localorg.services.readers import Reader
from mcp_salesforce.localorg.store.groups import MAX_GROUPS
from mcp_salesforce.localorg.store.locators import Cursor, Locators, Page
from mcp_salesforce.localorg.store.plans import explain
from mcp_salesforce.localorg.store.schema import Schema
from mcp_salesforce.localorg.store.scope import Run
from mcp_salesforce.localorg.store.select import plan
from mcp_salesforce.localorg.store.shapes import Count, Groups, Plan, Rows
from mcp_salesforce.localorg.store.sqlite import Store
from mcp_salesforce.soql import SoqlError, parse

MIN_BATCH: Final = 200
MAX_BATCH: Final = 2000
_LONG_TEXT_BATCH: Final = 1000
_LOCATOR: Final = re.compile(r"(?P<id>0r8[0-9A-Za-z]{15})-(?P<offset>\d{1,9})", re.ASCII)


class Queries:
    """Runs SOQL for users of the org."""

    def __init__(self, store: Store, schema: Schema, now: Callable[[], datetime]) -> None:
        """Query the records of `schema` in `store`; `now` is the org's clock."""
        self._store = store
        self._now = now
        self._reader = Reader(store, schema, now)
        self._locators = Locators(store)

    @evidence("SOQL", "recorded", "COUNT() is totalSize without records")
    @evidence("SOQL", "recorded", "A page has 2,000 records, 1,000 where a long text is selected")
    @evidence("SOQL", "documented", "Sforce-Query-Options batchSize is kept between 200 and 2,000")
    def query(
        self, soql: str, user_id: str, *, all_rows: bool = False, batch_size: int = MAX_BATCH, version: str = "v60.0"
    ) -> dict[str, Any]:
        """Run a query and return its first page in wire form.

        `all_rows` includes deleted and archived records (queryAll). A page has `batch_size` records, kept between 200
        and 2,000, and fewer where long texts are selected.

        Raises:
            OrgError: MALFORMED_QUERY, INVALID_FIELD, INVALID_TYPE and their like; nothing was run.
        """
        run = self._reader.run(soql, user_id, all_rows=all_rows, version=version)
        planned = _plan(run)
        if isinstance(planned, Count):
            [[count]] = self._store.rows(planned.sql.text, planned.sql.values)
            return {"totalSize": count, "done": True, "records": []}
        if isinstance(planned, Groups):
            return self._groups(planned)
        size = min(max(batch_size, MIN_BATCH), _LONG_TEXT_BATCH if planned.has_long_text else MAX_BATCH)
        page = self._locators.open(planned.row_ids, Cursor(user_id, soql, all_rows, size), run.calendar.now)
        return self._page(run, planned, page, size)

    @evidence("SOQL", "quoted", "An unknown locator, or another user's, is INVALID_QUERY_LOCATOR; it lives two days")
    @evidence("SOQL", "simulated", "Locators end with the process; pages show the rows the query found as they are now")
    def more(self, locator: str, user_id: str, *, version: str = "v60.0") -> dict[str, Any]:
        """Return the page that a `nextRecordsUrl` ends in: the locator, a dash, the number of records before it.

        The rows are those that the query found; their values are of now.

        Raises:
            OrgError: INVALID_QUERY_LOCATOR; it is unknown, another user's, or older than two days.
        """
        match = _LOCATOR.fullmatch(locator)
        cursor = self._locators.find(match["id"], user_id, self._now()) if match else None
        if match is None or cursor is None:
            raise _invalid_locator()
        offset = int(match["offset"])
        page = self._locators.page(match["id"], offset, cursor.size)
        if not page.row_ids:
            raise _invalid_locator()
        run = self._reader.run(cursor.soql, user_id, all_rows=cursor.all_rows, version=version)
        planned = _plan(run)
        assert isinstance(planned, Rows)  # noqa: S101 - nothing else has locators
        return self._page(run, planned, page, offset + cursor.size)

    @evidence("SOQL", "verified", "columns=true tells names and kinds of the columns instead of records (the sf CLI)")
    def columns(self, soql: str, user_id: str) -> dict[str, Any]:
        """Return what the columns of a query are, without running it.

        Raises:
            OrgError: As `query`.
        """
        return column_metadata(_plan(self._reader.run(soql, user_id)))

    @evidence("SOQL", "simulated", "explain tells SQLite's plan in Salesforce's shape: Index or TableScan, real counts")
    def explain(self, soql: str, user_id: str) -> dict[str, Any]:
        """Return how a query would be run.

        Raises:
            OrgError: As `query`.
        """
        return {"plans": [explain(self._store, _plan(self._reader.run(soql, user_id)))], "sourceQuery": soql}

    def _page(self, run: Run, planned: Rows, page: Page, read: int) -> dict[str, Any]:
        """Return one page; `read` is the number of records up to its end."""
        result: dict[str, Any] = {"totalSize": page.total, "done": page.locator is None}
        if planned.single_page:
            result = {"totalSize": len(page.row_ids), "done": True}
        elif page.locator is not None:
            result["nextRecordsUrl"] = f"/services/data/{run.version}/query/{page.locator}-{read}"
        return result | {"records": self._reader.records(run, planned, page.row_ids)}

    @evidence("SOQL", "quoted", "More groups than a page holds are EXCEEDED_ID_LIMIT: groups are not paged")
    def _groups(self, planned: Groups) -> dict[str, Any]:
        records = self._reader.groups(planned)
        if len(records) > MAX_GROUPS:
            reason = "Aggregate query does not support queryMore(), use LIMIT to restrict the results to a single batch"
            raise OrgError(400, "EXCEEDED_ID_LIMIT", reason, None)
        return {"totalSize": len(records), "done": True, "records": records}


def _plan(run: Run) -> Plan:
    try:
        return plan(run, parse(run.text))
    except SoqlError as error:
        raise OrgError(400, error.error_code, str(error), None) from None


def _invalid_locator() -> OrgError:
    return OrgError(400, "INVALID_QUERY_LOCATOR", "invalid query locator", None)
