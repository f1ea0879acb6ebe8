"""A call goes from a tool to the transport through few functions of ours."""

import traceback

import pytest
from mcp import Client

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.salesforce import AsgiTransport
from mcp_salesforce.salesforce.wire import HttpReply, HttpRequest
from mcp_salesforce.server import create_server
from mcp_salesforce.tools import TOOLSETS
from tests.approving import approve
from tests.conftest import NOW, settings_of

MOST = 6
"""The tool's helper or what tools share, the API family, the journal's gate, the sender, its attempt, the transport."""
EXAMPLES = {spec.name: dict(spec.example) for toolset in TOOLSETS for spec in toolset.specs}
LONGER = {
    "create_contact": 8, "get_contact": 7, "update_contact": 8, "delete_contact": 11, "create_appointment": 9,
    "delete_appointment": 7, "get_free_busy": 8, "find_free_times": 8, "set_invitees": 7, "restore_records": 7,
    "update_records": 10, "upsert_records": 11, "delete_records": 10, "query": 8, "whoami": 7, "log_activity": 7,
    "list_activities": 8, "explain_access": 8, "count_appointments": 9, "convert_lead": 9,
    "find_or_create_contact": 10, "merge_records": 9, "list_files": 7, "reschedule_appointments": 11,
}  # fmt: skip
"""Tools whose longest way has more: it reads what was before, or looks names up. That of undo depends on the change."""
MOVE = {**EXAMPLES["salesforce_update_appointment"], "data": {"StartDateTime": "2026-12-05T16:00:00Z"}}


class Watching(AsgiTransport):
    """Keeps the functions of ours that are on the stack at each request, with its URL."""

    def watch(self) -> list[tuple[str, list[str]]]:
        self.seen: list[tuple[str, list[str]]] = []
        return self.seen

    async def exchange(self, request: HttpRequest) -> HttpReply:
        frames = [frame for frame in traceback.extract_stack() if "/mcp_salesforce/" in frame.filename]
        self.seen.append((request.url, [frame.name for frame in frames] + [Watching.exchange.__name__]))
        return await super().exchange(request)


@pytest.mark.parametrize(
    ("tool", "arguments", "urls"),
    [
        ("get_appointment", EXAMPLES["salesforce_get_appointment"], ""),
        ("update_appointment", EXAMPLES["salesforce_update_appointment"], ""),
        ("update_appointment", MOVE, "/sobjects/"),
        ("list_appointments", EXAMPLES["salesforce_list_appointments"], ""),
        ("list_contacts", EXAMPLES["salesforce_list_contacts"], ""),
        ("create_records", EXAMPLES["salesforce_create_records"], ""),
        ("search", EXAMPLES["salesforce_search"], ""),
    ],
)
async def test_few_functions_lie_between_a_tool_and_the_socket(
    org: LocalOrg, tool: str, arguments: dict[str, object], urls: str
) -> None:
    transport = Watching(org.app)
    transport.watch()
    async with Client(create_server(settings_of(org), transport=transport, now=lambda: NOW)) as mcp:
        await mcp.call_tool("salesforce_whoami", {})
        seen = transport.watch()
        answer = await mcp.call_tool(f"salesforce_{tool}", arguments)

    ways = [way[way.index(tool) + 1 :] for url, way in seen if tool in way and urls in url]
    assert not answer.is_error
    assert ways
    assert [way for way in ways if len(way) > MOST] == []


@pytest.mark.parametrize("tool", [name.removeprefix("salesforce_") for name in EXAMPLES if name != "salesforce_undo"])
async def test_no_way_gets_longer(org: LocalOrg, tool: str) -> None:
    transport = Watching(org.app)
    settings = settings_of(org, toolsets="all")
    server = create_server(settings, transport=transport, now=lambda: NOW)
    transport.watch()
    async with Client(server, elicitation_callback=approve) as mcp:
        await mcp.call_tool("salesforce_whoami", {})
        seen = transport.watch()
        await mcp.call_tool(f"salesforce_{tool}", EXAMPLES[f"salesforce_{tool}"])

    ways = [way[way.index(tool) + 1 :] for _, way in seen if tool in way]
    assert [way for way in ways if len(way) > LONGER.get(tool, MOST)] == []
