"""A large export through a bulk job: rows a second beside a bare HTTP client, and what of memory it takes.

`BENCH_EXPORT` is the number of contacts, 200,000 without it: a million takes ten minutes to make.
"""

import asyncio
import csv
import os
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.figures import Figure
from bench.setting import Org, running_org
from mcp_salesforce.salesforce import SalesforceClient, StaticTokenSource
from mcp_salesforce.salesforce.api.bulk import PAGE_ROWS

CONTACTS = int(os.environ.get("BENCH_EXPORT") or 200_000)
SOQL = "SELECT Id, Name, Email, Phone, Title, Account.Name, CreatedDate FROM Contact"
SMALL = {"path": "small.csv", "soql": f"{SOQL} LIMIT 100"}
ROUNDS = 5
POLL_S = 0.1
JOBS = "/services/data/v60.0/jobs/query"


async def about_an_export() -> list[Figure]:
    """Export everything several times, each beside a bare client that does the same; take the best of each."""
    async with running_org("--contacts", str(CONTACTS)) as org:
        with tempfile.TemporaryDirectory() as folder:
            settings: dict[str, Any] = {"SALESFORCE_TOOLSETS": "files", "SALESFORCE_FILES": folder}
            async with org.product(**settings) as server:
                await server.initialize()
                await server.call_tool("salesforce_export", SMALL)
                rest = server.memory_mib()
                whole, bare_job, bare_pages, pages = [], [], [], []
                for number in range(ROUNDS):
                    job, seconds = await _bare_job(org)
                    bare_job.append(seconds)
                    bare_pages.append(await _bare_pages(org, job))
                    pages.append(await _pages(org, job, Path(folder, "pages.csv")))
                    arguments = {"path": f"{number}.csv", "soql": SOQL, "wait_s": 100}
                    before = time.perf_counter()
                    result = await server.call_tool("salesforce_export", arguments)
                    whole.append(time.perf_counter() - before)
                    await asyncio.to_thread(_require_whole, Path(folder, f"{number}.csv"), result)
                growth = server.peak_mib() - rest
    bare = min(bare_job) + min(bare_pages)
    return [
        Figure(f"export of {CONTACTS:,} contacts by a bulk job, rows/s", CONTACTS / min(whole), floor=CONTACTS / bare),
        Figure("… share of a bare client that lets a job run too", bare / min(whole), target=0.7, at_least=True),
        Figure("its pages, counted and written, rows/s", CONTACTS / min(pages), floor=CONTACTS / min(bare_pages)),
        Figure("… share of a bare client that only reads", min(bare_pages) / min(pages), target=0.7, at_least=True),
        Figure("peak of memory above rest, MB", growth, target=40),
    ]


async def _bare_job(org: Org) -> tuple[str, float]:
    """Let the org run the query; return the job, and how long it took."""
    jobs, headers = f"{org.url}{JOBS}", {"Authorization": f"Bearer {org.credentials['access_token']}"}
    begun = time.perf_counter()
    async with org.http.post(jobs, json={"operation": "query", "query": SOQL}, headers=headers) as reply:
        job = (await reply.json())["id"]
    state = ""
    while state != "JobComplete":
        async with org.http.get(f"{jobs}/{job}", headers=headers) as reply:
            state = (await reply.json())["state"]
        if state != "JobComplete":
            await asyncio.sleep(POLL_S)
    return job, time.perf_counter() - begun


async def _bare_pages(org: Org, job: str) -> float:
    """Read the pages of a job, and do nothing with them."""
    results, headers = f"{org.url}{JOBS}/{job}/results", {"Authorization": f"Bearer {org.credentials['access_token']}"}
    params, rows = {"maxRecords": str(PAGE_ROWS)}, 0
    begun = time.perf_counter()
    while params.get("locator") != "null":
        async with org.http.get(results, params=params, headers=headers) as reply:
            await reply.read()
            rows += int(reply.headers["Sforce-NumberOfRecords"])
            params["locator"] = reply.headers["Sforce-Locator"]
    if rows < CONTACTS:
        raise RuntimeError(f"the bare client read {rows} rows")
    return time.perf_counter() - begun


async def _pages(org: Org, job: str, file: Path) -> float:
    """Write the pages of a job to a file, by the client that the export uses."""
    tokens = StaticTokenSource(org.credentials["access_token"], org.url)
    async with SalesforceClient(tokens) as client:
        begun = time.perf_counter()
        with file.open("wb") as out:
            async for page in client.bulk.result_pages(job):
                await asyncio.to_thread(out.write, page.csv)
        return time.perf_counter() - begun


def _require_whole(file: Path, result: dict[str, Any]) -> None:
    with file.open(encoding="utf-8", newline="") as text:
        rows = {row[0] for row in csv.reader(text)}
    if len(rows) != CONTACTS + 1 or result.get("isError"):
        raise RuntimeError(f"{len(rows)} of {CONTACTS} rows: {result}")
