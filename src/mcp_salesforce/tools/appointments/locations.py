"""Places that are resources: a Location that only names a room does not reserve it."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from mcp_salesforce.salesforce import Request, SalesforceError
from mcp_salesforce.salesforce.api.queries import querying, records_in
from mcp_salesforce.salesforce.literals import quote, quote_list
from mcp_salesforce.salesforce.models import SObjectRecord
from mcp_salesforce.tools.framework.session import OrgSession

_BETWEEN: Final = re.compile(r"[,;/|()\n]|\s[-\u2013\u2014]\s")  # `Harbour Room, 2nd floor`
_MOST_PARTS: Final = 10
_MOST_NAMED: Final = 20


@dataclass(frozen=True, slots=True)
class NewPlace:
    """The place that a change gives to an appointment; `location` is empty where it stays."""

    location: str
    owner_id: str
    has_invitees: bool

    @classmethod
    def of(cls, before: SObjectRecord, values: Mapping[str, Any]) -> "NewPlace":
        """Return the place after the change of a record to `values`."""
        location = str(values.get("Location") or "")
        is_new = location != before.get("Location")
        owner = values.get("OwnerId") or before.get("OwnerId") or ""
        return cls(location if is_new else "", owner, bool(before.get("IsGroupEvent")))

    def asking(self, org: OrgSession, event_id: str) -> list[Request]:
        """Return queries to send along with the change; none where a policy could refuse them, and the change too."""
        return [] if org.is_guarded else _asking(self.location, event_id if self.has_invitees else "")

    async def note(self, org: OrgSession, event_id: str, outcomes: Sequence[object]) -> str:
        """Return the note, by what the queries of `asking` gave, if they were sent."""
        if outcomes:
            return _note(outcomes, [self.owner_id])
        return await unreserved(org, self.location, [self.owner_id], event_id if self.has_invitees else "")


async def unreserved(org: OrgSession, location: str | None, invited: Collection[str], event_id: str = "") -> str:
    """Return a note where `location` is the name of a resource that is not invited; else nothing.

    Args:
        org: Where it is.
        location: The field of the appointment.
        invited: Ids of who is known to be invited.
        event_id: The appointment whose invitees are read, if it has others.
    """
    asking = _asking(location, event_id)
    if not asking:
        return ""
    try:
        return _note(await org.client.composite.run(asking), invited)
    except SalesforceError:
        return ""  # a note is not worth an error


def _asking(location: str | None, event_id: str = "") -> list[Request]:
    """Return the queries for resources of this name, and for who is invited to an appointment; none for no name."""
    if not location or not location.strip():
        return []
    named = f"(Name = {quote(location.strip())} AND Type IN ('Public','Resource'))"
    if parts := [part.strip() for part in _BETWEEN.split(location) if part.strip() not in {"", location.strip()}]:
        named = f"({named} OR (Name IN {quote_list(parts[:_MOST_PARTS])} AND Type = 'Resource'))"
    asking = [querying(f"SELECT Id, Name FROM Calendar WHERE {named} AND IsActive = true LIMIT {_MOST_NAMED}")]  # noqa: S608
    if event_id:
        where = f"EventId = {quote(event_id)} AND Status != 'Declined'"
        asking.append(querying(f"SELECT RelationId FROM EventRelation WHERE {where} LIMIT 200"))  # noqa: S608
    return asking


def _note(outcomes: Sequence[object], invited: Collection[str]) -> str:
    """Return the note, by what the queries of `_asking` gave; nothing where one of them failed."""
    try:
        found, *relations = map(records_in, outcomes)
    except SalesforceError:
        return ""
    ids = {*invited, *(each.get("RelationId") for some in relations for each in some)}
    invited_names = {each.get("Name") for each in found if each.get("Id") in ids}
    rooms = {each.get("Name"): each.get("Id") for each in reversed(found) if each.get("Name") not in invited_names}
    return " ".join(
        f"{name} is not reserved: Location only names it. To reserve it, invite {room_id}."
        for name, room_id in reversed(rooms.items())
    )
