"""`mcp-salesforce export`: all rows of a query in a file, with a progress bar for people and without one for cron."""

from pathlib import Path
from typing import Any

import click

from mcp_salesforce.cli.long_tools import WAIT_S, Calling, print_json, run, settings_for, until_done


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

    async def work(call: Calling) -> dict[str, Any]:
        begun = await call("salesforce_export", {"path": file.name, "soql": soql, **options, "wait_s": WAIT_S})
        return await until_done(call, begun, file.name)

    told = run(settings_for(file, alias), work)
    if as_json:
        print_json(told)
    else:
        click.echo(f"{file}: {told['rows']:,} rows, {told['bytes']:,} bytes, SHA-256 {told['sha256']}")
        if note := told.get("note"):
            click.echo(note, err=True)
