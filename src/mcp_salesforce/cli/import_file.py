"""`mcp-salesforce import`: the rows of a file as records, checked first; for people, and for cron."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from mcp_salesforce.cli.long_tools import WAIT_S, Calling, print_json, run, settings_for, until_done

if TYPE_CHECKING:
    from mcp_types import ElicitResult

_NOT_ALL: Final = 3
_COUNTS: Final = {"bad": "bad", "already": "imported before"}


@click.command(name="import")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--object", "sobject", required=True, help="The object, such as Contact.")
@click.option(
    "--operation", type=click.Choice(["insert", "update", "upsert", "delete"]), default="insert", show_default=True
)
@click.option("--key", default="", help="The field that identifies a record; default: Id. Not for insert.")
@click.option("--map", "mapped", multiple=True, metavar="HEADER=FIELD", help="A column and its field. Repeatable.")
@click.option("--encoding", default="", help="Of a file that is not UTF-8, such as cp1252.")
@click.option("--allow-duplicate", is_flag=True, help="Save rows that are like others too.")
@click.option("--check", "only_check", is_flag=True, help="Only check the rows.")
@click.option("--yes", is_flag=True, help="Do not ask before the rows are sent; for cron.")
@click.option("--org", "alias", help="Alias of a stored login to use instead of the settings.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")
def command(
    *,
    file: Path,
    mapped: tuple[str, ...],
    only_check: bool,
    yes: bool,
    alias: str | None,
    as_json: bool,
    **options: Any,  # noqa: ANN401 - options of the tool
) -> None:
    """Check every row of a file, then create, change or delete its records.

    Rows that are not saved go to a file beside it, with their reasons. The exit status is 0 if all rows are saved, 3 if
    some are not, 1 if nothing could be done. To repeat the command creates no record twice.
    """
    if not (yes or only_check or sys.stdin.isatty()):
        raise click.UsageError("Nobody is there to approve it. Give --yes, or --check to send nothing.")
    arguments = {"path": file.name, "mapping": _mapping(mapped), **options}

    async def work(call: Calling) -> dict[str, Any]:
        checked = await call("salesforce_import", arguments)
        if not as_json:
            _show_check(checked)
        if only_check or not checked["ready"]:
            return checked
        import_id = checked["import_id"]
        begun = await call("salesforce_import", {"import_id": import_id, "go": True, "wait_s": WAIT_S})
        return await until_done(call, begun, import_id)

    told = run(settings_for(file, alias), work, asked=_agree if yes else _ask)
    if as_json:
        print_json(told)
    elif "state" in told:
        _show_end(told, file)
    if told.get("state") == "failed":
        raise SystemExit(1)
    if told.get("bad") or told.get("failed"):
        raise SystemExit(_NOT_ALL)


def _mapping(mapped: tuple[str, ...]) -> dict[str, str]:
    pairs = [each.rpartition("=") for each in mapped]
    if wrong := next((each for each, pair in zip(mapped, pairs, strict=True) if not pair[0]), None):
        raise click.BadParameter(f"{wrong!r} is not HEADER=FIELD.", param_hint="--map")
    return {header: field for header, _, field in pairs}


def _show_check(checked: dict[str, Any]) -> None:
    counts = [f"{checked['rows']:,} rows", f"{checked['ready']:,} ready"]
    counts += [f"{checked[name]:,} {words}" for name, words in _COUNTS.items() if checked.get(name)]
    click.echo(", ".join(counts), err=True)
    for header, field in checked.get("mapping", {}).items():
        click.echo(f"  {header} -> {field}", err=True)
    if left := checked.get("not_mapped"):
        click.echo(f"  not imported: {', '.join(left)}", err=True)
    for problem in checked.get("problems", ()):
        click.echo(f"  {problem}", err=True)


def _show_end(told: dict[str, Any], file: Path) -> None:
    not_saved = told.get("bad", 0) + told.get("failed", 0)
    click.echo(f"{file}: {told['saved']:,} rows saved, {not_saved:,} not saved")
    for problem in told.get("problems", ()) if told.get("failed") else ():
        click.echo(f"  {problem}", err=True)
    if bad_file := told.get("bad_file"):
        click.echo(f"The rows that are not saved: {file.with_name(bad_file)}", err=True)
    if note := told.get("note"):
        click.echo(note, err=True)


async def _agree(context: Any, params: Any) -> "ElicitResult":  # noqa: ANN401 - the SDK's signature
    """Answer the question with what is to be done: the person has said so on the command line."""
    del context
    return _answer(params, does=True)


async def _ask(context: Any, params: Any) -> "ElicitResult":  # noqa: ANN401 - the SDK's signature
    """Ask the person at the terminal."""
    del context
    return _answer(params, does=click.confirm(params.message, err=True))


def _answer(params: Any, *, does: bool) -> "ElicitResult":  # noqa: ANN401 - a question of any form
    from mcp_types import ElicitResult

    keep, do = params.requested_schema["properties"]["answer"]["enum"]
    return ElicitResult(action="accept", content={"answer": do if does else keep})
