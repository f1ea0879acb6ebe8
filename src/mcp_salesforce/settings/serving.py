"""The settings of a server over HTTP: its names, the proxies in front of it, and how much one user can ask of it."""

import ipaddress
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from mcp_salesforce.settings import values as setting_values
from mcp_salesforce.settings.loading import loaded

_NOT_IN_A_HOST: Final = frozenset("/@?#*")


def _hosts(value: str) -> str:
    """Return names of hosts with commas between them."""
    for host in filter(None, value.split(",")):
        if _NOT_IN_A_HOST & set(host) or (":" in host and not host.startswith("[")):
            raise ValueError(f"names {host[:60]!r}, which is not the name of a host alone, such as mcp.acme.com")
    return value.casefold()


def _networks(value: str) -> str:
    """Return addresses and networks with commas between them."""
    for network in filter(None, value.split(",")):
        try:
            ipaddress.ip_network(network)
        except ValueError:
            raise ValueError(f"names {network[:60]!r}, which is no address and no network such as 10.0.0.0/8") from None
    return value


class Serving(BaseModel):
    """How to serve over HTTP. Immutable."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    allowed_hosts: Annotated[str, AfterValidator(_hosts), BeforeValidator(setting_values.names)] = Field(
        default="",
        description="More names by which the server is reached over HTTP, with commas between them, such as "
        "`mcp.internal`. Requests with another `Host` or `Origin` are refused. Always allowed: the host of "
        "`SALESFORCE_PUBLIC_URL`; without one, the loopback addresses.",
    )
    trusted_proxies: Annotated[str, AfterValidator(_networks), BeforeValidator(setting_values.names)] = Field(
        default="",
        description="Addresses or networks of the proxies in front of the server, with commas between them, such as "
        "`10.0.0.0/8`. Only from them are `X-Forwarded-For`, `X-Forwarded-Proto` and `X-Request-Id` believed.",
    )
    calls_per_minute: int = Field(
        default=600, ge=1, description="Most requests of one user in a minute, on all replicas together; then 429."
    )
    concurrent_calls: int = Field(
        default=16, ge=1, description="Most requests of one user at the same time on one replica; then 429."
    )
    fair_share_percent: int = Field(
        default=80,
        ge=1,
        le=100,
        description="Percentage of the org's API calls of 24 hours that can be used before each user of the server "
        "gets an equal share of those that are left. A user who has used up the share of an hour is refused until the "
        "next one. `100`: no shares.",
    )
    drain_s: int = Field(
        default=30, ge=0, le=3600, description="Seconds that running calls get to finish after SIGTERM."
    )

    @classmethod
    def load(cls) -> "Serving":
        """Return what the environment and `.env` say of it.

        Raises:
            ConfigurationError: A value is malformed.
        """
        return loaded(Serving, {})


class _Place(BaseModel):
    public_url: str = ""


def has_public_url() -> bool:
    """Tell whether the environment or `.env` says where people reach the server, so that they log in to it."""
    return bool(loaded(_Place, {}).public_url.strip())
