"""Runs a task: a fresh org, somebody who works in it, and a look at the org afterwards."""

import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, Self

from mcp import Client, MCPError
from mcp_types import CallToolResult, ElicitResult, TextContent
from tests.orgs import new_org, without_appointments
from tests.tools.tokens import tokens

from evals.aftermath import Aftermath, Records, records_of
from evals.task import Task, World
from mcp_salesforce.config import Settings
from mcp_salesforce.localorg import LocalOrg, utcnow
from mcp_salesforce.salesforce import AsgiTransport
from mcp_salesforce.server import create_server


class ToolError(Exception):
    """A tool answered with an error."""


@dataclass
class Called:
    """One call of a tool."""

    tool: str
    arguments: Mapping[str, Any]
    answer: str
    is_error: bool


@dataclass
class Result:
    """How a task went.

    `read` and `written` are tokens of o200k_base: answers of tools, and calls of the model. `tokens_in` and
    `tokens_out` are those that the model's API or the host counted over all turns, each with everything before it.
    """

    number: int
    title: str
    success: bool = False
    calls: int = 0
    errors: int = 0
    read: int = 0
    written: int = 0
    tokens_in: int | None = None
    tokens_out: int | None = None
    surface: int | None = None
    """Tokens (o200k_base) of instructions and tools, which a model reads before its first call."""
    missing: list[str] = field(default_factory=list)
    damage: list[str] = field(default_factory=list)
    failure: str = ""
    """Why the work ended early, such as an error of the model's API."""
    seconds: float = 0.0
    answer: str = ""


@dataclass(frozen=True)
class Offered:
    """What a model sees before its first call: instructions, and tools as MCP has them."""

    instructions: str
    tools: list[dict[str, Any]]
    """Each with its `name`, `description` and `inputSchema`: hosts pass on nothing else."""

    @classmethod
    async def by(cls, client: Client) -> Self:
        """Ask a server."""
        tools: list[dict[str, Any]] = []
        cursor = None
        while True:
            page = await client.list_tools(cursor=cursor)
            tools += [
                {"name": each.name, "description": each.description or "", "inputSchema": each.input_schema}
                for each in page.tools
            ]
            cursor = page.next_cursor
            if not cursor:
                return cls(client.instructions or "", tools)

    @property
    def tokens(self) -> int:
        """How many tokens of o200k_base they are."""
        return tokens(self.instructions) + tokens(self.tools)

    @property
    def lines(self) -> str:
        """The tools as compact JSON, one a line."""
        return "\n".join(json.dumps(each, separators=(",", ":"), ensure_ascii=False) for each in self.tools)


@dataclass
class Desk:
    """Where a task is done: the org, the task, and a record of the calls."""

    org: LocalOrg
    task: Task
    called: list[Called] = field(default_factory=list)
    offered: Offered | None = None
    """What the worker saw before the first call, where it was a server's."""
    tokens_in: int | None = None
    tokens_out: int | None = None

    def used(self, tokens_in: int | None, tokens_out: int | None) -> None:
        """Add the tokens that the model's API counted for a request; None: it did not."""
        if tokens_in is not None:
            self.tokens_in = (self.tokens_in or 0) + tokens_in
        if tokens_out is not None:
            self.tokens_out = (self.tokens_out or 0) + tokens_out

    async def call(self, client: Client, tool: str, arguments: Mapping[str, Any]) -> CallToolResult:
        """Call a tool and keep it in the record."""
        called, result = await made(client, tool, arguments)
        self.called.append(called)
        return result


async def made(client: Client, tool: str, arguments: Mapping[str, Any]) -> tuple[Called, CallToolResult]:
    """Call a tool; what the protocol refuses is an error of the call."""
    try:
        result = await client.call_tool(tool, dict(arguments))
    except MCPError as error:
        result = CallToolResult(content=[TextContent(type="text", text=error.message)], is_error=True)
    return Called(tool, arguments, text_of(result), bool(result.is_error)), result


def text_of(result: CallToolResult) -> str:
    """Return what a model reads of a result."""
    return "\n".join(block.text for block in result.content if isinstance(block, TextContent))


Worker = Callable[[Desk], Awaitable[str]]
"""Does the task at a desk, and returns what it told the person."""


async def run(task: type[Task], worker: Worker, now: Callable[[], datetime] = utcnow) -> Result:
    """Let `worker` do a task in a fresh org, and look what became of the org."""
    started = time.perf_counter()
    with (desk := begun(task, now)).org as org:
        before, answer, failure = records_of(org), "", ""
        try:
            answer = await worker(desk)
        except Exception as error:  # noqa: BLE001 - whatever a model, a host or a server raises is a failed task
            failure = _told(error)
        result = judged(desk, before, records_of(org), answer, failure)
    result.seconds = round(time.perf_counter() - started, 2)
    return result


def _told(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):  # what was raised within a task group
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}"


def begun(task: type[Task], now: Callable[[], datetime]) -> Desk:
    """Return a desk with the start state of a task; its records and their Ids follow from the moment alone."""
    world = World(partial(new_org, then=without_appointments), now)
    desk = Desk(world.org, task(world))
    world.days_ago = 0
    return desk


def judged(desk: Desk, before: Records, now: Records, answer: str, failure: str = "") -> Result:
    """Return how a task went, from the records before and now, and from what the person was told."""
    after = Aftermath(before, now, answer)
    desk.task.check(after)
    return Result(
        desk.task.number,
        desk.task.title,
        success=not (failure or after.missing or after.damage),
        calls=len(desk.called),
        errors=sum(each.is_error for each in desk.called),
        read=sum(tokens(each.answer) for each in desk.called),
        written=sum(tokens({"name": each.tool, "arguments": each.arguments}) for each in desk.called),
        tokens_in=desk.tokens_in,
        tokens_out=desk.tokens_out,
        surface=desk.offered.tokens if desk.offered else None,
        missing=after.missing,
        damage=after.damage,
        failure=failure,
        answer=answer,
    )


@asynccontextmanager
async def own_server(org: LocalOrg) -> AsyncIterator[Client]:
    """Serve every tool on `org`, in memory, to a client whose person approves what is asked."""
    credentials = org.credentials
    settings = Settings(
        client_id=credentials.client_id,
        client_secret=credentials.client_secret,
        refresh_token=credentials.refresh_token,
        instance_url="http://127.0.0.1:1",  # nothing listens there
        toolsets="all",
        journal="off",
    )
    server = create_server(settings, transport=AsgiTransport(org.app), now=org.now)
    async with Client(server, elicitation_callback=approve) as client:
        yield client


async def approve(context: Any, params: Any) -> ElicitResult:  # noqa: ANN401, ARG001 - the SDK's signature
    """Say yes, as somebody does who asked for it: damage shows in the org."""
    [question] = params.requested_schema["properties"].items()
    return ElicitResult(action="accept", content={question[0]: question[1]["enum"][-1]})


async def scripted(desk: Desk) -> str:
    """Do the task by its script."""
    async with own_server(desk.org) as client:

        async def call(tool: str, **arguments: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
            result = await desk.call(client, f"salesforce_{tool}", arguments)
            if result.is_error or result.structured_content is None:
                raise ToolError(desk.called[-1].answer)
            return dict(result.structured_content)

        return await desk.task.script(call)
