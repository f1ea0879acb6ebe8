"""Cursors: they carry a position, and none is taken that the server did not give to this owner for this call."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_salesforce.salesforce import InvalidArgumentError
from mcp_salesforce.state_key import StateKey
from mcp_salesforce.tools.answers.cursors import Cursors
from tests.tools.tokens import tokens

OWNER = ("00D000000000001AAA", "005000000000001AAA", "policy")
CALL = ("list_contacts", "name")
KEY = StateKey("k" * 32)
CURSORS = Cursors(KEY, OWNER)


def refused(cursors: Cursors, cursor: str, call: tuple[str, ...] = CALL) -> InvalidArgumentError:
    with pytest.raises(InvalidArgumentError) as error:
        cursors.unpack(cursor, call)
    return error.value


@given(st.binary(max_size=60), st.lists(st.text(), min_size=1), st.lists(st.text(), min_size=1))
def test_a_cursor_gives_back_its_position(position: bytes, owner: list[str], call: list[str]) -> None:
    cursors = Cursors(KEY, owner)
    cursor = cursors.pack(position, call)

    assert cursors.unpack(cursor, call) == position
    assert cursors.unpack(f" {cursor}\n", call) == position


@pytest.mark.parametrize(
    ("owner", "call"),
    [
        (("00D000000000002AAA", *OWNER[1:]), CALL),
        ((OWNER[0], "005000000000002AAA", OWNER[2]), CALL),
        ((*OWNER[:2], "another policy"), CALL),
        (OWNER[:2], CALL),
        ((*OWNER, CALL[0]), CALL[1:]),
        (OWNER, ("list_contacts", "other")),
        (OWNER, ("list_contacts", "na", "me")),
        (OWNER, ("list_contactsname",)),
    ],
)
def test_a_cursor_of_another_org_user_policy_or_call_is_refused(owner: tuple[str, ...], call: tuple[str, ...]) -> None:
    refused(CURSORS, Cursors(KEY, owner).pack(b"position", call))


def test_a_cursor_is_of_use_where_the_key_is_the_same_and_nowhere_else() -> None:
    cursor = CURSORS.pack(b"position", CALL)

    assert Cursors(StateKey("k" * 32), OWNER).unpack(cursor, CALL) == b"position"
    for key in (StateKey(), StateKey(), StateKey("j" * 32)):
        refused(Cursors(key, OWNER), cursor)


@given(st.data(), st.binary(max_size=40))
def test_no_change_of_a_cursor_makes_another_one(data: st.DataObject, position: bytes) -> None:
    cursor = CURSORS.pack(position, CALL)
    at = data.draw(st.integers(1, len(cursor) - 1))
    digits = st.text("0123456789", min_size=1)
    match data.draw(st.sampled_from(["change", "cut", "add", "insert"])):
        case "change":
            changed = f"{cursor[:at]}{(int(cursor[at]) + data.draw(st.integers(1, 9))) % 10}{cursor[at + 1 :]}"
        case "cut":
            changed = cursor[:at]
        case "add":
            changed = cursor + data.draw(digits)
        case _:
            changed = f"+{data.draw(digits)}{cursor[1:]}"
    refused(CURSORS, changed)


def test_a_cursor_has_one_spelling() -> None:
    cursor = CURSORS.pack(b"position", CALL)

    inside = (f"{cursor[:3]}{odd}{cursor[3:]}" for odd in ("!", " ", "_", "\u200b", "\u0663"))
    for spelt in (*inside, f"{cursor}==", f"-{cursor[1:]}", f"+0{cursor[1:]}", cursor.translate({0x30: 0xFF10})):
        refused(CURSORS, spelt)


@given(st.binary(max_size=40), st.binary(min_size=1))
def test_as_many_bytes_cost_as_many_tokens_whatever_they_are(position: bytes, key: bytes) -> None:
    cursors = Cursors(StateKey(key.hex()), OWNER)

    cost = tokens({"next_cursor": cursors.pack(position, CALL)})

    assert cost == tokens({"next_cursor": "+" + "0" * (len(cursors.pack(position, CALL)) - 1)})
    assert cost <= 6 + (10 + len(position)) * 0.81


@given(st.text())
def test_what_is_no_cursor_is_refused_in_the_same_words(text: str) -> None:
    error = refused(CURSORS, text)

    assert error.code == "INVALID_CURSOR"
    assert error.message == refused(CURSORS, Cursors(StateKey(), OWNER).pack(b"x", CALL)).message


def test_one_purpose_is_not_another() -> None:
    parts = [b"a", b"b"]

    assert KEY.is_mark(KEY.mark("cursor", parts, 10), "cursor", parts, 10)
    assert not KEY.is_mark(KEY.mark("cursor", parts, 10), "approval", parts, 10)
    assert not KEY.is_mark(KEY.mark("cursor", parts, 10), "cursor", [b"ab"], 10)
    assert not KEY.is_mark(b"", "cursor", parts, 10)
    assert not KEY.is_mark(KEY.mark("cursor", parts, 1), "cursor", parts, 10)
    assert "k" * 32 not in repr(KEY)
