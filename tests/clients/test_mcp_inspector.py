"""The MCP Inspector's command line, strict."""

import json
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.clients.servers import ELEVEN_TOOLS, ServerCommand

pytestmark = pytest.mark.clients

LAUNCHER = "@modelcontextprotocol/inspector/clients/launcher/build/index.js"


class Inspector:
    """Runs the inspector once for each request, each time with a new server process on the same org."""

    def __init__(self, node: Path, launcher: Path, server: ServerCommand, folder: Path) -> None:
        command, *args = server.command
        self._config = folder / "servers.json"
        entry = {"type": "stdio", "command": command, "args": args, "env": server.env}
        self._config.write_text(json.dumps({"mcpServers": {"salesforce": entry}}))
        self._command = [
            str(node),
            str(launcher),
            "--cli",
            "--config",
            str(self._config),
            "--server",
            "salesforce",
            "--format",
            "json",
        ]
        self._env = {**server.env, "MCP_INSPECTOR_SECRET_STORE": "memory"}

    def run(self, *options: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self._command, *options], env=self._env, capture_output=True, text=True, check=False, timeout=60
        )

    def call(self, tool: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The structured content of a call that succeeds, which the text repeats."""
        ended = self.run("--method", "tools/call", "--tool-name", tool, "--tool-args-json", json.dumps(arguments))
        assert ended.returncode == 0, ended.stderr
        result = json.loads(ended.stdout)["result"]
        assert not result.get("isError"), result
        assert result["content"][0]["text"]
        content: dict[str, Any] = result["structuredContent"]
        return content


@pytest.fixture
def inspector(node: Path, installed: Callable[[str], Path], demo_server: ServerCommand, tmp_path: Path) -> Inspector:
    return Inspector(node, installed(LAUNCHER), demo_server, tmp_path)


@pytest.mark.parametrize("era", ["legacy", "modern"])
def test_the_tools_are_listed_without_a_finding(inspector: Inspector, era: str) -> None:
    ended = inspector.run("--protocol-era", era, "--method", "tools/list", "--strict")

    assert ended.returncode == 0
    assert [line for line in ended.stderr.splitlines() if not line.startswith("[mcp-inspector]")] == []
    assert {tool["name"] for tool in json.loads(ended.stdout)["result"]["tools"]} >= set(ELEVEN_TOOLS)


def test_strict_reports_a_schema_that_allows_anything(
    node: Path, installed: Callable[[str], Path], demo_server: ServerCommand, tmp_path: Path
) -> None:
    """The listing above is worth something because this one has a finding."""
    script = tmp_path / "unportable.py"
    script.write_text(UNPORTABLE)
    server = ServerCommand([demo_server.command[0], str(script)], demo_server.env)

    ended = Inspector(node, installed(LAUNCHER), server, tmp_path).run("--method", "tools/list", "--strict")

    assert 'Warning: tool "echo"' in ended.stderr


UNPORTABLE = """
from typing import Any
from mcp.server import MCPServer

server = MCPServer("unportable", log_level="CRITICAL")

@server.tool()
def echo(value: Any) -> str:
    return str(value)

server.run("stdio")
"""


@pytest.mark.slow
def test_each_contact_tool_answers(inspector: Inspector) -> None:
    created = inspector.call("salesforce_create_contact", {"data": {"LastName": "Inspected", "Title": "Buyer"}})
    contact = {"contact_id": created["Id"]}

    listed = inspector.call("salesforce_list_contacts", {"name": "Inspected"})
    changed = inspector.call("salesforce_update_contact", {**contact, "data": {"Title": "Director"}})
    read = inspector.call("salesforce_get_contact", contact)
    deleted = inspector.call("salesforce_delete_contact", contact)

    assert [created["Id"]] == [row[listed["columns"].index("Id")] for row in listed["rows"]]
    assert "Director" in json.dumps(changed)
    assert read["Title"] == "Director"
    assert created["Id"] in json.dumps(deleted)


@pytest.mark.slow
def test_each_appointment_tool_and_the_query_answer(inspector: Inspector) -> None:
    times = {"StartDateTime": "2031-03-05T09:00:00Z", "EndDateTime": "2031-03-05T10:00:00Z"}
    created = inspector.call("salesforce_create_appointment", {"data": {"Subject": "Depot visit", **times}})
    event = {"event_id": created["Id"]}

    window = {"start": "2031-03-05T00:00:00Z", "end": "2031-03-06T00:00:00Z"}
    listed = inspector.call("salesforce_list_appointments", window)
    inspector.call("salesforce_update_appointment", {**event, "data": {"Location": "Gate 4"}})
    read = inspector.call("salesforce_get_appointment", event)
    queried = inspector.call(
        "salesforce_query", {"soql": "SELECT Id, Location FROM Event WHERE Subject = 'Depot visit'"}
    )
    inspector.call("salesforce_delete_appointment", event)

    assert [created["Id"]] == [row[listed["columns"].index("Id")] for row in listed["rows"]]
    assert read["Location"] == "Gate 4"
    assert queried["rows"] == [[created["Id"], "Gate 4"]]
