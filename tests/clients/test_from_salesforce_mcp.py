"""The page for those who come from Salesforce's own server leaves none of its tools out."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.clients
PAGE = (Path(__file__).parents[2] / "docs" / "from-salesforce-mcp.md").read_text(encoding="utf-8")


def test_every_tool_and_option_of_that_server_is_on_the_page(installed: Callable[[str], Path]) -> None:
    readme = installed("@salesforce/mcp/README.md").read_text(encoding="utf-8")
    tools = re.findall(r"^- `([\w-]+)`", readme, re.MULTILINE)
    options = re.findall(r"^\| `(--[\w-]+)` ", readme, re.MULTILINE)

    assert len(tools) > 60
    assert options
    assert [name for name in {*tools, *options} if f"`{name}`" not in PAGE] == []


def test_the_page_names_the_version_that_it_was_written_from(installed: Callable[[str], Path]) -> None:
    version = json.loads(installed("@salesforce/mcp/package.json").read_text(encoding="utf-8"))["version"]

    assert f"version {version}" in PAGE
