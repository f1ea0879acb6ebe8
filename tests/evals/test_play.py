"""A task done by hand, one command a call: what is shown, what is kept between calls, and what is counted."""

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from evals.__main__ import command
from evals.play import Play
from evals.tasks import TASKS

from tests.evals.scripts import calls_of_the_script

Evals = Callable[..., Result]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "play"


@pytest.fixture
def evals(folder: Path) -> Evals:
    """Runs `python -m evals WORD FOLDER …`."""

    def started(word: str, *arguments: str) -> Result:
        where = ["--dir", str(folder)] if word == "play" else [str(folder)]
        return CliRunner().invoke(command, [word, *where, *arguments])

    return started


def said(result: Result, exit_code: int = 0) -> str:
    assert result.exit_code == exit_code, result.output
    return str(result.output)


def answered(result: Result) -> Any:
    return json.loads(said(result))


def deletion_of_two_contacts(evals: Evals) -> tuple[str, str, str]:
    rows = answered(evals("call", "salesforce_list_contacts", '{"limit": 2, "fields": ["Id"]}'))["rows"]
    arguments = {"sobject": "Contact", "record_ids": [row[0] for row in rows]}
    return "call", "salesforce_delete_records", json.dumps(arguments)


def test_a_player_sees_what_a_model_sees_and_nothing_of_the_checker(evals: Evals, folder: Path) -> None:
    shown = said(evals("play", "2"))

    tools = [json.loads(line) for line in shown.splitlines() if line.startswith("{")]
    assert "Book Marta Oliveira with Jonas Brandt" in shown
    assert "salesforce_whoami returns the user, the time and the org." in shown
    assert {"salesforce_create_appointment", "salesforce_log_activity"} <= {tool["name"] for tool in tools}
    assert all(tool.keys() == {"name", "description", "inputSchema"} for tool in tools)
    assert f"call {folder} TOOL" in shown
    assert TASKS[1].title not in shown


def test_toolsets_are_those_of_the_play_and_the_surface_can_be_omitted(evals: Evals) -> None:
    shown = said(evals("play", "2", "--toolsets", "contacts", "--only-request"))

    assert "# Tools" not in shown
    assert "NOT_ALLOWED" in said(evals("call", "salesforce_query", '{"soql": "SELECT Id FROM User"}'))


@pytest.mark.anyio
async def test_the_calls_of_a_script_do_the_task_one_by_one(folder: Path) -> None:
    play = Play.start(folder, 2, "own", "all")
    calls, answer = await calls_of_the_script(2, datetime.fromisoformat(play.moment))

    answers = [await Play.of(folder).call(each.tool, each.arguments) for each in calls]
    result = Play.of(folder).finish(answer)

    assert result.success, result
    assert (result.calls, result.errors, result.damage) == (len(calls), 0, [])
    assert [each.is_error for each in answers] == [False] * len(calls)
    assert result.read > result.calls
    assert result.written > result.calls


def test_a_call_goes_on_where_the_one_before_it_ended(evals: Evals) -> None:
    evals("play", "2", "--only-request")
    first = answered(evals("call", "salesforce_list_contacts", '{"limit": 2}'))
    more = answered(evals("call", "salesforce_list_contacts", json.dumps({"limit": 2, "cursor": first["next_cursor"]})))
    made = answered(evals("call", "salesforce_create_contact", '{"data": {"LastName": "Zsigmondy"}}'))
    damaged = said(evals("finish"), exit_code=1)
    undone = said(evals("call", "salesforce_undo", json.dumps({"change_id": made["change_id"]}), "--approve"))
    tidy = said(evals("finish"), exit_code=1)

    assert not {json.dumps(row) for row in first["rows"]} & {json.dumps(row) for row in more["rows"]}
    assert "damage: created Contact" in damaged
    assert made["change_id"]
    assert "error" not in undone
    assert "damage: created Contact" not in tidy
    assert "calls 4, errors 0" in tidy


def test_a_question_without_an_answer_changes_and_counts_nothing(evals: Evals) -> None:
    evals("play", "2", "--only-request")
    delete = deletion_of_two_contacts(evals)

    asked = said(evals(*delete), exit_code=3)
    refused = said(evals(*delete, "--refuse"))
    before = said(evals("finish"), exit_code=1)

    assert "Delete 2 contacts" in asked
    assert "--approve" in asked
    assert "APPROVAL_DECLINED" in refused
    assert "calls 2, errors 1" in before
    assert "damage 0" in before


def test_an_approved_question_is_done(evals: Evals) -> None:
    evals("play", "2", "--only-request")
    delete = deletion_of_two_contacts(evals)

    asked = said(evals(*delete), exit_code=3)
    said(evals(*delete, "--approve"))

    assert "The person has not answered" in asked
    assert "damage: deleted Contact" in said(evals("finish"), exit_code=1)
    result = json.loads(said(evals("finish", "--json"), exit_code=1))
    assert result["calls"] == 2
    assert result["surface"] > 1000


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("play", "2"), "is not empty. Name a new folder."),
        (("call", "salesforce_whoami", "[]"), "This is not a JSON object."),
        (("call", "salesforce_whoami", "{"), "This is not JSON"),
    ],
)
def test_a_word_that_cannot_work_says_what_to_do(evals: Evals, folder: Path, words: tuple[str, ...], told: str) -> None:
    Play.start(folder, 2, "own", "all")

    assert told in said(evals(*words), exit_code=1 if words[0] == "play" else 2)


def test_what_was_never_started_is_named(evals: Evals, folder: Path) -> None:
    assert "There is no task 99." in said(evals("play", "99"), exit_code=1)
    assert "'nobody' is not one of 'own'" in said(evals("play", "1", "--server", "nobody"), exit_code=2)
    assert "Task 3 cannot be done with another server" in said(evals("play", "3", "--server", "tsmztech"), exit_code=1)
    assert not folder.exists()
    folder.mkdir()
    assert "Start one: python -m evals play TASK" in said(evals("finish"), exit_code=1)


def test_a_server_that_does_not_start_is_named_with_its_log(evals: Evals) -> None:
    started = said(evals("play", "2", "--toolsets", "contakts"), exit_code=1)
    called = said(evals("call", "salesforce_whoami"), exit_code=1)

    for told in (started, called):
        assert "mcp-salesforce did not start: " in told
        assert "contakts" in told
    assert "calls 0" in said(evals("finish"), exit_code=1)
