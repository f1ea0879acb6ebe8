"""What the settings leave out is neither listed nor called."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from mcp import Client

from mcp_salesforce.config import ConfigurationError
from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.salesforce import AsgiTransport
from mcp_salesforce.server import create_server
from mcp_salesforce.tools import TOOLSETS
from tests.conftest import NOW, settings_of
from tests.tools.calls import PREFIX, call, refusal
from tests.tools.test_every_tool import NAMES, SELDOM, SPECS, sample_calls

WRITES = [name for name, spec in SPECS.items() if not spec.effect.is_reading]
TOOLSET_OF = {spec.name: toolset.name for toolset in TOOLSETS for spec in toolset.specs}


@asynccontextmanager
async def served(org: LocalOrg, **settings: Any) -> AsyncIterator[Client]:
    """A client of a server with these settings."""
    server = create_server(settings_of(org, **settings), transport=AsgiTransport(org.app), now=lambda: NOW)
    async with Client(server, raise_exceptions=True) as client:
        yield client


async def names(mcp: Client) -> list[str]:
    return [tool.name for tool in (await mcp.list_tools()).tools]


@pytest.mark.parametrize("said", [{}, {"toolsets": "default"}, {"toolsets": " Default , query"}])
async def test_by_default_the_tools_of_every_day_are_listed(org: LocalOrg, said: dict[str, str]) -> None:
    seldom = {spec.name for toolset in SELDOM for spec in toolset.specs}
    async with served(org, **said) as mcp:
        assert await names(mcp) == [name for name in NAMES if name not in seldom]


async def test_a_toolset_of_seldom_use_is_named_until_it_is_asked_for(org: LocalOrg) -> None:
    seldom = [toolset.name for toolset in SELDOM]
    for count in range(len(seldom) + 1):
        async with served(org, toolsets=",".join(["default", *seldom[:count]])) as mcp:
            listed, told = await names(mcp), mcp.instructions or ""
        assert [name for name in NAMES if TOOLSET_OF[name] in seldom[:count]] == [
            name for name in listed if TOOLSET_OF[name] in seldom
        ]
        off = ", ".join(seldom[count:])
        assert (f"Off unless SALESFORCE_TOOLSETS has them: {off}." in told) is bool(off)


@pytest.mark.parametrize("said", ["query", " Query ,", "query query"])
async def test_a_toolset_alone_is_all_that_is_listed_and_called(org: LocalOrg, said: str) -> None:
    async with served(org, toolsets=said) as mcp:
        assert await names(mcp) == [name for name in NAMES if TOOLSET_OF[name] == "query"]
        error = await refusal(mcp, "list_contacts")
        assert await call(mcp, "query", soql="SELECT COUNT() FROM Contact")

    assert error["code"] == "NOT_ALLOWED"
    assert error["message"] == "salesforce_list_contacts is not allowed here by SALESFORCE_TOOLSETS."


async def test_all_among_the_names_means_all(org: LocalOrg) -> None:
    async with served(org, toolsets="query,all") as mcp:
        assert await names(mcp) == NAMES


async def test_reading_only_leaves_out_what_writes(org: LocalOrg) -> None:
    async with served(org, toolsets="all", read_only=True) as mcp:
        assert await names(mcp) == [name for name in NAMES if name not in WRITES]
        assert await call(mcp, "list_contacts", limit=1)


@pytest.mark.parametrize(
    ("actions", "listed"),
    [
        ('"read", "create"', {"create_contact", "create_records", "create_appointment"}),
        ('"read", "update"', {"update_contact", "update_records", "update_appointment"}),
        ('"read", "create", "update"', {"create_records", "update_records", "upsert_records"}),
        ('"read", "delete"', {"delete_contact", "delete_records", "delete_appointment"}),
    ],
)
async def test_a_tool_is_listed_where_the_policy_allows_all_that_it_does(
    org: LocalOrg, tmp_path: Path, actions: str, listed: set[str]
) -> None:
    (tmp_path / "policy.toml").write_text(f"actions = [{actions}]", encoding="utf-8")
    async with served(org, policy=tmp_path / "policy.toml") as mcp:
        found = {name.removeprefix(PREFIX) for name in await names(mcp)}

    assert listed <= found
    for verb in ("create", "update", "delete"):
        assert any(name.startswith(verb) for name in found) is (f'"{verb}"' in actions)
    assert ("upsert_records" in found) is ("upsert_records" in listed)


async def test_a_tool_that_says_it_reads_sends_nothing_but_what_reads(org: LocalOrg, tmp_path: Path) -> None:
    """Where nothing may be written, the client refuses a call that is not understood to change nothing."""
    record = SPECS["salesforce_attach_file"].example["record_id"]
    org.insert("ContentVersion", PathOnClient="a.txt", VersionData="QQ==", FirstPublishLocationId=record)
    async with served(org, toolsets="all", read_only=True, files=tmp_path) as mcp:
        for name, spec in SPECS.items():
            if spec.effect.is_reading:
                result = await mcp.call_tool(name, dict(spec.example))
                assert not result.is_error, (name, result.content)


@pytest.mark.parametrize("name", WRITES)
async def test_a_tool_that_writes_is_refused_before_anything_is_sent(org: LocalOrg, name: str) -> None:
    contact_id = org.insert("Contact", LastName="Ode")
    times = {"StartDateTime": "2026-11-24T10:00:00Z", "EndDateTime": "2026-11-24T11:00:00Z"}
    event_id = org.insert("Event", Subject="Visit", **times)
    async with served(org, toolsets="all", read_only=True) as mcp:
        before = await call(mcp, "query", soql="SELECT COUNT() FROM Contact")
        for arguments in sample_calls(contact_id, event_id)[name]:
            error = await refusal(mcp, name.removeprefix(PREFIX), **arguments)
            assert error["code"] == "NOT_ALLOWED"
            assert "SALESFORCE_READ_ONLY" in error["message"]
        assert await call(mcp, "query", soql="SELECT COUNT() FROM Contact") == before
        assert await call(mcp, "get_contact", contact_id=contact_id, fields=["LastName"])


async def test_a_name_that_is_no_tool_says_nothing_of_settings(org: LocalOrg) -> None:
    async with served(org, toolsets="all", read_only=True) as mcp:
        result = await mcp.call_tool("salesforce_fly", {})

    assert result.is_error
    assert "SALESFORCE_READ_ONLY" not in str(result.content)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("contact", "'contact' is not a toolset. Did you mean contacts?"),
        (
            "query,everything",
            f"'everything' is not a toolset. There are: {', '.join(t.name for t in TOOLSETS)}, default, all.",
        ),
    ],
)
def test_a_name_that_is_no_toolset_stops_the_start(org: LocalOrg, said: str, expected: str) -> None:
    with pytest.raises(ConfigurationError, match="SALESFORCE_TOOLSETS") as stopped:
        create_server(settings_of(org, toolsets=said))

    assert expected in str(stopped.value)
