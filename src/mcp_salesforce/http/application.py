"""The application: what is served at which path, and what every request passes first."""

import ipaddress
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from mcp_salesforce.http.access_now import AccessNow
from mcp_salesforce.http.desks import Desks
from mcp_salesforce.http.door import Door, OwnDoor, TeamDoor
from mcp_salesforce.http.downloads import Downloads
from mcp_salesforce.http.draining import Drain
from mcp_salesforce.http.edge import Edge
from mcp_salesforce.http.endpoint import Endpoint
from mcp_salesforce.http.fair_share import Shares
from mcp_salesforce.http.limits import Limits
from mcp_salesforce.http.measures import Measures
from mcp_salesforce.http.observing import Observed
from mcp_salesforce.http.old_files import OldFiles
from mcp_salesforce.http.probes import ALIVE, METRICS, READY, Check, Readiness, probes
from mcp_salesforce.http.refusals import RefusedError
from mcp_salesforce.http.servers import Servers
from mcp_salesforce.oauth.person import AuthorizationServer
from mcp_salesforce.org_sessions import Sessions
from mcp_salesforce.salesforce import Transport
from mcp_salesforce.salesforce.budget import Reserve
from mcp_salesforce.salesforce.wire import HttpRequest
from mcp_salesforce.server import build_server
from mcp_salesforce.settings import connect
from mcp_salesforce.settings.serving import Serving
from mcp_salesforce.settings.settings import Settings
from mcp_salesforce.store.interface import Store
from mcp_salesforce.tools.framework.session import utc_now

PATH: Final = "/mcp"
_ERRORS: Final = 500


class Logins(AuthorizationServer, AbstractAsyncContextManager[Any], Protocol):
    """Lets people log in, while it is open."""


@dataclass(frozen=True, slots=True)
class Team:
    """What a server has that people log in to.

    Attributes:
        public_url: The address at which people reach it.
        login_url: Where they log in to Salesforce.
        logins: Lets people log in, and tells whose token a request carries.
        store: What the replicas share.
    """

    public_url: str
    login_url: str
    logins: Logins
    store: Store


@dataclass(frozen=True, slots=True)
class Application:
    """The ASGI application, and what those who run it do with it.

    Attributes:
        drain: Begins its end.
        access: What is allowed now; `reload` reads the policy again.
    """

    drain: Drain
    access: AccessNow
    _app: ASGIApp = field(repr=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        await self._app(scope, receive, send)


def create_app(
    settings: Settings,
    *,
    team: Team | None = None,
    serving: Serving | None = None,
    transport: Transport | None = None,
    now: Callable[[], datetime] = utc_now,
) -> Application:
    """Return the application: for the person whose login the settings hold, or for a team.

    Args:
        settings: The org, and how the server works.
        team: What a server has that people log in to.
        serving: By which names it is reached, and how much one person may ask.
        transport: How requests to Salesforce travel; the network of the settings without one.
        now: The clock that appointments are booked by.

    Raises:
        ConfigurationError: The settings cannot work.
    """
    serving, measures, drain, access = serving or Serving(), Measures(), Drain(), AccessNow(settings)
    address, store = (team.public_url, team.store) if team else ("", None)
    sessions = Sessions(settings, transport=transport, now=now, address=address, store=store)
    desks = Desks(sessions, _shares(team.store, serving, settings) if team else None)
    measures.watch(lambda: len(desks), desks.usages)
    door: Door = TeamDoor(team.logins) if team else OwnDoor(connect.token_source(settings))
    endpoint = Endpoint(
        door=door,
        access=access,
        desks=desks,
        servers=Servers(partial(build_server, settings), measures),
        limits=_limits(team.store, serving) if team else None,
        drain=drain,
        links=None if team else sessions.links,
    )
    path = f"{urlsplit(team.public_url).path}{PATH}" if team else PATH
    own = [Route(path, endpoint), *probes(Readiness(drain, _checks(settings, team, transport)), measures)]
    routes = [*own, _downloads(sessions, door, team), *(team.logins.routes if team else ())]
    inner = Starlette(routes=routes, lifespan=partial(_lifespan, sessions, endpoint, team, _old(settings, team, now)))
    return Application(drain, access, _guarded(inner, path, team, serving, measures))


def _old(settings: Settings, team: Team | None, now: Callable[[], datetime]) -> OldFiles | None:
    return OldFiles(settings.files, lambda: now().timestamp()) if team and settings.files else None


def _downloads(sessions: Sessions, door: Door, team: Team | None) -> Route:
    links, prefix = sessions.links, urlsplit(team.public_url).path if team else ""
    assert links is not None  # noqa: S101 - the sessions have an address
    by_browser = {"visitor": team.logins.visitor, "log_in": f"{team.public_url}/connections"} if team else {}
    serve = Downloads(door, links, sessions.folder_of, **by_browser)  # type: ignore[arg-type]  # two kinds of values
    return Route(f"{prefix}/files/{{link}}/{{name:path}}", serve.__call__, methods=["GET"])


@asynccontextmanager
async def _lifespan(
    sessions: Sessions, endpoint: Endpoint, team: Team | None, old: OldFiles | None, _: Starlette
) -> AsyncIterator[None]:
    async with AsyncExitStack() as stack:
        if team:
            stack.push_async_callback(team.store.close)
        await stack.enter_async_context(sessions)
        if team:
            await stack.enter_async_context(team.logins)
        if old:
            await stack.enter_async_context(old)
        await stack.enter_async_context(endpoint)
        yield


def _limits(store: Store, serving: Serving) -> Limits:
    return Limits(store, calls_per_minute=serving.calls_per_minute, concurrent_calls=serving.concurrent_calls)


def _shares(store: Store, serving: Serving, settings: Settings) -> Shares:
    return Shares(store, from_percent=serving.fair_share_percent, reserve=Reserve.parse(settings.api_reserve))


def _guarded(inner: Starlette, path: str, team: Team | None, serving: Serving, measures: Measures) -> ASGIApp:
    """Return `inner` behind what every request passes."""
    public_url = team.public_url if team else ""
    edge = Edge.of(public_url, filter(None, serving.allowed_hosts.split(",")))
    proxies = [ipaddress.ip_network(each) for each in filter(None, serving.trusted_proxies.split(","))]
    app: ASGIApp = AtTheEdge(inner, edge, path)
    if proxies:
        app = ProxyHeadersMiddleware(app, [str(each) for each in proxies])  # type: ignore[assignment,arg-type]  # ASGI

    def is_proxied(scope: Scope) -> bool:
        try:
            address = ipaddress.ip_address((scope.get("client") or ("",))[0])
        except ValueError:
            return False
        return any(address in network for network in proxies)

    paths = frozenset(route.path for route in inner.routes if isinstance(route, Route))
    is_encrypted = public_url.startswith("https://")
    return Observed(app, measures=measures, routes=paths, is_proxied=is_proxied, is_encrypted=is_encrypted)


def _checks(settings: Settings, team: Team | None, transport: Transport | None) -> Mapping[str, Check]:
    """Return what has to be reachable."""
    carrying = transport or connect.transport(settings.network)
    address, login = ("", team.login_url) if team else connect.addresses(settings)

    async def org() -> None:
        request = HttpRequest("GET", f"{address or login}/services/data/", {}, None)
        reply = await carrying.exchange(request)
        if reply.status >= _ERRORS:
            raise ConnectionError(reply.status)

    async def store() -> None:
        if team:
            await team.store.get("ready")

    return ({"org": org} if address or login else {}) | ({"store": store} if team else {})


class AtTheEdge:
    """Lets requests through that are for this server; the probes are asked by the address of a machine."""

    def __init__(self, app: ASGIApp, edge: Edge, path: str) -> None:
        self._app = app
        self._edge = edge
        self._path = path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request that is not for this server; pass on what is."""
        if scope["type"] == "http" and scope["path"] not in {ALIVE, READY, METRICS}:
            try:
                headers = Headers(scope=scope)
                self._edge.check_host(headers, scope["scheme"])
                if scope["path"] == self._path:  # the metadata of logins is for pages of every site
                    self._edge.check_origin(headers)
            except RefusedError as error:
                await error.response(scope, receive, send)
                return
        await self._app(scope, receive, send)
