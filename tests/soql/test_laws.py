"""What holds for every SOQL text and every SOQL tree."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcp_salesforce.soql import Query, SoqlError, format_query, parse
from tests.effort import examples
from tests.evidence import facts
from tests.soql.examples import BAD, GOOD
from tests.soql.strategies import almost_queries, garbled, queries

REFUSED_HERE_AND_BY_SALESFORCE = {
    "GROUPING(e,b)": "functions take one argument",
    "FOR UPDATE": "Apex only",
    " // ": "SOQL has no comments",
    "/* ": "SOQL has no comments",
    "COUNT() a": "COUNT() is the whole list of what is selected, and takes no alias",
}
"""Why Salesforce's own parser, and this one, refuse some forms that another parser's authors call valid."""

TAKEN_HERE_AND_BY_SALESFORCE = {
    "SELECT a(b)": "any name may be a function's, for the grammar",
    "LIMIT -10": "the sign is grammar, the value not",
    "'m')": "the grammar takes any unit",
}
"""Why Salesforce's own parser, and this one, take some forms that another parser's authors call invalid."""


def verdict(text: str) -> Query | None:
    try:
        return parse(text)
    except SoqlError:
        return None


@given(queries)
@settings(max_examples=examples(150))
def test_a_tree_equals_the_tree_of_its_text(query: Query) -> None:
    assert parse(format_query(query)) == query


def test_only_trees_can_be_written() -> None:
    with pytest.raises(TypeError, match="not a SOQL node: 'Id'"):
        format_query(Query(select=("Id",), from_=()))  # type: ignore[arg-type]  # the mistake under test


@pytest.mark.parametrize("text", GOOD)
def test_good_queries_are_taken_and_written_back(text: str) -> None:
    query = parse(text)

    assert parse(format_query(query)) == query


@pytest.mark.parametrize("text", BAD)
def test_bad_queries_are_refused(text: str) -> None:
    assert verdict(text) is None


@given(st.text() | garbled(st.sampled_from(GOOD + BAD)) | almost_queries(queries.map(format_query)))
@settings(max_examples=examples(300))
def test_any_text_is_a_query_or_an_error_that_points_into_it(text: str) -> None:
    try:
        query = parse(text)
    except SoqlError as caught:
        error = caught
    else:
        assert parse(format_query(query)) == query
        return

    assert 0 <= error.position <= len(text)
    assert text.split("\n")[error.row - 1][error.column - 1 :] == text[error.position :].split("\n", maxsplit=1)[0]
    assert str(error).endswith(f"\nERROR at Row:{error.row}:Column:{error.column}\n{error.reason}")


def test_every_valid_form_is_taken_unless_salesforce_refuses_it() -> None:
    refused = [text for text in facts.queries("valid") if verdict(text) is None]

    for text in refused:
        assert any(part.lower() in text.lower() for part in REFUSED_HERE_AND_BY_SALESFORCE), text
    assert len(refused) == 9


def test_every_invalid_form_is_refused_unless_salesforce_takes_it() -> None:
    taken = [text for text in facts.queries("invalid") if verdict(text) is not None]

    assert len(taken) == 3
    for text in taken:
        assert any(part in text for part in TAKEN_HERE_AND_BY_SALESFORCE), text
