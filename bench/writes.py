"""What preview, approval, journal and audit cost a single write: this server beside an earlier one.

`BENCH_BEFORE` is a checkout, with an environment of its own, of a version that has none of them; without it there is
nothing to compare with. The servers take turns.
"""

import os
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from bench.figures import Figure
from bench.others import BEFORE
from bench.setting import ROOT, Org, running_org
from bench.stdio import StdioServer

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "400"))
WARM_UP = 20
MOST_RATIO = 1.1
ACTIONS = ("create", "update", "update of one row", "delete")


async def about_writes() -> list[Figure]:
    """Measure one create, update and delete that nobody is asked about, over stdio."""
    earlier = os.environ.get(BEFORE, "")
    async with running_org() as org, _servers(org, Path(earlier) if earlier else None) as servers:
        taken: dict[str, dict[str, list[float]]] = {name: {each: [] for each in ACTIONS} for name in servers}
        requests: dict[str, dict[str, float]] = {name: {} for name in servers}
        for number in range(WARM_UP + ROUNDS):
            names = list(servers)[:: -1 if number % 2 else 1]
            for name in names:
                times = await _one_of_each(org, servers[name], number, requests[name])
                if number >= WARM_UP:
                    for action, seconds in times.items():
                        taken[name][action].append(seconds * 1000)
    return [
        Figure(
            f"one {action} ({name}), ms",
            median(taken[name][action]),
            median(taken["earlier"][action]) if "earlier" in servers else None,
            target=MOST_RATIO if "earlier" in servers and name == "journal" else None,
            note=f"{requests[name][action]:.0f} requests"
            + (f", {requests['earlier'][action]:.0f} before" if "earlier" in servers else ""),
        )
        for action in ACTIONS
        for name in servers
        if name != "earlier"
    ]


@asynccontextmanager
async def _servers(org: Org, earlier: Path | None) -> AsyncIterator[dict[str, StdioServer]]:
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        settings = {
            "no journal": {"SALESFORCE_JOURNAL": "off"},
            "journal": {"SALESFORCE_JOURNAL": str(folder / "journal.db")},
            "journal and audit": {
                "SALESFORCE_JOURNAL": str(folder / "audited.db"),
                "SALESFORCE_AUDIT": str(folder / "audit.jsonl"),
            },
        }
        found = {name: await stack.enter_async_context(org.product(ROOT, **more)) for name, more in settings.items()}
        if earlier:
            found = {"earlier": await stack.enter_async_context(org.product(earlier)), **found}
        for server in found.values():
            await server.initialize()
        yield found


async def _one_of_each(org: Org, server: StdioServer, number: int, requests: dict[str, float]) -> dict[str, float]:
    """Return the seconds that each write took; `requests` gets how many requests each needed."""
    times: dict[str, float] = {}

    async def timed(action: str, tool: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        started = time.perf_counter()
        result = await server.call_tool(f"salesforce_{tool}", arguments)
        times[action] = time.perf_counter() - started
        if result.get("isError"):
            raise RuntimeError(result["content"][0]["text"])
        if number == WARM_UP - 1:
            requests[action] = (await org.control())["requests"]
        found: dict[str, Any] = result["structuredContent"]
        return found

    if number == WARM_UP - 1:
        await org.control()
    person = {"FirstName": "Ada", "LastName": f"Bench{number}", "Title": "CTO"}
    made = await timed("create", "create_contact", {"data": person, "allow_duplicate": True})
    await timed("update", "update_contact", {"contact_id": made["Id"], "data": {"Title": "CFO"}})
    row = {"Id": made["Id"], "Title": "CEO"}
    await timed("update of one row", "update_records", {"sobject": "Contact", "records": [row]})
    await timed("delete", "delete_contact", {"contact_id": made["Id"]})
    return times
