"""The settings of a server for a team: where people reach it, the app they log in through, and the store."""

import base64
import re
from pathlib import Path
from typing import Annotated, Final, Self, cast
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    ModelWrapValidatorHandler,
    SecretStr,
    model_validator,
)
from pydantic_core import InitErrorDetails

from mcp_salesforce.changes.journal import JournalError
from mcp_salesforce.changes.kept_key import key_in
from mcp_salesforce.salesforce.proxies import is_loopback
from mcp_salesforce.settings import values as setting_values
from mcp_salesforce.settings.loading import ConfigurationError, loaded, user_folder
from mcp_salesforce.settings.settings import App, Network, Surface, checked, validated
from mcp_salesforce.store.interface import Store, StoreError
from mcp_salesforce.store.sealing import KeyRing, SealedStore
from mcp_salesforce.store.sqlite_file import SqliteStore
from mcp_salesforce.store.valkey import SCHEMES, ValkeyStore

_NEEDED: Final = ("public_url", "client_id", "client_secret")
_NOTHING: Final = SecretStr("")


def _public_url(value: str) -> str:
    """Return the address at which people reach the server, without a slash at its end."""
    parts = urlsplit(value)
    if not parts.hostname or parts.scheme not in {"https", "http"}:
        raise ValueError("is not an address such as https://mcp.acme.com")
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise ValueError("must begin with https://, unless it is a loopback address: tokens travel to it")
    if parts.query or parts.fragment or parts.username or not re.fullmatch(r"[\w.~/-]*", parts.path, re.ASCII):
        raise ValueError("has more than scheme, host, port and a plain path")
    port = parts.port if parts.port not in {None, {"https": 443, "http": 80}[parts.scheme]} else None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}{f':{port}' if port else ''}{parts.path.rstrip('/')}"


def _store(value: SecretStr) -> SecretStr:
    """Return a path, or the address of a server."""
    text = value.get_secret_value()
    scheme, there, _ = text.partition("://")
    if there and (scheme not in SCHEMES or not urlsplit(text).hostname):
        raise ValueError(f"is neither a path nor an address; addresses begin with {', '.join(SCHEMES)}://")
    return value


def _keys(value: SecretStr) -> SecretStr:
    """Return keys with commas between them."""
    if text := value.get_secret_value():
        KeyRing(text.split(","))
    return value


class StoreSettings(Network):
    """Where replicas share what they know. Its credentials and keys do not show in its repr."""

    store: Annotated[SecretStr, AfterValidator(_store), BeforeValidator(setting_values.tidy)] = Field(
        default=_NOTHING,
        description="What all replicas share: the path of a SQLite file, for one machine, or the address of a Valkey "
        "or Redis server, such as `rediss://user:password@host:6380/0` (`valkeys://` is the same; `redis://` and "
        "`valkey://` do not encrypt). Default: `store.db` in the user's data folder.",
    )
    store_keys: Annotated[SecretStr, AfterValidator(_keys), BeforeValidator(setting_values.tidy)] = Field(
        default=_NOTHING,
        description="Keys that encrypt the store, with commas between them: the first encrypts, all decrypt. "
        "`mcp-salesforce keys new` prints one. Default, for a file: a key next to the file.",
    )

    @property
    def place(self) -> Path | None:
        """The store's file; None for a server."""
        text = self.store.get_secret_value()
        if "://" in text:
            return None
        return Path(text).expanduser() if text else user_folder("data") / "store.db"

    @property
    def key_ring(self) -> KeyRing:
        """The keys of the store.

        Raises:
            ConfigurationError: There is none, or its file cannot be read.
        """
        if keys := self.store_keys.get_secret_value():
            return KeyRing(keys.split(","))
        if not self.place:
            raise ConfigurationError(
                "mcp-salesforce cannot start: SALESFORCE_STORE_KEYS is missing. Replicas that share a server share its "
                "keys too. Print one with mcp-salesforce keys new."
            )
        return KeyRing([base64.urlsafe_b64encode(key_beside(self.place)).decode()])

    def opened(self) -> SealedStore:
        """Return the store; nothing is connected or read before its first use.

        Raises:
            ConfigurationError: It cannot be used on this machine.
        """
        ring = self.key_ring
        try:
            store: Store = (
                SqliteStore(self.place)
                if self.place
                else ValkeyStore(self.store.get_secret_value(), ca_file=self.ca_file)
            )
        except StoreError as error:
            raise ConfigurationError(f"mcp-salesforce cannot start: {error.message}") from None
        return SealedStore(store, ring)


def key_beside(store: Path) -> bytes:
    """Return the key in the file next to a store's; it is made if it is not there.

    Raises:
        ConfigurationError: The file cannot be read or made.
    """
    try:
        return key_in(store.with_suffix(".key"))
    except (OSError, JournalError) as error:
        raise ConfigurationError(f"mcp-salesforce cannot start: the store has no key: {error}") from None


class Team(StoreSettings, App, Surface):
    """A server that everybody logs in to as themselves. Immutable; secrets do not show in its repr."""

    public_url: Annotated[str, AfterValidator(_public_url), BeforeValidator(setting_values.tidy)] = Field(
        default="",
        description="Address at which people reach the server, such as `https://mcp.acme.com`; hosts connect to `/mcp` "
        "below it, and the app's callback URL is `/callback` below it. Everybody logs in there.",
    )
    registration: bool = Field(
        default=True,
        description="`false`: no dynamic client registration (RFC 7591), which most hosts still use.",
    )
    client_documents: bool = Field(
        default=True,
        description="`false`: no Client ID Metadata Documents. The server fetches them from https addresses.",
    )

    @classmethod
    def load(cls, **given: str) -> "Team":
        """Return the settings of the environment and of `.env`, with `given` over both.

        Raises:
            ConfigurationError: At least one is missing or malformed; the text names all of them.
        """
        return checked(Team, loaded(Team, dict(given)))

    @model_validator(mode="wrap")
    @classmethod
    def _all_needed(cls, data: object, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Report what is malformed together with what is missing."""
        given = cast("dict[str, object]", data)
        problems: list[InitErrorDetails] = [
            {"type": "missing", "loc": (name,), "input": None} for name in _NEEDED if not given.get(name)
        ]
        return validated(handler, given, problems)
