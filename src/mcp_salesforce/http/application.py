"""The application: what is served at which path, and what every request passes first."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from mcp_salesforce.http.edge import Edge
from mcp_salesforce.http.endpoint import Caller, Endpoint
from mcp_salesforce.http.refusals import RefusedError
from mcp_salesforce.org_sessions import Sessions
from mcp_salesforce.salesforce import Transport
from mcp_salesforce.server import access_of
from mcp_salesforce.settings import connect
from mcp_salesforce.settings.settings import Settings
from mcp_salesforce.tools.framework.session import utc_now

PATH = "/mcp"


def create_app(
    settings: Settings, *, transport: Transport | None = None, now: Callable[[], datetime] = utc_now
) -> Starlette:
    """Return the application for the person whose login the settings hold; it is for this machine alone.

    Args:
        settings: The org, and how the server works.
        transport: How requests to Salesforce travel; the network of the settings without one.
        now: The clock that appointments are booked by.

    Raises:
        ConfigurationError: The settings cannot work.
    """
    caller = Caller("", connect.token_source(settings))
    endpoint = Endpoint(settings, Sessions(settings, transport=transport, now=now), access_of(settings), caller)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with endpoint:
            yield

    return Starlette(
        routes=[Route(PATH, endpoint)], middleware=[Middleware(AtTheEdge, edge=Edge.of())], lifespan=lifespan
    )


class AtTheEdge:
    """Lets requests through that are for this server."""

    def __init__(self, app: ASGIApp, edge: Edge) -> None:
        self._app = app
        self._edge = edge

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request that is not for this server; pass on what is."""
        if scope["type"] == "http":
            try:
                self._edge.check(Headers(scope=scope), scope["scheme"])
            except RefusedError as error:
                await error.response(scope, receive, send)
                return
        await self._app(scope, receive, send)
