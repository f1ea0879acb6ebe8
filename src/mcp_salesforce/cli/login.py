"""`mcp-salesforce login`: let a user allow the app in a browser, and keep the login."""

import asyncio
import sys
import webbrowser
from typing import TYPE_CHECKING

import click

from mcp_salesforce.cli.refusal import Refusal

if TYPE_CHECKING:
    from mcp_salesforce.config import App, Network
    from mcp_salesforce.logins import Login
    from mcp_salesforce.salesforce.consent import Consent

DEFAULT_PORT = 1717
_EXCHANGE_S = 60


@click.command(name="login")
@click.option("--org", "alias", default="default", show_default=True, help="Alias to keep the login under.")
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
@click.option("--no-browser", is_flag=True, help="Open no browser: print the address only.")
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

    The refresh token goes into the keyring of your system, or where there is none into a file that only you can read.
    The consumer secret comes from SALESFORCE_CLIENT_SECRET, or you are asked for it.
    """
    if sandbox and instance_url:
        raise click.UsageError("--sandbox and --instance-url name two places to log in: give one.")
    from mcp_salesforce.logins import LoginError, Logins, checked_alias

    given = {"instance_url": instance_url or "", "client_id": client_id or ""}
    app = _app({name: value for name, value in given.items() if value}, sandbox=sandbox)
    try:
        alias = checked_alias(alias)
        login = _log_in(app, alias, port=port, opens_browser=not no_browser, timeout_s=timeout_s)
        Logins().write(login)
        kept = Logins().describe(alias)
    except LoginError as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"Logged in to {login.instance_url}{f' as {login.username}' if login.username else ''}.")
    click.echo(f"The refresh token is in the {kept['kept']}.")
    click.echo(f"Serve it: SALESFORCE_ORG={alias} mcp-salesforce serve")


def _app(given: dict[str, str], *, sandbox: bool) -> "App":
    from mcp_salesforce.config import App, ConfigurationError

    if sandbox:
        given = {**given, "login_url": "https://test.salesforce.com"}
    try:
        app = App.load(**given)
    except ConfigurationError as error:
        raise Refusal(str(error)) from None
    if not app.client_id:
        raise Refusal(
            "Which app? Give its consumer key with --client-id or SALESFORCE_CLIENT_ID; docs/connect-an-org.md says "
            "how to make one."
        )
    return app


def _log_in(app: "App", alias: str, *, port: int, opens_browser: bool, timeout_s: float) -> "Login":
    from mcp_salesforce.cli.callback import listening
    from mcp_salesforce.salesforce.consent import Consent
    from mcp_salesforce.salesforce.errors import SalesforceError

    secret = app.client_secret.get_secret_value()
    if not secret and sys.stdin.isatty():
        secret = click.prompt("Consumer secret (empty if the app has none)", default="", hide_input=True, err=True)
    try:
        with listening(port) as callback:
            consent = Consent.begin(app.login_url, app.client_id, callback.redirect_uri)
            click.echo(f"Log in and allow the access here:\n{consent.url}", err=True)
            if opens_browser:
                webbrowser.open(consent.url)
            code = consent.code_of(callback.wait(timeout_s))
            return asyncio.run(_redeem(consent, code, secret, alias, app))
    except SalesforceError as error:
        raise click.ClickException(f"{error.message} {error.hint}".strip()) from None
    except TimeoutError:
        raise click.ClickException(f"Nobody answered within {timeout_s:g} seconds: log in again.") from None
    except OSError as error:
        raise click.ClickException(
            f"Port {port} cannot be used: {error.strerror}. End what uses it, or give --port and add "
            "http://localhost:PORT/callback to the app's callback URLs."
        ) from None


async def _redeem(consent: "Consent", code: str, client_secret: str, alias: str, network: "Network") -> "Login":
    from mcp_salesforce.connect import transport
    from mcp_salesforce.logins import Login
    from mcp_salesforce.salesforce import SalesforceClient, StaticTokenSource

    way = transport(network)
    try:
        async with asyncio.timeout(_EXCHANGE_S):
            token, refresh_token = await consent.redeem(way.exchange, code, client_secret)
    finally:
        await way.close()
    source = StaticTokenSource(token.access_token, token.instance_url)
    async with SalesforceClient(source, transport=transport(network)) as client:
        user = await client.userinfo()
    return Login(
        alias=alias,
        client_id=consent.client_id,
        login_url=consent.login_url,
        instance_url=token.instance_url,
        username=user.preferred_username,
        client_secret=client_secret,
        refresh_token=refresh_token,
    )
