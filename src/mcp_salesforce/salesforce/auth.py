"""Where access tokens come from, and the one session that many calls share."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final, Protocol
from urllib.parse import urlencode

from mcp_salesforce.salesforce.errors import (
    AuthenticationError,
    InvalidArgumentError,
    UnreadableReplyError,
)
from mcp_salesforce.salesforce.replies import read_reply
from mcp_salesforce.salesforce.wire import HttpReply, HttpRequest, origin

Exchange = Callable[[HttpRequest], Awaitable[HttpReply]]


@dataclass(frozen=True, slots=True)
class Token:
    """An access token, the org that it is for, and the URL that names org and user (empty if not told)."""

    access_token: str = field(repr=False)
    instance_url: str
    identity_url: str = ""


class TokenSource(Protocol):
    """Something that gives access tokens. Its representation shows no secret."""

    async def token(self, exchange: Exchange, *, refused: Token | None) -> Token:
        """Return a token to use from now on.

        Args:
            exchange: Sends one request and returns its reply.
            refused: The token that Salesforce no longer takes; None at the first call.

        Raises:
            AuthenticationError: There is no token to be had.
            TransportError: No answer arrived.
            UnreadableReplyError: The answer is not Salesforce's.
        """
        ...


class StaticTokenSource:
    """One access token, given; it cannot be renewed."""

    def __init__(self, access_token: str, instance_url: str) -> None:
        """Use `access_token` at `instance_url` until Salesforce refuses it.

        Raises:
            InvalidArgumentError: The URL is not one that tokens may be sent to, or the token is malformed.
        """
        self._token = Token(_checked(access_token, "access token"), origin(instance_url))

    async def token(self, exchange: Exchange, *, refused: Token | None) -> Token:  # noqa: ARG002 - the protocol's
        """Return the token that was given.

        Raises:
            AuthenticationError: It was refused.
        """
        if refused is not None:
            raise AuthenticationError("The access token has expired, and there is nothing to renew it with.")
        return self._token


class RefreshTokenSource:
    """Access tokens from a refresh token (OAuth 2.0 refresh token flow); a rotated one is taken over."""

    def __init__(
        self,
        client_id: str,
        client_secret: str,
        refresh_token: str,
        login_url: str,
        *,
        on_rotated: Callable[[str], None] | None = None,
    ) -> None:
        """Ask `login_url` for tokens.

        Args:
            client_id: Consumer key of the connected app.
            client_secret: Its consumer secret; empty for an app that has none.
            refresh_token: What the user's authorization gave.
            login_url: `https://login.salesforce.com`, `https://test.salesforce.com` or the org's My Domain.
            on_rotated: Called with the new refresh token when Salesforce replaces it; the old one is dead by then.

        Raises:
            InvalidArgumentError: The URL is not one that secrets may be sent to.
        """
        self._client_id = client_id
        self._client_secret = client_secret
        self._refresh_token = refresh_token
        self._token_url = origin(login_url) + "/services/oauth2/token"
        self._on_rotated = on_rotated

    def __repr__(self) -> str:
        return f"<RefreshTokenSource at {self._token_url}>"

    async def token(self, exchange: Exchange, *, refused: Token | None) -> Token:  # noqa: ARG002 - always asks anew
        """Return a new access token.

        API: POST /services/oauth2/token, grant_type=refresh_token

        Raises:
            AuthenticationError: Salesforce refuses; the message says why.
            TransportError: No answer arrived.
            UnreadableReplyError: The answer is not Salesforce's.
        """
        form = {
            "grant_type": "refresh_token",
            "client_id": self._client_id,
            "client_secret": self._client_secret,
            "refresh_token": self._refresh_token,
        }
        reply = await exchange(
            HttpRequest(
                "POST",
                self._token_url,
                {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"},
                urlencode({name: value for name, value in form.items() if value}).encode(),
            )
        )
        try:
            value = read_reply(reply, (self._client_secret, self._refresh_token))
        except AuthenticationError as error:
            raise _refused(error) from None
        self._take_over(value)
        return _token_of(value)

    def _take_over(self, value: object) -> None:
        rotated = value.get("refresh_token") if isinstance(value, dict) else None
        if isinstance(rotated, str) and rotated and rotated != self._refresh_token:
            self._refresh_token = rotated
            if self._on_rotated is not None:
                self._on_rotated(rotated)


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

        Raises:
            SalesforceError: As the token source raises.
        """
        if self._token is not None and self._token is not refused:
            return self._token
        if self._renewal is None:
            expired, self._token = self._token, None
            self._renewal = asyncio.create_task(self._fetch(expired), name="salesforce-token")
            self._renewal.add_done_callback(_look_at_failure)
        return await asyncio.shield(self._renewal)

    async def close(self) -> None:
        """End a renewal that is under way."""
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
    """Keep asyncio from reporting a failure that nobody waited for: the next call meets it itself."""
    if not renewal.cancelled():
        renewal.exception()


_HINTS: Final = {
    "invalid_grant": "The refresh token is expired, revoked or of another login URL (sandboxes: "
    "https://test.salesforce.com); authorize the app again.",
    "invalid_client": "Check the client id and the client secret of the connected app.",
    "invalid_client_id": "Check the client id of the connected app, and that the login URL is the org's.",
}


def _refused(error: AuthenticationError) -> AuthenticationError:
    return AuthenticationError(
        f"Salesforce gives no access token: {error.message}", code=error.code, hint=_HINTS.get(error.code, "")
    )


def _token_of(value: object) -> Token:
    parts = value if isinstance(value, dict) else {}
    access_token, instance_url, identity_url = (parts.get(name) for name in ("access_token", "instance_url", "id"))
    if not isinstance(access_token, str) or not isinstance(instance_url, str):
        raise UnreadableReplyError(
            "The token endpoint gave no access_token and instance_url", status=200, content_type="application/json"
        )
    try:
        return Token(
            _checked(access_token, "access token"),
            origin(instance_url),
            identity_url if isinstance(identity_url, str) else "",
        )
    except InvalidArgumentError as error:
        raise AuthenticationError(f"The token endpoint gave what cannot be used: {error.message}") from None


def _checked(secret: str, name: str) -> str:
    """Return `secret` if it can stand in a header."""
    if not secret or not secret.isascii() or not secret.isprintable() or " " in secret:
        raise InvalidArgumentError(f"The {name} is empty, or has characters that no {name} has.")
    return secret
