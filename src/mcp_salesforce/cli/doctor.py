"""`mcp-salesforce doctor`: is everything there that the server needs, and if not, why."""

import asyncio
import json
import re
import shutil
import sys
import textwrap
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import click

from mcp_salesforce.cli.waiting import waiting

if TYPE_CHECKING:
    from mcp_salesforce.doctor import Report

_STYLES: Final[dict[str, dict[str, Any]]] = {"passed": {"fg": "green"}, "failed": {"fg": "red", "bold": True}}
_INDENT: Final = len("passed  ")
_TITLE: Final = 20
_NARROWEST: Final = 72
_COMMAND: Final = re.compile(r"\bmcp-salesforce ([a-z-]+)")


@click.command(name="doctor")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")
@click.option("--org", "alias", help="Alias of a stored login to use instead of the settings.")
@click.option("--http", "url", help="Check a server for a team from outside instead: its address, with /mcp.")
def command(*, as_json: bool, alias: str | None, url: str | None) -> None:
    """Check the way to your org, stage by stage: what fails, why, and where to fix it.

    It only reads. Exit status 0 when every stage passes, else 1. docs/doctor.md lists the causes it knows.
    """
    from mcp_salesforce.doctor import examine
    from mcp_salesforce.settings.loading import files
    from mcp_salesforce.settings.settings import Network, Settings

    def settings() -> Settings:
        if alias is None:
            return Settings.load()
        return Settings.load(org=alias, **Network.load().given)

    read = [file for file in files({"org": alias} if alias else {}) if file.is_file()]
    with waiting("Looking") as now:

        def began(stage: str) -> None:
            now(f"Checking: {stage}")

        report = asyncio.run(_examined(url, began) if url else examine(settings, files=read, on_stage=began))
    if as_json:
        click.echo(json.dumps(report.as_json(), ensure_ascii=False, indent=2))
    else:
        _print(report)
    if not report.passed:
        raise SystemExit(1)


async def _examined(url: str, on_stage: Callable[[str], None]) -> "Report":
    """Look at the server at `url` the way that the settings say to reach hosts."""
    from mcp_salesforce.doctor.deployment import Deployment
    from mcp_salesforce.settings.connect import transport
    from mcp_salesforce.settings.settings import Network

    carrying = transport(Network.load())
    try:
        return await Deployment(url, carrying).examine(on_stage)
    finally:
        await carrying.close()


def _print(report: "Report") -> None:
    from mcp_salesforce.cli.hosts import own_command

    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    for line in lines_of(report, width, own_command):
        status, _, rest = line.partition(" ")
        click.echo(f"{click.style(status, **_STYLES[status])} {rest}" if status in _STYLES else line)


def lines_of(report: "Report", width: int | None = None, own: Callable[[str], str] | None = None) -> list[str]:
    """Return what a person reads, in lines of at most `width` columns; without one, a line for each thing said.

    A command that a fix names also has a line as it is typed, by `own`, of any length: to be copied.
    """
    lines, missed = [], []
    for stage in report.stages:
        if stage.status == "not reached":
            missed.append(stage.title)
            continue
        head, *more = stage.detail.split("\n")
        if stage.status == "failed":
            more += [stage.cause, f"Fix: {stage.fix}", f"Where: {stage.setup}"]
        lines += _wrapped(f"{stage.status}  {stage.title:<{_TITLE}}  {head}", width, _INDENT + _TITLE + 2)
        for text in more:
            lines += _wrapped(" " * _INDENT + text, width, _INDENT)
        if own and stage.status == "failed":
            lines += [f"{' ' * _INDENT}Run: {own(name)}" for name in _COMMAND.findall(stage.fix)]
    if missed:
        lines += _wrapped(f"Not reached: {', '.join(missed)}", width, _INDENT)
    return lines


def _wrapped(text: str, width: int | None, indent: int) -> list[str]:
    if width is None:
        return [text.rstrip()]
    return textwrap.wrap(
        text, max(width, _NARROWEST), subsequent_indent=" " * indent, break_long_words=False, break_on_hyphens=False
    )
