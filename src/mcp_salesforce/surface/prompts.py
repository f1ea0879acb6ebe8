"""Prompts: work that people start by name, with the data of the day in them and the tools to use named."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Annotated, Any

from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.prompts.base import Prompt
from mcp.shared.exceptions import MCPError
from mcp_types import INVALID_PARAMS
from mcp_types import Prompt as ListedPrompt
from pydantic import Field

from mcp_salesforce.spelling import did_you_mean, nearest
from mcp_salesforce.surface.prompting import DATA, DateGiven, PromptSpec, adding, agenda_of, in_lines_of, time_now
from mcp_salesforce.surface.resources import refusing
from mcp_salesforce.surface.work_prompts import WORK_PROMPTS
from mcp_salesforce.tools.framework.session import OrgSession
from mcp_salesforce.tools.lookups.calendars import ME

PROMPTS: list[PromptSpec] = []
_prompt = adding(PROMPTS)


def all_prompts() -> list[PromptSpec]:
    """Return every prompt, in the order of the list."""
    return [*PROMPTS, *WORK_PROMPTS]


def add_prompts(server: MCPServer[OrgSession], tools: frozenset[str]) -> None:
    """Add to `server` the prompts whose tools are all in `tools`, the names of those that may be used."""
    for spec in all_prompts():
        if spec.needs <= tools:
            server.add_prompt(build_prompt(spec))


@cache
def build_prompt(spec: PromptSpec) -> Prompt:
    """Return the SDK's prompt of `spec`; it is the same for every server."""
    return Prompt.from_function(spec.function, title=spec.title)


def check_request(prompts: Sequence[ListedPrompt], name: str, arguments: Mapping[str, Any]) -> None:
    """Refuse an unknown prompt, and unknown or missing arguments; the error lists the known ones."""
    arguments_of = {prompt.name: {each.name: each for each in prompt.arguments or ()} for prompt in prompts}
    if name not in arguments_of:
        raise _wrong(f"There is no prompt {name}.", nearest(name, arguments_of), arguments_of)
    known = arguments_of[name]
    for wrong in arguments.keys() - known.keys():
        raise _wrong(f"{name} does not take {wrong}.", nearest(wrong, known), known)
    for each in known.values():
        if each.required and not str(arguments.get(each.name) or "").strip():
            raise _wrong(f"{name} needs {each.name}: {each.description}.", (), ())


def _wrong(message: str, near: Iterable[str], there_are: Iterable[str]) -> MCPError:
    listed = ", ".join(there_are)
    hint = did_you_mean(near) or (f"There are: {listed}." if listed else "")
    return MCPError(code=INVALID_PARAMS, message=f"{message} {hint}".strip())


@_prompt("Book an appointment", "find_free_times", "create_appointment")
async def book_appointment(
    ctx: Context[Any, Any],
    person: Annotated[str, Field(description="Name, e-mail address or Id of the contact")],
    purpose: Annotated[str, Field(description="What it is about")] = "",
    when: Annotated[str, Field(description="When, in any words: next week, Tuesday afternoon")] = "",
    minutes: Annotated[str, Field(description="How long")] = "30",
    calendars: Annotated[str, Field(description="Users and rooms that must be free; default: your own calendar")] = ME,
) -> str:
    """Find the contact, offer three times when everybody is free, and book the chosen one."""
    async with refusing("prompt", ctx, {}):
        now = await time_now(ctx)
    said = {"Person": person, "Purpose": purpose, "When": when, "Minutes": minutes, "Calendars": calendars}
    return f"""Book an appointment. {now}
{in_lines_of(said)}

1. Find the contact with salesforce_list_contacts. If several match, show how they differ and ask which one is right.
2. Find three times with salesforce_find_free_times for the calendars and length above. Offer them exactly as returned,
   with weekday, local time and zone. Do not calculate times or weekdays yourself.
3. When the user has chosen one, book it with salesforce_create_appointment: copy its start, and give the contact as
   WhoId. If the time was taken in the meantime, offer the times that the error names.
4. Repeat the weekday, date, local time and zone of the answer to the user. {DATA}"""


@_prompt("Day sheet", "list_appointments")
async def day_sheet(
    ctx: Context[Any, Any],
    date: DateGiven = "tomorrow",
    calendar: Annotated[str, Field(description="Name or e-mail of a user or room; default: your own calendar")] = ME,
) -> str:
    """List the appointments of one day in order, ready to print."""
    async with refusing("prompt", ctx, {}):
        now, agenda = await time_now(ctx), await agenda_of(ctx, date, calendar)
    return f"""Write the day sheet for the agenda below. {now}
Start with a heading: the weekday, the date and the name of the calendar's owner. Then write one line for each
appointment: start and end in local time, subject, person, place. Put all-day appointments first and keep the order of
the others. Leave out the appointments marked Cancelled and say how many there were. If there are no appointments, say
so. Write nothing else. {DATA}

{agenda}"""


@_prompt("Move my day", "list_appointments", "find_free_times", "update_appointment")
async def move_my_day(
    ctx: Context[Any, Any],
    date: DateGiven = "today",
    reason: Annotated[str, Field(description="Why, for people who ask")] = "",
    until: Annotated[str, Field(description="Last day to move to, such as 2026-11-30")] = "",
) -> str:
    """Move the appointments of one day to other times; ask before each move."""
    async with refusing("prompt", ctx, {}):
        now, agenda = await time_now(ctx), await agenda_of(ctx, date)
    return f"""Move the appointments below to other times. {now}
{in_lines_of({"Reason": reason, "Not later than": until})}

1. List them and ask which ones to move. Do not move appointments that are over, all-day, or marked Cancelled.
2. For each one, find three times with salesforce_find_free_times: the same length, the calendars of "me" and of
   everybody invited, from the next day on. Offer them exactly as returned. Do not calculate times or weekdays yourself.
3. When the user has agreed to a new time, move the appointment with salesforce_update_appointment. Give only
   StartDateTime: the length stays the same. Salesforce asks the invitees again. A single appointment of a series
   cannot be moved; the error says what to do instead.
4. At the end, list each appointment with its old and new time, and those you did not move with the reason. {DATA}

{agenda}"""
