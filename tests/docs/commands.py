"""The page that the command line writes: docs/commands.md."""

import click

from mcp_salesforce.cli import cli

WIDTH = 100


def render_commands(_before: str) -> str:
    """Return docs/commands.md: what `--help` says of each command."""
    root = click.Context(cli, info_name="mcp-salesforce", max_content_width=WIDTH, terminal_width=WIDTH)
    lines = [
        "<!-- Generated from src/mcp_salesforce/cli by `make docs UPDATE=1`. -->",
        "# Commands",
        "",
        "Exit status: 0 done, 1 failed, 2 wrong call or wrong settings.",
        *_help(cli, root),
    ]
    for name in cli.list_commands(root):
        command = cli.get_command(root, name)
        if command is not None:
            lines += ["", f"## {name}", *_help(command, click.Context(command, info_name=name, parent=root))]
    return "\n".join([*lines, ""])


def _help(command: click.Command, context: click.Context) -> list[str]:
    context.max_content_width = context.terminal_width = WIDTH
    return ["", "```text", command.get_help(context), "```"]
