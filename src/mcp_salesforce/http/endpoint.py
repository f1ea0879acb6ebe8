"""Streamable HTTP at `/mcp`, both revisions, without sessions of the protocol: any replica can serve any request."""

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from http import HTTPStatus
from types import TracebackType
from typing import Any, Final, Self

from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp_types import JSONRPCMessage, JSONRPCRequest
from starlette.datastructures import Headers, QueryParams
from starlette.types import Message, Receive, Scope, Send

from mcp_salesforce.http.kept import FullError, Kept
from mcp_salesforce.http.narrowing import narrowed
from mcp_salesforce.http.posted import MOST_BYTES, message_in, read_body
from mcp_salesforce.http.refusals import RefusedError
from mcp_salesforce.org_sessions import Sessions
from mcp_salesforce.salesforce import TokenSource
from mcp_salesforce.server import build_server
from mcp_salesforce.settings.loading import ConfigurationError
from mcp_salesforce.settings.settings import Settings
from mcp_salesforce.tools.framework.allowed_tools import Access
from mcp_salesforce.tools.framework.session import OrgSession

_ON_THE_ORG: Final = frozenset({"tools/call", "resources/read", "prompts/get", "completion/complete"})
_ORG: Final = "mcp_salesforce.org"
_MOST_SERVERS: Final = 64
_HALF_A_CHARACTER: Final = re.compile(rb"\\u[dD][89a-fA-F]")


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose call it is.

    Attributes:
        key: Tells the person from any other.
        tokens: As whom the calls to Salesforce are made.
    """

    key: str
    tokens: TokenSource


class Endpoint:
    """The ASGI application at `/mcp`, and the context in which it works."""

    def __init__(self, settings: Settings, sessions: Sessions, access: Access, caller: Caller) -> None:
        """Serve `caller`.

        Args:
            settings: How the server works.
            sessions: Opens sessions with the org.
            access: What to offer.
            caller: Whose calls they are.
        """
        self._settings = settings
        self._sessions = sessions
        self._access = access
        self._caller = caller
        self._servers: Kept[StreamableHTTPSessionManager] = Kept(most=_MOST_SERVERS, idle_s=3600)
        self._orgs: Kept[OrgSession] = Kept(most=1000, idle_s=900)
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        for each in (self._sessions, self._orgs, self._servers):
            await self._stack.enter_async_context(each)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End every session."""
        await self._stack.__aexit__(kind, error, trace)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        try:
            await self._serve(scope, receive, send)
        except RefusedError as error:
            await error.response(scope, receive, send)
        except FullError:
            busy = RefusedError(
                HTTPStatus.SERVICE_UNAVAILABLE, "The server has no room for another user now: try again soon."
            )
            await busy.response(scope, receive, send)
        except ConfigurationError as error:
            await RefusedError(HTTPStatus.SERVICE_UNAVAILABLE, str(error)).response(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        if scope["method"] != "POST":
            raise RefusedError(HTTPStatus.METHOD_NOT_ALLOWED, "Send each message with POST.", headers={"Allow": "POST"})
        access = narrowed(self._access, headers, QueryParams(scope["query_string"]))
        body = await read_body(headers, receive)
        message = message_in(body)
        if _HALF_A_CHARACTER.search(body) or not _is_utf8(body):
            body = message.model_dump_json(by_alias=True, exclude_unset=True).encode()
        async with self._org_for(message, access) as org, self._server_for(access) as server:
            scope[_ORG] = org
            await server.handle_request(scope, _replaying(body, receive), send)

    def _org_for(self, message: JSONRPCMessage, access: Access) -> Any:  # noqa: ANN401 - a context, with or without one
        if not isinstance(message, JSONRPCRequest) or message.method not in _ON_THE_ORG:
            return nullcontext()
        opened = partial(self._sessions.open, self._caller.tokens, access)
        return self._orgs.use((self._caller.key, access.key), opened)

    def _server_for(self, access: Access) -> Any:  # noqa: ANN401 - a context
        return self._servers.use(access.key, partial(self._server, access))

    @asynccontextmanager
    async def _server(self, access: Access) -> AsyncIterator[StreamableHTTPSessionManager]:
        """Run the server that offers what `access` allows."""
        server = build_server(self._settings, access, lambda _: nullcontext(_NO_ORG), around=[_on_the_org])
        lowlevel = server._lowlevel_server  # noqa: SLF001 - as MCPServer.streamable_http_app does
        lowlevel.get_tool_input_schema = lambda _: None  # no argument of ours is a header; else each call lists tools
        manager = StreamableHTTPSessionManager(lowlevel, stateless=True, max_request_body_size=2 * MOST_BYTES)
        async with manager.run():
            yield manager


_NO_ORG: Any = None


async def _on_the_org(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
    """Let a call work on the session of the person who makes it."""
    org = ctx.request.scope.get(_ORG) if ctx.request else None
    return await call_next(replace(ctx, lifespan_context=org))


def _replaying(body: bytes, receive: Receive) -> Receive:
    """Return what gives `body` again, and then what the connection has to say."""
    is_given = False

    async def replay() -> Message:
        nonlocal is_given
        if is_given:
            return await receive()
        is_given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True
