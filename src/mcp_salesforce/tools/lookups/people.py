"""How people are looked for: their names and numbers as somebody writes them, found as somebody else has saved them."""

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

from mcp_salesforce.salesforce import SalesforceError
from mcp_salesforce.salesforce.literals import like_literal, quote, quote_list
from mcp_salesforce.tools.framework.session import OrgSession

_BETWEEN_NAMES: Final = re.compile(r"[\s,;()/|&\"\u201c-\u201e]+")
_ASIDE: Final = re.compile(r"\([^()]*\)|[\"\u201c\u201e][^\"\u201c-\u201e]*[\"\u201c\u201d]")  # (work), "Bea"
_SIGNS: Final = re.compile(r"['\u2018\u2019\u02bc`\u00b4.-]")
_EXTENSION: Final = re.compile(r"(?<=\d)[\s,;]*(ext(ension|n)?|durchwahl|x|#)[.:\s]*\d{1,6}$", re.IGNORECASE)
_TITLES: Final = frozenset({
    "mr", "mrs", "ms", "miss", "mx", "dr", "prof", "professor", "sir", "herr", "frau", "hr", "fr", "dipl", "ing", "mag",
    "mme", "mlle", "sr", "sra", "srta", "phd", "md", "jr", "ii", "iii",
})  # fmt: skip
_DIGRAPHS: Final = re.compile("aa|ae|oe|ue|ss")
_MAY_DIFFER: Final = re.compile("aa|ae|oe|ue|ss|[^\x00-\x7f]|[aceilnosuyz'.`-]", re.IGNORECASE)
_LONG_WORD: Final = 6  # letters; a name so long may be two words elsewhere: Vandenberg, van den Berg
_SHORT_NUMBER: Final = 5  # digits; fewer are looked for in one piece
_NATIONAL: Final = 8  # digits of a number that tell it apart, whatever stands before them
_COUNTRY_MOST: Final = 3  # digits of a country code
_MOST_READ: Final = 2000
_MOST_FOUND: Final = 200


def words_of(name: str) -> list[str]:
    """Return the words of a person's name: without commas, and without titles and asides where something is left."""
    plain = unicodedata.normalize("NFC", name)
    words = [word for word in _BETWEEN_NAMES.split(_ASIDE.sub(" ", plain)) if word]
    words = words or [word for word in _BETWEEN_NAMES.split(plain) if word]
    return [word for word in words if word.rstrip(".").casefold() not in _TITLES] or words


def name_conditions(name: str) -> list[str]:
    """Return the conditions that a contact's Name has every word of `name`; an initial begins one of its words."""
    words = words_of(name)
    return [_initial(word[0]) if _is_initial(word, words) else f"Name LIKE {like_literal(word)}" for word in words]


def _is_initial(word: str, words: Sequence[str]) -> bool:
    return len(words) > 1 and len(word.rstrip(".")) == 1 and word[0].isalpha()


def _initial(letter: str) -> str:
    return f"(Name LIKE {quote(f'{letter}%')} OR Name LIKE {quote(f'% {letter}%')})"


def folded_words(name: str) -> list[str]:
    """Return the words of a name in the form in which two spellings of one name are equal."""
    return [_folded(word) for word in words_of(name)]


def is_same_number(one: str, other: str) -> bool:
    """Tell whether two phone numbers are one, however they are written and whether either has its country code."""
    shorter, longer = sorted((_dialled(one), _dialled(other)), key=len)
    if len(shorter) < _SHORT_NUMBER:
        return False
    return shorter == longer or (
        longer.endswith(shorter) and _COUNTRY_MOST >= len(longer) - len(shorter) > 0 and len(shorter) >= _NATIONAL
    )


async def spelt_otherwise(org: OrgSession, name: str, sobject: str = "Contact") -> list[str]:
    """Return the Ids of contacts, or of leads, whose names are `name` but for accents: Zoë for Zoe, Müller for Mueller.

    SOQL tells letters with accents from those without. It reads at most 2,000 names, in one call.
    """
    words = words_of(name)
    where = " AND ".join(f"Name LIKE {quote(f'%{_loose(word)}%')}" for word in words)
    soql = f"SELECT Id, Name FROM {sobject} WHERE {where} ORDER BY CreatedDate DESC LIMIT {_MOST_READ}"  # noqa: S608
    try:
        found = (await org.client.queries.query(soql)).records
    except SalesforceError:
        return []  # nothing was found before, and an answer that says so is not an error
    asked = [_folded(word) for word in words]
    return [record["Id"] for record in found if _has_all(_folded(record.get("Name") or ""), asked)][:_MOST_FOUND]


def among(ids: list[str]) -> str:
    """Return the condition that a record is one of these."""
    return f"Id IN {quote_list(ids)}"


def phone_pattern(phone: str) -> str:
    """Return the LIKE pattern for a number, however its digits are grouped and whether its country stands before it."""
    phone = _EXTENSION.sub("", unicodedata.normalize("NFKC", phone).strip())
    digits = "".join(character for character in phone if character.isdecimal())
    if len(digits) < _SHORT_NUMBER:
        return like_literal(phone)
    is_international = phone.lstrip(" (").startswith(("+", "00")) or (len(digits) > 10 and digits[0] == "1")  # noqa: PLR2004
    told = digits[-_NATIONAL:] if is_international and len(digits) > _NATIONAL else digits.lstrip("0") or digits
    return quote(f"%{'%'.join(told)}%")


def _dialled(phone: str) -> str:
    """Return the digits of a number without what stands before it inside its country, and without its extension."""
    plain = _EXTENSION.sub("", unicodedata.normalize("NFKC", phone).strip()).replace("(0)", "")
    return "".join(character for character in plain if character.isdecimal()).lstrip("0")


def _loose(word: str) -> str:
    """Return the inside of the LIKE pattern for whatever may be `word` but for accents, signs and spaces."""
    letters = word.replace("%", "").replace("_", "")
    loose = _MAY_DIFFER.sub("%", letters)
    return "%".join(loose) if len(letters) >= _LONG_WORD else loose


def _has_all(name: str, words: Sequence[str]) -> bool:
    squeezed = name.replace(" ", "")
    return all(word in name or (len(word) >= _LONG_WORD and word in squeezed) for word in words)


def _folded(text: str) -> str:
    """Return a name without case, accents and signs; what is written with two letters for one accent is as without."""
    decomposed = unicodedata.normalize("NFKD", _SIGNS.sub("", text.casefold()))
    plain = "".join(character for character in decomposed if not unicodedata.combining(character))
    return _DIGRAPHS.sub(lambda pair: pair[0][0], plain.replace("ø", "o").replace("æ", "a").replace("ł", "l"))
