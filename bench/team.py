"""A server for a team: 64 connections of 50 users, beside FastMCP's server with its OAuth proxy and a trivial one.

Every user logs in to each server in the way that a host does. The servers take turns, so that what else the machine
does meets all of them. `BENCH_TEAM` is how many calls each server answers in a round; 1,000 without it.
"""

import os
import shutil
import statistics
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import httpx2
from tests.oauth.processes import log_in

from bench.figures import Figure
from bench.over_http import AT_ONCE, Load, Seat, free_port, load, process_at, trivial
from bench.servers import query_of_the_list_tool
from bench.setting import LIST_CONTACTS, Org, environment, running_org

CALLS = int(os.environ.get("BENCH_TEAM") or 1000)
USERS: Final = 50
ROUNDS: Final = 5
FASTMCP: Final = "4.2.3"
DATED: Final = "2026-11-21T00:00:00Z"
NAME: Final = "list_contacts of a team"


async def about_a_team() -> list[Figure]:
    """Everything that is measured of a server for a team."""
    async with running_org() as org, AsyncExitStack() as stack:
        target = await query_of_the_list_tool(org)
        users = [await user(org, number) for number in range(USERS)]
        await org.control(replay=1)
        folder = Path(stack.enter_context(TemporaryDirectory()))
        one = await stack.enter_async_context(replica(org, folder, free_port()))
        two = await stack.enter_async_context(replica(org, folder, free_port(), one))
        ours = await bearers(org, one, users)
        servers = {
            "one": (LIST_CONTACTS, seats([one], ours)),
            "two": (LIST_CONTACTS, seats([one, two], ours)),
            "trivial": ("list_contacts", seats([await stack.enter_async_context(trivial(org, target))], [""])),
        }
        if shutil.which("uv"):
            other = await stack.enter_async_context(fastmcp(org, folder, target))
            servers["fastmcp"] = ("list_contacts", seats([other], await bearers(org, other, users)))
        found: dict[str, list[Load]] = {name: [] for name in servers}
        for _ in range(ROUNDS):
            for name, (tool, there) in servers.items():
                found[name].append(await load(there, tool, CALLS))
    return figures(found)


def figures(found: Mapping[str, Sequence[Load]]) -> list[Figure]:
    """What was found, as medians of the rounds."""
    rates = {name: statistics.median(each.rate for each in loads) for name, loads in found.items()}
    spread = statistics.median(each.p99 / each.p50 for each in found["one"])
    note = f"{AT_ONCE} connections of {USERS} users"
    beside = rates.get("fastmcp")
    cores = os.cpu_count() or 1
    return [
        Figure(
            f"{NAME}, a second", rates["one"], beside, target=1.5, at_least=True,
            note=f"{note}; second column: FastMCP {FASTMCP} with its OAuth proxy" if beside else "there is no uv",
        ),
        Figure(
            f"{NAME}, a second", rates["one"], rates["trivial"], target=0.9, at_least=True,
            note="second column: the trivial server, without logins",
        ),
        Figure(f"{NAME}: p99 in times of p50", spread, target=5, note=note),
        Figure(
            f"{NAME}, two replicas, a second", rates["two"], rates["one"], target=1.7 if cores >= 4 else None,  # noqa: PLR2004 - two replicas, an org and a client
            at_least=True, note=f"second column: one; they share {cores} cores with the org and the client",
        ),
    ]  # fmt: skip


def seats(urls: Sequence[str], bearers: Sequence[str]) -> list[Seat]:
    """Who sits at each connection, and where: users and servers take turns."""
    return [
        Seat(f"{urls[number % len(urls)]}/mcp".replace("/mcp/mcp", "/mcp"), bearers[number % len(bearers)])
        for number in range(AT_ONCE)
    ]


async def user(org: Org, number: int) -> str:
    """Create a user of the org; return the Id."""
    headers = {"Authorization": f"Bearer {org.credentials['access_token']}"}
    query = {"q": "SELECT ProfileId FROM User WHERE IsActive = true AND UserType = 'Standard' LIMIT 1"}
    async with org.http.get(f"{org.url}/services/data/v60.0/query", params=query, headers=headers) as reply:
        profile = (await reply.json())["records"][0]["ProfileId"]
    name = f"person{number}@bench.example"
    values = {
        "FirstName": "Person", "LastName": f"Number {number}", "Alias": f"p{number}", "Email": name, "Username": name,
        "ProfileId": profile, "TimeZoneSidKey": "Europe/Berlin", "LocaleSidKey": "en_US",
        "LanguageLocaleKey": "en_US", "EmailEncodingKey": "UTF-8", "CommunityNickname": f"p{number}",
    }  # fmt: skip
    async with org.http.post(f"{org.url}/services/data/v60.0/sobjects/User", json=values, headers=headers) as reply:
        return str((await reply.json())["id"])


async def bearers(org: Org, url: str, users: Sequence[str]) -> list[str]:
    """Log every user in; return their access tokens."""
    found = []
    for each in users:
        async with httpx2.AsyncClient(timeout=60) as browser:
            found.append((await log_in(browser, url, url, org.url, each))["access_token"])
    return found


@asynccontextmanager
async def replica(org: Org, folder: Path, port: int, public_url: str = "") -> AsyncIterator[str]:
    """Start a replica for a team on a store in `folder`, and give its address."""
    address = f"http://127.0.0.1:{port}"
    settings = {
        "SALESFORCE_PUBLIC_URL": public_url or address,
        "SALESFORCE_ALLOWED_HOSTS": "127.0.0.1",
        "SALESFORCE_INSTANCE_URL": org.url,
        "SALESFORCE_CLIENT_ID": org.credentials["client_id"],
        "SALESFORCE_CLIENT_SECRET": org.credentials["client_secret"],
        "SALESFORCE_STORE": str(folder / "store.db"),
        "SALESFORCE_JOURNAL": "off",
        "SALESFORCE_CALLS_PER_MINUTE": "10000000",
        "SALESFORCE_CONCURRENT_CALLS": str(AT_ONCE),
        "SALESFORCE_FAIR_SHARE_PERCENT": "100",  # the org's calls of a day are few beside those of a benchmark
    }
    command = [sys.executable, "-m", "mcp_salesforce", "serve", "--http", "--port", str(port)]
    async with process_at(port, command, environment(**settings)):
        yield address


@asynccontextmanager
async def fastmcp(org: Org, folder: Path, target: str) -> AsyncIterator[str]:
    """Start FastMCP's server in an environment of its own, and give its address."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    told = {
        "TEAM_URL": address,
        "TEAM_ORG": org.url,
        "TEAM_TARGET": f"{org.url}{target}",
        "TEAM_CLIENT_ID": org.credentials["client_id"],
        "TEAM_CLIENT_SECRET": org.credentials["client_secret"],
        "FASTMCP_HOME": str(folder),
    }
    packages = ["--with", f"fastmcp=={FASTMCP}", "--with", "aiohttp", "python", "-m", "bench.fastmcp_server"]
    command = ["uv", "run", "--no-project", "--exclude-newer", DATED, "--python", sys.executable, *packages]
    async with process_at(port, command, environment(**told)):
        yield address
