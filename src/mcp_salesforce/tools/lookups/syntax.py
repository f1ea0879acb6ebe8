"""SOQL as a model writes it: parsed before it is sent, and refused with the place, what was expected, and advice."""

import re
from typing import Final

from mcp_salesforce.salesforce.errors import refused
from mcp_salesforce.soql import Query, SoqlError, caret_text, tree
from mcp_salesforce.soql.literals import BIND_REFUSED
from mcp_salesforce.soql.tree_cache import tree_of
from mcp_salesforce.spelling import nearest

_CODE: Final = "MALFORMED_QUERY"
_TOLD: Final = 8  # words that could stand there
_CLAUSES: Final = {"group": "GROUP BY", "order": "ORDER BY"}
_RARE: Final = frozenset({"bind", "update", "using", "with", "for", "<>", "+", "-"})
_MIXED: Final = "When you mix AND, OR and NOT, use parentheses: (a OR b) AND (NOT c)."
_UNQUOTED: Final = "Put text values in single quotes. SOQL has no variables."
_NO_DISTINCT: Final = "SOQL has no DISTINCT: use GROUP BY on the field."
_CALLS: Final = frozenset({"now", "today", "getdate", "current_date", "sysdate", "date", "dateadd"})
_NO_CALLS: Final = (
    "Use a date literal such as TODAY, LAST_N_DAYS:7 or NEXT_MONTH, or a bare datetime: 2026-11-24T15:00:00Z."
)
_DAY_NAME: Final = re.compile(r"(last|next|this|n|days?|weeks?|months?|current|previous)_\w+|(to|tomorrow|yester)day")
_NO_SUMS: Final = "SOQL cannot add or subtract dates: use LAST_N_DAYS:7, NEXT_N_DAYS:7 or N_DAYS_AGO:7."
_NO_JOIN: Final = "SOQL has no JOIN: write a parent's field as Account.Name, and children as (SELECT Id FROM Contacts)."
_WRITTEN: Final = "Write a date as 2026-11-24 and a datetime as 2026-11-24T15:00:00Z, without quotes."
_DAY_BEFORE: Final = re.compile(r"\d{4}-\d\d-\d\d\s+$")
_CLOCK: Final = re.compile(r"t\d\w*")
_QUOTE: Final = "Write a quote inside a text as \\': 'O\\'Brien'."
_ADVICE: Final = {  # what people who know SQL write
    "*": "SOQL has no *: name the fields, or use FIELDS(ALL) with LIMIT 200. To count rows, use COUNT() or COUNT(Id).",
    '"': "Put text values in single quotes.",
    "join": _NO_JOIN,
    "/": _WRITTEN,
    "-": _NO_SUMS,
    "+": _NO_SUMS,
    "=": "Write a single =.",
    ";": "A call can run one query, and only SELECT.",
    "like": "Write NOT before the field, in parentheses: (NOT Name LIKE 'x%').",
    "ilike": "Use LIKE: it ignores case.",
    "contains": "Use LIKE '%x%'.",
    "between": "SOQL has no BETWEEN: use >= and <=.",
    "is": "Use = null or != null.",
    "union": "SOQL has no UNION: send two queries.",
    "having": "HAVING needs a GROUP BY before it.",
    "as": "SOQL has no AS: write COUNT(Id) total. Only aggregates and functions can have an alias.",
}
_ORDER: Final = "The order is WHERE, GROUP BY, HAVING, ORDER BY, LIMIT, OFFSET."
_ADVICE_AT_THE_END: Final = {
    "and": _MIXED,
    "or": _MIXED,
    "limit": "Write LIMIT before OFFSET.",
    "where": _ORDER,
    "group": _ORDER,
    "order": _ORDER,
}
_ADVICE_BEHIND: Final = {  # what stands before the word that does not fit
    "distinct": "SOQL has no DISTINCT: use COUNT_DISTINCT(field), or GROUP BY on the field.",
    "all": "ALL ROWS is not supported here: set include_deleted, or include_archived for old activities.",
    "top": "SOQL has no TOP: use LIMIT at the end.",
    "exists": "SOQL has no EXISTS: use Id IN (SELECT AccountId FROM Contact).",
    "case when": "SOQL has no CASE: select the fields and work with their values.",
    "for": "FOR UPDATE works only in Apex: remove it.",
    "join": _NO_JOIN,
    "count ( )": "COUNT() cannot be combined with fields: use COUNT(Id) and GROUP BY the fields.",
    "in (": "The list is empty: remove the condition, or give values.",
}


def parsed(soql: str) -> Query:
    """Return what `soql` says.

    Raises:
        InvalidArgumentError: MALFORMED_QUERY: with row, column, a caret, and what was expected there.
    """
    try:
        query = tree_of(soql)
    except SoqlError as error:
        raise refused(str(error), code=_CODE, hint=_hint(soql, error)) from None
    for item in query.select:
        if isinstance(item.expression, tree.Field) and item.expression.name.casefold() == "distinct" and item.alias:
            wrong = caret_text(soql, item.position, "unexpected token: 'DISTINCT'")
            raise refused(wrong, code=_CODE, hint=_NO_DISTINCT)
    return query


def _hint(soql: str, error: SoqlError) -> str:
    """Return what to write: the word that was meant, advice on what SOQL has not, or what fits there."""
    token = _word_at(soql, error.position)
    before = soql[: error.position].split()[-1:] or [""]
    words = [word for word in error.expected if word.isalpha()]
    if advice := (
        _advice_on_values(soql, error.position, token.casefold())
        or _advice(token.casefold(), error)
        or _advice_behind(soql[: error.position])
    ):
        return advice
    for written in (token, before[0]):  # a misspelt word can pass for an alias, and the one behind it does not fit
        if written.isalpha() and written.casefold() not in words and (meant := nearest(written, words, count=1)):
            return f"Did you mean {_shown(meant[0])} instead of {written}?"
    if before[0].casefold() in _CLAUSES:
        return f"Write {_CLAUSES[before[0].casefold()]}."
    shown = [_shown(word) for word in error.expected if word not in _RARE][:_TOLD]
    return f"Expected {', '.join(shown)}." if shown else ""


def _advice_on_values(soql: str, position: int, word: str) -> str:
    """Return how to write a date or a text that ends where `word` begins, because its form is another one."""
    before = soql[:position]
    if before.endswith("'") and before.count("'") % 2 == 0 and (word.isalpha() or word == "'"):
        return _QUOTE
    is_split = _DAY_BEFORE.search(before) and word.isdigit()
    return _WRITTEN if is_split or (before[-1:].isdigit() and (word == "." or _CLOCK.fullmatch(word))) else ""


def _advice(token: str, error: SoqlError) -> str:
    if error.reason == BIND_REFUSED:
        return _NO_CALLS if token in _CALLS or _DAY_NAME.fullmatch(token) else _UNQUOTED
    if "the end" in error.expected and (advice := _ADVICE_AT_THE_END.get(token)):
        return advice
    return _ADVICE.get(token, "")


def _advice_behind(before: str) -> str:
    folded = " ".join(before.casefold().replace("(", " ( ").split())
    said = (advice for word, advice in _ADVICE_BEHIND.items() if f" {folded}".endswith((f" {word}", f" {word} (")))
    return next(said, "")


def _word_at(soql: str, position: int) -> str:
    """Return the word that begins at `position`, or the one character."""
    end = position
    while end < len(soql) and (soql[end].isalnum() or soql[end] == "_"):
        end += 1
    return soql[position : max(end, position + 1)]


def _shown(word: str) -> str:
    return _CLAUSES.get(word) or (word.upper() if word.isalpha() else word)
