"""Calls as tests make them: what a tool answered, as a model and a program read it."""

import json
import re
from typing import Any

from mcp import Client
from mcp_types import TextContent

from mcp_salesforce.config import Settings
from mcp_salesforce.salesforce import AsgiTransport
from mcp_salesforce.server import create_server
from tests.conftest import NOW
from tests.salesforce.scripted import ScriptedOrg

PREFIX = "salesforce_"


def server_on(scripted: ScriptedOrg, **changes: Any) -> Any:
    """Return the server on an org that answers as a test tells it."""
    values = {
        "client_id": "key",
        "client_secret": "secret",
        "refresh_token": "token",
        "instance_url": "https://acme.my.salesforce.com",
    }
    return create_server(Settings(**{**values, **changes}), transport=AsgiTransport(scripted), now=lambda: NOW)


async def call(mcp: Client, tool: str, /, **arguments: Any) -> dict[str, Any]:
    """Return the structured content of a call that succeeds, without the Id of the change that it made."""
    content, _ = await called(mcp, tool, **arguments)
    return content


async def called(mcp: Client, tool: str, /, **arguments: Any) -> tuple[dict[str, Any], str]:
    """Return the structured content of a call that succeeds, and the Id of the change that it made, if it made one."""
    result = await mcp.call_tool(PREFIX + tool, arguments)
    assert not result.is_error, result.content
    assert isinstance(result.structured_content, dict)
    content = dict(result.structured_content)
    change_id = content.pop("change_id", "")
    assert re.fullmatch("([0-9a-f]{8})?", change_id)
    return content, change_id


async def refusal(mcp: Client, tool: str, /, **arguments: Any) -> dict[str, Any]:
    """Return the error of a call that fails: flagged as one, as text and in `_meta`, nowhere else."""
    result = await mcp.call_tool(PREFIX + tool, arguments)
    assert result.is_error, result.structured_content
    assert result.structured_content is None
    error = error_in(text_of(result.content))
    assert {name: (result.meta or {}).get(name) for name in error} == error
    return error


def error_in(text: str) -> dict[str, Any]:
    """Return the error that a text tells: compact JSON behind a word, so that no host takes it for a result."""
    lead, _, rest = text.partition(" ")
    assert lead == "Error:"
    error: dict[str, Any] = json.loads(rest)
    assert rest == json.dumps(error, separators=(",", ":"), ensure_ascii=False)
    return error


def text_of(content: Any) -> str:
    """Return the one text of a result."""
    (block,) = content
    assert isinstance(block, TextContent)
    return block.text


def rows_as_dicts(rows: dict[str, Any]) -> list[dict[str, Any]]:
    """Return rows with their column names."""
    return [dict(zip(rows["columns"], row, strict=True)) for row in rows["rows"]]


async def all_ids(mcp: Client, tool: str, /, *, limit: int, **arguments: Any) -> list[str]:
    """Return the Ids of every page, none of which may be longer than asked."""
    page = await call(mcp, tool, limit=limit, **arguments)
    ids = [row["Id"] for row in rows_as_dicts(page)]
    while "next_cursor" in page:
        page = await call(mcp, tool, limit=limit, **(arguments | {"cursor": page["next_cursor"]}))
        assert len(page["rows"]) <= limit
        ids += [row["Id"] for row in rows_as_dicts(page)]
    return ids
