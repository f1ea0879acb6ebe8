"""Convert values: from JSON of a request to the form in the store, and to the JSON that Salesforce sends."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from typing import Any, Final

from mcp_salesforce.localorg import errors
from mcp_salesforce.localorg.evidence import evidence
from mcp_salesforce.localorg.store.ids import to_18
from mcp_salesforce.localorg.store.schema import FieldDef
from mcp_salesforce.localorg.store.sqlite import Row

Stored = str | int | float | None
"""The value of a column."""

_DATETIME: Final = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?)(?:\.\d{1,9})?(Z|[+-]\d\d:?\d\d)\Z", re.ASCII | re.IGNORECASE
)
_TIME: Final = re.compile(r"(\d\d:\d\d:\d\d)(?:\.(\d{1,3}))?Z?\Z", re.ASCII)
_EMAIL: Final = re.compile(
    r"[A-Z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@([A-Z0-9]([A-Z0-9-]*[A-Z0-9])?\.)+[A-Z]([A-Z0-9-]*[A-Z0-9])\Z",
    re.IGNORECASE,
)
_ADDRESS_PARTS: Final = (
    "City", "Country", "CountryCode", "GeocodeAccuracy", "Latitude", "Longitude", "PostalCode", "State", "StateCode",
    "Street",
)  # fmt: skip


def instant(moment: datetime) -> str:
    """Return an aware datetime in wire form: UTC, whole seconds, `2026-02-20T18:00:00.000+0000`."""
    return moment.astimezone(UTC).isoformat(timespec="seconds")[:19] + ".000+0000"


def moment(stored: str) -> datetime:
    """Return the aware datetime that a stored instant stands for."""
    return datetime.fromisoformat(stored[:19]).replace(tzinfo=UTC)


def from_json(field: FieldDef, value: Any) -> Stored:  # noqa: ANN401 - any JSON value
    """Return the stored form of a JSON value for a field; blank text is null.

    Raises:
        OrgError: The value cannot be one of the field's type (JSON_PARSER_ERROR), or breaks a rule of the field.
    """
    if value is None:
        return 0 if field.type == "boolean" else None
    return _READERS[field.type](field, value)


@evidence("Field values", "recorded", "A text longer than its field is STRING_TOO_LONG")
@evidence("Field values", "documented", "Spaces around a text are removed; an empty text is null")
@evidence("Field values", "simulated", "A text field accepts a number or boolean as text")
def _text(field: FieldDef, value: Any) -> str | None:  # noqa: ANN401 - any JSON value
    if isinstance(value, dict | list):
        raise _mismatch("string", value)
    text = str(value).lower() if isinstance(value, bool) else str(value).strip()
    if field.length and len(text) > field.length:
        raise errors.string_too_long(field.label, text, field.length, field.name)
    return text or None


@evidence("Field values", "simulated", "An e-mail address without local part, @ or a dotted domain is refused")
def _email(field: FieldDef, value: Any) -> str | None:  # noqa: ANN401 - any JSON value
    text = _text(field, value)
    if text is not None and not _EMAIL.match(text):
        raise errors.invalid_email_address(field.label, text, field.name)
    return text


@evidence("Field values", "quoted", "A restricted picklist refuses other values; an open one accepts them")
def _choice(field: FieldDef, value: Any) -> str | None:  # noqa: ANN401 - any JSON value
    text = _text(field, value)
    if text is None or not field.restricted:
        return text
    chosen = text.split(";") if field.type == "multipicklist" else [text]
    known = {each.value for each in field.picklist_values if each.active}
    for each in chosen:
        if each not in known:
            raise errors.bad_picklist_value(field.label, each, field.name)
    return text


@evidence("Field values", "quoted", "A boolean must be true or false, not a text that says so")
def _boolean(_: FieldDef, value: Any) -> int:  # noqa: ANN401 - any JSON value
    if not isinstance(value, bool):
        raise _mismatch("boolean", value)
    return int(value)


@evidence("Field values", "recorded", "A text that is not a number is JSON_PARSER_ERROR in a number field")
@evidence("Field values", "simulated", "A number field accepts a numeric text, and refuses too many digits")
def _number(field: FieldDef, value: Any) -> float:  # noqa: ANN401 - any JSON value
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise _mismatch(field.type, value)
    try:
        number = float(value)
    except (ValueError, OverflowError):
        raise _mismatch(field.type, value) from None
    digits = field.precision - field.scale
    if number != number or abs(number) >= 10**digits:  # noqa: PLR0124 - NaN is not itself
        raise errors.number_outside_valid_range(field.label, value, field.name)
    return round(number, field.scale)


def _integer(field: FieldDef, value: Any) -> int:  # noqa: ANN401 - any JSON value
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise _mismatch("int", value)
    try:
        number = int(value)
    except (ValueError, OverflowError):
        raise _mismatch("int", value) from None
    if isinstance(value, float) and value != number:
        raise _mismatch("int", value)
    if abs(number) >= 10**field.digits:
        raise errors.number_outside_valid_range(field.label, value, field.name)
    return number


def _date(_: FieldDef, value: Any) -> str:  # noqa: ANN401 - any JSON value
    try:
        return date.fromisoformat(value).isoformat() if len(value) == len("2026-02-20") else _no_date()
    except (ValueError, TypeError):
        raise _mismatch("date", value) from None


def _no_date() -> str:
    raise ValueError


@evidence("Field values", "quoted", "A datetime has a T and a zone (Z, +hh:mm, +hhmm); without them it is refused")
@evidence("Field values", "simulated", "Datetimes are stored in whole seconds")
def _datetime(_: FieldDef, value: Any) -> str:  # noqa: ANN401 - any JSON value
    match = _DATETIME.match(value) if isinstance(value, str) else None
    if match is None:
        raise _mismatch("datetime", value)
    try:
        return instant(datetime.fromisoformat((match[1] + match[2]).upper()))
    except (ValueError, OverflowError):
        raise _mismatch("datetime", value) from None


def _time(_: FieldDef, value: Any) -> str:  # noqa: ANN401 - any JSON value
    match = _TIME.match(value) if isinstance(value, str) else None
    try:
        clock = time.fromisoformat(match[1]) if match else None
    except ValueError:
        clock = None
    if match is None or clock is None:
        raise _mismatch("time", value)
    return f"{clock.isoformat()}.{(match[2] or '').ljust(3, '0')}Z"


@evidence("Field values", "documented", "An id can have 15 or 18 characters, and is stored with 18")
@evidence("Field values", "documented", "A text that is not an id is MALFORMED_ID")
def _id(field: FieldDef, value: Any) -> str | None:  # noqa: ANN401 - any JSON value
    text = _text(field, value) if isinstance(value, str) and len(value) <= field.length else str(value)
    if text is None:
        return None
    long = to_18(text)
    if long is None:
        raise errors.malformed_id(field.label, text, field.name)
    return long


def _compound(field: FieldDef, _: Any) -> Stored:  # noqa: ANN401 - any JSON value
    raise errors.not_writeable([field.name])


_READERS: Final[Mapping[str, Callable[[FieldDef, Any], Stored]]] = {
    "address": _compound,
    "base64": _text,
    "boolean": _boolean,
    "combobox": _text,
    "currency": _number,
    "date": _date,
    "datetime": _datetime,
    "double": _number,
    "email": _email,
    "id": _id,
    "int": _integer,
    "multipicklist": _choice,
    "percent": _number,
    "phone": _text,
    "picklist": _choice,
    "reference": _id,
    "string": _text,
    "textarea": _text,
    "time": _time,
    "url": _text,
}


@evidence("Field values", "simulated", "JSON_PARSER_ERROR names line 1, column 2, wherever the wrong value is")
def _mismatch(type_name: str, value: Any) -> errors.OrgError:  # noqa: ANN401 - any JSON value
    tokens = {bool: f"VALUE_{str(value).upper()}", int: "VALUE_NUMBER_INT", float: "VALUE_NUMBER_FLOAT",
              str: "VALUE_STRING", dict: "START_OBJECT", list: "START_ARRAY"}  # fmt: skip
    shown = str(value).lower() if isinstance(value, bool) else value
    return errors.cannot_deserialize(type_name, tokens[type(value)], shown)


def to_json(field: FieldDef, row: Mapping[str, Any] | Row) -> Any:  # noqa: ANN401 - any JSON value
    """Return a field's value as Salesforce sends it, from a row that has its column or the columns of its parts."""
    if field.type == "address":
        return address(field, row)
    value = row[field.name]
    return bool(value) if field.type == "boolean" else value


@evidence("Field values", "recorded", "An address reads as one object of ten keys, or null when every part is empty")
def address(field: FieldDef, row: Mapping[str, Any] | Row) -> dict[str, Any] | None:
    """Return the compound of the parts of an address field."""
    prefix = field.name.removesuffix("Address")
    columns = {name.lower() for name in row.keys()}  # noqa: SIM118 - sqlite3.Row iterates over its values
    parts = {
        part[0].lower() + part[1:]: row[prefix + part] if (prefix + part).lower() in columns else None
        for part in _ADDRESS_PARTS
    }
    return parts if any(value is not None for value in parts.values()) else None
