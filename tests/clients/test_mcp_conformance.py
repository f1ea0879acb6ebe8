"""The protocol's own conformance suite, over the HTTP app in this process."""

import re
import socket
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
import uvicorn
from mcp.server import MCPServer
from mcp.server.transport_security import TransportSecuritySettings

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.salesforce import AsgiTransport
from mcp_salesforce.server import create_server
from mcp_salesforce.tools.framework.session import OrgSession
from tests.clients.conformance_fixtures import add_fixtures
from tests.conftest import settings_of

pytestmark = pytest.mark.clients

SCENARIOS = {
    "2026-07-28": [
        "caching",
        "dns-rebinding-protection",
        "http-header-validation",
        "prompts-list",
        "resources-list",
        "sep-2164-resource-not-found",
        "server-sse-multiple-streams",
        "tools-list",
    ],
    "2025-11-25": [
        "dns-rebinding-protection",
        "ping",
        "prompts-list",
        "resources-list",
        "server-initialize",
        "server-session-lifecycle",
        "server-sse-multiple-streams",
        "tools-list",
    ],
}
"""Those that need no tool, resource or prompt of the suite's own."""

FIXTURE_SCENARIOS = [
    "completion-complete",
    "prompts-get-embedded-resource",
    "prompts-get-simple",
    "prompts-get-with-args",
    "prompts-get-with-image",
    "resources-read-binary",
    "resources-read-text",
    "resources-templates-read",
    "tools-call-audio",
    "tools-call-embedded-resource",
    "tools-call-error",
    "tools-call-image",
    "tools-call-mixed-content",
    "tools-call-simple-text",
    "tools-call-with-progress",
]
"""Those that call what `conformance_fixtures` adds, in both revisions."""


@pytest.fixture
def conformance(node: Path, installed: Callable[[str], Path]) -> list[str]:
    return [str(node), str(installed("@modelcontextprotocol/conformance/dist/index.js")), "server"]


@pytest.fixture
def server(org: LocalOrg) -> MCPServer[OrgSession]:
    return create_server(settings_of(org), transport=AsgiTransport(org.app))


@asynccontextmanager
async def served(
    server: MCPServer[OrgSession], transport_security: TransportSecuritySettings | None = None
) -> AsyncIterator[str]:
    """The address of the server's HTTP app, on a free loopback port, until the block ends."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        app = server.streamable_http_app(transport_security=transport_security)
        running = uvicorn.Server(uvicorn.Config(app, log_level="error", ws="none"))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(lambda: running.serve([listening]))
            try:
                yield f"http://127.0.0.1:{port}/mcp"
            finally:
                running.should_exit = True


async def run(conformance: list[str], url: str, revision: str, scenario: str) -> subprocess.CompletedProcess[bytes]:
    command = [*conformance, "--url", url, "--scenario", scenario, "--spec-version", revision]
    with anyio.fail_after(60):
        return await anyio.run_process(command, check=False)


def assert_passed(ended: subprocess.CompletedProcess[bytes]) -> None:
    told = ended.stdout.decode() + ended.stderr.decode()
    assert ended.returncode == 0, told
    passed = re.search(r"Passed: (\d+)/(\d+), 0 failed, 0 warnings", told)
    assert passed, told
    assert passed[1] == passed[2] != "0"


@pytest.mark.parametrize(
    ("revision", "scenario"), [(revision, scenario) for revision, named in SCENARIOS.items() for scenario in named]
)
async def test_the_server_passes_without_a_warning(
    conformance: list[str], server: MCPServer[OrgSession], revision: str, scenario: str
) -> None:
    async with served(server) as url:
        assert_passed(await run(conformance, url, revision, scenario))


@pytest.mark.parametrize("scenario", FIXTURE_SCENARIOS)
@pytest.mark.parametrize("revision", SCENARIOS)
async def test_a_server_of_the_same_builder_passes_with_the_tools_of_the_suite(
    conformance: list[str], server: MCPServer[OrgSession], revision: str, scenario: str
) -> None:
    add_fixtures(server)
    async with served(server) as url:
        assert_passed(await run(conformance, url, revision, scenario))


async def test_the_suite_fails_a_server_that_answers_any_host(conformance: list[str], server: MCPServer) -> None:
    """Nothing above is worth much if the suite would pass anything."""
    unprotected = TransportSecuritySettings(enable_dns_rebinding_protection=False)
    async with served(server, transport_security=unprotected) as url:
        ended = await run(conformance, url, "2025-11-25", "dns-rebinding-protection")

    assert ended.returncode == 1
