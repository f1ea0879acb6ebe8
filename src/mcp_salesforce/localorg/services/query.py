"""SOQL over the store: records in the shape they have on the wire, page by page."""

import json
import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from mcp_salesforce.localorg.errors import OrgError
from mcp_salesforce.localorg.services.values import address
from mcp_salesforce.localorg.store import functions
from mcp_salesforce.localorg.store.dates import Calendar, first_weekday
from mcp_salesforce.localorg.store.locators import Cursor, Locators, Page
from mcp_salesforce.localorg.store.schema import Schema
from mcp_salesforce.localorg.store.scope import Run
from mcp_salesforce.localorg.store.select import plan
from mcp_salesforce.localorg.store.shapes import ByType, Children, Compound, Count, Entry, Groups, Leaf, Record, Rows
from mcp_salesforce.localorg.store.sqlite import Store
from mcp_salesforce.soql import Query, SoqlError, parse

MIN_BATCH: Final = 200
MAX_BATCH: Final = 2000
_LONG_TEXT_BATCH: Final = 1000
_MAX_CHARACTERS: Final = 100_000
_LOCATOR: Final = re.compile(r"(?P<id>0r8[0-9A-Za-z]{15})-(?P<offset>\d{1,9})", re.ASCII)


class Queries:
    """Runs SOQL for users of the org."""

    def __init__(self, store: Store, schema: Schema, now: Callable[[], datetime]) -> None:
        """Query the records of `schema` in `store`; `now` is the org's clock."""
        self._store = store
        self._schema = schema
        self._now = now
        self._locators = Locators(store)
        functions.register(store)

    def query(
        self, soql: str, user_id: str, *, all_rows: bool = False, batch_size: int = MAX_BATCH, version: str = "v60.0"
    ) -> dict[str, Any]:
        """Run a query and return its first page in wire form.

        `all_rows` includes deleted and archived records (queryAll). A page has `batch_size` records, kept between 200
        and 2,000, and fewer where long texts are selected.

        Raises:
            OrgError: MALFORMED_QUERY, INVALID_FIELD, INVALID_TYPE and their like; nothing was run.
        """
        run = self._run(soql, user_id, all_rows=all_rows, version=version)
        planned = plan(run, _parse(soql))
        if isinstance(planned, Count):
            [[count]] = self._store.rows(planned.sql.text, planned.sql.values)
            return {"totalSize": count, "done": True, "records": []}
        if isinstance(planned, Groups):
            return self._groups(planned)
        size = min(max(batch_size, MIN_BATCH), MAX_BATCH)
        if planned.has_long_text:
            size = min(size, _LONG_TEXT_BATCH)
        cursor = Cursor(user_id, soql, all_rows, size)
        return self._page(run, planned, self._locators.open(planned.row_ids, cursor, run.calendar.now), size)

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
        run = self._run(cursor.soql, user_id, all_rows=cursor.all_rows, version=version)
        planned = plan(run, _parse(cursor.soql))
        assert isinstance(planned, Rows)  # noqa: S101 - nothing else has locators
        return self._page(run, planned, page, offset + cursor.size)

    def _groups(self, planned: Groups) -> dict[str, Any]:
        """Return every group; there must not be more than one page of them."""
        rows = self._store.rows(planned.sql.text, planned.sql.values)
        if len(rows) > MAX_BATCH:
            reason = "Aggregate query does not support queryMore(), use LIMIT to restrict the results to a single batch"
            raise OrgError(400, "EXCEEDED_ID_LIMIT", reason, None)
        records = [
            {"attributes": {"type": "AggregateResult"}} | {key: _json(leaf, row) for key, leaf in planned.shape.items()}
            for row in rows
        ]
        return {"totalSize": len(records), "done": True, "records": records}

    def _run(self, soql: str, user_id: str, *, all_rows: bool, version: str) -> Run:
        if len(soql) > _MAX_CHARACTERS:
            reason = f"SOQL statements cannot be longer than {_MAX_CHARACTERS} characters."
            raise OrgError(400, "MALFORMED_QUERY", reason, None)
        return Run(self._schema, soql, self._calendar(user_id), user_id, all_rows, version)

    def _calendar(self, user_id: str) -> Calendar:
        """Return the calendar of a user: time zone and locale are theirs, the fiscal year is the organization's."""
        user = self._store.row('SELECT TimeZoneSidKey, LocaleSidKey FROM "User" WHERE Id = ?', [user_id])
        zone, locale = tuple(user) if user else (None, None)
        return Calendar(self._now(), ZoneInfo(zone or "UTC"), first_weekday(locale))

    def _page(self, run: Run, planned: Rows, page: Page, read: int) -> dict[str, Any]:
        """Return one page; `read` is the number of records up to its end."""
        result: dict[str, Any] = {"totalSize": page.total, "done": page.locator is None}
        if planned.single_page:
            result |= {"totalSize": len(page.row_ids), "done": True}
        elif page.locator is not None:
            result["nextRecordsUrl"] = f"/services/data/{run.version}/query/{page.locator}-{read}"
        return result | {"records": self._records(run, planned, page.row_ids)}

    def _records(self, run: Run, rows: Rows, row_ids: Sequence[int]) -> list[dict[str, Any]]:
        page = self._store.rows(rows.page.text, {**rows.page.values, "rows": json.dumps(row_ids)})
        shaper = _Shaper(run, self._children)
        return [shaper.record(rows.shape, tuple(row), rows.shape.type) for row in page]

    def _children(self, run: Run, rows: Rows, parent_id: str) -> dict[str, Any] | None:
        """Return the result of a sub-query for one parent, or None if it has no such records."""
        row_ids = self._store.rows(rows.row_ids.text, {**rows.row_ids.values, "parent": parent_id})
        if not row_ids:
            return None
        records = self._records(run, rows, [row[0] for row in row_ids])
        return {"totalSize": len(records), "done": True, "records": records}


class _Shaper:
    """Puts rows into the shape that their query asks for."""

    def __init__(self, run: Run, children: Callable[[Run, Rows, str], dict[str, Any] | None]) -> None:
        self._run = run
        self._children = children

    def record(self, shape: Record, row: Sequence[Any], type_name: str) -> dict[str, Any]:
        """Return one record with its attributes; `type_name` is the type they tell."""
        record_id = row[shape.id_index]
        sobject = self._run.schema.of_record(record_id)
        url = f"/services/data/{self._run.version}/sobjects/{sobject.name if sobject else type_name}/{record_id}"
        record: dict[str, Any] = {"attributes": {"type": type_name, "url": url}}
        for key, entry in shape.entries.items():
            record[key] = self._value(entry, row)
        return record

    def _value(self, entry: Entry, row: Sequence[Any]) -> Any:  # noqa: ANN401 - any JSON value
        match entry:
            case Leaf():
                return _json(entry, row)
            case Compound(compound, indexes):
                return address(compound, {name: row[index] for name, index in indexes.items()})
            case Record():
                return None if row[entry.id_index] is None else self.record(entry, row, entry.type)
            case ByType():
                return self._by_type(entry, row)
            case Children(index, rows):
                return self._children(self._run, rows, row[index])

    def _by_type(self, entry: ByType, row: Sequence[Any]) -> dict[str, Any] | None:
        record_id = row[entry.id_index]
        sobject = self._run.schema.of_record(record_id) if record_id else None
        shape = sobject and entry.cases.get(sobject.key_prefix, entry.otherwise)
        return self.record(shape, row, sobject.name) if sobject and shape else None


def _json(leaf: Leaf, row: Sequence[Any]) -> Any:  # noqa: ANN401 - any JSON value
    value = row[leaf.index]
    return bool(value) if leaf.type == "boolean" and value is not None else value


def _parse(soql: str) -> Query:
    try:
        return parse(soql)
    except SoqlError as error:
        raise OrgError(400, error.error_code, str(error), None) from None


def _invalid_locator() -> OrgError:
    return OrgError(400, "INVALID_QUERY_LOCATOR", "invalid query locator", None)
