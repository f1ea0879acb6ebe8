"""Bulk API 2.0 as jsforce, simple-salesforce and the sf command line use it, unmodified, on the local org."""

import csv
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.clients.conftest import ServedOrg, Sf
from tests.clients.verified import VERIFIED

pytestmark = pytest.mark.clients

FOLDER = Path(__file__).parent


@pytest.mark.slow
def test_sf_exports_and_imports_in_bulk(sf: Sf, environment: dict[str, str], served_org: ServedOrg) -> None:
    home, before = Path(environment["HOME"]), len(served_org.routes())
    query = ("--query", "SELECT Id, Name FROM Contact ORDER BY Id")

    exported = sf("data", "export", "bulk", *query, "--output-file", "all.csv", "--wait", "2")

    assert exported["status"] == 0, exported
    rows = list(csv.reader((home / "all.csv").read_text(encoding="utf-8").splitlines()))
    assert rows[0] == ["Id", "Name"]
    assert len({row[0] for row in rows[1:]}) == len(rows) - 1 >= served_org.contacts

    (home / "new.csv").write_text("LastName,Title\nBulk One,Boss\nBulk Two,Boss\n", encoding="utf-8")
    imported = sf("data", "import", "bulk", "--file", "new.csv", "--sobject", "Contact", "--wait", "2")
    assert imported["status"] == 0, imported
    assert (imported["result"]["processedRecords"], imported["result"]["failedRecords"]) == (2, 0)
    told = sf("data", "bulk", "results", "--job-id", imported["result"]["jobId"])
    assert told["result"]["successfulRecords"] == 2

    (home / "crlf.csv").write_bytes(b"LastName\r\nBulk Three\r\n")
    failed = sf("data", "import", "bulk", "--file", "crlf.csv", "--sobject", "Contact", "--wait", "2")
    assert "LineEnding is invalid on user data" in failed["message"]
    assert set(served_org.routes()[before:]) >= VERIFIED["sf data bulk"]


def printed(command: list[Any], environment: dict[str, str]) -> Any:
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def test_jsforce_queries_and_saves_in_bulk(node: Path, installed: Callable[[str], Path], served_org: ServedOrg) -> None:
    installed("jsforce/package.json")
    before = len(served_org.routes())

    seen = printed([node, FOLDER / "jsforce_bulk.mjs"], served_org.environment)

    assert seen["rows"] == seen["distinct"] >= served_org.contacts
    assert seen["columns"] == ["Id", "Name", "Account.Name"]
    [inserted] = seen["inserted"]["successfulResults"]
    [refused] = seen["inserted"]["failedResults"]
    assert (inserted["sf__Created"], inserted["LastName"], inserted["Title"]) == ("true", "Förster", 'The "Boss"')
    assert refused["sf__Error"].startswith("REQUIRED_FIELD_MISSING:")
    assert seen["inserted"]["unprocessedRecords"] == []
    assert seen["updated"]["successfulResults"][0]["sf__Created"] == "false"
    assert seen["record"]["Title"] is None
    assert seen["upserted"]["successfulResults"][0]["sf__Created"] == "true"
    assert [each["sf__Id"] for each in seen["deleted"]["successfulResults"]] == [inserted["sf__Id"]]
    assert "Field name not found : Nothing" in seen["failed"]["message"]
    assert seen["compound"]["code"] == "FUNCTIONALITY_NOT_ENABLED"
    assert (seen["aborted"], seen["gone"]["code"]) == ("Aborted", "NOT_FOUND")
    assert seen["first"]["code"] == "ERROR_HTTP_501"  # version 1
    assert set(served_org.routes()[before:]) >= VERIFIED["jsforce bulk2"]


def test_simple_salesforce_queries_and_saves_in_bulk(served_org_with_tls: ServedOrg) -> None:
    pytest.importorskip("simple_salesforce", reason="not installed: uv sync --group clients")
    trust = {"REQUESTS_CA_BUNDLE": served_org_with_tls.connection["ca_file"]}

    seen = printed([sys.executable, FOLDER / "simple_salesforce_bulk.py"], served_org_with_tls.environment | trust)

    assert sum(seen["pages"]) >= served_org_with_tls.contacts
    assert seen["pages"][:2] == [900, 900]
    [inserted] = seen["inserted"]
    assert (inserted["numberRecordsProcessed"], inserted["numberRecordsFailed"]) == (2, 1)
    assert seen["successful"].startswith('"sf__Id","sf__Created",')
    assert "REQUIRED_FIELD_MISSING" in seen["failures"]
    assert len(seen["unprocessed"].splitlines()) == 1
    assert seen["updated"][0]["numberRecordsFailed"] == 0
    assert seen["upserted"][0]["numberRecordsFailed"] == 0
    assert seen["title"] is None
    assert seen["deleted"][0]["numberRecordsFailed"] == 0
    assert seen["downloaded"][1] == seen["downloaded"][0] + 1
    assert "Field name not found : Nothing" in seen["failed"]
    assert set(served_org_with_tls.routes()) >= VERIFIED["simple-salesforce bulk2"]


def test_version_1_of_the_bulk_api_is_not_there_and_says_so(served_org_with_tls: ServedOrg) -> None:
    pytest.importorskip("salesforce_bulk", reason="not installed: uv sync --group clients")
    trust = {"REQUESTS_CA_BUNDLE": served_org_with_tls.connection["ca_file"]}

    seen = printed([sys.executable, FOLDER / "salesforce_bulk_session.py"], served_org_with_tls.environment | trust)

    assert (seen["class"], seen["status"]) == ("BulkApiError", 501)
    assert "not implemented by the local org" in seen["message"]
