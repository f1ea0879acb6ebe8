"""Over HTTP: calls a second and their times, 64 at once, beside a trivial server on the same SDK.

`BENCH_HTTP` is how many calls each server answers; 2,000 without it.
"""

import asyncio
import os
import socket
import statistics
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp

from bench.figures import Figure
from bench.servers import query_of_the_list_tool
from bench.setting import LIST_CONTACTS, Org, environment, running_org

CALLS = int(os.environ.get("BENCH_HTTP") or 2000)
AT_ONCE = 64
START_S = 60
REVISION = "2026-07-28"
ENVELOPE = {
    "io.modelcontextprotocol/protocolVersion": REVISION,
    "io.modelcontextprotocol/clientInfo": {"name": "bench", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}


@dataclass(frozen=True)
class Load:
    """How a server bore it: calls a second, and the times of the calls in milliseconds."""

    rate: float
    times: Sequence[float]

    @property
    def p50(self) -> float:
        """The time that half of the calls took at most."""
        return statistics.median(self.times)

    @property
    def p99(self) -> float:
        """The time that all but one in a hundred took at most."""
        return statistics.quantiles(self.times, n=100)[98]


async def about_http() -> list[Figure]:
    """Everything that is measured of the server over HTTP."""
    async with running_org() as org:
        target = await query_of_the_list_tool(org)
        async with product(org) as url:
            ours = await load(url, LIST_CONTACTS)
        async with trivial(org, target) as url:
            theirs = await load(url, "list_contacts")
    note = f"{AT_ONCE} at once, {CALLS:,} calls"
    return [
        Figure("HTTP: calls a second", ours.rate, theirs.rate, target=0.9, at_least=True, note=note),
        Figure("HTTP: p99 of a call, in times of its p50", ours.p99 / ours.p50, target=5, note=note),
        Figure("HTTP: p50 of a call, ms", ours.p50, theirs.p50, note=note),
    ]


async def load(url: str, tool: str) -> Load:
    """Make the calls, and as many before as warm the server."""
    connector = aiohttp.TCPConnector(limit=AT_ONCE)
    async with aiohttp.ClientSession(connector=connector) as http:
        await calls(http, url, tool, AT_ONCE * 2)
        started = time.perf_counter()
        times = await calls(http, url, tool, CALLS)
        return Load(CALLS / (time.perf_counter() - started), times)


async def calls(http: aiohttp.ClientSession, url: str, tool: str, count: int) -> list[float]:
    """Make so many calls, `AT_ONCE` at a time; return what each took, in milliseconds."""
    left, times = iter(range(count)), []

    async def one_after_the_other() -> None:
        for number in left:
            started = time.perf_counter()
            await call(http, url, tool, number)
            times.append((time.perf_counter() - started) * 1000)

    await asyncio.gather(*(one_after_the_other() for _ in range(AT_ONCE)))
    return times


async def call(http: aiohttp.ClientSession, url: str, tool: str, number: int) -> None:
    """Make one call, and check that it was answered."""
    params = {"name": tool, "arguments": {"limit": 10}, "_meta": ENVELOPE}
    headers: Mapping[str, str] = {
        "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": REVISION,
        "Mcp-Method": "tools/call",
        "Mcp-Name": tool,
    }
    body = {"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": params}
    async with http.post(url, json=body, headers=headers) as reply:
        answer: dict[str, Any] = await reply.json()
        if answer["id"] != number or answer["result"].get("isError"):
            raise RuntimeError(answer)


@asynccontextmanager
async def product(org: Org) -> AsyncIterator[str]:
    """Start the server of this project over HTTP, and give its address."""
    names = ("instance_url", "client_id", "client_secret", "refresh_token")
    settings = {f"SALESFORCE_{name.upper()}": org.credentials[name] for name in names}
    with TemporaryDirectory() as folder:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "mcp_salesforce", "serve", "--http", "--port", "0"),
            env=environment(**settings, SALESFORCE_JOURNAL="off"),
            cwd=folder,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(START_S):
                said = (await process.stderr.readline()).decode() if process.stderr else ""
            yield said.partition(" at ")[2].split()[0]
        finally:
            process.terminate()
            await process.wait()


@asynccontextmanager
async def trivial(org: Org, target: str) -> AsyncIterator[str]:
    """Start the trivial server over HTTP, and give its address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    told = {"TRIVIAL_URL": f"{org.url}{target}", "TRIVIAL_TOKEN": org.credentials["access_token"]}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.trivial"), env=environment(**told, TRIVIAL_PORT=str(port))
    )
    try:
        async with asyncio.timeout(START_S):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                except OSError:
                    await asyncio.sleep(0.05)
                else:
                    writer.close()
                    break
        yield f"http://127.0.0.1:{port}/mcp"
    finally:
        process.terminate()
        await process.wait()
