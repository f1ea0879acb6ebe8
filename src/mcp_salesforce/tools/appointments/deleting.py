"""Deleting appointments: one, or those of its series that a scope says."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, cast

from mcp_salesforce.appointments.spans import span_in
from mcp_salesforce.appointments.times import dated
from mcp_salesforce.changes.change import current_change
from mcp_salesforce.salesforce.errors import refused
from mcp_salesforce.salesforce.models import SObjectRecord
from mcp_salesforce.tools.answers.errors import marked
from mcp_salesforce.tools.answers.results import DeletedAppointment
from mcp_salesforce.tools.appointments.child_events import check_is_no_copy
from mcp_salesforce.tools.appointments.series import (
    Occurrence,
    check_is_in_series,
    is_lightning,
    is_own_record,
    occurrences_of,
    series_id,
    series_zone,
    twins_in,
)
from mcp_salesforce.tools.framework.session import OrgSession
from mcp_salesforce.tools.lookups.cascades import going_along

_CLASSIC_MOST: Final = 200  # what one call deletes; Salesforce makes at most 100 of a Classic series
_MOST_DATES: Final = 100


async def delete_in_scope(org: OrgSession, event_id: str, scope: str) -> DeletedAppointment:
    """Move an appointment to the recycle bin, with those of its series that `scope` says.

    API: DELETE /sobjects/Event/{id}, DELETE /sobjects/Event/{id}/fromThisEventOnwards

    Raises:
        InvalidArgumentError: It is in no series, or the scope would delete what took place.
    """
    event = await org.retrieve("Event", event_id)
    if scope == "this":
        if is_own_record(event):
            raise refused("This Id is of a whole series, not of one of its appointments.", hint="Use scope all.")
        await check_is_no_copy(org, event)
        alongside = await going_along(org, "Event", [event_id]) if event.get("IsGroupEvent", True) else {}
        await org.client.sobjects.delete("Event", event_id)
        return cast("DeletedAppointment", {"Id": event_id, "deleted": True, **alongside})
    await check_is_in_series(org, event, scope)
    span, whole = span_in(event), scope == "all" or is_own_record(event)
    touched = found = await occurrences_of(org, event)
    if whole:
        _check_is_one_series(touched)
        _check_none_took_place(touched, org.now())
    elif span:
        touched = [each for each in touched if each.start >= span.start]
    await _delete(org, event, touched, whole=whole)
    told: DeletedAppointment = {"Id": event_id, "deleted": True}
    if touched and not twins_in(found):
        told |= await _told_of_series(org, event, touched, [each for each in found if each not in touched])
    return told


async def _told_of_series(
    org: OrgSession, event: SObjectRecord, touched: Sequence[Occurrence], kept: Sequence[Occurrence]
) -> DeletedAppointment:
    """Return how many appointments go, in a preview on which days, and what is left of the series."""
    zone, all_day, change = await series_zone(org, event), bool(event.get("IsAllDayEvent")), current_change()
    told: dict[str, object] = {"occurrences": len(touched)}
    if change and change.is_preview:
        told["dates"] = [dated(each.start, zone, all_day=all_day) for each in touched[:_MOST_DATES]]
    if kept:
        last, many = dated(kept[-1].start, zone, all_day=all_day), len(kept) > 1
        told["note"] = f"The series keeps {len(kept)} appointment{'s, the last' if many else ','} on {last}."
    return cast("DeletedAppointment", told)


def _check_is_one_series(occurrences: Sequence[Occurrence]) -> None:
    if twins := twins_in(occurrences):
        raise refused(
            f"Salesforce's API cannot tell two series apart: {twins[0]} and {twins[1]} start together.",
            code="AMBIGUOUS",
            hint="Use scope following on the first appointment of the right one.",
            fields=["scope"],
        )


def _check_none_took_place(occurrences: Sequence[Occurrence], now: datetime) -> None:
    past = [each for each in occurrences if each.start <= now]
    if not past:
        return
    to_come = next((each for each in occurrences if each.start > now), None)
    keep = f"To keep them: scope following on {to_come.event_id}. " if to_come else ""
    raise refused(
        f"{len(past)} of its {len(occurrences)} appointments have begun or taken place; nothing was deleted.",
        code="PAST_APPOINTMENTS",
        hint=f"{keep}To delete them too: scope following on {past[0].event_id}.",
        fields=["scope"],
    )


async def _delete(org: OrgSession, event: SObjectRecord, touched: Sequence[Occurrence], *, whole: bool) -> None:
    if is_lightning(event):
        first = touched[0].event_id if touched and whole else event["Id"]
        if change := current_change():
            change.members = tuple(each.event_id for each in touched)
        await org.client.sobjects.delete_from_event_onwards(first)
    elif whole:
        if change := current_change():
            change.members = tuple(each.event_id for each in touched)
        await org.client.sobjects.delete("Event", series_id(event))
    else:
        results = await org.client.collections.delete(
            [each.event_id for each in touched][:_CLASSIC_MOST], all_or_none=True
        )
        failed = next((result.errors[0] for result in results if result.errors), None)
        if failed:
            raise refused(f"Nothing was deleted: {marked(failed.status_code, failed.message)}", code=failed.status_code)
