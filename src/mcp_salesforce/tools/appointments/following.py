"""A Lightning series that changes from one appointment on: it ends before, and a new series takes its place from there.

Salesforce's API cannot change a rule, nor a part of a series. The new series has the fields, the invitees and the rest
of the rule; days that had been taken out of the old one stay out.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any, Final, cast
from zoneinfo import ZoneInfo

from mcp_salesforce.appointments.recurrence import MOST_OCCURRENCES, WEEKDAY_NAMES, Rule
from mcp_salesforce.appointments.spans import Span, moved, span_in
from mcp_salesforce.appointments.times import dated, zone_of
from mcp_salesforce.changes.change import announce, current_change, note_made
from mcp_salesforce.changes.writes import Write
from mcp_salesforce.salesforce import SalesforceError
from mcp_salesforce.salesforce.errors import InvalidArgumentError, refused
from mcp_salesforce.salesforce.models import SObjectRecord
from mcp_salesforce.tools.answers.errors import marked
from mcp_salesforce.tools.answers.results import Updated
from mcp_salesforce.tools.appointments.booking import Booking
from mcp_salesforce.tools.appointments.data import AppointmentData
from mcp_salesforce.tools.appointments.display import compared
from mcp_salesforce.tools.appointments.invitees import invitations_of
from mcp_salesforce.tools.appointments.locations import unreserved
from mcp_salesforce.tools.appointments.new_series import SeriesPlan, made_series, plan_of
from mcp_salesforce.tools.appointments.series import PATTERN, Occurrence, occurrences_of, twins_in
from mcp_salesforce.tools.appointments.single import copied_fields
from mcp_salesforce.tools.framework.session import OrgSession
from mcp_salesforce.tools.lookups.record import difference, read_back

_AT_ONCE: Final = 200
_INVITED: Final = "The invitees were invited to each of its appointments again."


@dataclass(frozen=True, slots=True)
class Rest:
    """What is left of a series from one of its appointments on.

    Attributes:
        event: That appointment.
        span: Its time.
        rule: The rule of the whole series.
        days: The days on which the rule has the rest, those taken out included.
        touched: The appointments that are there.
        kept: The appointments before it, which the old series keeps.
        zone: The zone whose clock the series keeps.
    """

    event: SObjectRecord
    span: Span
    rule: Rule
    days: Sequence[date]
    touched: Sequence[Occurrence]
    kept: Sequence[Occurrence]
    zone: ZoneInfo

    @classmethod
    async def of(cls, org: OrgSession, event: SObjectRecord) -> "Rest":
        """Return the rest of the series from `event` on.

        Raises:
            InvalidArgumentError: It has begun, is not at a time of the rule, or two series look the same.
        """
        span, found = span_in(event), await occurrences_of(org, event)
        to_come = next((each.event_id for each in found if each.start > org.now()), "")
        if span is None or span.start <= org.now():
            hint = f"Use the next one: {to_come}." if to_come else "Create a new series."
            raise refused("A series can be changed only from a future appointment on.", hint=hint, fields=["event_id"])
        zone = zone_of("UTC" if span.all_day else event.get("Recurrence2PatternTimeZone") or "UTC")
        rule, first = Rule.parse(event[PATTERN]), datetime.fromisoformat(event["Recurrence2PatternStartDate"])
        day = span.start.astimezone(zone).date()
        starts = (start.astimezone(zone).date() for start in islice(rule.occurrences(first, zone), MOST_OCCURRENCES))
        days = [each for each in starts if each >= day]
        if twins_in(found) or event.get("IsRecurrence2Exception") or day not in days:
            raise refused(
                "It is not clear which appointments follow this one.",
                code="AMBIGUOUS",
                hint="Use another appointment of the series, one at its usual time.",
                fields=["event_id"],
            )
        rest = [each for each in found if each.start >= span.start]
        return cls(event, span, rule, days, rest, [each for each in found if each.start < span.start], zone)

    def ended(self, zone: ZoneInfo) -> str:
        """Say what becomes of the old series."""
        if not self.kept:
            return "A new series replaces the whole old one."
        last = dated(self.kept[-1].start, zone, all_day=self.span.all_day)
        keeps = f"the last of its {len(self.kept)} appointments is" if len(self.kept) > 1 else "its only appointment is"
        return f"The old series ends before this: {keeps} {last}. A new series replaces the rest."

    def left_out(self, shift: timedelta) -> frozenset[date]:
        """Return the days that are taken out of it, each later by `shift`."""
        there = {each.start.astimezone(self.zone).date() for each in self.touched}
        return frozenset(day + shift for day in self.days if day not in there)

    def rule_from(self, shift: timedelta) -> Rule:
        """Return the rule of the rest, with weekdays later by `shift`."""
        names = list(WEEKDAY_NAMES)
        days = tuple((nth, names[(names.index(day) + shift.days) % len(names)]) for nth, day in self.rule.days)
        days = days if self.rule.frequency == "WEEKLY" else self.rule.days
        return replace(self.rule, days=days, count=len(self.days), until=None)


async def change_following(
    org: OrgSession, event: SObjectRecord, data: AppointmentData, zone: ZoneInfo, *, allow_conflict: bool
) -> Updated:
    """Change a series from `event` on, and return what changed with the dates of the new series.

    Raises:
        InvalidArgumentError: It cannot be changed from there on, or the new times are taken.
        SalesforceError: The org refused it.
    """
    rest, changes, wish = await Rest.of(org, event), data.others(), data.wish()
    new = rest.span if wish.is_empty() else moved(rest.span, wish)
    plan, values = await _planned(org, rest, new, changes, data)
    invitations = await invitations_of(org, event)
    booking = await Booking.of(org, values, plan.spans(), [each["RelationId"] for each in invitations])
    length = rest.span.end - rest.span.start
    booking.own |= {each.event_id for each in rest.touched}
    booking.was = [Span(each.start, each.start + length, rest.span.all_day) for each in rest.touched]
    booking.subjects = {event.get("Subject") or ""}
    await booking.check(zone, allow_conflict=allow_conflict, is_new=False)
    series_id = await _replace(org, rest, {**values, **new.values()})
    room = await unreserved(
        org, changes.get("Location"), [values["OwnerId"], *(each["RelationId"] for each in invitations)]
    )
    note = " ".join(filter(None, [rest.ended(zone), _INVITED if invitations else "", plan.unmatched, room]))
    told: dict[str, Any] = {"Id": series_id, **plan.told(zone)}
    with read_back(told, dict(told)):
        series = await made_series(org, series_id, plan)
        told |= {"Id": series.event_id, **series.told(zone)}
        if series.has_twin and invitations:
            told["warning"] += " So nobody was invited to the new one."
        if failed := await _invite(org, series.event_ids, invitations):
            told["warning"] = f"{told.get('warning', '')} {failed} invitations failed.".strip()
    fields = [*changes, *(["StartDateTime"] if new != rest.span else [])]
    was = {name: event.get(name) for name in fields}
    after = {**was, **{name: value for name, value in changes.items() if name != PATTERN}}
    times = ({**rest.span.values()}, {**new.values()}) if new != rest.span else ({}, {})
    changed = difference(
        compared(event["Id"], {**was, **times[0]}, zone), compared(event["Id"], {**after, **times[1]}, zone)
    )["changed"]
    return cast("Updated", {**told, "changed": changed, "time_zone": zone.key, "note": note})


async def _planned(
    org: OrgSession, rest: Rest, new: Span, changes: dict[str, Any], data: AppointmentData
) -> tuple[SeriesPlan, dict[str, Any]]:
    """Return the plan of the new series, and its fields without its times."""
    zone = rest.zone if new.all_day else await org.zone()
    shift = new.start.astimezone(zone).date() - rest.span.start.astimezone(rest.zone).date()
    given = changes.get(PATTERN)
    values = {**await copied_fields(org, rest.event), **changes, PATTERN: given or str(rest.rule_from(shift))}
    left_out = data.left_out() | (frozenset() if given else rest.left_out(shift))
    plan = await plan_of(org, values, new, data.zone(), (), left_out)
    if plan is None:
        raise _needs_rule()
    if not given and [plan.day_of(start) for start in plan.starts] != [day + shift for day in rest.days]:
        raise _needs_rule()
    return plan, {name: value for name, value in values.items() if value is not None}


def _needs_rule() -> InvalidArgumentError:
    return refused(
        "The rest of the series cannot be shifted to another day.",
        hint=f"Give {PATTERN} for the rest, with COUNT or UNTIL.",
        fields=["StartDateTime"],
    )


async def _replace(org: OrgSession, rest: Rest, values: dict[str, Any]) -> str:
    """Create the new series, and end the old one; return the Id that Salesforce answers.

    Raises:
        SalesforceError: The first was refused, or the second, and then the new series is taken back.
    """
    members = tuple(each.event_id for each in rest.touched)
    last = Write("delete", "Event", rest.event["Id"], onwards=True, also=members[1:])
    announce([Write("create", "Event"), last])
    saved = await org.client.sobjects.create("Event", values)
    new_id = saved.id or ""
    note_made([new_id])
    if change := current_change():
        change.members = members
    try:
        await org.client.sobjects.delete_from_event_onwards(rest.event["Id"])
    except SalesforceError as error:
        await _not_ended(org, rest, new_id, error)
    return new_id


async def _not_ended(org: OrgSession, rest: Rest, new_id: str, error: SalesforceError) -> None:
    """Take the new series back, because the old one was not ended; return where it was ended after all.

    If it is unknown whether it is being ended, both stay: nothing is lost.

    Raises:
        SalesforceError: Says what is there now.
    """
    said = marked(error.code, error.message)
    if await _is_ended(org, rest):
        return
    if error.is_outcome_unknown:
        raise refused(
            f"The new series {new_id} was created. It is unknown whether the old one ends before it: {said}",
            code="OUTCOME_UNKNOWN",
            hint=f"Check in a minute. If {rest.event['Id']} is still there, delete it with scope following.",
        ) from error
    try:
        await _take_back(org, rest, new_id)
    except SalesforceError as second:
        raise refused(
            f"Both series are there now: the old one was not ended ({said}), and the new one, {new_id}, was not "
            f"deleted again ({marked(second.code, second.message)}).",
            code=error.code,
            hint=f"Delete {new_id} with scope all; or the old rest: {rest.event['Id']} with scope following.",
        ) from error
    raise refused(
        f"Nothing is changed: the old series could not be ended ({said}), so the new one was deleted again.",
        code=error.code,
        hint="Tell the user, or try again later.",
    ) from error


async def _is_ended(org: OrgSession, rest: Rest) -> bool:
    try:
        left = {each.event_id for each in await occurrences_of(org, rest.event)}
    except SalesforceError:
        return False
    return not left & {each.event_id for each in rest.touched}


async def _take_back(org: OrgSession, rest: Rest, new_id: str) -> None:
    """Delete a series that was made a moment ago; the Id that Salesforce answered may be the series' own record."""
    old = {each.event_id for each in (*rest.touched, *rest.kept)}
    found = await occurrences_of(org, await org.retrieve("Event", new_id))
    made = [each for each in found if each.event_id not in old]  # the two may look the same
    note_made([each.event_id for each in made])
    if change := current_change():
        change.members = tuple(each.event_id for each in made)
    await org.client.sobjects.delete_from_event_onwards(made[0].event_id if made else new_id)


async def _invite(org: OrgSession, event_ids: Sequence[str], invitations: Sequence[dict[str, Any]]) -> int:
    """Invite to each appointment of the new series; return how many invitations failed."""
    note_made(event_ids)
    records = [{"EventId": event_id, **each} for event_id in event_ids for each in invitations]
    failed = 0
    for start in range(0, len(records), _AT_ONCE):
        results = await org.client.collections.create("EventRelation", records[start : start + _AT_ONCE])
        failed += sum(not result.success for result in results)
    return failed
