"""The shape of a JSON value: the kind of each value in the place of the value, and of a list each element once."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from tests.contract.shapes import kind

IDENTITIES = frozenset({"referenceId", "errorCode", "statusCode"})
"""Keys whose values are facts themselves; so is the type of a record."""

_TEXTS = {
    "datetime": "2031-03-05T09:00:00.000+0000",
    "date": "2031-03-05",
    "time": "09:00:00.000Z",
    "sobject url": "/services/data/v60.0/sobjects/Account/001000000000001AAA",
    "id": "001000000000001AAA",
}
_LENGTH = re.compile(r"text (\d+)")
_ID = re.compile(r"[0a-z][0-9A-Za-z]{14}[A-Z0-5]{3}")
_WORDS = "Sixty Orchard Lane, by the old north gate of the town "
_KEPT_IN_A_BODY = frozenset({"type", "referenceId", "method", "url", "If-Modified-Since", "StageName"})


def shape_of(value: Any, key: str = "", *, with_lengths: bool = False) -> Any:
    """Return the shape of a value; `with_lengths` tells how long each text is."""
    if isinstance(value, dict):
        return {name: shape_of(each, name, with_lengths=with_lengths) for name, each in value.items()}
    if isinstance(value, list):
        return merged([shape_of(each, with_lengths=with_lengths) for each in value])
    if value is None or (isinstance(value, str) and (key in IDENTITIES or key == "type")):
        return value
    if isinstance(value, str) and _ID.fullmatch(value):
        return "id"
    found = kind(value)
    return f"{found} {len(value)}" if found == "text" and with_lengths else found


def merged(shapes: Sequence[Any]) -> list[Any]:
    """Return each shape once; of two that differ only in what is null, the one without the null."""
    kept: list[Any] = []
    for shape in shapes:
        for at, other in enumerate(kept):
            if (both := _both(other, shape)) is not None:
                kept[at] = both
                break
        else:
            kept.append(shape)
    return kept


def _both(one: Any, other: Any) -> Any:
    """Return the shape of both values, or None where no shape is."""
    if one == other or other is None:
        return one
    if one is None:
        return other
    if isinstance(one, dict) and isinstance(other, dict) and list(one) == list(other):
        if one.get("type") != other.get("type") or one.get("referenceId") != other.get("referenceId"):
            return None
        both = {key: _both(one[key], other[key]) for key in one}
        return None if any(value is None and (one[key] or other[key]) for key, value in both.items()) else both
    return None


def sample_of(shape: Any, key: str = "") -> Any:
    """Return a value of a shape."""
    if isinstance(shape, Mapping):
        return {name: sample_of(each, name) for name, each in shape.items()}
    if isinstance(shape, list):
        return [sample_of(each) for each in shape]
    if shape is None or key in IDENTITIES or key == "type":
        return shape
    if found := _LENGTH.fullmatch(shape):
        length = int(found[1])
        return (_WORDS * (length // len(_WORDS) + 1))[:length]
    return {"number": 7, "boolean": False, "text": "x", **_TEXTS}[shape]


def masked(body: Any, given: dict[str, str]) -> Any:
    """Return the body of a request with other values in its records; `given` keeps which ones stand for which."""

    def other(value: Any, key: str) -> Any:
        if isinstance(value, dict):
            return {name: other(each, name) for name, each in value.items()}
        if isinstance(value, list):
            return [other(each, key) for each in value]
        if not isinstance(value, str) or key in _KEPT_IN_A_BODY or kind(value) != "text":
            return value
        number = len(given) + 1
        new = (
            f"{number}@example.com" if "@" in value else f"003{number:012}AAA" if _ID.fullmatch(value) else f"x{number}"
        )
        return given.setdefault(f"{key}={value.casefold()}", new)

    return other(body, "")
