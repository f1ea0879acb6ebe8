"""Who walks through the demo: a client of the server, with a screen, that believes nothing."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from mcp import Client
from mcp.client.session import ElicitationFnT
from mcp_types import ElicitRequestFormParams, ElicitRequestParams, ElicitResult

from mcp_salesforce.cli.demo.screen import Screen
from mcp_salesforce.zones import ZoneInfo

ZONE = ZoneInfo("America/New_York")
LENGTH = timedelta(minutes=45)
TUESDAY = 1
NEWEST = "SELECT Id FROM Contact ORDER BY CreatedDate DESC, Id DESC LIMIT 3"


class StepError(Exception):
    """What a step expected is not so."""


@dataclass
class Agent:
    """A client, a screen, and what the steps so far have made."""

    client: Client
    screen: Screen
    contact_id: str = ""
    event_id: str = ""
    change_id: str = ""
    start: datetime = field(default_factory=lambda: next_tuesday(datetime.now(UTC)))

    async def ask(self, tool: str, *, quietly: bool = False, **arguments: object) -> dict[str, Any]:
        """Call a tool and return its structured content; show the call unless told not to."""
        if not quietly:
            self.screen.call(tool, arguments)
        result = await self.client.call_tool(tool, arguments)
        if result.is_error or result.structured_content is None:
            raise StepError(f"{tool} was refused: {_text(result.content)}")
        answer: dict[str, Any] = result.structured_content
        return answer

    async def ask_wrongly(self, tool: str, *, quietly: bool = False, **arguments: object) -> dict[str, Any]:
        """Call a tool that has to refuse, and return its error."""
        if not quietly:
            self.screen.call(tool, arguments)
        result = await self.client.call_tool(tool, arguments)
        check(bool(result.is_error), f"{tool} should have refused this")
        error = dict(result.meta or {})
        check("code" in error, f"{tool} refused without a code: {_text(result.content)}")
        return error


def person_at(screen: Screen) -> ElicitationFnT:
    """Return who answers the host's questions: each is shown, and approved."""

    async def answer(context: object, params: ElicitRequestParams) -> ElicitResult:  # noqa: ARG001 - the SDK's signature
        if not isinstance(params, ElicitRequestFormParams):
            return ElicitResult(action="decline")
        keep, do = params.requested_schema["properties"]["answer"]["enum"]
        screen.properties({"question": params.message, "choices": f"{keep}, or: {do}", "the person chooses": do})
        return ElicitResult(action="accept", content={"answer": do})

    return answer


@dataclass(frozen=True)
class Step:
    """One block of the demo; `run` returns what it verified."""

    title: str
    run: Callable[[Agent], Awaitable[str]]


def check(holds: bool, claim: str) -> None:
    """Raise a StepError that says what is not so, unless it is."""
    if not holds:
        raise StepError(claim)


def next_tuesday(now: datetime) -> datetime:
    """Return 18:30 in the demo's zone on the first Tuesday that is at least a week away."""
    day = now.astimezone(ZONE).date() + timedelta(days=7)
    day += timedelta(days=(TUESDAY - day.weekday()) % 7)
    return datetime(day.year, day.month, day.day, 18, 30, tzinfo=ZONE)


def ids_in(answer: Mapping[str, Any]) -> list[str]:
    """Return the Ids of an answer's rows."""
    column = answer["columns"].index("Id")
    return [row[column] for row in answer["rows"]]


def _text(content: object) -> str:
    return "".join(getattr(block, "text", "") for block in content) if isinstance(content, list) else ""
