"""`mcp-salesforce demo`: the main job on a local org, each answer checked."""

import click


@click.command(name="demo")
def command() -> None:
    """Show the main job on a local org, and how to register the server.

    Starts the server as its own process, connects an MCP client over stdio, and checks each answer. Needs no
    settings and no account; it stores nothing. Exit status 0 only if every step was verified.
    """
    import anyio
    from rich.console import Console

    from mcp_salesforce.cli.demo.screen import Screen
    from mcp_salesforce.cli.demo.walk import walk

    verified = anyio.run(walk, Screen(Console()))
    raise SystemExit(0 if verified else 1)
