"""Which rows a query is about, and in which order: FROM, WHERE, USING, ORDER BY, LIMIT and OFFSET as SQL."""

from collections.abc import Iterator
from typing import Final

from mcp_salesforce.localorg.errors import OrgError, not_implemented
from mcp_salesforce.localorg.evidence import evidence
from mcp_salesforce.localorg.store import functions
from mcp_salesforce.localorg.store.conditions import Conditions
from mcp_salesforce.localorg.store.literals import ID_TYPES
from mcp_salesforce.localorg.store.schema import SObjectDef
from mcp_salesforce.localorg.store.scope import WSDL, Bindings, Column, Run, Scope
from mcp_salesforce.soql.tree import (
    And,
    Condition,
    Distance,
    Field,
    FromItem,
    InQuery,
    Not,
    Or,
    OrderItem,
    Query,
    Using,
    WithOption,
)

MAX_OFFSET: Final = 2000
_MOST_RECORDS: Final = 2**31  # beyond any org, within SQLite
_SEMI_JOINS: Final = 2
_NOT_IN_SEMI_JOINS: Final = frozenset(
    ["activityhistory", "attachment", "event", "note", "openactivity", "task", "userrecordaccess"]
)
_FOR_APEX: Final = frozenset(["SECURITY_ENFORCED", "SYSTEM_MODE", "USER_MODE"])
_NOT_UNDER_OR: Final = "Semi join sub-selects are not allowed with the 'OR' operator"
_NOT_UNDER_NOT: Final = "Semi join sub-selects are only allowed at the top level WHERE expressions."


@evidence("SOQL", "recorded", "An unknown object is INVALID_TYPE, with row, column, caret and Salesforce's words")
def sobject_of(run: Run, item: FromItem) -> SObjectDef:
    """Return the object that FROM names.

    Raises:
        OrgError: INVALID_TYPE; the org has no such object.
    """
    found = run.schema.get(item.name)
    if found is None or not found.queryable:
        reason = (
            f"sObject type '{item.name}' is not supported. If you are attempting to use a custom object, be sure to "
            f"append the '__c' after the entity name. {WSDL}"
        )
        raise run.error("INVALID_TYPE", reason, item.position)
    return found


@evidence("SOQL", "quoted", "OFFSET above 2,000 is NUMBER_OUTSIDE_VALID_RANGE")
def check_clauses(run: Run, query: Query) -> None:
    """Refuse what no query here may have."""
    for option in query.with_:
        if isinstance(option, WithOption) and option.name.upper() in _FOR_APEX:
            raise run.error("MALFORMED_QUERY", f"{option.name.upper()} not allowed in this context", option.position)
        raise not_implemented("WITH")
    if query.bind:
        raise not_implemented("BIND")
    if query.update:
        raise not_implemented(f"UPDATE {', '.join(query.update)}")
    if query.offset is not None and query.offset > MAX_OFFSET:
        reason = f"Maximum SOQL offset allowed is {MAX_OFFSET}"
        raise OrgError(400, "NUMBER_OUTSIDE_VALID_RANGE", reason, None)
    for clause, number in (("LIMIT", query.limit), ("OFFSET", query.offset)):
        if number is not None and number < 0:
            raise run.error("MALFORMED_QUERY", f"{clause} must not be negative: {number}", query.position)


def row_ids_sql(scope: Scope, query: Query, *extra: str) -> str:
    """Return SQL for the rowids of a query; `extra` are further conditions."""
    where = where_sql(scope, query, *extra)
    order = ""
    if query.order_by:
        terms = [_order(scope, item) for item in query.order_by]
        last = " DESC" if query.order_by[-1].descending else ""
        order = f" ORDER BY {', '.join(terms)}, {scope.table.alias}.rowid{last}"
    limit = limit_sql(scope, query)
    return f"SELECT {scope.table.alias}.rowid FROM {scope.from_sql()} WHERE {where}{order}{limit}"  # noqa: S608 - names of the schema


def limit_sql(scope: Scope, query: Query) -> str:
    """Return LIMIT and OFFSET, or nothing."""
    if query.limit is None and query.offset is None:
        return ""
    bind = scope.bindings.bind
    limit = -1 if query.limit is None else min(query.limit, _MOST_RECORDS)
    return f" LIMIT {bind(limit)} OFFSET {bind(query.offset or 0)}"


def where_sql(scope: Scope, query: Query, *extra: str) -> str:
    """Return the WHERE of a query as SQL, with the scope of its FROM, without what it is not about."""
    parts = [scope.visible_sql(), *extra, *(_using(scope, each) for each in query.from_[0].using)]
    if query.where is not None:
        _check_semi_joins(scope.run, query.where)
        parts.append(_conditions(scope).sql(query.where))
    return " AND ".join(parts)


def _conditions(scope: Scope, *, nested: bool = False) -> Conditions:
    def semi_join(condition: InQuery, left: Column) -> str:
        if nested:
            raise scope.run.error(
                "MALFORMED_QUERY", "Nesting of semi join sub-selects is not supported", condition.position
            )
        return _semi_join(scope, condition, left)

    return Conditions(scope.run, scope.bindings, lambda operand: functions.column(scope, operand), semi_join)


@evidence("SOQL", "documented", "USING SCOPE everything, mine and delegated; other scopes are refused by name")
def _using(scope: Scope, using: Using) -> str:
    """Return the condition of USING SCOPE."""
    name = using.name.lower()
    user = scope.bindings.bind(scope.run.user_id)
    known = {each[0].lower() for each in scope.sobject.scopes} | {"everything"}
    if using.kind == "SCOPE" and name not in known:
        reason = f"USING SCOPE {using.name} is not supported on {scope.sobject.name}"
        raise scope.run.error("MALFORMED_QUERY", reason, using.position)
    owner, creator = scope.table.column("OwnerId"), scope.table.column("CreatedById")
    if using.kind == "SCOPE" and name == "everything":
        return "1"
    if using.kind == "SCOPE" and name == "mine" and owner is not None:
        return f"{owner.sql} = {user}"
    if using.kind == "SCOPE" and name == "delegated" and owner is not None and creator is not None:
        return f"({creator.sql} = {user} AND {owner.sql} IS NOT {user})"
    raise not_implemented(f"USING {using.kind} {using.name}")


def _check_semi_joins(run: Run, condition: Condition) -> None:
    """Refuse semi-joins under OR and NOT, and more than two of them."""
    found = list(_semi_joins(run, condition, ""))
    if len(found) > _SEMI_JOINS:
        reason = f"Maximum {_SEMI_JOINS} semi join sub-selects are allowed"
        raise run.error("MALFORMED_QUERY", reason, found[_SEMI_JOINS].position)


def _semi_joins(run: Run, condition: Condition, forbidden: str) -> Iterator[InQuery]:
    """Return the semi-joins of a condition; `forbidden` says why there must be none here."""
    match condition:
        case InQuery():
            if forbidden:
                raise run.error("MALFORMED_QUERY", forbidden, condition.position)
            yield condition
        case Not(operand):
            yield from _semi_joins(run, operand, forbidden or _NOT_UNDER_NOT)
        case And(operands):
            for each in operands:
                yield from _semi_joins(run, each, forbidden)
        case Or(operands):
            for each in operands:
                yield from _semi_joins(run, each, forbidden or _NOT_UNDER_OR)


@evidence(
    "SOQL",
    "quoted",
    "Semi-joins: at most two, not under OR or NOT, not nested, not of the same object, not of Event or Task",
)
def _semi_join(outer: Scope, condition: InQuery, left: Column) -> str:
    run, query = outer.run, condition.query
    if left.type not in ID_TYPES or (isinstance(condition.left, Field) and len(outer.parts(condition.left)) > 1):
        raise run.error(
            "MALFORMED_QUERY", "The left operand of a semi join must be an id of its own object", condition.position
        )
    sobject = sobject_of(run, query.from_[0])
    if sobject is outer.sobject:
        reason = "The inner and outer selects should not be on the same object type"
        raise run.error("MALFORMED_QUERY", reason, query.from_[0].position)
    if sobject.name.lower() in _NOT_IN_SEMI_JOINS:
        reason = f"Entity '{sobject.name}' is not supported for semi join inner selects"
        raise run.error("MALFORMED_QUERY", reason, query.from_[0].position)
    check_clauses(run, query)
    if query.order_by or query.limit is not None or query.offset is not None or query.group_by:
        raise run.error(
            "MALFORMED_QUERY", "A semi join sub-select takes no ORDER BY, GROUP BY, LIMIT or OFFSET", query.position
        )
    scope = Scope(run, sobject, outer.bindings, query.from_)
    selected = query.select[0].expression
    if len(query.select) > 1 or not isinstance(selected, Field) or len(scope.parts(selected)) > 1:
        raise run.error("MALFORMED_QUERY", "A semi join sub-select selects one id field of its object", query.position)
    found = scope.column(selected)
    if found.type not in ID_TYPES:
        raise run.error(
            "MALFORMED_QUERY", "A semi join sub-select selects one id field of its object", selected.position
        )
    where = scope.visible_sql()
    if query.where is not None:
        where += f" AND {_conditions(scope, nested=True).sql(query.where)}"
    inner = f"SELECT {found.sql} FROM {scope.from_sql()} WHERE {found.sql} IS NOT NULL AND {where}"  # noqa: S608 - names of the schema
    sql = f"({left.sql} IN ({inner}))"
    return f"({sql} IS NOT TRUE)" if condition.negated else sql


def _order(scope: Scope, item: OrderItem) -> str:
    expression = item.expression
    if isinstance(expression, Distance):
        raise not_implemented("DISTANCE")
    column = functions.column(scope, expression)
    if not column.field.sortable:
        reason = f"field '{column.field.name}' can not be sorted in a query call"
        raise scope.run.error("MALFORMED_QUERY", reason, item.position)
    return order_sql(column, item, scope.bindings)


@evidence(
    "SOQL",
    "documented",
    "Nulls come first unless NULLS LAST, which references ignore; picklists sort in their own order",
)
def order_sql(column: Column, item: OrderItem | None, bindings: Bindings) -> str:
    """Return one term of ORDER BY, ascending without an `item`; nulls come first unless it says otherwise."""
    direction = " DESC" if item and item.descending else ""
    nulls_last = item is not None and item.nulls == "LAST" and column.type not in ID_TYPES
    nulls = ""
    if column.field.nillable or column.outer:
        nulls = " NULLS LAST" if nulls_last else " NULLS FIRST"
    sql = column.sql
    values = column.field.picklist_values
    if column.type in {"picklist", "combobox"} and values:
        ranks = "".join(f" WHEN {bindings.bind(each.value)} THEN {rank}" for rank, each in enumerate(values))
        sql = f"CASE {column.sql}{ranks} WHEN NULL THEN NULL ELSE {len(values)} END"
        return f"{column.sql} IS NULL{'' if nulls_last else ' DESC'}, {sql}{direction}, {column.sql}{direction}"
    return f"{sql}{direction}{nulls}"
