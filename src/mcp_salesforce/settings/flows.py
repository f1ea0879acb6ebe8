"""The ways to get access tokens, and which settings each one needs."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from pydantic import SecretStr


@dataclass(frozen=True, slots=True)
class Way:
    """One way to log in.

    Attributes:
        name: What it is called in messages.
        needs: The settings that make it complete.
        mark: The setting that only this way uses; set, it shows that this way is meant.
        about: One line on what it is for.
    """

    name: str
    needs: tuple[str, ...]
    mark: str
    about: str


REFRESH_TOKEN: Final = Way(
    "refresh token",
    ("client_id", "client_secret", "refresh_token", "instance_url"),
    "refresh_token",
    "Acts as the user who authorized the app.",
)
CLIENT_CREDENTIALS: Final = Way(
    "client credentials",
    ("client_id", "client_secret", "instance_url", "client_credentials"),
    "client_credentials",
    "Acts as the user whom the app's policies name under Client Credentials Flow. The instance URL is a My Domain.",
)
JWT_BEARER: Final = Way(
    "JWT bearer",
    ("client_id", "jwt_key_file", "username"),
    "jwt_key_file",
    "Acts as a user whom an administrator approved for the app; the app holds the key's certificate. A sandbox or a My "
    "Domain needs `SALESFORCE_INSTANCE_URL` or `SALESFORCE_LOGIN_URL` too.",
)
ACCESS_TOKEN: Final = Way(
    "access token",
    ("access_token", "instance_url"),
    "access_token",
    "Works for a short time: an access token expires and cannot be renewed.",
)
SF_CLI: Final = Way("sf CLI", ("sf_org",), "sf_org", "Uses a login of Salesforce's own `sf` command.")
STORED_LOGIN: Final = Way(
    "stored login", ("org",), "org", ("Uses the login that `mcp-salesforce login` stored under that alias.")
)

WAYS: Final = (STORED_LOGIN, REFRESH_TOKEN, CLIENT_CREDENTIALS, JWT_BEARER, ACCESS_TOKEN, SF_CLI)
CONNECTION: Final = tuple(dict.fromkeys(name for way in WAYS for name in way.needs))
OF_ANY_ORG: Final = frozenset({"client_id", "client_secret"})
"""Settings that name no org: they stand there to log in with."""
OFF: Final = frozenset({"false", "f", "no", "n", "off", "0"})
"""Values that mean no, as Pydantic reads a boolean."""


def plain(value: object) -> str:
    """Return the text of a setting, as it is compared."""
    text = value.get_secret_value() if isinstance(value, SecretStr) else str(value or "")
    return text.strip().casefold()


def named(values: Mapping[str, object]) -> set[str]:
    """Return which settings of a way to log in have a value; `off` and other words for no count as none."""
    return {name for name in CONNECTION if plain(values.get(name)) not in {"", *OFF}}


class TwoWaysError(ValueError):
    """The settings make more than one way complete.

    Attributes:
        ways: The complete ones.
    """

    def __init__(self, ways: Collection[Way]) -> None:
        super().__init__("settings for two ways to log in are complete")
        self.ways = tuple(ways)


class IncompleteError(ValueError):
    """The settings make no way complete, or begin one without ending it.

    Attributes:
        missing: The settings that are missing, of the way that was begun; of the refresh token's if none was.
    """

    def __init__(self, missing: Collection[str]) -> None:
        super().__init__("settings are missing")
        self.missing = tuple(missing)


def chosen(given: Collection[str]) -> Way:
    """Return the one way for which `given`, the names of the settings that are set, is complete.

    Raises:
        TwoWaysError: Several are complete.
        IncompleteError: None is, or one was begun.
    """
    complete = [way for way in WAYS if set(way.needs) <= set(given)]
    begun = [way for way in WAYS if way.mark in given and way not in complete]
    if begun or not complete:
        parts = begun or [REFRESH_TOKEN]
        raise IncompleteError(dict.fromkeys(name for way in parts for name in way.needs if name not in given))
    if len(complete) > 1:
        raise TwoWaysError(complete)
    return complete[0]
