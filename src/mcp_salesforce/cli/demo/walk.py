"""Runs the demo: a server process, a client, and the steps until one fails."""

import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from mcp import Client, MCPError, StdioServerParameters
from mcp.client.stdio import stdio_client

from mcp_salesforce.cli.demo.agent import Agent, Step, StepError, person_at
from mcp_salesforce.cli.demo.screen import Screen
from mcp_salesforce.cli.demo.steps import STEPS
from mcp_salesforce.cli.hosts import launch_command, registrations

SERVER = (sys.executable, "-m", "mcp_salesforce", "serve", "--demo")
ANSWER_TIMEOUT_S = 30
SHOWN_OF_LOG = 2000
_LOG = "server.log"


async def walk(screen: Screen, steps: Sequence[Step] = STEPS, server: Sequence[str] = SERVER) -> bool:
    """Start the command `server`, go through the steps until one is not verified, and return whether all were."""
    screen.title("mcp-salesforce demo", "A server process, an MCP client over stdio, a local org with sample data.")
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="mcp-salesforce-demo-") as folder:
        verified = await _go(screen, steps, server, Path(folder))
    elapsed = time.perf_counter() - started
    if verified < len(steps):
        screen.summary(f"{verified} of {len(steps)} steps verified, in {elapsed:.1f} s.", success=False)
        return False
    screen.summary(f"All {verified} steps verified, in {elapsed:.1f} s. Nothing of it was kept.", success=True)
    screen.registrations("Register it, on a local org that stays", registrations(launch_command(demo=True)))
    screen.note("On your own org: the same without --demo, and your settings in .env (docs/connect-an-org.md).")
    return True


async def _go(screen: Screen, steps: Sequence[Step], server: Sequence[str], folder: Path) -> int:
    """Return how many steps were verified before one was not."""
    log = folder / _LOG
    verified = 0
    try:
        async with _connected(server, folder, screen) as client:
            agent = Agent(client, screen)
            for number, step in enumerate(steps, start=1):
                if not await _verify(number, step, agent):
                    break
                verified += 1
    except* (MCPError, OSError) as group:
        screen.note(f"The connection to the server broke: {_first(group)}")
    if verified < len(steps) and (written := log.read_text(encoding="utf-8").strip()):
        screen.note(f"The server wrote: {written[-SHOWN_OF_LOG:]}")
    return verified


async def _verify(number: int, step: Step, agent: Agent) -> bool:
    """Run one step, and show whether what it did was so."""
    agent.screen.step(number, step.title)
    started = time.perf_counter()
    try:
        claim = await step.run(agent)
    except (StepError, MCPError) as error:
        agent.screen.failed(str(error), time.perf_counter() - started)
        return False
    agent.screen.verified(claim, time.perf_counter() - started)
    return True


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the innermost first error: task groups wrap one another."""
    error = group.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error


@asynccontextmanager
async def _connected(server: Sequence[str], folder: Path, screen: Screen) -> AsyncIterator[Client]:
    """Start the server as a process on a new org, and connect to it as any MCP host would."""
    program, *arguments = server
    process = StdioServerParameters(
        command=program,
        args=[*arguments, "--file", str(folder / "org.sqlite")],
        env={"SALESFORCE_JOURNAL": str(folder / "journal.db")},
        cwd=folder,
    )
    person = person_at(screen)
    with (folder / _LOG).open("w", encoding="utf-8") as errors:
        pipes = stdio_client(process, errlog=errors)
        async with Client(pipes, read_timeout_seconds=ANSWER_TIMEOUT_S, elicitation_callback=person) as client:
            yield client
