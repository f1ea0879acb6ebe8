"""`python -m evals`: let somebody do the tasks, and show how they went."""

import asyncio
import json
import sys
from pathlib import Path

import click

from evals.play import Play, PlayError, QuestionError
from evals.report import one, show, write
from evals.runs import Result, Worker, run, scripted
from evals.tasks import TASKS

NEW_FOLDER = click.Path(file_okay=False, path_type=Path)
FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.group(invoke_without_command=True)
@click.option("--tasks", "numbers", default="", help="Numbers, such as 1,2,4. Default: all.")
@click.option(
    "--json", "file", type=click.Path(dir_okay=False, path_type=Path), help="Write the results to this file too."
)
@click.pass_context
def command(context: click.Context, numbers: str, file: Path | None) -> None:
    """Let the scripts do the tasks; or let a person do one: play, call, finish."""
    if context.invoked_subcommand:
        return
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


@command.command()
@click.argument("task", type=int)
@click.option("--dir", "folder", type=NEW_FOLDER, required=True, help="A new folder, in which the org is kept.")
@click.option("--toolsets", default="all", show_default=True, help="Toolsets of this server.")
@click.option("--server", default="own", show_default=True, help="The server, such as own or tsmztech.")
@click.option("--only-request", is_flag=True, help="Do not print instructions and tools, which you know already.")
def play(task: int, folder: Path, toolsets: str, server: str, *, only_request: bool) -> None:
    """Start a task in a folder, and print what a model sees before its first call."""
    try:
        started = Play.start(folder, task, server, toolsets)
    except PlayError as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"# Request\n{started.request}\n")
    if not only_request:
        offered = asyncio.run(started.offered())
        click.echo(f"# Instructions of the server\n{offered.instructions}\n\n# Tools\n{offered.lines}\n")
    run_me = "uv run python -m evals"
    click.echo(
        f"# How to go on\n{run_me} call {folder} TOOL '{{...}}'\n"
        f"{run_me} finish {folder} --answer 'what you tell the person'"
    )


@command.command()
@click.argument("folder", type=FOLDER)
@click.argument("tool")
@click.argument("arguments", default="{}")
@click.option("--approve/--refuse", "approves", default=None, help="What the person says when the server asks.")
def call(folder: Path, tool: str, arguments: str, *, approves: bool | None) -> None:
    """Call TOOL with ARGUMENTS, a JSON object or - for stdin, and print what a model reads."""
    try:
        given = json.loads(sys.stdin.read() if arguments == "-" else arguments)
    except ValueError as error:
        raise click.BadParameter(f"This is not JSON: {error}", param_hint="ARGUMENTS") from None
    if not isinstance(given, dict):
        raise click.BadParameter("This is not a JSON object.", param_hint="ARGUMENTS")
    try:
        called = asyncio.run(Play.of(folder).call(tool, given, approves=approves))
    except PlayError as error:
        raise click.ClickException(str(error)) from None
    except QuestionError as error:
        click.echo(f"{error}\n\nThe person has not answered. Say it: the same command with --approve or --refuse.")
        raise SystemExit(3) from None
    click.echo(called.answer)


@command.command()
@click.argument("folder", type=FOLDER)
@click.option("--answer", default="", help="What you tell the person.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def finish(folder: Path, answer: str, *, as_json: bool) -> None:
    """Look what became of the org, and print how the task went; the folder stays as it is."""
    try:
        result = Play.of(folder).finish(answer)
    except PlayError as error:
        raise click.ClickException(str(error)) from None
    click.echo(one(result, as_json=as_json))
    if not result.success:
        raise SystemExit(1)


if __name__ == "__main__":
    command()
