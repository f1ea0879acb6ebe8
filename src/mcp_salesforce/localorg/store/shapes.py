"""What a resolved query is: statements of SQL, and the shape of the records they are read into."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mcp_salesforce.localorg.store.schema import FieldDef, SObjectDef
from mcp_salesforce.soql.tree import Field, Function


@dataclass(frozen=True, slots=True)
class Sql:
    """One statement and the values of its parameters."""

    text: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Leaf:
    """A value: its place in the row, its type, the field it comes from, and the words that asked for it."""

    index: int
    type: str
    field: FieldDef
    words: str


@dataclass(frozen=True, slots=True)
class Compound:
    """A value put together from columns: their names and places in the row."""

    field: FieldDef
    indexes: Mapping[str, int]


@dataclass(slots=True)
class Record:
    """A record, the queried one or a parent: its type (`Name` where it can be any), its id's place, its entries."""

    type: str
    id_index: int
    entries: "dict[str, Entry]" = field(default_factory=dict)


@dataclass(slots=True)
class ByType:
    """A parent that TYPEOF selects different fields of: one record for each key prefix, and one for the others."""

    id_index: int
    cases: dict[str, Record]
    otherwise: Record | None


@dataclass(frozen=True, slots=True)
class Children:
    """The records of a sub-query; `id_index` is the place of the parent's id."""

    id_index: int
    rows: "RowsQuery"


Entry = Leaf | Compound | Record | ByType | Children


@dataclass(frozen=True, slots=True)
class RowsQuery:
    """How to answer a query for records: which rows, in which order, and what of them.

    `row_ids` lists the rowids that match, in order; `page` reads the rows whose rowids are the JSON list `:rows`, and
    ends each with its place in the list.
    A sub-query's `row_ids` takes the id of the parent as `:parent`, a search's the rowids it found as `:found`.
    `viewed` names the fields that FOR VIEW or FOR REFERENCE sets to the present moment.
    """

    sobject: SObjectDef
    row_ids: Sql
    page: Sql
    shape: Record
    has_long_text: bool = False
    single_page: bool = False
    viewed: tuple[str, ...] = ()

    @property
    def children(self) -> "Mapping[str, RowsQuery]":
        """The sub-queries, by the names of their relationships."""
        return {name: each.rows for name, each in self.shape.entries.items() if isinstance(each, Children)}


@dataclass(frozen=True, slots=True)
class Count:
    """How to answer SELECT COUNT(): one row with one number."""

    sobject: SObjectDef
    sql: Sql


@dataclass(frozen=True, slots=True)
class Groups:
    """How to answer a query that aggregates: the keys of its rows, and where their values stand."""

    sobject: SObjectDef
    sql: Sql
    shape: Mapping[str, Leaf]


Plan = RowsQuery | Count | Groups


def words(operand: Field | Function) -> str:
    """Return what a field or a function of one looks like in a query."""
    return operand.name if isinstance(operand, Field) else f"{operand.name}({words(operand.argument)})"
