"""From the start of the process to its end: beside the trivial server, an earlier build and the other server from npm.

They take turns. What was compiled before, and what a first start leaves in a cache, is there for all of them.
"""

import os
import shutil
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.figures import Figure
from bench.others import BEFORE, PACKAGE, RELEASE, installed, of_npm, query
from bench.servers import list_contacts, query_of_the_list_tool
from bench.setting import LIST_CONTACTS, Org, running_org
from bench.stdio import StdioServer

STARTS = 9
MEASURES = {
    "to initialize, ms": (None, None, None),
    "to tools/list, ms": (0.1, 0.06, 0.5),
    "to the first tool's answer, ms": (1.0, 0.7, None),
    "processor time until then, ms": (None, None, None),
    "peak memory until then, MiB": (None, 0.85, None),
    "from the end of input to that of the process, ms": (None, 0.3, None),
}
"""What is measured, and the most that it may be of the trivial server, the earlier build and the other server."""


@dataclass(frozen=True)
class Contestant:
    """A server, and how to make its first call."""

    name: str
    run: Callable[[], AbstractAsyncContextManager[StdioServer]]
    call: Callable[[StdioServer], Awaitable[object]]


async def about_the_start() -> list[Figure]:
    """Measure each contestant from its start to its end."""
    async with running_org() as org, contestants(org) as all_of_them:
        found: dict[str, list[tuple[float, ...]]] = {one.name: [] for one in all_of_them}
        for number in range(STARTS + 1):
            for one in all_of_them:
                measured = await from_start_to_end(one)
                if number:  # the first start leaves its cache
                    found[one.name].append(measured)
    middle = {name: [median(column) for column in zip(*rows, strict=True)] for name, rows in found.items()}
    product = middle.pop("product")
    return [
        Figure(f"start {measure}", product[row], columns[row], target=most, note=f"second column: {name}")
        for name, columns in middle.items()
        for row, (measure, targets) in enumerate(MEASURES.items())
        for most in [targets[0 if name == "the trivial server" else 2 if name.startswith(PACKAGE) else 1]]
    ]


@asynccontextmanager
async def contestants(org: Org) -> AsyncIterator[list[Contestant]]:
    """Give the contestants that there are on this machine."""
    target = await query_of_the_list_tool(org)
    found = [
        Contestant("product", org.product, lambda server: list_contacts(server, LIST_CONTACTS)),
        Contestant(
            "the trivial server", lambda: org.trivial(target), lambda server: list_contacts(server, "list_contacts")
        ),
    ]
    if os.environ.get(BEFORE):
        before = Path(os.environ[BEFORE])
        found.append(
            Contestant(str(before), lambda: org.product(before), lambda server: list_contacts(server, LIST_CONTACTS))
        )
    async with AsyncExitStack() as stack:
        if shutil.which("npm") and shutil.which("node"):
            command, env = of_npm(org, await stack.enter_async_context(installed()))
            found.append(Contestant(f"{PACKAGE} {RELEASE}", lambda: StdioServer.run(command, env), query))
        yield found


async def from_start_to_end(contestant: Contestant) -> tuple[float, ...]:
    """Start a server, make its first call and end it; return what `MEASURES` names."""
    async with contestant.run() as server:

        def elapsed() -> float:
            return (time.perf_counter() - server.started) * 1000

        await server.initialize()
        initialized = elapsed()
        await server.request("tools/list", {})
        listed = elapsed()
        await contestant.call(server)
        called, used, peak = elapsed(), server.cpu_s() * 1000, server.peak_mib()
    return initialized, listed, called, used, peak, server.ending_s * 1000
