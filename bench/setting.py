"""The processes that a benchmark measures, and the org between them."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import psutil

from bench.stdio import StdioServer

ROOT = Path(__file__).parents[1]
LIST_CONTACTS = "salesforce_list_contacts"
START_S = 900


def environment(**more: str) -> dict[str, str]:
    """Variables for a measured process: none of ours that slow it down or tell it of another org."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SALESFORCE_", "PYTHON", "COV_"))}
    return kept | {"PYTHONPATH": str(ROOT)} | more


@dataclass(frozen=True)
class Org:
    """The local org in a process of its own."""

    credentials: dict[str, str]
    http: aiohttp.ClientSession
    process: psutil.Process

    @property
    def url(self) -> str:
        """Where the org listens."""
        return self.credentials["instance_url"]

    async def control(self, **parameters: float) -> dict[str, Any]:
        """Set what the parameters name (see `bench.org`); return the counts since the last time."""
        async with self.http.get(f"{self.url}/bench", params=parameters) as reply:
            counts: dict[str, Any] = await reply.json()
            return counts

    async def get(self, target: str) -> int:
        """Make the bare HTTP call that a tool makes; return the length of the answer."""
        headers = {"Authorization": f"Bearer {self.credentials['access_token']}"}
        async with self.http.get(f"{self.url}{target}", headers=headers) as reply:
            reply.raise_for_status()
            return len(await reply.read())

    def product(self, checkout: Path = ROOT, **more: str) -> AbstractAsyncContextManager[StdioServer]:
        """Start the server of this project on the org; of another `checkout` with its own environment, if one is given.

        `more` are settings beside those of the connection.
        """
        settings = {
            f"SALESFORCE_{name.upper()}": self.credentials[name]
            for name in ("instance_url", "client_id", "client_secret", "refresh_token")
        }
        python = sys.executable if checkout == ROOT else str(checkout / ".venv" / "bin" / "python")
        return StdioServer.run(
            [python, "-m", "mcp_salesforce.server"], environment(**settings, **more, PYTHONPATH=str(checkout))
        )

    def trivial(self, target: str) -> AbstractAsyncContextManager[StdioServer]:
        """Start the trivial server, which calls `target` of the org."""
        told = {"TRIVIAL_URL": f"{self.url}{target}", "TRIVIAL_TOKEN": self.credentials["access_token"]}
        return StdioServer.run([sys.executable, "-m", "bench.trivial"], environment(**told))


@asynccontextmanager
async def running_org(*options: str) -> AsyncIterator[Org]:
    """Start the org on a free port, with the options of `bench.org`; end it when the block ends."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.org", *options), env=environment(), stdout=asyncio.subprocess.PIPE
    )
    try:
        if process.stdout is None:
            raise RuntimeError("the org has no stdout")
        line = await asyncio.wait_for(process.stdout.readline(), START_S)
        if not line:
            raise RuntimeError("the org did not start; its message stands above")
        async with aiohttp.ClientSession() as http:
            yield Org(json.loads(line), http, psutil.Process(process.pid))
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
