"""The server behind its stdio, in this process: lines in, lines out."""

import os
from collections.abc import Sequence
from typing import Any

import anyio
from mcp.server import MCPServer

from mcp_salesforce.front.handover import Line
from mcp_salesforce.stdio.eras import Eras
from mcp_salesforce.stdio.output import Wire

STATE: Any = None  # what is asked here needs no org


async def answers_to(server: MCPServer[Any], lines: Sequence[bytes], *, answered: int = 0) -> list[bytes]:
    """Return the lines that `server` writes for `lines`, of which the first ones are answered already."""
    ours, theirs = os.pipe()
    written = b""
    async with anyio.create_task_group() as tasks:

        async def read() -> None:
            nonlocal written
            while chunk := await anyio.to_thread.run_sync(os.read, ours, 65_536):
                written += chunk

        tasks.start_soon(read)
        async with Eras(server, STATE, Wire(theirs)) as eras:
            for number, line in enumerate(lines):
                eras.take(Line(line, is_answered=number < answered))
        os.close(theirs)
    os.close(ours)
    return written.splitlines(keepends=True)
