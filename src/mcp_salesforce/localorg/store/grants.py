"""What the org keeps of OAuth: its connected app, its refresh tokens, and who may log in."""

import secrets
from dataclasses import dataclass, field
from typing import Final

from mcp_salesforce.localorg.store.sqlite import Row, Store

_TABLES: Final = (
    "_consumer (client_id TEXT, client_secret TEXT, password TEXT, private_key TEXT)",
    "_grant (refresh_token TEXT PRIMARY KEY, client_id TEXT, user_id TEXT, scope TEXT, public INTEGER)",
)
_SELECT: Final = "SELECT refresh_token, client_id, user_id, scope, public FROM _grant"


@dataclass(frozen=True, slots=True)
class Consumer:
    """The connected app, and the password that every user of the org has."""

    client_id: str
    client_secret: str = field(repr=False)
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Grant:
    """What a user allowed an app: a refresh token stands for it. A public app has no secret to show with it."""

    refresh_token: str = field(repr=False)
    client_id: str
    user_id: str
    scope: str
    public: bool = False


class Grants:
    """The tables of OAuth. Secrets are made at random when the org is; a file org keeps them."""

    def __init__(self, store: Store) -> None:
        self._store = store
        with store.transaction():
            for table in _TABLES:
                store.execute(f"CREATE TABLE IF NOT EXISTS {table}")
            self.consumer = self._consumer()

    def _consumer(self) -> Consumer:
        row = self._store.row("SELECT client_id, client_secret, password FROM _consumer")
        if row is not None:
            return Consumer(*row)
        made = Consumer(f"3MVG9{secrets.token_urlsafe(60)}", secrets.token_hex(32).upper(), secrets.token_urlsafe(12))
        values = [made.client_id, made.client_secret, made.password]
        self._store.execute("INSERT INTO _consumer VALUES (?, ?, ?, NULL)", values)
        return made

    def private_key(self) -> str | None:
        """Return the app's key as PEM, if it has one."""
        row = self._store.row("SELECT private_key FROM _consumer")
        return row["private_key"] if row else None

    def keep_private_key(self, pem: str) -> None:
        """Keep the app's key."""
        self._store.execute("UPDATE _consumer SET private_key = ?", [pem])

    def add(self, client_id: str, user_id: str, scope: str, *, public: bool = False) -> Grant:
        """Make a refresh token, and return what it stands for."""
        made = Grant(f"5Aep861{secrets.token_urlsafe(60)}", client_id, user_id, scope, public)
        values = [made.refresh_token, client_id, user_id, scope, public]
        self._store.execute("INSERT INTO _grant VALUES (?, ?, ?, ?, ?)", values)
        return made

    def find(self, refresh_token: str) -> Grant | None:
        """Return what a refresh token stands for; None if it is unknown, revoked or rotated."""
        row = self._store.row(f"{_SELECT} WHERE refresh_token = ?", [refresh_token])
        return Grant(*row) if row else None

    def latest(self, user_id: str) -> Grant | None:
        """Return the grant that a user gave last."""
        row = self._store.row(f"{_SELECT} WHERE user_id = ? ORDER BY rowid DESC", [user_id])
        return Grant(*row) if row else None

    def rotate(self, grant: Grant) -> Grant:
        """Put a new refresh token in the place of a grant's old one, which is dead from then on."""
        with self._store.transaction():
            self.revoke(grant)
            return self.add(grant.client_id, grant.user_id, grant.scope, public=grant.public)

    def revoke(self, grant: Grant) -> None:
        """Forget a refresh token."""
        self._store.execute("DELETE FROM _grant WHERE refresh_token = ?", [grant.refresh_token])

    def user(self, username: str) -> Row | None:
        """Return Id, Username and IsActive of a user."""
        return self._store.row("SELECT Id, Username, IsActive FROM User WHERE Username = ?", [username])

    def users(self) -> list[Row]:
        """Return Id, Username and Name of the active users, the oldest first."""
        return self._store.rows("SELECT Id, Username, Name FROM User WHERE IsActive = 1 ORDER BY Id")

    def username(self, user_id: str) -> str:
        """Return the name that a user logs in with."""
        row = self._store.row("SELECT Username FROM User WHERE Id = ?", [user_id])
        return str(row["Username"]) if row else ""
