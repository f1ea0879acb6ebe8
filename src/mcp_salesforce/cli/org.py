"""`mcp-salesforce org`: the local org on a port, for any Salesforce client."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from mcp_salesforce.localorg.services.oauth import Credentials


@click.command(name="org")
@click.option("--port", type=click.IntRange(0, 65535), default=8080, show_default=True, help="0 picks a free one.")
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON when ready, for scripts.")
@click.option(
    "--file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Keep the org in this file. Default: in memory, gone when the command ends.",
)
@click.option("--fresh", is_flag=True, help="With --file: throw the org in it away and start over.")
def command(*, port: int, as_json: bool, file: Path | None, fresh: bool) -> None:
    """Serve a local org with sample data on 127.0.0.1, until Ctrl-C.

    Any Salesforce client can use it: REST, OAuth, SOQL. Needs no settings.
    """
    if fresh and file is None:
        raise click.UsageError("--fresh goes with --file: an org in memory always starts over.")
    from mcp_salesforce.localorg import LocalOrg
    from mcp_salesforce.localorg.listener import serve

    try:
        org = LocalOrg.open(file, fresh=fresh)
    except OSError as error:
        raise click.ClickException(f"The local org cannot be opened: {error}") from None
    with org:
        write = _as_json if as_json else _as_text
        try:
            serve(org.app, port=port, ready=lambda address: click.echo(write(_connection(address, org.credentials))))
        except OSError as error:
            raise click.ClickException(f"Port {port} cannot be used: {error}. --port 0 picks a free one.") from None


def _connection(address: str, credentials: "Credentials") -> dict[str, str]:
    """Return all that a client may ask for."""
    return {
        "instance_url": address,
        "access_token": credentials.access_token,
        "client_id": credentials.client_id,
        "client_secret": credentials.client_secret,
        "refresh_token": credentials.refresh_token,
        "username": credentials.username,
        "password": credentials.password,
    }


def _as_json(connection: dict[str, str]) -> str:
    return json.dumps(connection)


def _as_text(connection: dict[str, str]) -> str:
    url = f"{connection['instance_url']}/services/data/v60.0/query?q=SELECT+Name,Email+FROM+Contact+LIMIT+3"
    return "\n".join(
        [
            f"A local Salesforce org listens on {connection['instance_url']}, for this machine only. Ctrl-C ends it.",
            "",
            *(f"  {name:<14}{value}" for name, value in connection.items()),
            "",
            "Ask it something:",
            f"  curl -H 'Authorization: Bearer {connection['access_token']}' '{url}'",
            "",
            "Serve it over MCP: put these lines into .env, then mcp-salesforce serve",
            *(
                f"  SALESFORCE_{name.upper()}={connection[name]}"
                for name in ("instance_url", "client_id", "client_secret", "refresh_token")
            ),
        ]
    )
