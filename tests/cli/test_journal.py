"""`mcp-salesforce journal`: what is kept is listed without a value, and forgotten on demand."""

import sqlite3
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from mcp import Client

from mcp_salesforce.cli import cli
from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.salesforce import AsgiTransport
from mcp_salesforce.server import create_server
from tests.conftest import NOW, settings_of
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
    listed = journal("list", tmp_path / "journal.db", SALESFORCE_STATE_KEY="j" * 32)
    assert listed.exit_code == 0
    assert "encrypted with another key, or damaged  (org" in listed.output
    assert "SALESFORCE_STATE_KEY was changed, set it as it was" in listed.output


def run(*command: str, **environment: str) -> Result:
    return CliRunner().invoke(cli, [*command], env=environment)


@pytest.mark.parametrize("in_file", [True, False], ids=[".env", "environment"])
async def test_commands_find_the_servers_files_by_its_settings(
    org: LocalOrg, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, in_file: bool
) -> None:
    own = {"JOURNAL": str(tmp_path / "kept" / "own.db"), "STATE_KEY": "k" * 32, "AUDIT": str(tmp_path / "audit.jsonl")}
    given = {f"SALESFORCE_{name}": value for name, value in own.items()}
    monkeypatch.chdir(tmp_path)
    if in_file:
        (tmp_path / ".env").write_text("".join(f"{name}={value}\n" for name, value in given.items()))
        given = {}
    settings = settings_of(org, **{name.lower(): value for name, value in own.items()})
    two = {"sobject": "Contact", "record_ids": [org.insert("Contact", LastName=name) for name in ("Sand", "Stein")]}
    async with Client(create_server(settings, transport=AsgiTransport(org.app), now=lambda: NOW)) as mcp:
        _, change_id = await called(mcp, "create_contact", data={"LastName": "Sand"})
        assert (await refusal(mcp, "delete_records", **two))["code"] == "APPROVAL_UNAVAILABLE"
        listed = run("journal", "list", **given)
        assert listed.output.startswith(change_id)
        assert "create 1 Contact" in listed.output
        waiting = run("approve", **given)  # it found the question, and has no terminal to show it at
        assert "needs a terminal" in waiting.output
        assert run("journal", "clear", **given).output == "1 changes were forgotten.\n"
    verified = run("audit", "verify", **given)
    assert "All lines fit, up to number 2" in verified.output
    assert "no key" not in verified.output


@pytest.mark.parametrize("command", [["journal", "list"], ["approve"], ["audit", "verify"]])
def test_a_wrong_setting_is_named(tmp_path: Path, command: list[str]) -> None:
    told = run(*command, SALESFORCE_JOURNAL=str(tmp_path), SALESFORCE_AUDIT=str(tmp_path / "audit.jsonl"))
    assert told.exit_code == 2
    assert "SALESFORCE_JOURNAL" in told.output
    assert "name a file in it" in told.output


def test_a_journal_that_is_off_is_no_file_of_that_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "off").write_text("mine")
    assert run("journal", "list", SALESFORCE_JOURNAL="off").output == "No changes are kept.\n"


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
