"""Many appointments moved in one call: what it costs of the org, and of this machine."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

from mcp import Client
from mcp_types import ElicitRequestFormParams, ElicitResult

from bench.figures import Figure
from mcp_salesforce.config import Settings
from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.salesforce import AsgiTransport
from mcp_salesforce.salesforce.wire import HttpReply, HttpRequest
from mcp_salesforce.server import create_server

CALENDARS = 20
APPOINTMENTS = 200
OTHERS = 2000
START = datetime(2026, 12, 7, 8, tzinfo=UTC)
_WIRE = "%Y-%m-%dT%H:%M:%SZ"
_SLOT = timedelta(minutes=30)


async def about_rescheduling() -> list[Figure]:
    """Appointments moved to the next free times of a week in which others are, a person's approval included."""
    figures = []
    targets: dict[str, dict[str, Any]] = {
        "by a week": {"shift_days": 7},
        "to the next free times": {"next_free": "week", "not_before": _day(7)},
    }
    for how, target in targets.items():
        calls, cpu = await _moved(target)
        named = f"{APPOINTMENTS} appointments of {CALENDARS} calendars moved {how}"
        figures += [
            Figure(f"{named}: API calls", calls, target=12),
            Figure(f"{named}: s of CPU, without the org's", cpu, target=0.5),
        ]
    return figures


def _day(number: int) -> str:
    return (START + timedelta(days=number)).date().isoformat()


class _Timed:
    """A way into the org that counts its calls, and the time of the CPU that the org takes for them."""

    def __init__(self, org: LocalOrg) -> None:
        self._inner = AsgiTransport(org.app)
        self.calls, self.cpu = 0, 0.0

    async def exchange(self, request: HttpRequest) -> HttpReply:
        before = time.process_time()
        reply = await self._inner.exchange(request)
        self.cpu += time.process_time() - before
        self.calls += "/services/data/" in request.url
        return reply

    async def close(self) -> None:
        await self._inner.close()


async def _approve(context: Any, params: Any) -> ElicitResult:  # noqa: ANN401, ARG001 - the SDK's signature
    if not isinstance(params, ElicitRequestFormParams):
        raise TypeError("not a form")
    return ElicitResult(action="accept", content={"answer": params.requested_schema["properties"]["answer"]["enum"][1]})


async def _moved(target: dict[str, Any]) -> tuple[int, float]:
    with LocalOrg.open(seed=False, now=lambda: START) as org:
        ids = _fill(org)
        way, given = _Timed(org), org.credentials
        settings = Settings(
            client_id=given.client_id,
            client_secret=given.client_secret,
            refresh_token=given.refresh_token,
            instance_url="http://127.0.0.1:1",
            toolsets="scheduling",
        )
        server = create_server(settings, transport=way, now=lambda: START)
        async with Client(server, elicitation_callback=_approve) as client:
            before, spent = time.process_time(), way.cpu
            arguments = {"action": "move", "appointments": [{"Id": each} for each in ids], **target}
            result = await client.call_tool("salesforce_reschedule_appointments", arguments)
            cpu = time.process_time() - before - (way.cpu - spent)
        told = result.structured_content or {}
        if result.is_error or told.get("not_done"):
            raise RuntimeError(f"not all were moved: {result.content}")
    return way.calls, cpu


def _fill(org: LocalOrg) -> list[str]:
    """Put people and their appointments into the org; return the Ids of those to move: the first week's."""
    users, sobject = org.schema["User"], org.schema["Event"]
    model = dict(org.store.rows("SELECT * FROM User WHERE Id = ?", [org.user_id])[0])
    first = org.insert("Event", Subject="Template", StartDateTime="2026-01-01T09:00:00Z", DurationInMinutes=30)
    template = dict(org.store.rows("SELECT * FROM Event WHERE Id = ?", [first])[0])
    people = [
        model | {"Id": org.store.new_id(users), "Name": f"P {n}", "Username": f"p{n}@example.com"}
        for n in range(CALENDARS)
    ]

    def event(number: int, start: datetime) -> dict[str, Any]:
        return template | {
            "Id": org.store.new_id(sobject),
            "OwnerId": people[number % CALENDARS]["Id"],
            "Subject": f"Visit {number}",
            "StartDateTime": start.strftime(_WIRE),
            "ActivityDateTime": start.strftime(_WIRE),
            "EndDateTime": (start + _SLOT).strftime(_WIRE),
            "ActivityDate": start.date().isoformat(),
            "EndDate": start.date().isoformat(),
        }

    moved = [event(n, START + _SLOT * (n // CALENDARS)) for n in range(APPOINTMENTS)]
    others = [event(n, START + timedelta(days=7, hours=6) + _SLOT * (n // CALENDARS)) for n in range(OTHERS)]
    with org.store.transaction():
        org.store.insert_many(users, list(people[0]), [list(person.values()) for person in people])
        org.store.insert_many(sobject, list(template), [list(row.values()) for row in [*moved, *others]])
    return [row["Id"] for row in moved]
