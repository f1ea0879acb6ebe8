"""Imports that something goes wrong with: what is done, what is not, and how it goes on."""

import csv
import errno
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from mcp_salesforce.localorg import Fault, LocalOrg
from mcp_salesforce.localorg.errors import OrgError
from mcp_salesforce.localorg.services import bulk_ingest
from mcp_salesforce.localorg.services.bulk_csv import BulkCsvError
from mcp_salesforce.tools.files import exporting, preparing
from tests.tools.calls import called, refusal
from tests.tools.files.test_import import folder, org, people, server, write

__all__ = ["folder", "org"]
ROWS = [[f"{number:02}"] for number in range(9)]


async def test_a_bulk_job_that_fails_in_the_middle_says_what_is_saved_and_is_gone_on_with(
    org: LocalOrg, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preparing, "FEW", 1)
    monkeypatch.setattr(bulk_ingest, "BATCH_ROWS", 4)
    work, steps = org.bulk.ingest._step, count(1)

    def second_step_fails(job: Any, data: bytes) -> None:
        if next(steps) == 2:
            raise BulkCsvError("InternalServerError : the batch took too long")
        work(job, data)

    monkeypatch.setattr(org.bulk.ingest, "_step", second_step_fails)

    async with server(org, tmp_path) as mcp:
        failed, _ = await called(mcp, "import", sobject="Contact", columns=["LastName"], rows=ROWS, go=True)
        before = people(org)
        resumed, _ = await called(mcp, "job", job=failed["import_id"], action="resume", wait_s=30)

    assert (failed["state"], failed["saved"], len(before)) == ("failed", 4, 4)
    assert "4 rows are saved, 5 are not sent" in failed["note"]
    assert (resumed["state"], resumed["saved"]) == ("done", 9)
    assert people(org) == [tuple(row) for row in ROWS]


async def test_a_bulk_query_that_fails_leaves_no_file_and_the_next_export_begins_again(
    org: LocalOrg, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "SMALL", 1)
    for name in "AB":
        org.insert("Contact", LastName=name)
    export = {"path": "a.csv", "soql": "SELECT LastName FROM Contact"}

    def fails(*_: Any) -> None:
        raise OrgError(400, "InternalServerError", "Retried more than fifteen times")

    async with server(org, tmp_path) as mcp:
        with monkeypatch.context() as failing:
            failing.setattr(org.bulk.queries, "_step", fails)
            error = await refusal(mcp, "export", **export)
        left = [each.name for each in (tmp_path / "files").iterdir()]
        done, _ = await called(mcp, "export", **export)

    assert error["code"] == "JOB_FAILED"
    assert "Retried more than fifteen times" in error["message"]
    assert error["hint"].startswith("No file was written: export again")
    assert left == []
    assert done["rows"] == 2


@pytest.mark.parametrize("pattern", ["*/results*", "*/jobs/query"])
async def test_an_export_that_meets_a_limit_says_what_is_done_and_goes_on(
    org: LocalOrg, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pattern: str
) -> None:
    monkeypatch.setattr(exporting, "SMALL", 1)
    for name in "AB":
        org.insert("Contact", LastName=name)
    org.faults.add(Fault(kind="request_limit", path=pattern))
    export = {"path": "a.csv", "soql": "SELECT LastName FROM Contact"}
    async with server(org, tmp_path) as mcp:
        error = await refusal(mcp, "export", **export)
        org.faults.clear()
        is_begun = pattern == "*/results*"
        again = {"job": "a.csv", "action": "resume", "wait_s": 30} if is_begun else export
        done, _ = await called(mcp, "job" if is_begun else "export", **again)

    assert error["code"] == "REQUEST_LIMIT_EXCEEDED"
    assert error["hint"].startswith(
        "0 of 2 rows are written to a hidden file. Resume it with salesforce_job" if is_begun else "No file was written"
    )
    assert done["rows"] == 2


@pytest.mark.parametrize("text", ['LastName,Phone\nA,1\n"B,2\nC,3\n', f"LastName,Phone\nA,1\n{'B' * 140_000},2\nC,3\n"])
async def test_what_is_no_csv_is_told_with_its_line(org: LocalOrg, tmp_path: Path, text: str) -> None:
    async with server(org, tmp_path) as mcp:
        write(tmp_path / "files" / "a.csv", text)
        error = await refusal(mcp, "import", path="a.csv", sobject="Contact", go=True)

    assert error["code"] == "MALFORMED_FILE"
    assert "from line 3 on" in error["message"]
    assert people(org) == []


async def test_without_space_for_the_bad_rows_the_good_ones_are_saved_and_the_file_is_written_later(
    org: LocalOrg, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_rows: Callable[..., Any] = csv.writer

    class FullDisk:
        """A writer whose disk is full after the header."""

        def __init__(self, *arguments: Any, **options: Any) -> None:
            self.writerow = write_rows(*arguments, **options).writerow

        def writerows(self, _rows: Any) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

    async with server(org, tmp_path) as mcp:
        write(tmp_path / "files" / "a.csv", "LastName,Phone\nA,1\n,2\nC,3\n")
        with monkeypatch.context() as full:
            full.setattr(csv, "writer", FullDisk)
            failed, _ = await called(mcp, "import", path="a.csv", sobject="Contact", go=True)
        left = sorted(each.name for each in (tmp_path / "files").iterdir())
        done, _ = await called(mcp, "job", job=failed["import_id"], action="resume", wait_s=30)

    assert (failed["state"], failed["saved"]) == ("failed", 2)
    assert "No space left on device" in failed["note"]
    assert left == ["a.csv"]
    assert (done["state"], done["saved"], done["bad_file"]) == ("done", 2, "a.failed.csv")
    assert (tmp_path / "files" / "a.failed.csv").read_text("utf-8").splitlines()[1:] == [",2,LastName: Is required."]
    assert len(people(org)) == 2
