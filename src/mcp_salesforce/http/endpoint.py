"""Streamable HTTP at `/mcp`, both revisions, without sessions of the protocol: any replica can serve any request."""

import re
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, nullcontext
from http import HTTPStatus
from types import TracebackType
from typing import Final, Self

from mcp_types import JSONRPCMessage, JSONRPCRequest
from starlette.datastructures import Headers, QueryParams
from starlette.types import Message, Receive, Scope, Send

from mcp_salesforce import logs
from mcp_salesforce.file_links import FileLinks
from mcp_salesforce.http.access_now import AccessNow
from mcp_salesforce.http.desks import Desks
from mcp_salesforce.http.door import RETRY_S, Caller, Door
from mcp_salesforce.http.draining import Closing, Drain
from mcp_salesforce.http.kept import FullError
from mcp_salesforce.http.limits import Limits
from mcp_salesforce.http.narrowing import narrowed
from mcp_salesforce.http.posted import check_accepted, check_revision, message_in, read_body
from mcp_salesforce.http.refusals import RefusedError
from mcp_salesforce.http.servers import ON_THE_ORG, Servers
from mcp_salesforce.settings.loading import ConfigurationError
from mcp_salesforce.tools.framework.allowed_tools import Access
from mcp_salesforce.tools.framework.session import OrgSession

_ENDLESS: Final = "subscriptions/listen"
_HALF_A_CHARACTER: Final = re.compile(rb"\\u[dD][89a-fA-F]")


class Endpoint:
    """The ASGI application at `/mcp`, and the context in which it works."""

    def __init__(
        self,
        *,
        door: Door,
        access: AccessNow,
        desks: Desks,
        servers: Servers,
        limits: Limits | None,
        drain: Drain,
        links: FileLinks | None = None,
    ) -> None:
        """Serve.

        Args:
            door: Tells whose request it is.
            access: What is allowed now.
            desks: The sessions of the people.
            servers: What serves the messages.
            limits: How much one person may ask, if that is limited.
            drain: Whether the server ends.
            links: Those to files, if they begin with the address that a request names.
        """
        self._door = door
        self._access = access
        self._desks = desks
        self._servers = servers
        self._limits = limits
        self._drain = drain
        self._links = links
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        for each in (self._desks, self._servers):
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

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        caller = await self._door.caller(headers)
        if scope["method"] != "POST":
            raise RefusedError(HTTPStatus.METHOD_NOT_ALLOWED, "Send each message with POST.", headers={"Allow": "POST"})
        check_accepted(scope)
        if self._links:
            self._links.address = f"{scope['scheme']}://{headers['host']}"
        access = narrowed(self._access.of(caller.claims), headers, QueryParams(scope["query_string"]))
        with logs.naming(org=caller.org_id, user=caller.user_id):
            async with self._limits.turn(caller.key) if self._limits else nullcontext():
                body = await read_body(headers, receive)
                message = message_in(body)
                check_revision(message, headers)
                if _HALF_A_CHARACTER.search(body) or not _is_utf8(body):
                    body = message.model_dump_json(by_alias=True, exclude_unset=True).encode()
                is_endless = isinstance(message, JSONRPCRequest) and message.method == _ENDLESS
                received = _replaying(body, self._drain.ending(receive) if is_endless else receive)
                closing = Closing(send)
                async with _refusing(), self._org_for(message, caller, access) as org, self._servers.of(access) as mcp:
                    Servers.on(scope, org)
                    await mcp.handle_request(scope, received, closing)
                await closing.close()

    def _org_for(
        self, message: JSONRPCMessage, caller: Caller, access: Access
    ) -> AbstractAsyncContextManager[OrgSession | None]:
        if isinstance(message, JSONRPCRequest) and message.method in ON_THE_ORG:
            return self._desks.at(caller, access)
        return nullcontext()


@asynccontextmanager
async def _refusing() -> AsyncIterator[None]:
    """Refuse what cannot be served now."""
    try:
        yield
    except FullError:
        raise RefusedError(
            HTTPStatus.SERVICE_UNAVAILABLE,
            f"The server has no room for another user now: try again in {RETRY_S} s.",
            headers={"Retry-After": RETRY_S},
        ) from None
    except ConfigurationError as error:
        raise RefusedError(HTTPStatus.SERVICE_UNAVAILABLE, str(error)) from None


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
