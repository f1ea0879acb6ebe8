"""The page about queries shows the errors that there are."""

import re
from pathlib import Path

import pytest
from mcp import Client

from tests.tools.calls import text_of

PAGE = (Path(__file__).parents[2] / "docs" / "queries.md").read_text("utf-8")
ERRORS = re.findall(r"```text\n(.+)\n```", PAGE)
QUERIES = ["SELECT Id FORM Contact", "SELECT Emial, Phne FROM Contact"]


@pytest.mark.parametrize(("soql", "error"), list(zip(QUERIES, ERRORS, strict=True)))
async def test_an_error_is_shown_as_it_is(mcp: Client, soql: str, error: str) -> None:
    result = await mcp.call_tool("salesforce_query", {"soql": soql})

    assert text_of(result.content) == error
