"""simple-salesforce, unmodified, on the local org; it speaks nothing but HTTPS."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.clients.conftest import ServedOrg
from tests.clients.verified import VERIFIED

pytestmark = pytest.mark.clients


@pytest.fixture(scope="module")
def seen(served_org_with_tls: ServedOrg) -> Any:
    pytest.importorskip("simple_salesforce", reason="not installed: uv sync --group clients")
    trust = {"REQUESTS_CA_BUNDLE": served_org_with_tls.connection["ca_file"]}
    run = subprocess.run(
        [sys.executable, Path(__file__).with_name("simple_salesforce_session.py")],
        env=served_org_with_tls.environment | trust,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def test_simple_salesforce_creates_reads_updates_and_deletes(seen: Any) -> None:
    assert seen["created"]["success"]
    assert (seen["read"]["Id"], seen["read"]["Name"]) == (seen["created"]["id"], "Ana Förster")
    assert seen["updated"] == 204
    assert seen["title"] == "O'Brien & Söhne"
    assert seen["upserted"] in {200, 204}
    assert seen["deleted"] == 204


def test_simple_salesforce_reads_every_page_of_a_query(seen: Any, served_org_with_tls: ServedOrg) -> None:
    assert seen["rows"] == seen["distinct"]
    assert seen["rows"] > served_org_with_tls.contacts > 2000


def test_simple_salesforce_describes_and_reads_limits(seen: Any) -> None:
    assert seen["described"]["name"] == "Contact"
    assert {"LastName", "MailingAddress"} <= set(seen["described"]["fields"])
    assert {"Account", "Contact", "Event", "User"} <= set(seen["objects"])
    assert seen["limits"]["DailyApiRequests"]["Max"] > 0
    assert 0 < seen["usage"][0] <= seen["usage"][1]


def test_simple_salesforce_knows_each_error_as_its_own(seen: Any) -> None:
    assert seen["gone"]["status"] == 404
    assert seen["gone"]["class"] == "SalesforceResourceNotFound"
    assert seen["malformed"] == {"class": "SalesforceMalformedRequest", "status": 400, "code": "INVALID_FIELD"}
    assert seen["unknown"] == {"class": "SalesforceResourceNotFound", "status": 404, "code": "NOT_FOUND"}
    assert seen["expired"] == {"class": "SalesforceExpiredSession", "status": 401, "code": "INVALID_SESSION_ID"}


@pytest.mark.usefixtures("seen")
def test_the_org_answered_simple_salesforce_where_the_page_about_it_says_so(served_org_with_tls: ServedOrg) -> None:
    assert set(served_org_with_tls.routes()) >= VERIFIED["simple-salesforce"]
