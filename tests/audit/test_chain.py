"""The law of the chain: whichever line is edited, removed, moved or inserted, the first that does not fit is named."""

import json
from collections.abc import Callable, Sequence
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcp_salesforce.audit.chain import Place, Verifying, line_of, place_of
from tests.audit.audits import KEY
from tests.effort import examples

_NAME: Final = "audit.jsonl"
_LENGTH: Final = 12


def chain(length: int = _LENGTH, key: bytes = KEY) -> list[bytes]:
    """Lines as a server writes them."""
    lines, place = list[bytes](), Place()
    for number in range(1, length + 1):
        record = {"tool": "salesforce_query", "ms": number, **({"begins": True} if number == 1 else {})}
        lines.append(line_of(record, place, key))
        place = place_of(lines[-1], number)
    return lines


def problem_of(lines: Sequence[bytes], *, head: Sequence[bytes] = (), key: bytes | None = KEY) -> str:
    checked = Verifying(key)
    checked.follow(_NAME, lines)
    if head:
        checked.end(place_of(head[-1], len(head)))
    return checked.problem


WHOLE = chain()
AT = st.integers(0, _LENGTH - 1)
BOTH_KEYS = st.sampled_from([KEY, None])


@given(at=AT, byte=st.integers(0, 10_000), other=st.integers(0, 255), key=BOTH_KEYS)
@settings(max_examples=examples(2000, 400))
def test_any_edited_byte_is_found_in_its_line(at: int, byte: int, other: int, key: bytes | None) -> None:
    line = bytearray(WHOLE[at])
    position = byte % len(line)
    if line[position] == other or other == ord("\n"):
        return
    line[position] = other
    problem = problem_of([*WHOLE[:at], bytes(line), *WHOLE[at + 1 :]], head=WHOLE, key=key)
    # by the hashes alone an edited line is known from the next one; its number may have been edited too
    assert problem
    assert key is None or f"line {at + 1}:" in problem


@given(first=AT, count=st.integers(1, _LENGTH), key=BOTH_KEYS)
def test_removed_lines_are_found_and_their_numbers_named(first: int, count: int, key: bytes | None) -> None:
    left = [*WHOLE[:first], *WHOLE[first + count :]]
    problem = problem_of(left, head=WHOLE, key=key)
    last = min(first + count, _LENGTH)
    if first + count >= _LENGTH:
        assert f"the end is missing: numbers {first + 1} to {_LENGTH}" in problem
    elif first == 0:
        assert f"the lines before number {last + 1} are missing" in problem
    else:
        assert (f"number {last} is missing" if count == 1 else f"numbers {first + 1} to {last} are missing") in problem


@given(one=AT, other=AT, key=BOTH_KEYS)
def test_two_lines_that_changed_places_are_found(one: int, other: int, key: bytes | None) -> None:
    if one == other:
        return
    lines = [*WHOLE]
    lines[one], lines[other] = lines[other], lines[one]
    first = min(one, other)
    assert f"line {first + 1}:" in problem_of(lines, head=WHOLE, key=key)


@given(at=AT, inserted=st.one_of(AT.map(lambda which: WHOLE[which]), st.sampled_from([b"", b"{}", b"x", b'{"n":1}'])))
def test_an_inserted_line_is_found(at: int, inserted: bytes) -> None:
    assert problem_of([*WHOLE[: at + 1], inserted, *WHOLE[at + 1 :]], head=WHOLE)


@given(lines=st.permutations(WHOLE))
def test_the_written_order_is_the_only_one_that_fits(lines: list[bytes]) -> None:
    assert bool(problem_of(lines, head=WHOLE)) == (lines != WHOLE)


def forged(lines: Sequence[bytes], key: bytes, change: Callable[[dict[str, object]], None]) -> list[bytes]:
    """The lines with the third changed, and all hashes after it made again by one who has another key."""
    place, made = place_of(lines[1], 2), [*lines[:2]]
    for number, line in enumerate(lines[2:], start=3):
        record = {name: value for name, value in json.loads(line).items() if name not in {"n", "prev", "seal"}}
        if number == 3:
            change(record)
        made.append(line_of(record, place, key))
        place = place_of(made[-1], number)
    return made


def test_hashes_that_somebody_makes_again_have_no_seal() -> None:
    lines = forged(WHOLE, bytes(32), lambda record: record.update(tool="salesforce_get_record"))
    assert "line 3:" in problem_of(lines)
    assert problem_of(lines, key=None) == ""  # this is what the hashes alone cannot show


def test_a_rotated_file_goes_on_where_the_one_before_it_ended() -> None:
    place = place_of(WHOLE[-1], _LENGTH)
    newer = [line_of({"begins": True}, place, KEY)]
    both = Verifying(KEY)
    both.follow("old", WHOLE)
    both.follow("new", newer)
    assert both.problem == ""
    alone = Verifying(KEY)
    alone.follow("new", newer)
    assert (alone.problem, alone.notes) == ("", ["new begins with number 13: earlier lines are in a file before it."])
    cut = Verifying(KEY)
    cut.follow("old", WHOLE[:-1])
    cut.follow("new", newer)
    assert "number 12 is missing" in cut.problem


@pytest.mark.parametrize("key", [KEY, None])
def test_a_whole_chain_fits(key: bytes | None) -> None:
    assert problem_of(WHOLE, head=WHOLE, key=key) == ""
