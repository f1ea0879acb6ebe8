"""What a client asks when it sends a person to log in (RFC 6749, section 4.1.1, with RFC 7636, 8707 and 9207)."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, Self
from urllib.parse import urlencode, urlsplit

from mcp_salesforce.oauth.addresses import Addresses
from mcp_salesforce.oauth.clients import LOOPBACK, Client
from mcp_salesforce.oauth.known_clients import KnownClients
from mcp_salesforce.oauth.parameters import required
from mcp_salesforce.oauth.refusing import OAuthRefusedError, sayable

_CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{43}")
_MOST_STATE: Final = 4096


class RefusedToClientError(Exception):
    """A request is refused, and the person is sent back to the client with the reason."""

    def __init__(self, location: str) -> None:
        """Send the person to `location`."""
        self.location = location
        super().__init__("the person is sent back to the client")


@dataclass(frozen=True, slots=True)
class LoginRequest:
    """A checked request.

    Attributes:
        client_id: Who asks.
        redirect_uri: Where the person is sent back to.
        state: What the client wants back with the answer; empty if nothing.
        challenge: The hash of the client's proof key.
    """

    client_id: str
    redirect_uri: str
    state: str
    challenge: str

    @property
    def redirect_host(self) -> str:
        """Where the person is sent back to, for the person: a host, this computer, or the scheme of a program."""
        parts = urlsplit(self.redirect_uri)
        if parts.scheme not in {"http", "https"}:
            return f"{parts.scheme}: (a program on this computer)"
        return f"{parts.hostname} (this computer)" if parts.hostname in LOOPBACK else str(parts.hostname)

    def answer(self, addresses: Addresses, values: Mapping[str, str]) -> str:
        """Return the address that brings the client an answer, with its state and our issuer."""
        given = {**values, **({"state": self.state} if self.state else {}), "iss": addresses.issuer}
        joint = "&" if urlsplit(self.redirect_uri).query else "?"
        return f"{self.redirect_uri}{joint}{urlencode(given)}"

    def refusal(self, addresses: Addresses, error: str, description: str) -> str:
        """Return the address that tells the client why there is no code."""
        return self.answer(addresses, {"error": error, "error_description": sayable(description)})

    def as_values(self) -> dict[str, Any]:
        """Return what is kept of it."""
        return asdict(self)

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """Return the request that was kept."""
        return cls(**values)


async def login_request(
    parameters: Mapping[str, str], clients: KnownClients, addresses: Addresses
) -> tuple[LoginRequest, Client]:
    """Return what a client asks, and the client.

    Raises:
        OAuthRefusedError: It is not known who asks, or where the answer would go. The person reads why.
        RefusedToClientError: Anything else is wrong. The client gets the reason.
    """
    client = await clients.find(required(parameters, "client_id"))
    redirect_uri = parameters.get("redirect_uri", "")
    if not redirect_uri and len(client.redirect_uris) == 1:
        redirect_uri = client.redirect_uris[0]
    if not redirect_uri:
        raise OAuthRefusedError("invalid_request", "The parameter redirect_uri is missing.")
    if not client.allows(redirect_uri):
        raise OAuthRefusedError("invalid_request", "The redirect_uri is none that this client has registered.")
    state = parameters.get("state", "")
    if len(state) > _MOST_STATE:
        raise OAuthRefusedError("invalid_request", f"The state is longer than {_MOST_STATE} characters.")
    asked = LoginRequest(client.client_id, redirect_uri, state, parameters.get("code_challenge", ""))
    if wrong := _wrong(parameters, addresses):
        raise RefusedToClientError(asked.refusal(addresses, *wrong))
    return asked, client


def _wrong(parameters: Mapping[str, str], addresses: Addresses) -> tuple[str, str] | None:
    """Return the error and description of the first thing that is wrong."""
    given = parameters.get
    checks = (
        ("request" in parameters, "request_not_supported", "Request objects are not supported."),
        ("request_uri" in parameters, "request_uri_not_supported", "Request objects are not supported."),
        (not given("response_type"), "invalid_request", "The parameter response_type is missing."),
        (given("response_type") != "code", "unsupported_response_type", "The response_type must be code."),
        (given("response_mode", "query") != "query", "invalid_request", "The response_mode must be query."),
        (not given("code_challenge"), "invalid_request", "The parameter code_challenge is missing: PKCE is required."),
        (given("code_challenge_method") != "S256", "invalid_request", "The code_challenge_method must be S256."),
        (
            not _CHALLENGE.fullmatch(given("code_challenge", "")),
            "invalid_request",
            "The code_challenge must be a SHA-256 in Base64URL, 43 characters.",
        ),
        (
            not all(map(addresses.is_resource, given("resource", "").split())),
            "invalid_target",
            f"The resource must be {addresses.resource}.",
        ),
        (
            "none" in given("prompt", "").split(),
            "interaction_required",
            "A person must be asked here: prompt=none cannot work.",
        ),
    )
    return next(((error, description) for is_wrong, error, description in checks if is_wrong), None)
