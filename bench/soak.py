"""A long run over stdio while the org fails in every way: what is lost, what grows, what gets slower.

`BENCH_SOAK` is the number of calls, 20,000 without it.
"""

import asyncio
import os
import random
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median, quantiles
from typing import Any

from bench.figures import Figure
from bench.setting import LIST_CONTACTS, running_org
from bench.stdio import StdioServer, code_of

CALLS = int(os.environ.get("BENCH_SOAK") or 20_000)
FAULTS_PERCENT = 5
AT_ONCE = 8
TENTHS = 10
SURNAME = "Soak"
READS: tuple[tuple[str, dict[str, Any]], ...] = (
    (LIST_CONTACTS, {"limit": 10}),
    ("salesforce_query", {"soql": "SELECT Id, Name, Account.Name FROM Contact LIMIT 20"}),
    ("salesforce_list_appointments", {"limit": 10}),
    ("salesforce_describe", {"sobject": "Contact", "search": "phone"}),
    ("salesforce_whoami", {}),
)
CREATES_PERCENT, CHANGES_PERCENT = 10, 10


@dataclass
class Soak:
    """The calls, and what came of them."""

    server: StdioServer
    contact_id: str = ""
    dice: random.Random = field(default_factory=lambda: random.Random(815))  # noqa: S311 - the same calls each time
    acknowledged: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
    refused: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)
    files: list[int] = field(default_factory=list)

    async def run(self, calls: int) -> None:
        """Make the calls, some at once, each tenth by itself so that the process is looked at while it rests."""
        for tenth in range(TENTHS):
            numbers = iter(range(calls * tenth // TENTHS, calls * (tenth + 1) // TENTHS))
            await asyncio.gather(*(self._some(numbers) for _ in range(AT_ONCE)))
            self.memory.append(self.server.memory_mib())
            self.files.append(self.server.open_files())

    async def _some(self, numbers: Iterator[int]) -> None:
        for number in numbers:
            before = time.perf_counter()
            await self._one(number)
            self.seconds.append(time.perf_counter() - before)

    async def _one(self, number: int) -> None:
        choice = self.dice.random() * 100
        if choice < CREATES_PERCENT:
            await self._create(f"{SURNAME} {number}")
        elif choice < CREATES_PERCENT + CHANGES_PERCENT:
            values = {"contact_id": self.contact_id, "data": {"Title": f"Title {number}"}}
            await self._call("salesforce_update_contact", values)
        else:
            await self._call(*self.dice.choice(READS))

    async def _create(self, name: str) -> None:
        code = await self._call("salesforce_create_contact", {"data": {"LastName": name}})
        if not code:
            self.acknowledged.add(name)
        elif code == "OUTCOME_UNKNOWN":
            self.unknown.add(name)

    async def _call(self, tool: str, arguments: dict[str, Any]) -> str:
        """Return the code of the error that a call came to; nothing where it succeeded."""
        code = code_of(await self.server.call_tool(tool, arguments))
        self.refused.update([code] if code else [])
        return code

    def p95_ms(self, tenth: int) -> float:
        """Return how long 95 of a hundred calls of a tenth took at most, in ms."""
        size = len(self.seconds) // TENTHS
        return quantiles(self.seconds[size * tenth : size * (tenth + 1)], n=20)[-1] * 1000


async def about_a_soak() -> list[Figure]:
    """Everything that is measured of a long run."""
    async with running_org() as org, org.product() as server:
        await server.initialize()
        soak = Soak(server)
        created = await server.call_tool("salesforce_create_contact", {"data": {"LastName": "First"}})
        soak.contact_id = created["structuredContent"]["Id"]
        await org.control(faults=FAULTS_PERCENT)
        await soak.run(CALLS)
        faults = (await org.control(faults=0))["faults"]
        names = await names_in(server)
    failed = sum(soak.refused.values())
    what = f"{CALLS:,} mixed calls, {faults:,} faults of every kind"
    return [
        Figure(f"{what}: creates lost, doubled, or made without a word", mistakes(soak, names), target=0),
        Figure(f"{what}: calls that came to an error", failed, note=told(soak.refused)),
        Figure("growth of memory from the second tenth to the last", growth(soak.memory), target=1.05),
        Figure("growth of file descriptors", soak.files[-1] - soak.files[1], target=0),
        Figure("p95 of the last tenth beside the first, ms", soak.p95_ms(TENTHS - 1), soak.p95_ms(0), target=1.2),
    ]


async def names_in(server: StdioServer) -> Counter[str]:
    """Return how often the org has each name that the soak has sent."""
    soql = f"SELECT LastName FROM Contact WHERE LastName LIKE '{SURNAME} %'"  # noqa: S608 - SOQL, of a constant
    names: Counter[str] = Counter()
    cursor: dict[str, str] | None = {}
    while cursor is not None:
        result = await server.call_tool("salesforce_query", {"soql": soql, "limit": 2000, **cursor})
        content = result["structuredContent"]
        names.update(row[0] for row in content["rows"])
        cursor = {"cursor": content["next_cursor"]} if "next_cursor" in content else None
    return names


def mistakes(soak: Soak, names: Counter[str]) -> int:
    """Count the creates that are not as they were told."""
    lost = sum(names[name] != 1 for name in soak.acknowledged)
    doubled = sum(names[name] > 1 for name in soak.unknown)
    unsaid = len(names.keys() - soak.acknowledged - soak.unknown)
    return lost + doubled + unsaid


def growth(held: Sequence[float]) -> float:
    """Return how much more was held in the last three tenths than in the second to the fourth."""
    return median(held[-3:]) / median(held[1:4])


def told(refused: Counter[str]) -> str:
    """Return the codes of errors, the most frequent first."""
    return ", ".join(f"{count} {code}" for code, count in refused.most_common())
