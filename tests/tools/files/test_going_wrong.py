"""Imports that something goes wrong with: what is done, what is not, and how it goes on."""

import csv
import errno
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.localorg.services import bulk_ingest
from mcp_salesforce.localorg.services.bulk_csv import BulkCsvError
from mcp_salesforce.tools.files import preparing
from tests.tools.calls import called
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
