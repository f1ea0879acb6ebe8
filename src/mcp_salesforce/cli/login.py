"""`mcp-salesforce login`: let a user allow the app in a browser, and keep the login."""

import asyncio
import sys
import time
import webbrowser
from typing import TYPE_CHECKING

import click

from mcp_salesforce.cli.refusal import Refusal, refusing_wrong_settings

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
@click.option("--timeout", "timeout_s", type=click.FloatRange(1, 3600), default=300, help="Seconds to wait for you.")
def command(
    *,
    alias: str,
    sandbox: bool,
    instance_url: str | None,
    client_id: str | None,
    port: int,
    no_browser: bool,
    timeout_s: float,
) -> None:
    """Log in to an org in your browser, and keep the login for `serve`.

    The refresh token goes into the keyring of your system, or if there is none into a file that only you can read.
    The consumer secret comes from SALESFORCE_CLIENT_SECRET, or you are asked for it.
    """
    if sandbox and instance_url:
        raise click.UsageError("--sandbox and --instance-url exclude each other: give one of them.")
    from mcp_salesforce.settings.logins import LoginError, Logins, checked_alias

    given = {"instance_url": instance_url or "", "client_id": client_id or ""}
    app = _app({name: value for name, value in given.items() if value}, sandbox=sandbox)
    try:
        alias = checked_alias(alias)
        Logins().require_writable()  # before anybody is asked for a consent that could not be kept
        login = _log_in(app, alias, port=port, opens_browser=not no_browser, timeout_s=timeout_s)
        ended = asyncio.run(_keep(login, app))
        kept = Logins().describe(alias)
    except LoginError as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"Logged in to {login.instance_url}{f' as {login.username}' if login.username else ''}.")
    click.echo(f"The refresh token is in the {kept['kept']}.")
    if ended:
        click.echo(ended)
    _tell_what_is_next(alias, app)


def _app(given: dict[str, str], *, sandbox: bool) -> "App":
    from mcp_salesforce.settings.settings import App

    if sandbox:
        given = {**given, "login_url": "https://test.salesforce.com"}
    with refusing_wrong_settings():
        app = App.load(**given)
    if not app.client_id:
        raise Refusal(
            "Which app? Give its consumer key with --client-id or SALESFORCE_CLIENT_ID; docs/connect-an-org.md says "
            "how to make one."
        )
    return app


def _check_the_way(app: "App") -> None:
    """Refuse to send a person to a host that the answer could not be redeemed at."""
    from mcp_salesforce.doctor import examine_way

    if failed := asyncio.run(examine_way(app.login_url, app)):
        raise click.ClickException(f"{failed.detail}\n{failed.cause}\nFix: {failed.fix}")


def _log_in(app: "App", alias: str, *, port: int, opens_browser: bool, timeout_s: float) -> "Login":
    from mcp_salesforce.cli.callback import listening
    from mcp_salesforce.salesforce.consent import Consent
    from mcp_salesforce.salesforce.errors import SalesforceError

    secret = app.client_secret.get_secret_value()
    if not secret and sys.stdin.isatty():
        secret = click.prompt("Consumer secret (empty if the app has none)", default="", hide_input=True, err=True)
    try:
        with listening(port) as callback:
            _check_the_way(app)
            consent = Consent.begin(app.login_url, app.client_id, callback.redirect_uri)
            click.echo(f"Log in and allow the access here:\n{consent.url}", err=True)
            if opens_browser:
                webbrowser.open(consent.url)
            code = _code(consent, callback, timeout_s)
            return asyncio.run(_redeem(consent, code, secret, alias, app))
    except SalesforceError as error:
        raise click.ClickException(f"{error.message} {error.hint}".strip()) from None
    except TimeoutError:
        raise click.ClickException(f"Nobody answered within {timeout_s:g} seconds: log in again.") from None
    except OSError as error:
        raise click.ClickException(
            f"Port {port} cannot be used: {error.strerror}. Stop the program that uses it, or give --port and add "
            "http://localhost:PORT/callback to the app's callback URLs."
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
    from mcp_salesforce.cli.hosts import launch_command, registrations, settings_of_login
    from mcp_salesforce.cli.shells import typed

    settings = settings_of_login(alias, network)
    launch = launch_command(demo=False)
    check = [*launch[: launch.index("serve")], "doctor", "--org", alias]
    click.echo(f"\nCheck it:  {typed(check)}\n\nRegister it with your MCP host:")
    for entry in registrations(launch, settings):
        hosts = "\n".join(f"{host.name} ({host.where})" for host in entry.hosts)
        click.echo(f"\n{hosts}\n{entry.text}")
    if proxy := network.way_out:
        click.echo(f"\nAlso set the proxy for the server in the host: SALESFORCE_PROXY, here {proxy.address}.")
