"""The page about custom objects says what the code takes."""

import re
from pathlib import Path

import pytest

from mcp_salesforce.localorg import LocalOrg, OrgError
from mcp_salesforce.localorg.standard import custom
from mcp_salesforce.localorg.standard.definitions import FIELD_TYPES
from tests.docs.test_examples import ROOT, blocks

PAGE = "docs/custom-objects.md"


def test_the_example_makes_the_objects_it_names(tmp_path: Path) -> None:
    file = tmp_path / "clinic.yaml"
    file.write_text(blocks(PAGE, "yaml")[0], encoding="utf-8")
    with LocalOrg.open(seed=False, schema_file=file) as org:
        doctor = org.insert("Contact", LastName="Quill", Loyalty_Number__c="L-1")
        org.insert("Visit__c", Doctor__c=doctor, Cost__c=80.5)
        visits = org.queries.query(
            "SELECT Name, Kind__c, Doctor__r.Loyalty_Number__c, Cost__c FROM Visit__c", org.user_id
        )["records"]

    (visit,) = visits
    assert (visit["Name"], visit["Kind__c"], visit["Cost__c"]) == ("V-0001", "First", 80.5)
    assert visit["Doctor__r"]["Loyalty_Number__c"] == "L-1"


def test_a_value_that_the_record_type_does_not_allow_is_refused_as_the_page_says(tmp_path: Path) -> None:
    file = tmp_path / "clinic.yaml"
    file.write_text(blocks(PAGE, "yaml")[1], encoding="utf-8")
    with (
        LocalOrg.open(seed=False, schema_file=file) as org,
        pytest.raises(OrgError, match="INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
    ):
        org.insert("Visit__c", Name="One", Kind__c="Surgery")


def test_every_option_and_type_is_on_the_page() -> None:
    text = (ROOT / PAGE).read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", text, re.MULTILINE))

    assert set(rows) == custom._OPTIONS
    assert set(re.findall(r"`(\w+)`", rows["type"])) == FIELD_TYPES.keys() - custom._NOT_CUSTOM
