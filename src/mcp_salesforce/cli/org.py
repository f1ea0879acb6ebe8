"""`mcp-salesforce org`: the local org on a port, for any Salesforce client."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mcp_salesforce.cli.waiting import bar

if TYPE_CHECKING:
    from mcp_salesforce.localorg import LocalOrg
    from mcp_salesforce.localorg.certificates import Certificate
    from mcp_salesforce.localorg.services.oauth import Credentials

FILE = click.Path(dir_okay=False, path_type=Path)
EXISTING_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command(name="org")
@click.option("--port", type=click.IntRange(0, 65535), default=8080, show_default=True, help="0: any free port.")
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON when ready, for scripts.")
@click.option("--file", type=FILE, help="Keep the org in this file. Default: in memory, until the command ends.")
@click.option("--fresh", is_flag=True, help="With --file: delete the org in the file and start over.")
@click.option("--contacts", type=click.IntRange(1, 10_000_000), help="How many contacts a new org has. Default: 200.")
@click.option(
    "--schema",
    type=EXISTING_FILE,
    help=("File with your objects, fields and record types: YAML, or the describe of a real org."),
)
@click.option("--tls", is_flag=True, help="Use TLS, with a certificate from its own authority.")
@click.option("--as", "user", help="Whose credentials to print, such as jonas. Default: the administrator's.")
@click.option("--faults", is_flag=True, help="Let clients inject failures at /_local/faults.")
def command(  # noqa: PLR0913 - one for each option
    *,
    port: int,
    as_json: bool,
    file: Path | None,
    fresh: bool,
    contacts: int | None,
    schema: Path | None,
    tls: bool,
    user: str | None,
    faults: bool,
) -> None:
    """Serve a local org with sample data on 127.0.0.1, until Ctrl-C.

    Any Salesforce client can use it: REST, OAuth, SOQL. Needs no settings. Open its address in a browser to see its
    records and the calls of clients.
    """
    _check_options(file, fresh=fresh, contacts=contacts)
    from mcp_salesforce.localorg.explorer import Explorer
    from mcp_salesforce.localorg.listener import serve

    certificate = _certificate() if tls else None
    write = json.dumps if as_json else _as_text
    with opened(file, fresh=fresh, contacts=contacts, schema=schema) as org:
        org.faults.is_controllable = faults
        credentials = credentials_of(org, user)

        def ready(address: str) -> None:
            connection = _connection(address, credentials)
            if certificate:
                connection["ca_file"] = str(certificate.authority)
            if faults:
                connection["faults_url"] = f"{address}/_local/faults"
            click.echo(write(connection))

        try:
            serve(Explorer(org), port=port, certificate=certificate, ready=ready)
        except OSError as error:
            raise click.ClickException(f"Port {port} cannot be used: {error}. --port 0 picks a free one.") from None


def _check_options(file: Path | None, *, fresh: bool, contacts: int | None) -> None:
    if fresh and file is None:
        raise click.UsageError("--fresh needs --file: an org in memory always starts fresh.")
    if contacts and file and file.exists() and not fresh:
        raise click.UsageError(f"{file} has contacts already: use --contacts with --fresh, or another --file.")


def credentials_of(org: "LocalOrg", user: str | None) -> "Credentials":
    """Return what a client needs to use the local org as a user; None is its administrator."""
    try:
        return org.credentials if user is None else org.credentials_of(user)
    except LookupError as error:
        raise click.ClickException(f"--as: {error}") from None


def opened(
    file: Path | None, *, fresh: bool = False, contacts: int | None = None, schema: Path | None = None
) -> "LocalOrg":
    """Return the local org in a file, or one in memory."""
    from mcp_salesforce.localorg import LocalOrg, SchemaFileError

    try:
        if contacts is None:
            return LocalOrg.open(file, fresh=fresh, schema_file=schema)
        with bar("contacts") as show:
            return LocalOrg.open(
                file, fresh=fresh, contacts=contacts, schema_file=schema, on_progress=lambda done: show(done, contacts)
            )
    except SchemaFileError as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.ClickException(f"The local org cannot be opened: {error}") from None


def _certificate() -> "Certificate":
    from mcp_salesforce.localorg.certificates import loopback_certificate
    from mcp_salesforce.settings.loading import user_folder

    return loopback_certificate(user_folder("data") / "tls")


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


def _as_text(connection: dict[str, str]) -> str:
    url = f"{connection['instance_url']}/services/data/v60.0/query?q=SELECT+Name,Email+FROM+Contact+LIMIT+3"
    authority = connection.get("ca_file")
    trust = f"--cacert '{authority}' " if authority else ""
    settings = ("instance_url", "client_id", "client_secret", "refresh_token", "ca_file")
    return "\n".join(
        [
            f"A local Salesforce org listens on {connection['instance_url']}, for this machine only. Ctrl-C ends it.",
            "",
            *(f"  {name:<15}{value}" for name, value in connection.items()),
            "",
            f"See its records and the calls of clients in a browser: {connection['instance_url']}/",
            "",
            "Ask it something:",
            f"  curl {trust}-H 'Authorization: Bearer {connection['access_token']}' '{url}'",
            "",
            "Serve it over MCP: put these lines into .env, then mcp-salesforce serve",
            *(f"  SALESFORCE_{name.upper()}={connection[name]}" for name in settings if name in connection),
        ]
    )
