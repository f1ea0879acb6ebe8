"""Read the literals of SOQL from a cursor."""

import re
from decimal import Decimal
from typing import Final

from mcp_salesforce.soql import tree
from mcp_salesforce.soql.lexer import Token
from mcp_salesforce.soql.tokens import TokenReader

_PERIODS: Final = ("WEEK", "MONTH", "QUARTER", "YEAR", "FISCAL_QUARTER", "FISCAL_YEAR")
DATE_FORMULAS: Final = frozenset(
    ["YESTERDAY", "TODAY", "TOMORROW", "LAST_90_DAYS", "NEXT_90_DAYS"]
    + [f"{which}_{period}" for which in ("LAST", "THIS", "NEXT") for period in _PERIODS]
    + [f"{which}_N_{period}S" for which in ("LAST", "NEXT") for period in ("DAY", *_PERIODS)]
    + [f"N_{period}S_AGO" for period in ("DAY", *_PERIODS)]
)
"""All names of date literals."""

BIND_REFUSED: Final = "Bind variables only allowed in Apex code"

_CURRENCY: Final = re.compile(r"([A-Za-z]{3})(-?[0-9]+)(\.[0-9]*)?")
_ESCAPE: Final = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|(.))", re.DOTALL)
_ESCAPED: Final = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "'": "'", '"': '"', "\\": "\\"}


def read_value(cursor: TokenReader, *, like: bool = False) -> tree.Value:
    """Read one literal; after LIKE, a quoted text is a pattern."""
    token = cursor.token
    if token.kind == "text":
        return read_pattern(cursor) if like else read_string(cursor)
    if token.kind in {"integer", "decimal"} or token.word in {"-", "+"}:
        return tree.Number(read_number(cursor), position=token.position)
    if token.kind == "name":
        return _named_value(cursor)
    if token.kind == "currency":
        return _currency(cursor.step())
    if token.kind in {"date", "datetime", "time"}:
        return _moment(cursor)
    cursor.wants("a value")
    return cursor.refuse(BIND_REFUSED if token.word == ":" else "")


def read_number(cursor: TokenReader) -> Decimal:
    """Read a number, with or without a sign."""
    sign = cursor.take("-", "+")
    number = Decimal(cursor.expect_kind("integer", "decimal").text)
    return number.copy_negate() if sign == "-" else number


def read_integer(cursor: TokenReader) -> int:
    """Read an integer, with or without a sign."""
    sign = cursor.take("-", "+")
    number = int(cursor.expect_kind("integer").text)
    return -number if sign == "-" else number


def read_string(cursor: TokenReader) -> tree.String:
    r"""Read a quoted text; `\%` and `\_` are for LIKE only."""
    token = cursor.expect_kind("text")
    return tree.String(_unescaped(cursor, token, _ESCAPED), position=token.position)


def read_pattern(cursor: TokenReader) -> tree.Pattern:
    """Read the quoted text after LIKE."""
    token = cursor.expect_kind("text")
    escaped = {**_ESCAPED, "\\": r"\\", "%": r"\%", "_": r"\_"}
    return tree.Pattern(_unescaped(cursor, token, escaped), position=token.position)


def _unescaped(cursor: TokenReader, token: Token, escaped: dict[str, str]) -> str:
    """Return what the quoted text `token` means, where `escaped` has the meaning of each letter after a backslash."""
    body = token.text[1:-1]
    if "\\" not in body:
        return body

    def meaning(found: re.Match[str]) -> str:
        if found[1] is not None:
            return chr(int(found[1], 16))
        letter = found[2].lower()
        if letter not in escaped:
            position = token.position + 1 + found.start()
            cursor.refuse("Invalid Escape Character", token._replace(position=position))
        return escaped[letter]

    text = _ESCAPE.sub(meaning, body)
    try:  # two escapes may be the halves of one character
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le")
    except UnicodeDecodeError:
        cursor.refuse("Invalid Unicode Character", token)
    return cursor.refuse("Invalid Unicode Character", token) if "\uffff" in text else text


def _named_value(cursor: TokenReader) -> tree.Value:
    """Read a literal that looks like a name: NULL, TRUE, FALSE, an amount in a currency, a date literal."""
    token = cursor.token
    if token.word == "null":
        return tree.Null(position=cursor.step().position)
    if token.word in {"true", "false"}:
        return tree.Boolean(cursor.step().word == "true", position=token.position)
    if _CURRENCY.fullmatch(token.text):
        return _currency(cursor.step())
    if token.text.upper() not in DATE_FORMULAS:
        cursor.wants("a value")
        cursor.refuse(BIND_REFUSED if cursor.at_name() else "")
    cursor.step()
    n = int(cursor.expect_kind("integer").text) if cursor.take(":") else None
    return tree.DateFormula(token.text.upper(), n, position=token.position)


def _currency(token: Token) -> tree.Currency:
    """Return the amount that `token` states, as in USD5000 or USD-0.5."""
    code, amount = token.text[:3], token.text[3:]
    return tree.Currency(code.upper(), Decimal(amount), position=token.position)


def _moment(cursor: TokenReader) -> tree.Date | tree.DateTime | tree.Time:
    """Read a date, a datetime or a time that exists."""
    token = cursor.token
    text = token.text.upper()
    literal: tree.Date | tree.DateTime | tree.Time
    match token.kind:
        case "date":
            literal = tree.Date(text, position=token.position)
        case "datetime":
            literal = tree.DateTime(text, position=token.position)
        case _:
            literal = tree.Time(text, position=token.position)
    try:
        _ = literal.value
    except (ValueError, OverflowError):
        cursor.refuse(f"Invalid {token.kind}: {token.text}")
    cursor.step()
    return literal
