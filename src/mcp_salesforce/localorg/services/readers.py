"""Rows of the store, read into the shape that their query asks for."""

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from mcp_salesforce.localorg.evidence import evidence
from mcp_salesforce.localorg.services.values import address, instant
from mcp_salesforce.localorg.store import functions
from mcp_salesforce.localorg.store.dates import Calendar
from mcp_salesforce.localorg.store.schema import Schema
from mcp_salesforce.localorg.store.scope import Run
from mcp_salesforce.localorg.store.shapes import ByType, Children, Compound, Entry, Groups, Leaf, Record, Rows
from mcp_salesforce.localorg.store.sqlite import Store, quote
from mcp_salesforce.zones import ZoneInfo


class Reader:
    """Reads the records of queries and searches."""

    def __init__(self, store: Store, schema: Schema, now: Callable[[], datetime]) -> None:
        """Read the records of `schema` in `store`; `now` is the org's clock."""
        self._store = store
        self._schema = schema
        self._now = now
        functions.register(store)

    def run(self, text: str, user_id: str, *, all_rows: bool = False, version: str = "v60.0") -> Run:
        """Return what a query needs to know of who asks and when."""
        return Run(self._schema, text, self._calendar(user_id), user_id, all_rows, version)

    def _calendar(self, user_id: str) -> Calendar:
        """Return the calendar of a user: time zone and locale are theirs, the fiscal year is the organization's."""
        user = self._store.row('SELECT TimeZoneSidKey, LocaleSidKey FROM "User" WHERE Id = ?', [user_id])
        organization = self._store.row("SELECT FiscalYearStartMonth FROM Organization")
        zone, locale = tuple(user) if user else (None, None)
        fiscal = organization and organization["FiscalYearStartMonth"]
        return Calendar(self._now(), ZoneInfo(zone or "UTC"), locale or "en_US", fiscal or 1)

    def records(self, run: Run, rows: Rows, row_ids: Sequence[int]) -> list[dict[str, Any]]:
        """Return the records with these rowids, in their order; a row that is gone is left out."""
        ids = json.dumps(row_ids)
        page = self._store.rows(rows.page.text, {**rows.page.values, "rows": ids})
        if rows.viewed:
            self._look_at(rows, ids, instant(run.calendar.now))
        return [self._record(run, rows.shape, tuple(row), rows.shape.type) for row in page]

    @evidence("SOQL", "documented", "FOR VIEW sets LastViewedDate and LastReferencedDate, FOR REFERENCE the latter")
    def _look_at(self, rows: Rows, ids: str, moment: str) -> None:
        """Leave the trace that FOR VIEW or FOR REFERENCE asks for."""
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
    def _record(self, run: Run, shape: Record, row: Sequence[Any], type_name: str) -> dict[str, Any]:
        """Return one record with its attributes; `type_name` is the type they tell."""
        record_id = row[shape.id_index]
        sobject = self._schema.of_record(record_id)
        url = f"/services/data/{run.version}/sobjects/{sobject.name if sobject else type_name}/{record_id}"
        record: dict[str, Any] = {"attributes": {"type": type_name, "url": url}}
        for key, entry in shape.entries.items():
            record[key] = self._entry(run, entry, row)
        return record

    def _entry(self, run: Run, entry: Entry, row: Sequence[Any]) -> Any:  # noqa: ANN401 - any JSON value
        match entry:
            case Leaf():
                return _value(entry, row)
            case Compound(compound, indexes):
                return address(compound, {name: row[index] for name, index in indexes.items()})
            case Record():
                return None if row[entry.id_index] is None else self._record(run, entry, row, entry.type)
            case ByType():
                return self._by_type(run, entry, row)
            case Children(index, rows):
                return self._children(run, rows, row[index])

    @evidence("SOQL", "recorded", "TYPEOF gives the parent its own type; without a matching WHEN or ELSE it is null")
    def _by_type(self, run: Run, entry: ByType, row: Sequence[Any]) -> dict[str, Any] | None:
        record_id = row[entry.id_index]
        sobject = self._schema.of_record(record_id) if record_id else None
        shape = sobject and entry.cases.get(sobject.key_prefix, entry.otherwise)
        return self._record(run, shape, row, sobject.name) if sobject and shape else None

    @evidence("SOQL", "recorded", "A sub-query's result is {totalSize, done, records}, or null where it is empty")
    @evidence("SOQL", "simulated", "A sub-query's records all come with their parent; they are not paged")
    def _children(self, run: Run, rows: Rows, parent_id: str) -> dict[str, Any] | None:
        row_ids = self._store.rows(rows.row_ids.text, {**rows.row_ids.values, "parent": parent_id})
        if not row_ids:
            return None
        records = self.records(run, rows, [row[0] for row in row_ids])
        return {"totalSize": len(records), "done": True, "records": records}


def _value(leaf: Leaf, row: Sequence[Any]) -> Any:  # noqa: ANN401 - any JSON value
    value = row[leaf.index]
    return bool(value) if leaf.type == "boolean" and value is not None else value
