"""Runs a task: a fresh org, somebody who works in it, and a look at the org afterwards."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from mcp import Client
from mcp_types import CallToolResult, ElicitResult, TextContent
from tests.orgs import new_org, without_appointments
from tests.tools.tokens import tokens

from evals.aftermath import Aftermath, records_of
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
    """How a task went. `read` and `written` are tokens of o200k_base: answers of tools, and calls of the model."""

    number: int
    title: str
    success: bool = False
    calls: int = 0
    errors: int = 0
    read: int = 0
    written: int = 0
    missing: list[str] = field(default_factory=list)
    damage: list[str] = field(default_factory=list)
    failure: str = ""
    """Why the work ended early, such as an error of the model's API."""
    seconds: float = 0.0
    answer: str = ""


@dataclass
class Desk:
    """Where a task is done: the org, the task, and a record of the calls."""

    org: LocalOrg
    task: Task
    called: list[Called] = field(default_factory=list)

    async def call(self, client: Client, tool: str, arguments: Mapping[str, Any]) -> CallToolResult:
        """Call a tool and keep it in the record."""
        result = await client.call_tool(tool, dict(arguments))
        text = "\n".join(block.text for block in result.content if isinstance(block, TextContent))
        self.called.append(Called(tool, arguments, text, bool(result.is_error)))
        return result


Worker = Callable[[Desk], Awaitable[str]]
"""Does the task at a desk, and returns what it told the person."""


async def run(task: type[Task], worker: Worker, now: Callable[[], datetime] = utcnow) -> Result:
    """Let `worker` do a task in a fresh org, and look what became of the org."""
    result = Result(task.number, task.title)
    started = time.perf_counter()
    world = World(partial(new_org, then=without_appointments), now)
    with world.org as org:
        desk = Desk(org, task(world))
        world.days_ago = 0
        before = records_of(org)
        try:
            result.answer = await worker(desk)
        except Exception as error:  # noqa: BLE001 - whatever a model, a host or a server raises is a failed task
            result.failure = f"{type(error).__name__}: {error}"
        after = Aftermath(before, records_of(org), result.answer)
        desk.task.check(after)
    result.missing, result.damage = after.missing, after.damage
    result.success = not (result.failure or result.missing or result.damage)
    result.calls, result.errors = len(desk.called), sum(each.is_error for each in desk.called)
    result.read = sum(tokens(each.answer) for each in desk.called)
    result.written = sum(tokens({"name": each.tool, "arguments": each.arguments}) for each in desk.called)
    result.seconds = round(time.perf_counter() - started, 2)
    return result


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
