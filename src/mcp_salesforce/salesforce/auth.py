"""Where access tokens come from, and the one session that many calls share."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

from mcp_salesforce.salesforce.errors import AuthenticationError, InvalidArgumentError
from mcp_salesforce.salesforce.wire import HttpReply, HttpRequest, origin

HttpExchange = Callable[[HttpRequest], Awaitable[HttpReply]]


@dataclass(frozen=True, slots=True)
class Token:
    """An access token, its org, and the identity URL, which has the Ids of org and user (empty if unknown)."""

    access_token: str = field(repr=False)
    instance_url: str
    identity_url: str = ""


class TokenSource(Protocol):
    """A source of access tokens. Its repr shows no secret."""

    async def token(self, exchange: HttpExchange, *, refused: Token | None) -> Token:
        """Return a new token.

        Args:
            exchange: Sends one request and returns its reply.
            refused: The token that Salesforce no longer takes; None at the first call.

        Raises:
            AuthenticationError: No token is available.
            UnreadableReplyError: The answer is not Salesforce's.
        """
        ...


class StaticTokenSource:
    """One access token, which cannot be renewed."""

    def __init__(self, access_token: str, instance_url: str) -> None:
        """Use `access_token` at `instance_url` until Salesforce refuses it.

        Raises:
            InvalidArgumentError: The URL is not one that tokens may be sent to, or the token is malformed.
        """
        self._token = Token(checked_secret(access_token, "access token"), origin(instance_url))

    async def token(self, exchange: HttpExchange, *, refused: Token | None) -> Token:  # noqa: ARG002 - the protocol's
        """Return the token that was given.

        Raises:
            AuthenticationError: It was refused.
        """
        if refused is not None:
            raise AuthenticationError("The access token has expired, and it cannot be renewed.")
        return self._token


class Session:
    """The token that all calls share. It is renewed once, however many calls find it expired at the same time."""

    def __init__(self, renew: Callable[[Token | None], Awaitable[Token]]) -> None:
        """Call `renew` with the refused token (None at first) when a token is wanted."""
        self._renew = renew
        self._token: Token | None = None
        self._renewal: asyncio.Task[Token] | None = None

    async def token(self, refused: Token | None = None) -> Token:
        """Return a token other than `refused`, which one call found expired.

        A call that is cancelled while it waits does not end the renewal: others wait for it too.
        """
        if self._token is not None and self._token is not refused:
            return self._token
        if self._renewal is None:
            expired, self._token = self._token, None
            self._renewal = asyncio.create_task(self._fetch(expired), name="salesforce-token")
            self._renewal.add_done_callback(_look_at_failure)
        return await asyncio.shield(self._renewal)

    async def close(self) -> None:
        """End a running renewal."""
        if self._renewal is not None:
            self._renewal.cancel()
            await asyncio.wait([self._renewal])

    async def _fetch(self, expired: Token | None) -> Token:
        try:
            self._token = await self._renew(expired)
            return self._token
        finally:
            self._renewal = None


def _look_at_failure(renewal: "asyncio.Task[Token]") -> None:
    """Keep asyncio from reporting a failure that no caller waited for: the next call gets it too."""
    if not renewal.cancelled():
        renewal.exception()


def checked_secret(secret: str, name: str) -> str:
    """Return `secret` if it can stand in a header.

    Raises:
        InvalidArgumentError: It cannot; the text names it by `name` only.
    """
    if not secret or not secret.isascii() or not secret.isprintable() or " " in secret:
        raise InvalidArgumentError(f"The {name} is empty, or has characters that no {name} has.")
    return secret
