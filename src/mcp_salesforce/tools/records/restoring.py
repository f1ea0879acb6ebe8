"""Restores records from the recycle bin, with the records that were deleted with them."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, NotRequired

from typing_extensions import TypedDict

from mcp_salesforce.salesforce import SalesforceError, SaveResult
from mcp_salesforce.salesforce.advice import hint_of
from mcp_salesforce.salesforce.errors import refused
from mcp_salesforce.salesforce.ids import KEY_PREFIXES
from mcp_salesforce.salesforce.literals import quote_list
from mcp_salesforce.salesforce.models import SaveError
from mcp_salesforce.tools.answers.budgets import cut_to_fit
from mcp_salesforce.tools.answers.results import Cell
from mcp_salesforce.tools.framework.session import OrgSession
from mcp_salesforce.tools.framework.toolset import RESTORES, ToolContext, org_of
from mcp_salesforce.tools.lookups.cascades import came_along
from mcp_salesforce.tools.records.problems import rejected_rows, said
from mcp_salesforce.tools.records.toolset import RecordIds, records

_COLUMNS: Final = ["Id", "sobject", "outcome"]
_REASONS: Final = ["code", "message"]
_NOT_IN_THE_BIN: Final = "UNDELETE_FAILED"
_WENT_ALONG: Final = (
    "It is deleted but not in the recycle bin. Either it was deleted with another record, or it is deleted for good."
)
_NOT_THERE: Final = "It was deleted for good, or it never existed."
_OVERLAPS: Final = "Appointments were restored. Their times were not checked for conflicts."
_EVENT: Final = "Event"


class Restored(TypedDict):
    """Records with their outcomes, those that failed first; what came back with them, by object."""

    restored: int
    failed: NotRequired[int]
    also_restored: NotRequired[dict[str, int]]
    calendars: NotRequired[list[str]]
    hint: NotRequired[str]
    note: NotRequired[str]
    left_out: NotRequired[int]
    columns: list[str]
    rows: list[list[Cell]]


@records.tool(
    RESTORES,
    title="Restore deleted records",
    hint="undelete, recover, bring back what was deleted: a contact, an appointment, any record",
    example={"record_ids": ["003lo0000000001AAA"]},
    is_long=True,
)
async def restore_records(ctx: ToolContext, record_ids: RecordIds) -> Restored:
    """Restore records of any object from the recycle bin, with the records that were deleted with them.

    To find deleted records, use salesforce_query with include_deleted and IsDeleted = true.
    """
    org = org_of(ctx)
    objects = await _objects(org, record_ids)
    before = await _deleted(org, objects)
    sent = [record_id for record_id in record_ids if before.get(record_id, True)]
    results = dict(zip(sent, await org.client.soap.undelete(sent) if sent else (), strict=True))
    if any(_is_not_in_the_bin(result) for result in results.values()):
        after = await _deleted(org, objects)
        results = {each: _explained(each, result, after) for each, result in results.items()}
    if results and not any(result.success for result in results.values()) and len(sent) == len(record_ids):
        raise rejected_rows(list(results.values()))
    told = _told(objects, results)
    await _add_what_came_along(org, objects, results, told)
    cut_to_fit(told, org.max_answer_bytes)
    return told


async def _objects(org: OrgSession, record_ids: Sequence[str]) -> dict[str, str]:
    """Return the object of each Id, by its key prefix."""
    prefixes: Mapping[str, str] = KEY_PREFIXES
    if any(each[:3] not in prefixes for each in record_ids):
        prefixes = await org.schema.by_prefix()
    unknown = [each for each in record_ids if each[:3] not in prefixes]
    if unknown:
        raise refused(
            f"No object in this org has Ids that begin with {unknown[0][:3]} ({unknown[0]}). Nothing was sent.",
            code="MALFORMED_ID",
            hint="Find the right Ids with salesforce_query and include_deleted.",
            fields=["record_ids"],
        )
    return {each: prefixes[each[:3]] for each in record_ids}


async def _deleted(org: OrgSession, objects: Mapping[str, str]) -> dict[str, bool]:
    """Return of the records that the org still knows whether they are deleted; nothing where it cannot be asked."""
    known: dict[str, bool] = {}
    for sobject in dict.fromkeys(objects.values()):
        ids = [each for each, name in objects.items() if name == sobject]
        soql = f"SELECT Id, IsDeleted FROM {sobject} WHERE Id IN {quote_list(ids)}"  # noqa: S608 - SOQL, of an object and quoted Ids
        with suppress(SalesforceError):
            async for page in org.client.queries.pages(soql, query_all=True):
                known |= {record["Id"]: record["IsDeleted"] for record in page.records}
    return known


def _is_not_in_the_bin(result: SaveResult) -> bool:
    return any(error.status_code == _NOT_IN_THE_BIN for error in result.errors)


def _explained(record_id: str, result: SaveResult, after: Mapping[str, bool]) -> SaveResult:
    """Return the outcome of a record by where it is now: one that came back with another one is restored."""
    if not _is_not_in_the_bin(result):
        return result
    if not after:
        return result
    if after.get(record_id) is False:
        return SaveResult(id=record_id, success=True)
    why = _WENT_ALONG if record_id in after else _NOT_THERE
    return SaveResult(id=record_id, success=False, errors=(SaveError(statusCode=_NOT_IN_THE_BIN, message=why),))


def _told(objects: Mapping[str, str], results: Mapping[str, SaveResult]) -> Restored:
    failed = {each: result for each, result in results.items() if not result.success}
    told: Restored = {"restored": len(results) - len(failed), "columns": [], "rows": []}
    if failed:
        told["failed"] = len(failed)
        hints = {hint_of(error.status_code, error.message) for result in failed.values() for error in result.errors}
        if len(hints) == 1 and (hint := hints.pop()):
            told["hint"] = hint
    told["columns"] = [*_COLUMNS, *(_REASONS if failed else [])]
    for each in sorted(objects, key=lambda each: each not in failed):
        row: list[Cell] = [each, objects[each], "restored" if each in results else "was not deleted"]
        if each in failed:
            error = failed[each].errors[0] if failed[each].errors else SaveError(statusCode="UNKNOWN_EXCEPTION")
            row[2:] = ["failed", error.status_code, said(error)]
        elif failed:
            row += [None, None]
        told["rows"].append(row)
    return told


async def _add_what_came_along(
    org: OrgSession, objects: Mapping[str, str], results: Mapping[str, SaveResult], told: Restored
) -> None:
    """Add what was restored with the records: all that a deletion would include now."""
    restored = [each for each, result in results.items() if result.success]
    for sobject in dict.fromkeys(objects[each] for each in restored):
        along: Any = await came_along(org, sobject, [each for each in restored if objects[each] == sobject])
        for name, count in along.get("also_deleted", {}).items():
            counts = told.setdefault("also_restored", {})
            counts[name] = counts.get(name, 0) + count
        if calendars := along.get("calendars"):
            told["calendars"] = list(dict.fromkeys([*told.get("calendars", []), *calendars]))
    if _EVENT in {*told.get("also_restored", {}), *(objects[each] for each in restored)}:
        told["note"] = _OVERLAPS
