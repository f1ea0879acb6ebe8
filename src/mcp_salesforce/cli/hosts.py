"""The lines that register this server with MCP hosts."""

import json
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

SERVER_NAME = "salesforce"
PROJECT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class Registration:
    """What to run, or where to write what, so that a host starts the server."""

    host: str
    where: str
    text: str


def launch_command(*, demo: bool, folder: Path = PROJECT) -> tuple[str, ...]:
    """Return the command that starts this very installation: through uv where `folder` is its project.

    Installed without its project folder, its interpreter starts it.
    """
    serve = ("serve", "--demo") if demo else ("serve",)
    if (folder / "pyproject.toml").is_file():
        return (shutil.which("uv") or "uv", "run", "--directory", str(folder), "mcp-salesforce", *serve)
    return (sys.executable, "-m", "mcp_salesforce", *serve)


def registrations(launch: Sequence[str], environment: Mapping[str, str] | None = None) -> list[Registration]:
    """Return how to register with each host the server that `launch` starts, with the settings of `environment`."""
    program, *arguments = launch
    entry: dict[str, object] = {"command": program, "args": arguments}
    if environment:
        entry["env"] = dict(environment)
    settings = [word for name, value in (environment or {}).items() for word in ("-e", f"{name}={value}")]
    servers = json.dumps({"mcpServers": {SERVER_NAME: entry}})
    visual_studio_code = json.dumps({"name": SERVER_NAME, **entry})
    return [
        Registration("Claude Code", "run", shlex.join(["claude", "mcp", "add", SERVER_NAME, *settings, "--", *launch])),
        Registration("VS Code", "run", f"code --add-mcp {shlex.quote(visual_studio_code)}"),
        Registration(
            "Cursor and Claude Desktop",
            "~/.cursor/mcp.json; claude_desktop_config.json (Settings, Developer, Edit Config)",
            servers,
        ),
    ]
