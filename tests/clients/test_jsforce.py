"""jsforce, unmodified, on the local org."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.clients.conftest import ServedOrg
from tests.clients.verified import VERIFIED

pytestmark = pytest.mark.clients


@pytest.fixture(scope="module")
def seen(
    node: Path, installed: Callable[[str], Path], served_org: ServedOrg, routes_answered: Callable[[], set[str]]
) -> Any:
    installed("jsforce/package.json")
    script = Path(__file__).with_name("jsforce.mjs")
    run = subprocess.run(
        [node, script], env=served_org.environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert run.returncode == 0, run.stderr
    return {**json.loads(run.stdout), "routes": routes_answered()}


def test_jsforce_creates_reads_updates_and_deletes(seen: Any) -> None:
    assert seen["created"]["success"]
    assert seen["created"]["id"].startswith("003")
    assert (seen["read"]["LastName"], seen["read"]["Name"]) == ("Förster", "Ana Förster")
    assert seen["read"]["attributes"]["type"] == "Contact"
    assert seen["updated"] == {"id": seen["created"]["id"], "success": True, "errors": []}
    assert seen["title"]["Title"] == "O'Brien & Söhne"
    assert seen["title"]["Account"] is None
    assert seen["destroyed"]["success"]


def test_jsforce_reads_each_outcome_of_a_collection(seen: Any) -> None:
    first, second = seen["several"]

    assert first["success"]
    assert (second["success"], second["errors"][0]["statusCode"]) == (False, "REQUIRED_FIELD_MISSING")
    assert second["errors"][0]["fields"] == ["LastName"]


def test_jsforce_reads_the_errors(seen: Any) -> None:
    assert seen["gone"]["code"] in {"NOT_FOUND", "ENTITY_IS_DELETED"}
    assert seen["rejected"] == {"code": "REQUIRED_FIELD_MISSING", "message": "Required fields are missing: [LastName]"}
    assert seen["malformed"]["code"] == "INVALID_FIELD"
    assert "No such column 'Nmae' on entity 'Contact'" in seen["malformed"]["message"]


def test_jsforce_fetches_every_page_of_a_query(seen: Any, served_org: ServedOrg) -> None:
    fetched = seen["fetched"]

    assert fetched["totalSize"] == fetched["rows"] == fetched["distinct"]
    assert fetched["rows"] > 2000
    assert fetched["rows"] >= served_org.contacts


def test_jsforce_describes_the_object_and_the_org(seen: Any) -> None:
    assert (seen["described"]["name"], seen["described"]["keyPrefix"]) == ("Contact", "003")
    assert {"Id", "LastName", "AccountId", "MailingAddress"} <= set(seen["described"]["fields"])
    assert {"Account", "Contact", "Event", "User"} <= set(seen["objects"])
    assert seen["identity"]["organization_id"].startswith("00D")
    assert seen["limits"]["DailyApiRequests"]["Max"] > 0


def test_jsforce_refreshes_an_expired_session(seen: Any) -> None:
    assert seen["refreshed"]["refreshes"] == 1
    assert seen["refreshed"]["totalSize"] >= 3


def test_jsforce_logs_in_by_password_and_as_an_application(seen: Any, served_org: ServedOrg) -> None:
    assert seen["login"]["id"].startswith("005")
    assert seen["login"]["url"].startswith(served_org.connection["instance_url"])
    assert seen["badLogin"]["message"].startswith("INVALID_LOGIN")
    assert seen["asApp"] == served_org.connection["username"]


def test_jsforce_upserts_and_finds_what_it_saved(seen: Any) -> None:
    first, second = seen["upserts"]

    assert (first["created"], second["created"]) == (True, False)
    assert first["id"] == second["id"]
    assert [(row["Id"], row["Title"]) for row in seen["search"]] == [(first["id"], "Second")]


def test_jsforce_reads_aggregates_and_children(seen: Any) -> None:
    assert seen["grouped"]["attributes"] == {"type": "AggregateResult"}
    assert seen["grouped"]["n"] > 0
    children = seen["children"]["Contacts"]
    assert (children["totalSize"], children["done"], len(children["records"])) == (2, True, 2)
    assert children["records"][0]["attributes"]["type"] == "Contact"


def test_jsforce_undeletes_by_soap(seen: Any) -> None:
    first, last_name, again = seen["undeleted"]

    assert first[0]["success"]
    assert last_name == "Returns"
    assert (again[0]["success"], again[0]["errors"][0]["statusCode"]) == (False, "UNDELETE_FAILED")
    assert again[0]["id"] == first[0]["id"]
    assert seen["soapRefreshed"] == again  # an expired session is renewed by the fault that says so


def test_jsforce_merges_and_converts_by_soap(seen: Any) -> None:
    merged, converted, again, lead = (seen[name] for name in ("merged", "converted", "convertedTwice", "lead"))

    assert merged["success"]
    assert len(merged["mergedRecordIds"]) == 1
    assert (merged["id"], seen["master"]["Title"]) == (seen["master"]["Id"], "Kept & <merged>")
    assert converted["success"]
    assert (lead["IsConverted"], lead["ConvertedContactId"]) == (True, converted["contactId"])
    assert (lead["ConvertedAccountId"], lead["ConvertedOpportunityId"]) == (
        converted["accountId"],
        converted["opportunityId"],
    )
    assert (again["success"], again["errors"][0]["statusCode"]) == (False, "CANNOT_UPDATE_CONVERTED_LEAD")


def test_the_org_answered_jsforce_where_the_page_about_it_says_so(seen: Any) -> None:
    assert seen["routes"] >= VERIFIED["jsforce"]
