"""Connections: what one program of one person may do, from the login to the logout. Our refresh tokens stand for them.

A refresh token is used once; then its successor counts. Clients lose answers, and send two or three refreshes at once:
so the last rotation is repeated until its token is used, and for a minute after it in any case. A token that comes back
later was stolen, or its successor was: then the connection ends.
"""

import base64
import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from mcp_salesforce.oauth.clients import Client, is_secret
from mcp_salesforce.oauth.documents import Document, Documents, Values
from mcp_salesforce.store.sealing import SealedStore

LIFETIME_S: Final = 30 * 86_400.0
"""How long a connection lives after its latest refresh."""
GRACE_S: Final = 60.0
_REMEMBERED: Final = 8  # rotations within the grace
_NUMBER: Final = re.compile(r"0|[1-9]\d{0,8}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Connection:
    """What one program of one person may do; the repr shows no secret.

    Attributes:
        connection_id: Its Id.
        person_id: Whose it is.
        client_id: The program.
        client_name: What the program calls itself; empty if it does not say.
        client_host: The host that vouches for the program; empty if none does.
        redirect_host: Where the person was sent back to.
        auth_method: How the program proves that it is itself.
        secret_hash: The hash of the program's secret; empty for public ones.
        made_at: When it began, in Unix seconds.
        used_at: When its token was last refreshed.
    """

    connection_id: str
    person_id: str
    client_id: str
    client_name: str
    client_host: str
    redirect_host: str
    auth_method: str
    secret_hash: str = field(repr=False)
    made_at: float
    used_at: float

    def knows(self, secret: str) -> bool:
        """Tell whether `secret` is the program's."""
        return is_secret(secret, self.secret_hash)


class Connections:
    """The connections of all people."""

    def __init__(self, store: SealedStore, now: Callable[[], float] = time.time) -> None:
        """Keep them in `store`; `now` is the time in Unix seconds."""
        self._kept = Documents(store, "connection", LIFETIME_S)
        self._of_people = Documents(store, "connections", LIFETIME_S)
        self._now = now

    async def begin(self, connection_id: str, person_id: str, client: Client, redirect_host: str) -> str:
        """Keep a new connection, and return its first refresh token."""
        key, now = secrets.token_hex(32), self._now()
        values = {
            "person_id": person_id,
            "client_id": client.client_id,
            "client_name": client.name,
            "client_host": client.host,
            "redirect_host": redirect_host,
            "auth_method": client.auth_method,
            "secret_hash": client.secret_hash,
            "made_at": now,
            "used_at": now,
            "key": key,
            "number": 0,
            "rotations": [],
        }
        await self._kept.put(connection_id, values)
        await self._of_people.change(person_id, lambda known: {**(known or {}), connection_id: now})
        return _token(connection_id, key, 0)

    async def get(self, connection_id: str) -> Connection | None:
        """Return a connection; None if there is none, or it has ended."""
        found = await self._kept.get(connection_id)
        return _connection(connection_id, found.values) if found else None

    async def of_token(self, refresh_token: str) -> Connection | None:
        """Return the connection that a refresh token, valid or used up, is of; None if it is none of ours."""
        found = await self._find(refresh_token)
        return _connection(*found[:1], found[1].values) if found else None

    async def rotate(self, refresh_token: str) -> str | None:
        """Return the successor of a refresh token; None, and end the connection, if it was used up before.

        Of all who send the same token within a minute, each gets the same successor.
        """
        while found := await self._find(refresh_token):
            connection_id, document, number = found
            values, now = document.values, self._now()
            newest = values["number"]
            if number == newest:
                rotations = [now, *values["rotations"]][:_REMEMBERED]
                changed = {**values, "number": newest + 1, "rotations": rotations, "used_at": now}
                if not await self._kept.swap(connection_id, changed, document):
                    continue
                await self._prolong(values["person_id"])
                return _token(connection_id, values["key"], newest + 1)
            rotated_at = dict(zip(range(newest - 1, -1, -1), values["rotations"], strict=False)).get(number, 0.0)
            if number == newest - 1 or now - rotated_at <= GRACE_S:
                return _token(connection_id, values["key"], newest)
            await self.end(connection_id)
        return None

    async def end(self, connection_id: str) -> str | None:
        """End a connection; return whose it was, if that person has no other one."""
        values = await self._kept.take(connection_id)
        if values is None:
            return None
        person_id = str(values["person_id"])
        left = await self._of_people.change(
            person_id, lambda known: {each: at for each, at in (known or {}).items() if each != connection_id}
        )
        return None if left else person_id

    async def of_person(self, person_id: str) -> list[Connection]:
        """Return the connections of a person, the latest first."""
        known = await self._of_people.get(person_id)
        found = [await self.get(each) for each in (known.values if known else {})]
        return sorted((each for each in found if each), key=lambda each: each.made_at, reverse=True)

    async def _prolong(self, person_id: str) -> None:
        """Let the list of a person's connections live as long as they do, without those that have ended."""
        known = await self._of_people.get(person_id)
        if known:
            alive = {each: at for each, at in known.values.items() if await self._kept.get(each)}
            await self._of_people.swap(person_id, alive, known)

    async def _find(self, refresh_token: str) -> tuple[str, Document, int] | None:
        """Return the Id and document of the connection that a refresh token is of, and the token's number."""
        connection_id, _, rest = refresh_token.partition(".")
        number = rest.partition(".")[0]
        if not _NUMBER.fullmatch(number) or not refresh_token.isascii():
            return None
        found = await self._kept.get(connection_id)
        if found is None or int(number) > found.values["number"]:
            return None
        own = _token(connection_id, found.values["key"], int(number))
        return (connection_id, found, int(number)) if hmac.compare_digest(own, refresh_token) else None


def _connection(connection_id: str, values: Values) -> Connection:
    kept: dict[str, Any] = {name: values[name] for name in Connection.__slots__ if name in values}
    return Connection(connection_id=connection_id, **kept)


def _token(connection_id: str, key: str, number: int) -> str:
    """Return a refresh token. It needs the connection's key, and the connection knows each one that it ever had."""
    proof = hmac.digest(bytes.fromhex(key), str(number).encode(), hashlib.sha256)
    return f"{connection_id}.{number}.{base64.urlsafe_b64encode(proof).rstrip(b'=').decode()}"
