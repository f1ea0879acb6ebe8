"""A large import by bulk jobs: rows a second beside a bare HTTP client, and what of memory it takes.

`BENCH_IMPORT` is the number of contacts, 100,000 without it. The import is the command, as cron runs it: the file is
checked, and then sent; what the command takes for a small file is taken off.
"""

import asyncio
import csv
import io
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.figures import Figure
from bench.setting import ROOT, Org, environment, running_org

CONTACTS = int(os.environ.get("BENCH_IMPORT") or 100_000)
SMALL = 200
ROUNDS = 2
POLL_S = 0.1
JOBS = "/services/data/v60.0/jobs/ingest"
COLUMNS = ["FirstName", "LastName", "Email", "Phone", "Title"]
MOST_ROWS = 20_000
KIB = 2**10


async def about_an_import() -> list[Figure]:
    """Import files several times, each beside a bare client that sends as many rows; take the best of each."""
    async with running_org("--contacts", "10") as org:
        with tempfile.TemporaryDirectory() as folder:
            small = await _import(org, Path(folder), "small", SMALL)
            whole, bare = [], []
            for number in range(ROUNDS):
                bare.append(await _bare(org, f"bare{number}"))
                whole.append(await _import(org, Path(folder), f"round{number}", CONTACTS))
    seconds = min(each[0] for each in whole) - small[0]
    growth = max(each[1] for each in whole) - small[1]
    return [
        Figure(
            f"import of {CONTACTS:,} contacts, checked and sent, rows/s", CONTACTS / seconds, floor=CONTACTS / min(bare)
        ),
        Figure("… share of a bare client that only sends", min(bare) / seconds, target=0.8, at_least=True),
        Figure("peak of memory above that of a small import, MB", growth, target=40),
    ]


def _rows(mark: str, count: int) -> Iterator[list[str]]:
    for number in range(count):
        yield ["Ada", f"{mark} {number:06}", f"{mark}.{number}@acme.example", f"+49 30 {number}", "Dentist"]


async def _import(org: Org, folder: Path, mark: str, count: int) -> tuple[float, float]:
    """Import `count` new contacts by the command; return its seconds, and its peak of memory in MB."""
    file = folder / f"{mark}.csv"
    with file.open("w", encoding="utf-8", newline="") as out:
        table = csv.writer(out)
        table.writerow(COLUMNS)
        table.writerows(_rows(mark, count))
    names = ("instance_url", "client_id", "client_secret", "refresh_token")
    given = environment(
        **{f"SALESFORCE_{name.upper()}": org.credentials[name] for name in names},
        SALESFORCE_JOURNAL=str(folder / "journal.db"),
    )
    command = [sys.executable, "-m", "mcp_salesforce", "import", str(file), "--object", "Contact", "--yes", "--json"]

    def run() -> tuple[float, float]:
        begun = time.perf_counter()
        process = subprocess.Popen(command, cwd=ROOT, env=given, stdout=subprocess.PIPE)
        told = process.stdout.read() if process.stdout else b""
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode or f'"saved": {count}'.encode() not in told:
            raise RuntimeError(f"the import ended with {process.returncode}: {told[:400]!r}")
        return time.perf_counter() - begun, usage.ru_maxrss / KIB

    return await asyncio.to_thread(run)


async def _bare(org: Org, mark: str) -> float:
    """Send as many rows by jobs of the same size, and wait for each; return the seconds."""
    rows = list(_rows(mark, CONTACTS))
    files = []
    for start in range(0, CONTACTS, MOST_ROWS):
        out = io.StringIO(newline="")
        csv.writer(out, lineterminator="\n").writerows([COLUMNS, *rows[start : start + MOST_ROWS]])
        files.append(out.getvalue().encode())
    begun = time.perf_counter()
    for data in files:
        await _job(org, data)
    return time.perf_counter() - begun


async def _job(org: Org, data: bytes) -> None:
    jobs, headers = f"{org.url}{JOBS}", {"Authorization": f"Bearer {org.credentials['access_token']}"}
    async with org.http.post(jobs, json={"operation": "insert", "object": "Contact"}, headers=headers) as reply:
        job = (await reply.json())["id"]
    uploading = {**headers, "Content-Type": "text/csv"}
    async with org.http.put(f"{jobs}/{job}/batches", data=data, headers=uploading) as reply:
        reply.raise_for_status()
    async with org.http.patch(f"{jobs}/{job}", json={"state": "UploadComplete"}, headers=headers) as reply:
        reply.raise_for_status()
    state = ""
    while state != "JobComplete":
        async with org.http.get(f"{jobs}/{job}", headers=headers) as reply:
            state = (await reply.json())["state"]
        if state in {"Failed", "Aborted"}:
            raise RuntimeError(f"the bare client's job is {state}")
        if state != "JobComplete":
            await asyncio.sleep(POLL_S)
