"""Plain tool calls past the SDK's layers: the same answers, cancellation, progress and end as through them."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp.server import MCPServer
from mcp.shared.message import SessionMessage
from mcp_types import JSONRPCNotification, JSONRPCRequest, JSONRPCResponse
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.salesforce import AsgiTransport
from mcp_salesforce.server import create_server
from mcp_salesforce.stdio import direct
from tests.conftest import NOW, settings_of
from tests.tools.test_every_tool import SEEDED_CONTACT, SPECS, sample_calls

Serve = Callable[[MCPServer[Any], Any, Any], Coroutine[Any, Any, None]]
HANDSHAKES = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")
MODERN = "2026-07-28"
LIST: dict[str, Any] = {"name": "salesforce_list_contacts", "arguments": {"limit": 1}}
SECONDS = 20


async def by_the_sdk(server: MCPServer[Any], from_host: Any, to_host: Any) -> None:
    lowlevel = server._lowlevel_server
    await lowlevel.run(from_host, to_host, lowlevel.create_initialization_options())


class Host:
    """What a host says and hears."""

    def __init__(self, revision: str, send: Any, receive: Any) -> None:
        self.revision = revision
        self.heard: list[dict[str, Any]] = []
        self._send = send
        self._receive = receive
        self._ids = itertools.count(1)

    async def say(self, method: str, params: dict[str, Any] | None = None, request_id: int | str | None = None) -> None:
        if request_id is None:
            await self._send.send(SessionMessage(JSONRPCNotification(jsonrpc="2.0", method=method, params=params)))
        else:
            request = JSONRPCRequest(jsonrpc="2.0", id=request_id, method=method, params=params)
            await self._send.send(SessionMessage(request))

    async def reply(self, request_id: int | str, result: dict[str, Any]) -> None:
        """Answer a request of the server."""
        await self._send.send(SessionMessage(JSONRPCResponse(jsonrpc="2.0", id=request_id, result=result)))

    async def hear(self) -> dict[str, Any]:
        with anyio.fail_after(SECONDS):
            item: SessionMessage = await self._receive.receive()
        self.heard.append(item.message.model_dump(mode="json", by_alias=True, exclude_unset=True))
        return self.heard[-1]

    async def ask(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        number = next(self._ids)
        await self.say(method, self.enveloped(params), number)
        while (answer := await self.hear()).get("id") != number:
            pass
        return answer

    def enveloped(self, params: dict[str, Any]) -> dict[str, Any]:
        if self.revision != MODERN:
            return params
        prefix = "io.modelcontextprotocol/"
        envelope = {
            f"{prefix}protocolVersion": MODERN,
            f"{prefix}clientInfo": {"name": "test", "version": "1"},
            f"{prefix}clientCapabilities": {},
        }
        return {**params, "_meta": {**envelope, **params.get("_meta", {})}}

    async def begin(self) -> None:
        if self.revision == MODERN:
            await self.ask("server/discover", {})
            return
        client = {"name": "test", "version": "1"}
        await self.ask("initialize", {"protocolVersion": self.revision, "capabilities": {}, "clientInfo": client})
        await self.say("notifications/initialized")

    async def end(self) -> None:
        await self._send.aclose()


@asynccontextmanager
async def session(server: MCPServer[Any], revision: str, serve: Serve = direct.serve) -> AsyncIterator[Host]:
    to_server, from_host = anyio.create_memory_object_stream[SessionMessage | Exception](100)
    to_host, from_server = anyio.create_memory_object_stream[SessionMessage](100)
    async with from_server, anyio.create_task_group() as tasks:
        tasks.start_soon(serve, server, from_host, to_host)
        host = Host(revision, to_server, from_server)
        yield host
        await host.end()


@pytest.fixture
def server(org: LocalOrg) -> MCPServer[Any]:
    return create_server(settings_of(org, toolsets="all"), transport=AsgiTransport(org.app), now=lambda: NOW)


class Held:
    """An org that holds every answer back until it is let go."""

    def __init__(self, org: LocalOrg) -> None:
        self.asked = asyncio.Event()
        self.let_go = asyncio.Event()
        self.answered = 0
        self._org = org

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.asked.set()
        await self.let_go.wait()
        self.answered += 1
        await self._org.app(scope, receive, send)


@pytest.fixture
def held(org: LocalOrg) -> Held:
    return Held(org)


@pytest.fixture
def held_server(org: LocalOrg, held: Held) -> MCPServer[Any]:
    return create_server(settings_of(org), transport=AsgiTransport(held), now=lambda: NOW)


def counting(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Note for each message whether it was taken past the SDK."""
    taken: list[bool] = []
    takes = direct.DirectCalls.takes

    def noting(calls: direct.DirectCalls, message: Any) -> bool:
        taken.append(takes(calls, message))
        return taken[-1]

    monkeypatch.setattr(direct.DirectCalls, "takes", noting)
    return taken


READS = {
    name: calls
    for name, calls in sample_calls(SEEDED_CONTACT, "00Ulo0000000001EAA").items()
    if SPECS[name].effect.is_reading and name != "salesforce_whoami"  # which counts the org's calls
}
ODD: list[dict[str, Any]] = [
    {"name": "salesforce_list_contacts", "arguments": {"nothing": "like this"}},
    {"name": "salesforce_list_contacts"},
    {"name": "salesforce_list_contacts", "arguments": None},
    {"name": "salesforce_list_contacts", "_meta": {"progressToken": True}},
    {"name": "salesforce_list_contacts", "arguments": []},
    {"name": "salesforce_fly", "arguments": {}},
    {"name": 7},
    {},
]


@pytest.mark.parametrize("revision", [*HANDSHAKES, MODERN])
async def test_answers_are_those_of_the_sdk(
    server: MCPServer[Any], revision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = [{"name": name, "arguments": each} for name, some in READS.items() for each in some]
    answers: dict[Serve, list[dict[str, Any]]] = {}
    taken = counting(monkeypatch)
    for serve in (by_the_sdk, direct.serve):
        async with session(server, revision, serve) as host:
            await host.begin()
            for call in [*calls, *ODD]:
                await host.ask("tools/call", call)
            answers[serve] = host.heard

    assert answers[direct.serve] == answers[by_the_sdk]
    assert sum(taken) == len(calls) + 4  # the first of ODD are a tool's to judge


@pytest.mark.parametrize("revision", [HANDSHAKES[-1], MODERN])
async def test_what_the_session_has_not_agreed_on_goes_to_the_sdk(
    server: MCPServer[Any], revision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = counting(monkeypatch)
    async with session(server, revision) as host:
        early = await host.ask("tools/call", LIST)
        await host.begin()
        host.revision = MODERN if revision != MODERN else HANDSHAKES[-1]
        other = await host.ask("tools/call", LIST)

    assert ("error" in early) == (revision != MODERN)
    assert "error" in other
    assert not any(taken)


@pytest.mark.parametrize("revision", [HANDSHAKES[-1], MODERN])
async def test_a_call_that_is_cancelled_stops_and_is_not_answered(
    held_server: MCPServer[Any], held: Held, revision: str
) -> None:
    async with session(held_server, revision) as host:
        await host.begin()
        await host.say("tools/call", host.enveloped(LIST), "7")
        await held.asked.wait()
        await host.say("notifications/cancelled", {"requestId": 7})
        assert (await host.ask("tools/list", {}))["result"]["tools"]
        held.let_go.set()
        after = await host.ask("tools/call", LIST)

    assert after["result"]["structuredContent"]["rows"]
    assert [each for each in host.heard if each.get("id") == "7"] == []
    assert held.answered <= 2  # the token, and the later call: the first one had ended


@pytest.mark.parametrize("revision", [HANDSHAKES[-1], MODERN])
async def test_the_end_of_a_session_answers_what_is_under_way(
    held_server: MCPServer[Any], held: Held, revision: str
) -> None:
    async with session(held_server, revision) as host:
        await host.begin()
        await host.say("tools/call", host.enveloped(LIST), 7)
        await held.asked.wait()
        await host.end()
        answer = await host.hear()

    assert (answer["id"], answer["error"]["message"]) == (7, "Connection closed")


@pytest.mark.parametrize("serve", [by_the_sdk, direct.serve], ids=["sdk", "direct"])
async def test_progress_is_told_before_the_answer(org: LocalOrg, tmp_path: Path, serve: Serve) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text('approval = "off"', "utf-8")
    server = create_server(settings_of(org, policy=policy), transport=AsgiTransport(org.app), now=lambda: NOW)
    rows = [{"Name": f"Account {number}"} for number in range(250)]
    call = {
        "name": "salesforce_create_records",
        "arguments": {"sobject": "Account", "records": rows, "all_or_none": False},
    }
    async with session(server, HANDSHAKES[-1], serve) as host:
        await host.begin()
        await host.ask("tools/call", {**call, "_meta": {"progressToken": "p"}})
        told = [each for each in host.heard if each.get("method") == "notifications/progress"]
        await host.ask("tools/call", call)

    assert [each["params"] for each in told] == [
        {"progressToken": "p", "progress": done, "total": 250} for done in (200, 250)
    ]
    assert [each for each in host.heard if each.get("method") == "notifications/progress"] == told


async def test_calls_run_at_the_same_time(held_server: MCPServer[Any], held: Held) -> None:
    async with session(held_server, HANDSHAKES[-1]) as host:
        await host.begin()
        for number in range(100, 110):
            await host.say("tools/call", LIST, number)
        assert (await host.ask("ping", {}))["result"] == {}
        held.let_go.set()
        answered = {(await host.hear())["id"] for _ in range(10)}

    assert answered == set(range(100, 110))


async def test_a_traced_call_goes_to_the_sdk_which_makes_its_span(
    server: MCPServer[Any], monkeypatch: pytest.MonkeyPatch, spans: InMemorySpanExporter
) -> None:
    taken = counting(monkeypatch)
    async with session(server, HANDSHAKES[-1]) as host:
        await host.begin()
        assert "result" in await host.ask("tools/call", LIST)

    assert not any(taken)
    assert f"tools/call {LIST['name']}" in [span.name for span in spans.get_finished_spans()]


async def test_a_tool_that_breaks_costs_its_own_answer_only(
    server: MCPServer[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_arguments: object, **_values: object) -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(server._tool_manager.get_tool(LIST["name"]), "fn", broken)
    heard = []
    for serve in (by_the_sdk, direct.serve):
        async with session(server, HANDSHAKES[-1], serve) as host:
            await host.begin()
            heard.append(await host.ask("tools/call", LIST))
            assert (await host.ask("ping", {}))["result"] == {}

    assert heard[0] == heard[1]
    assert heard[0]["result"]["isError"]
