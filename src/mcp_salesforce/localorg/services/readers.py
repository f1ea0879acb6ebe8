"""Read rows of the store into the shape that their query asks for."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mcp_salesforce.localorg.evidence import evidence
from mcp_salesforce.localorg.services.field_values import address, instant
from mcp_salesforce.localorg.store import functions
from mcp_salesforce.localorg.store.dates import Calendar
from mcp_salesforce.localorg.store.locators import Locators, OpenQuery
from mcp_salesforce.localorg.store.schema import Schema
from mcp_salesforce.localorg.store.scope import Run
from mcp_salesforce.localorg.store.shapes import ByType, Children, Compound, Entry, Groups, Leaf, Record, RowsQuery
from mcp_salesforce.localorg.store.sharing import sharing_of
from mcp_salesforce.localorg.store.sqlite import Row, Store, quote
from mcp_salesforce.zones import ZoneInfo


@dataclass(frozen=True, slots=True)
class Batch:
    """The number of rows of a page, with those of sub-queries, and how many of a list are among them.

    `path` names the sub-queries that lead to the list. Without a size, everything is on one page.
    """

    size: int | None = None
    room: int | None = None
    path: tuple[str, ...] = ()

    @classmethod
    def of(cls, size: int, path: tuple[str, ...] = ()) -> "Batch":
        """Return a page for a single list."""
        return cls(size, size, path)

    def below(self, name: str) -> "Batch":
        """Return the part of the page for a sub-query's list; the page begins with its parent."""
        return Batch(self.size, self.room and self.room - 1, (*self.path, name))


class Reader:
    """Reads the records of queries and searches."""

    def __init__(self, store: Store, schema: Schema, now: Callable[[], datetime]) -> None:
        """Read the records of `schema` in `store`; `now` is the org's clock."""
        self._store = store
        self._schema = schema
        self._now = now
        self._locators = Locators(store)
        functions.register(store)

    def run(self, text: str, user_id: str, *, all_rows: bool = False, version: str = "v60.0") -> Run:
        """Return what a query needs to know about the user and the time."""
        sharing = sharing_of(self._store, self._schema, user_id)
        return Run(self._schema, text, self._calendar(user_id), user_id, all_rows, version, sharing)

    def _calendar(self, user_id: str) -> Calendar:
        """Return the calendar of a user: time zone and locale are theirs, the fiscal year is the organization's."""
        user = self._store.row('SELECT TimeZoneSidKey, LocaleSidKey FROM "User" WHERE Id = ?', [user_id])
        organization = self._store.row("SELECT FiscalYearStartMonth FROM Organization")
        zone, locale = tuple(user) if user else (None, None)
        fiscal = organization and organization["FiscalYearStartMonth"]
        return Calendar(self._now(), ZoneInfo(zone or "UTC"), locale or "en_US", fiscal or 1)

    def records(self, run: Run, rows: RowsQuery, row_ids: Sequence[int]) -> list[dict[str, Any]]:
        """Return the records with these rowids, in their order; a row that is gone is left out."""
        return self._read(run, rows, row_ids, Batch())[0]

    def values(self, rows: RowsQuery, row_ids: Sequence[int]) -> list[Row]:
        """Return the columns of the rows with these rowids, at the places that the query's shape names."""
        return self._store.rows(rows.page.text, {**rows.page.values, "rows": json.dumps(list(row_ids))})

    def first_page(self, run: Run, rows: RowsQuery, batch: Batch, parent_id: str | None = None) -> dict[str, Any]:
        """Return the first page of a query's result in wire form, or of the children of a parent."""
        found = self._locators.find_rows(rows.row_ids, parent_id)
        if rows.single_page:
            records, _ = self._read(run, rows, found.first, Batch())
            return {"totalSize": len(found.first), "done": True, "records": records}
        records, taken = self._read(run, rows, found.first[: batch.room], batch)
        if not found.has_more_than(taken):
            return {"totalSize": taken, "done": True, "records": records}
        cursor = OpenQuery(run.user_id, run.text, run.all_rows, batch.size or taken, batch.path)
        locator, total = self._locators.keep(found, cursor, run.calendar.now)
        return {"totalSize": total, "done": False, "nextRecordsUrl": _url(run, locator, taken), "records": records}

    def cursor(self, locator: str, user_id: str) -> OpenQuery | None:
        """Return the query of a locator of this user, or None if it no longer exists."""
        return self._locators.find(locator, user_id, self._now())

    def next_page(
        self, run: Run, rows: RowsQuery, locator: str, offset: int, cursor: OpenQuery
    ) -> dict[str, Any] | None:
        """Return the page of a result that begins at `offset`, in wire form; None if there is none."""
        row_ids, total = self._locators.rows(locator, offset, cursor.size)
        if not row_ids:
            return None
        records, taken = self._read(run, rows, row_ids, Batch.of(cursor.size, cursor.path))
        if offset + taken >= total:
            return {"totalSize": total, "done": True, "records": records}
        url = _url(run, locator, offset + taken)
        return {"totalSize": total, "done": False, "nextRecordsUrl": url, "records": records}

    def _read(
        self, run: Run, rows: RowsQuery, row_ids: Sequence[int], batch: Batch
    ) -> tuple[list[dict[str, Any]], int]:
        """Return records up to the one that fills the batch, and how many of `row_ids` that was."""
        page = self.values(rows, row_ids)
        records: list[dict[str, Any]] = []
        taken = len(row_ids)
        room = batch.room
        for row in page:
            records.append(self._record(run, rows.shape, tuple(row), rows.shape.type, batch))
            if room is not None:
                room -= _rows_in(records[-1], rows)
                if room <= 0:
                    taken = row[-1] + 1
                    break
        if rows.viewed:
            self._look_at(rows, json.dumps(list(row_ids[:taken])), instant(run.calendar.now))
        return records, taken

    @evidence("SOQL", "documented", "FOR VIEW sets LastViewedDate and LastReferencedDate, FOR REFERENCE the latter")
    def _look_at(self, rows: RowsQuery, ids: str, moment: str) -> None:
        """Set the dates that FOR VIEW or FOR REFERENCE asks for."""
        table = quote(rows.sobject.name)
        with self._store.transaction():
            for name in rows.viewed:
                sql = f"UPDATE {table} SET {quote(name)} = ? WHERE rowid IN (SELECT value FROM json_each(?))"  # noqa: S608 - names of the schema
                self._store.execute(sql, [moment, ids])

    @evidence(
        "SOQL", "recorded", "Grouped rows are AggregateResult records without url; unnamed values are expr0, expr1 …"
    )
    def groups(self, groups: Groups) -> list[dict[str, Any]]:
        """Return the rows of an aggregate query."""
        rows = self._store.rows(groups.sql.text, groups.sql.values)
        attributes = {"type": "AggregateResult"}
        return [
            {"attributes": attributes, **{key: _value(leaf, row) for key, leaf in groups.shape.items()}} for row in rows
        ]

    @evidence("SOQL", "recorded", "A polymorphic parent without TYPEOF has the type Name and the url of the record")
    @evidence(
        "SOQL", "recorded", "Names are in schema case and SELECT order, attributes first; a missing parent is null"
    )
    def _record(self, run: Run, shape: Record, row: Sequence[Any], type_name: str, batch: Batch) -> dict[str, Any]:
        """Return one record with its attributes; `type_name` is the type in them."""
        record_id = row[shape.id_index]
        sobject = self._schema.of_record(record_id)
        url = f"/services/data/{run.version}/sobjects/{sobject.name if sobject else type_name}/{record_id}"
        record: dict[str, Any] = {"attributes": {"type": type_name, "url": url}}
        for key, entry in shape.entries.items():
            record[key] = self._entry(run, entry, row, batch.below(key))
        return record

    def _entry(self, run: Run, entry: Entry, row: Sequence[Any], below: Batch) -> Any:  # noqa: ANN401 - any JSON value
        match entry:
            case Leaf():
                return _value(entry, row)
            case Compound(compound, indexes):
                return address(compound, {name: row[index] for name, index in indexes.items()})
            case Record():
                return None if row[entry.id_index] is None else self._record(run, entry, row, entry.type, below)
            case ByType():
                return self._by_type(run, entry, row, below)
            case Children(index, rows):
                return self._children(run, rows, row[index], below)

    @evidence("SOQL", "recorded", "TYPEOF gives the parent its own type; without a matching WHEN or ELSE it is null")
    def _by_type(self, run: Run, entry: ByType, row: Sequence[Any], below: Batch) -> dict[str, Any] | None:
        record_id = row[entry.id_index]
        sobject = self._schema.of_record(record_id) if record_id else None
        shape = sobject and entry.cases.get(sobject.key_prefix, entry.otherwise)
        return self._record(run, shape, row, sobject.name, below) if sobject and shape else None

    @evidence("SOQL", "recorded", "A sub-query's result is {totalSize, done, records}, or null if it is empty")
    def _children(self, run: Run, rows: RowsQuery, parent_id: str, batch: Batch) -> dict[str, Any] | None:
        page = self.first_page(run, rows, batch, parent_id)
        return page if page["totalSize"] else None


def _rows_in(record: Mapping[str, Any], rows: RowsQuery) -> int:
    """Return how many rows a record counts as, with those of its sub-queries."""
    lists = ((record[name], below) for name, below in rows.children.items() if record[name])
    return 1 + sum(_rows_in(each, below) for found, below in lists for each in found["records"])


def _url(run: Run, locator: str, offset: int) -> str:
    return f"/services/data/{run.version}/query/{locator}-{offset}"


def _value(leaf: Leaf, row: Sequence[Any]) -> Any:  # noqa: ANN401 - any JSON value
    value = row[leaf.index]
    return bool(value) if leaf.type == "boolean" and value is not None else value
