"""`mcp-salesforce export`: rows in a file, through the server's own tool."""

import csv
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mcp_salesforce.cli import cli
from mcp_salesforce.localorg import LocalOrg
from tests.orgs import new_org

SOQL = "SELECT Id, LastName FROM Contact ORDER BY Id"


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The settings for an org on a port, with 50 contacts."""
    with new_org(contacts=50) as org, org.listening() as url:
        yield settings_for(org, url, tmp_path)


def settings_for(org: LocalOrg, url: str, home: Path) -> dict[str, str]:
    given = org.credentials
    return {
        "SALESFORCE_CLIENT_ID": given.client_id,
        "SALESFORCE_CLIENT_SECRET": given.client_secret,
        "SALESFORCE_REFRESH_TOKEN": given.refresh_token,
        "SALESFORCE_INSTANCE_URL": url,
        "SALESFORCE_JOURNAL": "off",
        "HOME": str(home),
    }


def export(environment: dict[str, str], *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["export", *arguments], env=environment)


def test_rows_are_written_and_counted(environment: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "contacts.csv"

    told = export(environment, SOQL, "--to", str(file))

    assert told.exit_code == 0, told.output
    rows = list(csv.reader(file.read_text("utf-8").splitlines()))
    assert (rows[0], len(rows)) == (["Id", "LastName"], 51)
    assert told.stdout.startswith(f"{file}: 50 rows, {file.stat().st_size:,} bytes, SHA-256 ")
    assert told.stderr == ""
    again = export(environment, SOQL, "--to", str(file))
    assert (again.exit_code, "exists" in again.stderr) == (1, True)
    replaced = export(environment, SOQL, "--to", str(file), "--overwrite", "--json", "--excel", "--delimiter", ";")
    assert json.loads(replaced.stdout)["rows"] == 50
    assert file.read_bytes().startswith(b'\xef\xbb\xbf"Id";"LastName"\n')


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["SELECT Nothing FROM Contact", "--to", "x.csv"], 1, "No such column 'Nothing'"),
        (["SELECT Id FROM Contact", "--to", "x.xlsx"], 1, "does not end in a format"),
        (["SELECT Id FROM Contact", "--to", "nowhere/x.csv"], 2, "is not a folder"),
        (["SELECT Id FROM Contact"], 2, "--to"),
    ],
)
def test_what_cannot_be_exported_ends_with_a_sentence(
    environment: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    status: int,
    words: str,
) -> None:
    monkeypatch.chdir(tmp_path)

    told = export(environment, *arguments)

    assert told.exit_code == status
    assert words in told.stderr
    assert "Traceback" not in told.output
    assert list(tmp_path.glob("*x.*")) == []


def test_a_policy_holds_on_the_command_line_too(environment: dict[str, str], tmp_path: Path) -> None:
    policy = tmp_path / "p.toml"
    policy.write_text('[objects.Contact]\nhide = ["LastName"]', "utf-8")

    told = export({**environment, "SALESFORCE_POLICY": str(policy)}, SOQL, "--to", str(tmp_path / "x.csv"))

    assert (told.exit_code, "LastName is hidden" in told.stderr) == (1, True)


def test_it_runs_as_a_program(environment: dict[str, str], tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mcp_salesforce", "export", SOQL, "--to", "x.jsonl"]

    run = subprocess.run(
        command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120
    )

    assert (run.returncode, run.stderr) == (0, "")
    assert len((tmp_path / "x.jsonl").read_text("utf-8").splitlines()) == 50
