"""`mcp-salesforce login`: let a user allow the app in a browser, and keep the login."""

import asyncio
import time
import webbrowser
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from mcp_salesforce.cli.login_questions import asked_app, asked_secret, wait_for_app
from mcp_salesforce.cli.waiting import waiting

if TYPE_CHECKING:
    from mcp_salesforce.cli.callback import Callback
    from mcp_salesforce.salesforce import SalesforceClient
    from mcp_salesforce.salesforce.consent import Consent
    from mcp_salesforce.settings.logins import Login
    from mcp_salesforce.settings.settings import App, Network

DEFAULT_PORT = 1717
_EXCHANGE_S = 60
_END_IT = "To end it: Setup, Connected Apps OAuth Usage, the app, Revoke."


@click.command(name="login")
@click.option("--org", "alias", default="default", show_default=True, help="Alias under which to store the login.")
@click.option("--sandbox", is_flag=True, help="Log in at https://test.salesforce.com.")
@click.option("--instance-url", help="Log in at the org's own My Domain, such as https://acme.my.salesforce.com.")
@click.option("--client-id", help="Consumer key of your app. Default: SALESFORCE_CLIENT_ID.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=DEFAULT_PORT,
    show_default=True,
    help="Port of the app's callback URL, http://localhost:PORT/callback.",
)
@click.option("--no-browser", is_flag=True, help="Do not open a browser; print the address only.")
@click.option(
    "--wait",
    "wait_s",
    type=click.FloatRange(0, 3600),
    help="Seconds to wait for a new app that Salesforce does not know yet. Default: 600 at a terminal, else 0.",
)
@click.option("--timeout", "timeout_s", type=click.FloatRange(1, 3600), default=300, help="Seconds to wait for you.")
def command(
    *,
    alias: str,
    sandbox: bool,
    instance_url: str | None,
    client_id: str | None,
    port: int,
    no_browser: bool,
    wait_s: float | None,
    timeout_s: float,
) -> None:
    """Log in to an org in your browser, and keep the login for `serve`.

    The refresh token goes into the keyring of your system, or if there is none into a file that only you can read.
    The consumer secret comes from SALESFORCE_CLIENT_SECRET. At a terminal you are asked for what is missing.
    """
    if sandbox and instance_url:
        raise click.UsageError("--sandbox and --instance-url exclude each other: give one of them.")
    from mcp_salesforce.settings.logins import LoginError, Logins, checked_alias

    given = {"instance_url": instance_url or "", "client_id": client_id or ""}
    app = asked_app({name: value for name, value in given.items() if value}, sandbox=sandbox)
    try:
        alias = checked_alias(alias)
        Logins().require_writable()  # before anybody is asked for a consent that could not be kept
        way_in = _WayIn(port, timeout_s, wait_s, opens_browser=not no_browser)
        login = _log_in(app, alias, way_in)
        ended = asyncio.run(_keep(login, app))
        kept = Logins().describe(alias)
    except LoginError as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"Logged in to {login.instance_url}{f' as {login.username}' if login.username else ''}.")
    click.echo(f"The refresh token is in the {kept['kept']}.")
    if ended:
        click.echo(ended)
    _tell_what_is_next(alias, app)


def _check_the_way(app: "App") -> None:
    """Refuse to send a person to a host that the answer could not be redeemed at."""
    from mcp_salesforce.doctor import examine_way

    if failed := asyncio.run(examine_way(app.login_url, app)):
        raise click.ClickException(f"{failed.detail}\n{failed.cause}\nFix: {failed.fix}")


@dataclass(frozen=True, slots=True)
class _WayIn:
    """How the browser comes back, and how long to wait."""

    port: int
    timeout_s: float
    wait_s: float | None
    opens_browser: bool


def _log_in(app: "App", alias: str, way_in: _WayIn) -> "Login":
    from mcp_salesforce.cli.callback import listening
    from mcp_salesforce.salesforce.consent import Consent
    from mcp_salesforce.salesforce.errors import SalesforceError

    secret = asked_secret(app)
    try:
        with listening(way_in.port) as callback:
            _check_the_way(app)
            wait_for_app(app, secret, way_in.wait_s)
            consent = Consent.begin(app.login_url, app.client_id, callback.redirect_uri)
            click.echo(f"Log in and allow the access here:\n{consent.url}", err=True)
            if way_in.opens_browser:
                webbrowser.open(consent.url)
            with waiting("Waiting for your answer in the browser; Ctrl-C ends it"):
                code = _code(consent, callback, way_in.timeout_s)
            return asyncio.run(_redeem(consent, code, secret, alias, app))
    except SalesforceError as error:
        raise click.ClickException(f"{error.message} {error.hint}".strip()) from None
    except TimeoutError:
        raise click.ClickException(f"Nobody answered within {way_in.timeout_s:g} seconds: log in again.") from None
    except OSError as error:
        raise click.ClickException(
            f"Port {way_in.port} cannot be used: {error.strerror}. Stop the program that uses it, or give --port and "
            "add http://localhost:PORT/callback to the app's callback URLs."
        ) from None


def _code(consent: "Consent", callback: "Callback", timeout_s: float) -> str:
    """Return the code that the browser brings; what belongs to no login, or to another one, is passed over."""
    from mcp_salesforce.salesforce.errors import AuthenticationError

    ends = time.monotonic() + timeout_s
    while True:
        query = callback.wait(max(0.0, ends - time.monotonic()))
        try:
            return consent.code_of(query)
        except AuthenticationError as error:
            if error.code not in {"wrong_state", "no_code"}:
                raise
            click.echo(f"Ignored: {error.message}", err=True)


async def _redeem(consent: "Consent", code: str, client_secret: str, alias: str, network: "Network") -> "Login":
    from mcp_salesforce.salesforce import SalesforceClient, StaticTokenSource
    from mcp_salesforce.settings.connect import transport
    from mcp_salesforce.settings.logins import Login

    way = transport(network)
    try:
        async with asyncio.timeout(_EXCHANGE_S):
            token, refresh_token = await consent.redeem(way.exchange, code, client_secret)
        source = StaticTokenSource(token.access_token, token.instance_url)
        async with SalesforceClient(source, transport=way) as client:
            username = await _username(client)
    finally:
        await way.close()
    return Login(
        alias=alias,
        client_id=consent.client_id,
        login_url=consent.login_url,
        instance_url=token.instance_url,
        username=username,
        client_secret=client_secret,
        refresh_token=refresh_token,
    )


async def _username(client: "SalesforceClient") -> str:
    """Return who logged in, or nothing where the org does not say: the consent is kept anyway."""
    from mcp_salesforce.salesforce.errors import SalesforceError

    try:
        return (await client.userinfo()).preferred_username
    except SalesforceError as error:
        click.echo(f"The org does not say who logged in: {error.message} {error.hint}".strip(), err=True)
        return ""


async def _keep(login: "Login", network: "Network") -> str:
    """Keep `login`, and end the one that it replaces; return how that ended, if there was one."""
    from mcp_salesforce.salesforce.consent import revoke
    from mcp_salesforce.salesforce.errors import SalesforceError
    from mcp_salesforce.settings.connect import transport
    from mcp_salesforce.settings.logins import LoginError, Logins

    logins = Logins()
    async with logins.locked(login.alias):
        if set_aside := logins.set_aside_if_damaged(login.alias):
            logins.write(login)
            return f"The login that was there is damaged; it was renamed to {set_aside}. {_END_IT}"
        if login.alias not in logins.aliases():
            logins.write(login)
            return ""
        try:
            replaced = logins.read(login.alias)
        except LoginError:
            replaced = None
        logins.write(login)
    if replaced is None:
        return f"The old login could not be read, so it was not revoked. {_END_IT}"
    if replaced.refresh_token == login.refresh_token:
        return ""
    way = transport(network)
    try:
        async with asyncio.timeout(_EXCHANGE_S):
            await revoke(way.exchange, replaced.login_url, replaced.refresh_token)
    except (SalesforceError, TimeoutError) as error:
        reason = error.message if isinstance(error, SalesforceError) else "No answer came."
        return f"The old login could not be revoked: {reason} {_END_IT}"
    finally:
        await way.close()
    return f"The old login, of {replaced.username} at {replaced.instance_url}, is ended."


def _tell_what_is_next(alias: str, network: "Network") -> None:
    """Show how to check the login, and the lines that register the server with a host, for this very folder."""
    from mcp_salesforce.cli.hosts import launch_command, own_command, registrations, settings_of_login

    settings = settings_of_login(alias, network)
    launch = launch_command(demo=False)
    click.echo(f"\nCheck it:  {own_command('doctor', '--org', alias)}\n\nRegister it with your MCP host:")
    for entry in registrations(launch, settings):
        hosts = "\n".join(f"{host.name} ({host.where})" for host in entry.hosts)
        click.echo(f"\n{hosts}\n{entry.text}")
    if proxy := network.way_out:
        click.echo(f"\nAlso set the proxy for the server in the host: SALESFORCE_PROXY, here {proxy.address}.")
