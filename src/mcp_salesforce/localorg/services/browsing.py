"""Read every record of the org, without regard to sharing: for the pages that people see, not for the API."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from mcp_salesforce.localorg.services.field_values import to_json
from mcp_salesforce.localorg.store.schema import FieldDef, Schema, SObjectDef
from mcp_salesforce.localorg.store.sqlite import Store, quote

MOST_COUNTED: Final = 100_000
"""A count stops one above it: the count of a table reads every row."""
_TEXTS: Final = frozenset(
    ["combobox", "email", "id", "multipicklist", "phone", "picklist", "reference", "string", "textarea", "url"]
)
_COLUMNS_AT_ONCE: Final = 50  # of a search: below SQLite's depth of an expression, however many fields an object has

Record = dict[str, Any]
"""The fields of a record by API name, in describe order, as the API gives them."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which records of an object: those with a text in any field, and those whose field `by` has the value `of`."""

    search: str = ""
    by: str = ""
    of: str = ""
    is_deleted: bool = False


@dataclass(frozen=True, slots=True)
class RecordPage:
    """Some records, the newest first, and whether there are newer and older ones."""

    records: Sequence[Record]
    has_newer: bool
    has_older: bool


@dataclass(frozen=True, slots=True)
class Related:
    """The records whose `field` names a record."""

    child: SObjectDef
    field: FieldDef
    count: int


class Browsing:
    """Reads the records of an org without regard to sharing."""

    def __init__(self, store: Store, schema: Schema) -> None:
        """Read the records of `schema` in `store`."""
        self._store = store
        self._schema = schema

    def objects(self) -> list[tuple[SObjectDef, int]]:
        """Return the objects that have records of their own, with how many there are, up to one above MOST_COUNTED."""
        shown = sorted((each for each in self._schema if each.key_prefix), key=lambda each: each.label)
        return [(each, self.count(each, Selection())) for each in shown]

    def count(self, sobject: SObjectDef, selection: Selection) -> int:
        """Return how many records are selected, up to one above MOST_COUNTED."""
        condition, values = _condition(sobject, selection)
        some = f"SELECT 1 FROM {quote(sobject.name)} WHERE {condition} LIMIT {MOST_COUNTED + 1}"  # noqa: S608 - names of the schema
        [[count]] = self._store.rows(f"SELECT count(*) FROM ({some})", values)  # noqa: S608 - as above
        return int(count)

    def page(
        self, sobject: SObjectDef, selection: Selection, *, older_than: str = "", newer_than: str = "", size: int
    ) -> RecordPage:
        """Return at most `size` of the selected records: the newest, or those next to the record with an Id."""
        condition, values = _condition(sobject, selection)
        beside, order = ("Id > :id", "ASC") if newer_than else ("(:id = '' OR Id < :id)", "DESC")
        rows = self._store.rows(
            f"SELECT * FROM {quote(sobject.name)} WHERE {condition} AND {beside} ORDER BY Id {order} LIMIT {size + 1}",  # noqa: S608 - names of the schema
            {**values, "id": newer_than or older_than},
        )
        found = [self._record(sobject, row) for row in rows[:size]]
        has_more = len(rows) > size
        if newer_than:
            return RecordPage(found[::-1], has_newer=has_more, has_older=True)
        return RecordPage(found, has_newer=bool(older_than), has_older=has_more)

    def record(self, record_id: str) -> tuple[SObjectDef, Record] | None:
        """Return a record with its object, also a deleted one; None if the org has no such record."""
        sobject = self._schema.of_record(record_id)
        row = sobject and self._store.find(sobject, record_id)
        return (sobject, self._record(sobject, row)) if sobject and row else None

    def names(self, record_ids: Sequence[str]) -> dict[str, str]:
        """Return what people call the records with these Ids: a name, or the label of the object."""
        named = {}
        for record_id in dict.fromkeys(record_ids):
            if found := self.record(record_id):
                named[record_id] = name_of(*found)
        return named

    def related(self, sobject: SObjectDef, record_id: str) -> list[Related]:
        """Return which records name a record, by object and field; those of which there are none are left out."""
        children = [each for each in self._schema.children(sobject) if each.child.key_prefix]
        counted = (
            Related(each.child, each.field, self.count(each.child, Selection(by=each.field.name, of=record_id)))
            for each in children
        )
        return [each for each in counted if each.count]

    def _record(self, sobject: SObjectDef, row: Any) -> Record:  # noqa: ANN401 - a row of the store
        values = {field.name: to_json(field, row) for field in sobject.fields}
        return {**values, "IsDeleted": bool(row["IsDeleted"])}


def name_of(sobject: SObjectDef, record: Mapping[str, Any]) -> str:
    """Return what people call a record."""
    named = record.get(sobject.name_field.name) if sobject.name_field else None
    return str(named or sobject.label)


def _condition(sobject: SObjectDef, selection: Selection) -> tuple[str, dict[str, Any]]:
    """Return the SQL condition of a selection, and its values."""
    values: dict[str, Any] = {"deleted": int(selection.is_deleted)}
    parts = ["IsDeleted = :deleted"]
    if field := sobject.field(selection.by):
        parts.append(f"{quote(field.name)} = :of")
        values["of"] = selection.of
    if selection.search:
        columns = [f"ifnull({quote(each.name)}, '')" for each in sobject.fields if each.stored and each.type in _TEXTS]
        parts.append(f"({' OR '.join(_contains(columns))})")
        values["search"] = selection.search.casefold()
    return " AND ".join(parts), values


def _contains(columns: Sequence[str]) -> Iterator[str]:
    for start in range(0, len(columns), _COLUMNS_AT_ONCE):
        yield f"instr(fold({' || char(10) || '.join(columns[start : start + _COLUMNS_AT_ONCE])}), :search)"
