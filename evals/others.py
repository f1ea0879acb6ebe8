"""Servers of others, from npm, that can be pointed at the local org."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tests.hosts.seat import INSTALLED, NODE

from evals.servers import Connection, Launch, Server

FOLDER: Final = INSTALLED / "other-servers"


def _tsmztech(connection: Connection, _folder: Path) -> Launch:
    script = FOLDER / "node_modules" / "@tsmztech" / "mcp-server-salesforce" / "dist" / "index.js"
    variables = {f"SALESFORCE_{name.upper()}": connection[name] for name in ("instance_url", "username", "password")}
    return Launch((str(NODE / "node"), str(script)), variables)


def _missing(package: str) -> str:
    if (FOLDER / "node_modules" / package.rpartition("@")[0]).is_dir() and (NODE / "node").exists():
        return ""
    return f"{package} is not installed: python -m tests.hosts.install node; npm install --prefix {FOLDER} {package}"


SERVERS: Final[Mapping[str, Server]] = {
    "tsmztech": Server(
        "@tsmztech/mcp-server-salesforce 0.0.6", _tsmztech, lambda: _missing("@tsmztech/mcp-server-salesforce@0.0.6")
    ),
}
