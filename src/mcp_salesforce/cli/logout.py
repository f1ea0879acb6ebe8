"""`mcp-salesforce logout`: end a login at Salesforce, and forget it here."""

import asyncio
from typing import TYPE_CHECKING

import click

from mcp_salesforce.cli.refusal import Refusal
from mcp_salesforce.cli.waiting import waiting

if TYPE_CHECKING:
    from mcp_salesforce.settings.settings import Network

_REVOKE_S = 60


@click.command(name="logout")
@click.option("--org", "alias", default="default", show_default=True, help="Alias of the login.")
@click.option("--forget", is_flag=True, help="Remove it from this machine even if it cannot be revoked at Salesforce.")
def command(*, alias: str, forget: bool) -> None:
    """End a login: revoke its refresh token at Salesforce, then remove it here."""
    from mcp_salesforce.salesforce.errors import SalesforceError
    from mcp_salesforce.settings.loading import ConfigurationError
    from mcp_salesforce.settings.logins import LoginError, checked_alias
    from mcp_salesforce.settings.settings import Network

    try:
        with waiting("Revoking the login at Salesforce"):
            done = asyncio.run(_log_out(checked_alias(alias), Network.load(), forget=forget))
    except ConfigurationError as error:
        raise Refusal(str(error)) from None
    except LoginError as error:
        raise click.ClickException(str(error)) from None
    except (SalesforceError, TimeoutError) as error:
        reason = error.message if isinstance(error, SalesforceError) else "No answer."
        raise click.ClickException(
            f"The login was not revoked and not removed: {reason} Use --forget to remove it from this machine anyway."
        ) from None
    click.echo(done)


async def _log_out(alias: str, network: "Network", *, forget: bool) -> str:
    from mcp_salesforce.salesforce.consent import revoke
    from mcp_salesforce.salesforce.errors import SalesforceError
    from mcp_salesforce.settings.connect import transport
    from mcp_salesforce.settings.logins import Logins

    logins = Logins()
    ended = "Revoked at Salesforce"
    async with logins.locked(alias):
        if aside := logins.set_aside_if_damaged(alias):
            return f"The login {alias} is damaged: it was renamed to {aside}, and not revoked at Salesforce."
        logins.describe(alias)
        way = transport(network)
        try:
            login = logins.read(alias)
            async with asyncio.timeout(_REVOKE_S):
                if not await revoke(way.exchange, login.login_url, login.refresh_token):
                    ended = "The token was no longer valid at Salesforce"
        except (SalesforceError, TimeoutError):
            if not forget:
                raise
            ended = "Not revoked at Salesforce"
        finally:
            await way.close()
        logins.remove(alias)
    return f"{ended}; the login {alias} was removed from this machine."
