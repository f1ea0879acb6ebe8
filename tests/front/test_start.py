"""The start as a host sees it: a process, with and without a snapshot."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from mcp_salesforce.front import snapshots
from mcp_salesforce.tools import TOOLSETS
from tests.cli.processes import END_S
from tests.test_server import ENVIRONMENT, TOOL_COUNT, pipe
from tests.warm import warm

PREFIX = "io.modelcontextprotocol/"
ENVELOPE = {"_meta": {f"{PREFIX}protocolVersion": "2026-07-28", f"{PREFIX}clientCapabilities": {}}}
HANDSHAKE = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
OF_THE_FUTURE = {"_meta": {f"{PREFIX}protocolVersion": "2099-01-01", f"{PREFIX}clientCapabilities": {}}}
INITIALIZED = {"jsonrpc": "2.0", "method": "notifications/initialized"}
CALL = {"name": "salesforce_query", "arguments": {"soql": "SELECT Id FROM Contact"}}
SERVER = [sys.executable, "-m", "mcp_salesforce.server"]
STARTS = {"server": SERVER, "serve": [sys.executable, "-m", "mcp_salesforce", "serve"]}
"""Each is a whole start; a test that is of what follows it takes `talk` or `warm`."""
SLOW = """
import importlib.abc, sys, time

class Slow(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "mcp":
            print("loading", flush=True)
            time.sleep(600)

sys.meta_path.insert(0, Slow())
"""


def asked(request_id: Any, method: str, params: Any = None) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": request_id, "method": method, **({} if params is None else {"params": params})}


def as_lines(*messages: Any) -> bytes:
    return b"".join((each if isinstance(each, bytes) else json.dumps(each).encode()) + b"\n" for each in messages)


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Settings with a cache that has the snapshot for them."""
    environment = {**os.environ, **ENVIRONMENT, "XDG_CACHE_HOME": str(tmp_path_factory.mktemp("cache"))}
    environment["SALESFORCE_TOOLSETS"] = ",".join(toolset.name for toolset in TOOLSETS if toolset.is_default)
    talk(environment, asked(1, "ping"))
    return environment


def talk(environment: dict[str, str], *messages: Any, command: list[str] | None = None) -> list[dict[str, Any]]:
    """Say everything at once, and return what is answered until the end."""
    done = subprocess.run(
        command or warm("mcp_salesforce.server"),
        input=as_lines(*messages),
        capture_output=True,
        env=environment,
        timeout=END_S,
        check=True,
    )
    assert b"Traceback" not in done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@contextmanager
def started(command: list[str], environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            with suppress(OSError):
                pipe(stream).close()


def ask(process: subprocess.Popen[bytes], *messages: Any) -> dict[str, Any]:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(as_lines(*messages))
    process.stdin.flush()
    answer: dict[str, Any] = json.loads(process.stdout.readline())
    return answer


@pytest.fixture
def slow(environment: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """An environment in which the server never has loaded."""
    (tmp_path / "sitecustomize.py").write_text(SLOW)
    return {**environment, "PYTHONPATH": str(tmp_path)}


@pytest.mark.parametrize("start", STARTS)
def test_the_first_answers_wait_for_no_library(environment: dict[str, str], start: str) -> None:
    command = [STARTS[start][0], "-X", "importtime", *STARTS[start][1:]]
    done = subprocess.run(
        command,
        input=as_lines(
            asked(1, "server/discover", ENVELOPE), asked(2, "initialize", HANDSHAKE), asked(3, "tools/list")
        ),
        capture_output=True,
        env=environment,
        timeout=END_S,
        check=True,
    )

    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == [1, 2, 3]
    imported = set(re.findall(r"\| +(\S+)$", done.stderr.decode(), re.MULTILINE))
    heavy = {
        "mcp",
        "mcp_types",
        "pydantic",
        "pydantic_core",
        "pydantic_settings",
        "aiohttp",
        "anyio",
        "asyncio",
        "click",
    }
    assert "mcp_salesforce.front.pipe" in imported
    assert imported & heavy == set()
    assert {name for name in imported if name.startswith("mcp_salesforce.") and ".front" not in name} == set()


@pytest.mark.parametrize("start", STARTS)
def test_the_first_answers_come_before_the_server_has_loaded_and_all_others_wait_for_it(
    slow: dict[str, str], start: str
) -> None:
    with started(STARTS[start], slow) as process:
        assert ask(process, asked(1, "tools/call", CALL), asked(2, "initialize", HANDSHAKE))["id"] == 2
        assert ask(process, INITIALIZED, asked(3, "tools/list", {"cursor": "x"}), asked(4, "ping"))["id"] == 4
        assert len(ask(process, asked(5, "tools/list"))["result"]["tools"]) == TOOL_COUNT
        assert process.poll() is None


def test_what_a_library_prints_while_it_loads_is_no_protocol(slow: dict[str, str]) -> None:
    with started(SERVER, slow) as process:
        assert process.stderr is not None
        assert process.stdin is not None
        assert process.stderr.readline() == b"loading\n"
        assert ask(process, asked(1, "server/discover", ENVELOPE))["id"] == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_while_it_loads(slow: dict[str, str], number: signal.Signals) -> None:
    with started(SERVER, slow) as process:
        assert process.stderr is not None
        assert process.stdout is not None
        ask(process, asked(1, "server/discover", ENVELOPE))
        assert process.stderr.readline() == b"loading\n"
        process.send_signal(number)

        assert process.wait(timeout=END_S) == 0
        assert process.stdout.read() == b""
        assert process.stderr.read() == b""


def test_the_end_of_input_ends_it_while_it_loads(slow: dict[str, str]) -> None:
    with started(SERVER, slow) as process:
        assert process.stderr is not None
        assert process.stdin is not None
        ask(process, asked(1, "initialize", HANDSHAKE))
        process.stdin.write(as_lines(INITIALIZED))
        process.stdin.flush()
        assert process.stderr.readline() == b"loading\n"
        process.stdin.close()

        assert process.wait(timeout=END_S) == 0


def test_what_was_asked_is_answered_though_input_ends_while_it_loads(environment: dict[str, str]) -> None:
    messages = asked(1, "initialize", HANDSHAKE), INITIALIZED, asked(2, "tools/call", CALL)
    answers = talk(environment, *messages, command=SERVER)

    assert [answer["id"] for answer in answers] == [1, 2]
    assert "NO_ANSWER" in answers[1]["result"]["content"][0]["text"]


def test_lines_of_any_length_and_without_an_end_pass_from_the_front_to_the_server(environment: dict[str, str]) -> None:
    long = {"name": "salesforce_query", "arguments": {"soql": "SELECT Id FROM Contact" + " " * 3_000_000}}
    asked_for = as_lines(asked(1, "initialize", HANDSHAKE), b"", asked(2, "tools/call", long), asked(3, "ping"))

    done = subprocess.run(
        SERVER, input=asked_for.rstrip(b"\n"), capture_output=True, env=environment, timeout=END_S, check=True
    )

    assert sorted(json.loads(line)["id"] for line in done.stdout.splitlines()) == [1, 2, 3]


def test_a_host_that_probes_has_a_session_in_either_era(environment: dict[str, str]) -> None:
    with started(warm("mcp_salesforce.server"), environment) as process:
        for at, probe in enumerate(["a", "b"]):
            assert "result" in ask(process, asked(f"{probe}1", "server/discover", ENVELOPE))
            assert "result" in ask(process, asked(f"{probe}2", "initialize", HANDSHAKE))
            assert len(ask(process, asked(f"{probe}3", "tools/list"))["result"]["tools"]) == TOOL_COUNT
            assert "NO_ANSWER" in str(ask(process, INITIALIZED, asked(f"{probe}4", "tools/call", CALL))["result"]), at
            modern = ask(process, asked(f"{probe}5", "tools/call", {**CALL, **ENVELOPE}))["result"]
            assert "NO_ANSWER" in str(modern)
            assert modern["resultType"] == "complete"


@pytest.mark.parametrize("has_snapshot", [True, False])
@pytest.mark.parametrize(
    ("messages", "codes"),
    [
        ([asked(1, "initialize", HANDSHAKE), asked(2, "initialize", HANDSHAKE), asked(3, "ping")], {1: 0, 2: 0, 3: 0}),
        ([asked(1, "initialize", HANDSHAKE), asked(2, "server/discover", ENVELOPE)], {1: 0, 2: 0}),
        ([asked(1, "initialize", HANDSHAKE), asked(2, "server/discover")], {1: 0, 2: -32601}),
        ([asked(1, "server/discover"), asked(2, "initialize", HANDSHAKE)], {1: -32601, 2: 0}),
        ([asked(1, "tools/call", CALL), asked(2, "initialize", HANDSHAKE)], {1: -32602, 2: 0}),
        ([asked(1, "tools/list"), asked(2, "server/discover", ENVELOPE)], {1: -32602, 2: 0}),
        ([b"\xff\x00{", b"", asked(1, "initialize", HANDSHAKE)], {1: 0}),
        ([asked(1, "server/discover", OF_THE_FUTURE), asked(2, "initialize", HANDSHAKE)], {1: -32022, 2: 0}),
    ],
)  # fmt: skip
def test_each_request_of_an_odd_beginning_has_its_answer(
    environment: dict[str, str], tmp_path: Path, messages: list[Any], codes: dict[int, int], *, has_snapshot: bool
) -> None:
    chosen = environment if has_snapshot else {**environment, "XDG_CACHE_HOME": str(tmp_path)}

    answers = talk(chosen, *messages)

    assert {answer["id"]: answer.get("error", {}).get("code", 0) for answer in answers} == codes
    assert len(answers) == len(codes)


@pytest.mark.parametrize("start", [["mcp_salesforce.server"], ["mcp_salesforce", "serve"]])
def test_wrong_settings_get_no_answer_though_there_is_a_snapshot(environment: dict[str, str], start: list[str]) -> None:
    for wrong in ({"SALESFORCE_INSTANCE_URL": "https://login.salesforce.com"}, {"SALESFORCE_TIMEOUT_S": "never"}):
        done = subprocess.run(
            warm(*start),
            input=as_lines(asked(1, "initialize", HANDSHAKE), asked(2, "tools/list")),
            capture_output=True,
            env={**environment, **wrong},
            timeout=END_S,
            check=False,
        )

        assert (done.returncode, done.stdout) == (2, b"")
        assert next(iter(wrong)).encode() in done.stderr


def test_a_host_that_closes_its_end_is_told_of_in_a_sentence(slow: dict[str, str]) -> None:
    with started(SERVER, slow) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stderr is not None
        process.stdout.close()
        process.stdin.write(as_lines(asked(1, "server/discover", ENVELOPE)))
        process.stdin.flush()

        assert process.wait(timeout=END_S) == 0
        assert process.stderr.read().endswith(b"The host closed its end of stdout.\n")


def test_without_a_snapshot_one_is_kept_for_the_next_start(tmp_path: Path) -> None:
    environment = {**os.environ, **ENVIRONMENT, "XDG_CACHE_HOME": str(tmp_path), "SALESFORCE_TOOLSETS": "contacts"}
    first = talk(environment, asked(1, "initialize", HANDSHAKE), asked(2, "tools/list"))
    [file] = tmp_path.rglob("*.txt")

    assert talk(environment, asked(1, "initialize", HANDSHAKE), asked(2, "tools/list")) == first
    assert not any(value in file.read_text() or value in file.name for value in ENVIRONMENT.values())
    assert snapshots.parse(file.read_text())["2025-11-25", "ping"] == '"result":{}'


def test_the_demo_answers_before_it_has_loaded_too(slow: dict[str, str], tmp_path: Path) -> None:
    command = [*STARTS["serve"], "--demo", "--file", str(tmp_path / "org.sqlite")]
    with started(command, slow) as process:
        before = time.monotonic()
        assert ask(process, asked(1, "server/discover", ENVELOPE))["id"] == 1
        assert time.monotonic() - before < END_S
        assert not (tmp_path / "org.sqlite").exists()


def test_a_policy_that_cannot_be_verified_ends_it_whatever_is_asked(
    environment: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "policy.toml").write_text('[objects.Contact]\nactions = ["read"]\n')
    with_policy = {**environment, "SALESFORCE_POLICY": str(tmp_path / "policy.toml")}
    talk(with_policy, asked(1, "ping"))

    done = subprocess.run(
        warm("mcp_salesforce.server"), input=b"", capture_output=True, env=with_policy, timeout=END_S, check=True
    )

    assert b"The policy could not be verified" in done.stderr
