"""An invitee's copy of an appointment (a child event): only its reminder is the invitee's own."""

from collections.abc import Collection
from datetime import datetime
from typing import Final

from mcp_salesforce.salesforce import SalesforceError
from mcp_salesforce.salesforce.errors import refused
from mcp_salesforce.salesforce.literals import quote
from mcp_salesforce.salesforce.models import SObjectRecord
from mcp_salesforce.tools.framework.session import OrgSession

_OWN: Final = frozenset({"isreminderset", "reminderdatetime"})


async def check_is_no_copy(org: OrgSession, event: SObjectRecord, names: Collection[str] = ()) -> None:
    """Refuse to change `names` of an invitee's copy, or to delete it; the error names the organizer's."""
    if not event.get("IsChild") or (names and {name.casefold() for name in names} <= _OWN):
        return
    original = await _original(org, event)
    which = f" {original}" if original else " one, which has IsChild = false"
    raise refused(
        "This is an invitee's copy of an appointment. Only its reminder can be changed.",
        code="NOT_SUPPORTED",
        hint=f"Use the organizer's{which}, or remove the invitee from it with salesforce_set_invitees.",
        fields=["event_id"],
    )


async def _original(org: OrgSession, event: SObjectRecord) -> str:
    """Return the Id of the appointment that a copy is of, and whose it is; nothing where it is not the only one."""
    if not event.get("StartDateTime"):
        return ""
    start = quote(datetime.fromisoformat(event["StartDateTime"]))
    where = f"RelationId = {quote(event['OwnerId'])} AND Event.StartDateTime = {start}"
    soql = f"SELECT EventId, Event.Subject, Event.Owner.Name FROM EventRelation WHERE {where}"  # noqa: S608 - SOQL, quoted
    try:
        found = (await org.client.queries.query(soql)).records
    except SalesforceError:
        return ""  # a hint is not worth a second error
    same = {
        each["EventId"]: ((each.get("Event") or {}).get("Owner") or {}).get("Name")
        for each in found
        if (each.get("Event") or {}).get("Subject") == event.get("Subject")
    }
    if len(same) != 1:
        return ""
    ((event_id, owner),) = same.items()
    return f"{event_id} (of {owner})" if owner else event_id
