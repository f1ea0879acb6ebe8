"""Records written: created, changed, upserted and deleted, many in one call."""

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import starmap
from typing import Final, TypeVar, cast

from typing_extensions import TypedDict

from mcp_salesforce.changes.change import announce
from mcp_salesforce.changes.writes import Write
from mcp_salesforce.salesforce.errors import InvalidArgumentError, refused
from mcp_salesforce.salesforce.ids import KEY_PREFIXES
from mcp_salesforce.salesforce.models import SObjectDescribe
from mcp_salesforce.tools.framework.params import AllowDuplicate
from mcp_salesforce.tools.framework.session import OrgSession
from mcp_salesforce.tools.framework.toolset import CREATES, DELETES, UPDATES, UPSERTS, ToolContext, org_of
from mcp_salesforce.tools.lookups.cascades import going_along
from mcp_salesforce.tools.records.batches import DeletedRows, Rows, Saved, Saving, save_rows
from mcp_salesforce.tools.records.checks import Record, Verb, check_key, check_object, read_ids, read_records
from mcp_salesforce.tools.records.named_references import ids_of_named, with_named
from mcp_salesforce.tools.records.problems import RowProblem, refused_rows
from mcp_salesforce.tools.records.toolset import (
    AllOrNone,
    Columns,
    GivenIds,
    ListSaved,
    RowValues,
    SObjectName,
    Table,
    records,
)
from mcp_salesforce.tools.records.upserts import without_blanks_of_new

_Row = TypeVar("_Row")
_NO_ROWS: Final = "Give records, or columns and rows."


class How(TypedDict):
    """How rows are saved."""

    all_or_none: bool
    allow_duplicate: bool


@records.tool(
    CREATES,
    title="Create records",
    hint="add or log a lead, case, opportunity, deal, account, task, call, note; import many rows",
    example={"sobject": "Contact", "records": [{"LastName": "Ode"}, {"LastName": "Quill"}]},
    is_long=True,
)
async def create_records(
    ctx: ToolContext,
    sobject: SObjectName,
    records: RowValues = (),
    *,
    columns: Columns = (),  # noqa: ARG001 - with `rows` it stands for `records`, before a tool is called
    rows: Table = (),  # noqa: ARG001
    all_or_none: AllOrNone = True,
    allow_duplicate: AllowDuplicate = False,
    list_saved: ListSaved = False,
) -> Saved:
    """Create up to 200 records of one object (1,000 with all_or_none false); return each row's Id or error.

    Rows are checked first; one error lists all problems and nothing is sent. all_or_none false saves the good rows and
    lists the others. Rows count from 1.
    For contacts and appointments, use their own tools.
    """
    org = org_of(ctx)
    checked, described = await _checked(org, sobject, records, "create", all_or_none=all_or_none)
    how: How = {"all_or_none": all_or_none, "allow_duplicate": allow_duplicate}
    save = partial(org.client.collections.create, described.name, **how)
    announce([Write("create", described.name)] * len(checked.good))
    return await save_rows(ctx, checked, save, Saving(all_or_none, "created", list_saved))


@records.tool(
    UPDATES,
    title="Change records",
    hint="edit a lead, case, opportunity, deal, account, task: stage, status, owner; bulk update",
    example={"sobject": "Contact", "records": [{"Id": "003lo0000000001AAA", "Title": "COO"}]},
    is_long=True,
)
async def update_records(
    ctx: ToolContext,
    sobject: SObjectName,
    records: RowValues = (),
    *,
    columns: Columns = (),  # noqa: ARG001 - with `rows` it stands for `records`, before a tool is called
    rows: Table = (),  # noqa: ARG001
    all_or_none: AllOrNone = True,
    allow_duplicate: AllowDuplicate = False,
) -> Saved:
    """Change records. A row has an Id or name as Id, and the fields to change; null clears a field.

    Limits and checks are those of salesforce_create_records.
    """
    org = org_of(ctx)
    checked, described = await _checked(org, sobject, records, "update", key="Id", all_or_none=all_or_none)
    how: How = {"all_or_none": all_or_none, "allow_duplicate": allow_duplicate}
    save = partial(org.client.collections.update, described.name, **how)
    announce([Write("update", described.name)] * len(checked.good))
    return await save_rows(ctx, checked, save, Saving(all_or_none, "updated"))


@records.tool(
    UPSERTS,
    title="Create or change records by external Id",
    hint="upsert, sync or import rows by an external key, without duplicates",
    example={
        "sobject": "Contact",
        "external_id_field": "Id",
        "records": [{"Id": "003lo0000000001AAA", "Title": "CEO"}],
    },
    is_long=True,
)
async def upsert_records(
    ctx: ToolContext,
    sobject: SObjectName,
    external_id_field: str,
    records: RowValues = (),
    *,
    columns: Columns = (),  # noqa: ARG001 - as above
    rows: Table = (),  # noqa: ARG001
    all_or_none: AllOrNone = True,
    allow_duplicate: AllowDuplicate = False,
) -> Saved:
    """Match rows to records by external_id_field: change the records that exist, create the others."""
    org = org_of(ctx)
    key = check_key(await org.schema.describe(sobject), external_id_field)
    checked, described = await _checked(org, sobject, records, "upsert", key=key, all_or_none=all_or_none)
    how: How = {"all_or_none": all_or_none, "allow_duplicate": allow_duplicate}
    save = partial(org.client.collections.upsert, described.name, key, **how)
    announce([Write("upsert", described.name)] * len(checked.good))
    return await save_rows(ctx, checked, save, Saving(all_or_none, "saved"))


@records.tool(
    DELETES,
    title="Delete records",
    hint="remove or erase leads, cases, opportunities, deals, accounts, tasks, notes",
    example={"sobject": "Contact", "record_ids": ["003lo0000000001AAA"]},
    is_long=True,
)
async def delete_records(
    ctx: ToolContext, sobject: SObjectName, record_ids: GivenIds, all_or_none: AllOrNone = True
) -> DeletedRows:
    """Move records, and the records that belong to them, to the recycle bin.

    salesforce_restore_records can restore them for 15 days.
    """
    org = org_of(ctx)
    described = await org.schema.describe(sobject)
    check_object(described, "delete")
    named = await ids_of_named(org, described.name, record_ids)
    checked = _checked_ids(described, named, all_or_none=all_or_none)
    going = [*checked.good.values()]
    alongside = await going_along(org, described.name, going)
    save = partial(org.client.collections.delete, all_or_none=all_or_none)
    announce([Write("delete", described.name)] * len(going))
    saved = await save_rows(ctx, checked, save, Saving(all_or_none, "deleted"))
    is_whole = saved["succeeded"] == len(going)  # of those that stay nothing has gone
    return cast("DeletedRows", {**(alongside if is_whole else {}), **saved})


def _checked_ids(described: SObjectDescribe, record_ids: Sequence[str], *, all_or_none: bool) -> Rows[str]:
    good, problems = read_ids(described, record_ids)
    return _required(Rows(len(record_ids), good, problems, dict(enumerate(record_ids))), all_or_none=all_or_none)


async def _checked(
    org: OrgSession, sobject: str, records: Sequence[Record], verb: Verb, *, key: str = "", all_or_none: bool
) -> tuple[Rows[Record], SObjectDescribe]:
    """Return rows that were checked against describe, and the describe.

    Raises:
        InvalidArgumentError: There are no rows, or none that can be sent; with `all_or_none`: a row has a problem.
    """
    if not records:
        raise refused("records is required.", code="REQUIRED_FIELD_MISSING", hint=_NO_ROWS, fields=["records"])
    described = await org.schema.describe(sobject)
    check_object(described, verb)
    if verb == "upsert":
        records = await without_blanks_of_new(org, described, key, records)
    records, unclear = await with_named(org, described, records, key)
    if unclear and (all_or_none or len(records) == 1):
        raise next(iter(unclear.values()))
    prefixes = await _key_prefixes(org, described, records)
    good, problems = read_records(described, records, verb, key=key, prefixes=prefixes)
    problems = [*(each for each in problems if each.row not in unclear), *starmap(_unclear, unclear.items())]
    ids = {row: value for row, record in enumerate(records) for name, value in record.items() if name.lower() == "id"}
    good = {row: record for row, record in good.items() if row not in unclear}
    return _required(Rows(len(records), good, problems, ids), all_or_none=all_or_none), described


def _unclear(row: int, error: InvalidArgumentError) -> RowProblem:
    return RowProblem(row, error.code, ", ".join(error.fields), f"{error.message} {error.hint}".strip())


def _required(rows: Rows[_Row], *, all_or_none: bool) -> Rows[_Row]:
    """Return rows that can be sent: all of them, or at least one."""
    if rows.problems and (all_or_none or not rows.good):
        raise refused_rows(rows.problems, rows.count)
    return rows


async def _key_prefixes(org: OrgSession, described: SObjectDescribe, records: Sequence[Record]) -> Mapping[str, str]:
    """Return the key prefixes to check references by: the org is asked for those of objects that are not well known."""
    given = {name.casefold() for record in records for name in record}
    targets = {
        target
        for field in described.fields
        if field.type == "reference" and field.name.casefold() in given
        for target in field.reference_to
    }
    if targets <= set(KEY_PREFIXES.values()):
        return KEY_PREFIXES
    return await org.schema.by_prefix()
