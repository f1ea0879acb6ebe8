"""Values as SOQL literals, read back by the language's own parser."""

import re
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_salesforce.salesforce import InvalidArgumentError
from mcp_salesforce.salesforce.literals import Literal, datetime_literal, like_literal, quote, quote_list
from mcp_salesforce.soql import parse, tree

FIRST = datetime(1700, 1, 1)  # noqa: DTZ001 - hypothesis wants it naive


def parsed(operator: str, literal: str) -> object:
    where = parse(f"SELECT Id FROM Contact WHERE Name {operator} {literal}").where
    assert isinstance(where, tree.Comparison)
    return where.right


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_is_one_literal_that_means_that_text(text: str) -> None:
    value = parsed("=", quote(text))

    assert isinstance(value, tree.String)
    assert value.value == text


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_is_one_pattern_whose_only_wildcards_are_those_around_it(text: str) -> None:
    value = parsed("LIKE", like_literal(text))

    assert isinstance(value, tree.Pattern)
    assert value.text[0] == value.text[-1] == "%"
    assert re.sub(r"\\([\\%_])", r"\1", value.text[1:-1]) == text


@given(
    st.integers()
    | st.decimals(allow_nan=False, allow_infinity=False, places=9)
    | st.floats(allow_nan=False, allow_infinity=False)
)
def test_any_number_is_one_literal_of_that_value(number: float | Decimal) -> None:
    value = parsed("=", quote(number))

    assert isinstance(value, tree.Number)
    assert value.value == Decimal(str(number))


@given(st.datetimes(min_value=FIRST, timezones=st.timezones()))
def test_any_instant_is_one_literal_of_that_millisecond(instant: datetime) -> None:
    value = parsed("=", quote(instant))

    assert isinstance(value, tree.DateTime)
    assert timedelta(0) <= instant - value.value < timedelta(milliseconds=1)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "null"),
        (True, "true"),
        (False, "false"),
        (7, "7"),
        (-0.5, "-0.5"),
        (1e-7, "0.0000001"),
        (1e21, "1000000000000000000000"),
        (Decimal("12.50"), "12.50"),
        (date(2026, 2, 20), "2026-02-20"),
        (datetime(2026, 2, 20, 19, 0, tzinfo=timezone(timedelta(hours=1))), "2026-02-20T18:00:00Z"),
        ("O'Hara", r"'O\'Hara'"),
        ("a\\b", r"'a\\b'"),
        ("a\nb\tc\x00", r"'a\nb\tc\u0000'"),
        ("", "''"),
        ("' OR Name != '", r"'\' OR Name != \''"),
    ],
)
def test_a_value_has_one_literal(value: Literal, expected: str) -> None:
    assert quote(value) == expected


@pytest.mark.parametrize("value", [float("nan"), float("inf"), Decimal("NaN"), datetime(2026, 2, 20)])  # noqa: DTZ001 - naive is the point
def test_a_value_without_a_literal_is_refused(value: Literal) -> None:
    with pytest.raises(InvalidArgumentError):
        quote(value)


def test_milliseconds_are_written_only_where_there_are_some() -> None:
    assert datetime_literal(datetime(2026, 2, 20, 18, 0, 0, 123456, UTC)) == "2026-02-20T18:00:00.123Z"
    assert datetime_literal(datetime(2026, 2, 20, 18, 0, 0, 999, UTC)) == "2026-02-20T18:00:00Z"
    assert datetime_literal(datetime(999, 2, 20, 18, 0, tzinfo=UTC)) == "0999-02-20T18:00:00Z"


def test_a_list_for_in_has_at_least_one_value() -> None:
    assert quote_list(["a", "b'"]) == r"('a','b\'')"
    with pytest.raises(InvalidArgumentError, match="at least one"):
        quote_list([])


def test_the_wildcards_of_a_searched_text_are_plain_characters() -> None:
    assert like_literal("50%_off's") == r"'%50\%\_off\'s%'"
    assert like_literal("An", starts_with=True) == "'An%'"
    assert like_literal("\\%") == r"'%\\\%%'"
