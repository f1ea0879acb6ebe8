"""The CSV of bulk jobs, read as it arrives: any table comes back, and what can be read in two ways is an error."""

import csv
import io
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_salesforce.salesforce import InvalidArgumentError
from mcp_salesforce.salesforce.csv_tables import DELIMITERS, table_rows

CELLS = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=6) | st.sampled_from(
    ['"', '""', "a\nb", "a\r\nb", ",;|\t^`", ""]
)


@st.composite
def tables(draw: st.DrawFn) -> list[list[str]]:
    width = draw(st.integers(1, 4))
    return draw(st.lists(st.lists(CELLS, min_size=width, max_size=width), min_size=1, max_size=6))


@given(tables(), st.sampled_from(sorted(DELIMITERS)), st.sampled_from(["\n", "\r\n"]), st.integers(1, 9))
async def test_any_table_comes_back_whatever_the_pieces(
    table: list[list[str]], delimiter: str, ending: str, size: int
) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=DELIMITERS[delimiter], lineterminator=ending, quoting=csv.QUOTE_ALL).writerows(table)
    data = text.getvalue().encode()

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(data), size):
            yield data[start : start + size]

    assert [row async for row in table_rows(pieces, delimiter)] == table
    assert [row async for row in table_rows(data, delimiter)] == table


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b'a,b\nx"y,z\n', "quote"),
        (b'a,b\nx"y,z"\n', "quote"),
        (b'a,b\n"x"y,z\n', "quote|delimiter"),
        (b'a,b\n"x,z\n', "quote|end of data"),
        (b"a,b\nx\n", "1 cells"),
        (b"a,b\nx,y,z\n", "3 cells"),
        (b"a\rb\n", "cannot be read"),
        (b"a\n\xe4\n", "UTF-8"),
        (b"a\nx\x00y\n", "NUL"),
    ],
)
async def test_what_can_be_read_in_two_ways_is_an_error(data: bytes, words: str) -> None:
    with pytest.raises(InvalidArgumentError, match=words):
        [row async for row in table_rows(data, "COMMA")]


async def test_a_mark_is_not_a_part_of_the_header_and_blank_lines_are_no_rows() -> None:
    assert [row async for row in table_rows(b'\xef\xbb\xbf"a"\n\nx', "COMMA")] == [["a"], ["x"]]
