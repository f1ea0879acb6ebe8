"""Archived activities in queries: Salesforce leaves out those that ended over a year ago unless it is asked for all."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from mcp_salesforce.soql import tree

LEFT_OUT: Final = "Activities that ended over a year ago are left out; include_archived reads them too."

_ACTIVITIES: Final = frozenset({"event", "events", "eventrelation", "eventrelations", "task", "tasks", "taskrelation"})
_KEPT_FOR: Final = timedelta(days=364)
_DATES: Final = frozenset({
    "activitydate", "activitydatetime", "startdatetime", "enddatetime", "enddate", "createddate", "lastmodifieddate",
    "systemmodstamp", "completeddatetime",
})  # fmt: skip
_YEARS: Final = frozenset({"calendar_year", "fiscal_year"})
_LOWER: Final = frozenset({"=", ">", ">="})
_DAYS_OF: Final = {"DAYS": 1, "DAY": 1, "WEEKS": 7, "MONTHS": 31, "QUARTERS": 92, "YEARS": 366}
_LAST_YEARS: Final = ("LAST_YEAR", "LAST_FISCAL_YEAR")
_OPEN: Final = frozenset({"isclosed", "isarchived"})


def may_lack_archived(query: tree.Query, now: datetime) -> bool:
    """Tell whether a query, or a sub-query, reads activities and does not keep to those of the last year.

    Activities in a condition (`Id IN (SELECT WhoId FROM Event)`) are nothing that Salesforce takes.
    """
    reads = query.from_[0].name.rpartition(".")[2].casefold() in _ACTIVITIES
    if reads and not (query.where and _is_recent(query.where, now)):
        return True
    children = (item.expression for item in query.select if isinstance(item.expression, tree.Query))
    return any(may_lack_archived(child, now) for child in children)


def shows_newest(query: tree.Query, total: int) -> bool:
    """Tell whether an answer is as many of the newest as were asked for, so that older ones are not in it anyway."""
    order = query.order_by[0] if query.order_by else None
    return bool(order and order.descending and _is_date(order.expression) and query.limit and total >= query.limit)


def without_deleted(query: tree.Query) -> tree.Query:
    """Return the query of records, and of children and others inside it, that are not in the recycle bin."""
    kept = tree.Comparison(tree.Field("IsDeleted"), "=", tree.Boolean(value=False))
    select = tuple(
        replace(item, expression=without_deleted(item.expression)) if isinstance(item.expression, tree.Query) else item
        for item in query.select
    )
    where = tree.And((_without_deleted(query.where), kept)) if query.where else kept
    return replace(query, select=select, where=where)


def _without_deleted(condition: tree.Condition) -> tree.Condition:
    match condition:
        case tree.And(operands=operands):  # Salesforce takes a query in a condition beside AND alone
            return replace(condition, operands=tuple(map(_without_deleted, operands)))
        case tree.InQuery(query=query):
            return replace(condition, query=without_deleted(query))
        case _:
            return condition


def _is_recent(condition: tree.Condition, now: datetime) -> bool:
    """Tell whether nothing that meets the condition is archived: it is of the last year, or open."""
    match condition:
        case tree.And(operands=operands):
            return any(_is_recent(operand, now) for operand in operands)
        case tree.Or(operands=operands):
            return all(_is_recent(operand, now) for operand in operands)
        case tree.Comparison(left=left, operator=operator, right=right):
            if _name(left) in _OPEN:
                return operator == "=" and right == tree.Boolean(value=False)
            return operator in _LOWER and _is_bound(left, right, now)
        case tree.InValues(left=left, values=values, negated=False):
            return all(_is_bound(left, value, now) for value in values)
        case _:
            return False


def _is_bound(left: Any, right: Any, now: datetime) -> bool:  # noqa: ANN401 - any operand and value
    if isinstance(left, tree.Function) and left.name.casefold() in _YEARS and isinstance(right, tree.Number):
        return right.value >= now.year
    if not _is_date(left):
        return False
    match right:
        case tree.Date(text=text) | tree.DateTime(text=text):
            return text[:10] >= (now - _KEPT_FOR).date().isoformat()
        case tree.DateFormula(name=name, n=n):
            return _reaches_back(name, n) <= _KEPT_FOR.days
        case _:
            return False


def _reaches_back(name: str, n: int | None) -> int:
    """Return how many days back a date literal begins at most: LAST_N_MONTHS:3 begins with the month three before."""
    words = name.split("_")
    if words[0] == "NEXT":
        return 0
    if n is None:
        return 2 * _DAYS_OF["YEARS"] if name in _LAST_YEARS else 0
    unit, days = next(((unit, days) for unit, days in _DAYS_OF.items() if unit in words), ("DAYS", 1))
    return n if unit in {"DAYS", "DAY"} else (n + 1) * days


def _is_date(operand: Any) -> bool:  # noqa: ANN401 - any operand
    return _name(operand) in _DATES


def _name(operand: Any) -> str:  # noqa: ANN401 - any operand
    while isinstance(operand, tree.Function):
        operand = operand.argument
    return operand.path[-1].casefold() if isinstance(operand, tree.Field) else ""
