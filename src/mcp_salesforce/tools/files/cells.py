"""Cells of a table as values of fields: what a spreadsheet or a person writes, read for the field's type. Pure."""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from mcp_salesforce.appointments.times import TimeError, instant_of, is_day, start_of_day, wire
from mcp_salesforce.salesforce.models import FieldDescribe
from mcp_salesforce.tools.files.read_tables import Cell, as_text
from mcp_salesforce.tools.lookups.field_values import ValueProblem, read_value

CLEAR: Final = "#N/A"
"""The cell that clears a field, in the files of Bulk API 2.0 too; an empty one changes nothing."""
_TRUE: Final = frozenset({"true", "t", "yes", "y", "on", "1"})
_FALSE: Final = frozenset({"false", "f", "no", "n", "off", "0"})
_ADDRESS: Final = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
_DAY_FIRST: Final = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})(?:[ T]+(\d.*))?", re.ASCII)
_NUMBERS: Final = frozenset({"int", "long", "double", "currency", "percent"})

Reader = Callable[[Cell], Any]


def is_empty(cell: Cell) -> bool:
    """Tell whether a cell says nothing."""
    return cell == "" or (isinstance(cell, str) and not cell.strip())


def is_clearing(cell: Cell) -> bool:
    """Tell whether a cell clears its field."""
    return cell is None or (isinstance(cell, str) and cell.strip() == CLEAR)


def reader_of(field: FieldDescribe, prefixes: Mapping[str, str], zone: ZoneInfo) -> Reader:
    """Return what reads the cells of a column for `field`, those that are neither empty nor clearing.

    What it returns is as Salesforce takes it. A time without a zone is one of `zone`. It raises ValueProblem for a cell
    that the field does not take.
    """
    prepare = _PREPARED.get("number" if field.type in _NUMBERS else field.type)

    def read(cell: Cell) -> Any:  # noqa: ANN401 - a field's value
        if isinstance(cell, dict | list):
            raise ValueProblem("INVALID_TYPE_ON_FIELD_IN_RECORD", "Must be one value, not an object or a list.")
        value = prepare(cell, zone) if prepare else as_text(cell)
        return read_value(field, value, prefixes)

    return read


def _boolean(cell: Cell, _zone: ZoneInfo) -> object:
    text = as_text(cell).strip().casefold()
    return True if text in _TRUE else False if text in _FALSE else cell


def _number(cell: Cell, _zone: ZoneInfo) -> object:
    if isinstance(cell, timedelta | date | time):
        return as_text(cell)
    return cell.strip().removesuffix("%").strip() if isinstance(cell, str) else cell


def _day(cell: Cell, zone: ZoneInfo) -> object:
    if isinstance(cell, datetime):
        return cell.astimezone(zone).date().isoformat() if cell.tzinfo else cell.date().isoformat()
    text = _iso(as_text(cell).strip())
    return text[:10] if re.fullmatch(r"\d{4}-\d\d-\d\d[ T]00:00(:00(\.0+)?)?", text) else text


def _moment(cell: Cell, zone: ZoneInfo) -> object:
    text = _iso(as_text(cell).strip())
    if is_day(text):
        return wire(start_of_day(date.fromisoformat(text), zone)) if _is_date(text) else text
    try:
        return wire(instant_of(text, zone))
    except TimeError as error:
        raise ValueProblem("INVALID_TYPE_ON_FIELD_IN_RECORD", f"{error} {error.hint}") from None


def _time_of_day(cell: Cell, _zone: ZoneInfo) -> object:
    if isinstance(cell, timedelta):
        return str(cell)
    return as_text(cell)


def _email(cell: Cell, _zone: ZoneInfo) -> object:
    text = as_text(cell).strip()
    if not _ADDRESS.fullmatch(text):
        raise ValueProblem("INVALID_EMAIL_ADDRESS", "Is not an e-mail address.")
    return text


def _iso(text: str) -> str:
    """Return a day or time that begins with the day of the month, `24.11.2026`, as ISO 8601 has it."""
    found = _DAY_FIRST.fullmatch(text)
    if found is None:
        return text
    day = f"{found[3]}-{int(found[2]):02}-{int(found[1]):02}"
    return f"{day}T{found[4]}" if found[4] else day


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


_PREPARED: Final[Mapping[str, Callable[[Cell, ZoneInfo], object]]] = {
    "boolean": _boolean,
    "number": _number,
    "date": _day,
    "datetime": _moment,
    "time": _time_of_day,
    "email": _email,
}


def wire_cell(value: Any) -> str:  # noqa: ANN401 - a field's value
    """Return a value as a cell of a bulk job's file has it."""
    if value is None:
        return CLEAR
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else repr(value)
