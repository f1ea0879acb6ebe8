"""Servers of others, from npm, that can be pointed at the local org."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from tests.hosts.seat import INSTALLED, NODE

from evals.servers import Connection, Launch, Server

FOLDER: Final = INSTALLED / "other-servers"
_NODE: Final = str(NODE / "node")
_LOGIN: Final = """
import { AuthInfo } from "@salesforce/core";
const { WHO: username, TOKEN: accessToken, URL: instanceUrl } = process.env;
const login = await AuthInfo.create({ username, accessTokenOptions: { accessToken, instanceUrl } });
await login.save({ username });
await login.handleAliasAndDefaultSettings({ alias: "local", setDefault: true, setDefaultDevHub: false });
"""
"""Keeps a login as the `sf` command does, in the home folder; it keeps none twice."""
_START: Final = (
    f'rm -rf "$HOME/.sfdx"; cd "$0" && {_NODE} --input-type=module -e "$LOGIN" && shift && exec {_NODE} "$@"'
)


def _tsmztech(connection: Connection, _folder: Path) -> Launch:
    script = FOLDER / "node_modules" / "@tsmztech" / "mcp-server-salesforce" / "dist" / "index.js"
    variables = {f"SALESFORCE_{name.upper()}": connection[name] for name in ("instance_url", "username", "password")}
    return Launch((_NODE, str(script)), variables)


def _salesforce(connection: Connection, folder: Path) -> Launch:
    script = FOLDER / "node_modules" / "@salesforce" / "mcp" / "bin" / "run.js"
    options = ("--orgs", "DEFAULT_TARGET_ORG", "--toolsets", "data,users,orgs", "--no-telemetry")
    variables = {
        "HOME": str(folder),
        "LOGIN": _LOGIN,
        "WHO": connection["username"],
        "TOKEN": connection["access_token"],
        "URL": connection["instance_url"],
        "SF_USE_GENERIC_UNIX_KEYCHAIN": "true",
        "SF_DISABLE_TELEMETRY": "true",
    }
    return Launch(("sh", "-c", _START, str(FOLDER), "-", str(script), *options), variables)


def _missing(package: str) -> str:
    if (FOLDER / "node_modules" / package.rpartition("@")[0]).is_dir() and Path(_NODE).exists():
        return ""
    install = f"npm install --prefix {FOLDER.relative_to(INSTALLED.parent)} {package}"
    return f"{package} is not installed: uv run python -m tests.hosts.install; {install}"


def _server(package: str, launch: Callable[[Connection, Path], Launch]) -> Server:
    name, _, release = package.rpartition("@")
    return Server(f"{name} {release}", launch, lambda: _missing(package))


SERVERS: Final[Mapping[str, Server]] = {
    "tsmztech": _server("@tsmztech/mcp-server-salesforce@0.0.6", _tsmztech),
    "salesforce": _server("@salesforce/mcp@0.30.15", _salesforce),
}
