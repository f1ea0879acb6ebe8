"""`/token` and `/revoke` (RFC 6749, 7636, 8707, 7009). Neither waits for Salesforce."""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote_plus

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from mcp_salesforce.oauth.access_tokens import LIFETIME_S, AccessTokens
from mcp_salesforce.oauth.addresses import SCOPE, Addresses
from mcp_salesforce.oauth.authorize import Codes, Redeemable
from mcp_salesforce.oauth.clients import Client
from mcp_salesforce.oauth.connections import Connection, Connections
from mcp_salesforce.oauth.everybody import People
from mcp_salesforce.oauth.known_clients import KnownClients
from mcp_salesforce.oauth.parameters import form_of, required
from mcp_salesforce.oauth.refusing import NO_STORE, OAuthRefusedError

_VERIFIER: Final = re.compile(r"[A-Za-z0-9._~-]{43,128}")
_ENDED: Final = "The login has ended. Log in again."


@dataclass(frozen=True, slots=True)
class Shown:
    """What a client shows of itself: an Id, a secret, and how; the repr does not show the secret."""

    client_id: str
    secret: str = field(repr=False)
    method: str

    @property
    def is_unknown(self) -> OAuthRefusedError:
        """The refusal of a client that is not what it says."""
        headers = {"WWW-Authenticate": 'Basic realm="token"'} if self.method == "client_secret_basic" else {}
        return OAuthRefusedError("invalid_client", "The client is unknown, or not itself.", status=401, headers=headers)

    def require(self, auth_method: str, secret_is_right: bool) -> None:
        """Check that a client proves itself as it said that it would; either way of showing a secret will do."""
        if (auth_method == "none") != (self.method == "none") or (auth_method != "none" and not secret_is_right):
            raise self.is_unknown


class TokenEndpoint:
    """Gives access tokens for codes and refresh tokens, and ends connections."""

    def __init__(
        self,
        addresses: Addresses,
        clients: KnownClients,
        codes: Codes,
        connections: Connections,
        people: People,
        tokens: AccessTokens,
    ) -> None:
        """Give tokens for the server at `addresses`."""
        self._addresses = addresses
        self._clients = clients
        self._codes = codes
        self._connections = connections
        self._people = people
        self._tokens = tokens

    async def token(self, request: Request) -> Response:
        """POST /token."""
        form = await form_of(request)
        shown = shown_client(request, form)
        grant = required(form, "grant_type")
        if grant == "authorization_code":
            return await self._for_code(form, shown)
        if grant == "refresh_token":
            return await self._for_refresh_token(form, shown)
        raise OAuthRefusedError("unsupported_grant_type", "The grant_type is authorization_code or refresh_token.")

    async def revoke(self, request: Request) -> Response:
        """POST /revoke: end the connection of a token. An unknown token has ended already."""
        form = await form_of(request)
        token = required(form, "token")
        shown = shown_client(request, form, must_name=False)
        connection = await self._connections.of_token(token)
        if connection is None and (bearer := self._tokens.read(token)):
            connection = await self._connections.get(bearer.connection_id)
        if connection is not None:
            if connection.auth_method != "none" or shown.client_id:
                if shown.client_id != connection.client_id:
                    raise shown.is_unknown
                shown.require(connection.auth_method, connection.knows(shown.secret))
            await self.end(connection.connection_id)
        return Response(None, 200, NO_STORE)

    async def end(self, connection_id: str) -> None:
        """End a connection, and with a person's last one the login at Salesforce."""
        if left := await self._connections.end(connection_id):
            await self._people.log_out(left)

    async def _for_code(self, form: Mapping[str, str], shown: Shown) -> Response:
        code, verifier = required(form, "code"), required(form, "code_verifier")
        client = await self._known(shown)
        if not _VERIFIER.fullmatch(verifier):
            raise OAuthRefusedError("invalid_request", "The code_verifier has 43 to 128 letters, digits and -._~.")
        found = await self._codes.look(code)
        if found is None:
            if (used := await self._codes.used_for(code)) and await self._is_of(used, client):
                await self.end(used)  # someone else has the code, and may have the tokens (RFC 6749, section 4.1.2)
            raise OAuthRefusedError("invalid_grant", "The code is unknown, used or too old.")
        if found.asked.client_id != client.client_id:
            raise OAuthRefusedError("invalid_grant", "The code is another client's.")
        self._require_resource(form)
        found = await self._codes.use(code)
        if found is None:
            raise OAuthRefusedError("invalid_grant", "The code is used.")
        if form.get("redirect_uri", found.asked.redirect_uri) != found.asked.redirect_uri:
            raise OAuthRefusedError("invalid_grant", "The redirect_uri is not that of the code.")
        if not _proves(verifier, found.asked.challenge):
            raise OAuthRefusedError("invalid_grant", "The code_verifier is not that of the code.")
        return await self._first(found, client)

    async def _first(self, found: Redeemable, client: Client) -> Response:
        if await self._people.get(found.person_id) is None:
            raise OAuthRefusedError("invalid_grant", _ENDED)
        refresh_token = await self._connections.begin(
            found.connection_id, found.person_id, client, found.asked.redirect_host
        )
        await self._clients.keep(client)
        return self._answer(found.person_id, found.connection_id, client.client_id, refresh_token)

    async def _for_refresh_token(self, form: Mapping[str, str], shown: Shown) -> Response:
        token = required(form, "refresh_token")
        connection = await self._connections.of_token(token)
        if connection is None:
            await self._known(shown)
            raise OAuthRefusedError("invalid_grant", "The refresh token is unknown, or its connection has ended.")
        if connection.client_id != shown.client_id:
            await self._known(shown)
            raise OAuthRefusedError("invalid_grant", "The refresh token is another client's.")
        shown.require(connection.auth_method, connection.knows(shown.secret))
        self._require_resource(form)
        if await self._people.get(connection.person_id) is None:
            raise OAuthRefusedError("invalid_grant", _ENDED)
        successor = await self._connections.rotate(token)
        if successor is None:
            raise OAuthRefusedError("invalid_grant", "The refresh token was used before; the connection has ended.")
        await self._people.prolong(connection.person_id)
        await self._clients.prolong(connection.client_id)
        return self._answer(connection.person_id, connection.connection_id, connection.client_id, successor)

    def _answer(self, person_id: str, connection_id: str, client_id: str, refresh_token: str) -> Response:
        return JSONResponse(
            {
                "access_token": self._tokens.made(person_id, connection_id, client_id),
                "token_type": "Bearer",
                "expires_in": LIFETIME_S,
                "scope": SCOPE,
                "refresh_token": refresh_token,
            },
            headers=NO_STORE,
        )

    async def _known(self, shown: Shown) -> Client:
        """Return the client, which has proved that it is itself."""
        try:
            client = await self._clients.find(shown.client_id)
        except OAuthRefusedError as error:
            raise error if shown.method == "none" else shown.is_unknown from None
        shown.require(client.auth_method, client.knows(shown.secret))
        return client

    async def _is_of(self, connection_id: str, client: Client) -> bool:
        connection: Connection | None = await self._connections.get(connection_id)
        return connection is not None and connection.client_id == client.client_id

    def _require_resource(self, form: Mapping[str, str]) -> None:
        if not all(map(self._addresses.is_resource, form.get("resource", "").split())):
            raise OAuthRefusedError("invalid_target", f"The resource must be {self._addresses.resource}.")


def shown_client(request: Request, form: Mapping[str, str], *, must_name: bool = True) -> Shown:
    """Return what a client shows of itself, in the form or by HTTP Basic.

    Raises:
        OAuthRefusedError: invalid_request or invalid_client.
    """
    scheme, _, basic = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            client_id, _, secret = base64.b64decode(basic.strip(), validate=True).decode().partition(":")
        except (binascii.Error, UnicodeError):
            raise Shown("", "", "client_secret_basic").is_unknown from None
        shown = Shown(unquote_plus(client_id), unquote_plus(secret), "client_secret_basic")
        if "client_secret" in form or form.get("client_id", shown.client_id) != shown.client_id:
            raise OAuthRefusedError("invalid_request", "The client shows itself in two ways.")
        return shown
    if scheme:
        raise Shown("", "", "client_secret_basic").is_unknown
    client_id = required(form, "client_id") if must_name else form.get("client_id", "")
    secret = form.get("client_secret", "")
    return Shown(client_id, secret, "client_secret_post" if secret else "none")


def _proves(verifier: str, challenge: str) -> bool:
    digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    return hmac.compare_digest(digest, challenge)
