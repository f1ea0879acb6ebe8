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
from dataclasses import dataclass, field
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
            ours = await load([Seat(url)] * AT_ONCE, LIST_CONTACTS, CALLS)
        async with trivial(org, target) as url:
            theirs = await load([Seat(url)] * AT_ONCE, "list_contacts", CALLS)
    note = f"{AT_ONCE} at once, {CALLS:,} calls"
    return [
        Figure("HTTP: calls a second", ours.rate, theirs.rate, target=0.9, at_least=True, note=note),
        Figure("HTTP: p99 of a call, in times of its p50", ours.p99 / ours.p50, target=5, note=note),
        Figure("HTTP: p50 of a call, ms", ours.p50, theirs.p50, note=note),
    ]


@dataclass(frozen=True)
class Seat:
    """Where the calls of one connection go, and whose they are."""

    url: str
    bearer: str = field(default="", repr=False)


async def load(seats: Sequence[Seat], tool: str, count: int) -> Load:
    """Make so many calls, one after the other at each seat, and two at each before, which warm the server."""
    connector = aiohttp.TCPConnector(limit=len(seats))
    async with aiohttp.ClientSession(connector=connector) as http:
        await calls(http, seats, tool, len(seats) * 2)
        started = time.perf_counter()
        times = await calls(http, seats, tool, count)
        return Load(count / (time.perf_counter() - started), times)


async def calls(http: aiohttp.ClientSession, seats: Sequence[Seat], tool: str, count: int) -> list[float]:
    """Make so many calls; return what each took, in milliseconds."""
    left, times = iter(range(count)), []

    async def one_after_the_other(seat: Seat) -> None:
        for number in left:
            started = time.perf_counter()
            await call(http, seat, tool, number)
            times.append((time.perf_counter() - started) * 1000)

    await asyncio.gather(*(one_after_the_other(each) for each in seats))
    return times


async def call(http: aiohttp.ClientSession, seat: Seat, tool: str, number: int) -> None:
    """Make one call, and check that it was answered."""
    params = {"name": tool, "arguments": {"limit": 10}, "_meta": ENVELOPE}
    headers: dict[str, str] = {
        "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": REVISION,
        "Mcp-Method": "tools/call",
        "Mcp-Name": tool,
    }
    if seat.bearer:
        headers["Authorization"] = f"Bearer {seat.bearer}"
    body = {"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": params}
    async with http.post(seat.url, json=body, headers=headers) as reply:
        answer: dict[str, Any] = await reply.json()
        if answer.get("id") != number or answer["result"].get("isError"):
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
    port = free_port()
    told = {"TRIVIAL_URL": f"{org.url}{target}", "TRIVIAL_TOKEN": org.credentials["access_token"]}
    command = [sys.executable, "-m", "bench.trivial"]
    async with process_at(port, command, environment(**told, TRIVIAL_PORT=str(port))):
        yield f"http://127.0.0.1:{port}/mcp"


def free_port() -> int:
    """Return a port that nothing listens at."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port


@asynccontextmanager
async def process_at(port: int, command: Sequence[str], env: Mapping[str, str]) -> AsyncIterator[None]:
    """Run a server until the block ends, which begins when it listens at `port`."""
    process = await asyncio.create_subprocess_exec(*command, env=env, stderr=asyncio.subprocess.DEVNULL)
    try:
        async with asyncio.timeout(START_S):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                except OSError:
                    if process.returncode is not None:
                        raise RuntimeError(f"{command[0]} ended before it served") from None
                    await asyncio.sleep(0.05)
                else:
                    writer.close()
                    break
        yield
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
