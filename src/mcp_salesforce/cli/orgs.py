"""`mcp-salesforce orgs`: the logins that are kept."""

import json

import click


@click.command(name="orgs")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")
def command(*, as_json: bool) -> None:
    """List the orgs you logged in to, by alias. Shows no secret."""
    from mcp_salesforce.settings.logins import LoginError, Logins

    logins = Logins()
    listed, damaged = [], []
    for alias in logins.aliases():
        try:
            listed.append(logins.describe(alias))
        except LoginError as error:
            damaged.append(str(error))
    for problem in damaged:
        click.echo(problem, err=True)
    if as_json:
        click.echo(json.dumps(listed, ensure_ascii=False, indent=2))
        return
    for login in listed:
        click.echo(f"{login['alias']}: {login['username']} at {login['instance_url']}; stored in the {login['kept']}")
    if not listed and not damaged:
        click.echo("There are no stored logins. Create one: mcp-salesforce login")
