"""The MCP server: the tools, on one org."""

if __name__ == "__main__":  # before the imports: the first answers do not wait for them
    from mcp_salesforce.front.pipe import begin

    begin(())

import sys
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime
from functools import cache, cached_property, partial
from importlib.metadata import version
from typing import Any, TypeAlias

from mcp.server import MCPServer
from mcp.server.context import CallNext, HandlerResult, ServerMiddleware, ServerRequestContext
from mcp.server.lowlevel.helper_types import ReadResourceContents
from mcp.server.mcpserver import Context
from mcp.server.request_state import AESGCMRequestStateCodec, RequestStateCodec, RequestStateSecurity
from mcp_types import GetPromptResult, InputRequiredResult, Tool
from pydantic import AnyUrl

from mcp_salesforce import DISTRIBUTION, logs
from mcp_salesforce.changes.asked import LIFETIME
from mcp_salesforce.front import handover
from mcp_salesforce.org_sessions import Sessions
from mcp_salesforce.policy.policy_file import PolicyFileError, read_policy
from mcp_salesforce.salesforce import Transport
from mcp_salesforce.salesforce.time_limit import time_limit
from mcp_salesforce.settings import connect
from mcp_salesforce.settings.loading import ConfigurationError
from mcp_salesforce.settings.settings import Settings, Surface
from mcp_salesforce.stdio import serve_stdio
from mcp_salesforce.surface.completions import add_completion
from mcp_salesforce.surface.first_answers import keep_answers
from mcp_salesforce.surface.instructions import instructions
from mcp_salesforce.surface.prompts import add_prompts, check_request
from mcp_salesforce.surface.resources import add_resources
from mcp_salesforce.surface.view_resources import add_views
from mcp_salesforce.tools import TOOLSETS
from mcp_salesforce.tools.framework.allowed_tools import Access, UnknownToolsetError
from mcp_salesforce.tools.framework.session import OrgSession, utc_now
from mcp_salesforce.tools.framework.toolset import SalesforceTool, build_tools
from mcp_salesforce.views import newest

_version = cache(version)  # it reads a file

Lifespan: TypeAlias = Callable[[MCPServer[OrgSession]], AbstractAsyncContextManager[OrgSession]]


class SalesforceServer(MCPServer[OrgSession]):
    """Lists what is allowed; the rest is there to be refused by name, or called by a former one."""

    async def list_tools(self) -> list[Tool]:
        """Return the tools that no setting forbids."""
        ours = [tool.described() for tool in self._tool_manager.list_tools() if isinstance(tool, SalesforceTool)]
        hidden = {tool.name for tool in ours if not tool.is_listed}
        return [tool for tool in await super().list_tools() if tool.name not in hidden]

    async def read_resource(
        self, uri: AnyUrl | str, context: Context[OrgSession, Any] | None = None
    ) -> Iterable[ReadResourceContents] | InputRequiredResult:
        """Return the contents of a resource; the address of an older build of a view leads to the newest.

        Raises:
            ResourceNotFoundError: There is no such resource.
        """
        return await super().read_resource(newest(str(uri)), context)

    async def get_prompt(
        self, name: str, arguments: dict[str, Any] | None = None, context: Context[OrgSession, Any] | None = None
    ) -> GetPromptResult | InputRequiredResult:
        """Return the messages of a prompt.

        Raises:
            MCPError: There is no such prompt, or the arguments are not its own.
        """
        check_request(await self.list_prompts(), name, arguments or {})
        return await super().get_prompt(name, arguments, context)


class _SealWhenUsed:
    """Seals what a host keeps for the server while it asks the user; the cipher is loaded with the first question."""

    def __init__(self, key: Callable[[], bytes]) -> None:
        self._key = key

    @cached_property
    def _codec(self) -> RequestStateCodec:
        return AESGCMRequestStateCodec([self._key()])

    def seal(self, payload: bytes) -> str:
        """Return the sealed text of a state."""
        return self._codec.seal(payload)

    def unseal(self, token: str) -> bytes:
        """Return the state that was sealed."""
        return self._codec.unseal(token)


def create_server(
    settings: Settings, *, transport: Transport | None = None, now: Callable[[], datetime] = utc_now
) -> MCPServer[OrgSession]:
    """Return the server for the org that `settings` name; it connects at the first call, or at the start for a policy.

    Args:
        settings: The org, and how long an answer may be.
        transport: How requests travel; the network of the settings without one.
        now: The clock that appointments are booked by.

    Raises:
        ConfigurationError: The settings cannot work: a key file without a key, for example.
    """
    access, tokens = access_of(settings), connect.token_source(settings)
    sessions = Sessions(settings, transport=transport, now=now)

    @asynccontextmanager
    async def lifespan(_: MCPServer[OrgSession]) -> AsyncIterator[OrgSession]:
        async with sessions, sessions.open(tokens, access) as session:
            yield session

    logs.set_up(settings.log_level, settings.log_format)
    return build_server(settings, access, lifespan)


def build_server(
    settings: Settings, access: Access, lifespan: Lifespan, *, around: Sequence[ServerMiddleware[Any]] = ()
) -> SalesforceServer:
    """Return the server that offers what `access` allows.

    Args:
        settings: How long a call may take, and the key of questions.
        access: What to offer.
        lifespan: Gives the session that calls work on.
        around: What every message passes first; it may give a call another session.
    """
    tools = [
        tool
        for toolset in TOOLSETS
        for spec in toolset.specs
        for tool in build_tools(spec, access.forbidden_by(toolset.name, spec))
    ]
    server = SalesforceServer(
        "mcp-salesforce",
        title="Salesforce",
        version=_version(DISTRIBUTION),
        instructions=instructions(access),
        tools=[*tools],
        lifespan=lifespan,
        request_state_security=RequestStateSecurity(
            codec=_SealWhenUsed(connect.question_key(settings)), ttl=LIFETIME.total_seconds()
        ),
    )
    allowed = frozenset(tool.name for tool in tools if not tool.forbidden_by)
    server.middleware.extend([*around, _within(settings.call_timeout_s)])
    add_prompts(server, allowed)
    add_resources(server, allowed)
    add_views(server, [tool for tool in tools if tool.is_listed])
    add_completion(server)
    return server


def _within(seconds: float) -> ServerMiddleware[Any]:
    """Return what gives every call of the host `seconds` for all its requests to the org."""

    async def limited(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        with time_limit(seconds):
            return await call_next(ctx)

    return limited


def serve(server: MCPServer[OrgSession]) -> None:
    """Serve the host on stdin and stdout, as `serve_stdio`."""
    told = handover.wanted()
    try:
        serve_stdio(server, beside=partial(keep_answers, server, told) if told else None)
    except ExceptionGroup as group:
        found: BaseException = group
        while isinstance(found, ExceptionGroup):
            found = found.exceptions[0]
        if isinstance(found, ConfigurationError):
            raise found from None
        raise


def access_of(settings: Settings | Surface) -> Access:
    """Return what the settings allow.

    Raises:
        ConfigurationError: They name an unknown toolset, or the policy has an error.
    """
    try:
        policy = read_policy(settings.policy.read_text("utf-8"), settings.policy.name) if settings.policy else None
        return Access.of(settings.toolsets, TOOLSETS, read_only=settings.read_only, policy=policy)
    except (UnknownToolsetError, PolicyFileError) as error:
        raise ConfigurationError(f"mcp-salesforce cannot start: {error}") from None
    except (OSError, UnicodeError) as error:
        raise ConfigurationError(f"mcp-salesforce cannot start: SALESFORCE_POLICY cannot be read: {error}") from None


def main() -> None:
    """Serve stdio on the org of the environment's settings."""
    try:
        serve(create_server(Settings.load()))
    except ConfigurationError as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(2) from None


if __name__ == "__main__":
    main()
