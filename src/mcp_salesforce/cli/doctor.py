"""`mcp-salesforce doctor`: is everything there that the server needs, and if not, why."""

import asyncio
import json
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from mcp_salesforce.doctor import Report

_STYLES: Final = {"passed": "green", "failed": "bold red", "not reached": "dim"}


@click.command(name="doctor")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")
def command(*, as_json: bool) -> None:
    """Check the way to your org, stage by stage: what fails, why, and where to mend it.

    It only reads. Exit status 0 when every stage passes, else 1. docs/doctor.md lists the causes it knows.
    """
    from mcp_salesforce.config import Settings
    from mcp_salesforce.doctor import examine

    report = asyncio.run(examine(Settings.load))
    if as_json:
        click.echo(json.dumps(report.as_json(), ensure_ascii=False, indent=2))
    else:
        _print(report)
    if not report.passed:
        raise SystemExit(1)


def _print(report: "Report") -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in ("Stage", "", "Found"):
        table.add_column(column)
    console = Console()
    for stage in report.stages:
        lines = [stage.detail, stage.cause]
        lines += [f"Fix: {stage.fix}"] if stage.fix else []
        lines += [f"Where: {stage.setup}"] if stage.setup else []
        found = Text("\n".join(line for line in lines if line))
        table.add_row(stage.title, Text(stage.status, style=_STYLES[stage.status]), found)
    console.print(table)
