"""The command line: one module a command, imported only when it runs."""

import importlib

import click

from mcp_salesforce import DISTRIBUTION

_COMMANDS = (
    "demo",
    "login",
    "doctor",
    "serve",
    "orgs",
    "logout",
    "org",
    "tools",
    "export",
    "approve",
    "journal",
    "audit",
    "keys",
)


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order in which someone new meets them."""
        del ctx
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return `command` of the module of that name."""
        del ctx
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"mcp_salesforce.cli.{cmd_name}").command
        return command


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name=DISTRIBUTION, message="mcp-salesforce %(version)s")
def cli() -> None:
    """Salesforce for language-model agents, over MCP.

    New here? `mcp-salesforce demo` shows everything on a local org: no account, no settings.
    """
