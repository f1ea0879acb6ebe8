"""SOQL's functions of one field, as SQL.

Evidence: SOQL and SOSL Reference, "Date Functions", "convertTimezone()", "toLabel()".
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, time
from typing import Final

from mcp_salesforce.localorg.errors import not_implemented
from mcp_salesforce.localorg.evidence import evidence
from mcp_salesforce.localorg.store.scope import Column, Scope
from mcp_salesforce.localorg.store.sqlite import Store
from mcp_salesforce.soql.tree import Field, Function
from mcp_salesforce.zones import ZoneInfo

_YEAR: Final = "CAST(substr({0}, 1, 4) AS INTEGER)"
_MONTH: Final = "CAST(substr({0}, 6, 2) AS INTEGER)"
_DAY: Final = "CAST(substr({0}, 9, 2) AS INTEGER)"
_DAY_OF_YEAR: Final = "CAST(strftime('%j', substr({0}, 1, 10)) AS INTEGER)"
_FISCAL_MONTH: Final = f"(({_MONTH} - {{1}} + 12) % 12 + 1)"

# {0} is the field, {1} the month in which the fiscal year starts.
_DATE_FUNCTIONS: Final = {
    "CALENDAR_YEAR": _YEAR,
    "CALENDAR_QUARTER": f"(({_MONTH} + 2) / 3)",
    "CALENDAR_MONTH": _MONTH,
    "DAY_IN_MONTH": _DAY,
    "DAY_IN_WEEK": "(CAST(strftime('%w', substr({0}, 1, 10)) AS INTEGER) + 1)",
    "DAY_IN_YEAR": _DAY_OF_YEAR,
    "DAY_ONLY": "substr({0}, 1, 10)",
    "FISCAL_YEAR": f"({_YEAR} + ({{1}} > 1 AND {_MONTH} >= {{1}}))",
    "FISCAL_QUARTER": f"(({_FISCAL_MONTH} + 2) / 3)",
    "FISCAL_MONTH": _FISCAL_MONTH,
    "HOUR_IN_DAY": "CAST(substr({0}, 12, 2) AS INTEGER)",
    "WEEK_IN_MONTH": f"(({_DAY} + 6) / 7)",
    "WEEK_IN_YEAR": f"(({_DAY_OF_YEAR} + 6) / 7)",
}
_OF_INSTANTS: Final = frozenset(["DAY_ONLY", "HOUR_IN_DAY"])

NOON: Final = 12

AGGREGATES: Final = frozenset(["COUNT", "COUNT_DISTINCT", "SUM", "AVG", "MIN", "MAX", "GROUPING"])
DATE_FUNCTIONS: Final = frozenset(_DATE_FUNCTIONS)


def register(store: Store) -> None:
    """Give SQLite the functions that it lacks."""
    store.connection.create_function("local_time", 2, _local_time, deterministic=True)
    store.connection.create_function("format_value", 4, _format_value, deterministic=True)


def column(scope: Scope, operand: Field | Function) -> Column:
    """Return the column of a field, or of a function of one."""
    if isinstance(operand, Field):
        return scope.column(operand)
    name = operand.name.upper()
    if name in _DATE_FUNCTIONS:
        return _date_function(scope, name, operand)
    known = _FUNCTIONS.get(name)
    if known is None:
        raise scope.run.error("MALFORMED_QUERY", f"unexpected token: '{operand.name}'", operand.position)
    return known(scope, operand)


@evidence(
    "SOQL",
    "documented",
    "Date functions use UTC, or the user's zone with convertTimezone; weeks count from the first of year or month",
)
def _date_function(scope: Scope, name: str, operand: Function) -> Column:
    inner = operand.argument
    converted = isinstance(inner, Function) and inner.name.upper() == "CONVERTTIMEZONE"
    argument = inner.argument if converted and isinstance(inner, Function) else inner
    if isinstance(argument, Function):
        raise scope.run.error("MALFORMED_QUERY", f"unexpected token: '{argument.name}'", argument.position)
    found = scope.column(argument)
    takes = {"datetime"} if converted or name in _OF_INSTANTS else {"date", "datetime"}
    if found.type not in takes:
        reason = f"field {found.field.name} does not support function {name}"
        raise scope.run.error("MALFORMED_QUERY", reason, operand.position)
    calendar = scope.run.calendar
    sql = found.sql
    if converted:
        sql = f"local_time({sql}, {scope.bindings.bind(calendar.zone.key)})"
    sql = _DATE_FUNCTIONS[name].format(sql, calendar.fiscal_year_starts_in)
    return replace(found, sql=sql, type="date" if name == "DAY_ONLY" else "int")


@evidence("SOQL", "documented", "toLabel gives the label of a picklist value")
def _to_label(scope: Scope, operand: Function) -> Column:
    found = _field(scope, operand)
    named = [each for each in found.field.picklist_values if each.label != each.value]
    if not named:
        return found
    bind = scope.bindings.bind
    cases = "".join(f" WHEN {bind(each.value)} THEN {bind(each.label)}" for each in named)
    return replace(found, sql=f"(CASE {found.sql}{cases} ELSE {found.sql} END)", type="string")


def _convert_currency(scope: Scope, operand: Function) -> Column:
    _field(scope, operand)
    raise not_implemented("convertCurrency: the org has one currency")


def _format(scope: Scope, operand: Function) -> Column:
    if isinstance(operand.argument, Function):
        return formatted(scope, column(scope, operand.argument))
    return formatted(scope, _field(scope, operand))


@evidence("SOQL", "documented", "FORMAT writes values as en_US does; other locales are refused by name")
def formatted(scope: Scope, value: Column) -> Column:
    """Return a value as the user's locale writes it.

    Raises:
        OrgError: NOT_IMPLEMENTED; the locale is not en_US.
    """
    calendar = scope.run.calendar
    if calendar.locale != "en_US":
        raise not_implemented(f"FORMAT for the locale {calendar.locale}")
    bind = scope.bindings.bind
    arguments = (value.sql, bind(value.type), bind(value.field.scale), bind(calendar.zone.key))
    return replace(value, sql=f"format_value({', '.join(arguments)})", type="string")


def _convert_timezone(scope: Scope, operand: Function) -> Column:
    raise scope.run.error(
        "MALFORMED_QUERY", "convertTimezone can only be used inside a date function", operand.position
    )


def _field(scope: Scope, operand: Function) -> Column:
    """Return the field that a function is of."""
    if isinstance(operand.argument, Function):
        raise scope.run.error(
            "MALFORMED_QUERY", f"unexpected token: '{operand.argument.name}'", operand.argument.position
        )
    found = scope.column(operand.argument)
    if found.type == "address":
        reason = f"field {found.field.name} does not support function {operand.name}"
        raise scope.run.error("MALFORMED_QUERY", reason, operand.position)
    return found


_FUNCTIONS: Final[dict[str, Callable[[Scope, Function], Column]]] = {
    "TOLABEL": _to_label,
    "CONVERTCURRENCY": _convert_currency,
    "CONVERTTIMEZONE": _convert_timezone,
    "FORMAT": _format,
}


def _local_time(instant: str | None, zone: str) -> str | None:
    """Return an instant of the store as the same moment on a zone's clocks."""
    if instant is None:
        return None
    moment = datetime.strptime(instant, "%Y-%m-%dT%H:%M:%S.%f%z").astimezone(ZoneInfo(zone))
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000")


def _format_value(value: str | float | None, type_name: str, scale: int, zone: str) -> str | None:
    """Return a stored value as en_US writes it: 4/10/2025, 3:31 PM; $44,000.00; 1,234."""
    if value is None:
        return None
    if isinstance(value, str):
        return _format_text(value, type_name, zone)
    if type_name == "currency":
        return f"{'-' if value < 0 else ''}${abs(value):,.{max(scale, 2)}f}"
    return f"{value:,.{scale}f}" + ("%" if type_name == "percent" else "")


def _format_text(value: str, type_name: str, zone: str) -> str:
    if type_name == "date":
        day = date.fromisoformat(value)
        return f"{day.month}/{day.day}/{day.year}"
    if type_name == "time":
        return _clock(time.fromisoformat(value.removesuffix("Z")))
    if type_name == "datetime":
        moment = datetime.strptime(value, "%Y-%m-%dT%H:%M:%S.%f%z").astimezone(ZoneInfo(zone))
        return f"{moment.month}/{moment.day}/{moment.year}, {_clock(moment.time())}"
    return value


def _clock(clock: time) -> str:
    return f"{(clock.hour - 1) % 12 + 1}:{clock.minute:02} {'AM' if clock.hour < NOON else 'PM'}"
