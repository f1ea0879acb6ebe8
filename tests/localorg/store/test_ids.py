"""Ids: minted, recognised, repaired."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_salesforce.localorg.store.ids import checksum, is_id_shaped, mint, to_18
from tests.evidence import facts

PREFIXES = st.sampled_from(["001", "003", "005", "00U", "0RE", "a0B"])
NUMBERS = st.integers(min_value=0, max_value=62**9 - 1)


@given(PREFIXES, NUMBERS)
def test_a_minted_id_has_the_parts_of_a_real_one(prefix: str, number: int) -> None:
    record_id = mint(prefix, number)

    assert re.fullmatch(prefix + r"lo0[0-9A-Za-z]{9}[A-Z0-5]{3}", record_id)
    assert is_id_shaped(record_id)


@given(PREFIXES, NUMBERS)
def test_fifteen_characters_and_eighteen_in_any_case_mean_the_same_record(prefix: str, number: int) -> None:
    record_id = mint(prefix, number)

    assert to_18(record_id[:15]) == record_id
    assert to_18(record_id.lower()) == record_id
    assert to_18(record_id.upper()) == record_id


@given(PREFIXES, NUMBERS, NUMBERS)
def test_ids_sort_like_their_numbers(prefix: str, one: int, other: int) -> None:
    assert (mint(prefix, one) < mint(prefix, other)) == (one < other)


@given(st.text(max_size=20))
def test_anything_else_is_no_id(text: str) -> None:
    repaired = to_18(text)

    assert repaired is None or repaired[15:] == checksum(repaired[:15])


def test_a_wrong_checksum_is_noticed() -> None:
    assert to_18("003lo0000000001BAA") is None
    assert to_18("003lo0000000001AA6") is None


@pytest.mark.parametrize("number", [-1, 62**9])
def test_a_number_that_does_not_fit_has_no_id(number: int) -> None:
    with pytest.raises(ValueError, match="no id for record number"):
        mint("003", number)


def test_the_checksums_of_genuine_ids_are_ours() -> None:
    assert len(facts.ids()) > 20
    assert {each for each in facts.ids() if checksum(each[:15]) != each[15:]} == set()
