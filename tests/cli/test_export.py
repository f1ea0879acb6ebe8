"""`mcp-salesforce export`: rows in a file, through the server's own tool."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mcp_salesforce.cli import cli
from mcp_salesforce.localorg import Fault, LocalOrg
from tests.orgs import new_org
from tests.warm import warm

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
        (["SELECT Id FROM Contact", "--to", "x.xlsx"], 1, "does not end in a known format"),
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
    command = warm("mcp_salesforce", "export", SOQL, "--to", "x.jsonl")

    run = subprocess.run(
        command, env=os.environ | environment, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120
    )

    assert (run.returncode, run.stderr) == (0, "")
    assert len((tmp_path / "x.jsonl").read_text("utf-8").splitlines()) == 50


MANY = 12_000


@pytest.fixture
def large(tmp_path: Path) -> Iterator[tuple[LocalOrg, dict[str, str]]]:
    """An org on a port, with more contacts than two pages of a bulk job hold, and the settings for it."""
    with new_org(seed=False) as org:
        org.records.load("Contact", ({"LastName": f"Number {n:05}"} for n in range(MANY)), org.user_id)
        with org.listening() as url:
            yield org, settings_for(org, url, tmp_path)


def running(environment: dict[str, str], folder: Path) -> "subprocess.Popen[str]":
    command = warm("tests.with_pid", "mcp_salesforce", "export", SOQL, "--to", "x.csv")
    return subprocess.Popen(
        command, env=os.environ | environment, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_an_export_that_is_killed_goes_on_where_it_was(
    large: tuple[LocalOrg, dict[str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: int
) -> None:
    org, environment = large
    take, pages = org.faults.take, count(1)

    def second_page_hangs(method: str, path: str) -> Fault | None:
        if path.endswith("/results") and next(pages) > 1:
            return Fault(kind="hang", delay_s=120)
        return take(method, path)

    monkeypatch.setattr(org.faults, "take", second_page_hangs)
    with running(environment, tmp_path) as process:
        try:
            while process.poll() is None and not state(tmp_path).get("rows"):
                time.sleep(0.05)
        finally:
            os.kill(int((tmp_path / "pid").read_text()), how)
    monkeypatch.setattr(org.faults, "take", take)
    before = state(tmp_path)
    with (tmp_path / ".x.csv.part").open("ab") as part:
        part.write(b"half a row")
    assert before["rows"] == 10_000

    told = export(environment, SOQL, "--to", str(tmp_path / "x.csv"))

    assert told.exit_code == 0, told.output
    rows = list(csv.reader((tmp_path / "x.csv").read_text("utf-8").splitlines()))
    assert [row[1] for row in rows[1:]] == [f"Number {n:05}" for n in range(MANY)]
    assert len(org.bulk.jobs.listed(org.user_id, "V2Query", None, "")["records"]) == 1
    assert sorted(each.name for each in tmp_path.glob("*x.csv*")) == ["x.csv"]


def state(folder: Path) -> dict[str, object]:
    """Return what is kept of the export."""
    try:
        kept: dict[str, object] = json.loads((folder / ".x.csv.job").read_bytes())["export"]
    except FileNotFoundError:
        return {}
    return kept


@pytest.mark.skipif(sys.platform == "win32", reason="the shell's limit stands for a full disk")
def test_a_full_disk_is_told_and_the_export_goes_on_later(
    large: tuple[LocalOrg, dict[str, str]], tmp_path: Path
) -> None:
    _, environment = large
    program = f'{sys.executable} -m mcp_salesforce export "{SOQL}" --to x.csv'

    limited = ["bash", "-c", f"ulimit -f 100; exec {program}"]
    run = subprocess.run(
        limited, env=os.environ | environment, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120
    )

    assert run.returncode == 1, run.stderr
    assert "x.csv cannot be written: File too large." in run.stderr
    assert not (tmp_path / "x.csv").exists()
    assert export(environment, SOQL, "--to", str(tmp_path / "x.csv")).exit_code == 0
    assert len((tmp_path / "x.csv").read_text("utf-8").splitlines()) == MANY + 1
