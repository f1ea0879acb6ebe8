"""Check whether a query is allowed; limit it to own records if only those can be read."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import fields, replace
from typing import Any, Final, TypeAlias, TypeVar

from mcp_salesforce.policy.errors import PolicyRefusedError, hidden, not_understood
from mcp_salesforce.policy.views import View
from mcp_salesforce.salesforce.errors import ErrorDetail, InvalidRequestError
from mcp_salesforce.soql import sosl_tree, tree
from mcp_salesforce.soql.tracking import tracking_of
from mcp_salesforce.soql_names import Meaning, Reference, Unknown

Views: TypeAlias = Callable[[str], Awaitable[View]]
"""Gives the view of an object by its API name."""

_BAD_REQUEST: Final = 400
_AGGREGATES: Final = frozenset({"AVG", "COUNT", "COUNT_DISTINCT", "MAX", "MIN", "SUM", "GROUPING"})
Node = TypeVar("Node", bound=tree.Node)


async def check_query(meaning: Meaning, views: Views) -> None:
    """Refuse a query that the policy does not allow, and say why."""
    for inner, sobject in meaning.sources:
        view = await views(sobject)
        _require_readable(view)
        if isinstance(inner, tree.Query):
            _check_clauses(inner)
            _check_tracking(inner, view)
    await check_names(meaning, views)


async def check_search(search: sosl_tree.Search, meaning: Meaning, views: Views) -> None:
    """Refuse a search that the policy does not allow, and say why: hidden values must not be searched either."""
    if not search.returning:
        raise not_understood("A search without RETURNING")
    if search.with_:
        raise not_understood("WITH in a search")
    for inner, sobject in meaning.sources:
        view = await views(sobject)
        _require_readable(view)
        _check_tracking(search, view)
        if isinstance(inner, sosl_tree.Returning) and inner.list_view:
            raise not_understood("USING ListView")
        if search.group in view.searched:
            raise PolicyRefusedError(
                f"A search IN {search.group} FIELDS looks into hidden fields of {sobject}",
                place=view.rule.place,
                hint="Search IN NAME FIELDS, or query the visible fields with salesforce_query.",
            )
    await check_names(meaning, views)


async def check_names(meaning: Meaning, views: Views) -> None:
    """Refuse a query with names that the policy hides, or that do not exist.

    An alias that could be a field's name is refused: in HAVING and ORDER BY it could stand for either.
    A field behind a polymorphic relationship that is only selected passes: its value is masked in the answer, where the
    record tells what it is of.
    """
    for alias in meaning.ambiguous:
        raise PolicyRefusedError(
            f"The alias {alias} is also the name of a field", hint="Give it a name that no field or relationship has."
        )
    for reference in meaning.references:
        if len(reference.sobjects) > 1 and reference.is_column:
            continue
        for sobject in reference.sobjects:
            _check_reference(reference, await views(sobject))
    for unknown in meaning.unknown:
        if unknown.kind == "object":
            _require_readable(await views(unknown.name))
        raise _no_such(unknown)


def owned(node: Node, sources: Mapping[int, View], user_id: str) -> Node:
    """Return a query, or an object of a search, in which those of `sources` (by `id`) read only the user's records."""
    conditions = {key: own(view, user_id) for key, view in sources.items()}
    rewritten: Node = _rewritten(node, conditions)
    return rewritten


def steady(query: tree.Query) -> tree.Query:
    """Return a query whose rows, and those of its sub-queries, have one order: by Id where nothing else decides.

    Without it the org's indexes decide, which may lie on hidden fields. Groups have no Id, nor have counts.
    """
    items = [
        replace(item, expression=steady(item.expression)) if isinstance(item.expression, tree.Query) else item
        for item in query.select
    ]
    is_of_records = query.group_by is None and not any(map(_is_aggregate, query.select))
    orders = query.order_by
    if is_of_records and not any(map(_is_id, orders)):
        orders = (*orders, tree.OrderItem(tree.Field("Id")))
    return replace(query, select=tuple(items), order_by=orders)


def _is_id(order: tree.OrderItem) -> bool:
    return isinstance(order.expression, tree.Field) and order.expression.name.casefold() == "id"


def _is_aggregate(item: tree.SelectItem) -> bool:
    operand = item.expression
    while isinstance(operand, tree.Function):
        if operand.name.upper() in _AGGREGATES:
            return True
        operand = operand.argument
    return isinstance(operand, tree.CountRows)


def own(view: View, user_id: str) -> tree.Condition:
    """Return the condition for the user's own records of an object that is read by owner."""
    conditions: list[tree.Condition] = []
    for owner in view.owners:
        is_users: tree.Condition = tree.Comparison(tree.Field(owner.path), "=", tree.String(user_id))
        if owner.reference:  # without one it belongs to nobody
            is_users = tree.Or((tree.Comparison(tree.Field(owner.reference), "=", tree.Null()), is_users))
        conditions.append(is_users)
    return conditions[0] if len(conditions) == 1 else tree.And(tuple(conditions))


def _require_readable(view: View) -> None:
    if not view.rule.is_readable:
        raise PolicyRefusedError(f"{view.sobject} cannot be read", place=view.rule.place_of("actions"))


def _check_clauses(query: tree.Query) -> None:
    if query.with_ or query.bind:
        raise not_understood("WITH" if query.with_ else "BIND")
    if any(using.kind == "LOOKUP" for item in query.from_ for using in item.using):
        raise not_understood("USING LOOKUP")


def _check_tracking(query: tree.Query | sosl_tree.Search, view: View) -> None:
    """Refuse to mark records as viewed if the policy does not allow to change them."""
    clauses = tracking_of(query)
    if clauses and "update" not in view.rule.actions:
        raise PolicyRefusedError(
            f"{clauses[0]} changes {view.sobject} records", place=view.rule.place_of("actions"), hint="Omit it."
        )


def _check_reference(reference: Reference, view: View) -> None:
    _require_readable(view)
    if not view.shows(reference.field):
        raise hidden(view.sobject, reference.field, view.rule.place_of(reference.field))
    if reference.is_parents and view.owners and reference.field != "Id":
        raise PolicyRefusedError(
            f"{reference.name.name}: {view.sobject} is read by owner, so not through another record",
            place=view.rule.place_of("owner_only"),
            hint=f"Query {view.sobject} itself, by its Id.",
        )


def _no_such(unknown: Unknown) -> InvalidRequestError:
    """Return the refusal of a name that describe does not know, in Salesforce's words, for which there are hints."""
    words = {
        "object": ("INVALID_TYPE", f"sObject type '{unknown.name}' is not supported."),
        "field": ("INVALID_FIELD", f"No such column '{unknown.name}' on entity '{unknown.sobject}'."),
        "relationship": ("INVALID_FIELD", f"Didn't understand relationship '{unknown.name}' in field path."),
        "child relationship": (
            "INVALID_TYPE",
            f"Didn't understand relationship '{unknown.name}' in FROM part of query.",
        ),
    }
    return InvalidRequestError(_BAD_REQUEST, [ErrorDetail(*words[unknown.kind])])


def _rewritten(value: Any, conditions: Mapping[int, tree.Condition]) -> Any:  # noqa: ANN401 - any part
    """Return a part of a tree with a condition added to the WHERE of each query in `conditions`."""
    if isinstance(value, tuple):
        return tuple(_rewritten(entry, conditions) for entry in value)
    if not isinstance(value, tree.Node):
        return value
    changed = {each.name: _rewritten(getattr(value, each.name), conditions) for each in fields(value)}
    if condition := conditions.get(id(value)):
        where = changed["where"]
        changed["where"] = tree.And((where, condition)) if where else condition
        if isinstance(value, sosl_tree.Returning) and not value.fields:
            changed["fields"] = (tree.SelectItem(tree.Field("Id")),)
    return replace(value, **changed)
