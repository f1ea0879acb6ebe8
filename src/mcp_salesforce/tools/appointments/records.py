"""Appointments as records: create, get, update, delete and list."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, cast
from zoneinfo import ZoneInfo

from pydantic import Field

from mcp_salesforce.appointments.spans import Span, moved, shown, span_in, span_of
from mcp_salesforce.appointments.times import Window, window_of, zone_named
from mcp_salesforce.salesforce.soql import quote
from mcp_salesforce.tools.appointments.data import TIME_FIELDS, ChangedData, NewData
from mcp_salesforce.tools.appointments.invitees import (
    InviteeIds,
    check_contacts,
    invite_at_creation,
    read_invitees,
)
from mcp_salesforce.tools.appointments.recurrences import (
    Plan,
    check_rule_is_kept,
    made_series,
    plan_of,
    recurrence_of,
)
from mcp_salesforce.tools.appointments.series import Scope, delete_in_scope, target_of
from mcp_salesforce.tools.appointments.toolset import appointments
from mcp_salesforce.tools.errors import refused
from mcp_salesforce.tools.listings import Listing, read_page
from mcp_salesforce.tools.one_record import difference, read_back, read_fields, require_fields, shown_record
from mcp_salesforce.tools.params import ContactFilter, Cursor, EventId, FieldSlices, Limit, OwnerFilter, TimeZone
from mcp_salesforce.tools.results import Appointment, Deleted, Rows, Updated, flat_record
from mcp_salesforce.tools.session import OrgSession
from mcp_salesforce.tools.toolset import CREATES, DELETES, READS, UPDATES, ToolContext, org_of

_SAID_BY_START_AND_END = frozenset({*TIME_FIELDS, "ActivityDateTime", "EndDate"})
_LEFT_OUT = _SAID_BY_START_AND_END | {"GroupEventType", "EventSubtype", "Recurrence2PatternVersion"}
_LISTED = ("Id", "Subject", "Location", "Who.Name", "What.Name", "Owner.Name")
_COLUMNS = (
    "Id", "Subject", "start.weekday", "start.local", "end.local", "start.utc", "end.utc", "all_day", "Location",
    "Who.Name", "What.Name", "Owner.Name",
)  # fmt: skip
_NO_PATTERNS = ("IsRecurrence = false", "GroupEventType != '3'")  # a series' own record is none of its occurrences


@appointments.tool(CREATES, title="Create an appointment")
async def create_appointment(ctx: ToolContext, data: NewData, invitees: InviteeIds = ()) -> Appointment:
    """Create an appointment (an Event) and return it with its weekday and local time; read these back to the user."""
    org = org_of(ctx)
    others, span = data.others(), span_of(data.wish())
    await check_contacts(org, others)
    plan = await plan_of(org, others, span, data.zone(), invitees)
    saved = await org.client.sobjects.create("Event", {**others, **span.values()})
    event_id, zone = saved.id or "", data.zone() or zone_named("UTC")
    written = {"Id": event_id, **others, **shown(span, zone), **(plan.told(zone) if plan else {})}
    owner_id = others.get("OwnerId") or (await org.owner())[1]
    warning = await invite_at_creation(org, {"Id": event_id, "OwnerId": owner_id}, invitees)
    made = await read_back(_made(org, event_id, data.time_zone or "", plan), cast("Appointment", written))
    return cast("Appointment", {**made, **warning})


@appointments.tool(READS, title="Get an appointment")
async def get_appointment(ctx: ToolContext, event_id: EventId, fields: FieldSlices = ()) -> Appointment:
    """Return one appointment by Id: its times and the fields that have a value, or exactly those in fields."""
    if fields:
        return cast("Appointment", await read_fields(org_of(ctx), "Event", event_id, fields))
    return await _appointment(org_of(ctx), event_id)


@appointments.tool(UPDATES, title="Change an appointment")
async def update_appointment(ctx: ToolContext, event_id: EventId, data: ChangedData, scope: Scope = "this") -> Updated:
    """Change or move an appointment and return what changed; a new StartDateTime alone keeps the length."""
    org, wish, values = org_of(ctx), data.wish(), data.others()
    check_rule_is_kept(values)
    await check_contacts(org, values)
    if cleared := [name for name in TIME_FIELDS if data.given().get(name, "") is None]:
        raise refused(f"{cleared[0]} cannot be cleared.", hint="Leave it out, or give its new value.", fields=cleared)
    fields = dict.fromkeys(values)
    if not wish.is_empty():
        fields |= dict.fromkeys((*TIME_FIELDS, "OwnerId"))
    require_fields(fields)
    before = await org.client.sobjects.retrieve("Event", event_id)
    zone = await org.zone(data.time_zone or "", before.get("OwnerId") or "")
    span, new = span_in(before), None
    if not wish.is_empty() and span:
        new = moved(span, wish)
        times = new.values()
        if wish.all_day is None:
            del times["IsAllDayEvent"]
        values |= times
    target = await target_of(org, before, scope, None if new == span else new)
    await org.client.sobjects.update("Event", target.event_id, values)
    reading = org.client.sobjects.retrieve("Event", event_id, fields=tuple(fields))
    after = await read_back(reading, {**before, **values})
    told = difference(_compared(event_id, before, zone), _compared(event_id, after, zone))
    if not wish.is_empty():
        told["time_zone"] = zone.key
    if target.occurrences is not None:
        told["occurrences"] = target.occurrences
    return told


@appointments.tool(DELETES, title="Delete an appointment")
async def delete_appointment(ctx: ToolContext, event_id: EventId, scope: Scope = "this") -> Deleted:
    """Move an appointment to the recycle bin, where it can be restored for 15 days.

    To cancel one and keep it, use salesforce_close_appointment.
    """
    return await delete_in_scope(org_of(ctx), event_id, scope)


@appointments.tool(READS, title="List appointments")
async def list_appointments(
    ctx: ToolContext,
    *,
    limit: Limit = 10,
    cursor: Cursor = "",
    start: Annotated[str, Field(description="Time, or a day (2026-11-24) from its beginning")] = "",
    end: Annotated[str, Field(description="Time, or a day to its end")] = "",
    owner_id: OwnerFilter = "",
    contact_id: ContactFilter = "",
    time_zone: TimeZone = "",
) -> Rows:
    """List appointments that overlap the window from start to end, in agenda order.

    Without start and end: the newest created first.
    """
    org = org_of(ctx)
    zone = await org.zone(time_zone, owner_id)
    window = window_of(start, end, zone, local=zone if time_zone else None) if start or end else None
    conditions = _overlapping(window) if window else []
    if owner_id:
        conditions.append(f"OwnerId = {quote(owner_id)}")
    if contact_id:
        conditions.append(f"WhoId = {quote(contact_id)}")
    order_by = "StartDateTime" if window else "CreatedDate"
    listing = Listing(
        "Event", "00U", _COLUMNS, conditions, order_by, descending=window is None, fields=(*_LISTED, *TIME_FIELDS)
    )
    call = ("list_appointments", start, end, owner_id, contact_id, zone.key)
    rows = await read_page(org, listing, limit, cursor, call, lambda records: [_entry(r, zone) for r in records])
    if window:
        rows["rows"].sort(key=_agenda_order)
    rows["time_zone"] = zone.key
    return rows


async def _appointment(org: OrgSession, event_id: str, time_zone: str = "") -> Appointment:
    record = await org.client.sobjects.retrieve("Event", event_id)
    zone = await org.zone(time_zone, record.get("OwnerId") or "")
    told = _with_times(shown_record(record, _LEFT_OUT), span_in(record), zone)
    return cast("Appointment", {**told, **recurrence_of(record), **await read_invitees(org, record)})


async def _made(org: OrgSession, event_id: str, time_zone: str, plan: Plan | None) -> Appointment:
    """Return a new appointment; of a new series the first one, with what is said of the series."""
    if plan is None:
        return await _appointment(org, event_id, time_zone)
    made = await made_series(org, event_id, plan)
    first = await _appointment(org, made.event_id, time_zone)
    return cast("Appointment", {**first, **made.told(zone_named(first["time_zone"]))})


def _with_times(values: dict[str, Any], span: Span | None, zone: ZoneInfo) -> dict[str, Any]:
    """Return the fields with `start` and `end` behind Id and Subject, where a model looks first."""
    first: dict[str, Any] = {name: values.pop(name) for name in ("Id", "Subject") if name in values}
    return {**first, **(shown(span, zone) if span else {}), **values}


def _compared(event_id: str, record: Mapping[str, Any], zone: ZoneInfo) -> dict[str, Any]:
    values = {name: value for name, value in flat_record(record).items() if name not in _SAID_BY_START_AND_END}
    return {"Id": event_id, **_with_times(values, span_in(record), zone)}


def _entry(record: Mapping[str, Any], zone: ZoneInfo) -> dict[str, Any]:
    """Return one record of a list, its times as columns such as `start.local`."""
    span = span_in(record)
    times = shown(span, zone) if span else {}
    ends = {f"{end}.{name}": value for end in ("start", "end") for name, value in times.get(end, {}).items()}
    return {**flat_record(record), **ends, "all_day": times.get("all_day", False)}


def _agenda_order(row: Sequence[Any]) -> tuple[str, bool, str]:
    """Sort by local day, all-day appointments first."""
    local, all_day = row[_COLUMNS.index("start.local")] or "", row[_COLUMNS.index("all_day")]
    return local[:10], not all_day, row[_COLUMNS.index("start.utc")] or ""


def _overlapping(window: Window) -> list[str]:
    """Return the conditions for what overlaps `window`: instants by instant, all-day appointments by day."""
    timed, days = ["IsAllDayEvent = false"], ["IsAllDayEvent = true"]
    if window.end:
        timed.append(f"StartDateTime < {quote(window.end)}")
        days.append(f"ActivityDate <= {quote(window.last_day)}")
    if window.start:
        start = quote(window.start)
        timed.append(f"(EndDateTime > {start} OR StartDateTime = {start})")
        days.append(f"EndDate >= {quote(window.first_day)}")
    return [f"(({' AND '.join(timed)}) OR ({' AND '.join(days)}))", *_NO_PATTERNS]
