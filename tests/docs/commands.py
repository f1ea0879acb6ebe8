"""The page that the command line writes: docs/commands.md."""

import click
from click.testing import CliRunner

from mcp_salesforce.cli import cli

WIDTH = 100


def render_commands(_before: str) -> str:
    """Return docs/commands.md: what `--help` says of each command."""
    lines = [
        "<!-- Generated from src/mcp_salesforce/cli by `make docs UPDATE=1`. -->",
        "# Commands",
        "",
        "Exit status: 0 done, 1 failed, 2 wrong call or wrong settings.",
        *_help(),
    ]
    for name in cli.list_commands(click.Context(cli)):
        lines += ["", f"## {name}", *_help(name)]
    return "\n".join([*lines, ""])


def _help(*arguments: str) -> list[str]:
    shown = CliRunner().invoke(
        cli, [*arguments, "--help"], prog_name="mcp-salesforce", terminal_width=WIDTH, max_content_width=WIDTH
    )
    return ["", "```text", shown.output.rstrip("\n"), "```"]
