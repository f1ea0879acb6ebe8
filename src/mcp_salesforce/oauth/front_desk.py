"""The authorization server as a whole: its routes, and whose token a request carries."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self

import orjson
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from mcp_salesforce.oauth import metadata
from mcp_salesforce.oauth.access_tokens import AccessTokens
from mcp_salesforce.oauth.addresses import SCOPE, Addresses
from mcp_salesforce.oauth.authorize import Authorization
from mcp_salesforce.oauth.connections import Connections
from mcp_salesforce.oauth.connections_page import ConnectionsPage
from mcp_salesforce.oauth.everybody import People, PersonTokens
from mcp_salesforce.oauth.known_clients import MOST_DOCUMENT_BYTES, KnownClients
from mcp_salesforce.oauth.org import Org
from mcp_salesforce.oauth.parameters import body_of
from mcp_salesforce.oauth.person import Person
from mcp_salesforce.oauth.refusing import NO_STORE, Endpoint, OAuthRefusedError, answering, showing
from mcp_salesforce.oauth.token_endpoint import TokenEndpoint
from mcp_salesforce.salesforce import AiohttpTransport, Transport
from mcp_salesforce.settings import connect
from mcp_salesforce.settings.team import Team
from mcp_salesforce.store.sealing import KeyRing, SealedStore

_LOOKED_UP_S: Final = 5.0
_MOST_LOOKED_UP: Final = 10_000
_PUBLIC: Final = {"Cache-Control": "public, max-age=300"}
_ANY_SITE: Final = [
    Middleware(
        CORSMiddleware,
        allow_origins=["*"],
        allow_methods=["GET", "POST"],
        allow_headers=["*"],
        expose_headers=["WWW-Authenticate", "Retry-After"],
        max_age=600,
    )
]


@dataclass(frozen=True, slots=True)
class _Known:
    person_id: str
    until: float


class TeamLogins:
    """Lets people log in with their own Salesforce users; see `AuthorizationServer`.

    Use it as an asynchronous context: it checks the store at the start, and at the end lets replaced tokens reach it.
    """

    def __init__(
        self,
        addresses: Addresses,
        store: SealedStore,
        ring: KeyRing,
        org: Org,
        *,
        documents: Transport | None = None,
        registers: bool = True,
        reads_roles: bool = False,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Serve at `addresses`.

        Args:
            addresses: Where people reach the server.
            store: What replicas share.
            ring: Its keys, from which those for tokens follow.
            org: The org that people log in to.
            documents: How Client ID Metadata Documents are fetched; None: not at all.
            registers: Whether clients may register.
            reads_roles: Whether claims have profiles and permission sets too, for the roles of a policy.
            now: The time in Unix seconds.
        """
        self.addresses = addresses
        self._store, self._org, self._documents, self._now = store, org, documents, now
        self._clients = KnownClients(store, documents, registers=registers, now=now)
        self._people = People(store, org, now, reads_roles=reads_roles)
        self._connections = Connections(store, now)
        self._tokens = AccessTokens(addresses, ring, now)
        self._authorization = Authorization(addresses, store, ring, self._clients, org, self._people, now=now)
        codes = self._authorization.codes
        self._endpoint = TokenEndpoint(addresses, self._clients, codes, self._connections, self._people, self._tokens)
        self._page = ConnectionsPage(addresses, store, self._authorization, self._connections, self._endpoint, org)
        self._looked_up: dict[str, _Known] = {}

    @classmethod
    def of(
        cls, team: Team, store: SealedStore, *, transport: Transport | None = None, now: Callable[[], float] = time.time
    ) -> Self:
        """Return the server of the settings; `transport` is how Salesforce is reached, by the network's without one."""
        addresses = Addresses(team.public_url)
        org = Org(
            transport or connect.transport(team),
            team.login_url,
            team.client_id,
            team.client_secret.get_secret_value(),
            addresses.of("callback"),
        )
        documents = AiohttpTransport(
            ca_file=team.ca_file,
            proxy=team.way_out,
            most_reply_bytes=MOST_DOCUMENT_BYTES,
            connect_timeout_s=3,
            connections=10,
            public_only=True,
        )
        return cls(
            addresses,
            store,
            team.key_ring,
            org,
            documents=documents if team.client_documents else None,
            registers=team.registration,
            reads_roles=team.policy is not None,
            now=now,
        )

    def __repr__(self) -> str:
        return f"<TeamLogins at {self.addresses.issuer}>"

    async def __aenter__(self) -> Self:
        await self._store.verify()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._people.close()
        await self._org.close()
        if self._documents:
            await self._documents.close()
        await self._store.close()

    @property
    def routes(self) -> Sequence[Route]:
        """Everything that is served for logins."""
        path = self.addresses.path
        found = [
            Route(f"{path}/authorize", _by_method(self._authorization.ask, self._authorization.decide)),
            Route(f"{path}/callback", showing(self._returned), methods=["GET"]),
            Route(f"{path}/connections", _by_method(self._page.show, self._page.act)),
            _open_to_all(f"{path}/token", answering(self._endpoint.token), "POST"),
            _open_to_all(f"{path}/revoke", answering(self._endpoint.revoke), "POST"),
        ]
        if self._clients.registers:
            found.append(_open_to_all(f"{path}/register", answering(self._register), "POST"))
        return [*found, *self._metadata_routes()]

    async def person_of(self, bearer: str) -> Person | None:
        """Return whose token it is; None where it is no token of ours, or its login has ended.

        Raises:
            StoreError: Nobody can tell now.
        """
        said = self._tokens.read(bearer)
        if said is None or not await self._is_connected(said.connection_id, said.person_id):
            return None
        found = await self._people.get(said.person_id)
        values = found and await self._people.confirmed(said.person_id, found)
        if not values:
            return None
        return Person(
            id=said.person_id,
            org_id=values["org_id"],
            user_id=values["user_id"],
            username=values["username"],
            instance_url=values["instance_url"],
            claims={**values["claims"], **values.get("roles", {})},
            tokens=PersonTokens(self._people, said.person_id),
        )

    async def visitor(self, request: Request) -> str:
        """Return who is logged in in the browser of a request: at `/connections`, within half an hour."""
        return await self._page.visitor(request)

    def challenge(self) -> str:
        """Return the value of WWW-Authenticate for a request without a valid token."""
        return f'Bearer resource_metadata="{self.addresses.resource_metadata}", scope="{SCOPE}"'

    async def _is_connected(self, connection_id: str, person_id: str) -> bool:
        """Tell whether a connection has not ended, by the store's word of a few seconds ago."""
        known = self._looked_up.get(connection_id)
        if known and known.until > self._now():
            return known.person_id == person_id
        connection = await self._connections.get(connection_id)
        if connection is None:
            self._looked_up.pop(connection_id, None)
            return False
        if len(self._looked_up) >= _MOST_LOOKED_UP:
            self._looked_up.clear()
        self._looked_up[connection_id] = _Known(connection.person_id, self._now() + _LOOKED_UP_S)
        return connection.person_id == person_id

    async def _returned(self, request: Request) -> Response:
        """GET /callback: a person comes back from Salesforce."""
        kept, question = await self._authorization.returned(request)
        if "asked" not in kept:
            return await self._page.enter(request, question)
        return await self._authorization.finish(request, kept, question)

    async def _register(self, request: Request) -> Response:
        """POST /register."""
        try:
            described: object = orjson.loads(await body_of(request))
        except ValueError:
            raise OAuthRefusedError("invalid_client_metadata", "The body must be a JSON object.") from None
        return JSONResponse(await self._clients.register(described), 201, NO_STORE)

    def _metadata_routes(self) -> list[Route]:
        known = {"registers": self._clients.registers, "reads_documents": self._clients.reads_documents}
        resource = metadata.protected_resource(self.addresses)
        server = metadata.authorization_server(self.addresses, **known)
        openid = metadata.openid_configuration(self.addresses, **known)
        path, well_known = self.addresses.path, "/.well-known"
        found: dict[str, dict[str, Any]] = {
            f"{well_known}/oauth-protected-resource{path}/mcp": resource,
            f"{well_known}/oauth-protected-resource{path}": resource,
            f"{well_known}/oauth-protected-resource": resource,
            f"{well_known}/oauth-authorization-server{path}": server,
            f"{well_known}/oauth-authorization-server{path}/mcp": server,
            f"{well_known}/oauth-authorization-server": server,
            f"{well_known}/openid-configuration{path}": openid,
            f"{path}{well_known}/openid-configuration": openid,
            f"{path}{well_known}/oauth-authorization-server": server,
            f"{path}/jwks": {"keys": []},
        }
        return [_open_to_all(address, _fixed(value), "GET") for address, value in found.items()]


def _fixed(value: dict[str, Any]) -> Endpoint:
    body = orjson.dumps(value)

    async def fixed(_: Request) -> Response:
        return Response(body, headers=_PUBLIC, media_type="application/json")

    return fixed


def _open_to_all(path: str, endpoint: Endpoint, method: str) -> Route:
    """Return a route that scripts of any site may call: no cookie counts there."""

    async def answered(request: Request) -> Response:
        return Response(None, 204) if request.method == "OPTIONS" else await endpoint(request)

    return Route(path, answered, methods=[method, "OPTIONS"], middleware=_ANY_SITE)


def _by_method(get: Endpoint, post: Endpoint) -> type[Any]:
    from starlette.endpoints import HTTPEndpoint

    shown, done = showing(get), showing(post)

    class Page(HTTPEndpoint):
        async def get(self, request: Request) -> Response:
            return await shown(request)

        async def post(self, request: Request) -> Response:
            return await done(request)

    return Page
