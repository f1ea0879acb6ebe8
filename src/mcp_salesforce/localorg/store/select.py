"""A query's tree, resolved against the schema, as SQL and as the shape of the records it answers with."""

from collections.abc import Sequence
from typing import Final

from mcp_salesforce.localorg.errors import OrgError, not_implemented
from mcp_salesforce.localorg.evidence import evidence
from mcp_salesforce.localorg.store import functions
from mcp_salesforce.localorg.store.groups import group
from mcp_salesforce.localorg.store.matching import check_clauses, row_ids_sql, sobject_of
from mcp_salesforce.localorg.store.schema import FieldDef, SObjectDef
from mcp_salesforce.localorg.store.scope import WSDL, Bindings, Hop, Name, Run, Scope, Source, Table
from mcp_salesforce.localorg.store.shapes import (
    ByType,
    Children,
    Compound,
    Count,
    Leaf,
    Plan,
    Record,
    RowsQuery,
    Sql,
    words,
)
from mcp_salesforce.localorg.store.sqlite import quote
from mcp_salesforce.soql.tree import CountRows, Distance, Field, Function, Query, SelectItem, TypeOf

_FIELDS_LIMIT: Final = 200
_CHILD_QUERIES: Final = 20
_NESTED_SINCE: Final = 58.0
_CHILD_LEVELS: Final = 5
_VIEWED: Final = {"VIEW": ("LastViewedDate", "LastReferencedDate"), "REFERENCE": ("LastReferencedDate",)}


def plan(run: Run, query: Query) -> Plan:
    """Return how to answer a query."""
    sobject = sobject_of(run, query.from_[0])
    check_clauses(run, query)
    if any(isinstance(item.expression, CountRows) for item in query.select):
        return _count(run, query, sobject)
    if query.group_by is not None or any(_is_aggregate(item.expression) for item in query.select):
        return group(run, query, sobject)
    return _Selection(run, query, sobject, level=1).rows()


def plan_found(run: Run, query: Query) -> RowsQuery:
    """Return how to read what a search found: those of the rowids in the JSON list `:found` that the query keeps."""
    sobject = sobject_of(run, query.from_[0])
    check_clauses(run, query)
    return _Selection(run, query, sobject, level=1).rows("{0}.rowid IN (SELECT value FROM json_each(:found))")


def _is_aggregate(expression: object) -> bool:
    """Tell whether an expression, or what it formats, is about groups of records."""
    return isinstance(expression, Function) and (
        expression.name.upper() in functions.AGGREGATES | functions.DATE_FUNCTIONS or _is_aggregate(expression.argument)
    )


def _count(run: Run, query: Query, sobject: SObjectDef) -> Count:
    if len(query.select) > 1 or query.group_by or query.order_by:
        raise run.error("MALFORMED_QUERY", "COUNT() must stand alone, without GROUP BY and ORDER BY", query.position)
    scope = Scope(run, sobject, Bindings(), query.from_)
    rows = row_ids_sql(scope, query)
    return Count(sobject, Sql(f"SELECT COUNT(*) FROM ({rows})", scope.bindings.values))  # noqa: S608 - names of the schema


class _Selection:
    """The SELECT list of one query, on its way to columns and a shape."""

    def __init__(self, run: Run, query: Query, sobject: SObjectDef, level: int) -> None:
        self.run = run
        self.query = query
        self.level = level
        self.scope = Scope(run, sobject, Bindings(), query.from_)
        self.columns: list[str] = []
        self.shape = Record(sobject.name, self._place(self.scope.table.id_sql()))
        self.has_long_text = False

    def rows(self, *extra: str) -> RowsQuery:
        """Return the plan; `extra` are further conditions on the rows."""
        self._check_type_of()
        for item in self.query.select:
            self._select(item)
        match_scope = Scope(self.run, self.scope.sobject, Bindings(), self.query.from_)
        row_ids = row_ids_sql(match_scope, self.query, *(each.format(match_scope.table.alias) for each in extra))
        table = self.scope.table
        page = (
            f"SELECT {', '.join(self.columns)}, page.key FROM json_each(:rows) page "  # noqa: S608 - names of the schema
            f"CROSS JOIN {quote(table.name)} {table.alias} ON {table.alias}.rowid = page.value "
            f"{self.scope.joins_sql()} ORDER BY page.key"
        )
        return RowsQuery(
            self.scope.sobject,
            Sql(row_ids, match_scope.bindings.values),
            Sql(page, self.scope.bindings.values),
            self.shape,
            has_long_text=self.has_long_text,
            single_page=self.query.offset is not None,
            viewed=tuple(each for each in _VIEWED.get(self.query.tracking or "", ()) if table.column(each)),
        )

    @evidence(
        "SOQL", "documented", "TYPEOF cannot be combined with a function in SELECT; the wording of the error is ours"
    )
    def _check_type_of(self) -> None:
        kinds = [item.expression for item in self.query.select]
        if any(isinstance(each, Function) for each in kinds) and any(isinstance(each, TypeOf) for each in kinds):
            reason = "TYPEOF cannot be used in a SELECT clause that has a function"
            raise OrgError(400, "MALFORMED_QUERY", reason, None)

    def _place(self, sql: str) -> int:
        if sql not in self.columns:
            self.columns.append(sql)
        return self.columns.index(sql)

    def _select(self, item: SelectItem) -> None:
        expression = item.expression
        if isinstance(expression, Field):
            if item.alias:
                reason = "only aggregate expressions use field aliasing"
                raise OrgError(400, "MALFORMED_QUERY", reason, None)
            self._field(expression, self.shape, self.scope.table)
        elif isinstance(expression, Function):
            self._function(item, expression)
        elif isinstance(expression, TypeOf):
            self._type_of(expression)
        elif isinstance(expression, Query):
            self._children(expression)
        else:
            raise not_implemented("DISTANCE" if isinstance(expression, Distance) else "COUNT() beside other fields")

    def _field(self, name: Field, shape: Record, source: Source) -> None:
        """Add a field, or a path to one, to the record `shape` whose fields are those of `source`."""
        parts = self.scope.parts(name) if source is self.scope.table else name.path
        hops = self.scope.hops(parts[:-1], name, source)
        self._entry(self._parent(hops, name, shape), hops[-1].source if hops else source, parts[-1], name)

    def _parent(self, hops: Sequence[Hop], name: Field, shape: Record) -> Record:
        """Return the record at the end of a path from `shape`, making the parents on the way."""
        for hop in hops:
            found = shape.entries.setdefault(hop.key, Record(hop.source.name, self._place(hop.source.id_sql())))
            if not isinstance(found, Record):
                raise _duplicate(name.name)
            shape = found
        return shape

    def _entry(self, shape: Record, source: Source, last: str, name: Field) -> None:
        column = self.scope.require(source, last, name)
        key = column.field.name
        if key in shape.entries:
            raise _duplicate(name.name)
        if column.type == "address" and isinstance(source, Table):
            shape.entries[key] = self._compound(source, column.field)
        else:
            shape.entries[key] = Leaf(self._place(column.sql), column.type, column.field, name.name)
            self.has_long_text |= column.type == "textarea" and not column.field.filterable

    def _compound(self, source: Table, compound: FieldDef) -> Compound:
        parts = [each for each in source.sobject.fields if each.compound == compound.name]
        places = {each.name: self._place(f"{source.alias}.{quote(each.name)}") for each in parts}
        return Compound(compound, places)

    def _function(self, item: SelectItem, function: Function) -> None:
        if function.name.upper() == "FIELDS":
            self._fields(function)
            return
        column = functions.column(self.scope, function)
        argument = function.argument
        hops = self.scope.path(argument)[0] if isinstance(argument, Field) and not item.alias else []
        shape = self._parent(hops, Field(function.name), self.shape)
        key = item.alias or column.field.name
        if key in shape.entries:
            raise _duplicate(key)
        shape.entries[key] = Leaf(self._place(column.sql), column.type, column.field, words(function))

    @evidence("SOQL", "quoted", "FIELDS(ALL) and FIELDS(CUSTOM) need a LIMIT of at most 200")
    def _fields(self, function: Function) -> None:
        group = function.argument.name.upper() if isinstance(function.argument, Field) else ""
        if group not in {"ALL", "STANDARD", "CUSTOM"}:
            raise self.run.error("MALFORMED_QUERY", f"unexpected token: '{group}'", function.position)
        if group != "STANDARD" and (self.query.limit is None or self.query.limit > _FIELDS_LIMIT):
            reason = f"The SOQL FIELDS function must have a LIMIT of at most {_FIELDS_LIMIT}"
            raise OrgError(400, "MALFORMED_QUERY", reason, None)
        chosen = [each for each in self.scope.sobject.fields if group == "ALL" or each.custom == (group == "CUSTOM")]
        if not chosen and len(self.query.select) == 1:
            reason = "'FIELDS(...)' expansion function must result in at least one field being selected."
            raise OrgError(400, "MALFORMED_QUERY", reason, None)
        for each in chosen:
            self._entry(self.shape, self.scope.table, each.name, Field(each.name, position=function.position))

    def _type_of(self, expression: TypeOf) -> None:
        relationship = expression.relationship
        hop = self.scope.hops(self.scope.parts(relationship), relationship)[-1]
        if not isinstance(hop.source, Name):
            reason = f"TYPEOF needs a polymorphic relationship: {relationship.name}"
            raise self.run.error("MALFORMED_QUERY", reason, relationship.position)
        above = self.scope.hops(self.scope.parts(relationship)[:-1], relationship)
        shape = self._parent(above, relationship, self.shape)
        if hop.key in shape.entries:
            raise _duplicate(relationship.name)
        by_type = ByType(self._place(hop.source.id_sql()), {}, None)
        shape.entries[hop.key] = by_type
        for when in expression.whens:
            target = self.run.schema.get(when.sobject)
            if target is None or target not in hop.source.targets:
                raise self.run.error(
                    "INVALID_TYPE", f"{when.sobject} is not a type of {relationship.name}", when.position
                )
            table = self.scope.join(target, hop.source.reference_sql)
            by_type.cases[target.key_prefix] = self._case(target.name, table, when.fields)
        if expression.otherwise:
            by_type.otherwise = self._case("", hop.source, expression.otherwise)

    def _case(self, type_name: str, source: Source, fields: Sequence[Field]) -> Record:
        record = Record(type_name, self._place(source.id_sql()))
        for each in fields:
            self._field(each, record, source)
        return record

    @evidence("SOQL", "documented", "Sub-queries nest four levels below the query since v58.0, one before; at most 20")
    def _children(self, query: Query) -> None:
        item = query.from_[0]
        relationship = item.name.split(".")[-1]
        found = self.run.schema.child(self.scope.sobject, relationship)
        if found is None or found.name is None:
            reason = (
                f"Didn't understand relationship '{relationship}' in FROM part of query call. If you are attempting to "
                f"use a custom relationship, be sure to append the '__r' after the custom relationship name. {WSDL}"
            )
            raise self.run.error("INVALID_TYPE", reason, item.position)
        levels = _CHILD_LEVELS if float(self.run.version.removeprefix("v")) >= _NESTED_SINCE else 2
        if self.level >= levels:
            raise self.run.error("MALFORMED_QUERY", f"Sub-queries can be nested {levels} levels deep", query.position)
        if sum(isinstance(each, Children) for each in self.shape.entries.values()) >= _CHILD_QUERIES:
            raise self.run.error("MALFORMED_QUERY", f"A query can have {_CHILD_QUERIES} sub-queries", query.position)
        if query.offset is not None and self.query.limit != 1:
            reason = "OFFSET is allowed in a sub-query only where the query has LIMIT 1"
            raise self.run.error("MALFORMED_QUERY", reason, query.position)
        check_clauses(self.run, query)
        if found.name in self.shape.entries:
            raise _duplicate(found.name)
        child = _Selection(self.run, query, found.child, self.level + 1)
        rows = child.rows(f"{{0}}.{quote(found.field.name)} = :parent")
        self.shape.entries[found.name] = Children(self.shape.id_index, rows)


def _duplicate(name: str) -> OrgError:
    return OrgError(400, "INVALID_FIELD", f"duplicate field selected: {name}", None)
