"""The snapshot of the first answers that the package brings along, and the stamp that says of which code it is."""

import asyncio
from pathlib import Path

from mcp_salesforce.config import Settings
from mcp_salesforce.front import snapshots
from mcp_salesforce.server import create_server
from mcp_salesforce.surface.first_answers import answers_of

SETTINGS = Settings(access_token="00D000000000001!none", instance_url="https://example.my.salesforce.com")


def render_snapshot(_before: str) -> str:
    """Return what the server answers where no setting changes it."""
    return snapshots.written(asyncio.run(answers_of(create_server(SETTINGS))))


def write_stamp() -> None:
    """Say that the snapshot is of the code as it is now.

    Each change of the code changes the stamp, so nothing compares the two but a test: a snapshot without a true stamp
    is only not used.
    """
    Path(snapshots.STAMP).write_text(f"{snapshots.code_digest()}\n", encoding="utf-8")
