"""Literals of SOQL, as the values that SQLite compares columns with."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from mcp_salesforce.localorg.errors import OrgError, not_implemented
from mcp_salesforce.localorg.evidence import evidence
from mcp_salesforce.localorg.store import ids
from mcp_salesforce.localorg.store.scope import Column, Run
from mcp_salesforce.soql.tree import (
    Boolean,
    Currency,
    Date,
    DateFormula,
    DateTime,
    Null,
    Number,
    Pattern,
    String,
    Time,
    Value,
)

TEXT_TYPES: Final = frozenset(
    ["string", "textarea", "picklist", "multipicklist", "combobox", "email", "phone", "url", "encryptedstring"]
)
ID_TYPES: Final = frozenset(["id", "reference"])
NUMBER_TYPES: Final = frozenset(["int", "double", "currency", "percent"])
_STRING_LIMIT: Final = 4000

Stored = str | int | float
"""What a column holds, and a literal becomes."""


def wire_datetime(moment: datetime) -> str:
    """Return an instant as the store and the wire write it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03}+0000"


def stored(run: Run, column: Column, value: Value) -> Stored | None:
    """Return the value that a literal has in a column of this type; None for null."""
    if isinstance(value, Null) or (isinstance(value, String) and not value.value):
        return None
    if isinstance(value, Currency):
        raise not_implemented(f"amounts with a currency code ({value.code}): the org has one currency")
    try:
        if isinstance(value, String | Pattern):
            return _text(run, column, value.value if isinstance(value, String) else value.text)
        return _READERS[type(value), _family(column)](value)
    except (KeyError, ValueError, OverflowError):
        raise wrong_type(run, column) from None


def interval(run: Run, column: Column, value: DateFormula) -> tuple[str, str]:
    """Return where the range of a date literal starts in a column of dates or instants, and where it has ended."""
    if column.type not in {"date", "datetime"}:
        raise wrong_type(run, column)
    calendar = run.calendar
    try:
        span = calendar.span(value.name, value.n)
    except ValueError as error:
        raise run.error("MALFORMED_QUERY", str(error), column.position) from None
    if column.type == "date":
        return span.first.isoformat(), span.after.isoformat()
    end = calendar.now + timedelta(milliseconds=1) if span.to_now else calendar.midnight(span.after)
    return wire_datetime(calendar.midnight(span.first)), wire_datetime(end)


@evidence("SOQL", "quoted", "A value of another type than its field is INVALID_FIELD: dates are not quoted, texts are")
def wrong_type(run: Run, column: Column) -> OrgError:
    """Return the error for a literal of another type than its column."""
    kind = {"datetime": "dateTime", **dict.fromkeys(TEXT_TYPES | ID_TYPES, "string")}.get(column.type, column.type)
    quotes = "should be enclosed in quotes" if kind == "string" else "should not be enclosed in quotes"
    reason = f"value of filter criterion for field '{column.field.name}' must be of type {kind} and {quotes}"
    return run.error("INVALID_FIELD", reason, column.position)


def _family(column: Column) -> str:
    return "number" if column.type in NUMBER_TYPES else column.type


@evidence("SOQL", "quoted", "An invalid id is INVALID_QUERY_FILTER_OPERATOR; 15 characters find what 18 find")
def _text(run: Run, column: Column, text: str) -> str:
    if column.type in TEXT_TYPES:
        if len(text) > _STRING_LIMIT:
            reason = f"A text in WHERE can have at most {_STRING_LIMIT} characters"
            raise run.error("MALFORMED_QUERY", reason, column.position)
        return text
    if column.type in ID_TYPES:
        record_id = ids.to_18(text)
        if record_id is None:
            raise run.error("INVALID_QUERY_FILTER_OPERATOR", f"invalid ID field: {text}", column.position)
        return record_id
    raise wrong_type(run, column)


def _number(value: Number) -> int | float:
    number = value.value
    return int(number) if number == number.to_integral_value() and abs(number) < 2**63 else float(number)


def _time(value: Time) -> str:
    moment = datetime.combine(date(2000, 1, 1), time.fromisoformat(value.text)).astimezone(UTC)
    return moment.strftime("%H:%M:%S.") + f"{moment.microsecond // 1000:03}Z"


_READERS: Final[Mapping[tuple[type, str], Callable[[Any], Stored]]] = {
    (Boolean, "boolean"): lambda value: int(value.value),
    (Number, "number"): _number,
    (Date, "date"): lambda value: date.fromisoformat(value.text).isoformat(),
    (DateTime, "datetime"): lambda value: wire_datetime(datetime.fromisoformat(value.text)),
    (Time, "time"): _time,
}
