"""The form of a query: its words, signs and numbers, with letters for names, and `x` for what is quoted."""

import re

from mcp_salesforce.soql.literals import DATE_FORMULAS

_WORDS = frozenset(
    re.findall(
        r"\w+",
        """
        select from where having group by order limit offset rollup cube asc desc nulls first last and or not in like
        includes excludes true false null typeof when then else end using scope lookup with data category at above
        below above_or_below for view reference update tracking viewstat all rows fields custom standard count
        count_distinct sum avg min max grouping format tolabel convertcurrency converttimezone distance geolocation
        calendar_month calendar_quarter calendar_year day_in_month day_in_week day_in_year day_only fiscal_month
        fiscal_quarter fiscal_year hour_in_day week_in_month week_in_year user_mode system_mode security_enforced
        delegated everything mine team distinct
        """,
    )
) | {name.casefold() for name in DATE_FORMULAS}
_PIECE = re.compile(
    r"""(?P<text>'(?:\\.|[^'\\])*')
    |\d{4}-\d\d-\d\d\S*|\d\d:\d\d\S*  # a moment
    |\b[A-Za-z]{3}-?\d+(?:\.\d+)?\b  # an amount in a currency
    |(?P<name>[A-Za-z_]\w*)
    |.""",
    re.VERBOSE | re.DOTALL,
)
_UNITS = frozenset({"mi", "km", "m"})


def form_of(query: str) -> str:
    """Return the form of a query: the same name is the same letter throughout."""
    letters: dict[str, str] = {}

    def form(piece: re.Match[str]) -> str:
        text = piece[0]
        if piece["text"] and text[1:-1] not in _UNITS:
            return "'" + re.sub(r"(?<!\\)[A-Za-z0-9 ]+", "x", text[1:-1]) + "'"
        if piece["name"] and text.casefold() not in _WORDS:
            number = len(letters)
            return letters.setdefault(text.casefold(), chr(ord("a") + number % 26) + str(number // 26 or ""))
        return text

    return _PIECE.sub(form, " ".join(query.split()))
