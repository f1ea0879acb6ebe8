"""Runs from the command line: who does the tasks, with which server, and the tables of that."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from evals.__main__ import command
from evals.report import Run, merged
from evals.runs import Result
from evals.tasks import TASKS

import evals
from tests.hosts import model

RESULTS = Path(evals.__file__).with_name("results")
DONE = Result(2, "Book", success=True, calls=3, read=200, written=50, tokens_in=900, tokens_out=80, surface=4000)
FAILED = Result(4, "Update", calls=1, errors=1, read=20, written=5, missing=["one"], damage=["two", "three"])


def run_of(*results: Result, worker: str = "chat") -> Run:
    return Run(worker, "m-1", "mcp-salesforce", results, "2026-11-02")


def test_a_run_is_read_as_it_was_written() -> None:
    run = run_of(DONE, FAILED)

    assert Run.read(run.json).json == run.json


def test_the_table_has_a_row_for_each_task_and_the_sums() -> None:
    heading, surface, *rows = run_of(DONE, FAILED).markdown.splitlines()

    assert heading == "## mcp-salesforce by chat, m-1, 2026-11-02"
    assert "4000 tokens" in surface
    assert rows[-3:] == [
        "| 2 | Book | yes | 3 | 0 | 200 | 50 | 900 | 80 | 0 |",
        "| 4 | Update | NO | 1 | 1 | 20 | 5 | - | - | 2 |",
        "|  | all | 1 of 2 | 4 | 1 | 220 | 55 | 900 | 80 | 2 |",
    ]


def test_a_later_result_of_a_task_replaces_the_earlier_one(tmp_path: Path) -> None:
    file = tmp_path / "run.json"
    file.write_text(merged(file, run_of(FAILED)).json, encoding="utf-8")
    file.write_text(merged(file, run_of(DONE)).json, encoding="utf-8")
    better = Result(4, "Update", success=True)

    kept = merged(file, run_of(better)).results

    assert kept == [DONE, better]
    with pytest.raises(ValueError, match="Name another file"):
        merged(file, run_of(DONE, worker="claude"))


def test_a_model_does_tasks_from_the_command_line(tmp_path: Path) -> None:
    file = tmp_path / "run.json"
    with model.serving([model.Wanted("whoami", {})], "I know who you are.") as served:
        arguments = ["--by", "chat", "--model", "scripted", "--tasks", "2", "--json", str(file)]
        shown = CliRunner(env={"OPENAI_BASE_URL": f"{served.address}/v1"}).invoke(command, arguments)
    [result] = Run.read(file.read_text(encoding="utf-8")).results

    assert shown.exit_code == 1
    assert "0 of 1" in shown.output
    assert "2: missing: no Event was created" in shown.output
    assert (result.calls, result.answer, bool(result.surface)) == (1, "I know who you are.", True)
    told = CliRunner().invoke(command, ["table", str(file)])
    assert "## mcp-salesforce by chat, scripted, " in told.output
    assert "| 2 | Book a contact into a colleague's calendar | NO | 1 | 0 |" in told.output


def test_scripts_do_tasks_from_the_command_line() -> None:
    shown = CliRunner().invoke(command, ["--tasks", "4,2"])

    assert shown.exit_code == 0, shown.output
    assert "2 of 2" in shown.output


def test_a_player_adds_a_result_to_a_file(tmp_path: Path) -> None:
    folder, file = str(tmp_path / "play"), tmp_path / "run.json"
    CliRunner().invoke(command, ["play", "2", "--dir", folder, "--only-request"])
    shown = CliRunner().invoke(command, ["finish", folder, "--add-to", str(file), "--player", "Ada"])

    told = json.loads(file.read_text(encoding="utf-8"))
    assert "NOT done" in shown.output
    assert (told["worker"], [each["number"] for each in told["results"]]) == ("Ada", [2])


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--tasks", "99"), "There is no task 99 for this server."),
        (("--tasks", "two"), "There is no task two for this server."),
        (("--server", "tsmztech", "--tasks", "3"), "There is no task 3 for this server."),
        (("--by", "chat"), "--by chat needs --model."),
    ],
)
def test_what_cannot_be_run_is_said(arguments: tuple[str, ...], told: str) -> None:
    shown = CliRunner().invoke(command, arguments)

    assert shown.exit_code == 2
    assert told in shown.output


@pytest.mark.parametrize("file", sorted(RESULTS.glob("*.json")), ids=lambda file: file.stem)
def test_runs_that_are_kept_can_be_read(file: Path) -> None:
    run = Run.read(file.read_text(encoding="utf-8"))

    assert run.json == file.read_text(encoding="utf-8")
    assert run.surface
    assert {each.number: each.title for each in run.results}.items() <= {
        task.number: task.title for task in TASKS
    }.items()
