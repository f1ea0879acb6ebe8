"""The MCP server: the tools, on one org."""

if __name__ == "__main__":  # before the imports: the first answers do not wait for them
    from mcp_salesforce.front.pipe import begin

    begin(())

import asyncio
import logging
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext
from datetime import datetime
from functools import cache, cached_property, partial
from importlib.metadata import version
from typing import Any, Final

from mcp.server import MCPServer
from mcp.server.context import CallNext, HandlerResult, ServerMiddleware, ServerRequestContext
from mcp.server.mcpserver import Context
from mcp.server.request_state import AESGCMRequestStateCodec, RequestStateCodec, RequestStateSecurity
from mcp_types import GetPromptResult, InputRequiredResult, Tool

from mcp_salesforce import logs
from mcp_salesforce.appointments.hours import hours_of
from mcp_salesforce.changes.approval_store import LIFETIME
from mcp_salesforce.changes.approvals import ApprovalRules
from mcp_salesforce.changes.gate import Gate
from mcp_salesforce.front import handover
from mcp_salesforce.policy.guard import Guard
from mcp_salesforce.policy.guard.read_only import refusing_writes
from mcp_salesforce.policy.policy_file import PolicyFileError, read_policy
from mcp_salesforce.salesforce import SalesforceClient, SalesforceError, Transport
from mcp_salesforce.salesforce.budget import Reserve
from mcp_salesforce.salesforce.client import RequestSender
from mcp_salesforce.salesforce.time_limit import time_limit
from mcp_salesforce.settings import connect
from mcp_salesforce.settings.loading import ConfigurationError
from mcp_salesforce.settings.settings import Settings, Surface
from mcp_salesforce.state_key import StateKey
from mcp_salesforce.stdio import serve_stdio
from mcp_salesforce.surface.completions import add_completion
from mcp_salesforce.surface.first_answers import keep_answers
from mcp_salesforce.surface.instructions import instructions
from mcp_salesforce.surface.prompts import add_prompts, check_request
from mcp_salesforce.surface.resources import add_resources
from mcp_salesforce.tools import TOOLSETS
from mcp_salesforce.tools.framework.allowed_tools import Access, UnknownToolsetError
from mcp_salesforce.tools.framework.session import OrgSession, utc_now
from mcp_salesforce.tools.framework.toolset import SalesforceTool, build_tools
from mcp_salesforce.tools.lookups.named_records import ids_of

_VERIFIED_WITHIN_S: Final = 10.0  # less than hosts wait for a server to start
_log = logging.getLogger(__name__)
_version = cache(version)  # it reads a file


class SalesforceServer(MCPServer[OrgSession]):
    """Lists what is allowed; the rest is there to be refused by name, or called by a former one."""

    async def list_tools(self) -> list[Tool]:
        """Return the tools that no setting forbids."""
        ours = [tool.described() for tool in self._tool_manager.list_tools() if isinstance(tool, SalesforceTool)]
        hidden = {tool.name for tool in ours if not tool.is_listed}
        return [tool for tool in await super().list_tools() if tool.name not in hidden]

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
    access = access_of(settings)
    tokens, state_key = connect.token_source(settings), StateKey(settings.state_key.get_secret_value())
    journal = connect.journal(settings, lambda: now().timestamp())
    gate, approvals = Gate(journal), connect.approvals(settings, lambda: now().timestamp())
    audit = connect.audit(settings)

    @asynccontextmanager
    async def lifespan(_: MCPServer[OrgSession]) -> AsyncIterator[OrgSession]:
        guard = Guard(access.policy, now=lambda: now().timestamp()) if access.policy else None
        client = SalesforceClient(
            tokens,
            api_version=settings.api_version,
            transport=transport or connect.transport(settings.network),
            timeout_s=settings.timeout_s,
            max_concurrency=settings.max_concurrency,
            reserve=Reserve.parse(settings.api_reserve),
            guard=_guarding(guard, access),
            gate=gate.over,
            watch=audit.over if audit else None,
        )
        async with client, audit or nullcontext():
            await _verify(guard)
            session = OrgSession(
                client,
                max_answer_tokens=settings.max_answer_tokens,
                allowed=access.summary(),
                guard=guard,
                now=now,
                outcome_fields=settings.outcome_fields,
                working_hours=hours_of(settings.working_hours),
                state_key=state_key,
                journal=journal,
                approvals=approvals,
                approval_rules=ApprovalRules.of(access.policy),
                audit=audit,
                files=settings.files,
                find_named=ids_of,
            )
            try:
                yield session
            finally:
                await session.background.close()
        approvals.close()
        if journal:
            journal.close()

    logs.set_up(settings.log_level, settings.log_format)
    tools = [
        tool
        for toolset in TOOLSETS
        for spec in toolset.specs
        for tool in build_tools(spec, access.forbidden_by(toolset.name, spec))
    ]
    server = SalesforceServer(
        "mcp-salesforce",
        title="Salesforce",
        version=_version("mcp-salesforce"),
        instructions=instructions(access),
        tools=[*tools],
        lifespan=lifespan,
        request_state_security=RequestStateSecurity(
            codec=_SealWhenUsed(connect.question_key(settings)), ttl=LIFETIME.total_seconds()
        ),
    )
    allowed = frozenset(tool.name for tool in tools if not tool.forbidden_by)
    server.middleware.append(_within(settings.call_timeout_s))
    add_prompts(server, allowed)
    add_resources(server, allowed)
    add_completion(server)
    return server


def _within(seconds: float) -> ServerMiddleware[Any]:
    """Return what gives every call of the host `seconds` for all its requests to the org."""

    async def limited(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
        with time_limit(seconds):
            return await call_next(ctx)

    return limited


def _guarding(guard: Guard | None, access: Access) -> Callable[[RequestSender], RequestSender] | None:
    """Return what every call of the client passes."""
    if guard and access.read_only:
        return lambda exchange: guard.over(refusing_writes(exchange))
    if guard:
        return guard.over
    return refusing_writes if access.read_only else None


async def _verify(guard: Guard | None) -> None:
    """Stop the start where the org has not what the policy names; where it cannot be asked now, the first call asks."""
    if guard is None:
        return
    try:
        async with asyncio.timeout(_VERIFIED_WITHIN_S):
            await guard.verify()
    except PolicyFileError as error:
        raise ConfigurationError(f"mcp-salesforce cannot start: {error}") from None
    except (SalesforceError, TimeoutError):
        _log.warning("The policy could not be verified: nothing is allowed until it is")


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
