"""`mcp-salesforce tools`: what an agent can call."""

import json
import sys
from typing import TYPE_CHECKING, Final

import click

from mcp_salesforce.cli.refusal import Refusal

if TYPE_CHECKING:
    from mcp_salesforce.tools.framework.allowed_tools import Access
    from mcp_salesforce.tools.framework.toolset import ToolSpec

_ONE_LINE: Final = 10_000  # columns


@click.command(name="tools")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with full descriptions.")
def command(*, as_json: bool) -> None:
    """List the tools that an agent can call, and those that SALESFORCE_* settings forbid."""
    from mcp_salesforce.tools import TOOLSETS

    access = access_now()
    listed = [
        (toolset.name, spec, access.forbidden_by(toolset.name, spec)) for toolset in TOOLSETS for spec in toolset.specs
    ]
    if as_json:
        click.echo(json.dumps([_entry(*entry) for entry in listed], ensure_ascii=False, indent=2))
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table

    is_read = sys.stdout.isatty()  # else a program takes it line by line
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in ("Toolset", "Tool", "Title", "Effect"):
        table.add_column(column, no_wrap=column == "Tool")
    before = ""
    for toolset, spec, forbidden_by in listed:
        effect = f"off: {forbidden_by}" if forbidden_by else _effect(spec)
        table.add_row("" if toolset == before and is_read else toolset, spec.name, spec.title, effect)
        before = toolset
    Console(width=None if is_read else _ONE_LINE).print(table)


def access_now() -> "Access":
    """Return what the settings allow.

    Raises:
        Refusal: A setting is wrong.
    """
    from mcp_salesforce.server import access_of
    from mcp_salesforce.settings.loading import ConfigurationError
    from mcp_salesforce.settings.settings import Surface

    try:
        return access_of(Surface.load())
    except ConfigurationError as error:
        raise Refusal(str(error)) from None


def _entry(toolset: str, spec: "ToolSpec", forbidden_by: str) -> dict[str, str]:
    return {
        "toolset": toolset,
        "name": spec.name,
        "title": spec.title,
        "effect": _effect(spec),
        "forbidden_by": forbidden_by,
        "description": spec.description,
    }


def _effect(spec: "ToolSpec") -> str:
    hints = spec.effect.annotations
    if hints.read_only_hint:
        return "reads"
    return "changes" if hints.destructive_hint else "creates"
