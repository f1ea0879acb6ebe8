"""A server that is killed at any point of a write or an undo: the journal knows what was done, or finds it out."""

import signal
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from mcp_salesforce.localorg import LocalOrg
from tests.effort import FULL, examples
from tests.tools.calls import PREFIX, error_in, text_of
from tests.tools.changes.generated import clinic
from tests.tools.changes.killed import (
    CASES,
    PROCESSES,
    LosingOrg,
    keep,
    org_in,
    run,
    run_until_killed,
    serving,
)
from tests.tools.changes.states import state_of

pytestmark = pytest.mark.anyio
_KILLS = examples(200, 10)


def exit_code(*arguments: Any) -> int | None:
    """Run a case in a process of its own, and return how that ended."""
    started = PROCESSES.Process(target=run_until_killed, args=arguments)
    started.start()
    started.join(60)
    return started.exitcode


def left_open(folder: Path) -> list[Any]:
    """The changes of which nobody knows what became of them."""
    with sqlite3.connect(folder / "journal.db") as journal:
        found = journal.execute("SELECT * FROM change WHERE state IN ('open', 'unknown')").fetchall()
    journal.close()
    return found


async def undo_all(org: LocalOrg, folder: Path) -> int:
    """Take back whatever can be, as a new server on the same journal does; return how many changes that were."""
    async with serving(org, folder) as mcp:
        for count in range(len(CASES)):
            result = await mcp.call_tool(f"{PREFIX}undo", {})
            if result.is_error:
                assert error_in(text_of(result.content))["code"] == "NOT_FOUND"
                return count
            assert not {"kept", "failed"} & (result.structured_content or {}).keys(), result.structured_content
    raise AssertionError("there is always one more to undo")


@pytest.mark.parametrize("number", range(_KILLS))
async def test_a_killed_write_or_undo_is_found_out_and_taken_back_once(number: int, tmp_path: Path) -> None:
    case = list(CASES)[number % len(CASES)]
    with clinic() as org:
        before = state_of(org)
        *arranging, _ = CASES[case]
        await run(org, tmp_path, arranging)
        arranged = state_of(org)
        keep(org, tmp_path)
    assert exit_code(tmp_path, case, number) == -signal.SIGKILL, case
    with org_in(tmp_path) as org:
        was_done = state_of(org) != arranged
        undone = await undo_all(org, tmp_path)
        assert state_of(org) == before, case
    assert case.startswith("undo") or undone == len(arranging) + was_done, case
    assert not left_open(tmp_path), case


@pytest.mark.parametrize("case", CASES)
async def test_a_write_whose_answer_is_lost_is_found_out_and_taken_back_once(case: str, tmp_path: Path) -> None:
    asked = at = 0
    while at <= asked:
        for is_done in (True, False) if FULL else (at % 2 == 0,):
            folder = tmp_path / f"{at} {is_done}"
            folder.mkdir()
            with clinic() as org:
                before = state_of(org)
                *arranging, last = CASES[case]
                await run(org, folder, arranging)
                arranged = state_of(org)
                losing = LosingOrg(org.app, at, is_done=is_done)
                await run(org, folder, [last], losing)
                was_done = state_of(org) != arranged
                undone = await undo_all(org, folder)
                assert state_of(org) == before, (at, is_done)
            assert case.startswith("undo") or undone == len(arranging) + was_done, (at, is_done)
            assert not left_open(folder), (at, is_done)
            asked = losing.asked
        at += 1
    assert asked > 0
