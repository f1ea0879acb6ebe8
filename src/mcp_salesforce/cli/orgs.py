"""`mcp-salesforce orgs`: the logins that are kept."""

import json

import click


@click.command(name="orgs")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")
def command(*, as_json: bool) -> None:
    """List the orgs you logged in to, by alias. Shows no secret."""
    from mcp_salesforce.logins import LoginError, Logins

    logins = Logins()
    try:
        listed = [logins.describe(alias) for alias in logins.aliases()]
    except LoginError as error:
        raise click.ClickException(str(error)) from None
    if as_json:
        click.echo(json.dumps(listed, ensure_ascii=False, indent=2))
        return
    for login in listed:
        click.echo(f"{login['alias']}: {login['username']} at {login['instance_url']}; kept in the {login['kept']}")
    if not listed:
        click.echo("No login is kept. Make one: mcp-salesforce login")
