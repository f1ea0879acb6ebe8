"""The OAuth flows that give access tokens, as token sources."""

import re
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final
from urllib.parse import urlencode, urlsplit

from mcp_salesforce.salesforce.auth import HttpExchange, Token, checked_secret
from mcp_salesforce.salesforce.errors import (
    AuthenticationError,
    InvalidArgumentError,
    TokenBusyError,
    UnreadableReplyError,
)
from mcp_salesforce.salesforce.oauth_causes import oauth_cause
from mcp_salesforce.salesforce.replies import read_reply
from mcp_salesforce.salesforce.wire import HttpRequest, origin

_JWT_GRANT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_JWT_LIFETIME_S: Final = 180
_SHARED_HOSTS: Final = frozenset({"https://login.salesforce.com", "https://test.salesforce.com"})


async def post_form(exchange: HttpExchange, url: str, form: Mapping[str, str], secrets: Sequence[str]) -> object:
    """Post `form` to an OAuth endpoint and return the JSON value of the reply; parts without a value are left out."""
    reply = await exchange(
        HttpRequest(
            "POST",
            url,
            {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"},
            urlencode({name: value for name, value in form.items() if value}).encode(),
        )
    )
    return read_reply(reply, secrets)


async def ask_token(
    exchange: HttpExchange, login_url: str, form: Mapping[str, str], secrets: Sequence[str], hints: Mapping[str, str]
) -> tuple[Token, str]:
    """Return the access token that the token endpoint gives for `form`, and the refresh token with it ("" if none).

    `hints` says what to do next for each OAuth error whose message has no known cause.

    API: POST /services/oauth2/token
    """
    try:
        value = await post_form(exchange, f"{origin(login_url)}/services/oauth2/token", form, secrets)
    except AuthenticationError as error:
        known = oauth_cause(error.code, error.message)
        hint = known.hint if known else hints.get(error.code, "")
        kind = TokenBusyError if known and known.name == "being_processed" else AuthenticationError
        raise kind(f"Salesforce gives no access token: {error.message}", code=error.code, hint=hint) from None
    refresh_token = value.get("refresh_token") if isinstance(value, dict) else None
    return token_of(value), refresh_token if isinstance(refresh_token, str) else ""


def token_of(value: object) -> Token:
    """Return the token of a token endpoint's reply.

    Raises:
        AuthenticationError: The token cannot be used.
        UnreadableReplyError: The reply has another shape.
    """
    parts = value if isinstance(value, dict) else {}
    access_token, instance_url, identity_url = (parts.get(name) for name in ("access_token", "instance_url", "id"))
    if not isinstance(access_token, str) or not isinstance(instance_url, str):
        raise UnreadableReplyError(
            "The token endpoint gave no access_token and instance_url", status=200, content_type="application/json"
        )
    try:
        return Token(
            checked_secret(access_token, "access token"),
            origin(instance_url),
            identity_url if isinstance(identity_url, str) else "",
        )
    except InvalidArgumentError as error:
        raise AuthenticationError(f"The token endpoint gave what cannot be used: {error.message}") from None


class RefreshTokenSource:
    """Access tokens from a refresh token (OAuth 2.0 refresh token flow); it uses a rotated one from then on."""

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
        self._login_url = origin(login_url)
        self._on_rotated = on_rotated

    def __repr__(self) -> str:
        return f"<RefreshTokenSource at {self._login_url}>"

    async def token(self, exchange: HttpExchange, *, refused: Token | None) -> Token:  # noqa: ARG002 - always asks again
        """Return a new access token.

        API: POST /services/oauth2/token, grant_type=refresh_token
        """
        form = {
            "grant_type": "refresh_token",
            "client_id": self._client_id,
            "client_secret": self._client_secret,
            "refresh_token": self._refresh_token,
        }
        secrets = (self._client_secret, self._refresh_token)
        token, rotated = await ask_token(exchange, self._login_url, form, secrets, _REFRESH_HINTS)
        if rotated and rotated != self._refresh_token:
            self._refresh_token = rotated
            if self._on_rotated is not None:
                self._on_rotated(rotated)
        return token


class ClientCredentialsSource:
    """Access tokens for the app alone (OAuth 2.0 client credentials flow); its policies name the user."""

    def __init__(self, client_id: str, client_secret: str, login_url: str) -> None:
        """Ask the My Domain at `login_url`; the shared login hosts do not serve this flow.

        Raises:
            InvalidArgumentError: The URL is not one that secrets may be sent to, or a shared login host.
        """
        self._client_id = client_id
        self._client_secret = client_secret
        self._login_url = origin(login_url)
        if self._login_url in _SHARED_HOSTS:
            raise InvalidArgumentError(
                f"{self._login_url} does not serve client credentials: the org's own My Domain does."
            )

    def __repr__(self) -> str:
        return f"<ClientCredentialsSource at {self._login_url}>"

    async def token(self, exchange: HttpExchange, *, refused: Token | None) -> Token:  # noqa: ARG002 - always asks again
        """Return a new access token.

        API: POST /services/oauth2/token, grant_type=client_credentials
        """
        form = {"grant_type": "client_credentials", "client_id": self._client_id, "client_secret": self._client_secret}
        token, _ = await ask_token(exchange, self._login_url, form, (self._client_secret,), _CLIENT_CREDENTIALS_HINTS)
        return token


def default_audience(login_url: str) -> str:
    """Return whom an assertion for a login host is for.

    A My Domain accepts assertions for the shared login host of its kind; other hosts only for themselves.
    """
    host = urlsplit(login_url).hostname or ""
    if re.search(r"\.(sandbox|scratch)\.my\.(salesforce\.(com|mil)|sfcrmproducts\.cn)$|^cs\d+\.salesforce\.com$", host):
        return "https://test.salesforce.com"
    if host.endswith((".my.salesforce.com", ".my.salesforce.mil")):
        return "https://login.salesforce.com"
    return login_url


class JwtBearerSource:
    """Access tokens for assertions that a private key signs (OAuth 2.0 JWT bearer flow)."""

    def __init__(
        self,
        client_id: str,
        username: str,
        private_key: str,
        login_url: str,
        *,
        audience: str = "",
        now: Callable[[], float] = time.time,
    ) -> None:
        """Ask `login_url` for tokens.

        Args:
            client_id: Consumer key of the app that has the key's certificate.
            username: The user to act as; an administrator has approved the app for this user.
            private_key: RSA key in PEM form, without a passphrase.
            login_url: `https://login.salesforce.com`, `https://test.salesforce.com` or the org's My Domain.
            audience: Whom the assertion is for; without one, what the host of `login_url` is known to take.
            now: The clock: seconds since 1970.

        Raises:
            InvalidArgumentError: The URL is not one that tokens may come from, or the key is not an RSA key.
        """
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        self._client_id = client_id
        self._username = username
        self._login_url = origin(login_url)
        self._audience = origin(audience) if audience else default_audience(self._login_url)
        self._now = now
        try:
            key = load_pem_private_key(private_key.encode(), None)
        except TypeError:
            raise InvalidArgumentError("The key has a passphrase: give a key without one.") from None
        except ValueError:
            key = None
        if not isinstance(key, RSAPrivateKey):
            raise InvalidArgumentError("The key is not an RSA private key in PEM form (-----BEGIN PRIVATE KEY-----).")
        self._key = key

    def __repr__(self) -> str:
        return f"<JwtBearerSource at {self._login_url}>"

    async def token(self, exchange: HttpExchange, *, refused: Token | None) -> Token:  # noqa: ARG002 - always asks again
        """Return a new access token.

        API: POST /services/oauth2/token, grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer
        """
        import jwt

        claims = {
            "iss": self._client_id,
            "sub": self._username,
            "aud": self._audience,
            "exp": int(self._now()) + _JWT_LIFETIME_S,
        }
        assertion = jwt.encode(claims, self._key, algorithm="RS256")
        form = {"grant_type": _JWT_GRANT, "assertion": assertion}
        token, _ = await ask_token(exchange, self._login_url, form, (assertion,), _JWT_HINTS)
        return token


_REFRESH_HINTS: Final = {
    "invalid_grant": "The refresh token is expired, revoked or of another login URL (sandboxes: "
    "https://test.salesforce.com); authorize the app again."
}
_CLIENT_CREDENTIALS_HINTS: Final = {
    "invalid_grant": "Enable the Client Credentials Flow in the app's policies and name the user to run as there; "
    "to act as the user of a refresh token, set that token."
}
_JWT_HINTS: Final = {
    "invalid_grant": "Check the username, that an administrator has approved the app for this user, that the app has "
    "the certificate of this key, the login URL (sandboxes: https://test.salesforce.com), and this machine's clock."
}
