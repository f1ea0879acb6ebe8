"""Completion of what prompts and resources take: dates, objects, people, calendars."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextvars import ContextVar
from datetime import timedelta
from typing import Any, Final

from mcp.server import MCPServer
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp_types import Completion, CompletionArgument, CompletionContext, PromptReference, ResourceTemplateReference

from mcp_salesforce.audit.trail import AuditError
from mcp_salesforce.salesforce import SalesforceError
from mcp_salesforce.salesforce.literals import like_literal
from mcp_salesforce.surface.resources import DAYS
from mcp_salesforce.tools.answers.results import visible
from mcp_salesforce.tools.framework.call_log import tool_call
from mcp_salesforce.tools.framework.session import OrgSession

_MOST: Final = 100  # what the protocol allows
_DAYS_AHEAD: Final = 60
_MINUTES: Final = ("15", "30", "45", "60", "90")
_SHORTEST_NAME: Final = 2  # letters; fewer would bring anybody
_call: ContextVar[ServerRequestContext[Any, Any]] = ContextVar("call")


def add_completion(server: MCPServer[OrgSession]) -> None:
    """Let `server` complete the arguments of its prompts and resources."""
    server.middleware.append(_remembering)
    server.completion()(_complete)  # type: ignore[no-untyped-call]  # the SDK's decorator has no types


async def _remembering(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
    """Keep the call at hand while a completion is made: the SDK does not give it to the function."""
    if ctx.method != "completion/complete":
        return await call_next(ctx)
    token = _call.set(ctx)
    try:
        return await call_next(ctx)
    finally:
        _call.reset(token)


async def _complete(
    _ref: PromptReference | ResourceTemplateReference, argument: CompletionArgument, _context: CompletionContext | None
) -> Completion | None:
    """Return what may be meant; nothing where it cannot be known or the org does not tell."""
    find = _FINDERS.get(argument.name)
    if find is None:
        return None
    context = _call.get()
    org: OrgSession = context.lifespan_context
    try:
        async with tool_call("completion", org, context) as call:
            try:
                found = await find(org, argument.value.strip())
            except SalesforceError as error:
                call.outcome = error.code
                return None
    except AuditError:
        return None
    return Completion(values=visible([*found[:_MOST]]), total=len(found), has_more=len(found) > _MOST)


async def _dates(org: OrgSession, begun: str) -> Sequence[str]:
    today = org.now().astimezone(await org.zone()).date()
    days = [(today + timedelta(days=ahead)).isoformat() for ahead in range(_DAYS_AHEAD)]
    return [day for day in [*DAYS, *days] if day.startswith(begun.casefold())]


async def _sobjects(org: OrgSession, begun: str) -> Sequence[str]:
    """Return objects by API name or label, those that begin so first."""
    wanted = begun.casefold()
    named = [(each.name, {each.name.casefold(), each.label.casefold()}) for each in await org.schema.summaries()]
    first = [name for name, texts in named if any(text.startswith(wanted) for text in texts)]
    return list(dict.fromkeys([*first, *(name for name, texts in named if any(wanted in text for text in texts))]))


async def _people(org: OrgSession, begun: str) -> Sequence[str]:
    return await _names(org, "Contact", begun, "")


async def _calendars(org: OrgSession, begun: str) -> Sequence[str]:
    """Return users and rooms for the last of the names that stand there with commas between them."""
    before, comma, last = begun.rpartition(",")
    users = await _names(org, "User", last.strip(), "IsActive = true AND ")
    rooms = await _names(org, "Calendar", last.strip(), "Type IN ('Public','Resource') AND ")
    head = f"{before}{comma} " if comma else ""
    return [f"{head}{name}" for name in [*users, *rooms]]


async def _names(org: OrgSession, sobject: str, begun: str, conditions: str) -> Sequence[str]:
    """Return the names that have a word which begins so, in alphabetical order."""
    if len(begun) < _SHORTEST_NAME:
        return []
    start, later = like_literal(begun, starts_with=True), like_literal(f" {begun}")
    where = f"{conditions}(Name LIKE {start} OR Name LIKE {later})"
    most = await org.most_records(sobject, _MOST, ("Name",))
    soql = f"SELECT Name FROM {sobject} WHERE {where} ORDER BY Name LIMIT {most}"  # noqa: S608 - SOQL, quoted
    found = await org.client.queries.query(soql)
    return list(dict.fromkeys(record["Name"] for record in found.records))


async def _minutes(_org: OrgSession, begun: str) -> Sequence[str]:
    return [each for each in _MINUTES if each.startswith(begun)]


_FINDERS: Final[Mapping[str, Callable[[OrgSession, str], Awaitable[Sequence[str]]]]] = {
    "date": _dates,
    "until": _dates,
    "sobject": _sobjects,
    "person": _people,
    "calendar": _calendars,
    "calendars": _calendars,
    "minutes": _minutes,
}
