"""Who changed what of a record, and when: by field history where the org tracks it, else by what the record tells."""

from collections.abc import Sequence
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field

from mcp_salesforce.salesforce import InvalidRequestError, NotFoundError
from mcp_salesforce.salesforce.errors import InvalidArgumentError, refused
from mcp_salesforce.salesforce.literals import quote, quote_list
from mcp_salesforce.salesforce.wire import sobject_name
from mcp_salesforce.spelling import did_you_mean, nearest
from mcp_salesforce.tools.answers.results import Rows, localised, table
from mcp_salesforce.tools.framework.params import Cursor, Limit, ShownZone, id_of
from mcp_salesforce.tools.framework.references import OF_ARGUMENT
from mcp_salesforce.tools.framework.session import OrgSession
from mcp_salesforce.tools.framework.toolset import READS, ToolContext, org_of
from mcp_salesforce.tools.insight.toolset import insight
from mcp_salesforce.tools.lookups.keyset_pages import Listing, read_page

_COLUMNS: Final = ("CreatedDate", "CreatedBy.Name", "Field", "OldValue", "NewValue")
_OF_RECORD: Final = ("CreatedDate", "CreatedBy.Name", "LastModifiedDate", "LastModifiedBy.Name")
_KEY_PREFIX: Final = "017"  # of the rows of every history object
_NO_OBJECT: Final = "INVALID_TYPE"
HistoryFields = Annotated[tuple[str, ...], Field(description="Only changes of these")]


@insight.tool(
    READS,
    title="List the history of a record",
    hint="who changed what and when, field history, audit trail, former value, old owner or stage",
    example={"sobject": "Account", "record_id": "001lo0000000001AAA"},
    is_long=True,
)
async def list_history(
    ctx: ToolContext,
    sobject: str,
    record_id: Annotated[str, AfterValidator(id_of(names=OF_ARGUMENT))],
    *,
    fields: HistoryFields = (),
    limit: Limit = 20,
    cursor: Cursor = "",
    time_zone: ShownZone = "",
) -> Rows:
    """List the changes of a record's fields that the org tracks, newest first: who, when, old and new value.

    If it tracks none, the answer shows who created the record and who changed it last.
    """
    org = org_of(ctx)
    zone = await org.zone(time_zone) if time_zone else None
    history, parent = _history_object(sobject_name(sobject))
    conditions = [f"{parent} = {quote(record_id)}"]
    if fields:
        conditions.append(f"Field IN {quote_list(await _tracked_as(org, sobject, fields))}")
    listing = Listing(history, _KEY_PREFIX, _COLUMNS, conditions, "CreatedDate", descending=True)
    try:
        rows = await read_page(org, listing, limit, cursor, ("list_history", sobject, record_id, *fields))
    except (InvalidRequestError, NotFoundError) as error:
        if isinstance(error, InvalidArgumentError) or error.code != _NO_OBJECT:
            raise
        why = f"The org has no {history}, or you cannot read it."
        return localised(await _by_record(org, sobject, record_id, why), zone)
    if not rows["rows"] and not cursor:
        why = f"The org has tracked no change of {'these fields' if fields else 'the record'}."
        rows = await _by_record(org, sobject, record_id, why)
    return localised(rows, zone)


def _history_object(sobject: str) -> tuple[str, str]:
    """Return the object that keeps the history of another one, and its field for the record."""
    if sobject.casefold().endswith("__c"):
        return f"{sobject[:-1]}History", "ParentId"
    return f"{sobject}{'Field' if sobject.casefold() == 'opportunity' else ''}History", f"{sobject}Id"


async def _tracked_as(org: OrgSession, sobject: str, fields: Sequence[str]) -> list[str]:
    """Return the names that history has for fields: a reference is tracked without its `Id` (`Owner`, `Account`).

    Raises:
        InvalidArgumentError: The object has no such field.
        PolicyRefusedError: One is hidden.
    """
    await org.require_shown(sobject, fields)
    described = await org.schema.describe(sobject)
    tracked: list[str] = []
    for name in fields:
        if not (known := described.field(name)):
            near = did_you_mean(nearest(name, [each.name for each in described.fields]))
            raise refused(f"{described.name} has no field {name}.", code="INVALID_FIELD", hint=near, fields=["fields"])
        tracked += [known.name, *([known.name.removesuffix("Id")] if known.type == "reference" else [])]
    return list(dict.fromkeys(tracked))


async def _by_record(org: OrgSession, sobject: str, record_id: str, why: str) -> Rows:
    """Return what the record itself tells: when and by whom it was made, and last changed."""
    fields: Sequence[str] = await org.shown(sobject, _OF_RECORD)
    soql = f"SELECT {', '.join(['Id', *fields])} FROM {sobject} WHERE Id = {quote(record_id)}"  # noqa: S608 - checked
    found = (await org.client.queries.query(soql)).records
    if not found:
        gone = f"There is no {sobject} {record_id}, or you cannot see it."
        raise refused(gone, code="NOT_FOUND", hint="Check the Id and the object.", fields=["record_id"])
    changed = _told(found[0], "LastModified", "(last change; the field is not known)")
    told = [changed, _told(found[0], "Created", "(created)")]
    if told[0]["CreatedDate"] == told[1]["CreatedDate"]:
        told = told[1:]
    rows = table(told, _COLUMNS)
    rows["note"] = f"{why} These rows come from the record itself."
    return rows


def _told(record: dict[str, Any], what: str, words: str) -> dict[str, Any]:
    by = record.get(f"{what}By") or {}
    return {"CreatedDate": record.get(f"{what}Date"), "CreatedBy.Name": by.get("Name"), "Field": words}
