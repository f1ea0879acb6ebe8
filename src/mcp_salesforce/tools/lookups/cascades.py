"""The records that a deletion includes: read before it, and reported after it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from mcp_salesforce.appointments.spans import is_over, span_in
from mcp_salesforce.changes.change import note_alongside
from mcp_salesforce.salesforce import SalesforceError
from mcp_salesforce.salesforce.literals import quote_list
from mcp_salesforce.salesforce.models import ChildRelationship, SObjectRecord
from mcp_salesforce.tools.answers.results import Alongside
from mcp_salesforce.tools.framework.session import OrgSession
from mcp_salesforce.tools.lookups.keyset_pages import NOT_DELETED

_EVENT: Final = "Event"
_USER: Final = "005"
_MOST_CHILDREN: Final = 20  # sub-queries that Salesforce takes
_TOLD_FIRST: Final = ("Event", "Task", "Contact", "Opportunity", "Case", "Contract", "Order", "Asset", "Quote")
_OF_EVENTS: Final = (
    "Id, IsAllDayEvent, ActivityDate, DurationInMinutes, StartDateTime, EndDateTime, OwnerId, Owner.Name"
)


async def going_along(org: OrgSession, sobject: str, record_ids: Sequence[str]) -> Alongside:
    """Return which other records a deletion of these records includes, and note them in the change of this call.

    It costs one call, and one for each further page. Nothing where it cannot be read: the deletion is not refused, but
    a person is asked if calendars of others could be concerned.
    """
    if not record_ids:
        return {}
    user_id = (await org.owner())[1]
    if sobject.casefold() == _EVENT.casefold():
        return await _invited_users(org, record_ids, user_id)
    children: Sequence[ChildRelationship] = ()
    try:
        children = await _children(org, sobject)
        records, events = await _read(org, sobject, record_ids, children)
    except SalesforceError:
        note_alongside({}, touches_others=not children or any(each.child_sobject == _EVENT for each in children))
        return {}
    told = _told(org, children, records, events)
    note_alongside(told, touches_others=any(event.get("OwnerId") != user_id for event in events))
    return told


async def came_along(org: OrgSession, sobject: str, record_ids: Sequence[str]) -> Alongside:
    """Return the records that were restored with others, in the form of `going_along`."""
    try:
        children = await _children(org, sobject)
        records, events = await _read(org, sobject, record_ids, children)
    except SalesforceError:
        return {}
    return _told(org, children, records, events)


async def _invited_users(org: OrgSession, event_ids: Sequence[str], user_id: str) -> Alongside:
    """Return whose calendars have copies of appointments, which go with them."""
    where = f"EventId IN {quote_list(event_ids)}"
    soql = f"SELECT RelationId, Relation.Name, Event.OwnerId FROM EventRelation WHERE {where}"  # noqa: S608 - quoted Ids
    try:
        relations = (await org.client.queries.query(soql)).records
    except SalesforceError:
        note_alongside({}, touches_others=True)
        return {}
    users = [
        each for each in relations if (each["RelationId"] or "").startswith(_USER) and each["RelationId"] != user_id
    ]
    invited = [each for each in users if each["RelationId"] != (each.get("Event") or {}).get("OwnerId")]
    names = [(each.get("Relation") or {}).get("Name") or each["RelationId"] for each in invited]
    told: Alongside = {"calendars": list(dict.fromkeys(names))} if names else {}
    note_alongside(told, touches_others=bool(names))
    return told


async def _children(org: OrgSession, sobject: str) -> Sequence[ChildRelationship]:
    described = await org.schema.describe(sobject)
    return sorted(filter(_is_told, described.child_relationships), key=_order)[:_MOST_CHILDREN]


async def _read(
    org: OrgSession, sobject: str, record_ids: Sequence[str], children: Sequence[ChildRelationship]
) -> tuple[Sequence[Mapping[str, Any]], Sequence[Mapping[str, Any]]]:
    """Return the records with their children, and those that are appointments."""
    if not children:
        return [], []
    asked = [(_OF_EVENTS if each.child_sobject == _EVENT else "Id", each.relationship_name) for each in children]
    selected = ", ".join(f"(SELECT {fields} FROM {name} WHERE {NOT_DELETED})" for fields, name in asked)  # noqa: S608
    soql = f"SELECT Id, {selected} FROM {sobject} WHERE Id IN {quote_list(record_ids)} AND {NOT_DELETED}"  # noqa: S608
    records: list[SObjectRecord] = []
    async for page in org.client.queries.pages(soql, query_all=True):  # archived activities are deleted too
        records += page.records
    events = [
        event
        for each in children
        if each.child_sobject == _EVENT
        for record in records
        for event in await org.client.queries.all_children(record, each.relationship_name or "")
    ]
    return records, events


def _is_told(child: ChildRelationship) -> bool:
    is_known = child.child_sobject in _TOLD_FIRST or child.child_sobject.endswith("__c")
    return child.cascade_delete and bool(child.relationship_name) and is_known


def _order(child: ChildRelationship) -> int:
    return _TOLD_FIRST.index(child.child_sobject) if child.child_sobject in _TOLD_FIRST else len(_TOLD_FIRST)


def _told(
    org: OrgSession,
    children: Sequence[ChildRelationship],
    records: Sequence[Mapping[str, Any]],
    events: Sequence[Mapping[str, Any]],
) -> Alongside:
    counts: Counter[str] = Counter()
    for record in records:
        for child in children:
            found = record.get(child.relationship_name or "") or {}
            counts[child.child_sobject] += found.get("totalSize", 0)
    told: Alongside = {"also_deleted": {name: count for name, count in counts.items() if count}}
    if not told["also_deleted"]:
        return {}
    if events:
        told["calendars"] = list(dict.fromkeys((each.get("Owner") or {}).get("Name") or "" for each in events))
        told["to_come"] = sum((span := span_in(each)) is not None and not is_over(span, org.now()) for each in events)
    return told
