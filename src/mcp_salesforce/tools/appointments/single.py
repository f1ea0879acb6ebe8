"""One appointment taken out of a Lightning series, because Salesforce's API cannot change it there.

It is created again as a single appointment, with its fields, changes and invitees, and deleted from the series. Both
are done in one request, together or not at all.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from mcp_salesforce.appointments.spans import span_in
from mcp_salesforce.appointments.times import wire
from mcp_salesforce.salesforce import Request
from mcp_salesforce.salesforce.api.composite import MOST_CALLS, EarlierId
from mcp_salesforce.salesforce.api.sobjects import creating, deleting
from mcp_salesforce.salesforce.errors import refused
from mcp_salesforce.salesforce.models import SObjectRecord, record_of
from mcp_salesforce.tools.appointments.invitees import invitations_of
from mcp_salesforce.tools.framework.session import OrgSession

TAKEN_OUT: Final = (
    "Salesforce's API cannot change one appointment of a series. It was replaced by a single appointment: "
)
_RESET: Final = "The invitees were invited again, so their answers are reset."
_OF_TIME: Final = frozenset({"ActivityDate", "ActivityDateTime", "DurationInMinutes", "EndDate"})
_OF_A_SERIES: Final = ("Recurrence", "IsRecurrence", "GroupEventType")
_REMINDER: Final = "ReminderDateTime"


async def copied_fields(org: OrgSession, event: SObjectRecord) -> dict[str, Any]:
    """Return the fields of which a single appointment like `event` is made, without those of its series.

    Raises:
        InvalidArgumentError: A policy hides some: they would be lost.
    """
    if await org.note_hidden("Event"):
        raise refused(
            "Salesforce's API cannot change a single future appointment of a series, and a policy hides fields that "
            "a new one needs.",
            code="NOT_SUPPORTED",
            hint="Tell the user; a person can change it in Salesforce.",
            fields=["scope"],
        )
    fields, span = (await org.schema.describe("Event")).fields, span_in(event)
    names = [field.name for field in fields if field.createable and not field.name.startswith(_OF_A_SERIES)]
    values = {name: event[name] for name in names if name not in _OF_TIME and event.get(name) is not None}
    return values | (span.values() if span else {})


async def take_out(
    org: OrgSession, event: SObjectRecord, changes: Mapping[str, Any], also: Sequence[Request] = ()
) -> tuple[str, Sequence[object]]:
    """Replace an appointment of a series by a single one; return the Id of that, and what `also` gave.

    API: POST /composite (create the event and its invitations, delete the other). Salesforce documents that DELETE of
    sObject Rows deletes one appointment of a series, and that a composite call takes sObject Rows; both together were
    not seen on a real org. Where it is refused, nothing is changed.

    Raises:
        InvalidArgumentError: It has more invitees than fit into one request; a policy hides fields.
        SalesforceError: Nothing was changed, or it is unknown whether something was.
    """
    values = {**await copied_fields(org, event), **changes}
    if values.get(_REMINDER) and _REMINDER not in changes:
        values[_REMINDER] = _reminder(event, values)
    new = EarlierId.of(0)
    invitations = [{**each, "EventId": new} for each in await invitations_of(org, event)]
    calls = [creating("Event", {name: value for name, value in values.items() if value is not None})]
    calls += [creating("EventRelation", each) for each in invitations]
    calls += [deleting("Event", event["Id"]), *also]
    if len(calls) > MOST_CALLS:
        raise refused(
            f"It has {len(invitations)} invitees, too many to take it out of its series in one request.",
            code="NOT_SUPPORTED",
            hint="Delete it (scope this), and create a single appointment with its invitees.",
            fields=["scope"],
        )
    replies = await org.client.composite.run_all_or_none(calls)
    return str(record_of(replies[0])["id"]), replies[len(calls) - len(also) :]


def said_of(event: SObjectRecord, single_id: str) -> str:
    """Say what was done instead of a change."""
    invited = f" {_RESET}" if event.get("IsGroupEvent") else ""
    return f"{TAKEN_OUT}{single_id}.{invited}"


def _reminder(event: SObjectRecord, values: Mapping[str, Any]) -> str:
    """Return when to remind of the new time: as long before it as before."""
    start, reminder, was = (
        datetime.fromisoformat(str(each))
        for each in (values["StartDateTime"], values[_REMINDER], event["StartDateTime"])
    )
    return wire(start - (was - reminder))
