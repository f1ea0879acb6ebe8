"""Free times of many calendars: the engine alone, and the whole call with what it costs of the org."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

from mcp import Client

from bench.figures import Figure
from mcp_salesforce.appointments.busy import block_of
from mcp_salesforce.appointments.hours import OFFICE_HOURS, hours_of
from mcp_salesforce.appointments.intervals import Interval
from mcp_salesforce.appointments.openings import spread
from mcp_salesforce.appointments.slots import SlotRequest, free_time, starts
from mcp_salesforce.config import Settings
from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.salesforce import AsgiTransport
from mcp_salesforce.salesforce.wire import HttpReply, HttpRequest
from mcp_salesforce.server import create_server

CALENDARS = 50
DAYS = 92
EVENTS = 20_000
FEWER = EVENTS // 4
ROUNDS = 9
ZONE = ZoneInfo("Europe/Berlin")
START = datetime(2026, 12, 1, tzinfo=UTC)
WINDOW = Interval(START, START + timedelta(days=DAYS))
WIRE = "%Y-%m-%dT%H:%M:%S.000+0000"
LENGTH = timedelta(minutes=30)
SOUGHT = SlotRequest(timedelta(minutes=60), buffer_before=timedelta(minutes=10), buffer_after=timedelta(minutes=10))


async def about_availability() -> list[Figure]:
    """Everything that is measured of free times."""
    few, many = (_engine_ms(count) for count in (FEWER, EVENTS))
    named = f"slots of {CALENDARS} calendars over {DAYS} days with {EVENTS:,} events"
    return [
        Figure(f"{named}: from records to slots, ms of CPU", many, target=100),
        Figure(f"the same with {FEWER:,} events, ms of CPU", few),
        Figure("an event among the many, of one among the few", many / few * FEWER / EVENTS, target=1.5),
        *await _called(named),
    ]


def events(count: int) -> Iterator[dict[str, Any]]:
    """Return events of all calendars, spread over the whole window, as Salesforce gives them."""
    minutes = DAYS * 24 * 60
    for number in range(count):
        begins = START + timedelta(minutes=number * minutes // count)
        yield {
            "Id": f"00U{number:015}",
            "OwnerId": number % CALENDARS,
            "Subject": f"Event {number}",
            "StartDateTime": begins.strftime(WIRE),
            "EndDateTime": (begins + LENGTH).strftime(WIRE),
            "IsAllDayEvent": False,
            "ActivityDate": begins.strftime("%Y-%m-%d"),
            "DurationInMinutes": 30,
            "ShowAs": "Busy",
            "IsPrivate": False,
            "IsChild": False,
        }


def _engine_ms(count: int) -> float:
    records = list(events(count))
    times = []
    for _ in range(ROUNDS):
        before = time.process_time()
        taken: list[list[Interval]] = [[] for _ in range(CALENDARS)]
        for record in records:
            if block := block_of(record, ZONE, record["Id"]):
                taken[record["OwnerId"]].append(block.interval)
        working = hours_of(OFFICE_HOURS).of(ZONE).within(WINDOW)
        spread(starts(free_time(taken, [working], SOUGHT), SOUGHT), SOUGHT.length, 5, ZONE)
        times.append(time.process_time() - before)
    return median(times) * 1000


class _Counted:
    """A way into the org that counts calls of its API and what came back, before compression."""

    def __init__(self, org: LocalOrg) -> None:
        self._inner = AsgiTransport(org.app)
        self.calls = self.received = 0

    async def exchange(self, request: HttpRequest) -> HttpReply:
        reply = await self._inner.exchange(request)
        if "/services/data/" in request.url:
            self.calls += 1
            self.received += len(reply.body)
        return reply

    async def close(self) -> None:
        await self._inner.close()


async def _called(named: str) -> list[Figure]:
    """Measure the tool on an org that has the calendars and the events."""
    with LocalOrg.open(seed=False, now=lambda: START) as org:
        ids = _fill(org)
        way = _Counted(org)
        credentials = org.credentials
        settings = Settings(
            client_id=credentials.client_id,
            client_secret=credentials.client_secret,
            refresh_token=credentials.refresh_token,
            instance_url="http://127.0.0.1:1",
        )
        server = create_server(settings, transport=way, now=lambda: START)
        async with Client(server) as client:
            sought = {
                "calendars": ids,
                "duration_minutes": 60,
                "start": START.isoformat(),
                "end": WINDOW.end.isoformat(),
                "working_hours": "Mon-Fri 09:00-17:00 Europe/Berlin",
            }
            before = time.perf_counter()
            result = await client.call_tool("salesforce_find_free_times", sought)
            seconds = time.perf_counter() - before
        if result.is_error:
            raise RuntimeError(f"refused: {result.content}")
    return [
        Figure(f"{named}: API calls, finding 50 users included", way.calls, target=6),
        Figure(f"{named}: bytes read of the org", way.received),
        Figure(f"{named}: the whole call, the local org's work included, s", seconds),
    ]


def _fill(org: LocalOrg) -> list[str]:
    """Put users and events into the org's tables; return the users' Ids."""
    users, sobject = org.schema["User"], org.schema["Event"]
    model = dict(org.store.rows("SELECT * FROM User WHERE Id = ?", [org.user_id])[0])
    template = dict(
        org.store.rows(
            "SELECT * FROM Event WHERE Id = ?",
            [org.insert("Event", Subject="Template", StartDateTime="2026-01-01T09:00:00Z", DurationInMinutes=30)],
        )[0]
    )
    people = [
        model
        | {
            "Id": org.store.new_id(users),
            "Name": f"Person {number}",
            "Username": f"person{number}@example.com",
            "CommunityNickname": f"person{number}",
        }
        for number in range(CALENDARS)
    ]
    ids = [person["Id"] for person in people]
    rows = [
        template
        | event
        | {"Id": org.store.new_id(sobject), "OwnerId": ids[event["OwnerId"]]}
        | {"ActivityDateTime": event["StartDateTime"], "EndDate": event["ActivityDate"]}
        for event in events(EVENTS)
    ]
    with org.store.transaction():
        org.store.insert_many(users, list(people[0]), [list(person.values()) for person in people])
        org.store.insert_many(sobject, list(rows[0]), [list(row.values()) for row in rows])
    return ids
