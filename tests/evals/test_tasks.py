"""Each task can be done, in few calls, and its checker sees what is missing and what is damaged."""

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest
from evals.runs import Called, Desk, Result, own_server, run, scripted
from evals.task import Task
from evals.tasks import TASKS

from tests.conftest import NOW

pytestmark = pytest.mark.anyio
ID = re.compile(r"\b[a-zA-Z0-9]{3}lo[0-9A-Za-z]{13}\b")
each_task = pytest.mark.parametrize("task", TASKS, ids=lambda task: f"{task.number}-{task.__name__}")


async def as_scripted(task: type[Task]) -> tuple[Result, list[Called], str]:
    """A run by the script: its result, its calls, and the request."""
    desks: list[Desk] = []

    async def worker(desk: Desk) -> str:
        desks.append(desk)
        return await scripted(desk)

    result = await run(task, worker, lambda: NOW)
    return result, desks[0].called, desks[0].task.request


async def repeated(task: type[Task], calls: list[tuple[str, Mapping[str, Any]]], answer: str) -> Result:
    """A run in which just these calls are made."""

    async def worker(desk: Desk) -> str:
        async with own_server(desk.org) as client:
            for tool, arguments in calls:
                await desk.call(client, tool, arguments)
        return answer

    return await run(task, worker, lambda: NOW)


def wrote(called: Called) -> bool:
    """Whether a call changed anything: its tool can, and it did not find what it was asked to create."""
    return not READS[called.tool] and '"outcome":"found"' not in called.answer


READS: dict[str, bool] = {}


@pytest.fixture(autouse=True)
async def _reads(org: Any) -> None:
    if not READS:
        async with own_server(org) as client:
            for tool in (await client.list_tools()).tools:
                READS[tool.name] = bool(tool.annotations and tool.annotations.read_only_hint)


@each_task
async def test_a_task_is_done_by_its_script_in_few_calls_and_without_an_error(task: type[Task]) -> None:
    result, called, _ = await as_scripted(task)

    assert result.success, result
    assert result.errors == 0
    assert 1 <= len(called) <= task.most_calls


@each_task
async def test_a_script_knows_no_id_that_it_was_not_told(task: type[Task]) -> None:
    _, called, request = await as_scripted(task)

    told = request
    for each in called:
        assert set(ID.findall(json.dumps(each.arguments))) <= set(ID.findall(told))
        told += each.answer


@each_task
async def test_nothing_done_and_nothing_said_is_a_failure(task: type[Task]) -> None:
    result = await repeated(task, [], "")

    assert not result.success
    assert result.missing
    assert not result.damage


@each_task
async def test_each_write_that_is_left_out_is_missed(task: type[Task]) -> None:
    done, called, _ = await as_scripted(task)
    calls = [(each.tool, each.arguments) for each in called]

    for number, each in enumerate(called):
        if wrote(each):
            result = await repeated(task, calls[:number] + calls[number + 1 :], done.answer)
            assert not result.success, f"without {each.tool}"


@each_task
async def test_what_is_done_beside_the_task_is_damage(task: type[Task]) -> None:
    done, called, _ = await as_scripted(task)
    calls = [(each.tool, each.arguments) for each in called]
    desks: list[Desk] = []

    async def worker(desk: Desk) -> str:
        desks.append(desk)
        async with own_server(desk.org) as client:
            for tool, arguments in calls:
                await desk.call(client, tool, arguments)
            found = await client.call_tool("salesforce_list_contacts", {"name": "Ida Bystander", "fields": ["Id"]})
            assert found.structured_content
            [[bystander]] = found.structured_content["rows"]
            arguments = {"sobject": "Contact", "records": [{"Id": bystander, "Title": "Damaged"}]}
            await desk.call(client, "salesforce_update_records", arguments)
        return done.answer

    result = await run(task, worker, lambda: NOW)

    assert not result.missing
    assert len(result.damage) == 1
    assert "(Title)" in result.damage[0]
    assert not result.success


async def test_there_are_sixteen_tasks_of_a_day_and_six_that_other_servers_can_do() -> None:
    assert [task.number for task in TASKS[:16]] == list(range(1, 17))
    assert {task.number for task in TASKS if task.others} == {1, 2, 4, 7, 8, 14}
