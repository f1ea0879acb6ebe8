"""The SOQL parser against Salesforce's own, which is written in JavaScript: both take and refuse the same texts."""

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcp_salesforce.soql import SoqlError, format_query, parse
from tests.clients.conftest import FOLDER
from tests.effort import examples
from tests.soql.examples import BAD, GOOD
from tests.soql.strategies import almost_queries, garbled, queries

pytestmark = pytest.mark.clients

Verdict: TypeAlias = list[tuple[int, int, str]]

REFUSED_ONLY_HERE = {
    "SELECT Id; FROM Account": "the package drops what starts no token; since Summer '24 the server refuses it",
    "SELECT Id FROM Account $ x": "a comment for the package; since Summer '24 the server refuses it by name",
    "SELECT Id FROM Account WHERE a = 2026-02-30": "the server refuses days that do not exist (Summer '24)",
    "SELECT Id FROM Account WHERE a = 2026-02-03T25:00:00Z": "the server refuses times that do not exist (Summer '24)",
    "SELECT Id FROM Account WHERE a = 25:00:00Z": "as for datetimes",
    "SELECT DISTANCE(a, GEOLOCATION(1, 2), 'm\n') FROM b": "a unit is 'mi' or 'km' in any case",
    r"SELECT Id FROM Account WHERE a = '\uD83D'": "half a character cannot be compared with any text",
    "SELECT Id FROM Account WHERE a = USD5..5": "no amount",
}
TAKEN_ONLY_HERE = {
    "SELECT Id FROM Account WHERE a < USD-500": "the server takes amounts below zero since Summer '24",
    r"SELECT Id FROM Account WHERE a = '\f'": "a form feed is in the guide's list of escapes",
}
"""Every difference, an example of each, and why this side is right."""

EXPLAINED = (
    r"^line \d+:\d+ unexpected token|^Invalid (date|datetime|time):|^Invalid Unicode|line break",
    r"[a-z]{3}-[0-9]|\\f|[a-z]{3}[0-9]+\.\.",
)
"""The same differences as patterns, of the reason that this side gives and of the text."""


class SalesforceParser:
    """One process of Salesforce's own parser."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def errors(self, text: str) -> Verdict:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(text) + "\n")
        self._process.stdin.flush()
        return [(row, column, message) for row, column, message in json.loads(self._process.stdout.readline())]


@pytest.fixture(scope="module")
def salesforce(node: Path, installed: Callable[[str], Path]) -> Iterator[SalesforceParser]:
    installed("@salesforce/soql-common")
    installed("antlr4ts")
    script = FOLDER / "soql_verdicts.mjs"
    with subprocess.Popen([node, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield SalesforceParser(process)
        assert process.stdin
        process.stdin.close()


def error_of(text: str) -> SoqlError | None:
    try:
        parse(text)
    except SoqlError as error:
        return error
    return None


def agree(text: str, theirs: Verdict) -> bool:
    """Whether both sides take `text`, or both refuse it, or a known difference explains why not."""
    ours = error_of(text)
    if bool(ours) == bool(theirs):
        return True
    by_reason, by_text = EXPLAINED
    return bool(re.search(by_reason, ours.reason) if ours else False) or bool(re.search(by_text, text, re.IGNORECASE))


@pytest.mark.parametrize("text", GOOD)
def test_good_queries_are_taken_by_both(salesforce: SalesforceParser, text: str) -> None:
    assert error_of(text) is None
    assert salesforce.errors(text) == []


@pytest.mark.parametrize("text", BAD)
def test_bad_queries_are_refused_by_both_at_the_same_place(salesforce: SalesforceParser, text: str) -> None:
    ours, theirs = error_of(text), salesforce.errors(text)

    assert ours
    assert (ours.row, ours.column) == theirs[0][:2]


@pytest.mark.parametrize("text", REFUSED_ONLY_HERE)
def test_texts_that_only_this_parser_refuses_are_known(salesforce: SalesforceParser, text: str) -> None:
    assert error_of(text)
    assert salesforce.errors(text) == []
    assert agree(text, [])


@pytest.mark.parametrize("text", TAKEN_ONLY_HERE)
def test_texts_that_only_this_parser_takes_are_known(salesforce: SalesforceParser, text: str) -> None:
    assert error_of(text) is None
    assert salesforce.errors(text)


@settings(max_examples=examples(150))
@given(queries.map(format_query))
def test_generated_queries_are_taken_by_both(salesforce: SalesforceParser, text: str) -> None:
    assert error_of(text) is None
    assert salesforce.errors(text) == []


@settings(max_examples=examples(250))
@given(st.one_of(almost_queries(st.sampled_from(GOOD + BAD)), almost_queries(queries.map(format_query))))
def test_what_is_almost_soql_gets_one_verdict(salesforce: SalesforceParser, text: str) -> None:
    assert agree(text, salesforce.errors(text))


@settings(max_examples=examples(250))
@given(garbled(st.sampled_from(GOOD + BAD)))
def test_garbled_soql_gets_one_verdict(salesforce: SalesforceParser, text: str) -> None:
    assert agree(text, salesforce.errors(text))
