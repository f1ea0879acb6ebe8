"""How many rows of an answer have values of an object: what `max_rows` of a policy counts."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final, TypeAlias

from mcp_salesforce.policy.errors import PolicyRefusedError
from mcp_salesforce.policy.rules import Policy
from mcp_salesforce.soql import tree
from mcp_salesforce.soql_names import Describe, Meaning, meaning_of

Shares: TypeAlias = Mapping[str, float]
"""How many rows with values of each object one row of a query can come with, itself and its children counted."""

_SHOWS: Final = frozenset({"SELECT", "GROUP BY"})


async def shares_of(query: tree.Query, describe: Describe, meaning: Meaning | None = None) -> Shares:
    """Return how many rows with values of each object one row of `query` can come with; endless without a LIMIT.

    A parent that may be of several objects counts as each of them.

    Args:
        query: The query, or a sub-query in the one that has `meaning`.
        describe: Gives the objects' describes.
        meaning: What the names of the whole query mean, where it is known.
    """
    meaning = meaning or await meaning_of(query, describe)
    objects = {id(node): sobject for node, sobject in meaning.sources}
    return await _shares(query, objects, describe)


async def _shares(query: tree.Query, objects: Mapping[int, str], describe: Describe) -> dict[str, float]:
    sobject = objects.get(id(query))
    if sobject is None:
        return {}  # it means nothing, and is refused for that
    own = replace(query, select=tuple(item for item in query.select if not isinstance(item.expression, tree.Query)))
    shown = (await meaning_of(own, describe, sobject)).references
    parents = {name for each in shown if each.clause in _SHOWS for name in each.sobjects}
    shares: dict[str, float] = dict.fromkeys({sobject, *parents}, 1)
    for child in _sub_queries(query):
        most = math.inf if child.limit is None else child.limit
        for name, share in (await _shares(child, objects, describe)).items():
            shares[name] = shares.get(name, 0) + (share * most if most and share else 0)
    return shares


async def check_rows(query: tree.Query, meaning: Meaning, policy: Policy, describe: Describe) -> None:
    """Refuse a query one of whose rows could come with more rows of an object than an answer may have."""
    if not policy.limits_rows or not any(_sub_queries(query)):
        return
    for sobject, share in (await shares_of(query, describe, meaning)).items():
        rule = policy.rule(sobject)
        if rule.max_rows is not None and share > rule.max_rows:
            raise PolicyRefusedError(
                f"A row of this query could come with more than {rule.max_rows} rows that show {sobject} values",
                place=rule.place_of("max_rows"),
                hint=await _hint(query, sobject, rule.max_rows, describe),
            )


async def _hint(query: tree.Query, sobject: str, max_rows: int, describe: Describe) -> str:
    """Return the largest LIMIT by which each of the sub-queries lets the query through, where there is one."""

    async def is_allowed(limit: int) -> bool:
        return (await shares_of(_limited(query, limit), describe)).get(sobject, 0) <= max_rows

    least, most = 0, max_rows
    while least < most:
        middle = (least + most + 1) // 2
        if await is_allowed(middle):
            least = middle
        else:
            most = middle - 1
    if not least:
        return f"Query {sobject} in its own query."
    return f"Add LIMIT {least} to {'the sub-query' if _count(query) == 1 else 'each sub-query'}."


def _limited(query: tree.Query, limit: int) -> tree.Query:
    """Return a query whose sub-queries, at any depth, have at most this LIMIT."""
    select = tuple(
        replace(item, expression=_limited(replace(each, limit=min(limit, each.limit or limit)), limit))
        if isinstance(each := item.expression, tree.Query)
        else item
        for item in query.select
    )
    return replace(query, select=select)


def _count(query: tree.Query) -> int:
    return sum(1 + _count(each) for each in _sub_queries(query))


def _sub_queries(query: tree.Query) -> Iterator[tree.Query]:
    for item in query.select:
        if isinstance(item.expression, tree.Query):
            yield item.expression


async def check_count(sobject: str, columns: Sequence[str], count: int, policy: Policy, describe: Describe) -> None:
    """Refuse to read more records of an object, with these columns, than one answer can have."""
    if not policy.limits_rows:
        return
    items = tuple(tree.SelectItem(tree.Field(name)) for name in columns)
    shown = await shares_of(tree.Query(items, (tree.FromItem(sobject),)), describe)
    for name in [sobject, *shown]:
        rule = policy.rule(name)
        if rule.max_rows is not None and count > rule.max_rows:
            raise PolicyRefusedError(
                f"An answer can have {rule.max_rows} {rule.sobject} records at most, not {count}",
                place=rule.place_of("max_rows"),
                hint="Ask for fewer records at a time.",
            )


async def most_rows(
    query: tree.Query, limit: int, policy: Policy, describe: Describe, source: tree.Query | None = None
) -> int:
    """Return how many rows an answer may have where `limit` are asked for, so that none is with too many of an object.

    Args:
        query: What gives the rows.
        limit: How many are asked for.
        policy: Says how many rows of each object an answer may have.
        describe: Gives the objects' describes.
        source: The sub-query of `query` whose rows they are, where they are not its own.
    """
    if not policy.limits_rows:
        return limit
    meaning = await meaning_of(query, describe)
    for sobject, share in (await shares_of(source or query, describe, meaning)).items():
        most = policy.rule(sobject).max_rows
        if most is not None and share:
            limit = min(limit, max(1, int(most // share)))  # more than allowed with one row is refused
    return limit
