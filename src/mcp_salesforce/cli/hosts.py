"""The lines that register this server with MCP hosts."""

import json
import shutil
import sys
import sysconfig
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import Distribution, distribution
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

import platformdirs

from mcp_salesforce import DISTRIBUTION
from mcp_salesforce.cli.shells import typed

if TYPE_CHECKING:
    from mcp_salesforce.settings.settings import Network

SERVER_NAME = "salesforce"
PROJECT = Path(__file__).resolve().parents[3]
RUN = "run"
"""Where the text of a registration goes that is a command."""
_FOR_ALL_FOLDERS = ("--scope", "user")
"""Without it, Claude Code and Gemini CLI have the server only in the folder where the line was run."""

Entry = list[str] | dict[str, Any]
"""A command, or what stands in a file of settings."""


@dataclass(frozen=True)
class Host:
    """One MCP host."""

    name: str
    where: str
    """The file or the place that the text goes into, or `run`."""
    language: str
    entry: Callable[[Sequence[str], Mapping[str, str]], Entry]
    """From the command of the server and its settings to what is run or written."""
    file: Callable[[], Path] | None = None
    """The user's file of settings, where it is known."""
    removal: tuple[str, ...] = ()
    """The host's own command that removes the server, if it has one."""
    keeps: str = ""
    """The file that the host's own command writes, for people."""

    @property
    def slug(self) -> str:
        """Its name on a command line."""
        return self.name.lower().replace(" ", "-")

    def text(self, launch: Sequence[str], settings: Mapping[str, str]) -> str:
        """Return what is run or written, as text."""
        return written(self.entry(launch, settings), self.language)


def written(entry: Entry, language: str) -> str:
    """Return a command as it is typed, or settings as JSON or YAML."""
    if isinstance(entry, list):
        return typed(entry)
    return _yaml(entry) if language == "yaml" else json.dumps(entry)


@dataclass(frozen=True)
class Registration:
    """What to run, or to write where, so that hosts start the server."""

    hosts: tuple[Host, ...]
    text: str


def launch_command(*, demo: bool, folder: Path = PROJECT, prefix: Path = Path(sys.prefix)) -> tuple[str, ...]:
    """Return the command that starts this very installation, today and later.

    Where uv runs this process in its project `folder`, it is that uv (it says its path in `UV`). Where the environment
    `prefix` is in a cache, which is emptied some day, it is what made it: `uv tool run` (`uvx`) or `pipx run`, with the
    same source. Else it is the installed command, or the interpreter where only the package is installed.
    """
    from mcp_salesforce.settings.loading import environment

    serve = ("serve", "--demo") if demo else ("serve",)
    uv = environment().get("UV")
    if uv and (folder / "pyproject.toml").is_file() and Path(__file__).resolve().is_relative_to(PROJECT / "src"):
        return (uv, "run", "--directory", str(folder), "mcp-salesforce", *serve)
    if _is_in_cache(prefix) and (runner := _runner(uv, prefix)):
        return (*runner, "mcp-salesforce", *serve)
    installed = shutil.which("mcp-salesforce", path=sysconfig.get_path("scripts"))
    return (installed, *serve) if installed else (sys.executable, "-m", "mcp_salesforce", *serve)


def own_command(*words: str) -> str:
    """Return the line that runs another command of this very installation, as it is typed here."""
    launch = launch_command(demo=False)
    return typed([*launch[: launch.index("serve")], *words])


def settings_of_login(alias: str, network: "Network") -> dict[str, str]:
    """Return what a host must give the server, so that it uses the stored login `alias`."""
    certificates = {"SALESFORCE_CA_FILE": str(network.ca_file.absolute())} if network.ca_file else {}
    return {"SALESFORCE_ORG": alias, **certificates}


def _is_in_cache(prefix: Path) -> bool:
    """Tell whether an environment is in a folder that its owner may empty: of the user, or marked as a cache."""
    from mcp_salesforce.settings.loading import environment

    caches = [Path(place) for place in (platformdirs.user_cache_dir(), environment().get("UV_CACHE_DIR")) if place]
    return any(
        above in caches or above.name == ".cache" or (above / "CACHEDIR.TAG").is_file() for above in prefix.parents
    )


def _runner(uv: str | None, prefix: Path) -> tuple[str, ...]:
    """Return the command that makes such an environment again, up to the name of the program; empty without one."""
    spec = source(distribution(DISTRIBUTION))
    pipx, uv = shutil.which("pipx"), uv or shutil.which("uv")
    if pipx and "pipx" in prefix.parts:
        return (pipx, "run", "--spec", spec)
    return (uv, "tool", "run", "--from", spec) if uv else ()


def source(package: Distribution) -> str:
    """Return what a package was installed from, as installers take it: a path, an address, or name and version.

    The installer notes it as the packaging standard has it (`direct_url.json`).
    """
    noted = package.read_text("direct_url.json")
    if noted is None:
        return f"{package.name}=={package.version}"
    origin = json.loads(noted)
    part = f"#subdirectory={origin['subdirectory']}" if "subdirectory" in origin else ""
    if version_control := origin.get("vcs_info"):
        return f"{version_control['vcs']}+{origin['url']}@{version_control['commit_id']}{part}"
    parts = urlsplit(origin["url"])
    return url2pathname(parts.path) if parts.scheme == "file" and not part else f"{origin['url']}{part}"


def registrations(launch: Sequence[str], environment: Mapping[str, str] | None = None) -> list[Registration]:
    """Return how to register with each host the server that `launch` starts, with the settings of `environment`.

    Hosts that take the same text share an entry.
    """
    hosts_of: dict[str, list[Host]] = {}
    for host in HOSTS:
        hosts_of.setdefault(host.text(launch, environment or {}), []).append(host)
    return [Registration(tuple(hosts), text) for text, hosts in hosts_of.items()]


def _adding(program: str, option: str, *scope: str) -> Callable[[Sequence[str], Mapping[str, str]], Entry]:
    """Return what makes `PROGRAM mcp add`, with `option` before each setting."""

    def entry(launch: Sequence[str], settings: Mapping[str, str]) -> Entry:
        return [program, "mcp", "add", *scope, SERVER_NAME, *_options(option, settings), "--", *launch]

    return entry


def _gemini(launch: Sequence[str], settings: Mapping[str, str]) -> Entry:
    """Put the program before `--`: Gemini CLI takes only its arguments from behind it."""
    program, *arguments = launch
    add = ("gemini", "mcp", "add", *_FOR_ALL_FOLDERS, SERVER_NAME, program)
    return [*add, *_options("-e", settings), "--", *arguments]


def _visual_studio_code(launch: Sequence[str], settings: Mapping[str, str]) -> Entry:
    return ["code", "--add-mcp", json.dumps({"name": SERVER_NAME, **_entry(launch, settings)})]


def _servers(launch: Sequence[str], settings: Mapping[str, str]) -> Entry:
    return {"mcpServers": {SERVER_NAME: _entry(launch, settings)}}


def _zed(launch: Sequence[str], settings: Mapping[str, str]) -> Entry:
    return {"context_servers": {SERVER_NAME: _entry(launch, settings)}}


def _goose(launch: Sequence[str], settings: Mapping[str, str]) -> Entry:
    program, *arguments = launch
    entry = {"enabled": True, "type": "stdio", "name": SERVER_NAME, "description": "Salesforce", "cmd": program}
    return {"extensions": {SERVER_NAME: {**entry, "args": arguments, "envs": dict(settings), "timeout": 300}}}


def _librechat(launch: Sequence[str], settings: Mapping[str, str]) -> Entry:
    return {"mcpServers": {SERVER_NAME: {"type": "stdio", **_entry(launch, settings)}}}


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


def _removing(program: str, *options: str) -> tuple[str, ...]:
    return (program, "mcp", "remove", *options, SERVER_NAME)


def _roaming(folder: str) -> Path:
    """Return the folder that a desktop program keeps its settings in, on this system."""
    return platformdirs.user_config_path(folder, appauthor=False, roaming=True)


def _zed_file() -> Path:
    return (_roaming("Zed") if sys.platform == "win32" else Path.home() / ".config" / "zed") / "settings.json"


def _goose_file() -> Path:
    windows = sys.platform == "win32"
    return (_roaming("Block") / "goose" / "config" if windows else Path.home() / ".config" / "goose") / "config.yaml"


HOSTS = (
    Host(
        "Claude Code",
        RUN,
        "sh",
        _adding("claude", "-e", *_FOR_ALL_FOLDERS),
        removal=_removing("claude", *_FOR_ALL_FOLDERS),
        keeps="~/.claude.json",
    ),
    Host("Codex", RUN, "sh", _adding("codex", "--env"), removal=_removing("codex"), keeps="~/.codex/config.toml"),
    Host(
        "Gemini CLI",
        RUN,
        "sh",
        _gemini,
        removal=_removing("gemini", *_FOR_ALL_FOLDERS),
        keeps="~/.gemini/settings.json",
    ),
    Host(
        "Copilot CLI",
        RUN,
        "sh",
        _adding("copilot", "--env"),
        removal=_removing("copilot"),
        keeps="~/.copilot/mcp-config.json",
    ),
    Host("opencode", RUN, "sh", _adding("opencode", "--env"), keeps="~/.config/opencode/opencode.jsonc"),
    Host("VS Code", RUN, "sh", _visual_studio_code),
    Host(
        "Claude Desktop",
        "claude_desktop_config.json (Settings, Developer, Edit Config)",
        "json",
        _servers,
        file=lambda: _roaming("Claude") / "claude_desktop_config.json",
    ),
    Host("Cursor", "~/.cursor/mcp.json", "json", _servers, file=lambda: Path.home() / ".cursor" / "mcp.json"),
    Host(
        "Windsurf",
        "~/.codeium/windsurf/mcp_config.json",
        "json",
        _servers,
        file=lambda: Path.home() / ".codeium" / "windsurf" / "mcp_config.json",
    ),
    Host(
        "JetBrains",
        "Settings, Tools, AI Assistant, Model Context Protocol; Junie: ~/.junie/mcp/mcp.json",
        "json",
        _servers,
    ),
    Host("Zed", "~/.config/zed/settings.json", "json", _zed, file=_zed_file),
    Host("Goose", "~/.config/goose/config.yaml", "yaml", _goose, file=_goose_file),
    Host("LibreChat", "librechat.yaml", "yaml", _librechat),
)
"""In the order in which they are shown."""
