"""The people who are logged in: their tokens of Salesforce, one set for all programs of a person on all replicas.

Salesforce replaces refresh tokens, and refuses the replaced ones. So one replica of the fleet refreshes at a time,
the new token is in the store before anybody gets what came with it, and who waited reads the store again.
"""

import asyncio
import logging
import secrets
import time
from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeVar

from mcp_salesforce.oauth.documents import Document, Documents, Values
from mcp_salesforce.oauth.org import Org, SignedIn
from mcp_salesforce.salesforce import AuthenticationError, SalesforceError, Token
from mcp_salesforce.salesforce.auth import HttpExchange
from mcp_salesforce.salesforce.errors import TokenBusyError
from mcp_salesforce.salesforce.oauth_causes import oauth_cause
from mcp_salesforce.store.interface import StoreError
from mcp_salesforce.store.sealing import SealedStore

LIFETIME_S: Final = 31 * 86_400.0
CONFIRMED_S: Final = 50.0
"""How long Salesforce's word that a user is active counts; then nobody gets in before it says so again."""
_ASKED_AGAIN_S: Final = 30.0
_ROLES_S: Final = 300.0
"""How long a person's profile and permission sets count; then they are asked for again."""
_LOCK_S: Final = 60.0
_WAIT_S: Final = 45.0
_POLL_S: Final = (0.05, 0.25)
_KEPT_TRYING_S: Final = 120.0
_PASSING: Final = frozenset({"being_processed", "ip_restricted", "locked_user", "login_rate", "sign_on_policy"})
_ENDED: Final = "Your login to Salesforce has ended."
_LOG_IN: Final = "Tell the user to log in again: the host offers it when it connects."
_log = logging.getLogger(__name__)
_Result = TypeVar("_Result")


class People:
    """Everybody who is logged in."""

    def __init__(
        self, store: SealedStore, org: Org, now: Callable[[], float] = time.time, *, reads_roles: bool = False
    ) -> None:
        """Keep them in `store`.

        Args:
            store: For all replicas.
            org: Where their tokens come from.
            now: The time in Unix seconds.
            reads_roles: Whether to ask for profiles and permission sets too, for the roles of a policy.
        """
        self._reads_roles = reads_roles
        self._store = store
        self._kept = Documents(store, "person", LIFETIME_S)
        self._org = org
        self._now = now
        self._running: set[asyncio.Task[Any]] = set()
        self._asked: dict[str, asyncio.Task[bool]] = {}

    async def log_in(self, signed_in: SignedIn) -> str:
        """Keep a person who has logged in, and return the person's Id."""
        person_id = f"{signed_in.org_id}.{signed_in.user_id}"
        values = {
            "org_id": signed_in.org_id,
            "user_id": signed_in.user_id,
            "username": signed_in.username,
            "instance_url": signed_in.token.instance_url,
            "identity_url": signed_in.token.identity_url,
            "access_token": signed_in.token.access_token,
            "refresh_token": signed_in.refresh_token,
            "claims": signed_in.claims,
            "confirmed_at": self._now(),
            **await self._roles(signed_in.token, signed_in.user_id, None),
        }
        await self._kept.put(person_id, values)
        return person_id

    async def get(self, person_id: str) -> Values | None:
        """Return what is known of a person who is logged in; None if Salesforce has ended the login."""
        found = await self._kept.get(person_id)
        return found.values if found and found.values["refresh_token"] else None

    async def prolong(self, person_id: str) -> None:
        """Remember a person for as long as the person's connections live, of which one was refreshed."""
        await self._kept.prolong(person_id)

    async def confirmed(self, person_id: str, values: Values) -> Values | None:
        """Return what is known of a person whom Salesforce lets in, by its word of less than a minute ago.

        Where the org cannot be reached, a person stays logged in: without the org there is nothing to see.
        """
        age_s = self._now() - values["confirmed_at"]
        if age_s < _ASKED_AGAIN_S:
            return values
        asking = self._asked.get(person_id)
        if asking is None:
            asking = self._asked[person_id] = self._begun(self._ask(person_id, values))
            asking.add_done_callback(lambda _: self._asked.pop(person_id, None))
        if age_s < CONFIRMED_S:
            return values
        return await self.get(person_id) if await asyncio.shield(asking) else None

    async def token(self, person_id: str, refused: str) -> Token:
        """Return an access token of a person other than the one that Salesforce refused.

        Raises:
            AuthenticationError: The login has ended.
            StoreError: The store cannot be used.
        """
        return await asyncio.shield(self._begun(self._token(person_id, refused)))

    async def log_out(self, person_id: str) -> None:
        """Forget a person, and end the login at Salesforce."""
        values = await self._kept.take(person_id)
        if values and values["refresh_token"]:
            self._begun(self._org.revoke(values["refresh_token"]))

    async def close(self) -> None:
        """Wait until nothing is asked any more: a token that was replaced must reach the store."""
        while self._running:
            await asyncio.wait(self._running)

    def _begun(self, work: Coroutine[Any, Any, _Result]) -> "asyncio.Task[_Result]":
        """Begin what ends though its caller is cancelled."""
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: "asyncio.Task[Any]") -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()):
            _log.debug("%s", error)

    async def _ask(self, person_id: str, values: Values) -> bool:
        """Ask Salesforce whether a person is active, keep its answer, and tell it."""
        try:
            claims = await self._claims(person_id, values)
            if claims.get("active") is False:
                await self._end(person_id)
                return False
            current = await self._required(person_id)
            roles = await self._roles(_token_of(current.values), values["user_id"], current.values)
        except AuthenticationError:
            return await self.get(person_id) is not None
        except StoreError:
            raise
        except SalesforceError:
            return True
        new = {"claims": claims, "confirmed_at": self._now(), **roles}
        await self._kept.change(person_id, lambda known: known and {**known, **new})
        return True

    async def _claims(self, person_id: str, values: Values) -> dict[str, Any]:
        """Return what Salesforce says of a person, with a new token if the present one is refused."""
        try:
            return await self._org.claims(_token_of(values))
        except AuthenticationError:
            return await self._org.claims(await self._token(person_id, values["access_token"]))

    async def _roles(self, token: Token, user_id: str, known: Values | None) -> Values:
        """Return the roles of a person, and when Salesforce said so; unknown ones are none, which is the narrowest."""
        if not self._reads_roles or (known and self._now() - known.get("roles_at", 0.0) < _ROLES_S):
            return {}
        try:
            return {"roles": await self._org.roles(token, user_id), "roles_at": self._now()}
        except SalesforceError as error:
            _log.warning("The roles of %s are unknown: %s", user_id, error.message)
            return {"roles": {}, "roles_at": self._now() - _ROLES_S + CONFIRMED_S}

    async def _token(self, person_id: str, refused: str) -> Token:
        owner, begun, pause_s = secrets.token_urlsafe(12), time.monotonic(), _POLL_S[0]
        while time.monotonic() - begun < _WAIT_S:
            found = await self._required(person_id)
            if found.values["access_token"] not in {"", refused}:
                return _token_of(found.values)
            if await self._store.lock(f"refresh:{person_id}", owner, _LOCK_S):
                try:
                    return await self._refreshed(person_id, refused)
                except TokenBusyError:
                    _log.info("Salesforce refreshes this login already")
                finally:
                    await self._store.unlock(f"refresh:{person_id}", owner)
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, _POLL_S[1])
        raise TokenBusyError("Salesforce gives no access token now: another program refreshes the same login.")

    async def _refreshed(self, person_id: str, refused: str) -> Token:
        """Return a new token; the caller holds the lock."""
        found = await self._required(person_id)
        if found.values["access_token"] not in {"", refused}:
            return _token_of(found.values)
        try:
            token, rotated = await self._org.refresh(found.values["refresh_token"])
        except TokenBusyError:
            raise
        except AuthenticationError as error:
            again = await self._required(person_id)
            if again.version != found.version and again.values["access_token"] not in {"", refused}:
                return _token_of(again.values)
            if _is_final(error):
                await self._end(person_id)
            raise AuthenticationError(f"{_ENDED} {error.message}", code=error.code, hint=_LOG_IN) from None
        return await self._kept_token(person_id, found.values["refresh_token"], token, rotated)

    async def _kept_token(self, person_id: str, used: str, token: Token, rotated: str) -> Token:
        """Keep a new token before anybody gets it, however long the store is away, and return the one that counts."""

        def renewed(known: Values | None) -> Values | None:
            if known is None or known["refresh_token"] != used:
                return None  # logged out, or in again, meanwhile
            new = {"access_token": token.access_token, "refresh_token": rotated or used}
            place = {"instance_url": token.instance_url, "identity_url": token.identity_url or known["identity_url"]}
            return {**known, **new, **place, "confirmed_at": self._now()}

        begun = time.monotonic()
        while True:
            try:
                if await self._kept.change(person_id, renewed):
                    return token
                return _token_of((await self._required(person_id)).values)
            except StoreError:
                if time.monotonic() - begun > _KEPT_TRYING_S:
                    raise
                await asyncio.sleep(_POLL_S[0])

    async def _required(self, person_id: str) -> Document:
        found = await self._kept.get(person_id)
        if found is None or not found.values["refresh_token"]:
            raise AuthenticationError(_ENDED, code="LOGIN_ENDED", hint=_LOG_IN)
        return found

    async def _end(self, person_id: str) -> None:
        """Let a person in no more until the next login; what identifies the person stays."""
        ended = {"access_token": "", "refresh_token": ""}
        await self._kept.change(person_id, lambda known: known and {**known, **ended})
        _log.info("Salesforce has ended the login of %s", person_id)


class PersonTokens:
    """Access tokens of one person, for a client of the org."""

    def __init__(self, people: People, person_id: str) -> None:
        """Take them from `people`."""
        self._people = people
        self._person_id = person_id

    def __repr__(self) -> str:
        return f"<PersonTokens of {self._person_id}>"

    async def token(self, exchange: HttpExchange, *, refused: Token | None) -> Token:  # noqa: ARG002 - one way for all
        """Return an access token: the one that all replicas use, unless it was refused.

        API: POST /services/oauth2/token, grant_type=refresh_token
        """
        return await self._people.token(self._person_id, refused.access_token if refused else "")


def _token_of(values: Values) -> Token:
    return Token(values["access_token"], values["instance_url"], values["identity_url"])


def _is_final(error: AuthenticationError) -> bool:
    """Tell whether a refusal ends the login, and not just this attempt."""
    known = oauth_cause(error.code, error.message)
    return error.code in {"invalid_grant", "inactive_user", "inactive_org"} and (
        not known or known.name not in _PASSING
    )
