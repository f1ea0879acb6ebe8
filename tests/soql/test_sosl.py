"""What SOSL texts mean."""

import re
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcp_salesforce.soql import SearchTermError, SoqlError, SoslError, format_sosl, parse_sosl
from mcp_salesforce.soql.sosl_tree import (
    AllOf,
    AnyOf,
    Phrase,
    Returning,
    Search,
    SearchTerm,
    SearchWith,
    Without,
    Word,
)
from mcp_salesforce.soql.tree import (
    Boolean,
    Comparison,
    DataCategory,
    Field,
    Function,
    Number,
    OrderItem,
    SelectItem,
    Setting,
    String,
    WithDataCategory,
)
from tests.effort import examples
from tests.soql import strategies

GOOD = [
    "FIND {Joe Smith}",
    'FIND {"Joe Smith" AND (Acme OR Globex*) AND NOT te?t} IN NAME FIELDS',
    "find {o\\'brien \\} \\{} in all fields returning Contact, Account(Id, Name n where Name like 'a%' limit 5)",
    (
        "FIND {ab} "
        "RETURNING Contact(Id, toLabel(Status) s USING ListView = Recent ORDER BY Name DESC LIMIT 5 OFFSET 10) "
        "WITH DIVISION = 'Global' WITH DATA CATEGORY g AT (a, b) AND h BELOW c WITH SNIPPET (target_length = 120) "
        "WITH NETWORK IN ('0DB1', '0DB2') "
        "WITH HIGHLIGHT WITH SPELL_CORRECTION = false LIMIT 20 UPDATE TRACKING, VIEWSTAT"
    ),
]


def term_of(text: str) -> SearchTerm:
    return parse_sosl(f"FIND {{{text}}}").find


def test_every_clause_stands_in_the_tree() -> None:
    assert parse_sosl(GOOD[3]) == Search(
        find=Word("ab"),
        returning=(
            Returning(
                "Contact",
                (SelectItem(Field("Id")), SelectItem(Function("toLabel", Field("Status")), "s")),
                list_view="Recent",
                order_by=(OrderItem(Field("Name"), descending=True),),
                limit=5,
                offset=10,
            ),
        ),
        with_=(
            SearchWith("DIVISION", (String("Global"),)),
            WithDataCategory((DataCategory("g", "AT", ("a", "b")), DataCategory("h", "BELOW", ("c",)))),
            SearchWith("SNIPPET", settings=(Setting("target_length", Number(Decimal(120))),)),
            SearchWith("NETWORK", (String("0DB1"), String("0DB2"))),
            SearchWith("HIGHLIGHT"),
            SearchWith("SPELL_CORRECTION", (Boolean(value=False),)),
        ),
        limit=20,
        update=("TRACKING", "VIEWSTAT"),
    )


def test_where_is_soql() -> None:
    (returning,) = parse_sosl("FIND {ab} IN EMAIL FIELDS RETURNING Lead(Id WHERE a = 1)").returning

    assert returning.where == Comparison(Field("a"), "=", Number(Decimal(1)))


def test_the_words_of_a_term_are_joined_by_and() -> None:
    assert term_of("Joe Smith") == term_of("Joe and Smith") == AllOf((Word("Joe"), Word("Smith")))


def test_and_binds_closer_than_or() -> None:
    assert term_of("a1 OR b1 AND NOT c1") == AnyOf((Word("a1"), AllOf((Word("b1"), Without(Word("c1"))))))
    assert term_of("(a1 OR b1) c1") == AllOf((AnyOf((Word("a1"), Word("b1"))), Word("c1")))


def test_escapes_stay_in_words_and_go_from_phrases() -> None:
    assert term_of(r"a\*b* c\}d") == AllOf((Word(r"a\*b*"), Word(r"c\}d")))
    assert term_of(r'"say \"a\" \\ \}"') == Phrase(r'say "a" \ }')


def test_positions_point_into_the_text() -> None:
    text = 'FIND {ab AND "cd"} RETURNING Contact(Id)'
    search = parse_sosl(text)

    assert isinstance(search.find, AllOf)
    assert [text[operand.position] for operand in search.find.operands] == ["a", '"']
    assert text[search.returning[0].position :].startswith("Contact")


@pytest.mark.parametrize("text", ["FIND ab", "FIND 'ab'", "FIND {ab", "FIND", "FIND ab}"])
def test_a_term_without_braces_is_no_term(text: str) -> None:
    with pytest.raises(SearchTermError) as caught:
        parse_sosl(text)

    assert str(caught.value) == "No search term found. The search term must be enclosed in braces."
    assert caught.value.error_code == "MALFORMED_SEARCH"


@pytest.mark.parametrize("term", ["", " ", "g", "g*", '"g"', "(g)", "***"])
def test_a_term_of_one_character_is_too_short(term: str) -> None:
    with pytest.raises(SearchTermError) as caught:
        parse_sosl(f"FIND {{{term}}}")

    assert str(caught.value) == f"search term must be longer than one character: {term.strip()}"
    assert caught.value.error_code == "INVALID_SEARCH"


@pytest.mark.parametrize(
    ("text", "column", "reason"),
    [
        ("", 1, "unexpected token: '<EOF>'"),
        ("SELECT Id FROM Contact", 1, "unexpected token: 'SELECT'"),
        ("FIND {ab} IN ANY FIELDS", 14, "unexpected token: 'ANY'"),
        ("FIND {ab} RETURNING Contact()", 29, "unexpected token: ')'"),
        ("FIND {ab} RETURNING Contact(Id LIMIT 1 ORDER BY Id)", 40, "unexpected token: 'ORDER'"),
        ("FIND {ab} LIMIT 1 RETURNING Contact", 19, "unexpected token: 'RETURNING'"),
        ("FIND {ab (cd} RETURNING Contact", 13, "unexpected token: '}'"),
        ("FIND {ab) cd}", 9, "unexpected token: ')'"),
        ("FIND {ab AND OR cd}", 14, "unexpected token: 'OR'"),
        ("FIND {ab AND}", 13, "unexpected token: '}'"),
        ("FIND {NOT ab}", 7, "unexpected token: 'NOT'"),
        ('FIND {ab "cd}', 10, "unexpected token: '\"'"),
        ("FIND {ab} WITH SPELL_CORRECTION = maybe", 35, "unexpected token: 'maybe'"),
        ("FIND {ab" + "(" * 101 + "}", 109, "more than 100 levels of parentheses"),
    ],
)
def test_errors_say_where_and_what(text: str, column: int, reason: str) -> None:
    with pytest.raises(SoslError) as caught:
        parse_sosl(text)

    assert (caught.value.column, caught.value.reason) == (column, reason)
    assert caught.value.error_code == "MALFORMED_SEARCH"


# --- Laws -----------------------------------------------------------------------------------------

words = st.from_regex(r"([a-z0-9é]|\\[-*?{}\"()\\]){2,6}[*?]?", fullmatch=True).filter(
    lambda word: word.upper() not in {"AND", "OR", "NOT"}
)
simple_terms: st.SearchStrategy[SearchTerm] = words.map(Word) | st.builds(
    Phrase, st.text('ab "\\{}é', min_size=2).filter(lambda text: len(re.findall("[abé{}]", text)) > 1)
)


def joined(inner: st.SearchStrategy[SearchTerm]) -> st.SearchStrategy[SearchTerm]:
    others = st.lists(inner | inner.map(Without), min_size=1, max_size=3)
    all_of = st.builds(lambda first, rest: AllOf((first, *rest)), inner, others)
    return all_of | strategies.some(inner, 2).map(AnyOf)


fields = st.builds(SelectItem, strategies.group_fields, st.none() | strategies.plain_names)
counts = st.none() | st.integers(0, 2000)
returnings = st.builds(Returning, strategies.names) | st.builds(
    Returning,
    strategies.names,
    strategies.some(fields),
    st.none() | strategies.conditions,
    st.none() | strategies.plain_names,
    st.just(()) | strategies.some(strategies.orders),
    counts,
    counts,
)
withs = (
    st.builds(WithDataCategory, strategies.some(strategies.categories))
    | st.builds(SearchWith, strategies.plain_names, strategies.some(strategies.setting_values))
    | st.builds(SearchWith, strategies.plain_names, settings=st.just(()) | strategies.some(strategies.settings))
)
searches = st.builds(
    Search,
    st.recursive(simple_terms, joined, max_leaves=6),
    st.sampled_from(["ALL", "EMAIL", "NAME", "PHONE", "SIDEBAR"]),
    st.just(()) | strategies.some(returnings),
    st.just(()) | strategies.some(withs),
    counts,
    counts,
    st.just(()) | strategies.some(st.sampled_from(["TRACKING", "VIEWSTAT"])),
)


@given(searches)
@settings(max_examples=examples(100))
def test_a_tree_equals_the_tree_of_its_text(search: Search) -> None:
    assert parse_sosl(format_sosl(search)) == search


@pytest.mark.parametrize("text", GOOD)
def test_good_searches_are_taken_and_written_back(text: str) -> None:
    search = parse_sosl(text)

    assert parse_sosl(format_sosl(search)) == search


@given(st.text() | strategies.garbled(st.sampled_from(GOOD)) | st.text('ab*(){}"\\ORAND ').map("FIND {{{}}}".format))
@settings(max_examples=examples(300))
def test_any_text_is_a_search_or_an_error_that_points_into_it(text: str) -> None:
    try:
        search = parse_sosl(text)
    except SoqlError as error:
        position = error.position
    else:
        assert parse_sosl(format_sosl(search)) == search
        return

    assert 0 <= position <= len(text)
