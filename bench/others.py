"""The same calls beside another server from npm, and beside an earlier build of this one: they take turns.

`BENCH_BEFORE` names a checkout of the earlier build that has its environment in `.venv`.
"""

import asyncio
import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median

from bench.figures import Figure
from bench.servers import CONCURRENT, list_contacts, sequential, timed_together
from bench.setting import LIST_CONTACTS, Org, environment, running_org
from bench.stdio import StdioServer

PACKAGE, RELEASE = "@tsmztech/mcp-server-salesforce", "0.0.6"
FIELDS = ("Id", "Name", "Email", "Phone", "Account.Name")
ROUNDS = 11
SATURATED = 640
BEFORE = "BENCH_BEFORE"

Call = Callable[[], Awaitable[object]]


async def beside_others() -> list[Figure]:
    """Everything that is measured beside others."""
    async with running_org() as org:
        return [*await beside_npm(org), *await beside_before(org)]


async def beside_npm(org: Org) -> list[Figure]:
    """Compare ten contacts with the same query of the other server, which logs in for each call (from memory too)."""
    named = f"{CONCURRENT} warm concurrent list calls"
    if not (shutil.which("npm") and shutil.which("node")):
        return [Figure(f"{named} beside {PACKAGE}", None, note="there is no npm")]
    async with installed() as script, org.product() as product, StdioServer.run(*of_npm(org, script)) as other:
        await product.initialize()
        await other.initialize()
        calls: dict[str, Call] = {
            "product": lambda: list_contacts(product, LIST_CONTACTS),
            "other": lambda: query(other),
        }
        for call in calls.values():
            await call()
        await org.control(replay=1)
        together: dict[str, list[float]] = {name: [] for name in calls}
        rates: dict[str, list[float]] = {name: [] for name in calls}
        for _ in range(ROUNDS):
            for name, call in calls.items():
                together[name].append(await timed_together(call))
        for _ in range(3):
            for name, call in calls.items():
                rates[name].append(await saturated(call))
        await org.control(replay=0)
    note = f"second column: {PACKAGE} {RELEASE}"
    return [
        Figure(f"{named}, ms", *middle(together), target=1, note=note),
        Figure(
            f"list calls with {CONCURRENT} in flight, calls/s", *middle(rates), target=1.3, note=note, at_least=True
        ),
    ]


async def beside_before(org: Org) -> list[Figure]:
    """Compare a list call with that of an earlier build."""
    measure = "a list call beside the earlier build: processor time, ms"
    if not os.environ.get(BEFORE):
        return [Figure(measure, None, note=f"{BEFORE} names no checkout of one")]
    before = Path(os.environ[BEFORE])
    async with org.product() as product, org.product(before) as earlier:
        servers = {"product": product, "other": earlier}
        for server in servers.values():
            await server.initialize()
            await list_contacts(server, LIST_CONTACTS)
        await org.control(replay=1)
        callers: dict[str, Call] = {
            "product": lambda: list_contacts(product, LIST_CONTACTS),
            "other": lambda: list_contacts(earlier, LIST_CONTACTS),
        }
        _, used = await sequential(callers, servers)
        bursts = {name: await processor_of_bursts(servers[name], call) for name, call in callers.items()}
        await org.control(replay=0)
    note = f"second column: {before}"
    return [
        Figure(measure, used["product"], used["other"], target=0.65, note=note),
        Figure(f"the same with {CONCURRENT} at once", bursts["product"], bursts["other"], target=0.65, note=note),
    ]


@asynccontextmanager
async def installed() -> AsyncIterator[Path]:
    """Install the other server in a temporary folder; give its script."""
    with tempfile.TemporaryDirectory() as folder:
        options = ("--prefix", folder, "--no-audit", "--no-fund", "--silent")
        install = await asyncio.create_subprocess_exec("npm", "install", *options, f"{PACKAGE}@{RELEASE}")
        if await install.wait():
            raise RuntimeError(f"npm did not install {PACKAGE}")
        yield Path(folder) / "node_modules" / PACKAGE / "dist" / "index.js"


def of_npm(org: Org, script: Path) -> tuple[list[str], Mapping[str, str]]:
    """Return the command of the other server, and its variables."""
    settings = {
        "INSTANCE_URL": org.url,
        "USERNAME": org.credentials["username"],
        "PASSWORD": org.credentials["password"],
    }
    variables = {f"SALESFORCE_{name}": value for name, value in settings.items()}
    return [shutil.which("node") or "node", str(script)], environment(**variables)


async def query(server: StdioServer) -> None:
    """Ask the other server for ten contacts; raise when it fails."""
    arguments = {"objectName": "Contact", "fields": FIELDS, "orderBy": "CreatedDate DESC, Id DESC", "limit": 10}
    result = await server.call_tool("salesforce_query_records", arguments)
    if result.get("isError"):
        raise RuntimeError(result["content"][0]["text"])


async def saturated(call: Call) -> float:
    """Make calls, as many as fit at a time; return how many a second."""
    left = iter(range(SATURATED))

    async def caller() -> None:
        for _ in left:
            await call()

    before = time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(CONCURRENT)))
    return SATURATED / (time.perf_counter() - before)


async def processor_of_bursts(server: StdioServer, call: Call) -> float:
    """Return the processor time of a call among those made at once, in milliseconds."""
    before = server.cpu_s()
    for _ in range(ROUNDS):
        await timed_together(call)
    return (server.cpu_s() - before) * 1000 / (ROUNDS * CONCURRENT)


def middle(taken: Mapping[str, list[float]]) -> tuple[float, float]:
    """Return the medians of this server and of the other one."""
    return median(taken["product"]), median(taken["other"])
