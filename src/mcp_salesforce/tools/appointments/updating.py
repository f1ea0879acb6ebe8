"""Changing appointments: moved with their length, checked for conflicts, and never over somebody else's change."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Annotated, Any, cast
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field

from mcp_salesforce.appointments.conflicts import spoken
from mcp_salesforce.appointments.spans import Span, doubt_about, moved, span_in
from mcp_salesforce.appointments.times import instant_of
from mcp_salesforce.changes.change import current_change
from mcp_salesforce.salesforce import ConflictError, ErrorDetail, Request
from mcp_salesforce.salesforce.api.sobjects import retrieving, updating
from mcp_salesforce.salesforce.errors import refused
from mcp_salesforce.salesforce.literals import quote
from mcp_salesforce.salesforce.models import SObjectRecord, present
from mcp_salesforce.tools.answers.results import Updated
from mcp_salesforce.tools.appointments.booking import AllowConflict, Booking, having_calendars
from mcp_salesforce.tools.appointments.child_events import check_is_no_copy
from mcp_salesforce.tools.appointments.data import TIME_FIELDS, AppointmentData, ChangedData
from mcp_salesforce.tools.appointments.display import compared
from mcp_salesforce.tools.appointments.following import change_following
from mcp_salesforce.tools.appointments.invitees import check_contacts
from mcp_salesforce.tools.appointments.new_series import check_rule_is_kept
from mcp_salesforce.tools.appointments.series import Scope, Target, is_lightning, target_of
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
    if scope != "following":
        check_rule_is_kept(values)
    await check_contacts(org, values)
    fields = _fields(data, values, TIME_FIELDS if not wish.is_empty() else ())
    before = await org.retrieve("Event", event_id)
    await check_is_no_copy(org, before, fields)
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
    saved_id, after = await _saved(org, target, before, values, fields, booking, zone)
    told = difference(
        compared(event_id, {name: before.get(name) for name in fields}, zone), compared(saved_id, after, zone)
    )
    told["changed"].pop("Id", None)
    reset = _RESET if before.get("IsGroupEvent") and moved_to and not target.is_single else ""
    warnings = [reset, told.get("warning", ""), booking.unchecked if booking else ""]
    notes = [
        said_of(before, saved_id) if target.is_single else "",
        doubt_about(moved_to, org.now()) if moved_to else "",
    ]
    more = {
        "time_zone": zone.key if new else "",
        "warning": " ".join(filter(None, warnings)),
        "note": " ".join(filter(None, notes)),
        "occurrences": target.occurrences,
    }
    return cast("Updated", {**told, **{name: value for name, value in more.items() if value not in {"", None}}})


async def _saved(  # noqa: PLR0917 - what is saved, and what is looked at then
    org: OrgSession,
    target: Target,
    before: SObjectRecord,
    values: Mapping[str, Any],
    fields: Sequence[str],
    booking: Booking | None,
    zone: ZoneInfo,
) -> tuple[str, dict[str, Any]]:
    """Save the change; return the Id of the appointment and its fields. One taken out of a series has a new Id.

    Raises:
        SalesforceError: Nothing was changed, or it is unknown whether something was.
    """
    saved_id = str(before["Id"])
    after, written = dict[str, Any](), {**before, **values}
    if target.is_single:
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
                _, read = await org.client.composite.run_led([change, retrieving("Event", saved_id, fields=fields)])
                after |= outcome_of(read, written)
    if booking:
        with read_back(after, written):
            record, said = await booking.look_again(saved_id, zone)
            after |= {name: record.get(name) for name in fields} | ({"warning": said} if said else {})
    return saved_id, after


def _fields(data: AppointmentData, values: Mapping[str, Any], times: Sequence[str]) -> list[str]:
    """Return the names of the fields to compare."""
    if cleared := [name for name in TIME_FIELDS if data.given().get(name, "") is None]:
        raise refused(f"{cleared[0]} cannot be cleared.", hint="Omit it, or give its new value.", fields=cleared)
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
