"""Steps of the demo about time: what is free is offered, and what is taken is refused."""

from datetime import datetime, timedelta
from typing import Any

from mcp_salesforce.cli.demo.agent import LENGTH, ZONE, Agent, check

EVENING = "Tue 18:30-20:30"
OFFERED = 2
SHOWN = ("weekday", "start", "end")


async def find_a_time(agent: Agent) -> str:
    """Find times on the evening of the appointment, and look at what is busy then."""
    day = agent.start.date().isoformat()
    answer = await agent.ask(
        "salesforce_find_free_times",
        calendars=["me"],
        duration_minutes=LENGTH // timedelta(minutes=1),
        start=day,
        end=day,
        time_zone=ZONE.key,
        working_hours=EVENING,
        limit=OFFERED,
    )
    rows = [dict(zip(answer["columns"], row, strict=True)) for row in answer["rows"]]
    agent.screen.rows(SHOWN, [[row[name] for name in SHOWN] for row in rows])
    check(len(rows) == OFFERED, f"{len(rows)} times are offered, not {OFFERED}")
    for row in rows:
        check(row["weekday"] == "Tuesday", f"{row['start']} is not a {row['weekday']}")
        check(not await _busy(agent, row["start"], row["end"]), f"{row['start']} is offered, and taken")
    check(datetime.fromisoformat(rows[0]["start"]) == agent.start, f"the evening begins at {agent.start}")
    return f"{OFFERED} times, and nothing is busy then"


async def refuse_a_taken_time(agent: Agent) -> str:
    """Book a quarter of an hour into the appointment, which has to be refused."""
    start, end = agent.start.isoformat(), (agent.start + LENGTH).isoformat()
    late = agent.start + timedelta(minutes=15)
    error = await agent.ask_wrongly(
        "salesforce_create_appointment",
        data={
            "Subject": "Another call",
            "StartDateTime": late.isoformat(),
            "DurationInMinutes": LENGTH // timedelta(minutes=1),
        },
    )
    agent.screen.refusal(error)
    check(error.get("code") == "APPOINTMENT_CONFLICT", f"it was refused as {error.get('code')}")
    check(agent.event_id in error["message"], "the appointment that is in the way is not named")
    busy = await _busy(agent, start, end)
    check(len(busy) == 1, f"{len(busy)} appointments are at that time, not one")
    return "refused, with what is there and other times; nothing was booked twice"


async def _busy(agent: Agent, start: str, end: str) -> list[Any]:
    answer = await agent.ask("salesforce_get_free_busy", quietly=True, calendars=["me"], start=start, end=end)
    rows: list[Any] = answer["rows"]
    return rows
