"""What the org keeps of OAuth: its connected app, its refresh tokens, and who can log in.

Secrets are kept as their SHA-256 alone, which is enough for random ones: nobody can log in with the file.
"""

import secrets
from dataclasses import dataclass, field
from typing import Final, Literal

from mcp_salesforce.localorg.store.hashing import digest
from mcp_salesforce.localorg.store.sqlite import Row, Store

_TABLES: Final = (
    "_consumer (client_id TEXT)",
    "_secret (hash TEXT PRIMARY KEY, kind TEXT)",
    "_grant (hash TEXT PRIMARY KEY, client_id TEXT, user_id TEXT, scope TEXT, public INTEGER)",
)


@dataclass(frozen=True, slots=True)
class Consumer:
    """The connected app, and the password that every user of the org has."""

    client_id: str
    client_secret: str = field(repr=False)
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Grant:
    """What a user allowed an app: a refresh token stands for it. A public app has no secret to show with it."""

    hash: str = field(repr=False)
    client_id: str
    user_id: str
    scope: str
    public: bool = False


class Grants:
    """The tables of OAuth. Each start draws secrets of its own; those of earlier starts of a file stay good."""

    def __init__(self, store: Store) -> None:
        self._store = store
        with store.transaction():
            for table in _TABLES:
                store.execute(f"CREATE TABLE IF NOT EXISTS {table}")
            self.consumer = Consumer(self._client_id(), secrets.token_hex(32).upper(), secrets.token_urlsafe(12))
            kept = {"client_secret": self.consumer.client_secret, "password": self.consumer.password}
            store.execute_many("INSERT INTO _secret VALUES (?, ?)", [(digest(kept[kind]), kind) for kind in kept])

    def _client_id(self) -> str:
        row = self._store.row("SELECT client_id FROM _consumer")
        if row is not None:
            return str(row["client_id"])
        made = f"3MVG9{secrets.token_urlsafe(60)}"
        self._store.execute("INSERT INTO _consumer VALUES (?)", [made])
        return made

    def knows(self, kind: Literal["client_secret", "password"], secret: str) -> bool:
        """Return whether a secret is one that the org gave out, at this start or an earlier one."""
        return self._store.row("SELECT 1 FROM _secret WHERE hash = ? AND kind = ?", [digest(secret), kind]) is not None

    def add(self, client_id: str, user_id: str, scope: str, *, public: bool = False) -> str:
        """Keep what a user allowed an app, and return the refresh token that stands for it."""
        refresh_token = f"5Aep861{secrets.token_urlsafe(60)}"
        values = [digest(refresh_token), client_id, user_id, scope, public]
        self._store.execute("INSERT INTO _grant VALUES (?, ?, ?, ?, ?)", values)
        return refresh_token

    def find(self, refresh_token: str) -> Grant | None:
        """Return what a refresh token stands for; None if it is unknown, revoked or rotated."""
        sql = "SELECT hash, client_id, user_id, scope, public FROM _grant WHERE hash = ?"
        row = self._store.row(sql, [digest(refresh_token)])
        return Grant(*row) if row else None

    def rotate(self, grant: Grant) -> str:
        """Return a new refresh token for a grant, whose old one is dead from then on."""
        with self._store.transaction():
            self.revoke(grant)
            return self.add(grant.client_id, grant.user_id, grant.scope, public=grant.public)

    def revoke(self, grant: Grant) -> None:
        """Forget a grant, and so its refresh token."""
        self._store.execute("DELETE FROM _grant WHERE hash = ?", [grant.hash])

    def user(self, username: str) -> Row | None:
        """Return Id, Username and IsActive of a user."""
        return self._store.row("SELECT Id, Username, IsActive FROM User WHERE Username = ?", [username])

    def users(self) -> list[Row]:
        """Return Id, Username and Name of the active users, the oldest first."""
        return self._store.rows("SELECT Id, Username, Name FROM User WHERE IsActive = 1 ORDER BY Id")

    def is_active(self, user_id: str) -> bool:
        """Tell whether a user can log in."""
        return self._store.row("SELECT 1 FROM User WHERE Id = ? AND IsActive = 1", [user_id]) is not None

    def username(self, user_id: str) -> str:
        """Return the name that a user logs in with."""
        row = self._store.row("SELECT Username FROM User WHERE Id = ?", [user_id])
        return str(row["Username"]) if row else ""
