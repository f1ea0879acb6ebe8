"""The steps of the demo: each calls tools as an agent would, and checks the answer against another one."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from mcp_salesforce.cli.demo.agent import LENGTH, NEWEST, ZONE, Agent, Step, check, ids_in
from mcp_salesforce.cli.demo.offers import find_a_time, refuse_a_taken_time
from mcp_salesforce.cli.demo.safety import delete_with_approval, undo_the_deletion
from mcp_salesforce.zones import ZoneInfo

COLLEAGUES_ZONE = ZoneInfo("Asia/Tokyo")
NEEDED = frozenset(
    {
        *(f"salesforce_{verb}_contact" for verb in ("create", "get", "update", "delete")),
        *(f"salesforce_{verb}_appointment" for verb in ("create", "get", "update", "delete")),
        "salesforce_list_contacts",
        "salesforce_list_appointments",
        "salesforce_find_free_times",
        "salesforce_get_free_busy",
        "salesforce_query",
        "salesforce_delete_records",
        "salesforce_undo",
    }
)
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
PERSON = {
    "FirstName": "Ada",
    "LastName": "Winterbourne",
    "Email": "ada.winterbourne@example.com",
    "Phone": "+46 8 123 45 67",
}
PAGE = 3
MINUTES = len("2026-12-01T18:30")
CLOCK = slice(len("2026-12-01T"), MINUTES)
CONTACT_COLUMNS = ("Name", "Email", "Account.Name")
BOOKED_FIELDS = ("Id", "Subject", "start", "end", "time_zone", "WhoId")
WHOLE_DAY = 100


async def list_the_tools(agent: Agent) -> str:
    """Show what an agent is offered."""
    tools = (await agent.client.list_tools()).tools
    agent.screen.rows(("tool", "what it does"), [(tool.name, tool.title) for tool in tools])
    missing = NEEDED - {tool.name for tool in tools}
    check(not missing, f"tools are missing: {', '.join(sorted(missing))}")
    for tool in tools:
        check(bool(tool.title and tool.description), f"{tool.name} has no title or description")
        check(tool.output_schema is not None, f"{tool.name} does not say what it returns")
        check(tool.annotations is not None, f"{tool.name} does not say whether it changes anything")
    return f"{len(tools)} tools, each with description, annotations and both schemas"


async def list_contacts(agent: Agent) -> str:
    """Show the newest contacts."""
    answer = await agent.ask("salesforce_list_contacts", limit=PAGE)
    agent.screen.rows(CONTACT_COLUMNS, _picked(answer, CONTACT_COLUMNS))
    check(len(answer["rows"]) == PAGE, f"{PAGE} contacts were asked for, {len(answer['rows'])} came")
    check(bool(answer.get("next_cursor")), "there are more contacts, and no cursor to get them")
    newest = await agent.ask("salesforce_query", quietly=True, soql=NEWEST)
    check(ids_in(answer) == ids_in(newest), "these are not the newest contacts")
    return "three contacts, the newest by SOQL too, and a cursor for the rest"


async def create_a_contact(agent: Agent) -> str:
    """Create a contact, and read it back."""
    created = await agent.ask("salesforce_create_contact", data=PERSON)
    agent.contact_id = created["Id"]
    read = await agent.ask("salesforce_get_contact", quietly=True, contact_id=agent.contact_id, fields=list(PERSON))
    agent.screen.properties({"Id": agent.contact_id, **{name: read.get(name) for name in PERSON}})
    check(read.items() >= PERSON.items(), f"another contact was read back than was written: {read}")
    return "read back by its Id: the same name, e-mail and phone"


async def book_an_appointment(agent: Agent) -> str:
    """Book a call with the new contact, and read it back."""
    created = await agent.ask(
        "salesforce_create_appointment",
        data={
            "Subject": "Product walk-through",
            "StartDateTime": f"{agent.start:%Y-%m-%dT%H:%M}",
            "DurationInMinutes": LENGTH // timedelta(minutes=1),
            "time_zone": ZONE.key,
            "WhoId": agent.contact_id,
        },
    )
    agent.event_id = created["Id"]
    agent.screen.properties({name: _line(value) for name, value in created.items() if name in BOOKED_FIELDS})
    read = await agent.ask("salesforce_get_appointment", quietly=True, event_id=agent.event_id)
    check(read.get("WhoId") == agent.contact_id, "the appointment is not with the contact")
    _check_times(read, agent.start)
    return "read back by its Id: the same instants, with the contact"


async def list_the_day(agent: Agent) -> str:
    """Show the day of the appointment as a colleague in another zone sees it."""
    local = agent.start.astimezone(COLLEAGUES_ZONE)
    day, weekday = local.date().isoformat(), WEEKDAYS[local.weekday()]
    answer = await agent.ask(
        "salesforce_list_appointments", start=day, end=day, time_zone=COLLEAGUES_ZONE.key, limit=WHOLE_DAY
    )
    entries = [dict(zip(answer["columns"], row, strict=True)) for row in answer["rows"]]
    places = [place for place, entry in enumerate(entries) if entry["Id"] == agent.event_id]
    check(len(places) == 1, f"the appointment is {len(places)} times on {day}")
    agent.screen.rows(
        ("weekday", "local time", "Subject", "Who.Name", "Owner.Name"),
        [
            (entry["start.weekday"], _clock(entry), entry["Subject"], entry["Who.Name"], entry["Owner.Name"])
            for entry in entries
        ],
        emphasis=places[0],
    )
    found = entries[places[0]]
    check(found["start.weekday"] == weekday, f"{day} is a {weekday}, not a {found['start.weekday']}")
    check(datetime.fromisoformat(found["start.local"]) == local, f"it starts at {local}, not {found['start.local']}")
    return f"{WEEKDAYS[agent.start.weekday()]} {agent.start:%H:%M} in New York is {weekday} {local:%H:%M} in Tokyo"


async def move_the_appointment(agent: Agent) -> str:
    """Move the appointment by a day, and read it back."""
    moved = agent.start + timedelta(days=1, minutes=30)
    answer = await agent.ask(
        "salesforce_update_appointment",
        event_id=agent.event_id,
        data={"StartDateTime": f"{moved:%Y-%m-%dT%H:%M}", "time_zone": ZONE.key},
    )
    changes = [(name, _line(change["before"]), _line(change["after"])) for name, change in answer["changed"].items()]
    agent.screen.rows(("field", "before", "after"), changes)
    _check_times(await agent.ask("salesforce_get_appointment", quietly=True, event_id=agent.event_id), moved)
    agent.start = moved
    return "read back: a day and half an hour later, and as long as before"


async def refuse_bad_input(agent: Agent) -> str:
    """Show what an agent reads after a mistake, and that the mistake changed nothing."""
    error = await agent.ask_wrongly(
        "salesforce_update_appointment",
        event_id=agent.event_id,
        data={"StartDateTime": agent.start.isoformat(), "EndDateTime": (agent.start - LENGTH).isoformat()},
    )
    agent.screen.refusal(error)
    check(bool(error.get("message")), "the error has no message")
    _check_times(await agent.ask("salesforce_get_appointment", quietly=True, event_id=agent.event_id), agent.start)
    return "refused, with what to do about it, and the appointment is as before"


async def turn_a_page(agent: Agent) -> str:
    """Get the contacts after the first three."""
    first = await agent.ask("salesforce_list_contacts", limit=PAGE)
    agent.screen.rows(CONTACT_COLUMNS, _picked(first, CONTACT_COLUMNS))
    second = await agent.ask("salesforce_list_contacts", limit=PAGE, cursor=first["next_cursor"])
    agent.screen.rows(CONTACT_COLUMNS, _picked(second, CONTACT_COLUMNS))
    both = await agent.ask("salesforce_list_contacts", quietly=True, limit=2 * PAGE)
    check(ids_in(first) + ids_in(second) == ids_in(both), "two pages of three are not the first six")
    return "the three after the first three: none twice, none left out"


async def delete_both(agent: Agent) -> str:
    """Delete what the demo made, and look for it."""
    await agent.ask("salesforce_delete_appointment", event_id=agent.event_id)
    await agent.ask("salesforce_delete_contact", contact_id=agent.contact_id)
    gone = [
        await agent.ask_wrongly("salesforce_get_appointment", quietly=True, event_id=agent.event_id),
        await agent.ask_wrongly("salesforce_get_contact", quietly=True, contact_id=agent.contact_id),
    ]
    agent.screen.refusal(gone[1])
    return "both are in the recycle bin: reading them again is refused"


STEPS = (
    Step("The tools an agent sees", list_the_tools),
    Step("The newest contacts", list_contacts),
    Step("Create a contact", create_a_contact),
    Step("Find a time on Tuesday evening", find_a_time),
    Step("Book an appointment with this contact", book_an_appointment),
    Step("The same time again: it is taken", refuse_a_taken_time),
    Step("The same day, as a colleague in Tokyo sees it", list_the_day),
    Step("Move it by a day", move_the_appointment),
    Step("A mistake: it would end before it starts", refuse_bad_input),
    Step("The next page of contacts", turn_a_page),
    Step("Delete two contacts: a person is asked", delete_with_approval),
    Step("Undo that", undo_the_deletion),
    Step("Delete both", delete_both),
)


def _check_times(appointment: Mapping[str, Any], start: datetime) -> None:
    """Check both ends of an appointment, as instants and as what is said about them."""
    for name, expected in (("start", start), ("end", start + LENGTH)):
        moment = appointment[name]
        found = datetime.fromisoformat(moment["utc"])
        check(found == expected, f"{name} is {moment['utc']}, not {expected.astimezone(UTC).isoformat()}")
        local = datetime.fromisoformat(moment["local"])
        check(local == expected, f"{name} is said to be {moment['local']}, which is another instant")
        check(moment["weekday"] == WEEKDAYS[local.weekday()], f"{moment['local']} is not a {moment['weekday']}")


def _line(value: object) -> object:
    """Return one end of an appointment as a line; anything else as it is."""
    if not isinstance(value, Mapping) or "local" not in value:
        return value
    return f"{value['weekday']} {value['local'][:MINUTES].replace('T', ' ')}"


def _clock(entry: Mapping[str, Any]) -> str:
    """Return from when to when a row of a list is, by the clock of its zone."""
    if "T" not in entry["start.local"]:
        return "all day"
    return f"{entry['start.local'][CLOCK]}\u2013{entry['end.local'][CLOCK]}"


def _picked(answer: Mapping[str, Any], columns: Sequence[str]) -> list[list[Any]]:
    """Return what is shown of a table's rows; the answer has more columns than a narrow terminal."""
    places = [answer["columns"].index(column) for column in columns]
    return [[row[place] for place in places] for row in answer["rows"]]
