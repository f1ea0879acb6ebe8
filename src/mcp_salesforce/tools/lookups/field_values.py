"""One value of one field, as JSON brings it: read into what Salesforce takes, or refused with what it would take."""

import re
from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any, Final

from mcp_salesforce.appointments.times import TimeError, clock_of, day_of, instant_of, is_day, wire
from mcp_salesforce.salesforce.errors import InvalidArgumentError
from mcp_salesforce.salesforce.ids import to_18
from mcp_salesforce.salesforce.models import FieldDescribe
from mcp_salesforce.spelling import nearest
from mcp_salesforce.tools.answers.errors import shortened

_NUMBER: Final = re.compile(r"[+-]?\d{1,40}(\.\d{1,40})?([eE][+-]?\d{1,3})?", re.ASCII)
_TEXTS: Final = frozenset({"string", "textarea", "phone", "url", "email", "encryptedstring", "combobox"})
_SHOWN_VALUES: Final = 12
_SHOWN: Final = 40  # characters of a value


class ValueProblem(ValueError):  # noqa: N818 - what is wrong with a value; it never leaves the check of its record
    """A value that its field does not take: Salesforce's code for it, and words that say what it takes."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(words)
        self.code = code
        self.words = words


def read_value(field: FieldDescribe, value: Any, prefixes: Mapping[str, str]) -> Any:  # noqa: ANN401 - any JSON value
    """Return `value` as Salesforce takes it in `field`; null clears it.

    Args:
        field: What the org says of the field.
        value: The JSON value given.
        prefixes: Known key prefixes, each with the object that has it.
    """
    if value is None:
        return None
    if field.type in {"reference", "id"}:
        return _reference(field, value, prefixes)
    if field.type in _TEXTS:
        return _text(field, value)
    read = _READERS.get(field.type)
    return read(field, value) if read else value


def _wrong_type(wanted: str, value: Any) -> ValueProblem:  # noqa: ANN401 - any JSON value
    return ValueProblem("INVALID_TYPE_ON_FIELD_IN_RECORD", f"Must be {wanted}, not {_named(value)}.")


def _named(value: Any) -> str:  # noqa: ANN401 - any JSON value
    if isinstance(value, str):
        return repr(shortened(value, _SHOWN))
    return {dict: "an object", list: "a list", bool: str(value).lower()}.get(type(value), str(value))


def _text(field: FieldDescribe, value: Any) -> str:  # noqa: ANN401 - any JSON value
    if not isinstance(value, str):
        raise _wrong_type("text", value)
    length = len(value.strip())
    if 0 < field.length < length:
        raise ValueProblem("STRING_TOO_LONG", f"Has {length} characters; at most {field.length} fit.")
    return value


def _boolean(_field: FieldDescribe, value: Any) -> bool:  # noqa: ANN401 - any JSON value
    known = {"true": True, "false": False}
    if isinstance(value, str) and value.strip().casefold() in known:
        return known[value.strip().casefold()]
    if not isinstance(value, bool):
        raise _wrong_type("true or false", value)
    return value


def _number(field: FieldDescribe, value: Any) -> float:  # noqa: ANN401 - any JSON value
    wanted = "a whole number" if field.type in {"int", "long"} else "a number"
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        value = float(value) if set(value) & set(".eE") else int(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        raise _wrong_type(wanted, value)
    if field.type in {"int", "long"} and value != int(value):
        raise _wrong_type(wanted, value)
    digits = field.digits or (field.precision - field.scale)
    if digits > 0 and abs(value) >= 10**digits:
        raise ValueProblem("NUMBER_OUTSIDE_VALID_RANGE", f"{value} is too large; {digits} digits before the point fit.")
    return int(value) if field.type in {"int", "long"} else value


def _day(_field: FieldDescribe, value: Any) -> str:  # noqa: ANN401 - any JSON value
    if not isinstance(value, str) or not is_day(value):
        raise _wrong_type("a day such as 2026-11-24", value)
    return _timed(lambda: day_of(value).isoformat())


def _moment(_field: FieldDescribe, value: Any) -> str:  # noqa: ANN401 - any JSON value
    if not isinstance(value, str) or is_day(value):
        raise _wrong_type("a time such as 2026-11-24T15:00:00+01:00", value)
    return _timed(lambda: wire(instant_of(value)))


def _timed(read: Callable[[], str]) -> str:
    try:
        return read()
    except TimeError as error:
        raise ValueProblem(
            "INVALID_TYPE_ON_FIELD_IN_RECORD", f"{error} {error.hint}".split(" or give time_zone")[0]
        ) from None


def _time_of_day(_field: FieldDescribe, value: Any) -> str:  # noqa: ANN401 - any JSON value
    if not isinstance(value, str):
        raise _wrong_type("a time of day such as 15:00:00.000Z", value)
    return _timed(lambda: clock_of(value))


def _choice(field: FieldDescribe, value: Any) -> str:  # noqa: ANN401 - any JSON value
    _check_choices(field, [_text(field, value)])
    return str(value)


def _choices(field: FieldDescribe, value: Any) -> str:  # noqa: ANN401 - any JSON value
    chosen = value if isinstance(value, list) else _text(field, value).split(";")
    if not all(isinstance(each, str) for each in chosen):
        raise _wrong_type("values separated by ;", value)
    _check_choices(field, [each for each in chosen if each])
    return ";".join(chosen)


def _check_choices(field: FieldDescribe, chosen: list[str]) -> None:
    allowed = [each.value for each in field.picklist_values if each.active]
    if not field.restricted_picklist or not allowed:
        return
    for each in chosen:
        if each not in allowed and each:
            raise ValueProblem(
                "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", f"No value {_named(each)}. {_allowed(each, allowed)}"
            )


def _allowed(wrong: str, allowed: list[str]) -> str:
    """Return the values that a picklist has: all where they are few, else those most like the wrong one."""
    if len(allowed) <= _SHOWN_VALUES:
        return f"Allowed: {', '.join(allowed)}."
    near = nearest(wrong, allowed, count=3)
    return f"Did you mean {' or '.join(near)}?" if near else f"Describe the field for its {len(allowed)} values."


def _reference(field: FieldDescribe, value: Any, prefixes: Mapping[str, str]) -> str:  # noqa: ANN401 - any JSON value
    targets = field.reference_to
    wanted = f"the Id of {' or '.join(targets[:3])}" if targets else "a record's Id"
    if not isinstance(value, str):
        raise _wrong_type(wanted, value)
    if not value:
        return value
    try:
        record_id = to_18(value.strip())
    except InvalidArgumentError:
        raise ValueProblem("MALFORMED_ID", f"{_named(value)} is not an Id; give {wanted}.") from None
    found = prefixes.get(record_id[:3])
    is_certain = found is not None or set(targets) <= set(prefixes.values())
    if targets and is_certain and found not in targets:
        actual = f"of {found}" if found else f"with the key prefix {record_id[:3]}"
        raise ValueProblem("MALFORMED_ID", f"{record_id} is an Id {actual}; give {wanted}.")
    return record_id


_READERS: Final[Mapping[str, Callable[[FieldDescribe, Any], Any]]] = {
    "boolean": _boolean,
    "int": _number,
    "long": _number,
    "double": _number,
    "currency": _number,
    "percent": _number,
    "date": _day,
    "datetime": _moment,
    "time": _time_of_day,
    "picklist": _choice,
    "multipicklist": _choices,
}
"""How the values of each type are read; those of other types go as they are."""
