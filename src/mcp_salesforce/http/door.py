"""Whose request it is: always the same person's, or that of the person whose token it carries."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final, Protocol

from starlette.datastructures import Headers

from mcp_salesforce.http.refusals import RefusedError
from mcp_salesforce.oauth.person import AuthorizationServer
from mcp_salesforce.salesforce import TokenSource
from mcp_salesforce.store.interface import StoreError

_BEARER: Final = "bearer"
RETRY_S: Final = "5"


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose request it is.

    Attributes:
        key: Tells the person from any other.
        tokens: As whom the calls to Salesforce are made.
        org_id: The org's Id; empty until it is known.
        user_id: The user's Id; empty until it is known.
        claims: What Salesforce says of the person, which decide about roles; nothing if unknown.
    """

    key: str
    tokens: TokenSource = field(repr=False, compare=False)
    org_id: str = ""
    user_id: str = ""
    claims: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)


class Door(Protocol):
    """Lets people in."""

    async def caller(self, headers: Headers) -> Caller:
        """Return whose request it is.

        Raises:
            RefusedError: It is nobody's (401), or nobody can tell now (503).
        """
        ...


class OwnDoor:
    """Every request is of the one person whose login the settings hold."""

    def __init__(self, tokens: TokenSource) -> None:
        """Act as the user of `tokens`."""
        self._caller = Caller("", tokens)

    async def caller(self, headers: Headers) -> Caller:
        """Return the person."""
        del headers
        return self._caller


class TeamDoor:
    """Everybody logs in, and every request carries a token."""

    def __init__(self, server: AuthorizationServer) -> None:
        """Ask `server` whose token it is."""
        self._server = server

    async def caller(self, headers: Headers) -> Caller:
        """Return whose token the request carries; one in the address does not count.

        Raises:
            RefusedError: It carries none that is valid (401), or nobody can tell now (503).
        """
        given = headers.getlist("authorization")
        scheme, _, bearer = (given[0] if len(given) == 1 else "").partition(" ")
        person = None
        if scheme.casefold() == _BEARER and bearer.strip():
            try:
                person = await self._server.person_of(bearer.strip())
            except StoreError as error:
                raise RefusedError(
                    HTTPStatus.SERVICE_UNAVAILABLE,
                    f"Nobody can be let in now: {error.message} Try again in a few seconds.",
                    headers={"Retry-After": RETRY_S},
                ) from None
        if person is None:
            raise RefusedError(
                HTTPStatus.UNAUTHORIZED,
                "Log in: this server needs a token that it has issued and that is still valid.",
                headers={"WWW-Authenticate": self._server.challenge()},
            )
        return Caller(person.id, person.tokens, person.org_id, person.user_id, person.claims)
