"""Parse the text between the braces of FIND: words, phrases, wildcards, AND, OR, AND NOT and parentheses."""

import re
from typing import Final, NoReturn

from mcp_salesforce.soql.errors import SearchTermError, SoslError
from mcp_salesforce.soql.sosl_tree import AllOf, AnyOf, Phrase, SearchTerm, Without, Word
from mcp_salesforce.soql.tokens import MAX_DEPTH

_SHORTEST: Final = 2  # characters
_PIECE: Final = re.compile(r'\s*(?:"((?:\\.|[^"\\])*)"|([()])|((?:\\.|[^\s"()\\])+)|(\S))', re.DOTALL)
_ESCAPE: Final = re.compile(r"\\(.)", re.DOTALL)
_UNTOLD: Final = re.compile(r'\\(.)|[\s"()*?\\]', re.DOTALL)


def read_search_term(text: str, start: int, end: int) -> SearchTerm:
    r"""Return the tree of the search term in `text` from `start` to `end`.

    Characters that Salesforce's guide wants escaped (`? & | ! { } [ ] ( ) ^ ~ * : \ " ' + -`) can stand unescaped where
    they have no meaning.

    Raises:
        SearchTermError: There are fewer than two characters to search for.
        SoslError: Quotes, parentheses or operators do not fit.
    """
    term = text[start:end]
    if len(_UNTOLD.sub(r"\1", term)) < _SHORTEST:
        reason = f"search term must be longer than one character: {term.strip()}"
        raise SearchTermError(text, start, reason, "INVALID_SEARCH")
    return _Reader(text, start, end).whole()


class _Reader:
    """Reads the pieces of a search term from left to right."""

    def __init__(self, text: str, start: int, end: int) -> None:
        self._text = text
        self._end = end
        self._pieces = list(_PIECE.finditer(text, start, end))
        self._index = 0
        self._depth = 0

    def whole(self) -> SearchTerm:
        term = self._any_of()
        return term if self._piece() is None else self._refuse()

    def _piece(self) -> re.Match[str] | None:
        return self._pieces[self._index] if self._index < len(self._pieces) else None

    def _at(self, *words: str) -> bool:
        """Return whether these words stand here, one after the other."""
        pieces = self._pieces[self._index : self._index + len(words)]
        return [(piece[2] or piece[3] or "").upper() for piece in pieces] == list(words)

    def _take(self, *words: str) -> bool:
        if not self._at(*words):
            return False
        self._index += len(words)
        return True

    def _any_of(self) -> SearchTerm:
        operands = [self._all_of()]
        while self._take("OR"):
            operands.append(self._all_of())
        return AnyOf(tuple(operands), position=operands[0].position) if len(operands) > 1 else operands[0]

    def _all_of(self) -> SearchTerm:
        first = self._one()
        operands: list[SearchTerm | Without] = [first]
        while self._piece() and not self._at("OR") and not self._at(")"):
            if self._take("AND", "NOT"):
                operand = self._one()
                operands.append(Without(operand, position=operand.position))
            else:
                self._take("AND")
                operands.append(self._one())
        return AllOf(tuple(operands), position=first.position) if len(operands) > 1 else first

    def _one(self) -> SearchTerm:
        piece = self._piece()
        if piece is None or piece[4] or any(map(self._at, ("AND", "OR", "NOT", ")"))):
            return self._refuse()
        if piece[2] == "(":
            return self._inside()
        self._index += 1
        if piece[1] is not None:
            return Phrase(_ESCAPE.sub(r"\1", piece[1]), position=piece.start(1) - 1)
        return Word(piece[3], position=piece.start(3))

    def _inside(self) -> SearchTerm:
        if self._depth == MAX_DEPTH:
            self._refuse(f"more than {MAX_DEPTH} levels of parentheses")
        self._depth += 1
        self._index += 1
        term = self._any_of()
        self._depth -= 1
        return term if self._take(")") else self._refuse()

    def _refuse(self, reason: str = "") -> NoReturn:
        piece = self._piece()
        position = piece.end() - len(piece[0].lstrip()) if piece else self._end
        found = piece[0].strip() if piece else "}"
        raise SoslError(self._text, position, reason or f"unexpected token: '{found}'")
