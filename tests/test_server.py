"""The server as a process: both eras over stdio, a clean end, and nothing but the protocol on stdout."""

import asyncio
import fcntl
import json
import logging
import os
import select
import signal
import subprocess
import sys
import termios
import time
from array import array
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import pytest
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp_types import JSONRPCNotification, JSONRPCRequest

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.salesforce import AsgiTransport
from mcp_salesforce.server import create_server
from mcp_salesforce.stdio import eras
from mcp_salesforce.tools import TOOLSETS
from tests.cli.processes import END_S
from tests.conftest import settings_of
from tests.tools.calls import call
from tests.warm import warm

ENVIRONMENT = {
    "SALESFORCE_CLIENT_ID": "3MVGclient",
    "SALESFORCE_CLIENT_SECRET": "secretsecret",
    "SALESFORCE_REFRESH_TOKEN": "5Aep861refresh",
    "SALESFORCE_INSTANCE_URL": "http://127.0.0.1:9",  # the discard port: nobody answers
}
TOOL_COUNT = sum(len(toolset.specs) for toolset in TOOLSETS if toolset.is_default)
MODULE = "mcp_salesforce.server"
INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    },
}


@contextmanager
def process(environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    started = subprocess.Popen(
        warm(MODULE),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **environment},
    )
    try:
        yield started
    finally:
        started.kill()
        started.wait()
        for stream in (started.stdin, started.stdout, started.stderr):
            with suppress(OSError):
                pipe(stream).close()


def pipe(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None
    return stream


def ask(server: subprocess.Popen[bytes], message: dict[str, Any]) -> dict[str, Any]:
    pipe(server.stdin).write(json.dumps(message).encode() + b"\n")
    pipe(server.stdin).flush()
    reply: dict[str, Any] = json.loads(pipe(server.stdout).readline())
    return reply


def wait_until_full(server: subprocess.Popen[bytes]) -> None:
    """Wait until the server's answers fill its pipe: what it holds grows no more."""
    held, size = array("i", [0]), fcntl.fcntl(pipe(server.stdout), fcntl.F_GETPIPE_SZ)
    deadline = time.monotonic() + END_S
    while held[0] <= size - 2 * select.PIPE_BUF:
        assert time.monotonic() < deadline
        time.sleep(0.01)
        fcntl.ioctl(pipe(server.stdout), termios.FIONREAD, held)


@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_a_host_lists_and_calls_the_tools_over_stdio(mode: str) -> None:
    parameters = StdioServerParameters(command=sys.executable, args=["-m", MODULE], env={**os.environ, **ENVIRONMENT})
    async with Client(stdio_client(parameters), mode=mode) as client:
        assert len((await client.list_tools()).tools) == TOOL_COUNT
        result = await client.call_tool("salesforce_query", {"soql": "SELECT Id FROM Contact"})

    assert result.is_error
    assert (result.meta or {})["code"] == "NO_ANSWER"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_at_once_while_the_host_keeps_stdin_open(number: signal.Signals) -> None:
    with process(ENVIRONMENT) as server:
        ask(server, INITIALIZE)
        server.send_signal(number)

        assert server.wait(timeout=END_S) == 0
        assert pipe(server.stdout).read() == b""
        assert pipe(server.stderr).read() == b""


def test_the_end_of_input_ends_it_at_once() -> None:
    with process(ENVIRONMENT) as server:
        ask(server, INITIALIZE)
        pipe(server.stdin).close()

        assert server.wait(timeout=END_S) == 0
        assert pipe(server.stderr).read() == b""


def test_a_host_that_is_gone_leaves_no_traceback() -> None:
    with process(ENVIRONMENT) as server:
        ask(server, INITIALIZE)
        pipe(server.stdout).close()
        pipe(server.stdin).write(b'{"jsonrpc":"2.0","id":2,"method":"ping"}\n')
        pipe(server.stdin).flush()

        assert server.wait(timeout=END_S) == 0
        assert b"Traceback" not in pipe(server.stderr).read()


def test_a_message_in_pieces_and_one_that_is_no_json_do_not_stop_it() -> None:
    with process(ENVIRONMENT) as server:
        ask(server, INITIALIZE)
        stdin = pipe(server.stdin)
        stdin.write(b"{not json}\n")
        for piece in (b'{"jsonrpc":"2.0","id":7,', b'"method":"ping"}\n'):
            stdin.write(piece)
            stdin.flush()

        while "id" not in (reply := json.loads(pipe(server.stdout).readline())) or reply["id"] is None:
            assert "error" in reply
        assert reply == {"jsonrpc": "2.0", "id": 7, "result": {}}


def test_a_host_that_does_not_read_keeps_nobody_from_ending_it() -> None:
    with process(ENVIRONMENT) as server:
        ask(server, INITIALIZE)
        for number in range(40):  # far more than a pipe holds
            pipe(server.stdin).write(
                json.dumps({"jsonrpc": "2.0", "id": number, "method": "tools/list"}).encode() + b"\n"
            )
        pipe(server.stdin).flush()
        wait_until_full(server)
        assert server.poll() is None
        server.send_signal(signal.SIGINT)

        assert server.wait(timeout=END_S) == 0


def test_a_host_that_reads_late_gets_every_answer_whole() -> None:
    with process(ENVIRONMENT) as server:
        ask(server, INITIALIZE)
        for number in range(40):
            pipe(server.stdin).write(
                json.dumps({"jsonrpc": "2.0", "id": number, "method": "tools/list"}).encode() + b"\n"
            )
        pipe(server.stdin).flush()
        wait_until_full(server)
        replies = [json.loads(pipe(server.stdout).readline()) for _ in range(40)]

    assert sorted(reply["id"] for reply in replies) == list(range(40))
    assert all(len(reply["result"]["tools"]) == TOOL_COUNT for reply in replies)


def test_an_answer_that_has_begun_is_written_to_its_end_though_its_request_is_cancelled() -> None:
    def say(**message: Any) -> None:
        pipe(server.stdin).write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")
        pipe(server.stdin).flush()

    with process(ENVIRONMENT) as server:
        ask(server, INITIALIZE)
        for number in range(20):
            say(id=number, method="tools/list")
        wait_until_full(server)
        for number in range(20):
            say(method="notifications/cancelled", params={"requestId": number})
        say(id="last", method="ping")
        replies: list[dict[str, Any]] = []
        while not replies or replies[-1]["id"] != "last":
            replies.append(json.loads(pipe(server.stdout).readline()))

    assert len({reply["id"] for reply in replies}) == len(replies)
    assert all(len(reply["result"]["tools"]) == TOOL_COUNT for reply in replies[:-1])


def test_input_from_a_file_is_answered_to_its_last_line(tmp_path: Path) -> None:
    script = tmp_path / "input.jsonl"
    messages = [INITIALIZE, {"jsonrpc": "2.0", "id": 2, "method": "ping"}]
    script.write_text("\n".join(map(json.dumps, messages)))
    with script.open("rb") as stdin:
        done = subprocess.run(
            warm(MODULE),
            stdin=stdin,
            capture_output=True,
            env={**os.environ, **ENVIRONMENT},
            timeout=END_S,
            check=True,
        )

    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == [1, 2]
    assert done.stderr == b""


def test_what_is_asked_before_the_end_of_input_is_answered() -> None:
    asked = [
        INITIALIZE,
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {
            "jsonrpc": "2.0",
            "id": 'a "call"',
            "method": "tools/call",
            "params": {"name": "salesforce_query", "arguments": {"soql": "SELECT Id FROM Contact"}},
        },
        *({"jsonrpc": "2.0", "id": number, "method": "tools/list"} for number in range(2, 22)),
    ]
    with process(ENVIRONMENT) as server:
        output, errors = server.communicate("".join(json.dumps(one) + "\n" for one in asked).encode(), timeout=END_S)

    replies = {reply["id"]: reply for reply in map(json.loads, output.splitlines())}
    assert set(replies) == {1, 'a "call"', *range(2, 22)}
    assert "NO_ANSWER" in replies['a "call"']["result"]["content"][0]["text"]
    assert server.returncode == 0
    assert b"Traceback" not in errors


async def test_a_request_that_was_cancelled_is_waited_for_no_longer() -> None:
    unanswered = eras.Unanswered()
    unanswered.came(JSONRPCRequest(jsonrpc="2.0", id=1, method="tools/call"))
    unanswered.came(JSONRPCRequest(jsonrpc="2.0", id=2, method="subscriptions/listen"))
    unanswered.came(JSONRPCNotification(jsonrpc="2.0", method="notifications/cancelled", params={"requestId": 1}))

    await asyncio.wait_for(unanswered.wait_for_none(), END_S)


async def test_an_answer_that_never_comes_is_not_waited_for_forever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(eras, "_LAST_ANSWERS_S", 0.01)
    unanswered = eras.Unanswered()
    unanswered.came(JSONRPCRequest(jsonrpc="2.0", id=1, method="tools/call"))

    await asyncio.wait_for(unanswered.wait_for_none(), END_S)


def test_what_anything_else_prints_goes_to_stderr_while_it_serves() -> None:
    program = (
        "import anyio, mcp_salesforce.stdio as stdio\n"
        "print('before', flush=True)\n"
        "with stdio._protocol_alone_on_stdout() as wire:\n"
        "    print('stray', flush=True)\n"
        "    stdio.os.write(wire, b'message\\n')\n"
        "print('after', flush=True)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=END_S, check=True)

    assert done.stdout.splitlines() == [b"before", b"message", b"after"]
    assert done.stderr.splitlines() == [b"stray"]


def test_without_settings_it_says_what_is_missing_and_ends_with_status_2() -> None:
    with process(dict.fromkeys(ENVIRONMENT, "")) as server:
        output, errors = server.communicate(timeout=END_S)

    assert server.returncode == 2
    assert output == b""
    assert all(name.encode() in errors for name in ENVIRONMENT)
    assert b"Traceback" not in errors


async def test_calls_at_the_same_time_ask_for_the_users_zone_once(org: LocalOrg) -> None:
    asked = 0

    async def counting(scope: Any, receive: Any, send: Any) -> None:
        nonlocal asked
        asked += b"TimeZoneSidKey" in scope["query_string"]
        await org.app(scope, receive, send)

    async with Client(create_server(settings_of(org), transport=AsgiTransport(counting))) as mcp:
        await asyncio.gather(*(call(mcp, "list_appointments", limit=1) for _ in range(20)))
        await call(mcp, "list_appointments", limit=1)

    assert asked == 1


async def test_no_value_of_a_call_reaches_the_log(org: LocalOrg, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with Client(create_server(settings_of(org), transport=AsgiTransport(org.app)), mode="legacy") as mcp:
        for arguments in ({"data": {"LastName": "Zanzibar"}}, {"data": {"LastName": "Zanzibar" * 20}}):
            await mcp.call_tool("salesforce_create_contact", arguments)
        await mcp.call_tool("salesforce_list_contacts", {"name": "Zanzibar", "limit": 0})

    ours_and_the_sdks = [r for r in caplog.records if r.name.startswith(("mcp_salesforce", "mcp.server"))]
    assert "Zanzibar" not in "".join(record.getMessage() for record in ours_and_the_sdks)
