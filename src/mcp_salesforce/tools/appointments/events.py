"""Appointments as records: create, get, update, delete and list."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, cast
from zoneinfo import ZoneInfo

from pydantic import Field

from mcp_salesforce.appointments.outcomes import OutcomeFields
from mcp_salesforce.appointments.spans import doubt_about, shown, span_in, span_of
from mcp_salesforce.appointments.times import is_day, window_of
from mcp_salesforce.changes.change import announce
from mcp_salesforce.changes.writes import Write
from mcp_salesforce.tools.answers.results import Appointment, DeletedAppointment, Rows, flat_record
from mcp_salesforce.tools.appointments.booking import NAMES, AllowConflict, Booking
from mcp_salesforce.tools.appointments.choosing import having
from mcp_salesforce.tools.appointments.data import TIME_FIELDS, NewData
from mcp_salesforce.tools.appointments.deleting import delete_in_scope
from mcp_salesforce.tools.appointments.display import appointment_of, warned
from mcp_salesforce.tools.appointments.invitees import InviteeIds, check_contacts, invite_at_creation, read_invitees
from mcp_salesforce.tools.appointments.locations import unreserved
from mcp_salesforce.tools.appointments.new_series import SeriesPlan, made_series, plan_of
from mcp_salesforce.tools.appointments.series import Scope
from mcp_salesforce.tools.appointments.series_now import series_in_words
from mcp_salesforce.tools.appointments.toolset import appointments
from mcp_salesforce.tools.framework.params import (
    ContactFilter,
    Cursor,
    EventId,
    FieldSlices,
    Limit,
    OwnerFilter,
    TimeZone,
)
from mcp_salesforce.tools.framework.session import OrgSession
from mcp_salesforce.tools.framework.toolset import CREATES, DELETES, READS, ToolContext, org_of
from mcp_salesforce.tools.lookups.event_conditions import overlapping_window, reaches_archived
from mcp_salesforce.tools.lookups.keyset_pages import Listing, read_page
from mcp_salesforce.tools.lookups.record import read_back, read_fields

_LISTED = ("Id", "Subject", "Location", "Who.Name", "What.Name", "Owner.Name")
_COLUMNS = (
    "Id", "Subject", "start.weekday", "start.local", "end.local", "Location", "Who.Name", "What.Name", "Owner.Name",
    "outcome",
)  # fmt: skip


@appointments.tool(
    CREATES,
    title="Create an appointment",
    hint="book, schedule or plan a meeting, visit, call or event in a calendar; invite people",
    example={"data": {"Subject": "Check-up", "StartDateTime": "2027-02-23T15:00:00Z", "DurationInMinutes": 30}},
)
async def create_appointment(
    ctx: ToolContext, data: NewData, invitees: InviteeIds = (), *, allow_conflict: AllowConflict = False
) -> Appointment:
    """Create an appointment (an Event) and return it with weekday and local time; repeat these to the user.

    If the time is taken, the call is refused and the error names the nearest free times.
    """
    org = org_of(ctx)
    others, span = data.others(), span_of(data.wish())
    await check_contacts(org, others)
    plan = await plan_of(org, others, span, data.zone(), invitees, data.left_out())
    booking = await Booking.of(org, others, plan.spans() if plan else [span], invitees)
    zone = data.zone() or booking.calendars[0].zone
    await booking.check(zone, allow_conflict=allow_conflict)
    if invitees:
        announce([Write("create", "Event"), *[Write("create", "EventRelation")] * len(invitees)])
    saved = await org.client.sobjects.create("Event", {**others, **span.values()})
    event_id = saved.id or ""
    written = {"Id": event_id, **others, **shown(span, zone), **(plan.told(zone) if plan else {})}
    invited = await invite_at_creation(org, {"Id": event_id, "OwnerId": booking.calendars[0].id}, invitees)
    read: dict[str, Any] = {}
    with read_back(read, written):
        read |= await _made(org, event_id, zone, plan, booking)
    made = cast("Appointment", read)
    notes = [plan.unmatched if plan else "", doubt_about(span, org.now())]
    notes.append(await unreserved(org, data.Location, [booking.calendars[0].id, *invitees]))
    if any(notes):
        made["note"] = " ".join(filter(None, notes))
    return warned(made, invited.get("warning", ""), booking.unchecked)


@appointments.tool(
    READS,
    title="Get an appointment",
    hint="one meeting's details: when, where, who is invited and who accepted",
    example={"event_id": "00Ulo0000000001EAA"},
    is_long=True,
    view="appointment",
)
async def get_appointment(ctx: ToolContext, event_id: EventId, fields: FieldSlices = ()) -> Appointment:
    """Get one appointment by Id: its times and all fields that have a value, or only those in fields."""
    if fields:
        return cast("Appointment", await read_fields(org_of(ctx), "Event", event_id, fields))
    org = org_of(ctx)
    record = await org.retrieve("Event", event_id, names=NAMES)
    told = appointment_of(record, await org.zone("", record.get("OwnerId") or ""))
    series, invitees = await asyncio.gather(series_in_words(org, record), read_invitees(org, record))
    return cast("Appointment", {**told, **series, **invitees})


@appointments.tool(
    DELETES,
    title="Delete an appointment",
    hint="erase a meeting or a whole series from the calendar",
    example={"event_id": "00Ulo0000000001EAA"},
)
async def delete_appointment(ctx: ToolContext, event_id: EventId, scope: Scope = "this") -> DeletedAppointment:
    """Move an appointment to the recycle bin. It can be restored for 15 days.

    To cancel it but keep the record, use salesforce_close_appointment.
    """
    return await delete_in_scope(org_of(ctx), event_id, scope)


@appointments.tool(
    READS,
    title="List appointments",
    hint="calendar, agenda, day sheet, schedule: meetings, visits and calls of a day or week",
    example={"start": "2026-11-23", "end": "2026-11-27"},
    is_long=True,
    view="agenda",
)
async def list_appointments(
    ctx: ToolContext,
    *,
    limit: Limit = 10,
    cursor: Cursor = "",
    start: Annotated[str, Field(description="Time, or a date (2026-11-24) for the start of that day")] = "",
    end: Annotated[str, Field(description="Time, or a date for the end of that day")] = "",
    owner_id: OwnerFilter = "",
    contact_id: ContactFilter = "",
    time_zone: TimeZone = "",
) -> Rows:
    """List the appointments between start and end, earliest first.

    Covers every calendar the user can see; owner_id limits it to one person (me: your own).
    Without start and end: all appointments, newest created first.
    """
    org = org_of(ctx)
    zone = await org.zone(time_zone, owner_id)
    window = window_of(start, end, zone, local=zone if time_zone else None) if start or end else None
    conditions = overlapping_window(window) if window else []
    if owner_id:
        conditions.append(await having(org, "OwnerId", owner_id, window))
    if contact_id:
        conditions.append(await having(org, "WhoId", contact_id, window))
    order_by = "StartDateTime" if window else "CreatedDate"
    outcomes = org.outcome_fields
    listing = Listing(
        "Event",
        "00U",
        _COLUMNS,
        conditions,
        order_by,
        descending=window is None,
        fields=(*_LISTED, *TIME_FIELDS, *filter(None, [outcomes.status])),
        with_archived=reaches_archived(window, org.now()),
    )
    call = ("list_appointments", start, end, owner_id, contact_id, zone.key)
    rows = await read_page(
        org, listing, limit, cursor, call, lambda records: [_entry(r, zone, outcomes) for r in records]
    )
    if window:
        at = rows["columns"].index("start.local")
        rows["rows"].sort(key=lambda row: _agenda_order(row[at]))
    rows["time_zone"] = zone.key
    return rows


async def _made(
    org: OrgSession, event_id: str, zone: ZoneInfo, plan: SeriesPlan | None, booking: Booking
) -> Appointment:
    """Return a new appointment; of a new series the first one, with what is said of the series."""
    series = await made_series(org, event_id, plan) if plan else None
    booking.own |= {*series.event_ids} if series else set()
    record, said = await booking.look_again(series.event_id if series else event_id, zone)
    told = {**appointment_of(record, zone), **(series.told(zone) if series else {}), **await read_invitees(org, record)}
    return warned(cast("Appointment", told), said)


def _entry(record: Mapping[str, Any], zone: ZoneInfo, outcomes: OutcomeFields) -> dict[str, Any]:
    """Return one record of a list, its times as columns such as `start.local`: days where it is all-day."""
    span = span_in(record)
    times = shown(span, zone) if span else {}
    ends = {f"{end}.{name}": value for end in ("start", "end") for name, value in times.get(end, {}).items()}
    return {**flat_record(record), **ends, "outcome": outcomes.outcome_in(record)}


def _agenda_order(local: str | None) -> tuple[str, bool, float]:
    """Sort starts by local day, all-day appointments first; a clock that is set back says an hour twice."""
    if local is None or is_day(local):
        return local or "", False, 0
    return local[:10], True, datetime.fromisoformat(local).timestamp()
