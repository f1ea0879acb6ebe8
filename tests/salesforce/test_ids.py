"""Record Ids: laws, and every Id that was recorded from real orgs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_salesforce.localorg.store import ids as localorg_ids
from mcp_salesforce.salesforce import InvalidArgumentError
from mcp_salesforce.salesforce.ids import is_id, key_prefix, to_18
from tests.evidence import facts

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
short_ids = st.text(ALPHABET, min_size=15, max_size=15)


@given(short_ids)
def test_eighteen_characters_begin_with_the_fifteen_and_are_stable(short: str) -> None:
    long = to_18(short)

    assert len(long) == 18
    assert long.startswith(short)
    assert to_18(long) == long
    assert is_id(short)
    assert is_id(long)


@given(short_ids, st.sampled_from([str.upper, str.lower, str.swapcase]))
def test_the_case_of_an_eighteen_character_id_is_put_right(short: str, change: object) -> None:
    long = to_18(short)

    assert to_18(change(long)) == long  # type: ignore[operator]


@given(short_ids, short_ids)
def test_ids_that_differ_in_case_only_differ_in_eighteen_characters_without_case(one: str, other: str) -> None:
    assert (to_18(one).lower() == to_18(other).lower()) == (one == other)
    assert to_18(one.lower()).lower() != to_18(one.upper()).lower() or one.isdecimal()


@given(st.text())
def test_is_id_and_to_18_agree_on_any_text(text: str) -> None:
    if is_id(text):
        assert is_id(to_18(text))
    else:
        with pytest.raises(InvalidArgumentError, match="15 or 18"):
            to_18(text)


@given(st.text(ALPHABET, min_size=14, max_size=19) | st.from_regex(r"[A-Za-z0-9]{15}[A-Z0-5]{3}", fullmatch=True))
def test_the_client_and_the_local_org_agree_on_what_an_id_is(text: str) -> None:
    expected = localorg_ids.to_18(text)

    assert is_id(text) == (expected is not None)
    assert expected is None or to_18(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "003",
        "../x",
        "003000000000001AAA ",
        "003000000000001\n",
        "003-00000000001",
        "\u066003000000000001",
        "1" * 16,
    ],
)
def test_what_is_no_id_is_refused(text: str) -> None:
    assert not is_id(text)
    with pytest.raises(InvalidArgumentError):
        key_prefix(text)


def test_check_characters_that_make_a_digit_upper_case_are_refused() -> None:
    assert not is_id("003000000000001555")


def test_the_key_prefix_tells_the_object() -> None:
    assert key_prefix("003xx000004TmiQ") == "003"


def test_every_genuine_id_has_the_check_characters_computed_here() -> None:
    assert {one[place] for one in facts.ids() for place in (15, 16, 17)} > set("ABCDEFGHIJ")
    assert [one for one in facts.ids() if to_18(one[:15]) != one] == []
