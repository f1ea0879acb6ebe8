"""`python -m evals`: let somebody do the tasks, and show how they went."""

import asyncio
from pathlib import Path

import click

from evals.report import show, write
from evals.runs import Result, Worker, run, scripted
from evals.tasks import TASKS


@click.command()
@click.option("--tasks", "numbers", default="", help="Numbers, such as 1,2,4. Default: all.")
@click.option(
    "--json", "file", type=click.Path(dir_okay=False, path_type=Path), help="Write the results to this file too."
)
def command(numbers: str, file: Path | None) -> None:
    """Let the scripts do the tasks."""
    wanted = {int(each) for each in numbers.split(",")} if numbers else {task.number for task in TASKS}
    if unknown := wanted - {task.number for task in TASKS}:
        raise click.BadParameter(f"There is no task {min(unknown)}.", param_hint="--tasks")
    results = asyncio.run(_all(wanted, scripted))
    show(results, 0)
    if file:
        write(file, results, 0, "scripted")
    if not all(each.success for each in results):
        raise SystemExit(1)


async def _all(wanted: set[int], worker: Worker) -> list[Result]:
    return [await run(task, worker) for task in TASKS if task.number in wanted]


if __name__ == "__main__":
    command()
