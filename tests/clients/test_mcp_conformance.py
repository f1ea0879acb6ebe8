"""The protocol's own conformance suite, over HTTP as `serve --http` serves it."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest

from mcp_salesforce.http import application
from mcp_salesforce.http.application import Application, create_app
from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.salesforce import AsgiTransport
from mcp_salesforce.server import SalesforceServer, build_server, create_server
from tests.clients.conformance_fixtures import add_fixtures
from tests.conftest import settings_of
from tests.http.served import served

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
        "tools-list",
    ],
}
"""Those that need no tool, resource or prompt of the suite's own, and no session: the server keeps none."""

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
def app(org: LocalOrg) -> Application:
    return create_app(settings_of(org), transport=AsgiTransport(org.app))


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
    conformance: list[str], app: Application, revision: str, scenario: str
) -> None:
    async with served(app) as url:
        assert_passed(await run(conformance, url, revision, scenario))


@pytest.mark.parametrize("scenario", FIXTURE_SCENARIOS)
@pytest.mark.parametrize("revision", SCENARIOS)
async def test_a_server_of_the_same_builder_passes_with_the_tools_of_the_suite(
    conformance: list[str], org: LocalOrg, monkeypatch: pytest.MonkeyPatch, revision: str, scenario: str
) -> None:
    def with_fixtures(*arguments: Any, **options: Any) -> SalesforceServer:
        server = build_server(*arguments, **options)
        add_fixtures(server)
        return server

    monkeypatch.setattr(application, "build_server", with_fixtures)
    async with served(create_app(settings_of(org), transport=AsgiTransport(org.app))) as url:
        assert_passed(await run(conformance, url, revision, scenario))


async def test_the_suite_fails_a_server_that_answers_any_host(conformance: list[str], org: LocalOrg) -> None:
    """Nothing above is worth much if the suite would pass anything."""
    unprotected = create_server(settings_of(org)).streamable_http_app(host="0.0.0.0")  # noqa: S104 - only a name here
    async with served(unprotected) as url:
        ended = await run(conformance, url, "2025-11-25", "dns-rebinding-protection")

    assert ended.returncode == 1
