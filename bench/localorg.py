"""The local org: records through collections and query pages, memory while paging, look-ups in a million events."""

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import psutil

from bench.figures import Figure
from bench.setting import Org, running_org
from mcp_salesforce.salesforce import Request, SalesforceClient, StaticTokenSource

COLLECTION = 200
COLLECTIONS = 25
CONTACTS = 20_000
EVENTS = 1_000_000
LOOK_UPS = 21
FIELDS = "SELECT Id, Subject, StartDateTime, WhoId FROM Event"
MIB = 1 << 20


async def about_the_local_org() -> list[Figure]:
    """Everything that is measured of the local org, in a file as `serve --demo` has it."""
    with tempfile.TemporaryDirectory() as folder:
        options = ("--path", str(Path(folder) / "org.db"), "--contacts", str(CONTACTS), "--events", str(EVENTS))
        async with running_org(*options) as org, client_of(org) as client:
            return [await created(client), *await paged(org, client), *await looked_up(client)]


def client_of(org: Org) -> SalesforceClient:
    """Return the product's own client, on the org."""
    return SalesforceClient(StaticTokenSource(org.credentials["access_token"], org.url), timeout_s=300)


async def created(client: SalesforceClient) -> Figure:
    """Create contacts through collections."""
    before = time.perf_counter()
    for number in range(COLLECTIONS):
        records = [
            {
                "attributes": {"type": "Contact"},
                "FirstName": f"Bench {number}",
                "LastName": f"Person {row}",
                "Email": f"person.{number}.{row}@example.com",
            }
            for row in range(COLLECTION)
        ]
        results = await client.send(Request("POST", "composite/sobjects", body={"allOrNone": True, "records": records}))
        if not (isinstance(results, list) and all(result["success"] for result in results)):
            raise RuntimeError(f"not created: {str(results)[:300]}")
    seconds = time.perf_counter() - before
    rows = COLLECTION * COLLECTIONS
    return Figure(f"contacts created through collections of {COLLECTION}, rows/s", rows / seconds)


async def paged(org: Org, client: SalesforceClient) -> list[Figure]:
    """Read every event through query pages; watch the memory of both sides."""
    sides = {"org": org.process, "client": psutil.Process()}
    held: dict[str, list[int]] = {side: [] for side in sides}
    rows = 0
    before = time.perf_counter()
    async for page in client.queries.pages(FIELDS):
        rows += len(page.records)
        for side, process in sides.items():
            held[side].append(process.memory_info().rss)
    seconds = time.perf_counter() - before
    if rows < EVENTS:
        raise RuntimeError(f"{rows} rows came, of {EVENTS}")
    return [
        Figure(f"{EVENTS:,} events read through query pages, rows/s", rows / seconds),
        *(
            Figure(f"memory that the {side} gained from the 10th page to the last, MiB", gained(held[side]), target=16)
            for side in sides
        ),
    ]


def gained(held: Sequence[int]) -> float:
    """Return how much more was held at most after the tenth page than at it, in MiB."""
    return (max(held[10:]) - held[10]) / MIB


async def looked_up(client: SalesforceClient) -> list[Figure]:
    """Find events by Id, by reference and by date."""
    sample = (await client.queries.query(f"{FIELDS} WHERE Subject LIKE 'Event%' LIMIT 2000")).records
    some = sample[:: len(sample) // LOOK_UPS]
    conditions = {
        "Id": [f"Id = '{event['Id']}'" for event in some],
        "reference": [f"WhoId = '{event['WhoId']}'" for event in some],
        "a window of a day": [
            f"StartDateTime >= {event['StartDateTime'][:10]}T00:00:00Z AND "
            f"StartDateTime < {event['StartDateTime'][:10]}T23:59:59Z"
            for event in some
        ],
    }
    figures = []
    for by, asked in conditions.items():
        taken = []
        for condition in asked:
            before = time.perf_counter()
            await client.queries.query(f"{FIELDS} WHERE {condition}")
            taken.append((time.perf_counter() - before) * 1000)
        figures.append(Figure(f"query by {by} in {EVENTS:,} events, ms", median(taken), target=50))
    return figures
