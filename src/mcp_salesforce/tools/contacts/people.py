"""How people are looked for: their names and numbers as somebody writes them, found as somebody else has saved them."""

import re
import unicodedata
from typing import Final

from mcp_salesforce.salesforce import SalesforceError
from mcp_salesforce.salesforce.literals import like_literal, quote, quote_list
from mcp_salesforce.tools.framework.session import OrgSession

_BETWEEN_NAMES: Final = re.compile(r"[\s,;()]+")
_TITLES: Final = frozenset({
    "mr", "mrs", "ms", "miss", "mx", "dr", "prof", "professor", "sir", "herr", "frau", "hr", "fr", "dipl", "ing", "mag",
    "mme", "mlle", "sr", "sra", "srta", "phd", "md",
})  # fmt: skip
_DIGRAPHS: Final = re.compile("ae|oe|ue|ss")
_MAY_DIFFER: Final = re.compile("ae|oe|ue|ss|[^\x00-\x7f]|[aceilnosuyz]", re.IGNORECASE)
_SHORT_NUMBER: Final = 5  # digits; fewer are looked for in one piece
_NATIONAL: Final = 8  # digits of a number that tell it apart, whatever stands before them
_MOST_READ: Final = 2000
_MOST_FOUND: Final = 200


def words_of(name: str) -> list[str]:
    """Return the words of a person's name: without commas, and without titles where something else is left."""
    words = [word for word in _BETWEEN_NAMES.split(name) if word]
    return [word for word in words if word.rstrip(".").casefold() not in _TITLES] or words


def name_conditions(name: str) -> list[str]:
    """Return the conditions that a contact's Name has every word of `name`."""
    return [f"Name LIKE {like_literal(word)}" for word in words_of(name)]


async def spelt_otherwise(org: OrgSession, name: str) -> list[str]:
    """Return the Ids of contacts whose names are `name` but for accents: Zoë for Zoe, Müller for Mueller.

    SOQL tells letters with accents from those without. It reads at most 2,000 names, in one call.
    """
    words = words_of(name)
    loose = [_MAY_DIFFER.sub("%", word.replace("%", "").replace("_", "")) for word in words]
    where = " AND ".join(f"Name LIKE {quote(f'%{each}%')}" for each in loose)
    soql = f"SELECT Id, Name FROM Contact WHERE {where} ORDER BY CreatedDate DESC LIMIT {_MOST_READ}"  # noqa: S608
    try:
        found = (await org.client.queries.query(soql)).records
    except SalesforceError:
        return []  # nothing was found before, and an answer that says so is no error
    asked = [_folded(word) for word in words]
    return [record["Id"] for record in found if all(word in _folded(record.get("Name") or "") for word in asked)][
        :_MOST_FOUND
    ]


def among(ids: list[str]) -> str:
    """Return the condition that a record is one of these."""
    return f"Id IN {quote_list(ids)}"


def phone_pattern(phone: str) -> str:
    """Return the LIKE pattern for a number, however its digits are grouped and whether its country stands before it."""
    digits = "".join(character for character in phone if character.isdecimal())
    if len(digits) < _SHORT_NUMBER:
        return like_literal(phone)
    is_international = phone.lstrip(" (").startswith(("+", "00")) or (len(digits) > 10 and digits[0] == "1")  # noqa: PLR2004
    told = digits[-_NATIONAL:] if is_international and len(digits) > _NATIONAL else digits.lstrip("0") or digits
    return quote(f"%{'%'.join(told)}%")


def _folded(text: str) -> str:
    """Return a name without case and accents; what is written with two letters for one accent is as without."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(character for character in decomposed if not unicodedata.combining(character))
    return _DIGRAPHS.sub(lambda pair: pair[0][0], plain.replace("ø", "o").replace("æ", "a").replace("ł", "l"))
