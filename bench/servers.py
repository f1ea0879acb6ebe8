"""Start-up, memory, the cost of a call and of many at once: this server beside the trivial one.

The two take turns, so that what else the machine does meets both. While calls are measured the org answers a query that
it has answered before from memory: a slow org would hide the difference.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from statistics import median
from typing import Any

from bench.figures import Figure
from bench.setting import LIST_CONTACTS, Org
from bench.stdio import StdioServer

ARGUMENTS = {"limit": 10}
ROUNDS = 5
CALLS = 100
CONCURRENT_ROUNDS = 15
WARM_UP = 20
CONCURRENT = 64
DELAY_MS = 80
LONG_DELAY_MS = 500
"""So long that three round trips are told apart from the work of 64 calls."""


async def list_contacts(server: StdioServer, tool: str) -> dict[str, Any]:
    """Call the list tool once; raise when it fails."""
    result = await server.call_tool(tool, ARGUMENTS)
    if result.get("isError"):
        raise RuntimeError(result["content"][0]["text"])
    return result


async def query_of_the_list_tool(org: Org) -> str:
    """Return the path and query that the list tool calls, which the trivial server then calls too."""
    async with org.product() as server:
        await server.initialize()
        await list_contacts(server, LIST_CONTACTS)
    return str((await org.control())["last_query"])


async def timed(calls: int, call: Callable[[], Awaitable[object]]) -> list[float]:
    """Make `calls` calls, one after the other; return what each took, in milliseconds."""
    taken = []
    for _ in range(calls):
        before = time.perf_counter()
        await call()
        taken.append((time.perf_counter() - before) * 1000)
    return taken


async def timed_together(call: Callable[[], Awaitable[object]]) -> float:
    """Make the concurrent calls; return the milliseconds until the last one was answered."""
    before = time.perf_counter()
    await asyncio.gather(*(call() for _ in range(CONCURRENT)))
    return (time.perf_counter() - before) * 1000


async def calls(org: Org, target: str) -> list[Figure]:
    """Measure calls one after the other, then many at once with a slow org; the memory after both."""
    await org.control(replay=1)
    async with org.product() as product, org.trivial(target) as trivial:
        await product.initialize()
        await trivial.initialize()
        callers: dict[str, Callable[[], Awaitable[object]]] = {
            "product": lambda: list_contacts(product, LIST_CONTACTS),
            "trivial": lambda: list_contacts(trivial, "list_contacts"),
            "bare": lambda: org.get(target),
        }
        servers = {"product": product, "trivial": trivial}
        one_by_one, processor = await sequential(callers, servers)
        await org.control(delay_ms=DELAY_MS)
        together: dict[str, list[float]] = {name: [] for name in callers}
        for _ in range(CONCURRENT_ROUNDS):
            for name, call in callers.items():
                together[name].append(await timed_together(call))
        await org.control(delay_ms=0, replay=0)
        memory = {name: server.peak_mib() for name, server in servers.items()}
    middle = {name: median(taken) for name, taken in one_by_one.items()}
    slow = {name: median(taken) for name, taken in together.items()}
    return [
        Figure("peak memory, MiB", memory["product"], memory["trivial"]),
        Figure("a list call over stdio, ms", middle["product"], middle["trivial"], middle["bare"], 1.3),
        Figure("its processor time in the server, ms", processor["product"], processor["trivial"], target=1.3),
        Figure(
            f"{CONCURRENT} concurrent list calls at {DELAY_MS} ms each, ms",
            slow["product"],
            slow["trivial"],
            slow["bare"],
            1.3,
        ),
    ]


async def sequential(
    callers: dict[str, Callable[[], Awaitable[object]]], servers: dict[str, StdioServer]
) -> tuple[dict[str, list[float]], dict[str, float]]:
    """Let the callers take turns; return each one's times, and the processor time of a server's call, in ms."""
    for call in callers.values():
        await timed(WARM_UP, call)
    taken: dict[str, list[float]] = {name: [] for name in callers}
    used = dict.fromkeys(servers, 0.0)
    for _ in range(ROUNDS):
        for name, call in callers.items():
            before = servers[name].cpu_s() if name in servers else 0.0
            taken[name] += await timed(CALLS, call)
            if name in servers:
                used[name] += servers[name].cpu_s() - before
    return taken, {name: seconds * 1000 / (ROUNDS * CALLS) for name, seconds in used.items()}


async def expired_session(org: Org) -> list[Figure]:
    """Measure many calls at once when the access token has expired: refreshes, failures, round trips."""
    async with org.product() as server:
        await server.initialize()
        await list_contacts(server, LIST_CONTACTS)
        await org.control(replay=1)
        await list_contacts(server, LIST_CONTACTS)
        await org.control(delay_ms=LONG_DELAY_MS, expire=1)
        before = time.perf_counter()
        answers = await asyncio.gather(
            *(server.call_tool(LIST_CONTACTS, ARGUMENTS) for _ in range(CONCURRENT)), return_exceptions=True
        )
        wall_ms = (time.perf_counter() - before) * 1000
        counts = await org.control(delay_ms=0, replay=0)
    failed = sum(1 for answer in answers if isinstance(answer, BaseException) or answer.get("isError"))
    what = f"{CONCURRENT} concurrent calls, expired token"
    return [
        Figure(f"{what}: refreshes", counts["refreshes"], target=1),
        Figure(f"{what}: calls that failed", failed, target=0),
        Figure(f"{what}: time in round trips of {LONG_DELAY_MS} ms", wall_ms / LONG_DELAY_MS, floor=3, target=4),
        Figure(f"{what}: requests", counts["requests"], floor=2 * CONCURRENT + 1, target=2 * CONCURRENT + 1),
        Figure(f"{what}: connections opened", counts["connections"], target=CONCURRENT),
    ]
