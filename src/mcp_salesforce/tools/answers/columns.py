"""The columns of a query's answer: what the query selects, in its order, whatever its rows hold or lack."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from mcp_salesforce.soql import tree
from mcp_salesforce.tools.answers.results import Rows, plain, table

AGGREGATES: Final = frozenset({"min", "max", "count", "count_distinct", "sum", "avg"})
"""Functions of a group, folded."""
_FIELDS: Final = "fields"

Record = Mapping[str, Any]


def rows_of(records: Sequence[Record], query: tree.Query) -> Rows:
    """Return records as rows under the columns that `query` selects; a sub-query's rows are a table in a cell."""
    if is_grouped(query):
        named = aggregates(query)
        rows = table(records, list(named))
        rows["columns"] = [
            item.alias or _text(item.expression) if _is_function(item) else column
            for column, item in zip(rows["columns"], named.values(), strict=True)
        ]
        return rows
    children = sub_queries(query)
    shaped = [{name: _told(value, children.get(name.casefold())) for name, value in each.items()} for each in records]
    columns = columns_of(query)
    return table(shaped, columns) if columns is not None else table(shaped)


def is_grouped(query: tree.Query) -> bool:
    """Tell whether Salesforce answers with AggregateResults, which have no fields but what is selected."""
    return query.group_by is not None or any(
        isinstance(item.expression, tree.Function) and item.expression.name.casefold() in AGGREGATES
        for item in query.select
    )


def aggregates(query: tree.Query) -> dict[str, tree.SelectItem]:
    """Return what a grouped query selects under the names it has in an AggregateResult: alias, last name, or expr0."""
    named: dict[str, tree.SelectItem] = {}
    numbered = 0
    for item in query.select:
        if item.alias or isinstance(item.expression, tree.Field):
            named[item.alias or item.expression.path[-1]] = item  # type: ignore[union-attr]  # a Field
        else:
            named[f"expr{numbered}"] = item
            numbered += 1
    return named


def sub_queries(query: tree.Query) -> dict[str, tree.Query]:
    """Return the sub-queries under the names of their relationships, folded, in the order of the query."""
    inner = (item.expression for item in query.select)
    return {each.from_[0].name.rpartition(".")[2].casefold(): each for each in inner if isinstance(each, tree.Query)}


def query_at(query: tree.Query, path: Sequence[int]) -> tree.Query:
    """Return the sub-query that a path of places among `sub_queries` leads to, or `query` where it is empty."""
    for place in path:
        query = [*sub_queries(query).values()][place]
    return query


def columns_of(query: tree.Query) -> list[str] | None:
    """Return the columns that a query selects; None where only the org knows them all (FIELDS, DISTANCE)."""
    source = query.from_[0]
    own = {source.name.casefold(), (source.alias or source.name).casefold()}
    columns: list[str] = []
    for item in query.select:
        names = _names(item)
        if names is None:
            return None
        columns += names if item.alias else [_without_own(name, own) for name in names]
    return list({column.casefold(): column for column in columns}.values())


def _names(item: tree.SelectItem) -> list[str] | None:
    match item.expression:
        case tree.CountRows():
            return []
        case tree.Field(name=name):
            return [item.alias or name]
        case tree.Query(from_=(source, *_)):
            return [source.name.rpartition(".")[2]]
        case tree.TypeOf(relationship=relationship, whens=whens, otherwise=otherwise):
            fields = [*(field for when in whens for field in when.fields), *otherwise]
            return list(dict.fromkeys(f"{relationship.name}.{field.name}" for field in fields))
        case tree.Function(name=name) if name.casefold() != _FIELDS:
            return [item.alias or _argument(item.expression)]
        case _:
            return None


def _argument(operand: tree.Field | tree.Function) -> str:
    return operand.name if isinstance(operand, tree.Field) else _argument(operand.argument)


def _without_own(name: str, own: set[str]) -> str:
    first, _, rest = name.partition(".")
    return rest if rest and first.casefold() in own else name


def _told(value: Any, query: tree.Query | None) -> Any:  # noqa: ANN401 - any JSON value
    """Return the rows of a sub-query as a table under its own columns, and any other value as it is."""
    if query is None or not isinstance(value, dict) or "records" not in value:
        return value
    told = plain(value)
    return {**told, **rows_of(value["records"], query)}


def _is_function(item: tree.SelectItem) -> bool:
    return isinstance(item.expression, tree.Function)


def _text(operand: Any) -> str:  # noqa: ANN401 - a field or a function
    return f"{operand.name}({_text(operand.argument)})" if isinstance(operand, tree.Function) else operand.name
