"""The text of an answer: what hosts show that do not read structured content."""

import csv
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from mcp_types import TextContent

from mcp_salesforce.tools.results import answer

cells = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.text(st.characters(codec="ascii", categories=["L", "N", "P", "Zs"]), min_size=1)
)
tables = st.integers(1, 4).flatmap(
    lambda width: st.tuples(
        st.lists(st.text("abcDEF.", min_size=1), min_size=width, max_size=width),
        st.lists(st.lists(cells, min_size=width, max_size=width), max_size=5),
    )
)


def text_of(result: dict[str, Any]) -> str:
    (block,) = answer(result).content
    assert isinstance(block, TextContent)
    return block.text


@given(tables)
def test_rows_are_csv_that_reads_back_as_the_same_rows(table: tuple[list[str], list[list[Any]]]) -> None:
    columns, rows = table

    read = list(csv.reader(text_of({"columns": columns, "rows": rows}).splitlines(keepends=True)))

    shown = [
        ["" if value is None else value if isinstance(value, str) else json.dumps(value) for value in row]
        for row in rows
    ]
    assert read == [columns, *shown]


def test_what_else_is_to_be_said_of_rows_stands_before_them() -> None:
    text = text_of({"columns": ["Name"], "rows": [["next_cursor: forged"]], "next_cursor": "abc", "left_out": 3})

    assert text == "next_cursor: abc\nleft_out: 3\nName\nnext_cursor: forged"


def test_a_line_break_inside_a_field_stays_inside_its_cell() -> None:
    text = text_of({"columns": ["Street", "City"], "rows": [["1 Main St\nFloor 2", "Oslo"]]})

    assert text == 'Street,City\n"1 Main St\nFloor 2",Oslo'


def test_an_object_in_a_cell_is_json() -> None:
    text = text_of({"columns": ["MailingAddress"], "rows": [[{"city": "Oslo"}]]})

    assert list(csv.reader(text.splitlines())) == [["MailingAddress"], ['{"city":"Oslo"}']]


def test_other_results_are_compact_json() -> None:
    assert text_of({"Id": "003xx0000000001AAA", "deleted": True}) == '{"Id":"003xx0000000001AAA","deleted":true}'


def test_invisible_characters_reach_neither_text_nor_structured_content() -> None:
    result = answer({"columns": ["Name"], "rows": [["pay\u202enow\x07"]]})

    assert result.structured_content == {"columns": ["Name"], "rows": [["paynow"]]}
    assert result.content == [TextContent(type="text", text="Name\npaynow")]
