"""Which appointments a call means: those of a person or a room in a window, or those of given Ids."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from mcp_salesforce.appointments.spans import Span, span_in
from mcp_salesforce.appointments.times import Window, is_day, start_of, window_of
from mcp_salesforce.salesforce import Request
from mcp_salesforce.salesforce.api.queries import querying, records_in
from mcp_salesforce.salesforce.errors import refused
from mcp_salesforce.salesforce.literals import quote, quote_list
from mcp_salesforce.salesforce.models import SObjectRecord
from mcp_salesforce.tools.appointments.booking import having_calendars
from mcp_salesforce.tools.framework.session import OrgSession
from mcp_salesforce.tools.lookups.calendars import calendars_of
from mcp_salesforce.tools.lookups.event_conditions import overlapping_window, reaches_archived
from mcp_salesforce.tools.lookups.keyset_pages import NOT_DELETED

MOST_CHOSEN: Final = 200
"""What Salesforce saves together or not at all."""
_HAVING_COPIES: Final = "005"
_MOST_INVITED: Final = 2000
_A_DAY: Final = timedelta(days=1)  # all-day appointments are days of every zone
_FIELDS: Final = (
    "Id", "OwnerId", "StartDateTime", "EndDateTime", "IsAllDayEvent", "ActivityDate", "DurationInMinutes", "ShowAs",
    "IsChild", "IsGroupEvent", "GroupEventType", "IsRecurrence", "IsRecurrence2", "IsRecurrence2Exclusion",
    "RecurrenceActivityId", "LastModifiedDate",
)  # fmt: skip
_MAY_BE_HIDDEN: Final = ("Subject", "Description", "IsPrivate", "WhoId", "WhatId")


@dataclass(frozen=True, slots=True)
class Filter:
    """What a call says of the appointments that it means, beside their Ids."""

    owner: str = ""
    room: str = ""
    contact_id: str = ""
    start: str = ""
    end: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether nothing is said."""
        return not (self.owner or self.room or self.contact_id or self.start or self.end)


@dataclass(frozen=True, slots=True)
class Chosen:
    """An appointment that a call means.

    Attributes:
        record: Its fields.
        span: Its time; None where its fields cannot be seen.
        invited: The Ids of invited users and resources that have not declined.
    """

    record: SObjectRecord
    span: Span | None
    invited: Sequence[str] = ()

    @property
    def id(self) -> str:
        """Its Id."""
        return str(self.record["Id"])

    @property
    def subject(self) -> str:
        """Its subject, as far as it can be seen."""
        return str(self.record.get("Subject") or "")


async def having(org: OrgSession, field: str, person: str, window: Window | None) -> str:
    """Return the condition that an appointment is somebody's: by `field`, or because they are invited to it.

    An invited user has a copy of their own; contacts and resources have only the invitation. SOQL takes no sub-query
    beside OR, so those are read first.
    """
    own = f"{field} = {quote(person)}"
    if person.startswith(_HAVING_COPIES):
        return own
    where = [f"RelationId = {quote(person)}", "Status != 'Declined'", NOT_DELETED]
    if window and window.start:
        where.append(f"Event.EndDateTime >= {quote(window.start - _A_DAY)}")
    if window and window.end:
        where.append(f"Event.StartDateTime <= {quote(window.end + _A_DAY)}")
    soql = f"SELECT EventId FROM EventRelation WHERE {' AND '.join(where)} ORDER BY Id DESC LIMIT {_MOST_INVITED}"  # noqa: S608
    found = await org.client.queries.query(soql, query_all=reaches_archived(window, org.now()))
    invited = list(dict.fromkeys(record["EventId"] for record in found.records))
    return f"({own} OR Id IN {quote_list(invited)})" if invited else own


async def chosen_by_id(org: OrgSession, event_ids: Sequence[str]) -> list[Chosen]:
    """Return the appointments of these Ids, in their order, with who is invited; those that are not there are left out.

    One composite call reads both, unless a policy could refuse the second.

    Raises:
        SalesforceError: They cannot be read.
    """
    reading = await _selecting(org, [f"Id IN {quote_list(event_ids)}"])
    both = [reading] if org.is_guarded else [reading, _inviting(event_ids)]
    found, *relations = map(records_in, await org.client.composite.run(both))
    records = {record["Id"]: record for record in found}
    return await _with_invited(org, [records[each] for each in event_ids if each in records], *relations)


async def chosen_by_filter(org: OrgSession, wanted: Filter, time_zone: str) -> list[Chosen]:
    """Return the appointments that overlap a window, of an owner, a room or a contact; no invitees' copies.

    Raises:
        InvalidArgumentError: There is no window, nobody is named, or there are more than 200.
        TimeError: As `window_of`.
    """
    conditions = await _conditions(org, wanted, time_zone)
    reading = await _selecting(
        org, [*conditions, "IsChild = false"], f" ORDER BY StartDateTime LIMIT {MOST_CHOSEN + 1}"
    )
    [found] = await org.client.composite.run([reading])
    records = records_in(found)
    if len(records) > MOST_CHOSEN:
        raise refused(f"More than {MOST_CHOSEN} appointments match.", hint="Use a shorter window.", fields=["end"])
    return await _with_invited(org, records)


async def _conditions(org: OrgSession, wanted: Filter, time_zone: str) -> list[str]:
    if not wanted.start or not (wanted.owner or wanted.room or wanted.contact_id):
        raise refused(
            "It is not clear which appointments are meant.",
            hint="Give appointments; or start, end and one of owner, room, contact_id.",
            fields=["appointments"],
        )
    named = {name: text for name, text in {"owner": wanted.owner, "room": wanted.room}.items() if text}
    calendars = await calendars_of(org, [*named.values()], [*named]) if named else []
    owner = calendars[0] if wanted.owner else None
    zone: ZoneInfo = await org.zone(time_zone, owner.id if owner else "")
    end = wanted.end or (wanted.start if is_day(wanted.start) else "")
    if not end:
        start_of(wanted.start, zone, local=zone if time_zone else None)  # it may be no time at all
        raise refused("end is missing.", hint="Give a time, or a date for the end of that day.", fields=["end"])
    window = window_of(wanted.start, end, zone, local=zone if time_zone else None)
    conditions = overlapping_window(window)
    if owner:
        conditions.append(f"OwnerId = {quote(owner.id)}")
    if wanted.room:
        conditions.append(await having(org, "OwnerId", calendars[-1].id, window))
    if wanted.contact_id:
        conditions.append(await having(org, "WhoId", wanted.contact_id, window))
    return conditions


async def _selecting(org: OrgSession, conditions: Sequence[str], order: str = "") -> Request:
    outcomes = org.outcome_fields
    more = [*_MAY_BE_HIDDEN, *filter(None, [outcomes.status, outcomes.reason])]
    fields = dict.fromkeys([*_FIELDS, *await org.shown("Event", more)])
    return querying(f"SELECT {', '.join(fields)} FROM Event WHERE {' AND '.join(conditions)}{order}")  # noqa: S608


def _inviting(event_ids: Sequence[str]) -> Request:
    where = f"EventId IN {quote_list(event_ids)} AND Status != 'Declined'"
    return querying(f"SELECT EventId, RelationId FROM EventRelation WHERE {where}")  # noqa: S608 - SOQL, quoted


async def _with_invited(
    org: OrgSession, records: Sequence[SObjectRecord], relations: Sequence[Mapping[str, Any]] | None = None
) -> list[Chosen]:
    """Return the records with who is invited to each; without `relations` they are read where there are any."""
    group = [record["Id"] for record in records if record.get("IsGroupEvent")]
    if relations is None:
        relations = records_in((await org.client.composite.run([_inviting(group)]))[0]) if group else []
    invited: dict[str, list[str]] = {}
    for relation in relations:
        invited.setdefault(relation["EventId"], []).append(relation["RelationId"])
    chosen = []
    for record in records:
        others = [each for each in having_calendars(invited.get(record["Id"], ())) if each != record.get("OwnerId")]
        chosen.append(Chosen(record, span_in(record), others if record.get("IsGroupEvent") else ()))
    return chosen
