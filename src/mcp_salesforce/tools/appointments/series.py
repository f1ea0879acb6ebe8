"""Series: which appointments belong to one, and what a scope touches.

Salesforce has two kinds. In Lightning ones (`Recurrence2PatternText`) a change of one future appointment changes all to
come, and no Id tells what belongs together; in Classic ones (`IsRecurrence`) each appointment can be changed alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import Field

from mcp_salesforce.appointments.spans import Span, span_in
from mcp_salesforce.appointments.times import zone_of
from mcp_salesforce.salesforce import InvalidArgumentError, SalesforceError
from mcp_salesforce.salesforce.errors import refused
from mcp_salesforce.salesforce.literals import quote
from mcp_salesforce.salesforce.models import SObjectRecord, present
from mcp_salesforce.tools.appointments.child_events import check_is_no_copy
from mcp_salesforce.tools.framework.session import OrgSession

Scope = Annotated[Literal["this", "following", "all"], Field(description="Which appointments of a series")]

_USER = "005"
PATTERN = "Recurrence2PatternText"
_FIELDS = "Id, StartDateTime, EndDateTime, IsAllDayEvent, ActivityDate, DurationInMinutes"
_OF_ONE = "Use the Id of an appointment{next}: scope this changes that one, all changes all future ones."
_MADE_WITHIN = timedelta(minutes=10)  # the appointments of a series are saved together


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One appointment of a series."""

    event_id: str
    start: datetime
    is_exception: bool = False
    all_day: bool = False


@dataclass(frozen=True, slots=True)
class Target:
    """What a change is sent to, and how many appointments it touches; `touched` are those, where it is a series.

    With `is_single` it is one of a series that has to be taken out of it: Salesforce's API cannot change it there. With
    `is_each` those touched are changed one by one, which a Classic series allows; `shift` is by how many days they
    move.
    """

    event_id: str
    occurrences: int | None = None
    touched: tuple[Occurrence, ...] = ()
    zone: ZoneInfo = field(default_factory=lambda: zone_of("UTC"))
    is_single: bool = False
    is_each: bool = False
    shift: timedelta = timedelta()

    @property
    def event_ids(self) -> set[str]:
        """The Ids of the appointments of a series that it touches."""
        return {each.event_id for each in self.touched}

    def spans_at(self, new: Span) -> list[Span]:
        """Return when the appointments of a series are, with the clock time and length of `new`; else nothing."""
        clock, length = new.start.astimezone(self.zone).time(), new.end - new.start
        starts = [
            each.start + self.shift
            if new.all_day
            else datetime.combine(each.start.astimezone(self.zone) + self.shift, clock, self.zone).astimezone(UTC)
            for each in self.touched
        ]
        return [Span(start, start + length, new.all_day) for start in starts]


async def occurrences_of(org: OrgSession, event: SObjectRecord) -> list[Occurrence]:
    """Return the appointments of the series that `event` belongs to, by their starts; none where it is in no series.

    Those of a Lightning series are found by owner, rule, its start and the time of their creation: another one that is
    the same in all of these is taken for a part of it (see `twins_in`).
    """
    if is_classic(event):
        where = f"RecurrenceActivityId = {quote(series_id(event))} AND IsRecurrence = false"
    elif is_lightning(event) and event.get("Recurrence2PatternStartDate"):
        made, start = (
            datetime.fromisoformat(present(event, name)) for name in ("CreatedDate", "Recurrence2PatternStartDate")
        )
        where = (
            "IsRecurrence2 = true AND IsRecurrence2Exclusion = false AND IsChild = false AND GroupEventType != '3' "
            f"AND OwnerId = {quote(present(event, 'OwnerId'))} AND Recurrence2PatternStartDate = {quote(start)} "
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
        Occurrence(
            present(each, "Id"), span.start, is_exception=bool(each.get("IsRecurrence2Exception")), all_day=span.all_day
        )
        for each in records
        if (span := span_in(each))
    ]


def is_classic(event: SObjectRecord) -> bool:
    """Tell whether the event belongs to a Classic series, or is one."""
    return bool(event.get("RecurrenceActivityId") or event.get("IsRecurrence"))


def series_id(event: SObjectRecord) -> str:
    """Return the Id of the record of a Classic series that the event belongs to, or is."""
    return str(event.get("RecurrenceActivityId") or event["Id"])


async def series_zone(org: OrgSession, event: SObjectRecord) -> ZoneInfo:
    """Return the zone whose clock a series keeps; of a Classic one the owner's, which its appointments do not tell."""
    if event.get("IsAllDayEvent"):
        return zone_of("UTC")
    kept = event.get("Recurrence2PatternTimeZone") or event.get("RecurrenceTimeZoneSidKey")
    return zone_of(kept) if kept else await org.zone("", event.get("OwnerId") or "")


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


async def check_is_in_series(org: OrgSession, event: SObjectRecord, scope: str) -> None:
    """Refuse a scope of a series for an appointment that is in none, or is an invitee's copy."""
    await check_is_no_copy(org, event)
    if not is_classic(event) and not is_lightning(event):
        raise refused(
            (f"This appointment is not part of a series, so it has no scope {scope}."),
            hint="Omit scope.",
            fields=["scope"],
        )


async def next_of(org: OrgSession, event: SObjectRecord) -> Occurrence | None:
    """Return the next future appointment of the series that `event` is, or belongs to; None where none can be seen."""
    try:
        found = await occurrences_of(org, event)
    except SalesforceError:
        return None
    return next((each for each in found if each.start > org.now()), None)


async def check_is_no_series(org: OrgSession, event: SObjectRecord, hint: str) -> None:
    """Refuse the Id of a whole series; `hint` says what to use, with `{next}` for its next appointment.

    Raises:
        InvalidArgumentError: It is one.
    """
    if is_own_record(event):
        following = await next_of(org, event)
        told = f" (the next is {following.event_id})" if following else ""
        raise refused(
            "This Id is of a whole series, not of one of its appointments.", hint=hint.replace("{next}", told)
        )


async def target_of(org: OrgSession, event: SObjectRecord, scope: str, span: Span | None, new: Span | None) -> Target:
    """Return what to send a change of an appointment to, so that it changes what `scope` says and nothing else.

    `span` is its time, and `new` the time after the change, if that is another one.
    """
    event_id, now = event["Id"], org.now()
    begun = span is not None and span.start <= now
    if scope == "this":
        await check_is_no_series(org, event, _OF_ONE)
        return Target(event_id, is_single=is_lightning(event) and not begun and not event.get("IsChild"))
    await check_is_in_series(org, event, scope)
    if scope == "following":
        return await _each_following(org, event, span, new)
    to_come = [each for each in await occurrences_of(org, event) if each.start > now]
    if not to_come:
        raise refused("The series has no future appointments, so there is nothing to change.", fields=["scope"])
    if is_classic(event):
        if new:
            raise refused(
                "Salesforce's API cannot move this Classic series: it would create all its appointments again.",
                code="NOT_SUPPORTED",
                hint=f"Use scope following on its next appointment, {to_come[0].event_id}: each one is moved.",
                fields=["StartDateTime"],
            )
        zone = zone_of(event.get("RecurrenceTimeZoneSidKey") or "UTC")
        return Target(series_id(event), len(to_come), tuple(to_come), zone)
    if begun:
        raise refused(
            "A series can be changed only through one of its future appointments.",
            hint=f"Use the next one: {to_come[0].event_id}.",
            fields=["event_id"],
        )
    zone = zone_of(event.get("Recurrence2PatternTimeZone") or "UTC")
    if new and span and (new.all_day, _day(new, zone)) != (span.all_day, _day(span, zone)):
        raise _fixed("series: the rule that sets its days cannot be changed")
    return Target(event_id, None if twins_in(to_come) else len(to_come), tuple(to_come), zone)


async def _each_following(org: OrgSession, event: SObjectRecord, span: Span | None, new: Span | None) -> Target:
    """Return the appointments of a Classic series from `event` on: each can be changed on its own."""
    found = await occurrences_of(org, event)
    if span is None or span.start <= org.now():
        to_come = next((each.event_id for each in found if each.start > org.now()), "")
        hint = f"Use the next one: {to_come}." if to_come else "Create a new series."
        raise refused("A series can be changed only from a future appointment on.", hint=hint, fields=["event_id"])
    zone, shift = await series_zone(org, event), timedelta()
    if new:
        if new.all_day != span.all_day:
            raise refused(
                "The rest of a Classic series cannot become all-day, or cease to be.", fields=["IsAllDayEvent"]
            )
        shift = _day(new, zone) - _day(span, zone)
    touched = tuple(each for each in found if each.start >= span.start)
    return Target(event["Id"], len(touched), touched, zone, is_each=True, shift=shift)


def _day(span: Span, zone: ZoneInfo) -> date:
    return span.start.astimezone(zone).date()


def _fixed(why: str) -> InvalidArgumentError:
    return refused(
        f"Salesforce's API cannot move this {why}.",
        code="NOT_SUPPORTED",
        hint="Use scope following on the next appointment: a new series takes its place from there.",
        fields=["StartDateTime"],
    )
