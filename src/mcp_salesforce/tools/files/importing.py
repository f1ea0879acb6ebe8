"""Import records from a file, or from rows of the call: check all of them first, then send the good ones."""

from collections.abc import Iterable, Sequence
from typing import Annotated, Final, NotRequired, TypeAlias

from pydantic import AfterValidator, Field

from mcp_salesforce.changes.change import current_change
from mcp_salesforce.changes.import_parts import Failure
from mcp_salesforce.file_links import FileLink
from mcp_salesforce.salesforce.errors import refused
from mcp_salesforce.salesforce.wire import sobject_name
from mcp_salesforce.tools.files.import_state import ImportState
from mcp_salesforce.tools.files.imports import Imports, Tell, imports_of
from mcp_salesforce.tools.files.mapping import Operation
from mcp_salesforce.tools.files.progress import speed
from mcp_salesforce.tools.files.toolset import files
from mcp_salesforce.tools.framework.params import or_empty
from mcp_salesforce.tools.framework.toolset import Effect, ToolContext, org_of

IMPORTS: Final = Effect(("create", "update", "delete"), needs_one=True)
_WAIT_S: Final = 25  # less than hosts give a call
_LINES: Final = 8
_ROWS: Final = 5
_LINE: Final = 160
_MOST_ROWS: Final = 2_000
_MOST_FIXES: Final = 1_000


_Cell: TypeAlias = str | float | bool | None
_Path: TypeAlias = Annotated[str, Field(max_length=400, description="CSV, .jsonl or .xlsx below the server's folder")]
_Key: TypeAlias = Annotated[str, Field(description="Field that identifies a record; default: Id")]
_HeaderMapping: TypeAlias = Annotated[
    dict[str, str], Field(description='Header to field, such as {"Firm": "Account.Name"}; "" omits a column')
]
_Fixes: TypeAlias = Annotated[
    dict[str, dict[str, _Cell] | None],
    Field(
        max_length=_MOST_FIXES,
        description='New cells by row: {"71": {"Email": "ada@acme.example"}, "103": null}; null omits the row',
    ),
]


class Imported(FileLink):
    """A table that was checked, or how far its import is."""

    import_id: str
    state: NotRequired[str]
    rows: NotRequired[int]
    ready: NotRequired[int]
    bad: NotRequired[int]
    already: NotRequired[int]
    left_out: NotRequired[int]
    mapping: NotRequired[dict[str, str]]
    not_mapped: NotRequired[list[str]]
    saved: NotRequired[int]
    of: NotRequired[int]
    failed: NotRequired[int]
    rows_per_s: NotRequired[int]
    seconds_left: NotRequired[int]
    problems: NotRequired[list[str]]
    bad_file: NotRequired[str]
    change_id: NotRequired[str]
    note: NotRequired[str]


@files.tool(
    IMPORTS,
    title="Import from a file",
    hint="upload, load, insert, update, upsert or delete many records from CSV, Excel, XLSX or JSON Lines",
    example={"sobject": "Contact", "columns": ["Last Name"], "rows": [["Ode"], ["Quill"]]},
    view="import",
)
async def import_(  # noqa: PLR0913 - arguments of a tool
    ctx: ToolContext,
    path: _Path = "",
    *,
    sobject: Annotated[str, AfterValidator(or_empty(sobject_name))] = "",
    operation: Operation = "insert",
    key: _Key = "",
    mapping: _HeaderMapping = {},  # noqa: B006 - never changed
    columns: Annotated[tuple[str, ...], Field(description="With rows, instead of path")] = (),
    rows: Annotated[tuple[list[_Cell], ...], Field(max_length=_MOST_ROWS)] = (),
    encoding: str = "",
    allow_duplicate: bool = False,
    import_id: Annotated[str, Field(max_length=40, description="Instead of path: an import that was checked")] = "",
    fix: _Fixes = {},  # noqa: B006 - never changed
    go: Annotated[bool, Field(description="Send the rows that are ready; omit it to only check")] = False,
    wait_s: Annotated[int, Field(ge=0, le=100)] = _WAIT_S,
) -> Imported:
    """Check every row of a table against Salesforce; with go, save the good rows. Rows count from 1.

    First call without go, show the user the counts and problems, then call with import_id, fix and go. Bad rows go to
    a file with their reasons. To repeat an import creates no record twice.
    """
    imports = imports_of(org_of(ctx))
    if [bool(path), bool(columns), bool(import_id)].count(True) != 1:
        raise refused("Give path, or columns with rows, or import_id.", fields=["path", "columns", "import_id"])
    if import_id:
        state = await (imports.check_again(import_id, dict(fix)) if fix else imports.load(import_id))
    else:
        state = ImportState(
            path, sobject, operation, key, columns=[*columns], rows=[*rows], encoding=encoding, mapping=mapping,
            fixes=dict(fix), allow_duplicate=allow_duplicate,
        )  # fmt: skip
        import_id, state = await imports.check(state, goes=go)
    return await _sent(ctx, imports, import_id, wait_s) if go else checked(imports, import_id, state)


async def _sent(ctx: ToolContext, imports: Imports, import_id: str, wait_s: int) -> Imported:
    """Begin to send an import that was checked, and return how far it is after `wait_s` seconds."""
    state = await imports.go(import_id)
    if (change := current_change()) and change.is_preview:
        return checked(imports, import_id, state)
    return looked_at(imports, import_id, await imports.wait(import_id, wait_s, teller(ctx)), with_checked=True)


def teller(ctx: ToolContext) -> Tell:
    """Return what tells the host how far an import is."""

    async def tell(state: ImportState) -> None:
        await ctx.report_progress(state.done, state.ready)

    return tell


def checked(imports: Imports, import_id: str, state: ImportState) -> Imported:
    """Return what the check of an import found."""
    if state.state != "checked":
        return looked_at(imports, import_id, state)
    told: Imported = {"import_id": import_id, "rows": state.total, "ready": state.ready}
    told |= _counts(state)
    if differing := {header: field for header, field in state.targets.items() if header != field}:
        told["mapping"] = differing
    if state.left_out:
        told["not_mapped"] = state.left_out
    if state.bad:
        told["problems"] = _problems(imports.store.failures(import_id), state)
    return told


def looked_at(imports: Imports, import_id: str, state: ImportState, *, with_checked: bool = False) -> Imported:
    """Return how far an import is; `with_checked` adds what the check found."""
    if state.state == "checked":
        return checked(imports, import_id, state)
    told: Imported = {"import_id": import_id, "state": state.state, "saved": state.saved}
    if state.state != "done":
        told["of"] = state.ready
    told |= _counts(state)
    if state.state == "running":
        told |= speed(state.done, state.before, state.ready, state.started)  # type: ignore[typeddict-item]
    failures = [each for each in imports.store.failures(import_id) if with_checked or not each.is_checked]
    if failures:
        told["problems"] = _problems(failures, state)
    where = "Its rows are on another server of the team." if state.is_elsewhere else ""
    if note := " ".join(filter(None, [state.error, state.hint, where, state.undo_note])):
        told["note"] = note
    if state.bad_file:
        told |= imports.linked(state.bad_file)  # type: ignore[typeddict-item]  # a part of it
    return told


def _counts(state: ImportState) -> Imported:
    """Return the counts of an import besides the rows that are saved, as far as it has them."""
    counts = {"failed": state.failed, "bad": state.bad, "already": state.already, "left_out": state.skipped}
    names = {"bad_file": state.bad_file, "change_id": state.change_id}
    return {name: value for name, value in {**counts, **names}.items() if value}  # type: ignore[return-value]


def _problems(failures: Iterable[Failure], state: ImportState) -> list[str]:
    """Return a line for each kind of problem, with the rows that have it, and the cells of the first ones."""
    kinds: dict[tuple[str, str], list[Failure]] = {}
    for failure in failures:
        kinds.setdefault((failure.code, failure.field), []).append(failure)
    lines = [_line(some, state) for some in sorted(kinds.values(), key=len, reverse=True)]
    more = len(lines) - _LINES
    return [*lines[:_LINES], *([f"and {more} more kinds"] if more > 0 else [])]


def _line(failures: Sequence[Failure], state: ImportState) -> str:
    first = failures[0]
    shown = [_row(each, state) for each in failures[:_ROWS]]
    more = len(failures) - _ROWS
    rows = f"Row{'s' if len(failures) > 1 else ''} {', '.join(shown)}{f' and {more} more' if more > 0 else ''}"
    what = f"{first.field}: {first.words}" if first.field else first.words
    return f"{what[:_LINE]} {rows}"


def _row(failure: Failure, state: ImportState) -> str:
    sample = state.samples.get(str(failure.row), "") if failure.is_checked else ""
    return f"{failure.row} {sample!r}" if sample and sample not in failure.words else str(failure.row)
