"""The lines that register this server with MCP hosts."""

import json
import shlex
import shutil
import sys
import sysconfig
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcp_salesforce.settings.settings import environment

SERVER_NAME = "salesforce"
PROJECT = Path(__file__).resolve().parents[3]
RUN = "run"
"""Where the text of a registration goes that is a command."""


@dataclass(frozen=True)
class Host:
    """One MCP host."""

    name: str
    where: str
    """The file or the place that the text goes into, or `run`."""
    language: str
    text: Callable[[Sequence[str], Mapping[str, str]], str]
    """From the command of the server and its settings to what is run or written."""


@dataclass(frozen=True)
class Registration:
    """What to run, or to write where, so that hosts start the server."""

    hosts: tuple[Host, ...]
    text: str


def launch_command(*, demo: bool, folder: Path = PROJECT) -> tuple[str, ...]:
    """Return the command that starts this very installation.

    Where uv runs this process in its project `folder`, it is that uv (it says its path in `UV`), else the installed
    command, or the interpreter where only the package is installed.
    """
    serve = ("serve", "--demo") if demo else ("serve",)
    uv = environment().get("UV")
    if uv and (folder / "pyproject.toml").is_file():
        return (uv, "run", "--directory", str(folder), "mcp-salesforce", *serve)
    installed = shutil.which("mcp-salesforce", path=sysconfig.get_path("scripts"))
    return (installed, *serve) if installed else (sys.executable, "-m", "mcp_salesforce", *serve)


def registrations(launch: Sequence[str], environment: Mapping[str, str] | None = None) -> list[Registration]:
    """Return how to register with each host the server that `launch` starts, with the settings of `environment`.

    Hosts that take the same text share an entry.
    """
    hosts_of: dict[str, list[Host]] = {}
    for host in HOSTS:
        hosts_of.setdefault(host.text(launch, environment or {}), []).append(host)
    return [Registration(tuple(hosts), text) for text, hosts in hosts_of.items()]


def _adding(program: str, option: str) -> Callable[[Sequence[str], Mapping[str, str]], str]:
    """Return what writes `PROGRAM mcp add`, with `option` before each setting."""

    def text(launch: Sequence[str], settings: Mapping[str, str]) -> str:
        return shlex.join([program, "mcp", "add", SERVER_NAME, *_options(option, settings), "--", *launch])

    return text


def _gemini(launch: Sequence[str], settings: Mapping[str, str]) -> str:
    """Write the program before `--`: Gemini CLI takes only its arguments from behind it."""
    program, *arguments = launch
    add = ("gemini", "mcp", "add", "--scope", "user", SERVER_NAME, program)
    return shlex.join([*add, *_options("-e", settings), "--", *arguments])


def _visual_studio_code(launch: Sequence[str], settings: Mapping[str, str]) -> str:
    return shlex.join(["code", "--add-mcp", json.dumps({"name": SERVER_NAME, **_entry(launch, settings)})])


def _servers(launch: Sequence[str], settings: Mapping[str, str]) -> str:
    return json.dumps({"mcpServers": {SERVER_NAME: _entry(launch, settings)}})


def _zed(launch: Sequence[str], settings: Mapping[str, str]) -> str:
    return json.dumps({"context_servers": {SERVER_NAME: _entry(launch, settings)}})


def _goose(launch: Sequence[str], settings: Mapping[str, str]) -> str:
    program, *arguments = launch
    entry = {"enabled": True, "type": "stdio", "name": SERVER_NAME, "description": "Salesforce", "cmd": program}
    return _yaml({"extensions": {SERVER_NAME: {**entry, "args": arguments, "envs": dict(settings), "timeout": 300}}})


def _librechat(launch: Sequence[str], settings: Mapping[str, str]) -> str:
    return _yaml({"mcpServers": {SERVER_NAME: {"type": "stdio", **_entry(launch, settings)}}})


def _entry(launch: Sequence[str], settings: Mapping[str, str]) -> dict[str, Any]:
    program, *arguments = launch
    entry: dict[str, Any] = {"command": program, "args": arguments}
    return {**entry, "env": dict(settings)} if settings else entry


def _options(option: str, settings: Mapping[str, str]) -> list[str]:
    return [word for name, value in settings.items() for word in (option, f"{name}={value}")]


def _yaml(value: Mapping[str, Any]) -> str:
    import yaml

    written: str = yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=sys.maxsize)
    return written.rstrip()


HOSTS = (
    Host("Claude Code", RUN, "sh", _adding("claude", "-e")),
    Host("Codex", RUN, "sh", _adding("codex", "--env")),
    Host("Gemini CLI", RUN, "sh", _gemini),
    Host("Copilot CLI", RUN, "sh", _adding("copilot", "--env")),
    Host("opencode", RUN, "sh", _adding("opencode", "--env")),
    Host("VS Code", RUN, "sh", _visual_studio_code),
    Host("Claude Desktop", "claude_desktop_config.json (Settings, Developer, Edit Config)", "json", _servers),
    Host("Cursor", "~/.cursor/mcp.json", "json", _servers),
    Host("Windsurf", "~/.codeium/windsurf/mcp_config.json", "json", _servers),
    Host(
        "JetBrains",
        "Settings, Tools, AI Assistant, Model Context Protocol; Junie: ~/.junie/mcp/mcp.json",
        "json",
        _servers,
    ),
    Host("Zed", "~/.config/zed/settings.json", "json", _zed),
    Host("Goose", "~/.config/goose/config.yaml", "yaml", _goose),
    Host("LibreChat", "librechat.yaml", "yaml", _librechat),
)
"""In the order in which they are shown."""
