"""A server that a host has started and that is killed in the middle of a call: the next one finds out what was done."""

import asyncio
import os
import random
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, stdio_client

from mcp_salesforce.localorg import LocalOrg, utcnow
from mcp_salesforce.localorg.listener import listening
from tests.approving import approve
from tests.conftest import ERAS
from tests.effort import examples
from tests.stdio.host import command_of
from tests.tools.calls import PREFIX, error_in, text_of
from tests.tools.changes.generated import clinic
from tests.tools.changes.killed import CASES
from tests.tools.changes.states import state_of

pytestmark = pytest.mark.anyio

KILLS = examples(60, 4)
CALMLY = [case for case in CASES if "series" not in case]
App = Callable[..., Awaitable[None]]


class KillingOrg:
    """An org that ends the server which asks it, at one request: before it is done, or after; or some time later."""

    def __init__(self, app: App, folder: Path) -> None:
        self.asked = 0
        self.kill_at = -1
        self.is_after = False
        self.later_s = 0.0
        self._app = app
        self._folder = folder

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or "/oauth2/" in scope["path"]:
            await self._app(scope, receive, send)
            return
        self.asked += 1
        if self.asked != self.kill_at:
            await self._app(scope, receive, send)
        elif self.later_s:
            await self._app(scope, receive, send)
            await asyncio.sleep(self.later_s)  # the server has the answer, and goes on
            self._kill()
        elif self.is_after:
            await self._app(scope, receive, _lost)
            self._kill()
        else:
            self._kill()

    def _kill(self) -> None:
        with suppress(ProcessLookupError):  # it has ended by itself
            os.kill(int((self._folder / "pid").read_text()), signal.SIGKILL)


async def _lost(_message: Any) -> None:
    pass


@asynccontextmanager
async def started(org: LocalOrg, url: str, folder: Path, era: str) -> AsyncIterator[Client]:
    async with Client(stdio_client(command_of(org, url, folder)), mode=era, elicitation_callback=approve) as client:
        yield client


async def undo_all(mcp: Client) -> int:
    """Take back all that can be; return how many changes that were."""
    for count in range(len(CASES)):
        result = await mcp.call_tool(f"{PREFIX}undo", {})
        if result.is_error:
            assert error_in(text_of(result.content))["code"] == "NOT_FOUND", text_of(result.content)
            return count
        assert not {"kept", "failed"} & (result.structured_content or {}).keys(), result.structured_content
    raise AssertionError("there is always one more to undo")


@pytest.mark.parametrize("number", range(KILLS))
async def test_what_a_killed_server_did_is_found_out_and_taken_back_once(number: int, tmp_path: Path) -> None:
    dice = random.Random(number)  # noqa: S311 - the same points each time
    case, era = CALMLY[number * 7 % len(CALMLY)], ERAS[number % 2]
    with clinic(utcnow) as org:  # the server is a process: it looks for lost records by the clock of the machine
        killing = KillingOrg(org.app, tmp_path)
        with listening(killing) as url:
            before = state_of(org)
            *arranging, (tool, arguments) = CASES[case]
            arranged = before
            with suppress(Exception):  # the host sees its server go
                async with started(org, url, tmp_path, era) as mcp:
                    for first, given in arranging:
                        await mcp.call_tool(PREFIX + first, dict(given(org)))
                    arranged = state_of(org)
                    killing.kill_at = killing.asked + 1 + dice.randrange(8)
                    killing.is_after, killing.later_s = dice.random() < 0.5, dice.choice((0, 0, 0.0005, 0.002))
                    await mcp.call_tool(PREFIX + tool, dict(arguments(org)))
            killing.kill_at = -1
            was_done = state_of(org) != arranged
            async with started(org, url, tmp_path, era) as mcp:
                undone = await undo_all(mcp)
            assert state_of(org) == before, case
            assert case.startswith("undo") or undone == len(arranging) + was_done, case
