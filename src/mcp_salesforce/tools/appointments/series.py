"""Series: which appointments belong to one, and what a scope touches.

Salesforce has two kinds. In Lightning ones (`Recurrence2PatternText`) a change of one future appointment changes all to
come, and no Id tells what belongs together; in Classic ones (`IsRecurrence`) each appointment can be changed alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Annotated, Literal, cast
from zoneinfo import ZoneInfo

from pydantic import Field

from mcp_salesforce.appointments.spans import Span, span_in
from mcp_salesforce.appointments.times import zone_of
from mcp_salesforce.changes.change import current_change
from mcp_salesforce.salesforce import InvalidArgumentError
from mcp_salesforce.salesforce.errors import refused
from mcp_salesforce.salesforce.literals import quote
from mcp_salesforce.salesforce.models import SObjectRecord
from mcp_salesforce.tools.answers.errors import marked
from mcp_salesforce.tools.answers.results import DeletedAppointment
from mcp_salesforce.tools.appointments.child_events import check_is_no_copy
from mcp_salesforce.tools.framework.session import OrgSession
from mcp_salesforce.tools.lookups.cascades import going_along

Scope = Annotated[Literal["this", "following", "all"], Field(description="Which appointments of a series")]

_USER = "005"
PATTERN = "Recurrence2PatternText"
_CLASSIC_MOST = 200  # what one call deletes; Salesforce makes at most 100 of a Classic series
_FIELDS = "Id, StartDateTime, EndDateTime, IsAllDayEvent, ActivityDate, DurationInMinutes"
_OF_ONE = "Use the Id of an appointment: scope this changes that one, all changes all future ones."
_MADE_WITHIN = timedelta(minutes=10)  # the appointments of a series are saved together


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One appointment of a series."""

    event_id: str
    start: datetime
    is_exception: bool = False


@dataclass(frozen=True, slots=True)
class Target:
    """What a change is sent to, and how many appointments it touches; `touched` are those, where it is a series.

    With `is_single` it is one of a series that has to be taken out of it: Salesforce's API cannot change it there.
    """

    event_id: str
    occurrences: int | None = None
    touched: tuple[Occurrence, ...] = ()
    zone: ZoneInfo = field(default_factory=lambda: zone_of("UTC"))
    is_single: bool = False

    @property
    def event_ids(self) -> set[str]:
        """The Ids of the appointments of a series that it touches."""
        return {each.event_id for each in self.touched}

    def spans_at(self, new: Span) -> list[Span]:
        """Return when the appointments of a series are, with the clock time and length of `new`; else nothing."""
        clock, length = new.start.astimezone(self.zone).time(), new.end - new.start
        starts = [
            each.start
            if new.all_day
            else datetime.combine(each.start.astimezone(self.zone), clock, self.zone).astimezone(UTC)
            for each in self.touched
        ]
        return [Span(start, start + length, new.all_day) for start in starts]


async def occurrences_of(org: OrgSession, event: SObjectRecord) -> list[Occurrence]:
    """Return the appointments of the series that `event` belongs to, by their starts; none where it is in no series.

    Those of a Lightning series are found by owner, rule, its start and the time of their creation: another one that is
    the same in all of these is taken for a part of it (see `twins_in`).
    """
    if is_classic(event):
        series = quote(event["RecurrenceActivityId"])
        where = f"RecurrenceActivityId = {series} AND IsRecurrence = false"
    elif is_lightning(event) and event.get("Recurrence2PatternStartDate"):
        made, start = (datetime.fromisoformat(event[name]) for name in ("CreatedDate", "Recurrence2PatternStartDate"))
        where = (
            "IsRecurrence2 = true AND IsRecurrence2Exclusion = false AND IsChild = false AND GroupEventType != '3' "
            f"AND OwnerId = {quote(event['OwnerId'])} AND Recurrence2PatternStartDate = {quote(start)} "
            f"AND CreatedDate >= {quote(made - _MADE_WITHIN)} AND CreatedDate <= {quote(made + _MADE_WITHIN)}"
        )
    else:
        return []
    more = f", {PATTERN}, IsRecurrence2Exception" if is_lightning(event) else ""
    found = await org.client.queries.query(
        f"SELECT {_FIELDS}{more} FROM Event WHERE {where} ORDER BY StartDateTime, Id LIMIT 2000"  # noqa: S608 - quoted
    )
    records = [each for each in found.records if each.get(PATTERN) == event.get(PATTERN) or is_classic(event)]
    return [
        Occurrence(each["Id"], span.start, is_exception=bool(each.get("IsRecurrence2Exception")))
        for each in records
        if (span := span_in(each))
    ]


def is_classic(event: SObjectRecord) -> bool:
    """Tell whether the event belongs to a Classic series, or is one."""
    return bool(event.get("RecurrenceActivityId"))


def is_lightning(event: SObjectRecord) -> bool:
    """Tell whether the event belongs to a Lightning series, or is one."""
    return bool(event.get("IsRecurrence2")) and not event.get("IsRecurrence2Exclusion")


def is_own_record(event: SObjectRecord) -> bool:
    """Tell whether the event is the series itself and none of its appointments."""
    return bool(event.get("IsRecurrence")) or event.get("GroupEventType") == "3"


def twins_in(occurrences: Sequence[Occurrence]) -> tuple[str, str] | None:
    """Return two appointments that start together: they are of two series that look the same."""
    regular = [each for each in occurrences if not each.is_exception]
    return next(((one.event_id, other.event_id) for one, other in pairwise(regular) if one.start == other.start), None)


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
    await _check_is_in_series(org, event, scope)
    span, whole = span_in(event), scope == "all" or is_own_record(event)
    touched = await occurrences_of(org, event)
    if whole:
        _check_is_one_series(touched)
        _check_none_took_place(touched, org.now())
    elif span:
        touched = [each for each in touched if each.start >= span.start]
    await _delete(org, event, touched, whole=whole)
    told: DeletedAppointment = {"Id": event_id, "deleted": True}
    if touched and not twins_in(touched):
        told["occurrences"] = len(touched)
    return told


def _check_is_one_series(occurrences: Sequence[Occurrence]) -> None:
    if twins := twins_in(occurrences):
        raise refused(
            f"Salesforce's API cannot tell two series apart: {twins[0]} and {twins[1]} start together.",
            code="AMBIGUOUS",
            hint="Use scope following on the first appointment of the right one.",
            fields=["scope"],
        )


async def _check_is_in_series(org: OrgSession, event: SObjectRecord, scope: str) -> None:
    await check_is_no_copy(org, event)
    if not is_classic(event) and not is_lightning(event):
        raise refused(
            (f"This appointment is not part of a series, so it has no scope {scope}."),
            hint="Omit scope.",
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
        await org.client.sobjects.delete("Event", event["RecurrenceActivityId"])
    else:
        results = await org.client.collections.delete(
            [each.event_id for each in touched][:_CLASSIC_MOST], all_or_none=True
        )
        failed = next((result.errors[0] for result in results if result.errors), None)
        if failed:
            raise refused(f"Nothing was deleted: {marked(failed.status_code, failed.message)}", code=failed.status_code)


async def target_of(org: OrgSession, event: SObjectRecord, scope: str, span: Span | None, new: Span | None) -> Target:
    """Return what to send a change of an appointment to, so that it changes what `scope` says and nothing else.

    `span` is its time, and `new` the time after the change, if that is another one.
    """
    event_id, now = event["Id"], org.now()
    begun = span is not None and span.start <= now
    if scope == "this":
        if is_own_record(event) and is_lightning(event):
            raise refused("This Id is of a whole series, not of one of its appointments.", hint=_OF_ONE)
        return Target(event_id, is_single=is_lightning(event) and not begun and not event.get("IsChild"))
    await _check_is_in_series(org, event, scope)
    if scope == "following":
        raise refused(
            "Salesforce's API cannot change a Classic series from one appointment on.",
            code="NOT_SUPPORTED",
            hint=("Change each of them with scope this, or all future ones with scope all."),
            fields=["scope"],
        )
    to_come = [each for each in await occurrences_of(org, event) if each.start > now]
    if not to_come:
        raise refused("The series has no future appointments, so there is nothing to change.", fields=["scope"])
    if is_classic(event):
        if new:
            raise _fixed("Classic series: Salesforce would create all its appointments again")
        zone = zone_of(event.get("RecurrenceTimeZoneSidKey") or "UTC")
        return Target(event["RecurrenceActivityId"], len(to_come), tuple(to_come), zone)
    if begun or is_own_record(event):
        raise refused(
            "A series can be changed only through one of its future appointments.",
            hint=f"Use the next one: {to_come[0].event_id}.",
            fields=["event_id"],
        )
    zone = zone_of(event.get("Recurrence2PatternTimeZone") or "UTC")
    if new and span and (new.all_day, _day(new, zone)) != (span.all_day, _day(span, zone)):
        raise _fixed("series: the rule that sets its days cannot be changed")
    return Target(event_id, None if twins_in(to_come) else len(to_come), tuple(to_come), zone)


def _day(span: Span, zone: ZoneInfo) -> date:
    return span.start.astimezone(zone).date()


def _fixed(why: str) -> InvalidArgumentError:
    return refused(
        f"Salesforce's API cannot move this {why}.",
        code="NOT_SUPPORTED",
        hint="Use scope following on the next appointment: a new series takes its place from there.",
        fields=["StartDateTime"],
    )
