"""`mcp-salesforce export`: all rows of a query in a file, with a progress bar for people and without one for cron."""

import asyncio
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from mcp_salesforce.cli.refusal import Refusal, refusing_wrong_settings

if TYPE_CHECKING:
    from mcp.shared.dispatcher import ProgressFnT

    from mcp_salesforce.settings.settings import Settings

_WAIT_S: Final = 100
_DAY_S: Final = 3600.0


@click.command(name="export")
@click.argument("soql")
@click.option(
    "--to",
    "file",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write; its name ends in .csv, .tsv, .jsonl or .parquet.",
)
@click.option("--org", "alias", help="Alias of a stored login to use instead of the settings.")
@click.option("--delimiter", type=click.Choice([",", ";", "tab", "|"]), default=",", help="For CSV.")
@click.option("--line-ending", type=click.Choice(["LF", "CRLF"]), default="LF", help="For CSV.")
@click.option("--excel", is_flag=True, help="CSV as Excel opens it: a UTF-8 mark, and formulas in texts defused.")
@click.option("--include-deleted", is_flag=True, help="Deleted records and archived activities too.")
@click.option("--overwrite", is_flag=True, help="Replace the file if it exists.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")
def command(*, soql: str, file: Path, alias: str | None, as_json: bool, **options: Any) -> None:  # noqa: ANN401 - options of the tool
    """Write all rows of a SOQL query to a file.

    Large results come by Bulk API 2.0. If the command is interrupted, the same command continues where it stopped.
    """
    folder = file.absolute().parent
    if not folder.is_dir():
        raise Refusal(f"{folder} is not a folder.")
    settings = _settings(alias).model_copy(
        update={"files": folder, "toolsets": "files", "call_timeout_s": _DAY_S, "log_level": "ERROR"}
    )
    try:
        with _bar() as progress:
            told = asyncio.run(_export(settings, {"path": file.name, "soql": soql, **options}, progress))
    except KeyboardInterrupt:
        click.echo("Interrupted. Repeat the command to continue.", err=True)
        raise SystemExit(130) from None
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
    else:
        click.echo(f"{file}: {told['rows']:,} rows, {told['bytes']:,} bytes, SHA-256 {told['sha256']}")
        if note := told.get("note"):
            click.echo(note, err=True)


def _settings(alias: str | None) -> "Settings":
    from mcp_salesforce.settings.settings import Network, Settings

    with refusing_wrong_settings():
        return Settings.load() if alias is None else Settings.load(org=alias, **Network.load().given)


async def _export(settings: "Settings", arguments: dict[str, Any], progress: "ProgressFnT") -> dict[str, Any]:
    """Export through the server's own tool: what its settings and its policy say holds here too."""
    from mcp import Client

    from mcp_salesforce.server import create_server
    from mcp_salesforce.settings.loading import ConfigurationError

    async def call(tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
        result = await client.call_tool(tool, arguments, progress_callback=progress)
        if not result.is_error:
            return result.structured_content or {}
        said = result.meta or {}
        raise click.ClickException(f"{said.get('message')} {said.get('hint') or ''}".strip())

    try:
        async with Client(create_server(settings)) as client:
            told = await call("salesforce_export", {**arguments, "wait_s": _WAIT_S})
            while told.get("state") == "running":
                told = await call("salesforce_job", {"job": arguments["path"], "wait_s": _WAIT_S})
            return told
    except ConfigurationError as error:
        raise Refusal(str(error)) from None
    except ExceptionGroup as group:
        found: BaseException = group
        while isinstance(found, ExceptionGroup):
            found = found.exceptions[0]
        raise found from None


@contextmanager
def _bar() -> Iterator["ProgressFnT"]:
    """Show a person how far it is, on stderr; nobody else."""
    if not sys.stderr.isatty():

        async def quiet(progress: float, total: float | None, message: str | None) -> None:
            """Show nothing: nobody is there."""
            del progress, total, message

        yield quiet
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("rows"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task("rows", total=None)

        async def show(progress: float, total: float | None, message: str | None) -> None:
            del message
            shown.update(task, completed=progress, total=total)

        yield show
