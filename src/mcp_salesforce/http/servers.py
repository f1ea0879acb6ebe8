"""The server of MCP for each access: what it lists and refuses depends on nothing else."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import replace
from functools import partial
from time import perf_counter
from types import TracebackType
from typing import Any, Final, Self

from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.shared.exceptions import MCPError
from mcp_types import CallToolResult
from starlette.types import Scope

from mcp_salesforce.http.kept import Kept
from mcp_salesforce.http.measures import Measures
from mcp_salesforce.http.posted import MOST_BYTES
from mcp_salesforce.server import SalesforceServer
from mcp_salesforce.tools import TOOLSETS
from mcp_salesforce.tools.framework.allowed_tools import Access
from mcp_salesforce.tools.framework.session import OrgSession

ON_THE_ORG: Final = frozenset({"tools/call", "resources/read", "prompts/get", "completion/complete"})
"""The methods that work on a session."""
_METHODS: Final = ON_THE_ORG | {
    "initialize", "ping", "server/discover", "tools/list", "prompts/list", "resources/list", "subscriptions/listen",
    "resources/templates/list", "notifications/initialized", "notifications/cancelled",
}  # fmt: skip
_TOOLS: Final = frozenset(spec.name for toolset in TOOLSETS for spec in toolset.specs)
_ORG: Final = "mcp_salesforce.org"
_MOST: Final = 64
_IDLE_S: Final = 3600.0
_NO_ORG: Any = None  # each request brings its own

Build = Callable[..., SalesforceServer]


class Servers:
    """The servers, each built when it is wanted first."""

    def __init__(self, build: Build, measures: Measures) -> None:
        """Build servers with `build`, which takes access, lifespan and `around`; count messages in `measures`."""
        self._build = build
        self._measures = measures
        self._servers: Kept[StreamableHTTPSessionManager] = Kept(most=_MOST, idle_s=_IDLE_S)

    async def __aenter__(self) -> Self:
        await self._servers.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End all of them."""
        await self._servers.__aexit__(kind, error, trace)

    def of(self, access: Access) -> AbstractAsyncContextManager[StreamableHTTPSessionManager]:
        """Give the server that offers what `access` allows."""
        return self._servers.use(access.key, partial(self._running, access))

    @staticmethod
    def on(scope: Scope, org: OrgSession | None) -> None:
        """Let a request work on a session."""
        scope[_ORG] = org

    @asynccontextmanager
    async def _running(self, access: Access) -> AsyncIterator[StreamableHTTPSessionManager]:
        server = self._build(access, lambda _: nullcontext(_NO_ORG), around=[self._measured])
        lowlevel = server._lowlevel_server  # noqa: SLF001 - as MCPServer.streamable_http_app does
        lowlevel.get_tool_input_schema = lambda _: None  # no argument of ours is a header; else each call lists tools
        manager = StreamableHTTPSessionManager(lowlevel, stateless=True, max_request_body_size=2 * MOST_BYTES)
        async with manager.run():
            yield manager

    async def _measured(self, ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        """Let a message work on the session of the person who sent it, and count it."""
        org = ctx.request.scope.get(_ORG) if ctx.request else None
        outcome, started = "crashed", perf_counter()
        try:
            result = await call_next(replace(ctx, lifespan_context=org))
            outcome = _outcome(result)
        except MCPError as error:
            outcome = str(error.error.code)
            raise
        finally:
            method = ctx.method if ctx.method in _METHODS else "other"
            name = (ctx.params or {}).get("name") if method == "tools/call" else ""
            tool = "" if not name else name if name in _TOOLS else "other"
            self._measures.operation(method, tool, outcome, perf_counter() - started)
        return result


def _outcome(result: HandlerResult) -> str:
    """Return `ok`, or the code of the error that a tool's result tells."""
    if isinstance(result, CallToolResult):
        return str((result.meta or {}).get("code", "error")) if result.is_error else "ok"
    if isinstance(result, dict) and result.get("isError"):
        return str((result.get("_meta") or {}).get("code", "error"))
    return "ok"
