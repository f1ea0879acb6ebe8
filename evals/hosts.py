"""A worker that is an MCP host without its terminal: Claude Code, Codex or Gemini CLI, with the server registered."""

import asyncio
import json
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from mcp_types import CallToolResult
from tests.hosts.watching import calls, watched

from evals.runs import Called, Desk, Worker, text_of
from evals.servers import Launch, Server, served

SESSION_S: Final = 1200
NAME: Final = "salesforce"
"""What the server is called in a host."""


class HostError(Exception):
    """The host could not be started, took too long, or ended with an error."""


@dataclass(frozen=True)
class Said:
    """What a host prints at its end."""

    answer: str
    tokens_in: int | None = None
    tokens_out: int | None = None


@dataclass(frozen=True)
class Headless:
    """A host: the words of a session that ends with its answer, which files it reads, and what it prints."""

    program: str
    words: Callable[[str, Launch], Sequence[str]]
    """From the request and the server to the words of the command; `mcp.json` is in the working folder."""
    read: Callable[[str], Said]
    files: Callable[[Launch], Mapping[str, Any]] = lambda _launch: {}
    """Files of the working folder, as JSON."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """What is added to the environment."""


def by_host(host: Headless, model: str, server: Server, environment: Mapping[str, str]) -> Worker:
    """Return a worker that is a session of a host, with the login and the settings of the environment.

    Claude Code and Gemini CLI get this server alone, Codex also those of its own configuration; none can write files or
    run commands. Nobody is there to answer the server: it must not ask.
    """

    async def worker(desk: Desk) -> str:
        with TemporaryDirectory() as kept, TemporaryDirectory() as folder, served(desk.org) as connection:
            launch = server.launch(connection, Path(kept))
            variables = {**launch.variables, "PATH": environment.get("PATH", os.defpath)}
            seen = Launch(tuple(watched(Path(kept), launch.command)), variables)
            _write(Path(folder), {"mcp.json": {"mcpServers": {NAME: entry(seen)}}, **host.files(seen)})
            named = ["--model", model] if model else []
            try:
                printed = await _printed(
                    [host.program, *host.words(desk.task.request, seen), *named],
                    folder,
                    {**environment, **host.variables},
                )
            finally:
                desk.called += [_called(*each) for each in calls(Path(kept))]
        said = host.read(printed)
        desk.used(said.tokens_in, said.tokens_out)
        return said.answer

    return worker


def entry(launch: Launch) -> dict[str, Any]:
    """Return a server as most hosts have it in their files."""
    program, *arguments = launch.command
    return {"command": program, "args": arguments, "env": dict(launch.variables)}


def _write(folder: Path, files: Mapping[str, Any]) -> None:
    for name, value in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(value), encoding="utf-8")


def _called(params: Mapping[str, Any], answer: Mapping[str, Any]) -> Called:
    if "error" in answer:
        return Called(params["name"], params.get("arguments") or {}, answer["error"]["message"], is_error=True)
    result = CallToolResult.model_validate({"content": []} | answer["result"])
    return Called(params["name"], params.get("arguments") or {}, text_of(result), bool(result.is_error))


async def _printed(command: Sequence[str], folder: str, environment: Mapping[str, str]) -> str:
    """Run a command to its end and return what it prints.

    Raises:
        HostError: It cannot be started, takes too long, or ends with a code other than 0.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=folder,
            env=dict(environment),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        raise HostError(f"{command[0]} cannot be started: {error.strerror}") from None
    try:
        printed, complained = await asyncio.wait_for(process.communicate(), SESSION_S)
    except TimeoutError:
        raise HostError(f"{command[0]} did not end within {SESSION_S} s.") from None
    finally:
        with suppress(ProcessLookupError):  # what it leaves behind, servers too
            os.killpg(process.pid, signal.SIGKILL)
    if process.returncode:
        raise HostError(f"{command[0]} ended with {process.returncode}: {(complained or printed).decode()[-500:]}")
    return printed.decode()


def _claude(request: str, _launch: Launch) -> Sequence[str]:
    alone = ("--mcp-config", "mcp.json", "--strict-mcp-config", "--tools", "", "--no-session-persistence")
    return ("--print", request, "--output-format", "json", *alone, "--allowedTools", f"mcp__{NAME}")


def _read_claude(printed: str) -> Said:
    told = json.loads(printed)
    if told.get("is_error"):
        raise HostError(str(told.get("result") or told.get("subtype")))
    used = told.get("usage") or {}
    names = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
    return Said(told["result"], sum(used.get(name) or 0 for name in names), used.get("output_tokens"))


def _codex(request: str, launch: Launch) -> Sequence[str]:
    program, *arguments = launch.command
    variables = ", ".join(f"{name} = {json.dumps(value)}" for name, value in launch.variables.items())
    told = {
        "command": json.dumps(program),
        "args": json.dumps(arguments),
        "env": f"{{{variables}}}",
        "required": "true",  # it waits for the server before it asks the model
        "default_tools_approval_mode": '"approve"',
    }
    options = [word for name, value in told.items() for word in ("-c", f"mcp_servers.{NAME}.{name}={value}")]
    return ("exec", "--json", "--skip-git-repo-check", "--ephemeral", "--sandbox", "read-only", *options, request)


def _read_codex(printed: str) -> Said:
    events = [json.loads(line) for line in printed.splitlines() if line.startswith("{")]
    if failed := [event for event in events if event["type"] in {"turn.failed", "error"}]:
        raise HostError(str(failed[-1].get("error", failed[-1].get("message"))))
    items = [event["item"] for event in events if event["type"] == "item.completed"]
    answers = [item["text"] for item in items if item["type"] == "agent_message"]
    used = [event["usage"] for event in events if event["type"] == "turn.completed"]
    tokens_in, tokens_out = (sum(each[name] for each in used) for name in ("input_tokens", "output_tokens"))
    return Said(answers[-1] if answers else "", tokens_in, tokens_out)


def _gemini(request: str, _launch: Launch) -> Sequence[str]:
    return ("--prompt", request, "--output-format", "json", "--allowed-mcp-server-names", NAME)


# With --skip-trust alone it does not read the servers of the folder.
_GEMINI_TRUST: Final = {"GEMINI_CLI_TRUST_WORKSPACE": "true"}


def _gemini_files(launch: Launch) -> Mapping[str, Any]:
    return {".gemini/settings.json": {"mcpServers": {NAME: {**entry(launch), "trust": True}}}}


def _read_gemini(printed: str) -> Said:
    told = json.loads(printed[printed.index("{") :])
    if told.get("error"):
        raise HostError(str(told["error"].get("message")))
    used = [model["tokens"] for model in told.get("stats", {}).get("models", {}).values()]
    tokens_in, tokens_out = (sum(each.get(name, 0) for each in used) for name in ("prompt", "candidates"))
    return Said(told.get("response") or "", tokens_in, tokens_out)


HOSTS: Final[Mapping[str, Headless]] = {
    "claude": Headless("claude", _claude, _read_claude),
    "codex": Headless("codex", _codex, _read_codex),
    "gemini": Headless("gemini", _gemini, _read_gemini, _gemini_files, _GEMINI_TRUST),
}
