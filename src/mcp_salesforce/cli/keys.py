"""`mcp-salesforce keys`: the keys that encrypt the store of a server for a team."""

import asyncio
from typing import TYPE_CHECKING

import click

from mcp_salesforce.cli.refusal import Refusal
from mcp_salesforce.cli.waiting import waiting

if TYPE_CHECKING:
    from mcp_salesforce.settings.team import StoreSettings


@click.group(name="keys")
def command() -> None:
    """Make and replace the keys that encrypt the store of a server for a team."""


@command.command(name="new")
def new() -> None:
    """Print a new key for SALESFORCE_STORE_KEYS."""
    from cryptography.fernet import Fernet

    click.echo(Fernet.generate_key().decode())


@command.command(name="rotate")
def rotate() -> None:
    """Encrypt everything in the store with the first key of SALESFORCE_STORE_KEYS. Nobody is logged out.

    Put the new key first and keep the old one behind it; restart every replica; run this; then remove the old key and
    restart again.
    """
    from mcp_salesforce.settings.loading import ConfigurationError, loaded
    from mcp_salesforce.settings.team import StoreSettings
    from mcp_salesforce.store.interface import StoreError

    try:
        with waiting("Encrypting the store with the first key"):
            done, unreadable = asyncio.run(_rotate(loaded(StoreSettings, {})))
    except ConfigurationError as error:
        raise Refusal(str(error)) from None
    except StoreError as error:
        raise Refusal(f"{error.message} {error.hint}") from None
    click.echo(f"{done} values are encrypted with the new key now.")
    if unreadable:
        raise click.ClickException(
            f"{unreadable} values are encrypted with a key that SALESFORCE_STORE_KEYS does not have. "
            "Add that key, and run this again."
        )


async def _rotate(settings: "StoreSettings") -> tuple[int, int]:
    store = settings.opened()
    try:
        return await store.rotate()
    finally:
        await store.close()
