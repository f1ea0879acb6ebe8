"""The local org on a loopback port, with a delay for each answer and a count of what arrives: `python -m bench.org`.

Prints one JSON line when it is ready. `GET /bench` reads the counts since the last time and sets what its parameters
name: `delay_ms` for each answer, `expire=1` ends every session, `replay=1` answers a query that was answered before
from memory, so that a measure of a client is not one of the org behind it; `faults=5` lets five of a hundred requests
fail, each in one of all the ways that a local org can.
"""

import argparse
import asyncio
import json
import random
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.localorg.listener import serve
from mcp_salesforce.localorg.services.faults import Fault, Kind


@dataclass
class Counts:
    """What has arrived since the counts were last read."""

    requests: int = 0
    faults: int = 0
    refreshes: int = 0
    connections: int = 0
    last_query: str = ""


@dataclass
class MeasuredOrg:
    """An ASGI application around the org's own."""

    org: LocalOrg
    app: ASGIApp
    delay_s: float = 0
    replay: bool = False
    faults_percent: float = 0
    dice: random.Random = field(default_factory=lambda: random.Random(4711))  # noqa: S311 - the same faults each time
    counts: Counts = field(default_factory=Counts)
    peers: set[tuple[str, int]] = field(default_factory=set)
    remembered: dict[tuple[str, str, bytes], list[Message]] = field(default_factory=dict)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, late by the delay."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
        elif scope["path"] == "/bench":
            await self.control(Request(scope))(scope, receive, send)
        else:
            self.count(Request(scope))
            self.break_some(scope)
            await asyncio.sleep(self.delay_s)
            await self.answer(scope, receive, send)

    def count(self, request: Request) -> None:
        """Add one request to the counts."""
        self.counts.requests += 1
        self.counts.refreshes += request.url.path == "/services/oauth2/token"
        if request.client and request.client not in self.peers:
            self.peers.add((request.client.host, request.client.port))
            self.counts.connections += 1
        if "/query" in request.url.path:
            self.counts.last_query = f"{request.url.path}?{request.url.query}"

    def break_some(self, scope: Scope) -> None:
        """Let a request for data fail, as often as is asked for, in one of all ways."""
        if "/services/data/" in scope["path"] and self.dice.random() * 100 < self.faults_percent:
            kind = self.dice.choice(get_args(Kind))
            delay_s = SHORT_DELAY_S if kind in {"hang", "latency"} else 0.0
            self.org.faults.add(Fault(kind, scope["method"], scope["path"], delay_s=delay_s))
            self.counts.faults += 1

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer from memory what may be, and else through the org."""
        request = Request(scope)
        if not self.replay or (request.method != "GET" and SOAP not in scope["path"]):
            await self.app(scope, receive, send)
            return
        key = (request.url.path, request.url.query, request.headers.get("authorization", "").encode())
        if key not in self.remembered:
            messages: list[Message] = []

            async def remember(message: Message) -> None:
                messages.append(message)

            await self.app(scope, receive, remember)
            if messages[0]["status"] == 200:  # noqa: PLR2004 - HTTP's OK
                self.remembered[key] = messages
        else:
            messages = self.remembered[key]
        for message in messages:
            await send(message)

    def control(self, request: Request) -> JSONResponse:
        """Set what the parameters name; return the counts and start them again."""
        given = request.query_params
        self.delay_s = float(given.get("delay_ms", self.delay_s * 1000)) / 1000
        self.replay = given.get("replay", str(int(self.replay))) == "1"
        self.faults_percent = float(given.get("faults", self.faults_percent))
        if not self.faults_percent:
            self.org.faults.clear()
        if given.get("expire") == "1":
            self.org.expire_sessions()
            self.remembered.clear()
        counts, self.counts = self.counts, Counts()
        return JSONResponse(asdict(counts))


SOAP = "/services/Soap/"  # where clients that log in for each call do so
SHORT_DELAY_S = 0.2
WIRE = "%Y-%m-%dT%H:%M:%S.000+0000"
MINUTES_BETWEEN_EVENTS = 5
ROWS_AT_ONCE = 50_000


def add_events(org: LocalOrg, count: int) -> None:
    """Put events into the org's table, past its rules and its API, which would take many minutes for a million."""
    sobject = org.schema["Event"]
    model = dict(org.store.rows("SELECT * FROM Event WHERE IsAllDayEvent = 0 AND IsPrivate = 0 LIMIT 1")[0])
    contacts = [row["Id"] for row in org.store.rows("SELECT Id FROM Contact ORDER BY Id")]
    start = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(days=100)

    def rows(first: int, number: int) -> Iterator[list[Any]]:
        for at in range(first, first + number):
            begins = start + timedelta(minutes=MINUTES_BETWEEN_EVENTS * at)
            changed = {
                "Id": org.store.new_id(sobject),
                "WhoId": contacts[at % len(contacts)],
                "Subject": f"Event {at}",
                "StartDateTime": begins.strftime(WIRE),
                "ActivityDateTime": begins.strftime(WIRE),
                "EndDateTime": (begins + timedelta(minutes=30)).strftime(WIRE),
                "ActivityDate": begins.strftime("%Y-%m-%d"),
            }
            yield list((model | changed).values())

    for first in range(0, count, ROWS_AT_ONCE):
        with org.store.transaction():
            org.store.insert_many(sobject, list(model), rows(first, min(ROWS_AT_ONCE, count - first)))


def main() -> None:
    """Serve until the process is ended."""
    parser = argparse.ArgumentParser(prog="bench.org", description="The local org, to be measured.")
    parser.add_argument("--path", type=Path, help="the org's file; without one it is in memory")
    parser.add_argument("--contacts", type=int, default=200)
    parser.add_argument("--events", type=int, default=0, help="how many more events than the seed's")
    given = parser.parse_args()
    with LocalOrg.open(given.path, contacts=given.contacts) as org:
        add_events(org, given.events)

        def ready(address: str) -> None:
            sys.stdout.write(json.dumps({"instance_url": address, **asdict(org.credentials)}) + "\n")
            sys.stdout.flush()

        serve(MeasuredOrg(org, org.app), ready=ready)


if __name__ == "__main__":
    main()
