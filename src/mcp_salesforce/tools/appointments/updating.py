"""Changing appointments: moved with their length, checked for conflicts, and never over somebody else's change."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Annotated, Any, cast
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field

from mcp_salesforce.appointments.conflicts import spoken
from mcp_salesforce.appointments.spans import Span, doubt_about, moved, span_in
from mcp_salesforce.appointments.times import dated, instant_of
from mcp_salesforce.changes.change import current_change
from mcp_salesforce.salesforce import ConflictError, ErrorDetail, Request
from mcp_salesforce.salesforce.api.sobjects import retrieving, updating
from mcp_salesforce.salesforce.errors import refused
from mcp_salesforce.salesforce.literals import quote
from mcp_salesforce.salesforce.models import SObjectRecord, present
from mcp_salesforce.tools.answers.errors import marked
from mcp_salesforce.tools.answers.results import Updated
from mcp_salesforce.tools.appointments.booking import AllowConflict, Booking, having_calendars
from mcp_salesforce.tools.appointments.child_events import check_is_no_copy
from mcp_salesforce.tools.appointments.data import TIME_FIELDS, AppointmentData, ChangedData
from mcp_salesforce.tools.appointments.display import compared
from mcp_salesforce.tools.appointments.following import change_following
from mcp_salesforce.tools.appointments.invitees import check_contacts
from mcp_salesforce.tools.appointments.locations import NewPlace
from mcp_salesforce.tools.appointments.new_series import check_kind_of_rule, check_rule
from mcp_salesforce.tools.appointments.series import Scope, Target, is_lightning, is_own_record, next_of, target_of
from mcp_salesforce.tools.appointments.single import said_of, take_out
from mcp_salesforce.tools.appointments.toolset import appointments
from mcp_salesforce.tools.framework.params import EventId
from mcp_salesforce.tools.framework.session import OrgSession
from mcp_salesforce.tools.framework.toolset import UPDATES, ToolContext, org_of
from mcp_salesforce.tools.lookups.calendars import calendars_of
from mcp_salesforce.tools.lookups.record import difference, last_changed, outcome_of, read_back, require_fields

_CHANGED_MEANWHILE = "ENTITY_FAILED_IFLASTMODIFIED_ON_UPDATE"
_STAMPS = frozenset({"LastModifiedDate", "LastModifiedById", "SystemModstamp"})
_FREE = "Free"
_MOST_PLANNED = 100
_RESET = "The move reset the invitees' answers; Salesforce asks them again."


def _instant_text(text: str) -> str:
    if text:
        instant_of(text)
    return text


@appointments.tool(
    UPDATES,
    title="Change an appointment",
    hint="reschedule, move or postpone a meeting, visit, call or booking",
    example={"event_id": "00Ulo0000000001EAA", "data": {"Location": "Room 1"}},
)
async def update_appointment(
    ctx: ToolContext,
    event_id: EventId,
    data: ChangedData,
    *,
    scope: Scope = "this",
    allow_conflict: AllowConflict = False,
    last_modified: Annotated[
        str,
        Field(description="LastModifiedDate that you read; if somebody changed the record since, the call is refused"),
        AfterValidator(_instant_text),
    ] = "",
) -> Updated:
    """Change or move an appointment and return what changed. Give only StartDateTime to keep its length."""
    org, values, wish = org_of(ctx), data.others(), data.wish()
    check_rule(values, data.left_out(), scope)
    await check_contacts(org, values)
    fields = _fields(data, values, TIME_FIELDS if not wish.is_empty() else ())
    before = await org.retrieve("Event", event_id)
    if scope != "this" and is_own_record(before):
        before = await _next(org, before)
    event_id = before["Id"]
    await check_is_no_copy(org, before, fields)
    check_kind_of_rule(before, values, data.left_out(), scope)
    zone = await org.zone(data.time_zone or "", before.get("OwnerId") or "")
    await _check_unchanged(org, before, last_modified, zone)
    if scope == "following" and is_lightning(before):
        return await change_following(org, before, data, zone, allow_conflict=allow_conflict)
    span, new = span_in(before), None
    if span and not wish.is_empty():
        new = moved(span, wish)
        values |= new.values() if data.IsAllDayEvent is not None else _without_all_day(new)
    moved_to = new if new != span else None
    target = await target_of(org, before, scope, span, moved_to)
    booking = await _booking(org, before, values, span, new or span, target)
    if booking:
        await booking.check(zone, allow_conflict=allow_conflict, is_new=False)
    saved_id, after, place = await _saved(org, target, before, values, fields, booking, zone)
    told = difference(
        compared(event_id, {name: before.get(name) for name in fields}, zone), compared(saved_id, after, zone)
    )
    told["changed"].pop("Id", None)
    reset = _RESET if before.get("IsGroupEvent") and moved_to and not target.is_single else ""
    warnings = [reset, told.get("warning", ""), booking.unchecked if booking else ""]
    notes = [
        said_of(before, saved_id) if target.is_single else "",
        doubt_about(moved_to, org.now()) if moved_to else "",
        place,
    ]
    more = {
        "time_zone": zone.key if new else "",
        "warning": " ".join(filter(None, warnings)),
        "note": " ".join(filter(None, notes)),
        "occurrences": target.occurrences,
        "first_occurrences": _planned(target, moved_to, zone),
    }
    return cast("Updated", {**told, **{name: value for name, value in more.items() if value not in ("", None, [])}})


async def _next(org: OrgSession, series: SObjectRecord) -> SObjectRecord:
    """Return the next appointment of a series."""
    following = await next_of(org, series)
    if following is None:
        raise refused("The series has no future appointments, so there is nothing to change.", fields=["event_id"])
    return await org.retrieve("Event", following.event_id)


def _planned(target: Target, new: Span | None, zone: ZoneInfo) -> list[str]:
    """Return, of a preview, when the appointments of a series are after the change."""
    change = current_change()
    if not target.touched or change is None or not change.is_preview:
        return []
    if new:
        return [dated(span.start, zone, all_day=span.all_day) for span in target.spans_at(new)[:_MOST_PLANNED]]
    return [dated(each.start, zone, all_day=each.all_day) for each in target.touched[:_MOST_PLANNED]]


async def _saved(  # noqa: PLR0917 - what is saved, and what is looked at then
    org: OrgSession,
    target: Target,
    before: SObjectRecord,
    values: Mapping[str, Any],
    fields: Sequence[str],
    booking: Booking | None,
    zone: ZoneInfo,
) -> tuple[str, dict[str, Any], str]:
    """Save the change; return the Id of the appointment, its fields, and a note about its place.

    One taken out of a series has a new Id.

    Raises:
        SalesforceError: Nothing was changed, or it is unknown whether something was.
    """
    saved_id, place, places = str(before["Id"]), NewPlace.of(before, values), list[object]()
    after, written = dict[str, Any](), {**before, **values}
    if target.is_each or target.is_single:
        if target.is_each:
            await _save_each(org, target, values, TIME_FIELDS)
        else:
            saved_id, _ = await take_out(org, before, values)
        if booking is None:
            with read_back(after, written):
                after |= await org.retrieve("Event", saved_id, fields=fields)
    else:
        change = _change(target, before, values)
        async with _conflict_named(org, before):
            if booking:
                await org.client.send(change)
            else:
                reading = [change, retrieving("Event", saved_id, fields=fields), *place.asking(org, saved_id)]
                _, read, *places = await org.client.composite.run_led(reading)
                after |= outcome_of(read, written)
    if booking:
        with read_back(after, written):
            record, said = await booking.look_again(saved_id, zone)
            after |= {name: record.get(name) for name in fields} | ({"warning": said} if said else {})
    return saved_id, after, await place.note(org, saved_id, places)


async def _save_each(org: OrgSession, target: Target, values: Mapping[str, Any], times: Sequence[str]) -> None:
    """Change the appointments of a Classic series one by one, all or none.

    API: PATCH /composite/sobjects

    Raises:
        InvalidArgumentError: The org refused one, and so all.
    """
    new = span_in(values)
    spans = target.spans_at(new) if new else []
    others = {name: value for name, value in values.items() if name not in times}
    records = [
        {"Id": each.event_id, **others, **(_without_all_day(spans[at]) if new else {})}
        for at, each in enumerate(target.touched)
    ]
    results = await org.client.collections.update("Event", records, all_or_none=True)
    if failed := next((result.errors[0] for result in results if result.errors), None):
        raise refused(f"Nothing was changed: {marked(failed.status_code, failed.message)}", code=failed.status_code)


def _fields(data: AppointmentData, values: Mapping[str, Any], times: Sequence[str]) -> list[str]:
    """Return the names of the fields to compare."""
    if cleared := [name for name in TIME_FIELDS if data.given().get(name, "") is None]:
        raise refused(f"{cleared[0]} cannot be cleared.", hint="Omit it, or give its new value.", fields=cleared)
    if data.left_out():
        return [*dict.fromkeys([*values, *times])]  # another rule, if nothing else
    return require_fields(dict.fromkeys([*values, *times]))


def _without_all_day(span: Span) -> dict[str, object]:
    return {name: value for name, value in span.values().items() if name != "IsAllDayEvent"}


async def _check_unchanged(org: OrgSession, event: SObjectRecord, last_modified: str, zone: ZoneInfo) -> None:
    """Refuse to change what is not as the caller read it."""
    changed = last_changed(event)
    if not last_modified or changed is None or changed <= instant_of(last_modified):
        return
    soql = f"SELECT LastModifiedBy.Name FROM Event WHERE Id = {quote(event['Id'])}"  # noqa: S608 - SOQL, quoted
    found = (await org.client.queries.query(soql)).records
    name = ((found[0] if found else {}).get("LastModifiedBy") or {}).get("Name") or "somebody"
    message = f"{name} changed it on {spoken(changed, zone)} ({zone.key}), after you read it. Nothing was changed."
    raise ConflictError(412, [ErrorDetail(_CHANGED_MEANWHILE, message)])


async def _booking(
    org: OrgSession,
    before: SObjectRecord,
    values: Mapping[str, Any],
    was: Span | None,
    span: Span | None,
    target: Target,
) -> Booking | None:
    """Return what the change would take of whose time; None where it takes no other than before."""
    now = {**before, **values}
    shows = before.get("ShowAs") == _FREE != now.get("ShowAs")
    if span is None or before.get("IsChild") or (span == was and not shows and before["OwnerId"] == now["OwnerId"]):
        return None
    invitees: list[str] = []
    if before.get("IsGroupEvent"):
        soql = (
            f"SELECT RelationId FROM EventRelation WHERE EventId = {quote(before['Id'])} "  # noqa: S608 - SOQL, quoted
            "AND Status != 'Declined'"
        )
        invitees = [each["RelationId"] for each in (await org.client.queries.query(soql)).records]
    calendars = await calendars_of(org, [present(now, "OwnerId"), *having_calendars(invitees)])
    spans, own = target.spans_at(span) or (span,), {before["Id"], *target.event_ids}
    return Booking(
        org, now, spans, calendars, own=own, was=[was] if was else [], subjects={before.get("Subject") or ""}
    )


def _change(target: Target, before: SObjectRecord, values: Mapping[str, Any]) -> Request:
    """Return the request for the change, which is refused if somebody else changed the record since `before`."""
    since = last_changed(before) if target.event_id == before["Id"] else None
    if (whole := current_change()) and target.event_id != before["Id"]:
        whole.members = tuple(target.event_ids)  # each may have values of its own, which a Classic series overwrites
    return updating("Event", target.event_id, values, unmodified_since=since)


@asynccontextmanager
async def _conflict_named(org: OrgSession, before: SObjectRecord) -> AsyncIterator[None]:
    """Let the error of a conflict in the block name the fields that somebody else changed since `before`."""
    try:
        yield
    except ConflictError as error:
        now = await org.retrieve("Event", before["Id"])
        changed = [name for name, value in now.items() if value != before.get(name) and name not in _STAMPS]
        error.message = "Somebody else changed it at the same moment. Nothing was changed."
        error.fields = tuple(changed)
        raise
