"""The command line: one module a command, imported only when it runs."""

import importlib

import click

from mcp_salesforce import DISTRIBUTION

_COMMANDS = (
    "demo",
    "app",
    "login",
    "register",
    "doctor",
    "serve",
    "orgs",
    "logout",
    "org",
    "tools",
    "view",
    "export",
    "import",
    "approve",
    "journal",
    "audit",
    "keys",
    "upgrade-check",
)

_MODULES = {  # where a command's name is a word of Python, or taken
    "import": "import_file",
    "app": "external_app",
    "upgrade-check": "upgrade_check",
}


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
        command: click.Command = importlib.import_module(
            f"mcp_salesforce.cli.{_MODULES.get(cmd_name, cmd_name)}"
        ).command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that `args` begin with; a misspelt one is refused with the nearest names.

        Raises:
            NoSuchCommand: There is no such command.
        """
        try:
            return super().resolve_command(ctx, args)
        except click.exceptions.NoSuchCommand as error:  # click knows only the commands that are imported
            raise click.exceptions.NoSuchCommand(error.command_name, possibilities=_COMMANDS, ctx=ctx) from None


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name=DISTRIBUTION, message="mcp-salesforce %(version)s")
def cli() -> None:
    """Salesforce for language-model agents, over MCP.

    New here? `mcp-salesforce demo` shows everything on a local org: no account, no settings.
    """
