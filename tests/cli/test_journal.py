"""`mcp-salesforce journal`: what is kept is listed without a value, and forgotten on demand."""

import sqlite3
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from mcp import Client

from mcp_salesforce.cli import cli
from tests.conftest import NOW
from tests.tools.calls import called, refusal

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def at_the_tests_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command's clock is that of the server in these tests: what is older than 15 days is forgotten."""
    monkeypatch.setattr(time, "time", NOW.timestamp)


def journal(command: str, file: Path, **environment: str) -> Result:
    return CliRunner().invoke(cli, ["journal", command, "--journal", str(file)], env=environment)


async def test_changes_are_listed_without_a_value_and_forgotten(mcp: Client, tmp_path: Path) -> None:
    file = tmp_path / "journal.db"
    assert journal("list", file).output == "No changes are kept.\n"
    rows = [{"LastName": "Zurbriggen"}, {"LastName": "Zurbrügg"}]
    _, change_id = await called(mcp, "create_records", sobject="Contact", records=rows)
    listed = journal("list", file)
    assert listed.exit_code == 0
    assert listed.output.startswith(change_id)
    assert "  done  salesforce_create_records  create 2 Contact  (org 00D" in listed.output
    assert "urbr" not in listed.output
    assert journal("clear", file).output == "1 changes were forgotten.\n"
    assert journal("list", file).output == "No changes are kept.\n"
    assert (await refusal(mcp, "undo", change_id=change_id))["code"] == "NOT_FOUND"


async def test_with_another_key_the_list_says_that_nothing_can_be_undone(mcp: Client, tmp_path: Path) -> None:
    await called(mcp, "create_contact", data={"LastName": "Sand"})
    listed = journal("list", tmp_path / "journal.db", SALESFORCE_STATE_KEY="x" * 32)
    assert listed.exit_code == 0
    assert "encrypted with another key  (org" in listed.output
    assert "set SALESFORCE_STATE_KEY as it was" in listed.output


@pytest.mark.parametrize("command", ["list", "clear"])
def test_another_programs_file_is_refused_and_left_alone(tmp_path: Path, command: str) -> None:
    file = tmp_path / "other.db"
    with sqlite3.connect(file) as other:
        other.execute("CREATE TABLE mine (x)")
    other.close()
    before = file.read_bytes()
    told = journal(command, file)
    assert told.exit_code != 0
    assert "is another program's file" in told.output
    assert file.read_bytes() == before
