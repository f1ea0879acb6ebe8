"""Aggregate queries as SQL: GROUP BY with its sub-totals, aggregate functions, HAVING.

Evidence: SOQL and SOSL Reference, "GROUP BY", "Support for Field Types in Aggregate Functions".
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Final

from mcp_salesforce.localorg.errors import OrgError, not_implemented
from mcp_salesforce.localorg.evidence import evidence
from mcp_salesforce.localorg.store import functions
from mcp_salesforce.localorg.store.conditions import Conditions
from mcp_salesforce.localorg.store.literals import NUMBER_TYPES, TEXT_TYPES
from mcp_salesforce.localorg.store.matching import limit_sql, order_sql, where_sql
from mcp_salesforce.localorg.store.schema import SObjectDef
from mcp_salesforce.localorg.store.scope import Bindings, Column, Run, Scope
from mcp_salesforce.localorg.store.shapes import Groups, Leaf, Sql, words
from mcp_salesforce.soql.tree import Distance, Field, Function, InQuery, Query, SelectItem

MAX_GROUPS: Final = 2000
_MAX_TOTALS: Final = 3
_AGGREGATE_SQL: Final = {
    "AVG": "AVG({})",
    "COUNT": "COUNT({})",
    "COUNT_DISTINCT": "COUNT(DISTINCT {})",
    "MAX": "MAX({})",
    "MIN": "MIN({})",
    "SUM": "SUM({})",
}
_NOT_AGGREGATABLE: Final = frozenset(["boolean", "time", "address", "multipicklist", "base64", "encryptedstring"])

Operand = Field | Function
Key = tuple[str, ...]


@evidence(
    "SOQL", "documented", "GROUP BY, ROLLUP and CUBE of up to three fields, GROUPING, HAVING, all aggregate functions"
)
@evidence("SOQL", "quoted", "A field that is neither grouped nor aggregated is refused in Salesforce's words")
def group(run: Run, query: Query, sobject: SObjectDef) -> Groups:
    """Return how to answer a query that aggregates."""
    return _Grouping(run, query, sobject).groups()


class _Grouping:
    """One aggregate query on its way to SQL."""

    def __init__(self, run: Run, query: Query, sobject: SObjectDef) -> None:
        self.run = run
        self.query = query
        self.scope = Scope(run, sobject, Bindings(), query.from_)
        self.operands = query.group_by.fields if query.group_by else ()
        self.grouped: dict[Key, int] = {self.key(each): place for place, each in enumerate(self.operands)}
        self.columns = [self._groupable(each) for each in self.operands]

    def groups(self) -> Groups:
        """Return the statement, and where in its rows the values stand."""
        self._check()
        shape = self._shape()
        where = where_sql(self.scope, self.query)
        selects = [self._select(each, where) for each in self._sets()]
        from_sql = self.scope.from_sql()
        union = " UNION ALL ".join(each.replace("{FROM}", from_sql) for each in selects)
        columns = ", ".join(f"c{place}" for place in range(len(self.query.select)))
        limit = (
            limit_sql(self.scope, self.query) or f" LIMIT {MAX_GROUPS + 1}"
        )  # one more shows that there are too many
        text = f"SELECT {columns} FROM ({union}){self._order()}{limit}"  # noqa: S608 - names of the schema
        return Groups(self.scope.sobject, Sql(text, self.scope.bindings.values), shape)

    def key(self, operand: Operand) -> Key:
        """Return what is the same for two ways to write one operand."""
        if isinstance(operand, Function):
            return (operand.name.upper(), *self.key(operand.argument))
        return tuple(each.lower() for each in self.scope.parts(operand))

    def _groupable(self, operand: Operand) -> Column:
        column = functions.column(self.scope, operand)
        if isinstance(operand, Field) and not column.field.groupable:
            reason = f"field '{column.field.name}' can not be grouped in a query call"
            raise self.run.error("MALFORMED_QUERY", reason, operand.position)
        return column

    def _check(self) -> None:
        query, totals = self.query, self.query.group_by and self.query.group_by.totals
        if totals and len(self.operands) > _MAX_TOTALS:
            raise self.run.error("MALFORMED_QUERY", f"{totals} takes at most {_MAX_TOTALS} fields", query.position)
        if query.group_by is None and (query.limit is not None or query.offset is not None):
            reason = "Non-grouped query that uses overall aggregate functions cannot also use LIMIT"
            raise OrgError(400, "MALFORMED_QUERY", reason, None)
        if query.tracking:
            raise self.run.error("MALFORMED_QUERY", f"FOR {query.tracking} needs records", query.position)

    def _sets(self) -> list[frozenset[int]]:
        """Return which of the grouped fields each row is grouped by: all, and fewer for the sub-totals."""
        places = range(len(self.operands))
        totals = self.query.group_by.totals if self.query.group_by else None
        if totals == "ROLLUP":
            return [frozenset(places[:count]) for count in range(len(places), -1, -1)]
        if totals == "CUBE":
            return [frozenset(each) for count in range(len(places), -1, -1) for each in combinations(places, count)]
        return [frozenset(places)]

    def _select(self, kept: frozenset[int], where: str) -> str:
        """Return the SELECT for one set of grouped fields; `{FROM}` stands for its tables."""
        values = [f"{self._selected(item, kept).sql} c{place}" for place, item in enumerate(self.query.select)]
        values += [f"{column.sql} o{place}" for place, column in enumerate(self._ordered(kept))]
        text = f"SELECT {', '.join(values)} FROM {{FROM}} WHERE {where}"  # noqa: S608 - names of the schema
        group_by = self.query.group_by
        if group_by is None:
            return text
        text += " GROUP BY " + (", ".join(self.columns[place].sql for place in sorted(kept)) or "NULL")
        if group_by.having is not None:
            conditions = Conditions(
                self.run, self.scope.bindings, lambda operand: self.value(operand, kept), self._no_semi_join
            )
            text += f" HAVING {conditions.sql(group_by.having)}"
        return text

    def _no_semi_join(self, condition: InQuery, _: Column) -> str:
        reason = "Semi join sub-selects are only allowed at the top level WHERE expressions."
        raise self.run.error("MALFORMED_QUERY", reason, condition.position)

    def _selected(self, item: SelectItem, kept: frozenset[int]) -> Column:
        expression = item.expression
        if not isinstance(expression, Field | Function):
            reason = f"{type(expression).__name__} is not allowed in a query that aggregates"
            raise self.run.error("MALFORMED_QUERY", reason, item.position)
        return self.value(expression, kept)

    def value(
        self, operand: Operand, kept: frozenset[int], said: str = "Field must be grouped or aggregated"
    ) -> Column:
        """Return an operand's value in the rows that are grouped by `kept`."""
        if isinstance(operand, Function) and operand.name.upper() in functions.AGGREGATES:
            return self._aggregate(operand, kept)
        if isinstance(operand, Function) and operand.name.upper() == "FORMAT":
            return functions.formatted(self.scope, self.value(operand.argument, kept, said))
        place = self.grouped.get(self.key(operand))
        if place is not None:
            column = self.columns[place]
            return replace(column, sql=column.sql if place in kept else "NULL", outer=True)
        column = functions.column(self.scope, operand)
        if isinstance(operand, Function):
            place = self.grouped.get(self.key(operand.argument))
            if place is not None and column.field.type == "date":
                return replace(column, sql=column.sql if place in kept else "NULL", outer=True)
        name = operand.name if isinstance(operand, Field) else column.field.name
        raise self.run.error("MALFORMED_QUERY", f"{said}: {name}", operand.position)

    def _aggregate(self, function: Function, kept: frozenset[int]) -> Column:
        name, argument = function.name.upper(), function.argument
        if name == "GROUPING":
            place = self.grouped.get(self.key(argument))
            if place is None or not (self.query.group_by and self.query.group_by.totals):
                reason = f"GROUPING needs a field of GROUP BY ROLLUP or CUBE: {words(argument)}"
                raise self.run.error("MALFORMED_QUERY", reason, function.position)
            return replace(self.columns[place], sql="0" if place in kept else "1", type="int", outer=True)
        if isinstance(argument, Function):
            raise self.run.error("MALFORMED_QUERY", f"unexpected token: '{argument.name}'", argument.position)
        column = self.scope.column(argument)
        numeric = column.type in NUMBER_TYPES
        refused = column.type in _NOT_AGGREGATABLE or not column.field.aggregatable
        if refused or (name in {"AVG", "SUM"} and not numeric):
            reason = f"field {column.field.name} does not support aggregate operator {name}"
            raise self.run.error("MALFORMED_QUERY", reason, function.position)
        kind = "int" if name.startswith("COUNT") else "double" if name == "AVG" else column.type
        return replace(column, sql=_AGGREGATE_SQL[name].format(column.sql), type=kind, outer=True)

    def _shape(self) -> Mapping[str, Leaf]:
        """Return the keys of a row: aliases, names of grouped fields, expr0, expr1 … for what has no name."""
        shape: dict[str, Leaf] = {}
        unnamed = 0
        for place, item in enumerate(self.query.select):
            column = self._selected(item, frozenset(range(len(self.operands))))
            key = item.alias or column.field.name
            if item.alias is None and isinstance(item.expression, Function):
                key, unnamed = f"expr{unnamed}", unnamed + 1
            if key.lower() in {each.lower() for each in shape}:
                raise self.run.error("MALFORMED_QUERY", f"duplicate alias: {key}", item.position)
            said = words(item.expression) if isinstance(item.expression, Field | Function) else ""
            shape[key] = Leaf(place, column.type, column.field, said)
        return shape

    def _ordered(self, kept: frozenset[int]) -> Sequence[Column]:
        """Return the values to order by; without ORDER BY, sub-totals follow what they sum up."""
        found = []
        for item in self.query.order_by:
            if isinstance(item.expression, Distance):
                raise not_implemented("DISTANCE")
            found.append(self.value(item.expression, kept, "Ordered field must be grouped or aggregated"))
        if not found and len(self._sets()) > 1:
            for place, column in enumerate(self.columns):
                found.append(replace(column, sql="0" if place in kept else "1", type="int", outer=True))
                found.append(replace(column, sql=column.sql if place in kept else "NULL", outer=True))
        return found

    def _order(self) -> str:
        everything = frozenset(range(len(self.operands)))
        terms = []
        items = self.query.order_by
        for place, column in enumerate(self._ordered(everything)):
            collation = " COLLATE NOCASE" if column.type in TEXT_TYPES else ""
            named = replace(column, sql=f"o{place}{collation}")
            terms.append(order_sql(named, items[place] if items else None, self.scope.bindings))
        return f" ORDER BY {', '.join(terms)}" if terms else ""
