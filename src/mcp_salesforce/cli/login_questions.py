"""What `login` has to know of the app: given, or asked for at a terminal; and whether Salesforce knows the app yet."""

import asyncio
import sys
import time
from typing import TYPE_CHECKING, Final

import click

from mcp_salesforce.cli.refusal import Refusal, refusing_wrong_settings
from mcp_salesforce.cli.waiting import waiting

if TYPE_CHECKING:
    from mcp_salesforce.settings.settings import App

_AGAIN_S = 15
_NEW_APP_S: Final = 600
_WHERE: Final = "External Client App Manager, your app, Settings, OAuth Settings, Consumer Key and Secret"


def asked_app(given: dict[str, str], *, sandbox: bool) -> "App":
    """Return the app of the settings, with `given` over them; at a terminal, ask for what is missing.

    Raises:
        Refusal: A setting is wrong, or something is missing and there is nobody to ask.
    """
    from mcp_salesforce.settings.settings import App

    if sandbox:
        given = {**given, "login_url": "https://test.salesforce.com"}
    with refusing_wrong_settings():
        app = App.load(**given)
    if app.client_id:
        return app
    if not sys.stdin.isatty():
        raise Refusal(
            "Which app? Give its consumer key with --client-id or SALESFORCE_CLIENT_ID; docs/connect-an-org.md says "
            "how to make one, or mcp-salesforce app."
        )
    click.echo(f"Two values of your app are needed. In Setup: {_WHERE}.", err=True)
    given = {**given, "client_id": click.prompt("Consumer key", err=True).strip()}
    if not {"instance_url", "login_url"} & app.model_fields_set:
        given |= _asked_place()
    with refusing_wrong_settings():
        return App.load(**given)


def _asked_place() -> dict[str, str]:
    click.echo("Which org? In its Setup: My Domain, Current My Domain URL, such as acme.my.salesforce.com.", err=True)
    place: str = click.prompt("My Domain (empty: login.salesforce.com)", default="", show_default=False, err=True)
    return {"instance_url": place.strip()} if place.strip() else {}


def asked_secret(app: "App") -> str:
    """Return the consumer secret of the settings; at a terminal, ask for it. Empty if the app has none."""
    secret = app.client_secret.get_secret_value()
    if secret or not sys.stdin.isatty():
        return secret
    asked: str = click.prompt("Consumer secret (empty if the app has none)", default="", hide_input=True, err=True)
    return asked.strip()


def wait_for_app(app: "App", secret: str, wait_s: float | None) -> None:
    """Return when Salesforce knows the app; a new one takes up to ten minutes.

    Args:
        app: The app.
        secret: Its secret.
        wait_s: Most seconds to wait. None: ten minutes at a terminal, else none.

    Raises:
        AuthenticationError: Salesforce does not know the app, or the secret is not the app's.
    """
    from mcp_salesforce.salesforce.errors import AuthenticationError

    if wait_s is None:
        wait_s = _NEW_APP_S if sys.stderr.isatty() else 0
    ends, is_told = time.monotonic() + wait_s, False
    while True:
        try:
            return asyncio.run(_ask(app, secret))
        except AuthenticationError as error:
            left = ends - time.monotonic()
            if error.code != "invalid_client_id" or left <= 0:
                raise
            if not is_told:
                click.echo(f"{error.message} {error.hint}\nTrying again for {wait_s:g} s; Ctrl-C ends it.", err=True)
                is_told = True
        with waiting(f"Waiting for the app; {left:.0f} s left"):
            time.sleep(min(_AGAIN_S, left))


async def _ask(app: "App", secret: str) -> None:
    from mcp_salesforce.salesforce.consent import check_app
    from mcp_salesforce.settings.connect import transport

    way = transport(app)
    try:
        await check_app(way.exchange, app.login_url, app.client_id, secret)
    finally:
        await way.close()
