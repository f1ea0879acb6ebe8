"""Who is invited to an appointment: users, contacts, leads and resources (`EventRelation`), and what they answered."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, NotRequired

from pydantic import AfterValidator, Field
from typing_extensions import TypedDict

from mcp_salesforce.changes.change import announce
from mcp_salesforce.changes.writes import Write
from mcp_salesforce.salesforce import ApiError, SalesforceError, SaveResult
from mcp_salesforce.salesforce.errors import refused
from mcp_salesforce.salesforce.literals import quote
from mcp_salesforce.salesforce.models import SObjectRecord
from mcp_salesforce.tools.answers.errors import marked
from mcp_salesforce.tools.answers.results import Cell
from mcp_salesforce.tools.appointments.child_events import check_is_no_copy
from mcp_salesforce.tools.appointments.series import check_is_no_series, is_classic, is_lightning
from mcp_salesforce.tools.appointments.toolset import appointments
from mcp_salesforce.tools.framework.params import EventId, id_of
from mcp_salesforce.tools.framework.session import OrgSession
from mcp_salesforce.tools.framework.toolset import UPDATES, ToolContext, org_of

_KINDS = {"005": "user", "003": "contact", "00Q": "lead", "023": "resource"}
_COLUMNS = ("Id", "kind", "Name", "Status")
_MOST = 200
_IN_SERIES = "This appointment is part of a series; the others may have different invitees."

InviteeIds = Annotated[
    tuple[Annotated[str, AfterValidator(id_of(*_KINDS))], ...],
    Field(max_length=_MOST, description="Users, contacts, leads, resources (rooms)"),
]
_OthersIds = Annotated[tuple[Annotated[str, AfterValidator(id_of(*_KINDS))], ...], Field(max_length=_MOST)]


class Invitees(TypedDict):
    """Who is invited to an appointment, and what they answered."""

    columns: list[str]
    rows: list[list[Cell]]


class Invited(Invitees):
    """The invitees of an appointment, and the outcome for each one to add or remove."""

    Id: str
    note: NotRequired[str]


@appointments.tool(
    UPDATES,
    title="Change the invitees",
    hint="invite or remove people, rooms, attendees, participants of a meeting",
    example={"event_id": "00Ulo0000000001EAA", "add": ["003lo0000000001AAA"]},
)
async def set_invitees(ctx: ToolContext, event_id: EventId, add: InviteeIds = (), remove: _OthersIds = ()) -> Invited:
    """Invite people and rooms to an appointment, or remove them; returns all invitees and their answers.

    The server cannot tell whether Salesforce sends e-mails. A later move of the appointment resets the answers.
    """
    org = org_of(ctx)
    if not add and not remove:
        raise refused("Nobody was named to add or remove.", hint="Give add or remove.", fields=["add", "remove"])
    if both := set(add) & set(remove):
        raise refused(f"{', '.join(sorted(both))} is in add and in remove.", hint="Give each Id in one of them only.")
    event = await org.retrieve("Event", event_id)
    await check_is_no_copy(org, event)
    await check_is_no_series(org, event, "List its appointments and use one of them{next}.")
    announce([Write("delete", "EventRelation")] * len(remove) + [Write("create", "EventRelation")] * len(add))
    outcomes = {
        **await _uninvite(org, await _relations(org, event_id), remove),
        **await invite(org, event, add),
    }
    after = _told(await _relations(org, event_id), outcomes)
    told: Invited = {"Id": event_id, "columns": after["columns"], "rows": after["rows"]}
    if is_lightning(event) or is_classic(event):
        told["note"] = _IN_SERIES
    return told


async def invite(org: OrgSession, event: SObjectRecord, invitees: Sequence[str]) -> dict[str, str]:
    """Invite users, contacts, leads and resources to an event; return the outcome for each, by Id.

    One who cannot be invited does not keep the others from it: the outcome says why.

    API: POST /composite/sobjects (EventRelation)
    """
    if not invitees:
        return {}
    known = {each["RelationId"]: each for each in await _relations(org, event["Id"])}
    outcomes = {one: "owner" for one in invitees if one == event.get("OwnerId")}
    outcomes |= {one: "invited before" for one in invitees if one in known and _is_invitee(known[one])}
    related = [known[one] for one in invitees if one in known and one not in outcomes]
    new = [one for one in dict.fromkeys(invitees) if one not in known and one not in outcomes]
    flag = {"IsInvitee": True} if await _tells_invitees_apart(org) else {}
    if new:
        records = [{"EventId": event["Id"], "RelationId": one, **flag} for one in new]
        outcomes |= _outcomes(new, await org.client.collections.create("EventRelation", records), "added")
    return outcomes | await _mark(org, related, "added", is_invitee=True)


async def invite_at_creation(org: OrgSession, event: SObjectRecord, invitees: Sequence[str]) -> dict[str, str]:
    """Invite to an event that was just made; return a warning that names who could not be invited, if there is one.

    It raises nothing for a failure: the event is there.
    """
    try:
        outcomes = await invite(org, event, invitees)
    except SalesforceError as error:
        outcomes = dict.fromkeys(invitees, f"failed: {marked(error.code, error.message)}")
    wrong = [f"{one} {outcome}" for one, outcome in outcomes.items() if outcome.startswith("failed")]
    return {"warning": f"Saved, but not everybody is invited: {'; '.join(wrong)}"} if wrong else {}


async def read_invitees(org: OrgSession, event: SObjectRecord) -> dict[str, Any]:
    """Return the invitees of a group event under the key that the answer has for them; nothing for other events.

    Where they cannot be read, a warning says so.
    """
    if not event.get("IsGroupEvent") or event.get("IsChild"):
        return {}
    try:
        relations = await _relations(org, event["Id"])
    except ApiError as error:
        return {"warning": f"The invitees could not be read: {marked(error.code, error.message)}"}
    return {"invitees": _told(relations)} if relations else {}


async def check_contacts(org: OrgSession, values: Mapping[str, Any]) -> None:
    """Refuse several contacts where the org relates an event to one only (Shared Activities is off)."""
    if "EventWhoIds" in values and not (await org.schema.describe("Event")).field("EventWhoIds"):
        raise refused(
            "This org allows one contact for each appointment: Shared Activities is off, so there is no EventWhoIds.",
            code="NOT_SUPPORTED",
            hint="Give one contact as WhoId and invite the others.",
            fields=["EventWhoIds"],
        )


async def invitations_of(org: OrgSession, event: SObjectRecord) -> list[dict[str, Any]]:
    """Return what the invitations of a group event are made of, without the event.

    Raises:
        SalesforceError: They cannot be read.
    """
    if not event.get("IsGroupEvent"):
        return []
    flag = {"IsInvitee": True} if await _tells_invitees_apart(org) else {}
    relations = await _relations(org, event["Id"])
    return [
        {"RelationId": each["RelationId"], **flag}
        for each in relations
        if _is_invitee(each) and not each.get("IsParent") and each["RelationId"] != event.get("OwnerId")
    ]


async def _tells_invitees_apart(org: OrgSession) -> bool:
    """Tell whether the org's EventRelations are also of contacts that an event is about (Shared Activities)."""
    field = (await org.schema.describe("EventRelation")).field("IsInvitee")
    return field is not None and field.createable


async def _relations(org: OrgSession, event_id: str) -> list[SObjectRecord]:
    """Return who and what the event is related to; with Shared Activities not only invitees."""
    more = ", IsInvitee, IsParent" if await _tells_invitees_apart(org) else ""
    where = f"EventId = {quote(event_id)}"
    soql = f"SELECT Id, RelationId, Relation.Name, Status{more} FROM EventRelation WHERE {where} ORDER BY Id"  # noqa: S608
    return (await org.client.queries.query(soql)).records


async def _uninvite(org: OrgSession, relations: Sequence[SObjectRecord], removed: Sequence[str]) -> dict[str, str]:
    invited = {each["RelationId"]: each for each in relations if _is_invitee(each)}
    outcomes = {one: "was not invited" for one in removed if one not in invited}
    gone = [invited[one] for one in dict.fromkeys(removed) if one in invited and not invited[one].get("IsParent")]
    kept = [invited[one] for one in dict.fromkeys(removed) if one in invited and invited[one].get("IsParent")]
    if gone:
        results = await org.client.collections.delete([each["Id"] for each in gone])
        outcomes |= _outcomes([each["RelationId"] for each in gone], results, "removed")
    return outcomes | await _mark(org, kept, "removed", is_invitee=False)


async def _mark(
    org: OrgSession, relations: Sequence[SObjectRecord], outcome: str, *, is_invitee: bool
) -> dict[str, str]:
    """Make invitees of contacts that the event is about, or the reverse: they stay related to it."""
    if not relations:
        return {}
    records = [{"Id": each["Id"], "IsInvitee": is_invitee} for each in relations]
    results = await org.client.collections.update("EventRelation", records)
    return _outcomes([each["RelationId"] for each in relations], results, outcome)


def _is_invitee(relation: SObjectRecord) -> bool:
    return bool(relation.get("IsInvitee", True))


def _outcomes(invitees: Sequence[str], results: Sequence[SaveResult], outcome: str) -> dict[str, str]:
    errors = [result.errors[0] if result.errors else None for result in results]
    failed = [f"failed: {marked(each.status_code, each.message)}" if each else "failed" for each in errors]
    return {
        one: outcome if result.success else words for one, result, words in zip(invitees, results, failed, strict=True)
    }


def _told(relations: Sequence[SObjectRecord], outcomes: Mapping[str, str] | None = None) -> Invitees:
    """Return invitees as columns and rows; with `outcomes`, also those who are not invited, with their outcome."""
    told = [
        [each["RelationId"], _KINDS.get((each["RelationId"] or "")[:3], ""), _name(each), each.get("Status")]
        for each in relations
        if _is_invitee(each)
    ]
    if outcomes is None:
        return {"columns": [*_COLUMNS], "rows": told}
    left = dict(outcomes)
    rows = [[*row, left.pop(str(row[0]), "")] for row in told]
    rows += [[one, _KINDS[one[:3]], None, None, outcome] for one, outcome in left.items()]
    return {"columns": [*_COLUMNS, "outcome"], "rows": rows}


def _name(relation: SObjectRecord) -> str | None:
    name: str | None = (relation.get("Relation") or {}).get("Name")
    return name
