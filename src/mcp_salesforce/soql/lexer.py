"""Split SOQL text into tokens as Salesforce's lexer does: always the longest token that fits.

Names can contain dots and, after the first letter, any character beyond ASCII. `>=` and `<=` are two tokens each: `> =`
is legal. Case is not significant. There are no comments.
"""

import re
from typing import Final, Literal, NamedTuple, TypeAlias

from mcp_salesforce.soql.errors import row_and_column

_MAX_DIGITS: Final = 1_000  # a longer number is refused before any computation

Kind: TypeAlias = Literal[
    "name", "integer", "decimal", "date", "datetime", "time", "currency", "text", "sign", "end", "bad"
]


class Token(NamedTuple):
    """A piece of the query; `word` is its text in lower case, empty for the end and a bad token."""

    kind: Kind
    text: str
    word: str
    position: int


_TIME = r"[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?(?:[zZ]|[+-][0-9]{2}:?[0-9]{2})"
_TOKEN: Final = re.compile(
    rf"""[ \t\r\n]* (?:
        (?P<currency>  [A-Za-z]{{3}} - [0-9]+ (?: \.[0-9]* )? )
    |   (?P<name>      [A-Za-z] [A-Za-z0-9_.\u0080-\U0010ffff]* )
    |   (?P<sign>      != | <> | [-+*/~_,:()=<>] | \. (?! [0-9]) )
    |   (?P<text>      ' [^'\\\n]* (?: \\. [^'\\\n]* )* ' )
    |   (?P<datetime>  [0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}} [tT] {_TIME} )
    |   (?P<date>      [0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}} )
    |   (?P<time>      {_TIME} )
    |   (?P<decimal>   [0-9]*\.[0-9]+ )
    |   (?P<integer>   [0-9]+ )
    |   (?P<end>       [; \t\r\n]* \Z )
    |   (?P<bad>       . )
    )""",
    re.VERBOSE | re.DOTALL,
)


def tokens_of(text: str, start: int = 0) -> list[Token]:
    """Return the tokens of `text` from `start`.

    The last one is of the kind "end". If no token starts at a place, a token of the kind "bad" stands for the rest,
    with the reason as its text.
    """
    tokens: list[Token] = []
    for found in _TOKEN.finditer(text, start):
        kind: Kind = found.lastgroup  # type: ignore[assignment]  # the groups bear the names of the kinds
        piece, position = found[kind], found.start(kind)
        if kind == "end":
            break
        if kind == "bad" or (len(piece) > _MAX_DIGITS and kind in {"integer", "decimal", "currency"}):
            tokens.append(_bad_token(text, position))
            break
        tokens.append(Token(kind, piece, piece.lower(), position))
    tokens.append(Token("end", "<EOF>", "", len(text)))
    return tokens


def _bad_token(text: str, position: int) -> Token:
    """Return what stands for the rest of `text` from `position`, where no token starts."""
    character = text[position]
    if character == "'":
        reason = "a quoted text has no end, or a line break in it: write \\n for one"
    elif character.isascii() and character.isalnum():
        reason = f"a number has more than {_MAX_DIGITS} digits"
    else:
        row, column = row_and_column(text, position)
        reason = f"line {row}:{column - 1} unexpected token: '{character}'"
    return Token("bad", reason, "", position)
