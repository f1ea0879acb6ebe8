"""Cursors: they carry a position, and tell whose and which call's they are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_salesforce.salesforce import InvalidArgumentError
from mcp_salesforce.tools.cursors import pack, unpack

OWNER = ("00D000000000001AAA", "005000000000001AAA")
CALL = ("list_contacts", "name")


@given(st.binary(max_size=60), st.lists(st.text(), min_size=1), st.lists(st.text(), min_size=1))
def test_a_cursor_gives_back_its_position(position: bytes, owner: list[str], call: list[str]) -> None:
    cursor = pack(position, owner, call)

    assert unpack(cursor, owner, call) == position
    assert unpack(f" {cursor}\n", owner, call) == position


@pytest.mark.parametrize(
    ("owner", "call", "reason"),
    [
        (("00D000000000002AAA", OWNER[1]), CALL, "another org or user"),
        ((OWNER[0], "005000000000002AAA"), CALL, "another org or user"),
        (OWNER, ("list_contacts", "other"), "other arguments"),
        (OWNER, ("list_contacts", "na", "me"), "other arguments"),
    ],
)
def test_a_cursor_of_another_owner_or_call_is_refused_as_such(
    owner: tuple[str, str], call: tuple[str, ...], reason: str
) -> None:
    with pytest.raises(InvalidArgumentError, match=reason):
        unpack(pack(b"position", owner, call), OWNER, CALL)


@given(st.text())
def test_what_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(InvalidArgumentError) as refused:
        unpack(text, OWNER, CALL)

    assert refused.value.code == "INVALID_CURSOR"
