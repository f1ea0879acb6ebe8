"""Generated SOQL: trees of the whole language, and texts that are almost SOQL."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import TypeVar

from hypothesis import strategies as st

from mcp_salesforce.soql import tree
from mcp_salesforce.soql.lexer import tokens_of
from mcp_salesforce.soql.literals import DATE_FORMULAS
from mcp_salesforce.soql.tokens import LEGAL_NAMES

T = TypeVar("T")

PLAIN = ["Id", "Name", "Amount", "Account.Owner.Name", "Custom__c", "Parent__r.x__c", "a", "Z9", "namé", "ALL"]
plain_names = st.sampled_from(PLAIN)
names = st.one_of(plain_names, plain_names, st.sampled_from(sorted(LEGAL_NAMES)).map(str.title))
fields = names.map(tree.Field)
functions = st.builds(
    tree.Function,
    st.sampled_from(["COUNT", "FORMAT", "toLabel", "CALENDAR_YEAR", "convertTimezone", "FIELDS", "Distance"]),
    fields | st.builds(tree.Function, st.sampled_from(["MIN", "convertCurrency"]), fields),
)


def some(elements: st.SearchStrategy[T], least: int = 1) -> st.SearchStrategy[tuple[T, ...]]:
    return st.lists(elements, min_size=least, max_size=3).map(tuple)


# --- Literals -------------------------------------------------------------------------------------

numbers = st.decimals(allow_nan=False, allow_infinity=False, places=3) | st.integers(-(10**12), 10**12).map(Decimal)
texts = st.text(st.characters(codec="utf-8", exclude_characters="\uffff"), max_size=12)
strings = st.builds(tree.String, texts | st.text("'\"\\%_\n\r\t\b\fnux", max_size=8))
patterns = st.lists(
    st.sampled_from([r"\%", r"\_", r"\\", "%", "_", "'", '"', "\n", "\b", "\f", "x", "é"]), max_size=8
).map(lambda pieces: tree.Pattern("".join(pieces)))
offsets = st.sampled_from(["Z", "+00:00", "-1030", "+14:00"])
fractions = st.sampled_from(["", ".5", ".123", ".123456789"])
clocks = st.builds("{:%H:%M:%S}{}{}".format, st.times(), fractions, offsets)
dates = st.dates(datetime(1700, 1, 1, tzinfo=UTC).date(), datetime(4000, 1, 1, tzinfo=UTC).date())
common_values: st.SearchStrategy[tree.Value] = st.one_of(
    st.builds(tree.Number, numbers),
    st.builds(tree.Currency, st.sampled_from(["USD", "EUR"]), st.integers(0, 10**9).map(Decimal)),
    st.builds(tree.Boolean, st.booleans()),
    st.builds(tree.Null),
    st.builds(tree.Date, dates.map(str)),
    st.builds(tree.DateTime, st.builds("{}T{}".format, dates, clocks)),
    st.builds(tree.Time, clocks),
    st.builds(tree.DateFormula, st.sampled_from(sorted(DATE_FORMULAS)), st.none() | st.integers(0, 10**6)),
)
values = common_values | strings
like_values = common_values | patterns | patterns

# --- Operands and conditions ----------------------------------------------------------------------

geolocations = st.builds(tree.Geolocation, numbers, numbers)
distances = st.builds(tree.Distance, fields, geolocations, st.sampled_from(["km", "mi", r"\q\'\%"]))
operands = fields | functions | distances
group_fields = fields | functions
arithmetic = st.builds(tree.Arithmetic, fields, st.sampled_from("+-"), fields)
equalities = st.builds(
    tree.Comparison, operands | arithmetic, st.sampled_from(["=", "!=", "<", "<=", ">", ">="]), values
)
likes = st.builds(tree.Comparison, group_fields, st.just("LIKE"), like_values)
memberships = st.builds(tree.InValues, group_fields, some(values), st.booleans())
inclusions = st.builds(tree.Includes, group_fields, some(values), st.booleans())


def nested_conditions(leaves: st.SearchStrategy[tree.Condition]) -> st.SearchStrategy[tree.Condition]:
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.builds(tree.Not, inner), st.builds(tree.And, some(inner, 2)), st.builds(tree.Or, some(inner, 2))
        ),
        max_leaves=6,
    )


simple_conditions = nested_conditions(equalities | likes | memberships | inclusions)

# --- Clauses --------------------------------------------------------------------------------------

usings = st.builds(tree.Using, st.sampled_from(["SCOPE", "LOOKUP"]), st.sampled_from(["mine", "team", "My_Territory"]))
from_items = st.builds(tree.FromItem, names, st.none() | names, st.just(()) | some(usings))
categories = st.builds(
    tree.DataCategory, names, st.sampled_from(["AT", "ABOVE", "BELOW", "ABOVE_OR_BELOW"]), some(names)
)
with_first = st.builds(tree.WithDataCategory, some(categories)) | st.builds(tree.WithFilter, names, strings)
setting_values = (
    strings | st.builds(tree.Boolean, st.booleans()) | st.builds(tree.Number, st.integers(0, 99).map(Decimal))
)
settings = st.builds(tree.Setting, names, setting_values)
with_options = st.builds(tree.WithOption, plain_names, st.just(()) | some(settings))
withs = st.builds(
    lambda first, options: (*first, *options),
    st.just(()) | some(with_first).map(lambda w: w[:1]),
    st.lists(with_options, max_size=2),
)
semi_joins = st.builds(
    lambda field, from_, where, with_: tree.Query((tree.SelectItem(field),), from_, where, with_[:1]),
    group_fields,
    some(from_items),
    st.none() | simple_conditions,
    st.just(()) | some(with_first),
)
conditions = nested_conditions(
    equalities | likes | memberships | inclusions | st.builds(tree.InQuery, group_fields, semi_joins, st.booleans())
)
groups = st.builds(
    tree.GroupBy, some(group_fields), st.none() | st.sampled_from(["ROLLUP", "CUBE"]), st.none() | conditions
)
orders = st.builds(tree.OrderItem, operands, st.booleans(), st.none() | st.sampled_from(["FIRST", "LAST"]))
bindings = st.builds(tree.Binding, names, values)
whens = st.builds(tree.When, names, some(fields))
type_ofs = st.builds(tree.TypeOf, fields, some(whens), st.just(()) | some(fields))
counts = st.none() | st.integers(-10, 10**6)


def _queries(items: st.SearchStrategy[tree.SelectItem]) -> st.SearchStrategy[tree.Query]:
    def optional(strategy: st.SearchStrategy[tuple[T, ...]]) -> st.SearchStrategy[tuple[T, ...]]:
        return st.just(()) | strategy

    return st.builds(
        tree.Query,
        select=some(items) | st.just((tree.SelectItem(tree.CountRows()),)),
        from_=some(from_items),
        where=st.none() | conditions,
        with_=withs,
        group_by=st.none() | groups,
        order_by=optional(some(orders)),
        limit=counts,
        offset=counts,
        bind=optional(some(bindings)),
        tracking=st.none() | st.sampled_from(["VIEW", "REFERENCE"]),
        update=optional(some(st.sampled_from(["TRACKING", "VIEWSTAT", "Other"]))),
    )


select_items = st.builds(tree.SelectItem, operands | type_ofs, st.none() | names)
sub_queries = st.builds(tree.SelectItem, _queries(select_items), st.none() | names)
queries = _queries(st.one_of(select_items, select_items, sub_queries))
"""Any tree that a SOQL text can mean."""

# --- Almost SOQL ----------------------------------------------------------------------------------

PIECES = """
    SELECT FROM WHERE AND OR NOT IN LIKE INCLUDES EXCLUDES NULL TRUE GROUP ORDER BY ROLLUP CUBE HAVING ASC DESC NULLS
    FIRST LAST LIMIT OFFSET FOR VIEW REFERENCE UPDATE USING SCOPE LOOKUP WITH DATA CATEGORY AT ABOVE TYPEOF WHEN THEN
    ELSE END COUNT DISTANCE GEOLOCATION FIELDS AS BIND ALL ROWS TRACKING CASE HIERARCHICAL Id Name Account.Name a
    TODAY LAST_N_DAYS 5 5.5 -5 2026-01-01 10:00:00Z 2026-01-01T00:00:00Z USD5 'x' '' ( ) () , = != <> < > : + - * .
"""
PHRASES = [*PIECES.split(), "COUNT()", "(SELECT Id FROM a)", "GROUP BY", "ORDER BY", "NOT IN", "FOR UPDATE"]


@st.composite
def almost_queries(draw: st.DrawFn, sources: st.SearchStrategy[str]) -> str:
    """Draw a text and do a few things to its tokens: drop, repeat, swap or replace one, put another in."""
    text = draw(sources)
    pieces = [token.text for token in tokens_of(text) if token.kind != "end"]
    for _ in range(draw(st.integers(1, 2))):
        at = draw(st.integers(0, len(pieces) - 1)) if pieces else 0
        other = draw(st.integers(0, len(pieces) - 1)) if pieces else 0
        change = draw(st.sampled_from(["drop", "repeat", "swap", "replace", "insert", "move", "cut"]))
        piece = draw(st.sampled_from(PHRASES))
        if not pieces or change == "insert":
            pieces.insert(at, piece)
        elif change == "drop":
            del pieces[at]
        elif change == "repeat":
            pieces.insert(at, pieces[at])
        elif change == "swap":
            pieces[at], pieces[other] = pieces[other], pieces[at]
        elif change == "replace":
            pieces[at] = piece
        elif change == "move":
            pieces.insert(other, pieces.pop(at))
        else:
            del pieces[min(at, other) : max(at, other) + 1]
    return re.sub(r"\s*([.,()])\s*", r"\1", " ".join(pieces)) if draw(st.booleans()) else " ".join(pieces)


@st.composite
def garbled(draw: st.DrawFn, sources: st.SearchStrategy[str]) -> str:
    """Draw a text and drop, put in, replace or repeat a few of its characters."""
    text = draw(sources)
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, min(len(text), start + 8)))
        character = draw(st.sampled_from("aZ09 _.,()'\\:+-=<>tTuUn\n\t"))
        middle = draw(st.sampled_from(["", character, character + text[start:end], text[start:end] * 2]))
        text = text[:start] + middle + text[end:]
    return text
