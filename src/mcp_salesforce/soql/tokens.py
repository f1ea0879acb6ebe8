"""A cursor over the tokens of a query, and the steps of a parser."""

from collections.abc import Callable
from typing import Final, NoReturn, TypeVar

from mcp_salesforce.soql.errors import SoqlError
from mcp_salesforce.soql.lexer import Kind, Token, tokens_of

T = TypeVar("T")

MAX_CHARACTERS: Final = 100_000
"""The longest text that Salesforce takes."""

MAX_DEPTH: Final = 100
"""How deep parentheses and sub-queries can be nested; Salesforce's own limit is not documented."""

# fmt: off
LEGAL_NAMES: Final = frozenset({
    "above", "above_or_below", "at", "below", "case", "category", "count", "data", "distance", "end", "fields", "flat",
    "geolocation", "group", "offset", "order", "reference", "scope", "then", "typeof", "view", "when",
})
"""Words of the language that are also legal names."""

_KEYWORDS: Final = frozenset({
    "and", "as", "asc", "bind", "by", "cube", "desc", "else", "excludes", "false", "first", "for", "from", "having",
    "hierarchical", "in", "includes", "last", "like", "limit", "lookup", "not", "null", "nulls", "or", "rollup",
    "select", "true", "update", "using", "where", "with",
})
# fmt: on

_WORDED: Final[dict[str, str]] = {"end": "the end", "text": "a quoted text", "integer": "a number"}


def is_plain_name(token: Token) -> bool:
    """Return whether `token` is a name that is not a word of the language."""
    return token.kind == "name" and token.word not in _KEYWORDS and token.word not in LEGAL_NAMES


class TokenReader:
    """Reads tokens from left to right; an error points at the token that does not fit.

    If `is_noting`, it also keeps what could stand there, for the error; that takes a little longer.
    """

    def __init__(
        self, text: str, start: int = 0, error: type[SoqlError] = SoqlError, *, is_noting: bool = False
    ) -> None:
        """Start at the first token from `start`; raise `error` for a text that does not fit or is too long."""
        if len(text) > MAX_CHARACTERS:
            reason = f"SOQL statements cannot be longer than {MAX_CHARACTERS} characters."
            too_long = error(text, MAX_CHARACTERS, reason)
            too_long.args = (reason,)  # Salesforce's message has no caret
            raise too_long
        self._text = text
        self._error = error
        self._tokens = tokens_of(text, start)
        self._index = 0
        self._depth = 0
        self._is_noting = is_noting
        self._noted: dict[str, None] = {}
        self._noted_at = -1

    @property
    def token(self) -> Token:
        """Return the token at the cursor."""
        return self._tokens[self._index]

    def ahead(self, steps: int) -> Token:
        """Return the token `steps` ahead, or the last one."""
        return self._tokens[min(self._index + steps, len(self._tokens) - 1)]

    def at(self, *words: str) -> bool:
        """Return whether one of `words` stands at the cursor."""
        if self._tokens[self._index].word in words:
            return True
        self.wants(*words)
        return False

    def wants(self, *what: str) -> None:
        """Note what could stand at the cursor: words, or a description."""
        if not self._is_noting:
            return
        if self._noted_at != self._index:
            self._noted, self._noted_at = {}, self._index
        self._noted |= dict.fromkeys(what)

    def step(self) -> Token:
        """Return the token at the cursor, and move past it."""
        token = self._tokens[self._index]
        self._index += 1
        return token

    def take(self, *words: str) -> str:
        """Read the token if it is one of `words`, and return it; otherwise stay, and return nothing."""
        word = self._tokens[self._index].word
        if word not in words:
            self.wants(*words)
            return ""
        self._index += 1
        return word

    def expect(self, *words: str) -> str:
        """Read one of `words`, which must be there."""
        return self.take(*words) or self.refuse()

    def expect_kind(self, *kinds: Kind) -> Token:
        """Read a token of one of `kinds`, which must be there."""
        if self.token.kind in kinds:
            return self.step()
        self.wants(*(_WORDED.get(kind, f"a {kind}") for kind in kinds))
        return self.refuse()

    def at_name(self) -> bool:
        """Return whether a legal name stands at the cursor."""
        token = self._tokens[self._index]
        return token.kind == "name" and token.word not in _KEYWORDS

    def name(self) -> str:
        """Read a legal name, which must be there."""
        if self.at_name():
            return self.step().text
        self.wants("a name")
        return self.refuse()

    def plain_name(self) -> str:
        """Read a name that is not a word of the language, which must be there."""
        if is_plain_name(self.token):
            return self.step().text
        self.wants("a name")
        return self.refuse()

    def list_of(self, read: "Callable[[TokenReader], T]") -> tuple[T, ...]:
        """Read one or more of what `read` reads, with commas between."""
        found = [read(self)]
        while self.take(","):
            found.append(read(self))
        return tuple(found)

    def in_parentheses(self, read: "Callable[[TokenReader], T]") -> T:
        """Read what `read` reads, in parentheses, one level deeper."""
        self.expect("(")
        if self._depth == MAX_DEPTH:
            self.refuse(f"more than {MAX_DEPTH} levels of parentheses")
        self._depth += 1
        found = read(self)
        self._depth -= 1
        self.expect(")")
        return found

    def refuse(self, reason: str = "", token: Token | None = None) -> NoReturn:
        """Raise the error that `token`, or the one at the cursor, does not fit."""
        token = token or self.token
        if token.kind == "bad":
            reason = token.text
        error = self._error(self._text, token.position, reason or f"unexpected token: '{token.text}'")
        if self._noted_at == self._index and token is self.token:
            error.expected = tuple(self._noted)
        raise error
