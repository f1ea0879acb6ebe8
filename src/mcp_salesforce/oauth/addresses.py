"""Where each part of the authorization server is: all below one public address."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

SCOPE: Final = "salesforce"
"""The one scope: to work in Salesforce as the user who logs in. Salesforce and the policy decide what a user may do."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """The addresses of a server; `issuer` is its public address, without a slash at its end."""

    issuer: str

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        parts = urlsplit(self.issuer)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def path(self) -> str:
        """The path of the public address; empty where it has none."""
        return urlsplit(self.issuer).path

    @property
    def is_secure(self) -> bool:
        """Whether browsers reach it over TLS."""
        return self.issuer.startswith("https:")

    @property
    def resource(self) -> str:
        """The MCP endpoint, which tokens are for (RFC 8707)."""
        return f"{self.issuer}/mcp"

    @property
    def resource_metadata(self) -> str:
        """The address of the metadata of the MCP endpoint (RFC 9728)."""
        return f"{self.origin}/.well-known/oauth-protected-resource{self.path}/mcp"

    def of(self, name: str) -> str:
        """Return the address of an endpoint."""
        return f"{self.issuer}/{name}"

    def is_resource(self, value: str) -> bool:
        """Tell whether `value` names this server: its MCP endpoint or its public address, with or without a slash."""
        return value.rstrip("/") in {self.resource, self.issuer}
