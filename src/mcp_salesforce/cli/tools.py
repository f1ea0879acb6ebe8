"""`mcp-salesforce tools`: what an agent can call."""

import json
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from mcp_salesforce.tools.toolset import ToolSpec


@click.command(name="tools")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with whole descriptions.")
def command(*, as_json: bool) -> None:
    """List the tools that an agent can call. Needs no settings."""
    from mcp_salesforce.tools import TOOLSETS

    listed = [(toolset.name, spec) for toolset in TOOLSETS for spec in toolset.specs]
    if as_json:
        click.echo(json.dumps([_entry(toolset, spec) for toolset, spec in listed], ensure_ascii=False, indent=2))
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in ("Toolset", "Tool", "Title", "Effect"):
        table.add_column(column, no_wrap=column == "Tool")
    before = ""
    for toolset, spec in listed:
        table.add_row("" if toolset == before else toolset, spec.name, spec.title, _effect(spec))
        before = toolset
    Console().print(table)


def _entry(toolset: str, spec: "ToolSpec") -> dict[str, str]:
    return {
        "toolset": toolset,
        "name": spec.name,
        "title": spec.title,
        "effect": _effect(spec),
        "description": spec.description,
    }


def _effect(spec: "ToolSpec") -> str:
    if spec.annotations.read_only_hint:
        return "reads"
    return "changes" if spec.annotations.destructive_hint else "creates"
