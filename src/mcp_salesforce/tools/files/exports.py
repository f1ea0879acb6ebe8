"""Export records to a file, and look after exports that take long."""

from collections.abc import Sequence
from typing import Annotated, NotRequired

from pydantic import AfterValidator, Field

from mcp_salesforce.file_links import FileLink
from mcp_salesforce.salesforce.errors import refused
from mcp_salesforce.salesforce.wire import sobject_name
from mcp_salesforce.soql.tokens import MAX_CHARACTERS
from mcp_salesforce.tools.files.jobs import Tell, exports_of, layout_of
from mcp_salesforce.tools.files.progress import speed
from mcp_salesforce.tools.files.selection import object_query, selection_of
from mcp_salesforce.tools.files.state import ExportState
from mcp_salesforce.tools.files.tables import Delimiter, Layout, LineEnding
from mcp_salesforce.tools.files.toolset import files
from mcp_salesforce.tools.framework.params import or_empty
from mcp_salesforce.tools.framework.session import OrgSession
from mcp_salesforce.tools.framework.toolset import SAVES_FILES, ToolContext, org_of
from mcp_salesforce.tools.lookups.syntax import parsed

_CELL, _KEY, _LINE, _HEADER = 14, 4, 30, 400  # characters of an answer: a cell, an Id, a row, all columns
_KEYS = frozenset({"id", "reference"})
_WAIT_S = 25  # less than hosts give a call


class Exported(FileLink):
    """A file that is whole, or how far it is."""

    path: str
    state: NotRequired[str]
    rows: NotRequired[int]
    of: NotRequired[int]
    rows_per_s: NotRequired[int]
    seconds_left: NotRequired[int]
    columns: NotRequired[str]
    bytes: NotRequired[int]
    sha256: NotRequired[str]
    first: NotRequired[list[str]]
    note: NotRequired[str]


@files.tool(
    SAVES_FILES,
    title="Export to a file",
    hint="download, save, dump or back up records as CSV, Excel, JSON or Parquet; all rows of a report",
    example={"path": "contacts.csv", "sobject": "Contact", "fields": ["Id", "Name"], "overwrite": True},
)
async def export(  # noqa: PLR0913 - arguments of a tool
    ctx: ToolContext,
    path: Annotated[
        str, Field(max_length=400, description="Path below the server's folder, ending in .csv, .jsonl or .parquet")
    ],
    soql: Annotated[str, Field(max_length=MAX_CHARACTERS)] = "",
    *,
    sobject: Annotated[
        str,
        Field(description="Instead of soql: export all records of this object"),
        AfterValidator(or_empty(sobject_name)),
    ] = "",
    fields: Annotated[tuple[str, ...], Field(description="Of sobject; default: all")] = (),
    where: Annotated[str, Field(description="SOQL condition on sobject")] = "",
    delimiter: Delimiter = ",",
    line_ending: LineEnding = "LF",
    excel: Annotated[
        bool, Field(description="For Excel: a UTF-8 mark, and a quote before text that looks like a formula")
    ] = False,
    include_deleted: bool = False,
    overwrite: bool = False,
    wait_s: Annotated[int, Field(ge=0, le=100)] = _WAIT_S,
) -> Exported:
    """Export all rows of a query to a file. The answer has the number of rows, the columns and the first rows.

    After wait_s seconds the export continues in the background: check it with salesforce_job. To resume an interrupted
    export, repeat the call.
    """
    org = org_of(ctx)
    exports = exports_of(org)
    query = parsed(await _soql(org, soql, sobject, fields, where))
    layout = layout_of(path, Layout(delimiter=delimiter, line_ending=line_ending, bom=excel, escape_formulas=excel))
    selection = await selection_of(org, query)
    name = await exports.start(org, path, selection, layout, overwrite=overwrite, query_all=include_deleted)
    state = await exports.wait(org, name, wait_s, teller(ctx))
    if state.state == "done":
        exports.forget(name)
    note = f"The policy allows {selection.most_rows} rows." if state.rows == selection.most_rows else ""
    return told_of(org, name, state, note)


async def _soql(org: OrgSession, soql: str, sobject: str, fields: tuple[str, ...], where: str) -> str:
    if bool(soql.strip()) == bool(sobject) or (soql.strip() and (fields or where)):
        raise refused(
            "Give soql or sobject, and not both.", hint="fields and where need sobject.", fields=["soql", "sobject"]
        )
    if soql.strip():
        return soql.strip().removesuffix(";")
    return await object_query(org, sobject, fields) + (f" WHERE {where}" if where.strip() else "")


def teller(ctx: ToolContext) -> Tell:
    """Return what tells the host how far an export is."""

    async def tell(state: ExportState) -> None:
        await ctx.report_progress(state.rows, state.total)

    return tell


def told_of(org: OrgSession, path: str, state: ExportState, note: str = "") -> Exported:
    """Return the answer about an export: its file if it is whole, otherwise how far it is."""
    told: Exported = {"path": path}
    if state.state == "done":
        told["rows"], told["columns"] = state.rows, _cut(",".join(state.columns), _HEADER)
        told["bytes"], told["sha256"] = state.bytes, state.sha256
        told["first"] = [_line(row, state.types) for row in state.first]
        told |= org.linked(path)  # type: ignore[typeddict-item]  # a part of it
        note = note or state.hint
    else:
        told["state"], told["rows"] = state.state, state.rows
        if state.total is not None:
            told["of"] = state.total
        if state.state == "running":
            told |= speed(state.rows, state.rows_before, state.total, state.started)  # type: ignore[typeddict-item]
        note = f"{state.error} {state.hint}".strip()
    if note:
        told["note"] = note
    return told


def _line(row: Sequence[str], types: Sequence[str]) -> str:
    """Return a row as far as it shows what is in the file; an Id says no more than what it is of."""
    cells = (_cut(cell, _KEY if kind in _KEYS else _CELL) for cell, kind in zip(row, types, strict=True))
    return _cut(",".join(cells), _LINE)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
