"""List the columns of a query: the answer to `columns=true`, from which the sf CLI makes its tables."""

from collections.abc import Mapping
from typing import Any, Final

from mcp_salesforce.localorg.store.literals import NUMBER_TYPES
from mcp_salesforce.localorg.store.schema import FieldDef
from mcp_salesforce.localorg.store.shapes import ByType, Children, Compound, Count, Entry, Groups, Leaf, Plan, Record

_APEX_TYPES: Final = {
    "address": "Address",
    "boolean": "Boolean",
    "currency": "Decimal",
    "date": "Date",
    "datetime": "Datetime",
    "double": "Double",
    "id": "Id",
    "int": "Integer",
    "percent": "Double",
    "reference": "Id",
    "time": "Time",
}
_NOT_TEXT: Final = frozenset(["address", "boolean", "date", "datetime", "id", "reference", "time"]) | NUMBER_TYPES


def column_metadata(planned: Plan) -> dict[str, Any]:
    """Return the columns of a query in wire form."""
    entries = _entries(planned)
    grouped = isinstance(planned, Groups)
    return {
        "columnMetadata": [_column(key, entry, aggregate=grouped) for key, entry in entries.items()],
        "entityName": planned.sobject.name,
        "groupBy": grouped,
        "idSelected": "Id" in entries,
        "keyPrefix": planned.sobject.key_prefix,
    }


def _entries(planned: Plan) -> Mapping[str, Entry]:
    if isinstance(planned, Groups):
        return planned.shape
    return {} if isinstance(planned, Count) else planned.shape.entries


def _column(key: str, entry: Entry, *, aggregate: bool = False) -> dict[str, Any]:
    match entry:
        case Leaf():
            aggregate = aggregate and "(" in entry.words
            return _leaf(key, entry.words if aggregate else key, entry.type, entry.field, aggregate=aggregate)
        case Compound(compound):
            return _leaf(key, key, compound.type, compound)
        case Record():
            return _joined(key, entry.entries)
        case ByType():
            return _joined(key, {name: each for case in entry.cases.values() for name, each in case.entries.items()})
        case Children(_, rows):
            return _joined(key, rows.shape.entries, aggregate=True)


def _joined(key: str, entries: Mapping[str, Entry], *, aggregate: bool = False) -> dict[str, Any]:
    """Return a column that has columns of its own: a parent, or a sub-query."""
    column = _leaf(key, key, "", None, aggregate=aggregate)
    return column | {"joinColumns": [_column(name, entry) for name, entry in entries.items()]}


def _leaf(key: str, shown: str, type_name: str, field: FieldDef | None, *, aggregate: bool = False) -> dict[str, Any]:
    return {
        "aggregate": aggregate,
        "apexType": _APEX_TYPES.get(type_name, "String") if type_name else None,
        "booleanType": type_name == "boolean",
        "columnName": key,
        "custom": field is not None and field.custom,
        "displayName": shown,
        "foreignKeyName": field.relationship_name if field is not None else None,
        "insertable": field is not None and field.createable,
        "joinColumns": [],
        "numberType": type_name in NUMBER_TYPES,
        "textType": bool(type_name) and type_name not in _NOT_TEXT,
        "updatable": field is not None and field.updateable,
    }
