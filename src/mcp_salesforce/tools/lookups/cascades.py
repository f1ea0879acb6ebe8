"""The records that a deletion includes: read before it, and reported after it."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

from mcp_salesforce.appointments.spans import is_over, span_in
from mcp_salesforce.changes.change import note_alongside
from mcp_salesforce.salesforce import SalesforceError
from mcp_salesforce.salesforce.literals import quote_list
from mcp_salesforce.salesforce.models import ChildRelationship
from mcp_salesforce.tools.answers.results import Alongside
from mcp_salesforce.tools.framework.session import OrgSession
from mcp_salesforce.tools.lookups.keyset_pages import NOT_DELETED

_EVENT: Final = "Event"
_LEAVES: Final = frozenset({_EVENT, "Task"})
_DEEPEST: Final = 4
_AT_ONCE: Final = 200
_USER: Final = "005"
_MOST_CHILDREN: Final = 20  # sub-queries that Salesforce takes
_TOLD_FIRST: Final = ("Event", "Task", "Contact", "Opportunity", "Case", "Contract", "Order", "Asset", "Quote")
_OF_EVENTS: Final = (
    "Id, IsAllDayEvent, ActivityDate, DurationInMinutes, StartDateTime, EndDateTime, OwnerId, Owner.Name"
)

Belonging: TypeAlias = dict[str, dict[str, Mapping[str, Any]]]
"""Records by object and Id."""


async def going_along(org: OrgSession, sobject: str, record_ids: Sequence[str]) -> Alongside:
    """Return which other records a deletion of these records includes, and note them in the change of this call.

    It costs one call, one for each further page, and one for each object with records that have children of their own:
    an account's contacts have appointments. Nothing where it cannot be read: the deletion is not refused, but
    a person is asked if calendars of others could be concerned.
    """
    if not record_ids:
        return {}
    user_id = (await org.owner())[1]
    if sobject.casefold() == _EVENT.casefold():
        return await _invited_users(org, record_ids, user_id)
    try:
        found = await _belonging(org, sobject, record_ids)
    except SalesforceError:
        note_alongside({}, touches_others=await _may_include_events(org, sobject))
        return {}
    told = _told(org, found)
    note_alongside(told, touches_others=any(each.get("OwnerId") != user_id for each in found.get(_EVENT, {}).values()))
    return told


async def came_along(org: OrgSession, sobject: str, record_ids: Sequence[str]) -> Alongside:
    """Return the records that were restored with others, in the form of `going_along`."""
    try:
        return _told(org, await _belonging(org, sobject, record_ids))
    except SalesforceError:
        return {}


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


async def _belonging(org: OrgSession, sobject: str, record_ids: Sequence[str], depth: int = _DEEPEST) -> Belonging:
    """Return the records that are deleted with these: their children, and what belongs to those in turn."""
    children = await _children(org, sobject)
    found: Belonging = {}
    for record in await _with_children(org, sobject, record_ids, children):
        for child in children:
            for each in await org.client.queries.all_children(record, child.relationship_name or ""):
                found.setdefault(child.child_sobject, {})[each["Id"]] = each
    for name in [each for each in found if each not in _LEAVES and depth > 1]:
        for other, records in (await _belonging(org, name, list(found[name]), depth - 1)).items():
            found.setdefault(other, {}).update(records)
    return found


async def _with_children(
    org: OrgSession, sobject: str, record_ids: Sequence[str], children: Sequence[ChildRelationship]
) -> list[Mapping[str, Any]]:
    if not children:
        return []
    asked = [(_OF_EVENTS if each.child_sobject == _EVENT else "Id", each.relationship_name) for each in children]
    selected = ", ".join(f"(SELECT {fields} FROM {name} WHERE {NOT_DELETED})" for fields, name in asked)  # noqa: S608
    records: list[Mapping[str, Any]] = []
    for start in range(0, len(record_ids), _AT_ONCE):
        ids = quote_list(record_ids[start : start + _AT_ONCE])
        soql = f"SELECT Id, {selected} FROM {sobject} WHERE Id IN {ids} AND {NOT_DELETED}"  # noqa: S608
        pages = org.client.queries.pages(soql, query_all=True)  # archived activities are deleted too
        records += [record async for page in pages for record in page.records]
    return records


async def _may_include_events(org: OrgSession, sobject: str, depth: int = 2) -> bool:
    """Tell whether a deletion of an object's records can include appointments, as far as describe says."""
    try:
        children = {each.child_sobject for each in await _children(org, sobject)}
    except SalesforceError:
        return True
    if _EVENT in children:
        return True
    deeper = children - _LEAVES if depth > 1 else ()
    return any([await _may_include_events(org, each, depth - 1) for each in deeper])


def _is_told(child: ChildRelationship) -> bool:
    is_known = child.child_sobject in _TOLD_FIRST or child.child_sobject.endswith("__c")
    return child.cascade_delete and bool(child.relationship_name) and is_known


def _order(child: ChildRelationship) -> int:
    return _place(child.child_sobject)


def _place(sobject: str) -> int:
    return _TOLD_FIRST.index(sobject) if sobject in _TOLD_FIRST else len(_TOLD_FIRST)


def _told(org: OrgSession, found: Belonging) -> Alongside:
    if not found:
        return {}
    told: Alongside = {"also_deleted": {name: len(found[name]) for name in sorted(found, key=_place)}}
    if events := found.get(_EVENT, {}).values():
        told["calendars"] = list(dict.fromkeys((each.get("Owner") or {}).get("Name") or "" for each in events))
        told["to_come"] = sum((span := span_in(each)) is not None and not is_over(span, org.now()) for each in events)
    return told
