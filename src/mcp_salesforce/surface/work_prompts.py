"""Prompts for longer work: a week, a meeting, a colleague who is away, a clean-up; each call is written out."""

import json
from datetime import date, timedelta
from typing import Annotated, Any

from mcp.server.mcpserver import Context
from pydantic import Field

from mcp_salesforce.appointments.times import weekday
from mcp_salesforce.salesforce.errors import InvalidArgumentError, refused
from mcp_salesforce.salesforce.literals import quote
from mcp_salesforce.surface.prompting import (
    DATA,
    FILLED_IN_LATER,
    DateGiven,
    PromptSpec,
    adding,
    in_lines_of,
    time_now,
)
from mcp_salesforce.surface.resources import day_named, refusing
from mcp_salesforce.tools.answers.results import visible
from mcp_salesforce.tools.framework.references import Named, is_name
from mcp_salesforce.tools.framework.session import OrgSession
from mcp_salesforce.tools.lookups.calendars import ME, calendars_of

WORK_PROMPTS: list[PromptSpec] = []
_prompt = adding(WORK_PROMPTS)
_TASKS = "SELECT Id, Subject, ActivityDate, Priority, Who.Name, What.Name FROM Task WHERE IsClosed = false"
_ACTIVITIES = "SELECT Id, Subject, Status, ActivityDate, Description FROM Task"
_DEALS = "SELECT Id, Name, StageName, Amount, CloseDate, NextStep FROM Opportunity WHERE IsClosed = false"
_TWICE = "HAVING COUNT(Id) > 1 ORDER BY COUNT(Id) DESC LIMIT 50"
_NO_WAY = "Email = null AND Phone = null AND MobilePhone = null LIMIT 50"
_MOST = 200
_WEEKEND = frozenset({5, 6})
_BEFORE = timedelta(days=180)
_AFTER = timedelta(days=30)


@_prompt("Plan my week", "list_appointments", "find_free_times", "query", "create_appointment")
async def plan_my_week(
    ctx: Context[Any, Any],
    date: DateGiven = "today",
    focus: Annotated[str, Field(description="What matters most this week")] = "",
) -> str:
    """Show the week with its appointments, open tasks and free times, and propose when to do what."""
    async with refusing("prompt", ctx, {}):
        now, first, today = await time_now(ctx), await _day(ctx, date), await day_named(ctx, "today")
        is_over = first == today and first.weekday() in _WEEKEND  # the week to plan is the next one
        monday = first + timedelta(days=(7 if is_over else 0) - first.weekday())
        me = (await _org(ctx).owner())[1]
    sunday = monday + timedelta(days=6)
    week, rest = _days(monday, sunday), _days(min(max(monday, today), sunday), sunday)
    due = f"{_TASKS} AND OwnerId = {quote(me)} AND (ActivityDate <= {sunday} OR ActivityDate = null)"
    return f"""Plan the week from {weekday(monday)} {monday} to {weekday(sunday)} {sunday}. {now}
{in_lines_of({"Most important": focus})}

1. Read the appointments: {_call("list_appointments", **week, owner_id=ME, limit=_MOST)}
2. Read the open tasks: {_call("query", soql=f"{due} ORDER BY ActivityDate LIMIT {_MOST}")}
3. Read the free times: {_call("find_free_times", calendars=[ME], duration_minutes=60, **rest, limit=20)}
4. Write the week, day by day: the appointments in order, and below them the tasks due that day. Name overdue tasks,
   appointments that overlap, and days without a break. Leave out appointments marked Cancelled.
5. Propose for each overdue or important task one of the free times, exactly as returned. Do not calculate times or
   weekdays yourself. Ask which proposals to accept, and book only those with salesforce_create_appointment.
6. Repeat what was booked, with weekday, date, local time and zone. {DATA}"""


@_prompt("Prepare a meeting", "get_contact", "list_appointments", "query")
async def prepare_meeting(
    ctx: Context[Any, Any],
    person: Annotated[str, Field(description="Name, e-mail address or Id of the contact")],
    topic: Annotated[str, Field(description="What the meeting is about")] = "",
) -> str:
    """Write a one-page brief for a meeting: who it is, what was agreed, open tasks and open deals."""
    async with refusing("prompt", ctx, {}):
        now, today, who = await time_now(ctx), await day_named(ctx, "today"), await _contact(ctx, person)
    tasks = f"{_ACTIVITIES} WHERE WhoId = {quote(who)} ORDER BY ActivityDate DESC LIMIT 50"
    same_account = f"AccountId IN (SELECT AccountId FROM Contact WHERE Id = {quote(who)})"  # noqa: S608 - quoted
    deals = f"{_DEALS} AND {same_account} ORDER BY CloseDate LIMIT 20"
    past, coming = _days(today - _BEFORE, today), _days(today, today + _AFTER)
    return f"""Prepare a meeting. {now}
{in_lines_of({"With": person, "Topic": topic})}

1. Who it is: {_call("get_contact", contact_id=who)}
2. When you meet: {_call("list_appointments", **coming, contact_id=who)}
3. What happened before: {_call("list_appointments", **past, contact_id=who, limit=50)}
4. What was said and what is open: {_call("query", soql=tasks)}
5. Open deals: {_call("query", soql=deals)}
6. Write at most one page: who the person is (role, company); the next meeting with weekday, date, local time, zone and
   place; what was agreed last, each point with its date and where it stands; open tasks, overdue ones first; open deals
   with stage, amount and close date; three questions to ask. Write "nothing found" where there is nothing. Do not add
   facts that are not in the answers. {DATA}"""


@_prompt("Cover for a colleague", "list_appointments", "query", "find_free_times", "update_appointment")
async def cover_for(
    ctx: Context[Any, Any],
    colleague: Annotated[str, Field(description="Name or e-mail of the user who is away")],
    date: DateGiven = "today",
    until: Annotated[str, Field(description="Last day away, such as 2026-11-30; default: one day")] = "",
) -> str:
    """Go through the appointments and tasks of a colleague who is away: hand over, move or cancel each."""
    async with refusing("prompt", ctx, {}):
        now, first = await time_now(ctx), await _day(ctx, date)
        last = await _day(ctx, until) if until.strip() and not _is_filled_in_later(until) else first
        if last < first and not _is_filled_in_later(date):
            raise refused(f"until {last} is before date {first}.", hint="Give the last day away, or omit until.")
        last = max(first, last)
        whose, name = await _colleague(ctx, colleague)
    days = _days(first, last)
    due = f"{_TASKS} AND OwnerId = {quote(whose)} AND ActivityDate <= {last} ORDER BY ActivityDate LIMIT {_MOST}"
    return f"""Cover for {name}, who is away from {weekday(first)} {first} to {weekday(last)} {last}. {now}

1. Read the appointments: {_call("list_appointments", **days, owner_id=whose, limit=_MOST)}
2. Read the open tasks: {_call("query", soql=due)}
3. Read when you could take over: {_call("find_free_times", calendars=[ME], duration_minutes=30, **days, limit=20)}
4. List the appointments in order with person and place, and propose for each: hand over, move or cancel. Leave out
   those that are over or marked Cancelled. Ask what to do; change nothing before the user has answered.
5. {_how(_org(ctx))}
6. Hand over tasks that cannot wait with salesforce_update_records: set OwnerId to the new owner.
7. At the end, list each appointment and task with what was done, and whom the user still has to tell. The server cannot
   tell whether Salesforce sends e-mails. {DATA}"""


@_prompt("Clean up contacts", "query", "list_contacts", "update_contact")
async def clean_up_contacts(
    ctx: Context[Any, Any],
    account: Annotated[str, Field(description="Only contacts of this account: name or Id; default: all")] = "",
) -> str:
    """Find contacts that are there twice or cannot be reached, and put them in order; ask before each change."""
    async with refusing("prompt", ctx, {}):
        now, whose = await time_now(ctx), await _account(ctx, account)
    of = f"AccountId = {quote(whose)} AND " if whose else ""
    contacts = f"FROM Contact WHERE {of}"
    by_email = f"SELECT Email, COUNT(Id) {contacts}Email != null GROUP BY Email {_TWICE}"
    by_name = f"SELECT LastName, FirstName, COUNT(Id) {contacts}LastName != null GROUP BY LastName, FirstName {_TWICE}"
    unreachable = f"SELECT Id, Name, Account.Name {contacts}{_NO_WAY}"
    bounced = f"SELECT Id, Name, Email, EmailBouncedReason {contacts}EmailBouncedReason != null LIMIT 50"
    merge = (
        "Merge them with salesforce_merge_records: first with preview, and show what is lost."
        if "stewardship" in _org(ctx).allowed["toolsets"]
        else "They cannot be merged here: list their Ids, so that somebody merges them in Salesforce."
    )
    return f"""Put contacts in order. {now}
{in_lines_of({"Only of": account})}

1. The same e-mail address twice: {_call("query", soql=by_email)}
2. The same name twice: {_call("query", soql=by_name)}
3. Nobody can reach them: {_call("query", soql=unreachable)}
4. E-mails came back: {_call("query", soql=bounced)}
5. For each pair, read the contacts with salesforce_list_contacts and show how they differ. One name is not one person:
   take two for the same only if an e-mail address, a phone number or the account agrees, and ask. {merge}
6. Ask for missing addresses and numbers, and save them with salesforce_update_contact. Do not make up values, and do
   not delete contacts.
7. At the end, list what was changed, what was not, and why. {DATA}"""


def _org(ctx: Context[Any, Any]) -> OrgSession:
    org: OrgSession = ctx.request_context.lifespan_context
    return org


def _call(tool: str, **arguments: Any) -> str:  # noqa: ANN401 - any argument
    """Return a call as a model makes it: `salesforce_query {"soql":"SELECT …"}`."""
    return f"salesforce_{tool} {json.dumps(arguments, ensure_ascii=False)}"


def _days(first: date, last: date) -> dict[str, str]:
    return {"start": first.isoformat(), "end": last.isoformat()}


def _is_filled_in_later(text: str) -> bool:
    return FILLED_IN_LATER.fullmatch(text.strip()) is not None


async def _day(ctx: Context[Any, Any], text: str) -> date:
    """Return the day; of what a host fills in later, today."""
    return await day_named(ctx, "today" if _is_filled_in_later(text) else text)


async def _contact(ctx: Context[Any, Any], person: str) -> str:
    return await _id_of(ctx, person, "Contact")


async def _account(ctx: Context[Any, Any], account: str) -> str:
    return await _id_of(ctx, account, "Account") if account.strip() else ""


async def _id_of(ctx: Context[Any, Any], text: str, sobject: str) -> str:
    """Return the Id of the record that is named; an Id, and what is filled in later, as it is.

    Raises:
        InvalidArgumentError: Nobody has the name, or several have it.
    """
    text, org = text.strip(), _org(ctx)
    if _is_filled_in_later(text) or not is_name(text):
        return text
    (found,) = await org.find_named(org, [Named.of(text, [sobject])])
    if isinstance(found, InvalidArgumentError):
        raise found
    return found


async def _colleague(ctx: Context[Any, Any], text: str) -> tuple[str, str]:
    if _is_filled_in_later(text):
        return text, text
    (calendar,) = await calendars_of(_org(ctx), [text.strip()], ["colleague"])
    if not calendar.is_person:
        raise refused(f"{calendar.name} is a room or resource, not a user.", hint="Give a colleague's name or e-mail.")
    return calendar.id, str(visible(calendar.name))


def _how(org: OrgSession) -> str:
    if "scheduling" in org.allowed["toolsets"]:
        return "Do what the user has chosen with salesforce_reschedule_appointments, one call for each kind of change."
    return (
        "Do what the user has chosen: salesforce_update_appointment hands over (OwnerId) and moves (StartDateTime), "
        "salesforce_close_appointment cancels."
    )
