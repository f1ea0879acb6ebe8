"""Record Ids: 15 case-sensitive characters, or 18, of which the last three encode the case of the others."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from mcp_salesforce.salesforce.errors import InvalidArgumentError

KEY_PREFIXES: Final[Mapping[str, str]] = {
    "001": "Account",
    "003": "Contact",
    "005": "User",
    "006": "Opportunity",
    "00D": "Organization",
    "00G": "Group",
    "00Q": "Lead",
    "00T": "Task",
    "00U": "Event",
    "00e": "Profile",
    "00E": "UserRole",
    "00Y": "CampaignMember",
    "01t": "Product2",
    "023": "Calendar",
    "0RE": "EventRelation",
    "500": "Case",
    "701": "Campaign",
    "800": "Contract",
    "801": "Order",
}
"""The first three characters of the Ids of some standard objects, the same in every org."""

_SHAPE = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-5]{3})?", re.ASCII)
_CHECK_CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_SHORT = 15
_CHUNK = 5


def is_id(text: str) -> bool:
    """Tell whether `text` has the form of a record Id, with correct check characters if it has them."""
    if not _SHAPE.fullmatch(text):
        return False
    return len(text) == _SHORT or _cased(text) is not None


def to_18(record_id: str) -> str:
    """Return the 18-character form; the check characters correct the case of an 18-character Id.

    Raises:
        InvalidArgumentError: `record_id` is not a record Id.
    """
    short = (record_id if len(record_id) == _SHORT else _cased(record_id)) if _SHAPE.fullmatch(record_id) else None
    if short is None:
        raise InvalidArgumentError(
            f"{record_id[:40]!r} is not a Salesforce record Id: those have 15 or 18 letters and digits.",
            hint="Query for the record to get its Id. Never guess an Id.",
        )
    return short + _check_characters(short)


def key_prefix(record_id: str) -> str:
    """Return the three characters that identify the object: `003` for a Contact.

    Raises:
        InvalidArgumentError: `record_id` is not a record Id.
    """
    return to_18(record_id)[:3]


def _check_characters(short: str) -> str:
    chunks = (short[start : start + _CHUNK] for start in range(0, _SHORT, _CHUNK))
    return "".join(
        _CHECK_CHARACTERS[sum(1 << bit for bit, character in enumerate(chunk) if "A" <= character <= "Z")]
        for chunk in chunks
    )


@lru_cache(maxsize=4096)
def _cased(long: str) -> str | None:
    """Return the 15 characters with the case that the last three tell, or None if a digit would be upper case."""
    bits = [_CHECK_CHARACTERS.index(character) for character in long[_SHORT:].upper()]
    upper = [bits[at // _CHUNK] >> at % _CHUNK & 1 for at in range(_SHORT)]
    if any(is_upper and character.isdigit() for character, is_upper in zip(long, upper, strict=False)):
        return None
    return "".join(
        character.upper() if is_upper else character.lower() for character, is_upper in zip(long, upper, strict=False)
    )
