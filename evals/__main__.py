"""`python -m evals`: let somebody do the tasks, and show how they went."""

import asyncio
import json
import os
import sys
from pathlib import Path

import click

from evals.apis import APIS
from evals.hosts import HOSTS, by_host
from evals.models import by_model
from evals.others import SERVERS
from evals.play import Play, PlayError, QuestionError
from evals.report import Run, merged, one
from evals.runs import Result, Worker, run, scripted
from evals.servers import ServerError, own
from evals.task import Task
from evals.tasks import TASKS

NEW_FILE = click.Path(dir_okay=False, path_type=Path)
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
NEW_FOLDER = click.Path(file_okay=False, path_type=Path)
FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
ALONE = click.Choice(["scripted", *APIS, *HOSTS])
OWN = "own"


@click.group(invoke_without_command=True)
@click.option("--tasks", "numbers", default="", help="Numbers, such as 1,2,4. Default: all.")
@click.option("--by", "by", type=ALONE, default="scripted", show_default=True, help="An API of models, or a host.")
@click.option("--model", default="", help="The model's name; a host has a default.")
@click.option("--server", default=OWN, type=click.Choice([OWN, *SERVERS]), show_default=True)
@click.option("--toolsets", default="all", show_default=True, help="Toolsets of this server.")
@click.option("--json", "file", type=NEW_FILE, help="Write the results to this file too.")
@click.pass_context
def command(  # noqa: PLR0917 - one for each option
    context: click.Context, numbers: str, by: str, model: str, server: str, toolsets: str, file: Path | None
) -> None:
    """Let the scripts do the tasks, or a model, or a host. Or do one yourself: play, call, finish.

    APIs of models take their address and key from OPENAI_BASE_URL and OPENAI_API_KEY (chat, responses), or from
    ANTHROPIC_BASE_URL and ANTHROPIC_API_KEY (messages). Hosts are the programs on the PATH, with your login.
    """
    if context.invoked_subcommand:
        return
    tasks = chosen(numbers, only_others=server != OWN)
    results = asyncio.run(_all(tasks, worker_of(by, model, server, toolsets)))
    done = Run.today(by, model, SERVERS[server].name if server in SERVERS else "mcp-salesforce", results)
    done.show()
    if file:
        file.write_text(done.json, encoding="utf-8")
    if not all(each.success for each in results):
        raise SystemExit(1)


def chosen(numbers: str, *, only_others: bool) -> list[type[Task]]:
    """Return the tasks with these numbers, or all that the server can be asked to do."""
    able = [task for task in TASKS if task.others or not only_others]
    known = {str(task.number): task for task in able}
    wanted = [each.strip() for each in numbers.split(",")] if numbers else list(known)
    if unknown := [each for each in wanted if each not in known]:
        raise click.BadParameter(f"There is no task {unknown[0]} for this server.", param_hint="--tasks")
    return [known[each] for each in dict.fromkeys(wanted)]


def worker_of(by: str, model: str, server: str, toolsets: str) -> Worker:
    """Return who does the tasks."""
    driven = SERVERS[server] if server in SERVERS else own(toolsets, asks=by in APIS)
    if missing := driven.missing():
        raise click.ClickException(missing)
    if by in HOSTS:
        return by_host(HOSTS[by], model, driven, os.environ)
    if by in APIS:
        if not model:
            raise click.UsageError(f"--by {by} needs --model.")
        return by_model(APIS[by], model, driven, os.environ)
    if server != OWN:
        raise click.UsageError("The scripts know the tools of this server only. Name an API or a host with --by.")
    return scripted


async def _all(tasks: list[type[Task]], worker: Worker) -> list[Result]:
    return [await run(task, worker) for task in tasks]


@command.command()
@click.argument("files", type=FILE, nargs=-1, required=True)
def table(files: tuple[Path, ...]) -> None:
    """Print runs that were kept as JSON as Markdown tables."""
    click.echo("\n".join(Run.read(file.read_text(encoding="utf-8")).markdown for file in files), nl=False)


@command.command()
@click.argument("task", type=int)
@click.option("--dir", "folder", type=NEW_FOLDER, required=True, help="A new folder, in which the org is kept.")
@click.option("--toolsets", default="all", show_default=True, help="Toolsets of this server.")
@click.option("--server", default=OWN, show_default=True, type=click.Choice([OWN, *SERVERS]))
@click.option("--only-request", is_flag=True, help="Do not print instructions and tools, which you know already.")
def play(task: int, folder: Path, toolsets: str, server: str, *, only_request: bool) -> None:
    """Start a task in a folder, and print what a model sees before its first call."""
    try:
        started = Play.start(folder, task, server, toolsets)
        offered = asyncio.run(started.offered())
    except (PlayError, ServerError) as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"# Request\n{started.request}\n")
    if not only_request:
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
    except (PlayError, ServerError) as error:
        raise click.ClickException(str(error)) from None
    except QuestionError as error:
        click.echo(f"{error}\n\nThe person has not answered. Say it: the same command with --approve or --refuse.")
        raise SystemExit(3) from None
    click.echo(called.answer)


@command.command()
@click.argument("folder", type=FOLDER)
@click.option("--answer", default="", help="What you tell the person.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
@click.option("--add-to", "file", type=NEW_FILE, help="Add the result to the run in this file.")
@click.option("--player", default="by hand", show_default=True, help="Who played, for that file.")
def finish(folder: Path, answer: str, *, as_json: bool, file: Path | None, player: str) -> None:
    """Look what became of the org, and print how the task went; the folder stays as it is."""
    try:
        play = Play.of(folder)
        result = play.finish(answer)
        if file:
            file.write_text(merged(file, Run.today(player, "", play.driven.name, [result])).json, encoding="utf-8")
    except (PlayError, ValueError) as error:
        raise click.ClickException(str(error)) from None
    click.echo(one(result, as_json=as_json))
    if not result.success:
        raise SystemExit(1)


if __name__ == "__main__":
    command()
