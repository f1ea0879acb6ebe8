"""Whether an answer looks like a recorded one: the same keys in the same order, the same kinds of values."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

KINDS = {
    "datetime": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000"),
    "date": re.compile(r"\d{4}-\d\d-\d\d"),
    "time": re.compile(r"\d\d:\d\d:\d\d\.\d{3}Z"),
    "sobject url": re.compile(r"/services/data/v\d+\.0/sobjects/\w+/\w{18}"),
}
FREE_KEYS = frozenset({"httpHeaders"})
"""Objects whose keys differ from call to call."""

OPTIONAL_KEYS = frozenset({"countryCode", "stateCode", "PreferencesTerminateOldestSession"})
"""Keys that one recorded org has and another has not."""


def kind(value: object) -> str:
    """What kind of value stands on the wire: a JSON type, or the format of a text that has one."""
    if isinstance(value, str):
        return next((name for name, pattern in KINDS.items() if pattern.fullmatch(value)), "text")
    if isinstance(value, bool):
        return "boolean"
    return "number" if isinstance(value, int | float) else type(value).__name__


def differences(recorded: Sequence[Any], answered: object, where: str = "$") -> Iterator[str]:
    """Yield how `answered` differs in shape from the recorded samples of the same thing.

    Null is a sample of nothing, on either side. A record is held against samples of its own type.
    """
    samples = [sample for sample in recorded if sample is not None]
    if answered is None or not samples:
        return
    if kind(answered) not in {kind(sample) for sample in samples}:
        yield f"{where}: recorded {kind(samples[0])}, answered {kind(answered)} {answered!r}"
    elif isinstance(answered, dict):
        if where.rsplit(".", 1)[-1] not in FREE_KEYS:
            yield from _of_objects([sample for sample in samples if isinstance(sample, dict)], answered, where)
    elif isinstance(answered, list):
        elements = [element for sample in samples for element in sample]
        for number, element in enumerate(answered):
            yield from differences(elements, element, f"{where}[{number}]")


def _of_objects(samples: list[dict[str, Any]], answered: dict[str, Any], where: str) -> Iterator[str]:
    of_the_kind = [sample for sample in samples if _identity(sample) == _identity(answered)]
    if not of_the_kind:
        if where.endswith("]"):
            yield f"{where}: recorded {_identity(samples[0])}, answered {_identity(answered)}"
        return
    recorded, found = ([key for key in value if key not in OPTIONAL_KEYS] for value in (of_the_kind[0], answered))
    if recorded != found:
        yield f"{where}: recorded keys {recorded}, answered {found}"
    for key in recorded:
        if key in answered:
            yield from differences([sample.get(key) for sample in of_the_kind], answered[key], f"{where}.{key}")


def _identity(value: dict[str, Any]) -> tuple[str | None, str | None]:
    """What tells objects of a list apart: the type of a record, the name of a part of a composite."""
    attributes = value.get("attributes")
    return attributes.get("type") if isinstance(attributes, dict) else None, value.get("referenceId")
