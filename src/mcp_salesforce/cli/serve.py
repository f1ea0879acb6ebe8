"""`mcp-salesforce serve`: the MCP server on stdin and stdout, or over HTTP."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mcp_salesforce.cli.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from mcp_salesforce.http.application import Application
    from mcp_salesforce.localorg.services.oauth import Credentials
    from mcp_salesforce.salesforce import Transport
    from mcp_salesforce.settings.serving import Serving
    from mcp_salesforce.settings.settings import Settings

_LOOPBACK = "127.0.0.1"


@click.command(name="serve")
@click.option("--demo", is_flag=True, help="Serve a local org with sample data instead of your own; needs no settings.")
@click.option("--fresh", is_flag=True, help="With --demo: delete the local org and start over.")
@click.option(
    "--file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="With --demo: the file of the local org. Default: a file in your data directory.",
)
@click.option(
    "--schema",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="With --demo: a file with your objects, fields and record types: YAML, or the describe of a real org.",
)
@click.option("--as", "user", help="With --demo: the user to act as, such as jonas. Default: the administrator.")
@click.option("--http", is_flag=True, help="Serve Streamable HTTP at /mcp instead, for clients on this machine.")
@click.option("--port", type=click.IntRange(0, 65535), help="With --http: the port; 0 picks a free one. Default: 8000.")
@click.option("--host", "address", help="With --http, for a team: the address to listen at, such as 0.0.0.0.")
def command(
    *,
    demo: bool,
    fresh: bool,
    file: Path | None,
    schema: Path | None,
    user: str | None,
    http: bool,
    port: int | None,
    address: str | None,
) -> None:
    """Serve MCP on stdin and stdout, in both protocol eras, until stdin ends; with --http, over HTTP until a signal.

    Your org comes from SALESFORCE_* settings, in the environment or in .env. With SALESFORCE_PUBLIC_URL, each
    person logs in to their own Salesforce user.
    """
    if (port is not None or address) and not http:
        raise click.UsageError("--port and --host need --http: without it the server uses stdin and stdout.")
    host = _Http(address or _LOOPBACK, 8000 if port is None else port) if http else _Stdio()
    if sys.stdin is None and not http:
        raise click.ClickException("stdin is closed: start this command from an MCP client.")
    if demo:
        _serve_local_org(host, file or default_file(), fresh=fresh, schema=schema, user=user)
    elif fresh or file or schema or user:
        raise click.UsageError("--fresh, --file, --schema and --as need --demo: they are for the local org.")
    elif isinstance(host, _Http) and _is_for_a_team():
        host.serve_team()
    else:
        settings = _settings()
        host.serve(settings, settings.org_name)


def default_file() -> Path:
    """Return where the local org of `serve --demo` lives: under the user's data directory."""
    from mcp_salesforce.settings.loading import user_folder

    folder = user_folder("data")
    folder.mkdir(parents=True, exist_ok=True)
    return folder / "demo.sqlite"


def local_settings(credentials: "Credentials") -> "Settings":
    """Return the settings for a local org in this process: its own connection, the rest from the environment."""
    return _settings(
        client_id=credentials.client_id,
        client_secret=credentials.client_secret,
        refresh_token=credentials.refresh_token,
        instance_url="http://localhost",
        login_url="http://localhost",
        api_version="v60.0",
    )


def _settings(**given: str) -> "Settings":
    from mcp_salesforce.settings.loading import ConfigurationError
    from mcp_salesforce.settings.settings import Settings

    try:
        return Settings.load(**given)
    except ConfigurationError as error:
        raise Refusal(str(error)) from None


def _serve_local_org(host: "_Stdio | _Http", file: Path, *, fresh: bool, schema: Path | None, user: str | None) -> None:
    from mcp_salesforce.cli.org import credentials_of, opened
    from mcp_salesforce.salesforce.asgi import AsgiTransport

    with opened(file, fresh=fresh, schema=schema) as org:
        journal = file.with_suffix(".journal.db")
        if fresh:
            journal.unlink(missing_ok=True)
        settings = local_settings(credentials_of(org, user))
        own = settings.model_copy(update={"journal": settings.journal or str(journal)})
        host.serve(own, f"the local org in {file}", AsgiTransport(org.app))


class _Stdio:
    """Serves the client that started this process."""

    def serve(self, settings: "Settings", org: str, transport: "Transport | None" = None) -> None:
        from mcp_salesforce.server import create_server, serve
        from mcp_salesforce.settings.loading import ConfigurationError

        if sys.stdin.isatty():  # tell a person why nothing happens; an MCP client never sees this
            click.echo(f"Serving {org}. An MCP client is expected on stdin; Ctrl-C ends.", err=True)
        try:
            serve(create_server(settings, transport=transport))
        except ConfigurationError as error:
            raise Refusal(str(error)) from None


class _Http:
    """Serves clients on this machine, or a team."""

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port

    def serve(self, settings: "Settings", org: str, transport: "Transport | None" = None) -> None:
        from mcp_salesforce.http.application import create_app

        if self._host not in {_LOOPBACK, "::1", "localhost"}:
            raise click.UsageError(
                "--host needs SALESFORCE_PUBLIC_URL: without logins, everybody who reaches the port would act as you."
            )
        self._run(
            lambda serving: create_app(settings, serving=serving, transport=transport),
            settings,
            lambda address: f"Serving {org} at {address} for clients on this machine; Ctrl-C ends.",
        )

    def serve_team(self) -> None:
        from mcp_salesforce.http.application import create_app
        from mcp_salesforce.http.for_a_team import settings_for, team_of
        from mcp_salesforce.settings.loading import ConfigurationError
        from mcp_salesforce.settings.team import Team

        try:
            team = Team.load()
            settings = settings_for(team)
        except ConfigurationError as error:
            raise Refusal(str(error)) from None
        self._run(
            lambda serving: create_app(settings, team=team_of(team), serving=serving),
            settings,
            lambda address: f"Serving a team at {address}, which people reach as {team.public_url}/mcp; Ctrl-C ends.",
        )

    def _run(
        self, create: "Callable[[Serving], Application]", settings: "Settings", said: "Callable[[str], str]"
    ) -> None:
        from mcp_salesforce import logs
        from mcp_salesforce.http.listening import serve
        from mcp_salesforce.settings.loading import ConfigurationError
        from mcp_salesforce.settings.serving import Serving

        logs.set_up(settings.log_level, settings.log_format)
        try:
            serving = Serving.load()
            serve(
                create(serving),
                host=self._host,
                port=self._port,
                drain_s=serving.drain_s,
                ready=lambda address: click.echo(said(address), err=True),
            )
        except ConfigurationError as error:
            raise Refusal(str(error)) from None
        except OSError as error:
            raise click.ClickException(
                f"Port {self._port} cannot be used: {error}. --port 0 picks a free one."
            ) from None


def _is_for_a_team() -> bool:
    from mcp_salesforce.settings.loading import ConfigurationError
    from mcp_salesforce.settings.serving import has_public_url

    try:
        return has_public_url()
    except ConfigurationError as error:
        raise Refusal(str(error)) from None
