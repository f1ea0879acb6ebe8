"""Whole logins with clients that others wrote: registration, consent, tokens, refreshes at once, dead logins."""

import json
import os
import re
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import anyio
import httpx2
import pytest
from anyio.streams.text import TextReceiveStream
from mcp import Client
from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientInformationFull, OAuthClientMetadata, OAuthToken
from pydantic import AnyUrl

from mcp_salesforce.localorg import LocalOrg
from tests.oauth.served import Served, served
from tests.oauth.site import Time

pytestmark = [pytest.mark.clients, pytest.mark.anyio]
FOLDER = Path(__file__).parent
PATIENCE_S = 120
OLD_RACE = "Server returned 401 after successful authentication"
"""The older SDK says so of a call whose 401 arrives when another call has refreshed; it does not send it again."""
CALLBACK = "http://127.0.0.1:7777/callback"


@pytest.fixture
async def team(org: LocalOrg, tmp_path: Path) -> AsyncIterator[Served]:
    org.oauth.rotate_refresh_tokens = True
    async with served(org, tmp_path, Time()) as team:
        yield team


class Kept:
    """What a Python client keeps of a login."""

    def __init__(self) -> None:
        self.tokens: OAuthToken | None = None
        self.client: OAuthClientInformationFull | None = None

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client = client_info


def provider_of(team: Served, kept: Kept, user_id: str = "") -> OAuthClientProvider:
    brought: list[str] = []

    async def open_browser(address: str) -> None:
        brought.append(await team.allow(address, user_id))

    async def wait() -> AuthorizationCodeResult:
        answer = httpx2.URL(brought.pop()).params
        return AuthorizationCodeResult(code=answer["code"], state=answer.get("state"), iss=answer.get("iss"))

    described = OAuthClientMetadata(client_name="Python", redirect_uris=[AnyUrl(CALLBACK)])
    return OAuthClientProvider(team.mcp, described, kept, open_browser, wait)


async def who(team: Served, kept: Kept, user_id: str = "", *, hours_later: bool = False) -> str:
    """As whom a client works, which has somebody log in where it has to; it refreshes a token that is hours old."""
    provider = provider_of(team, kept, user_id)
    await provider._initialize()
    if hours_later:
        provider.context.token_expiry_time = 1
    async with (
        httpx2.AsyncClient(auth=provider, timeout=60) as http,
        Client(streamable_http_client(team.mcp, http_client=http)) as client,
    ):
        answer = await client.call_tool("salesforce_whoami", {})
        assert answer.structured_content, answer
        return str(answer.structured_content["user"]["Id"])


async def test_python_logs_in_calls_refreshes_and_logs_in_again_when_the_login_is_dead(team: Served) -> None:
    maria, kept, of_maria = str(team.org.oauth.users()[1]["Id"]), Kept(), Kept()

    assert await who(team, kept) == team.org.user_id
    assert await who(team, of_maria, maria) == maria
    first = kept.tokens
    team.time.now += 3601
    assert await who(team, kept, hours_later=True) == team.org.user_id
    assert kept.tokens != first
    assert len(team.opened) == 2

    team.org.expire_sessions()
    assert await who(team, of_maria, maria, hours_later=True) == maria
    team.org.store.execute("DELETE FROM _grant")
    team.org.expire_sessions()
    team.time.now += 61
    assert await who(team, kept) == team.org.user_id
    assert len(team.opened) == 3


class Program:
    """A client in a process of its own that writes and reads lines."""

    def __init__(self, process: Any) -> None:
        self._process = process
        self._lines = TextReceiveStream(process.stdout)
        self._text = ""

    async def read(self) -> dict[str, Any]:
        with anyio.fail_after(PATIENCE_S):
            while "\n" not in self._text:
                self._text += await self._lines.receive()
        line, _, self._text = self._text.partition("\n")
        answer: dict[str, Any] = json.loads(line)
        return answer

    async def write(self, line: str) -> None:
        await self._process.stdin.send(f"{line}\n".encode())


@pytest.mark.parametrize("era", ["new", "old"])
async def test_typescript_logs_in_and_refreshes_three_times_at_once(
    team: Served, node: Path, installed: Callable[[str], Path], era: str
) -> None:
    installed("@modelcontextprotocol/client")
    command = [str(node), str(FOLDER / "mcp_login.mjs"), era, team.mcp, CALLBACK]
    async with await anyio.open_process(command, stderr=None) as process:
        program = Program(process)
        back = await team.allow((await program.read())["authorize"])
        await program.write(urlsplit(back).query)
        assert "salesforce_whoami" in (await program.read())["tools"]

        for _ in range(3):
            await program.write("3")
            ended = (await program.read())["ended"]
            for each in ended:
                assert team.org.user_id in json.dumps(each) or (era == "old" and OLD_RACE in each.get("thrown", "")), (
                    each
                )
            await program.write("1")
            assert team.org.user_id in json.dumps(await program.read())
            team.time.now += 3601
            team.org.expire_sessions()
        assert len(team.opened) == 1
        await process.stdin.aclose()  # type: ignore[union-attr]  # it is a pipe
        await process.wait()


async def test_mcp_remote_logs_in_through_its_own_port(team: Served, node: Path, tmp_path: Path) -> None:
    found = FOLDER.parents[1] / ".hosts" / "mcp-remote" / "node_modules" / "mcp-remote" / "dist" / "proxy.js"
    if not found.exists():
        pytest.skip("mcp-remote is not installed: .ci/hosts")
    env = {**os.environ, "MCP_REMOTE_CONFIG_DIR": str(tmp_path / "remote"), "BROWSER": "false", "DISPLAY": ""}
    env["PATH"] = f"{_without_a_browser(tmp_path)}{os.pathsep}{env['PATH']}"
    async with await anyio.open_process([str(node), str(found), team.mcp, "--allow-http"], env=env) as process:
        program = Program(process)
        assert process.stderr
        said, errors = "", TextReceiveStream(process.stderr)
        with anyio.fail_after(PATIENCE_S):
            while not (address := re.search(rf"{team.issuer}/authorize\S+", said)) or not said.endswith("\n"):
                said += await errors.receive()
        back = await team.allow(address[0])
        async with httpx2.AsyncClient() as browser, anyio.create_task_group() as tasks:
            tasks.start_soon(_drained, errors)
            assert (await browser.get(back)).status_code == 200
            hello = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
            await program.write(json.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello}))
            assert "result" in await program.read()
            await program.write(json.dumps({"jsonrpc": "2.0", "method": "notifications/initialized"}))
            call = {"name": "salesforce_whoami", "arguments": {}}
            await program.write(json.dumps({"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": call}))
            assert team.org.user_id in json.dumps(await program.read())
            team.time.now += 3601
            await program.write(json.dumps({"jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": call}))
            assert team.org.user_id in json.dumps(await program.read())
            process.terminate()
    assert len(team.opened) == 1


async def _drained(errors: TextReceiveStream) -> None:
    async for _ in errors:
        pass


def _without_a_browser(folder: Path) -> Path:
    """A folder with an xdg-open that opens nothing: the test is the person."""
    tools = folder / "tools"
    tools.mkdir()
    true = shutil.which("true")
    assert true
    for name in ("xdg-open", "open"):
        (tools / name).symlink_to(true)
    return tools
