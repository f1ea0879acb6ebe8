"""Our access tokens: JWTs (RFC 9068) for this server alone, signed with keys that follow from those of the store.

PyJWT makes and reads them: it is there for the JWT bearer flow, and one library for JWTs is enough.
"""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import jwt

from mcp_salesforce.oauth.addresses import SCOPE, Addresses
from mcp_salesforce.store.sealing import KeyRing

LIFETIME_S: Final = 3600
_ALGORITHM: Final = "HS256"
_TYPE: Final = "at+jwt"
_CLAIMS: Final = ("iss", "aud", "sub", "exp", "iat", "jti", "client_id", "sid")
_MOST_CHARACTERS: Final = 4096
_MOST_REMEMBERED: Final = 4096


@dataclass(frozen=True, slots=True)
class Bearer:
    """What a valid access token says: whose it is, and of which connection."""

    person_id: str
    connection_id: str


class AccessTokens:
    """Makes access tokens, and knows them again; a token is valid on every replica that has the same keys."""

    def __init__(self, addresses: Addresses, ring: KeyRing, now: Callable[[], float] = time.time) -> None:
        """Sign with a key of `ring`; `now` is the time in Unix seconds."""
        self._addresses = addresses
        self._keys = ring.derived("access tokens")
        self._now = now
        self._verified = lru_cache(_MOST_REMEMBERED)(self._verify)

    def __repr__(self) -> str:
        return "<AccessTokens>"

    def made(self, person_id: str, connection_id: str, client_id: str) -> str:
        """Return a token for an hour."""
        name, key = next(iter(self._keys.items()))
        now = int(self._now())
        claims = {
            "iss": self._addresses.issuer,
            "aud": self._addresses.resource,
            "sub": person_id,
            "sid": connection_id,
            "client_id": client_id,
            "scope": SCOPE,
            "iat": now,
            "exp": now + LIFETIME_S,
            "jti": secrets.token_urlsafe(12),
        }
        return jwt.encode(claims, key, algorithm=_ALGORITHM, headers={"typ": _TYPE, "kid": name})

    def read(self, token: str) -> Bearer | None:
        """Return what a token says; None if it is not one of ours, is for another server, or has expired."""
        if len(token) > _MOST_CHARACTERS or not token.isascii():
            return None
        found = self._verified(token)
        return found[0] if found and found[1] > self._now() else None

    def _verify(self, token: str) -> tuple[Bearer, int] | None:
        """Return what a token says and when it expires; what it is worth never changes, so it is verified once."""
        try:
            header = jwt.get_unverified_header(token)
            key = self._keys.get(str(header.get("kid")))
            if key is None or str(header.get("typ")).lower() != _TYPE:
                return None
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[_ALGORITHM],
                audience=self._addresses.resource,
                issuer=self._addresses.issuer,
                options={"require": list(_CLAIMS), "verify_exp": False, "verify_iat": False, "strict_aud": True},
            )
        except (jwt.PyJWTError, ValueError):
            return None
        if not isinstance(claims["exp"], int):
            return None
        return Bearer(str(claims["sub"]), str(claims["sid"])), claims["exp"]
