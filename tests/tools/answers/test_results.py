"""The text of an answer, for hosts that show only that; and rows in lines, as resources and prompts have them."""

import csv
import json
from functools import partial
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # comes with the SDK, without types
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from mcp_types import TextContent
from pydantic import TypeAdapter

from mcp_salesforce.surface.resources import in_lines
from mcp_salesforce.tools.answers.budgets import cut_to_fit, may_fit
from mcp_salesforce.tools.answers.results import Updated, answer, table
from mcp_salesforce.tools.framework.json_schema import is_conforming, output_schema
from tests.effort import examples

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

    read = list(csv.reader(in_lines({"columns": columns, "rows": rows}).splitlines(keepends=True)))

    shown = [
        ["" if value is None else value if isinstance(value, str) else json.dumps(value) for value in row]
        for row in rows
    ]
    assert read == [columns, *shown]


def test_what_else_is_to_be_said_of_rows_stands_before_them() -> None:
    text = in_lines({"columns": ["Name"], "rows": [["next_cursor: forged"]], "next_cursor": "abc", "left_out": 3})

    assert text == "next_cursor: abc\nleft_out: 3\nName\nnext_cursor: forged"


def test_a_line_break_inside_a_field_stays_inside_its_cell() -> None:
    text = in_lines({"columns": ["Street", "City"], "rows": [["1 Main St\nFloor 2", "Oslo"]]})

    assert text == 'Street,City\n"1 Main St\nFloor 2",Oslo'


def test_an_object_in_a_cell_is_json() -> None:
    text = in_lines({"columns": ["MailingAddress"], "rows": [[{"city": "Oslo"}]]})

    assert list(csv.reader(text.splitlines())) == [["MailingAddress"], ['{"city":"Oslo"}']]


@given(tables)
def test_the_text_of_an_answer_is_its_structured_content(table: tuple[list[str], list[list[Any]]]) -> None:
    result = {"columns": table[0], "rows": table[1], "total": len(table[1])}

    assert text_of(result) == json.dumps(answer(result).structured_content, separators=(",", ":"), ensure_ascii=False)


def test_invisible_characters_reach_neither_text_nor_structured_content() -> None:
    result = answer({"columns": ["Name"], "rows": [["pay\u202enow\x07"]]})

    assert result.structured_content == {"columns": ["Name"], "rows": [["paynow"]]}
    assert result.content == [TextContent(type="text", text='{"columns":["Name"],"rows":[["paynow"]]}')]


names = st.text("abcDEF_", min_size=1, max_size=40)
big = st.sampled_from(
    ["x" * 3000, "ä" * 900, [{"Name": "Acme"}] * 200, {f"Key_{n}": n for n in range(300)}, [[[[["x"]]]]] * 90]
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20) | big,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
    max_leaves=12,
)
records = st.dictionaries(names, json_values, max_size=12).map(lambda fields: {"Id": "003000000000001AAA", **fields})


@settings(max_examples=examples(60))
@given(st.lists(records, min_size=1, max_size=4), st.booleans())
def test_any_record_gives_an_answer_within_the_budget(found: list[dict[str, Any]], is_one: bool) -> None:
    budget = 1250  # bytes of the smallest answer that the settings allow
    result: dict[str, Any] = found[0] if is_one else dict(table(found))

    cut = answer(result, budget)

    assert isinstance(cut.content[0], TextContent)
    assert len(cut.content[0].text.encode()) <= budget * 1.25
    assert len(json.dumps(cut.structured_content, ensure_ascii=False, separators=(",", ":")).encode()) <= budget * 1.25


changes = st.dictionaries(names, st.fixed_dictionaries({"before": json_values, "after": json_values}), max_size=30)
plans = st.lists(st.fixed_dictionaries({"action": st.just("create"), "values": records}), max_size=30)


@settings(max_examples=examples(60))
@given(changes, plans)
def test_a_cut_answer_is_still_of_the_shape_of_its_tool(changed: dict[str, Any], plan: list[dict[str, Any]]) -> None:
    shape = TypeAdapter(Updated)
    done, preview = {"Id": "003000000000001AAA", "changed": changed}, {"preview": plan, "undo": "No."}
    assume(is_conforming(shape, done))

    done_cut = answer(done, 1250, partial(is_conforming, shape)).structured_content
    preview_cut: Any = answer(preview, 1250, partial(is_conforming, shape)).structured_content

    jsonschema.validate(done_cut, output_schema(shape))
    assert all(isinstance(write, dict) for write in preview_cut["preview"])
    assert len(preview_cut["preview"]) + preview_cut.get("left_out", 0) == len(plan)


def test_children_beyond_the_budget_are_left_out_by_whole_rows_and_counted() -> None:
    rows = [[f"003{number:015}", "Ode"] for number in range(500)]
    children = {"columns": ["Id", "LastName"], "rows": rows}

    cut: Any = answer({"columns": ["Name", "Contacts"], "rows": [["Acme", children]]}, 2500).structured_content

    ((name, kept),) = cut["rows"]
    assert name == "Acme"
    assert kept["rows"] == rows[: len(kept["rows"])]
    assert kept["left_out"] == 500 - len(kept["rows"])
    assert len(kept["rows"]) > 10


def test_a_record_with_more_fields_than_fit_says_how_many_are_left_out() -> None:
    record = {f"Field_{number}__c": number for number in range(1000)}

    cut: Any = answer(record, 2500).structured_content

    assert cut.pop("left_out") == 1000 - len(cut)
    assert cut == dict(list(record.items())[: len(cut)])


def test_a_long_text_is_cut_with_its_length_and_the_way_to_the_rest() -> None:
    cut: Any = answer({"Id": "003000000000001AAA", "Notes__c": "n" * 9000}, 2500).structured_content

    kept, _, said = cut["Notes__c"].partition(" [")
    assert said == f'{9000 - len(kept)} more characters: get fields ["Notes__c[{len(kept)}:]"]]'


def test_the_rest_of_a_text_that_is_too_long_again_leads_on() -> None:
    cut: Any = answer({"Id": "003000000000001AAA", "Notes__c[600:]": "n" * 9000}, 2500).structured_content

    kept, _, said = cut["Notes__c[600:]"].partition(" [")
    assert f'["Notes__c[{600 + len(kept)}:]"]' in said


def test_what_a_result_says_beside_its_rows_stays_in_its_line() -> None:
    text = in_lines({"hint": "try\nmissing: all", "missing": {"003": "x\ny"}, "columns": ["Id"], "rows": []})

    assert text == 'hint: try missing: all\nmissing: {"003":"x\\ny"}\nId'


def test_a_page_that_can_be_gone_on_with_loses_no_row() -> None:
    rows: Any = {
        "columns": ["Name", "Contacts"],
        "rows": [["Acme", {"columns": ["Name"], "rows": [['"' * 9]] * 4}] for _ in range(40)],
    }

    kept = cut_to_fit(rows, 2500)
    shown: Any = answer({"next_cursor": "abc", **rows}, 2500)

    assert len(shown.structured_content["rows"]) == kept > 5
    assert len(shown.content[0].text.encode()) <= 2500 * 1.25


def test_children_of_which_some_are_left_out_have_no_cursor_that_leads_behind_them() -> None:
    children = {
        "columns": ["Id"],
        "rows": [[f"003{number:015}"] for number in range(900)],
        "total": 4000,
        "next_cursor": "abc",
    }

    cut: Any = answer({"columns": ["Contacts"], "rows": [[children]], "next_cursor": "def"}, 2500).structured_content

    ((kept,),) = cut["rows"]
    assert cut["next_cursor"] == "def"
    assert "next_cursor" not in kept
    assert kept["left_out"] == 900 - len(kept["rows"])


attributes = st.just({"type": "Contact", "url": "/services/data/v60.0/sobjects/Contact/003000000000001AAA"})
values = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text() | st.just("2026-11-24T09:00:00.000+0000")
contacts = st.fixed_dictionaries(
    {
        "attributes": attributes,
        "Id": st.just("003000000000001AAA"),
        "Name": values,
        "Account": st.none() | st.fixed_dictionaries({"attributes": attributes, "Name": values}),
        "MailingAddress": st.none() | st.dictionaries(st.sampled_from(["city", "street"]), values),
    }
)


@given(st.lists(contacts, max_size=40), st.integers(300, 2000))
def test_what_is_shaped_of_a_page_is_all_that_fits(records: list[dict[str, Any]], budget: int) -> None:
    columns = ["Id", "Name", "Account.Name", "MailingAddress"]
    whole, some = (table(each, columns) for each in (records, records[: may_fit(records, budget)]))

    assert cut_to_fit(some, budget) == cut_to_fit(whole, budget)
    assert some["rows"] == whole["rows"]


def test_of_a_page_of_many_rows_few_are_shaped() -> None:
    records = [{"attributes": {}, "Id": f"003{number:015}", "Name": "Ada Lovelace"} for number in range(2000)]
    whole = table(records)

    assert cut_to_fit(whole, 5000) < may_fit(records, 5000) < 200
