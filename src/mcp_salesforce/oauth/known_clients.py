"""Which clients there are: those that registered themselves, and those that a document on the web describes."""

import asyncio
import re
import time
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlsplit

import orjson

from mcp_salesforce.oauth.clients import Client, described, hashed, registered
from mcp_salesforce.oauth.documents import Documents
from mcp_salesforce.oauth.refusing import OAuthRefusedError
from mcp_salesforce.salesforce import SalesforceError, Transport
from mcp_salesforce.salesforce.wire import HttpReply, HttpRequest
from mcp_salesforce.store.sealing import SealedStore

MOST_DOCUMENT_BYTES: Final = 32 * 1024
_UNUSED_S: Final = 86_400.0
"""How long a registration lives that nobody has logged in with."""
USED_S: Final = 90 * 86_400.0
"""How long a registration lives after its latest login."""
_FETCH_S: Final = 5.0
_SHORTEST_S, _LONGEST_S, _USUAL_S, _FAILED_S = 300.0, 86_400.0, 3600.0, 60.0
_REGISTRATIONS: Final = 600
_REGISTRATIONS_S: Final = 600.0
_MAX_AGE: Final = re.compile(r"(?:^|[\s,])max-age=(\d{1,9})")
_HTTP_OK: Final = 200


class KnownClients:
    """The clients, by their Ids."""

    def __init__(
        self, store: SealedStore, transport: Transport | None, *, registers: bool, now: Callable[[], float] = time.time
    ) -> None:
        """Keep them in `store`.

        Args:
            store: For registrations, and for documents as long as they may be kept.
            transport: How documents are fetched, from public addresses only; None: clients cannot have documents.
            registers: Whether clients may register.
            now: The time in Unix seconds.
        """
        self._store = store
        self._transport = transport
        self._now = now
        self.registers = registers
        self._registered = Documents(store, "client", USED_S)
        self._fetched = Documents(store, "document", _USUAL_S)

    @property
    def reads_documents(self) -> bool:
        """Whether a client may name itself by the address of its document."""
        return self._transport is not None

    async def register(self, metadata: object) -> dict[str, Any]:
        """Keep a new client, and return the answer for it (RFC 7591, section 3.2.1).

        Raises:
            OAuthRefusedError: What the client says of itself cannot be used, or too many register now.
        """
        client, secret = registered(metadata)
        if await self._store.count("registrations", _REGISTRATIONS_S) > _REGISTRATIONS:
            raise OAuthRefusedError(
                "temporarily_unavailable",
                "Too many clients register now. Try again in ten minutes.",
                status=429,
                headers={"Retry-After": str(int(_REGISTRATIONS_S))},
            )
        await self._registered.put(client.client_id, client.as_values(), _UNUSED_S)
        told: dict[str, Any] = {
            "client_id": client.client_id,
            "client_id_issued_at": int(self._now()),
            "redirect_uris": list(client.redirect_uris),
            "token_endpoint_auth_method": client.auth_method,
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
        }
        if client.name:
            told["client_name"] = client.name
        return told | ({"client_secret": secret, "client_secret_expires_at": 0} if secret else {})

    async def find(self, client_id: str) -> Client:
        """Return a client.

        Raises:
            OAuthRefusedError: invalid_client; it is unknown, or its document cannot be used.
        """
        if "://" in client_id:
            return await self._described(client_id)
        found = await self._registered.get(client_id)
        if found is None:
            raise OAuthRefusedError("invalid_client", "This client is not registered here: register it.", status=401)
        return Client.of(found.values)

    async def keep(self, client: Client) -> None:
        """Let a registration live on: somebody logs in with it."""
        if not client.host:
            await self._registered.put(client.client_id, client.as_values())

    async def prolong(self, client_id: str) -> None:
        """Let a registration live on: a login of it is refreshed."""
        if "://" not in client_id:
            await self._registered.prolong(client_id)

    async def _described(self, address: str) -> Client:
        if self._transport is None or not _is_document_address(address):
            raise OAuthRefusedError(
                "invalid_client", "The client_id is not the https address of a client metadata document.", status=401
            )
        key = hashed(address)
        found = await self._fetched.get(key)
        if found is None:
            values, lifetime_s = await self._fetch(self._transport, address)
            await self._fetched.put(key, values, lifetime_s)
        else:
            values = found.values
        if why := values.get("why"):
            raise OAuthRefusedError("invalid_client", str(why), status=401)
        return Client.of(values)

    async def _fetch(self, transport: Transport, address: str) -> tuple[dict[str, Any], float]:
        """Return what is kept of a document, or why it cannot be used, and for how long."""
        request = HttpRequest("GET", address, {"Accept": "application/json"})
        try:
            async with asyncio.timeout(_FETCH_S):
                reply = await transport.exchange(request)
            client = _client_of(address, reply)
        except (SalesforceError, TimeoutError) as error:
            said = error.message if isinstance(error, SalesforceError) else "it took too long"
            return {"why": f"The client's document cannot be fetched: {said}"}, _FAILED_S
        except OAuthRefusedError as error:
            return {"why": f"The client's document cannot be used: {error.description}"}, _FAILED_S
        return client.as_values(), _lifetime_s(reply)


def _client_of(address: str, reply: HttpReply) -> Client:
    if reply.status != _HTTP_OK:
        raise OAuthRefusedError("invalid_client", f"its server answers {reply.status}.")
    try:
        metadata = orjson.loads(reply.body)
    except ValueError:
        metadata = None
    if not isinstance(metadata, dict) or metadata.get("client_id") != address:
        raise OAuthRefusedError("invalid_client", "it is not a JSON object whose client_id is its own address.")
    if "client_secret" in metadata:
        raise OAuthRefusedError("invalid_client", "a public document has no client_secret.")
    return described(address, metadata, metadata.get("token_endpoint_auth_method") or "none")


def _is_document_address(address: str) -> bool:
    """Tell whether a client_id has the form of an address of a document: https, a path, no user, no fragment."""
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return False
    steps = parts.path.split("/")
    return (
        parts.scheme == "https"
        and bool(parts.hostname)
        and port != 0
        and parts.path not in {"", "/"}
        and not {".", ".."}.intersection(steps)
        and parts.username is None
        and "#" not in address
        and address.isascii()
        and address.isprintable()
        and " " not in address
    )


def _lifetime_s(reply: HttpReply) -> float:
    """Return how long a document is kept: as its server says, within bounds."""
    control = reply.headers.get("cache-control", "").lower()
    if "no-store" in control or "no-cache" in control:
        return _SHORTEST_S
    said = _MAX_AGE.search(control)
    return min(_LONGEST_S, max(_SHORTEST_S, float(said[1]))) if said else _USUAL_S
