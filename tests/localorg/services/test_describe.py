"""Describes, compared with those of real orgs."""

from collections.abc import Iterator
from typing import Any

import pytest

from mcp_salesforce.localorg.errors import OrgError
from mcp_salesforce.localorg.services.describe import Describes
from tests.evidence import facts
from tests.orgs import new_org

RECORDED = ["Account", "Case", "Contact", "Event", "Lead", "Opportunity"]


@pytest.fixture
def describes() -> Iterator[Describes]:
    with new_org(seed=False) as org:
        yield Describes(org.store, org.schema)


def fields(describe: dict[str, Any]) -> dict[str, Any]:
    return {each["name"]: each for each in describe["fields"] if not each["name"].endswith("__c")}


@pytest.mark.parametrize("sobject", RECORDED)
def test_fields_are_described_as_a_real_org_describes_them(describes: Describes, sobject: str) -> None:
    real = fields(facts.described(sobject))

    ours = fields(describes.describe(sobject, "v60.0"))

    assert list(ours) == list(real)
    different = {
        f"{name}.{key}": (ours[name].get(key), value)
        for name, field in real.items()
        for key, value in field.items()
        if key != "picklistValues" and ours[name].get(key, "absent") != value
    }
    assert different == {}


@pytest.mark.parametrize("sobject", RECORDED)
def test_picklists_have_the_values_labels_and_defaults_of_a_real_org(describes: Describes, sobject: str) -> None:
    real = fields(facts.described(sobject))

    ours = fields(describes.describe(sobject, "v60.0"))

    for name, field in real.items():
        if name == "RecurrenceTimeZoneSidKey":  # labels tell the offset of the day of the recording
            assert [each["value"] for each in ours[name]["picklistValues"]] == [
                each["value"] for each in field["picklistValues"]
            ]
        else:
            assert ours[name]["picklistValues"] == field["picklistValues"], name


@pytest.mark.parametrize("sobject", RECORDED)
def test_an_object_has_the_keys_and_abilities_of_a_real_org(describes: Describes, sobject: str) -> None:
    real = facts.described(sobject)

    version = real["urls"]["sobject"].split("/")[3]
    ours = describes.describe(sobject, version)

    newer = {"associateEntityType", "associateParentEntity", "sobjectDescribeOption"}
    assert set(ours) - newer == set(real) - newer
    apart = {"fields", "childRelationships", "urls", "recordTypeInfos", "supportedScopes", *newer}
    assert {key: ours[key] for key in set(ours) - apart} == {key: real[key] for key in set(real) - apart}
    assert ours["recordTypeInfos"][0].keys() == real["recordTypeInfos"][0].keys()
    assert ours["supportedScopes"] == real["supportedScopes"]
    other = {"defaultValues", "caseArticleSuggestions", "caseRowArticleSuggestions"}  # of features this org has not
    own = {key: url for key, url in real["urls"].items() if url.startswith("/services/data") and key not in other}
    assert {key: url for key, url in ours["urls"].items() if url.startswith("/services/data")} == own
    assert ours["urls"].keys() >= {"uiDetailTemplate", "uiEditTemplate", "uiNewRecord"}


@pytest.mark.parametrize("sobject", RECORDED)
def test_child_relationships_are_those_of_a_real_org(describes: Describes, sobject: str) -> None:
    known = {each["name"] for each in describes.describe_global("v60.0")["sobjects"]}
    real = facts.described(sobject)["childRelationships"]

    ours = describes.describe(sobject, "v60.0")["childRelationships"]

    def own(relationships: list[dict[str, Any]]) -> dict[tuple[str, str], dict[str, Any]]:
        return {
            (each["childSObject"], each["field"]): each
            for each in relationships
            if each["childSObject"] in known and not each["field"].endswith("__c")
        }

    assert own(ours) == own(real)


def test_the_global_describe_has_the_keys_of_a_real_one(describes: Describes) -> None:
    real = facts.every_object()

    ours = describes.describe_global("v52.0")

    assert sorted(ours) == real["keys"]
    assert {"Account", "Contact", "Event", "EventRelation", "Lead", "Organization", "User"} <= {
        each["name"] for each in ours["sobjects"]
    }
    for each in ours["sobjects"]:
        assert each.keys() == real["Contact"].keys()
    contact = next(each for each in ours["sobjects"] if each["name"] == "Contact")
    assert contact == real["Contact"]


@pytest.mark.parametrize(
    "sobject",
    [
        "Calendar",
        "Campaign",
        "CampaignMember",
        "EventRelation",
        "Group",
        "Organization",
        "Profile",
        "RecordType",
        "Task",
        "User",
        "UserRole",
    ],
)
def test_fields_known_only_by_name_and_type_are_those_of_version_64(describes: Describes, sobject: str) -> None:
    real = facts.named_fields(sobject)

    ours = fields(describes.describe(sobject, "v64.0"))

    assert set(ours) <= set(real)
    same = ("type", "label", "nillable")
    assert {name: [field[key] for key in same] for name, field in ours.items()} == {
        name: [real[name][key] for key in same] for name in ours
    }
    to = {name: field["referenceTo"][0] for name, field in ours.items() if len(field["referenceTo"]) == 1}
    assert to == to | {name: real[name]["referenceTo"] for name in to if "referenceTo" in real[name]}


def test_an_unknown_object_is_not_found(describes: Describes) -> None:
    with pytest.raises(OrgError) as caught:
        describes.describe("Unicorn", "v60.0")

    assert (caught.value.status, caught.value.error_code) == (404, "NOT_FOUND")


def test_the_stamp_is_the_same_for_every_org_with_these_objects(describes: Describes) -> None:
    with new_org(seed=False) as other:
        assert Describes(other.store, other.schema).stamp()[1] == describes.stamp()[1]
