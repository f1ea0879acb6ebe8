"""Record ids: 15 characters that mean something in their case, and 18 that survive losing it."""

import re
from typing import Final

INSTANCE: Final = "lo"
"""The part of an id that tells which Salesforce instance made it; this one is the local org."""

_DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_CHECKSUM: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_ID: Final = re.compile(r"[0-9A-Za-z]{15}(?:[0-9A-Za-z]{3})?\Z")
_COUNTER_LENGTH: Final = 9
_CAPITALS: Final = str.maketrans({char: str(int(char.isupper())) for char in _DIGITS})


def checksum(id15: str) -> str:
    """Return the three characters that say which of the fifteen are capitals."""
    bits = id15.translate(_CAPITALS)
    return _CHECKSUM[int(bits[4::-1], 2)] + _CHECKSUM[int(bits[9:4:-1], 2)] + _CHECKSUM[int(bits[14:9:-1], 2)]


def mint(key_prefix: str, number: int) -> str:
    """Return the 18-character id of the record with this number: prefix, instance, reserved 0, counter, checksum.

    Ids of one object in the order of their numbers are in text order too.
    """
    digits = ""
    rest = number
    while rest > 0:
        rest, digit = divmod(rest, len(_DIGITS))
        digits = _DIGITS[digit] + digits
    if number < 0 or len(digits) > _COUNTER_LENGTH:
        raise ValueError(f"no id for record number {number}")
    id15 = f"{key_prefix}{INSTANCE}0{digits.rjust(_COUNTER_LENGTH, '0')}"
    return id15 + checksum(id15)


def is_id_shaped(text: str) -> bool:
    """Tell whether a text has the length and the characters of an id; its checksum may still be wrong."""
    return _ID.match(text) is not None


def to_18(text: str) -> str | None:
    """Return the 18-character form of an id, or None if it is not one.

    Fifteen characters mean what they are in their case. Of eighteen, the checksum restores the case of the others.
    """
    if not is_id_shaped(text):
        return None
    if len(text) == 15:  # noqa: PLR2004 - the short form
        return text + checksum(text)
    if checksum(text[:15]) == text[15:]:
        return text
    suffix = text[15:].upper()
    if any(char not in _CHECKSUM for char in suffix):
        return None
    bits = "".join(f"{_CHECKSUM.index(char):05b}"[::-1] for char in suffix)
    id15 = "".join(char.upper() if bit == "1" else char.lower() for char, bit in zip(text[:15], bits, strict=True))
    return id15 + suffix if checksum(id15) == suffix else None
