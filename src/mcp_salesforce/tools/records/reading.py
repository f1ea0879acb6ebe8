"""Records read by their Ids: one as an object, several as rows."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, NotRequired, cast

from pydantic import ConfigDict
from typing_extensions import TypedDict

from mcp_salesforce.salesforce import SObjectDescribe, SObjectRecord
from mcp_salesforce.salesforce.errors import InvalidArgumentError, refused
from mcp_salesforce.salesforce.ids import KEY_PREFIXES
from mcp_salesforce.salesforce.literals import quote_list
from mcp_salesforce.tools.answers.budgets import cut_text, cut_to_fit, sliced
from mcp_salesforce.tools.answers.results import Row, Rows, is_shown, localised, table
from mcp_salesforce.tools.framework.params import FieldSlices, ShownZone
from mcp_salesforce.tools.framework.session import OrgSession
from mcp_salesforce.tools.framework.toolset import READS, ToolContext, org_of
from mcp_salesforce.tools.lookups.all_day import record_with_days, with_days
from mcp_salesforce.tools.lookups.record import LONG_TEXT, NOISE, is_archived, read_fields, shown_record
from mcp_salesforce.tools.records.checks import check_ids
from mcp_salesforce.tools.records.toolset import NamedRecords, SObjectName, records

_NOT_QUERIED: Final = frozenset({"address", "location", "base64", "complexvalue"})  # the parts of compounds are


class RecordsRead(TypedDict):
    """One record's fields; or several as rows, and those that are not there, each with why."""

    __pydantic_config__ = ConfigDict(extra="allow")  # type: ignore[misc]  # read by Pydantic, not a key

    Id: NotRequired[str]
    time_zone: NotRequired[str]
    missing: NotRequired[dict[str, str]]
    left_out: NotRequired[int]
    columns: NotRequired[list[str]]
    rows: NotRequired[list[Row]]


@records.tool(
    READS,
    title="Get records by Id",
    hint="open or read a lead, case, opportunity, deal, account, task, note by Id",
    example={"sobject": "Contact", "record_ids": ["003lo0000000001AAA"]},
    is_long=True,
)
async def get_record(
    ctx: ToolContext,
    sobject: SObjectName,
    record_ids: NamedRecords,
    fields: FieldSlices = (),
    time_zone: ShownZone = "",
) -> RecordsRead:
    """Get records of any object by Id: all fields that have a value, or only those in fields.

    At most 200 Ids. If you do not know the Ids, use salesforce_query.
    """
    record_ids = tuple(dict.fromkeys(record_ids))  # a name and an Id may be of one record
    _check_prefix(sobject, record_ids[0])
    org = org_of(ctx)
    zone = await org.zone(time_zone) if time_zone else None
    await org.require_count(sobject, len(record_ids), [sliced(name)[0] for name in fields])
    if len(record_ids) > 1:
        found = await _several(org, sobject, record_ids, fields)
    elif fields:
        found = await read_fields(org, sobject, record_ids[0], fields)
    else:
        record = await org.retrieve(sobject, record_ids[0])
        found = shown_record(await record_with_days(org, sobject, record_ids[0], record))
    return cast("RecordsRead", localised(found, zone))


def _check_prefix(sobject: str, record_id: str) -> None:
    """Refuse an Id with the key prefix of another object: the org would only say that it does not exist."""
    found = KEY_PREFIXES.get(record_id[:3], sobject)
    if found.casefold() != sobject.casefold():
        raise refused(
            f"{record_id} is the Id of {found}, not of {sobject}.",
            code="MALFORMED_ID",
            hint=f"Give {found} as sobject, or another Id.",
            fields=["record_ids"],
        )


async def _several(org: OrgSession, sobject: str, record_ids: Sequence[str], fields: Sequence[str]) -> Any:  # noqa: ANN401 - Found
    described = await org.schema.describe(sobject)
    check_ids(described, record_ids)
    if not fields:
        await org.note_hidden(described.name)
    names = list(dict.fromkeys(sliced(name)[0] for name in fields)) if fields else _worth_reading(described)
    found = await _read(org, described.name, record_ids, ["Id", *(name for name in names if name != "Id")])
    missing = await _missing(org, described.name, [record_id for record_id in record_ids if record_id not in found])
    if not found:
        raise _none_there(missing)
    there = await with_days(org, [found[record_id] for record_id in record_ids if record_id in found])
    rows = table(there, ["Id", *names] if fields else ())
    if fields:
        _slice(rows, fields)
    else:
        _leave_out_noise(rows)
    cut_to_fit(rows, org.max_answer_bytes)
    return {**({"missing": missing} if missing else {}), **rows}


def _none_there(missing: Mapping[str, str]) -> InvalidArgumentError:
    error = refused("None of these records exists.", code="NOT_FOUND", hint="Find the right Ids with salesforce_query.")
    error.problems = tuple(f"{record_id}: {code}" for record_id, code in list(missing.items())[:5])
    return error


def _worth_reading(described: SObjectDescribe) -> list[str]:
    return [field.name for field in described.fields if field.type not in _NOT_QUERIED and field.name not in NOISE]


async def _read(
    org: OrgSession, sobject: str, record_ids: Sequence[str], names: Sequence[str]
) -> dict[str, SObjectRecord]:
    where = f"Id IN {quote_list(record_ids)}{' AND IsDeleted = false' if is_archived(sobject) else ''}"
    pages = org.client.queries.pages(
        f"SELECT {', '.join(names)} FROM {sobject} WHERE {where}",  # noqa: S608 - SOQL, checked names
        query_all=is_archived(sobject),
    )
    return {record["Id"]: record async for page in pages for record in page.records}


async def _missing(org: OrgSession, sobject: str, record_ids: Collection[str]) -> dict[str, str]:
    """Return why records are not there: deleted, or never there for this user."""
    if not record_ids:
        return {}
    deleted = await org.deleted_among(sobject, list(record_ids))
    return {record_id: "ENTITY_IS_DELETED" if record_id in deleted else "NOT_FOUND" for record_id in record_ids}


def _slice(rows: Rows, fields: Sequence[str]) -> None:
    """Cut columns that were asked for from a character on."""
    starts = {name.casefold(): start for name, start in map(sliced, fields) if start}
    for at, column in enumerate(rows["columns"]):
        if start := starts.get(column.casefold()):
            rows["columns"][at] = f"{column}[{start}:]"
            for row in rows["rows"]:
                row[at] = str(row[at] or "")[start:]


def _leave_out_noise(rows: Rows) -> None:
    """Leave out columns without a value, and cut long texts."""
    kept = [
        at
        for at, name in enumerate(rows["columns"])
        if name == "Id" or any(is_shown(name, row[at]) for row in rows["rows"])
    ]
    rows["columns"] = [rows["columns"][at] for at in kept]
    rows["rows"] = [
        [
            cut_text(name, row[at], LONG_TEXT) if isinstance(row[at], str) else row[at]
            for name, at in zip(rows["columns"], kept, strict=True)
        ]
        for row in rows["rows"]
    ]
