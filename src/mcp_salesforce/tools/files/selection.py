"""What an export selects: its query, checked, and its columns with their types."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from http import HTTPStatus
from typing import Any, Final

from mcp_salesforce.salesforce import InvalidRequestError, SObjectDescribe
from mcp_salesforce.salesforce.errors import UnreadableReplyError, refused
from mcp_salesforce.soql import tree
from mcp_salesforce.soql_names import meaning_of
from mcp_salesforce.tools.answers.columns import aggregates, columns_of, is_grouped
from mcp_salesforce.tools.files.tables import cell_of
from mcp_salesforce.tools.framework.session import OrgSession

_COMPOUND: Final = frozenset({"address", "location"})
_NO_COLUMNS: Final = _COMPOUND | {"base64"}
_MOST_ROWS: Final = 10**12
_COUNTS, _SUMS = frozenset({"count", "count_distinct"}), frozenset({"sum", "avg"})
_ONE_OF_THEM: Final = frozenset({"min", "max"})
_OWN: Final = re.compile(r"custom|standard|all", re.IGNORECASE)


@dataclass(frozen=True)
class Selection:
    """A query to export.

    Attributes:
        query: The query, with the limit that a policy adds.
        columns: The names of its columns.
        types: The types of the fields in them, by describe.
        is_grouped: Whether its rows are groups of records.
        most_rows: How many rows a policy lets an answer have; None where it does not say.
    """

    query: tree.Query
    columns: Sequence[str]
    types: Sequence[str]
    is_grouped: bool
    most_rows: int | None = None

    @property
    def suits_bulk(self) -> bool:
        """Whether a bulk job can run the query, as far as the query tells."""
        return not self.is_grouped and self.query.offset is None

    @cached_property
    def keys(self) -> Sequence[str]:
        """Where a record has the values of the columns: their names, folded, with parents by their own names."""
        parents = _parents(self.query)
        names = ((name, *name.casefold().partition(".")) for name in self.columns)
        return [
            f"{parents[first]}.{rest}" if first in parents and rest else name.casefold()
            for name, first, _, rest in names
        ]

    def cells(self, record: Mapping[str, Any]) -> list[str]:
        """Return the row of a record as text.

        Raises:
            UnreadableReplyError: The record does not have what the query selects.
        """
        flat: dict[str, Any] = {}
        _flatten(record, "", flat)
        had = {name.casefold() for name in record}
        if missing := [key for key in self.keys if key.partition(".")[0] not in had]:
            raise UnreadableReplyError(f"The rows have no {missing[0]}, which the query selects", status=HTTPStatus.OK)
        return [cell_of(flat.get(key), kind) for key, kind in zip(self.keys, self.types, strict=True)]


async def selection_of(org: OrgSession, query: tree.Query) -> Selection:
    """Return what `query` selects.

    Raises:
        InvalidArgumentError: It selects what has no place in a table: sub-queries, TYPEOF, compound fields, COUNT().
        SalesforceError: The org cannot be asked, or a policy refuses the query.
    """
    described = await _described(org, query.from_[0].name)
    query = replace(query, select=tuple(each for item in query.select for each in _expanded(item, described)))
    for item in query.select:
        if not isinstance(item.expression, tree.Field | tree.Function):
            raise _no_table("A sub-query, TYPEOF, DISTANCE or COUNT()")
    types = await _types(org, query)
    if is_grouped(query):
        named = aggregates(query)
        names, kinds = list(named), [_type_in_group(item.expression, types) for item in named.values()]
    else:
        names = columns_of(query) or []
        kinds = [types.get(name.casefold(), "string") for name in names]
    if not names:
        raise _no_table("FIELDS() of an unknown object")
    if compound := [name for name, kind in zip(names, kinds, strict=True) if kind in _NO_COLUMNS]:
        raise _no_table(f"{compound[0]}, which has parts,")
    most: int | None = await org.most_rows(query, _MOST_ROWS)
    if most is not None and most < _MOST_ROWS:
        query = replace(query, limit=most if query.limit is None else min(query.limit, most))
    return Selection(query, names, kinds, is_grouped(query), most if most != _MOST_ROWS else None)


async def object_query(org: OrgSession, sobject: str, fields: Sequence[str]) -> str:
    """Return the SELECT and FROM of all records of an object; without `fields`, of all its fields that fit a table.

    Raises:
        SalesforceError: There is no such object.
    """
    described = await org.schema.describe(sobject)
    names = fields or [each.name for each in described.fields if each.type not in _NO_COLUMNS]
    return f"SELECT {', '.join(names)} FROM {described.name}"  # noqa: S608 - SOQL, parsed before it is sent


def _expanded(item: tree.SelectItem, described: SObjectDescribe | None) -> Sequence[tree.SelectItem]:
    """Return the fields that FIELDS() stands for, and any other item as it is."""
    expression = item.expression
    if not isinstance(expression, tree.Function) or expression.name.casefold() != "fields" or described is None:
        return [item]
    group = expression.argument.name.casefold()
    if not _OWN.fullmatch(group):
        return [item]
    chosen = [each for each in described.fields if group == "all" or each.custom == (group == "custom")]
    return [tree.SelectItem(tree.Field(each.name)) for each in chosen if each.type not in _NO_COLUMNS]


async def _types(org: OrgSession, query: tree.Query) -> dict[str, str]:
    """Return the types of the fields that are selected as they are, by what stands in the query, folded."""

    async def describe(name: str) -> SObjectDescribe | None:
        return await _described(org, name)

    meaning = await meaning_of(query, describe)
    source = query.from_[0]
    own = {source.name.casefold(), (source.alias or source.name).casefold()}
    types: dict[str, str] = {}
    for each in meaning.references:
        if each.clause != "SELECT" or len(each.sobjects) != 1 or not (each.is_column or is_grouped(query)):
            continue
        known = meaning.objects.get(each.sobjects[0])
        field = known.field(each.field) if known else None
        first, _, rest = each.name.name.casefold().partition(".")
        if field:
            types[rest if rest and first in own else each.name.name.casefold()] = field.type
    return types


def _type_in_group(expression: object, types: Mapping[str, str]) -> str:
    """Return the type of a column of groups: a count, a number, or that of the field in it."""
    if isinstance(expression, tree.Function):
        name = expression.name.casefold()
        argument = expression.argument
        if name in _COUNTS:
            return "int"
        if name in _SUMS:
            return "double"
        return _type_in_group(argument, types) if name in _ONE_OF_THEM else "string"
    return types.get(expression.name.casefold(), "string") if isinstance(expression, tree.Field) else "string"


async def _described(org: OrgSession, name: str) -> SObjectDescribe | None:
    try:
        return await org.schema.describe(name)
    except InvalidRequestError:
        return None


def _parents(query: tree.Query) -> dict[str, str]:
    """Return the relationships that FROM gives aliases to, such as `a` to `account`, folded."""
    source, *others = query.from_
    paths = {(source.alias or source.name).casefold(): "", source.name.casefold(): ""}
    for each in others:
        first, _, rest = each.name.casefold().partition(".")
        path = ".".join(filter(None, [paths.get(first, first), rest]))
        paths[(each.alias or rest).casefold()] = path
    return {alias: path for alias, path in paths.items() if path}


def _flatten(record: Mapping[str, Any], before: str, flat: dict[str, Any]) -> None:
    for name, value in record.items():
        if isinstance(value, dict) and "attributes" in value:
            _flatten(value, f"{before}{name.casefold()}.", flat)
        elif name != "attributes":
            flat[before + name.casefold()] = value


def _no_table(what: str) -> Exception:
    return refused(
        f"{what} does not fit into a table.",
        code="NOT_A_TABLE",
        hint="Select fields, such as Name, Account.Name or MailingCity. Export children by a query of their own.",
        fields=["soql"],
    )
