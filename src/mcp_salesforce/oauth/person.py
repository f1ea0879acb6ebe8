"""Who calls, and what an HTTP server needs from the code that knows this."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from starlette.requests import Request
from starlette.routing import BaseRoute

from mcp_salesforce.salesforce import TokenSource


@dataclass(frozen=True, slots=True)
class Person:
    """A user of an org who is logged in; the repr shows no secret and no claim.

    Attributes:
        id: The key of this user of this org: the same in every replica, at every login and after a restart.
        org_id: The org's Id, 18 characters.
        user_id: The user's Id, 18 characters.
        username: What the user logs in to Salesforce with.
        instance_url: The address of the user's org.
        claims: What Salesforce said of the user at the login, by OpenID Connect's names.
        tokens: Access tokens of the user for a `SalesforceClient`.
    """

    id: str
    org_id: str
    user_id: str
    username: str
    instance_url: str
    claims: Mapping[str, Any] = field(repr=False, compare=False)
    tokens: TokenSource = field(repr=False, compare=False)


class AuthorizationServer(Protocol):
    """Lets people log in, and tells whose bearer token a request carries."""

    @property
    def routes(self) -> Sequence[BaseRoute]:
        """Everything that is served for logins: metadata, registration, consent, tokens, connections."""
        ...

    async def person_of(self, bearer: str) -> Person | None:
        """Return whose token it is; None where it is no token of ours, expired, revoked or of another audience.

        Raises:
            StoreError: Nobody can tell now; answer 503, let nobody in.
        """
        ...

    async def visitor(self, request: Request) -> str:
        """Return the `id` of the person who is logged in in the browser of a request; empty if nobody is.

        Raises:
            StoreError: Nobody can tell now.
        """
        ...

    def challenge(self) -> str:
        """Return the value of WWW-Authenticate for a request without a valid token (RFC 6750, RFC 9728)."""
        ...
