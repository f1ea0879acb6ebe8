"""Appointments: Salesforce's Event records, with times that cannot be misread."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, cast
from zoneinfo import ZoneInfo

from pydantic import Field

from mcp_salesforce.appointments.spans import Span, Wish, moved, shown, span_in, span_of
from mcp_salesforce.appointments.times import Window, instant_of, window_of, wire, zone_named
from mcp_salesforce.salesforce.soql import quote
from mcp_salesforce.tools.errors import refused
from mcp_salesforce.tools.listings import Listing, read_page
from mcp_salesforce.tools.params import (
    ContactFilter,
    Cursor,
    EventId,
    FieldNames,
    Limit,
    LongText,
    OwnerFilter,
    OwnerReference,
    PersonReference,
    RecordData,
    SubjectReference,
    Text255,
    TimeZone,
    data_schema,
)
from mcp_salesforce.tools.records import delete_record, difference, read_back, read_fields, require_fields
from mcp_salesforce.tools.results import Appointment, Deleted, Rows, Updated, flat_record, record_of
from mcp_salesforce.tools.session import OrgSession
from mcp_salesforce.tools.toolset import CREATES, DELETES, READS, UPDATES, ToolContext, Toolset, org_of

appointments = Toolset("appointments", "The calendar: create, read, move, delete and list appointments", "Event")

_TIME_FIELDS = ("StartDateTime", "EndDateTime", "IsAllDayEvent", "ActivityDate", "DurationInMinutes")
_SAID_BY_START_AND_END = frozenset({*_TIME_FIELDS, "ActivityDateTime", "EndDate"})
_LEFT_OUT = _SAID_BY_START_AND_END | {
    "IsDeleted", "SystemModstamp", "CreatedById", "LastModifiedById", "GroupEventType", "EventSubtype",
    "Recurrence2PatternVersion",
}  # fmt: skip
_LISTED = ("Id", "Subject", "Location", "Who.Name", "What.Name", "Owner.Name")
_COLUMNS = (
    "Id", "Subject", "start.weekday", "start.local", "end.local", "start.utc", "end.utc", "all_day", "Location",
    "Who.Name", "What.Name", "Owner.Name",
)  # fmt: skip
_LEAD = "00Q"
_NO_PATTERNS = ("IsRecurrence = false", "GroupEventType != '3'")  # a series' own record is none of its occurrences
_OLDER_NAMES = frozenset({"activitydate", "activitydatetime"})


class AppointmentData(RecordData):
    """The writable fields of an Event; `time_zone` is ours, and says what local times mean."""

    Subject: Text255 = None
    StartDateTime: str | None = None
    EndDateTime: str | None = None
    DurationInMinutes: Annotated[int, Field(ge=0)] | None = None
    IsAllDayEvent: bool | None = None
    time_zone: str | None = None
    Location: Text255 = None
    Description: LongText = None
    WhoId: PersonReference = None
    WhatId: SubjectReference = None
    OwnerId: OwnerReference = None
    ShowAs: Literal["Busy", "OutOfOffice", "Free"] | None = None
    IsPrivate: bool | None = None
    IsReminderSet: bool | None = None
    ReminderDateTime: str | None = None

    def zone(self) -> ZoneInfo | None:
        """Return the zone of local times, or None where none is given."""
        return zone_named(self.time_zone) if self.time_zone else None

    def wish(self) -> Wish:
        """Return what is said about the time."""
        return Wish(self.StartDateTime, self.EndDateTime, self.DurationInMinutes, self.IsAllDayEvent, self.zone())

    def others(self) -> dict[str, Any]:
        """Return the fields to send that do not say when the appointment is.

        Raises:
            InvalidArgumentError: A lead as `WhoId` does not go with a `WhatId`; a day has another name here.
            TimeError: The reminder's time cannot be read.
        """
        if older := [name for name in self.model_extra or () if name.casefold() in _OLDER_NAMES]:
            raise refused(f"{older[0]} is not used here.", hint="Say it as StartDateTime.", fields=older)
        values = {name: value for name, value in self.given().items() if name not in {*_TIME_FIELDS, "time_zone"}}
        if (self.WhoId or "").startswith(_LEAD) and self.WhatId:
            raise refused(
                "WhoId is a lead, which goes with no WhatId.",
                hint="Leave WhatId out, or give a contact as WhoId.",
                fields=["WhoId", "WhatId"],
            )
        if self.ReminderDateTime:
            values["ReminderDateTime"] = wire(instant_of(self.ReminderDateTime, self.zone()))
        return values


_TEXT, _FLAG = {"type": "string"}, {"type": "boolean"}
_SHOWN = {
    "Subject": _TEXT,
    "StartDateTime": {
        "type": "string",
        "description": "2026-11-24T15:00:00+01:00, or without offset and with time_zone; a day (2026-11-24) if all-day",
    },
    "EndDateTime": {"type": "string", "description": "Same forms; or give DurationInMinutes"},
    "DurationInMinutes": {"type": "integer"},
    "time_zone": {"type": "string", "description": "IANA zone of times without offset, e.g. Europe/Berlin"},
    "IsAllDayEvent": _FLAG,
    "Location": _TEXT,
    "Description": _TEXT,
    "WhoId": {"type": "string", "description": "Contact or lead"},
    "WhatId": {"type": "string", "description": "Account, opportunity, case, …"},
    "OwnerId": {"type": "string", "description": "User whose calendar it is; default: you"},
    "ShowAs": {"enum": ["Busy", "OutOfOffice", "Free"]},
    "IsPrivate": _FLAG,
}
NewData = Annotated[
    AppointmentData,
    data_schema("Fields of Event: these, other standard ones, and custom ones (X__c)", _SHOWN, ["StartDateTime"]),
]
ChangedData = Annotated[
    AppointmentData, data_schema("Fields to change, as for salesforce_create_appointment; null clears one")
]


@appointments.tool(CREATES, title="Create an appointment")
async def create_appointment(ctx: ToolContext, data: NewData) -> Appointment:
    """Create an appointment (an Event) and return it with its weekday and local time; read these back to the user."""
    org = org_of(ctx)
    others, span = data.others(), span_of(data.wish())
    saved = await org.client.sobjects.create("Event", {**others, **span.values()})
    event_id = saved.id or ""
    written = {"Id": event_id, **others, **shown(span, data.zone() or zone_named("UTC"))}
    return await read_back(_appointment(org, event_id, data.time_zone or ""), cast("Appointment", written))


@appointments.tool(READS, title="Get an appointment")
async def get_appointment(ctx: ToolContext, event_id: EventId, fields: FieldNames = ()) -> Appointment:
    """Return one appointment by Id: its times and the fields that have a value, or exactly those in fields."""
    if fields:
        return cast("Appointment", await read_fields(org_of(ctx), "Event", event_id, fields))
    return await _appointment(org_of(ctx), event_id)


@appointments.tool(UPDATES, title="Change an appointment")
async def update_appointment(ctx: ToolContext, event_id: EventId, data: ChangedData) -> Updated:
    """Change or move an appointment and return what changed; a new StartDateTime alone keeps the length."""
    org, wish, values = org_of(ctx), data.wish(), data.others()
    if cleared := [name for name in _TIME_FIELDS if data.given().get(name, "") is None]:
        raise refused(f"{cleared[0]} cannot be cleared.", hint="Leave it out, or give its new value.", fields=cleared)
    fields = dict.fromkeys(values)
    if not wish.is_empty():
        fields |= dict.fromkeys((*_TIME_FIELDS, "OwnerId"))
    require_fields(fields)
    before = await org.client.sobjects.retrieve("Event", event_id, fields=tuple(fields))
    zone = await org.zone(data.time_zone or "", before.get("OwnerId") or "")
    if not wish.is_empty() and (span := span_in(before)):
        times = moved(span, wish).values()
        if wish.all_day is None:
            del times["IsAllDayEvent"]
        values |= times
    await org.client.sobjects.update("Event", event_id, values)
    reading = org.client.sobjects.retrieve("Event", event_id, fields=tuple(fields))
    after = await read_back(reading, {**before, **values})
    told = difference(_compared(event_id, before, zone), _compared(event_id, after, zone))
    if not wish.is_empty():
        told["time_zone"] = zone.key
    return told


@appointments.tool(DELETES, title="Delete an appointment")
async def delete_appointment(ctx: ToolContext, event_id: EventId) -> Deleted:
    """Move an appointment to the recycle bin, where it can be restored for 15 days."""
    return await delete_record(org_of(ctx), "Event", event_id)


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
        "Event", "00U", _COLUMNS, conditions, order_by, descending=window is None, fields=(*_LISTED, *_TIME_FIELDS)
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
    return cast("Appointment", _with_times(record_of(record, leave_out=_LEFT_OUT), span_in(record), zone))


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
