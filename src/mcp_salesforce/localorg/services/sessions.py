"""Keep the valid access tokens, and when they expire."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from mcp_salesforce.localorg import errors
from mcp_salesforce.localorg.evidence import evidence

SESSION_TIMEOUT: Final = timedelta(hours=2)


@dataclass(slots=True)
class Session:
    """A valid access token: its user, its scopes, and its last use."""

    access_token: str = field(repr=False)
    user_id: str
    client_id: str
    scope: str
    issued_at: datetime
    last_used: datetime


class Sessions:
    """The live sessions, in memory: a restart ends them, and clients refresh their tokens."""

    def __init__(self, organization_id: str, now: Callable[[], datetime], is_active: Callable[[str], bool]) -> None:
        """Give out tokens of the org; `is_active` tells whether a user can log in."""
        self._organization_id = organization_id
        self._now = now
        self._is_active = is_active
        self._live: dict[str, Session] = {}

    @evidence("OAuth", "recorded", "An access token is `<15 characters of the org's Id>!<opaque>`")
    def start(self, user_id: str, client_id: str, scope: str) -> Session:
        """Return a new session; forget the expired ones."""
        now = self._now()
        self._live = {
            token: session for token, session in self._live.items() if now - session.last_used <= SESSION_TIMEOUT
        }
        token = f"{self._organization_id[:15]}!AQ{secrets.token_urlsafe(70).replace('-', '.')}"
        session = Session(token, user_id, client_id, scope, now, now)
        self._live[token] = session
        return session

    @evidence("OAuth", "documented", "A session ends two hours after its last call; no reply says when")
    @evidence("OAuth", "documented", "The sessions of a user end when the user is deactivated")
    def find(self, access_token: str) -> Session | None:
        """Return the live session of a token, and count this as a use; None if there is none."""
        now = self._now()
        session = self._live.get(access_token)
        if session is None:
            return None
        if now - session.last_used > SESSION_TIMEOUT or not self._is_active(session.user_id):
            del self._live[access_token]
            return None
        session.last_used = now
        return session

    def require(self, access_token: str) -> Session:
        """Return the live session of a token.

        Raises:
            OrgError: INVALID_SESSION_ID.
        """
        session = self.find(access_token)
        if session is None:
            raise errors.invalid_session()
        return session

    def end(self, *, access_token: str = "", user_id: str = "") -> None:
        """End the session of a token, and every session of a user."""
        self._live = {
            token: session
            for token, session in self._live.items()
            if token != access_token and session.user_id != user_id
        }

    def expire_all(self) -> None:
        """End every session, as if each had been idle for too long. Refresh tokens stay valid."""
        self._live.clear()
