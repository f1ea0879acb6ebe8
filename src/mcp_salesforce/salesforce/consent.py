"""The authorization code flow with PKCE: a user allows an app in a browser, and a code comes back."""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import parse_qs, quote, urlencode

from mcp_salesforce.salesforce.auth import HttpExchange, Token
from mcp_salesforce.salesforce.errors import AuthenticationError
from mcp_salesforce.salesforce.flows import ask_token, post_form
from mcp_salesforce.salesforce.oauth_causes import oauth_cause
from mcp_salesforce.salesforce.wire import origin

SCOPE = "api refresh_token"
_ALREADY_DEAD = frozenset({"invalid_token", "unsupported_token_type", "invalid_grant"})


@dataclass(frozen=True, slots=True)
class Consent:
    """One request for a user's consent, from the address to open to the tokens."""

    login_url: str
    client_id: str
    redirect_uri: str
    state: str = field(repr=False)
    verifier: str = field(repr=False)
    scope: str = SCOPE

    @classmethod
    def begin(cls, login_url: str, client_id: str, redirect_uri: str, *, scope: str = SCOPE) -> Self:
        """Return a new question, with a state and a proof key of its own.

        Without `refresh_token` in `scope`, `redeem` brings none.

        Raises:
            InvalidArgumentError: The URL is not one that secrets may be sent to.
        """
        drawn = secrets.token_urlsafe(32), secrets.token_urlsafe(64)
        return cls(origin(login_url), client_id, redirect_uri, *drawn, scope)

    @property
    def url(self) -> str:
        """The address for the user's browser. What it shows of the proof key is its hash."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        query = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": self.scope,
            "state": self.state,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        return f"{self.login_url}/services/oauth2/authorize?{urlencode(query, quote_via=quote)}"

    def code_of(self, query: str) -> str:
        """Return the code in the query string that the browser brought.

        Raises:
            AuthenticationError: It answers another question, or the user denied.
        """
        answer = {name: found[0] for name, found in parse_qs(query).items()}
        if not hmac.compare_digest(answer.get("state", "").encode(), self.state.encode()):
            raise AuthenticationError(
                "The browser brought the answer to another login (its state is wrong).", code="wrong_state"
            )
        if "error" in answer:
            reason = answer.get("error_description", "no reason given")
            known = oauth_cause(answer["error"], reason)
            raise AuthenticationError(
                f"Access was not allowed: {answer['error']}: {reason}",
                code=answer["error"],
                hint=known.hint if known else "",
            )
        if not answer.get("code"):
            raise AuthenticationError("The browser brought no code.", code="no_code")
        return answer["code"]

    async def redeem(self, exchange: HttpExchange, code: str, client_secret: str) -> tuple[Token, str]:
        """Return the access token and the refresh token for a code.

        API: POST /services/oauth2/token, grant_type=authorization_code

        Raises:
            AuthenticationError: Salesforce refuses, or gives no refresh token though it was asked for one.
        """
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "client_id": self.client_id,
            "client_secret": client_secret,
            "redirect_uri": self.redirect_uri,
            "code_verifier": self.verifier,
        }
        hints = {"invalid_grant": "Log in again: a code works once, for some minutes."}
        token, refresh_token = await ask_token(
            exchange, self.login_url, form, (code, client_secret, self.verifier), hints
        )
        if not refresh_token and "refresh_token" in self.scope.split():
            raise AuthenticationError(
                "Salesforce gave no refresh token.", hint="Give the app the scope refresh_token, then log in again."
            )
        return token, refresh_token


async def check_app(exchange: HttpExchange, login_url: str, client_id: str, client_secret: str) -> None:
    """Ask the login host whether it knows the app and its secret, before a person is asked for anything.

    It is asked with a refresh token that does not exist; its other refusals do not matter here.

    API: POST /services/oauth2/token, grant_type=refresh_token

    Raises:
        AuthenticationError: `invalid_client_id`, as for an app that is younger than ten minutes, or `invalid_client`,
            the secret is not the app's.
    """
    form = {"grant_type": "refresh_token", "refresh_token": "none", "client_id": client_id}
    if client_secret:
        form["client_secret"] = client_secret
    try:
        await ask_token(exchange, login_url, form, (client_secret,), {})
    except AuthenticationError as error:
        if error.code == "invalid_client_id" or (client_secret and error.code == "invalid_client"):
            raise


async def revoke(exchange: HttpExchange, login_url: str, refresh_token: str) -> bool:
    """Revoke a refresh token and its sessions; return whether it was still valid, if Salesforce says so.

    API: POST /services/oauth2/revoke
    """
    try:
        url = f"{origin(login_url)}/services/oauth2/revoke"
        await post_form(exchange, url, {"token": refresh_token}, (refresh_token,))
    except AuthenticationError as error:
        if error.code not in _ALREADY_DEAD:
            raise
        return False
    return True
