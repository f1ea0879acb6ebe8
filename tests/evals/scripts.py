"""What the script of a task calls, for models that do just that."""

from datetime import datetime

from evals.runs import Called, Desk, run, scripted
from evals.tasks import TASKS

from tests.hosts.model import Wanted


async def calls_of_the_script(number: int, moment: datetime) -> tuple[list[Called], str]:
    """The calls, and the answer to the person, in an org that began at `moment`: Ids follow from that."""
    desks: list[Desk] = []

    async def worker(desk: Desk) -> str:
        desks.append(desk)
        return await scripted(desk)

    result = await run(TASKS[number - 1], worker, lambda: moment)
    assert result.success, result
    return desks[0].called, result.answer


async def wishes_of_the_script(number: int, moment: datetime) -> tuple[list[Wanted], str]:
    """The same, for the scripted model."""
    called, answer = await calls_of_the_script(number, moment)
    return [Wanted(each.tool.removeprefix("salesforce_"), each.arguments) for each in called], answer
