"""The browser of a person: a cookie knows it again, so that nobody else's click or redirect counts as this person's."""

import secrets
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from mcp_salesforce.oauth.addresses import Addresses
from mcp_salesforce.oauth.clients import hashed
from mcp_salesforce.oauth.refusing import OAuthRefusedError

LIFETIME_S: Final = 1800
_SHORTEST, _LONGEST = 32, 64
_OWN: Final = frozenset({"same-origin", "none"})


class Browsers:
    """Gives each browser a random cookie.

    A browser sends it when a person comes back from Salesforce and with our own forms, not with the forms of other
    sites (SameSite=Lax).
    """

    def __init__(self, addresses: Addresses) -> None:
        """Give cookies for the server at `addresses`."""
        self._is_secure = addresses.is_secure
        self._origin = addresses.origin
        self._name = "__Host-mcp-salesforce" if addresses.is_secure else "mcp-salesforce"

    def known(self, request: Request) -> str:
        """Return the hash of a browser's cookie; empty where it has none."""
        cookie = request.cookies.get(self._name, "")
        return hashed(cookie) if _SHORTEST <= len(cookie) <= _LONGEST else ""

    def remember(self, request: Request) -> tuple[str, str]:
        """Return the hash of a browser's cookie, and the cookie to set; a new one where it has none."""
        cookie = request.cookies.get(self._name, "")
        if not self.known(request):
            cookie = secrets.token_urlsafe(32)
        return hashed(cookie), cookie

    def renewed(self) -> tuple[str, str]:
        """Return the hash of a new cookie, and the cookie: who knew the old one does not know this."""
        cookie = secrets.token_urlsafe(32)
        return hashed(cookie), cookie

    def set_on(self, response: Response, cookie: str) -> None:
        """Let a browser keep the cookie."""
        response.set_cookie(
            self._name, cookie, max_age=LIFETIME_S, path="/", secure=self._is_secure, httponly=True, samesite="lax"
        )

    def require_own_form(self, request: Request) -> None:
        """Check that a form was sent from a page of ours.

        Raises:
            OAuthRefusedError: access_denied; another site sent it.
        """
        origin = request.headers.get("origin", self._origin)
        if origin not in {self._origin, "null"} or request.headers.get("sec-fetch-site", "none") not in _OWN:
            raise OAuthRefusedError("access_denied", "Another site sent this form.", status=403)
