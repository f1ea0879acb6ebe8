"""The authorization code flow: an app asks, a user allows it, and a code goes back to the app."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlencode, urlsplit

from mcp_salesforce.localorg.evidence import evidence

CODE_LIFETIME: Final = timedelta(minutes=10)
MAX_OPEN: Final = 100
"""How many consent pages can wait for an answer; older ones are forgotten."""
LOOPBACK_HOSTS: Final = frozenset({"localhost", "127.0.0.1", "::1"})
SCOPES: Final = "refresh_token web api id"


class OAuthError(Exception):
    """A refusal of an OAuth endpoint: unlike a data call's, its body is one object, `error` and `error_description`."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.status = status
        self.error = error
        self.description = description


@dataclass(frozen=True, slots=True)
class Ask:
    """What an app asks of a user."""

    client_id: str
    redirect_uri: str
    scope: str
    state: str
    code_challenge: str


@dataclass(frozen=True, slots=True)
class Code:
    """What a code grants."""

    ask: Ask
    user_id: str
    made_at: datetime
    text: str = field(repr=False)


class Consents:
    """Open questions and unused codes, in memory."""

    def __init__(self, client_id: str, now: Callable[[], datetime]) -> None:
        """Ask for the app with this `client_id`."""
        self._client_id = client_id
        self._now = now
        self._asks: dict[str, Ask] = {}
        self._codes: dict[str, Code] = {}

    def ask(self, query: Mapping[str, str]) -> str:
        """Check an authorization request, and return the one-time ticket that its consent page carries."""
        if query.get("client_id") != self._client_id:
            raise OAuthError("invalid_client_id", "client identifier invalid")
        redirect_uri = query.get("redirect_uri", "")
        if not _is_loopback(redirect_uri):
            raise OAuthError("redirect_uri_mismatch", "redirect_uri must match configuration: a loopback address")
        if query.get("response_type") != "code":
            raise OAuthError("unsupported_response_type", "response type not supported")
        if query.get("code_challenge_method", "S256") != "S256":
            raise OAuthError("invalid_request", "code_challenge_method must be S256")
        while len(self._asks) >= MAX_OPEN:
            del self._asks[next(iter(self._asks))]
        ticket = secrets.token_urlsafe(32)
        self._asks[ticket] = Ask(
            client_id=self._client_id,
            redirect_uri=redirect_uri,
            scope=_granted(query.get("scope") or SCOPES),
            state=query.get("state", ""),
            code_challenge=query.get("code_challenge", ""),
        )
        return ticket

    def allow(self, ticket: str, user_id: str) -> str:
        """Return the redirect URL that gives the app its code."""
        ask = self._close(ticket)
        now = self._now()
        self._codes = {text: code for text, code in self._codes.items() if now - code.made_at <= 2 * CODE_LIFETIME}
        code = Code(ask, user_id, now, f"aPrx{secrets.token_urlsafe(48)}")
        self._codes[code.text] = code
        return _redirect(ask, {"code": code.text})

    def deny(self, ticket: str) -> str:
        """Return the redirect URL that tells the app that access was denied."""
        return _redirect(
            self._close(ticket), {"error": "access_denied", "error_description": "end-user denied authorization"}
        )

    def redeem(self, form: Mapping[str, str]) -> Code:
        """Return what the code of a token request grants; a code works once.

        Raises:
            OAuthError: invalid_grant; the code is unknown, used, too old or another app's, or its proof is wrong.
        """
        code = self._codes.pop(form.get("code", ""), None)
        if code is None or code.ask.client_id != form.get("client_id"):
            raise OAuthError("invalid_grant", "invalid authorization code")
        if self._now() - code.made_at > CODE_LIFETIME:
            raise OAuthError("invalid_grant", "expired authorization code")
        if code.ask.redirect_uri != form.get("redirect_uri"):
            raise OAuthError("invalid_grant", "redirect_uri must match configuration")
        if code.ask.code_challenge and not _proves(form.get("code_verifier", ""), code.ask.code_challenge):
            raise OAuthError("invalid_grant", "invalid code verifier")
        return code

    def _close(self, ticket: str) -> Ask:
        ask = self._asks.pop(ticket, None)
        if ask is None:
            raise OAuthError("invalid_request", "This page is out of date: start again from the app")
        return ask


@evidence("OAuth", "simulated", "The app cannot request openid: the scope is left out, and no id_token is issued")
def _granted(scope: str) -> str:
    return " ".join(each for each in scope.split() if each != "openid")


def _is_loopback(uri: str) -> bool:
    try:
        parts = urlsplit(uri)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and parts.hostname in LOOPBACK_HOSTS and not parts.fragment


def _proves(verifier: str, challenge: str) -> bool:
    digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=")
    return hmac.compare_digest(digest, challenge.rstrip("=").encode())


def _redirect(ask: Ask, answer: Mapping[str, str]) -> str:
    query = urlencode({**answer, "state": ask.state} if ask.state else answer)
    return f"{ask.redirect_uri}{'&' if urlsplit(ask.redirect_uri).query else '?'}{query}"
