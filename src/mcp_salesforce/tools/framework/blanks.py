"""Blank values: null, or an empty text; some hosts send them for every omitted field.

In a new record such a field was not given; in a record that is there it is cleared.
"""

from collections.abc import Mapping
from typing import Any

_ENVELOPE = "attributes"


def is_blank(value: Any) -> bool:  # noqa: ANN401 - any JSON value
    """Tell whether a value is blank; an object or a list is blank if all its values are."""
    if isinstance(value, str):
        return not value.strip()
    if isinstance(value, dict):
        return all(is_blank(entry) for name, entry in value.items() if name != _ENVELOPE)
    return all(map(is_blank, value)) if isinstance(value, list) else value is None


def without_blanks(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a new record without blank ones, in nested objects too."""
    return {name: _inner(value) for name, value in values.items() if name == _ENVELOPE or not is_blank(value)}


def with_nulls(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the changes of a record: null for each field to clear."""
    return {name: None if name != _ENVELOPE and is_blank(value) else _inner(value) for name, value in values.items()}


def _inner(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return the values of a nested object, which names another record and does not change it."""
    return without_blanks(value) if isinstance(value, dict) else value
