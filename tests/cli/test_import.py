"""`mcp-salesforce import`: rows of a file as records, through the server's own tool."""

import csv
import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from fnmatch import fnmatchcase
from pathlib import Path
from threading import Event

import pytest
from click.testing import CliRunner, Result

from mcp_salesforce.cli import cli
from mcp_salesforce.localorg import Fault, LocalOrg
from tests.cli.small_parts import FEW, make_small
from tests.cli.test_export import settings_for
from tests.effort import examples
from tests.orgs import new_org
from tests.warm import warm

ROWS = 12


@pytest.fixture
def org() -> Iterator[LocalOrg]:
    with new_org(seed=False) as org:
        yield org


@pytest.fixture
def environment(org: LocalOrg, tmp_path: Path) -> Iterator[dict[str, str]]:
    """The settings for the org on a port, with a journal."""
    with org.listening() as url:
        yield {**settings_for(org, url, tmp_path), "SALESFORCE_JOURNAL": str(tmp_path / "kept" / "journal.db")}


def write(folder: Path, count: int = ROWS, *, bad: bool = False) -> Path:
    file = folder / "contacts.csv"
    with file.open("w", encoding="utf-8", newline="") as out:
        table = csv.writer(out)
        table.writerow(["Surname", "Phone"])
        table.writerows([f"Number {n:05}", n] for n in range(count))
        table.writerows([["", "1"]] if bad else [])
    return file


def run(environment: dict[str, str], *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["import", *arguments, "--object", "Contact"], env=environment)


def names(org: LocalOrg) -> list[str]:
    return [row[0] for row in org.store.rows("SELECT LastName FROM Contact WHERE IsDeleted = 0 ORDER BY 1")]


def test_rows_become_records_and_the_exit_status_says_whether_all_did(
    environment: dict[str, str], org: LocalOrg, tmp_path: Path
) -> None:
    file = write(tmp_path, bad=True)

    checked = run(environment, str(file), "--check")
    told = run(environment, str(file), "--yes")
    again = run(environment, str(file), "--yes", "--json")

    assert (checked.exit_code, told.exit_code, again.exit_code) == (3, 3, 3)
    assert "13 rows, 12 ready, 1 bad" in checked.stderr
    assert "Surname -> LastName" in checked.stderr
    assert "LastName: Is required. Row 13" in checked.stderr
    assert told.stdout == f"{file}: 12 rows saved, 1 not saved\n"
    assert (tmp_path / "contacts.failed.csv").read_text("utf-8").splitlines()[1:] == [",1,LastName: Is required."]
    assert json.loads(again.stdout)["already"] == ROWS
    assert names(org) == [f"Number {n:05}" for n in range(ROWS)]
    file.write_text("Id,Phone\n", "utf-8")
    assert run(environment, str(write(tmp_path)), "--yes").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["x.csv"], 2, "Give --yes"),
        (["none.csv", "--yes"], 1, "none.csv does not exist"),
        (["x.csv", "--yes", "--map", "Nothing=Phone"], 1, "There is no column 'Nothing'"),
        (["x.csv", "--yes", "--map", "Phone"], 2, "is not HEADER=FIELD"),
        (["nowhere/x.csv", "--yes"], 2, "is not a folder"),
        (["x.csv", "--yes", "--operation", "update"], 1, "No column has Id"),
    ],
)
def test_what_cannot_be_imported_ends_with_a_sentence(
    environment: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    status: int,
    words: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.csv").write_text("Surname,Phone\nA,1\n", "utf-8")

    told = run(environment, *arguments)

    assert (told.exit_code, words in told.stderr) == (status, True), told.stderr
    assert "Traceback" not in told.output


def test_columns_are_mapped_as_asked(environment: dict[str, str], org: LocalOrg, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("Who,Phone\nA,1\n", "utf-8")

    told = run(environment, str(tmp_path / "x.csv"), "--yes", "--map", "Who=LastName", "--map", "Phone=")

    assert told.exit_code == 0, told.stderr
    assert [tuple(row) for row in org.store.rows("SELECT LastName, Phone FROM Contact")] == [("A", None)]


def test_files_of_one_name_in_two_folders_are_two_files(
    environment: dict[str, str], org: LocalOrg, tmp_path: Path
) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        assert run(environment, str(write(tmp_path / folder, 2)), "--yes", "--allow-duplicate").exit_code == 0

    assert len(names(org)) == 4


def kill_at_random(environment: dict[str, str], folder: Path, is_sending: Event, after_s: float) -> None:
    """Begin the import in a process of its own, and kill it when it has been sending rows for some time."""
    command = warm("tests.cli.small_parts", "import", "contacts.csv", "--object", "Contact", "--yes")
    is_sending.clear()
    with subprocess.Popen(
        command, env=os.environ | environment, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        begun = time.monotonic()
        while process.poll() is None and not is_sending.wait(0.01):
            assert time.monotonic() - begun < 60
        time.sleep(after_s)
        with suppress(ProcessLookupError):
            os.kill(int((folder / "pid").read_text()), signal.SIGKILL)
        process.wait(60)


@pytest.mark.parametrize("number", range(examples(100, 4)))
def test_an_import_that_is_killed_at_random_and_started_again_leaves_each_row_exactly_once(
    environment: dict[str, str], org: LocalOrg, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    chance, is_sending, take = random.Random(number), Event(), org.faults.take  # noqa: S311 - moments of a test
    path, count = ("*/composite/sobjects", FEW) if number % 2 else ("*/jobs/ingest*", 5 * FEW)
    write(tmp_path, count)

    def taken(method: str, called: str) -> Fault | None:
        if method == "POST" and fnmatchcase(called, path):
            is_sending.set()
        return take(method, called)

    monkeypatch.setattr(org.faults, "take", taken)
    org.faults.add(Fault(kind="latency", path=path, delay_s=0.1, count=None))
    for _ in range(1 if number % 3 else 2):
        kill_at_random(environment, tmp_path, is_sending, chance.uniform(0, 1))
    org.faults.clear()
    make_small(monkeypatch.setattr)
    told = run(environment, str(tmp_path / "contacts.csv"), "--yes")

    assert told.exit_code == 0, told.output
    assert names(org) == [f"Number {n:05}" for n in range(count)]
