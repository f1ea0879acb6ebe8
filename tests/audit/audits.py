"""Servers whose calls are recorded in a file of the test's own, and what stands in it."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result
from mcp import Client

from mcp_salesforce.cli import cli
from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.salesforce import AsgiTransport
from mcp_salesforce.server import create_server
from mcp_salesforce.state_key import StateKey
from tests.approving import approve
from tests.conftest import NOW, settings_of
from tests.stdio.host import SECRET

KEY = StateKey(SECRET).derived("audit")


@asynccontextmanager
async def audited(
    org: LocalOrg, folder: Path, *, mode: str = "auto", app: Any = None, **more: Any
) -> AsyncIterator[Client]:
    """A client of a server that records its calls in `audit.jsonl` of `folder`."""
    asked = more.pop("asked", approve)
    values = {
        "audit": str(folder / "audit.jsonl"),
        "journal": str(folder / "journal.db"),
        "toolsets": "all",
        "state_key": SECRET,
    }
    server = create_server(
        settings_of(org, **{**values, **more}), transport=AsgiTransport(app or org.app), now=lambda: NOW
    )
    async with Client(server, mode=mode, elicitation_callback=asked) as client:
        yield client


def lines_in(folder: Path) -> list[dict[str, Any]]:
    """What the lines of the file say."""
    return [json.loads(line) for line in (folder / "audit.jsonl").read_text().splitlines()]


def verified(*arguments: object, **environment: str) -> Result:
    """What `mcp-salesforce audit verify` says."""
    command = ["audit", "verify", *map(str, arguments)]
    return CliRunner().invoke(cli, command, env={"SALESFORCE_STATE_KEY": SECRET, **environment})
