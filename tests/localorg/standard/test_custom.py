"""Custom objects and fields from files."""

import json
from pathlib import Path

import pytest

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.localorg.errors import OrgError
from mcp_salesforce.localorg.standard import STANDARD_OBJECTS
from mcp_salesforce.localorg.standard.custom import SchemaFileError, read_schema
from tests.evidence import facts

CLINIC = """
objects:
  Visit__c:
    label: Visit
    name: "V-{0000}"
    fields:
      Patient__c: {type: reference, to: Contact, children: Visits, required: true, on_delete: cascade}
      Kind__c: {type: picklist, values: [First, Follow-up], restricted: true, default: First}
      Cost__c: {type: currency, scale: 2}
      Seen__c: {type: boolean}
      Notes__c: {type: textarea, length: 1000}
      Number_of_Tests__c: {type: int, digits: 3}
  Ward__c:
    fields:
      Head__c: {type: reference, to: [User], on_delete: restrict}
      Colours__c: {type: multipicklist, values: [Red, Blue]}
  Contact:
    fields:
      Loyalty_Number__c: {length: 20, unique: true, external_id: true}
"""


def opened(path: Path, text: str) -> LocalOrg:
    file = path / "schema.yaml"
    file.write_text(text)
    return LocalOrg.open(seed=False, schema_file=file)


def test_a_yaml_file_makes_objects_that_follow_every_rule(tmp_path: Path) -> None:
    with opened(tmp_path, CLINIC) as org:
        patient = org.insert("Contact", LastName="Hale", Loyalty_Number__c="L1")
        visit = org.insert("Visit__c", Patient__c=patient, Cost__c=12.345)

        assert visit.startswith("a00")
        record = org.records.retrieve("visit__c", visit)
        assert (record["Name"], record["Kind__c"], record["Cost__c"], record["Seen__c"]) == (
            "V-0001", "First", 12.35, False,
        )  # fmt: skip
        with pytest.raises(OrgError, match=r"Required fields are missing: \[Patient__c\]"):
            org.insert("Visit__c")
        with pytest.raises(OrgError, match="bad value for restricted picklist field: Third"):
            org.insert("Visit__c", Patient__c=patient, Kind__c="Third")
        with pytest.raises(OrgError, match="duplicate value found: Loyalty_Number__c"):
            org.insert("Contact", LastName="Keane", Loyalty_Number__c="l1")
        assert org.insert("Ward__c", Name="North", Colours__c="Red;Blue").startswith("a01")

        org.records.delete("Contact", patient, org.user_id)
        with pytest.raises(OrgError, match="NOT_FOUND"):
            org.records.retrieve("Visit__c", visit)


REQUIRED = """objects:
  Visit__c: {fields: {Patient__c: {type: reference, to: Contact, children: Visits, required: true}}}
"""


@pytest.mark.parametrize("is_described", [False, True])
def test_a_record_to_which_a_required_reference_leads_is_kept(tmp_path: Path, is_described: bool) -> None:
    with opened(tmp_path, REQUIRED) as org:
        describe = org.describes.describe("Visit__c", "v60.0")
    file = tmp_path / "schema.json"
    file.write_text(json.dumps([describe]), encoding="utf-8")
    with LocalOrg.open(seed=False, schema_file=file) if is_described else opened(tmp_path, REQUIRED) as org:
        patient = org.insert("Contact", LastName="Hale")
        visit = org.insert("Visit__c", Patient__c=patient)
        with pytest.raises(OrgError, match="associated with the following visits") as caught:
            org.records.delete("Contact", patient, org.user_id)
        children = org.describes.describe("Contact", "v60.0")["childRelationships"]

        assert org.records.retrieve("Visit__c", visit, ["Patient__c"]) == {"Patient__c": patient}
        org.records.delete("Visit__c", visit, org.user_id)
        org.records.delete("Contact", patient, org.user_id)
    assert caught.value.error_code == "DELETE_FAILED"
    assert [each["restrictedDelete"] for each in children if each["childSObject"] == "Visit__c"] == [True]


def test_custom_objects_are_described_and_queried_like_standard_ones(tmp_path: Path) -> None:
    with opened(tmp_path, CLINIC) as org:
        patient = org.insert("Contact", LastName="Hale")
        org.insert("Visit__c", Patient__c=patient)

        described = org.describes.describe("Visit__c", "v60.0")
        children = org.describes.describe("Contact", "v60.0")["childRelationships"]
        soql = "SELECT Name, Patient__r.LastName FROM Visit__c"
        reply = org.queries.query(soql, org.user_id)

    patient_field = next(each for each in described["fields"] if each["name"] == "Patient__c")
    assert (described["custom"], described["keyPrefix"], patient_field["relationshipName"]) == (
        True, "a00", "Patient__r",
    )  # fmt: skip
    assert "Visits__r" in [each["relationshipName"] for each in children]
    assert reply["records"][0]["Patient__r"]["LastName"] == "Hale"


SHOP = """
objects:
  Deal__c: {}
  Line__c:
    fields:
      Deal__c: {type: reference, to: Deal__c, children: Lines, master_detail: true}
      Person__c: {type: reference, to: Contact, children: Lines, master_detail: true}
"""


def test_a_detail_is_owned_deleted_and_shared_as_its_masters_are(tmp_path: Path) -> None:
    with opened(tmp_path, SHOP) as org:
        jonas, aiko = org.user("jonas"), org.user("aiko")
        deal = org.records.create("Deal__c", {"Name": "One"}, jonas)
        person = org.records.create("Contact", {"LastName": "Hale"}, jonas)
        line = org.records.create("Line__c", {"Name": "First", "Deal__c": deal, "Person__c": person}, jonas)

        assert "OwnerId" not in org.records.retrieve("Line__c", line)
        assert org.records.retrieve("Line__c", line, ["Name"], jonas) == {"Name": "First"}
        with pytest.raises(OrgError, match="NOT_FOUND"):  # the deal is everybody's, the contact is not
            org.records.retrieve("Line__c", line, ["Name"], aiko)
        with pytest.raises(OrgError, match=r"Required fields are missing: \[Deal__c\]"):
            org.insert("Line__c", Name="Second", Person__c=person)
        with pytest.raises(OrgError, match="INVALID_FIELD_FOR_INSERT_UPDATE"):
            org.records.update("Line__c", line, {"Deal__c": deal}, org.user_id)
        org.records.delete("Deal__c", deal, jonas)
        with pytest.raises(OrgError, match="NOT_FOUND"):
            org.records.retrieve("Line__c", line)


def test_a_detail_described_by_one_org_is_a_detail_in_another(tmp_path: Path) -> None:
    with opened(tmp_path, SHOP) as org:
        described = [org.describes.describe(name, "v60.0") for name in ("Deal__c", "Line__c")]
    file = tmp_path / "shop.json"
    file.write_text(json.dumps(described))

    with LocalOrg.open(seed=False, schema_file=file) as org:
        again = [org.describes.describe(name, "v60.0") for name in ("Deal__c", "Line__c")]
        person, deal = org.insert("Contact", LastName="Hale"), org.insert("Deal__c", Name="One")
        line = org.insert("Line__c", Name="First", Deal__c=deal, Person__c=person)
        org.records.delete("Contact", person, org.user_id)  # whose describe is not in the file
        with pytest.raises(OrgError, match="NOT_FOUND"):
            org.records.retrieve("Line__c", line)

    lines = [each for each in again[0]["childRelationships"] if each["childSObject"] == "Line__c"]
    orders = {each["name"]: each["relationshipOrder"] for each in again[1]["fields"] if each["custom"]}
    assert [(each["relationshipName"], each["cascadeDelete"]) for each in lines] == [("Lines__r", True)]
    assert orders == {"Deal__c": 0, "Person__c": 1}
    assert [each["fields"] for each in again] == [each["fields"] for each in described]


@pytest.mark.parametrize("says", [{"cascadeDelete": True}, {"restrictedDelete": True}, {}])
def test_what_a_parents_describe_says_of_its_children_holds(tmp_path: Path, says: dict[str, bool]) -> None:
    with opened(tmp_path, "objects: {Ward__c: {}, Bed__c: {fields: {Ward__c: {type: reference, to: Ward__c}}}}") as org:
        ward, bed = (org.describes.describe(name, "v60.0") for name in ("Ward__c", "Bed__c"))
    told = {"childSObject": "Bed__c", "field": "Ward__c", "relationshipName": "Beds__r"}
    file = tmp_path / "wards.json"
    file.write_text(json.dumps([bed, {**ward, "childRelationships": [told | says]}]))

    with LocalOrg.open(seed=False, schema_file=file) as org:
        relationship = org.schema.child(org.schema["Ward__c"], "Beds__r")

    assert relationship is not None
    assert relationship.field.cascade_delete == says.get("cascadeDelete", False)
    assert relationship.field.restricted_delete == says.get("restrictedDelete", False)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("objects: []", "must have a mapping `objects`"),
        ("- a", "must have a mapping `objects`"),
        ("objects: {Visit: {}}", "Visit: the org has no such object; the name of a custom one ends in __c"),
        ("objects: {'a b__c': {}}", "a b__c: an API name has letters"),
        (
            "objects: {Visit__c: {colour: red}}",
            "Visit__c: unknown colour; known are fields, label, name, plural, recordTypes",
        ),
        ("objects: {Visit__c: {fields: {Kind: {}}}}", "Visit__c.Kind: the name of a custom field ends in __c"),
        ("objects: {Visit__c: {fields: {K__c: string}}}", "Visit__c.K__c: a mapping is expected, not 'string'"),
        ("objects: {Visit__c: {fields: {K__c: {type: text}}}}", "Visit__c.K__c: type 'text' is not one of boolean"),
        ("objects: {Visit__c: {fields: {K__c: {type: picklist}}}}", "a picklist needs a list `values`"),
        ("objects: {Visit__c: {fields: {K__c: {type: reference}}}}", "a reference needs `to`"),
        ("objects: {Visit__c: {fields: {K__c: {type: reference, to: Horse}}}}", "the org has no object Horse"),
        (
            "objects: {Visit__c: {fields: {K__c: {type: reference, to: Contact, on_delete: explode}}}}",
            "on_delete is cascade, restrict or clear, not 'explode'",
        ),
        (
            "objects: {Visit__c: {fields: {K__c: {type: reference, to: Case, required: true, on_delete: clear}}}}",
            "Visit__c.K__c: a required reference cannot be cleared; on_delete is restrict or cascade",
        ),
        (
            "objects: {Visit__c: {fields: {K__c: {type: reference, to: User, master_detail: true}}}}",
            "a master is one object, and not Lead or User",
        ),
        (
            "objects: {Visit__c: {fields: {K__c: {type: reference, to: Case, master_detail: true, on_delete: clear}}}}",
            "leave out on_delete",
        ),
        (
            "objects: {Contact: {fields: {K__c: {type: reference, to: Account, master_detail: true}}}}",
            "Contact.K__c: only a new custom object can be a detail",
        ),
        ("objects: {Contact: {recordTypes: [A]}}", "Contact.recordTypes: a mapping of record types"),
        ("objects: {Contact: {recordTypes: {A: 7}}}", "Contact.recordTypes.A: 7 is no mapping"),
        ("objects: {Contact: {recordTypes: {A: {name: B}}}}", "unknown name; known are default, label, values"),
        ("objects: {Contact: {recordTypes: {A: {default: true}, B: {default: true}}}}", "not several"),
        ("objects: {Contact: {recordTypes: {A: {values: {Phone: [x]}}}}}", "Phone must be a picklist of Contact"),
        ("objects: {Account: {recordTypes: {A: {values: {Rating: [Tepid]}}}}}", "Rating has no value Tepid"),
        ("objects: {Visit__c: {fields: {K__c: {length: long}}}}", "length is a whole number, not 'long'"),
        ("objects: {Contact: {fields: {K__c: {}, k__C: {nope: 1}}}}", "unknown nope"),
        ("objects: [", "while parsing"),
    ],
)
def test_a_mistake_in_the_file_is_named_with_its_place(tmp_path: Path, text: str, complaint: str) -> None:
    file = tmp_path / "schema.yaml"
    file.write_text(text)

    with pytest.raises(SchemaFileError) as caught:
        read_schema(file, STANDARD_OBJECTS)

    assert complaint in str(caught.value)
    assert str(caught.value).startswith(str(file))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SchemaFileError, match=r"absent\.yaml"):
        read_schema(tmp_path / "absent.yaml", STANDARD_OBJECTS)


def test_a_field_that_the_object_has_already_is_refused(tmp_path: Path) -> None:
    with opened(tmp_path, CLINIC) as org:
        known = list(org.schema)
    file = tmp_path / "again.yaml"
    file.write_text("objects: {Contact: {fields: {Loyalty_Number__c: {}}}}")

    with pytest.raises(SchemaFileError, match="the object has this field already"):
        read_schema(file, known)


def test_the_describe_of_a_real_org_makes_its_object(tmp_path: Path) -> None:
    describe = facts.described("Custom__c")
    file = tmp_path / "describe.json"
    file.write_text(json.dumps(describe))

    with LocalOrg.open(seed=False, schema_file=file) as org:
        record = org.records.retrieve("Custom__c", org.insert("Custom__c", Name="One", CustomField__c="Two"))

        assert record == {"Id": record["Id"], "Name": "One", "CustomField__c": "Two"}
        assert record["Id"].startswith("aB5")
        ours = org.describes.describe("Custom__c", "v60.0")["fields"]
        assert ours == describe["fields"]


def test_the_describe_of_a_standard_object_replaces_its_fields(tmp_path: Path) -> None:
    describe = facts.person_accounts()
    file = tmp_path / "describes.json"
    file.write_text(json.dumps([describe]))

    with LocalOrg.open(seed=False, schema_file=file) as org:
        ours = {each["name"]: each for each in org.describes.describe("Account", "v60.0")["fields"]}
        contact = org.schema.child(org.schema["Account"], "Contacts")

    assert "PersonEmail" in ours
    assert set(ours) <= {each["name"] for each in describe["fields"]}
    assert contact is not None
    assert contact.field.cascade_delete


def test_other_json_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "other.json"
    file.write_text('{"name": "Visit__c"}')

    with pytest.raises(SchemaFileError, match="this is not a describe"):
        read_schema(file, STANDARD_OBJECTS)


def kind(record_id: str, name: str, **more: bool) -> dict[str, object]:
    """Return a record type as a describe of an org has it."""
    layout = f"/services/data/v60.0/sobjects/Account/describe/layouts/{record_id}"
    told = {"active": True, "available": True, "defaultRecordTypeMapping": False, "master": name == "Master"}
    return {**told, "developerName": name, "name": name, "recordTypeId": record_id, "urls": {"layout": layout}, **more}


KINDS = """
objects:
  Visit__c:
    fields:
      Kind__c: {type: picklist, values: [First, Follow-up, Surgery], restricted: true, default: First}
      Parts__c: {type: multipicklist, values: [Eye, Ear, Nose], restricted: true}
      Room__c: {type: picklist, values: [North, South]}
    recordTypes:
      Consultation: {label: A consultation, default: true, values: {Kind__c: [First, Follow-up], Room__c: [North]}}
      Operation: {values: {Kind__c: [Surgery], Parts__c: [Eye, Ear]}}
  Account:
    recordTypes:
      Clinic: {values: {Rating: [Hot]}}
"""


def test_a_record_type_allows_its_own_values_of_restricted_picklists(tmp_path: Path) -> None:
    with opened(tmp_path, KINDS) as org:
        kinds = {each["developerName"]: each for each in org.describes.describe("Visit__c", "v60.0")["recordTypeInfos"]}
        operation = kinds["Operation"]["recordTypeId"]
        visit = org.records.retrieve("Visit__c", org.insert("Visit__c", Name="One", Room__c="South"))
        surgery = org.insert("Visit__c", Name="Two", RecordTypeId=operation)

        assert [kinds[name]["defaultRecordTypeMapping"] for name in ("Consultation", "Operation")] == [True, False]
        assert (kinds["Consultation"]["name"], kinds["Operation"]["name"]) == ("A consultation", "Operation")
        assert (visit["RecordTypeId"], visit["Kind__c"]) == (kinds["Consultation"]["recordTypeId"], "First")
        assert org.records.retrieve("Visit__c", surgery)["Kind__c"] is None  # its type has not the default
        for values in ({"Kind__c": "Surgery"}, {"RecordTypeId": operation, "Kind__c": "First"}):
            with pytest.raises(
                OrgError, match=r"INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST.*bad value for restricted"
            ) as no:
                org.insert("Visit__c", Name="Three", **values)
            assert no.value.fields == ("Kind__c",)
        with pytest.raises(OrgError, match="bad value for restricted picklist field: Nose"):
            org.records.update("Visit__c", surgery, {"Parts__c": "Eye;Nose"}, org.user_id)
        org.records.update("Visit__c", surgery, {"Parts__c": "Eye;Ear", "Kind__c": "Surgery"}, org.user_id)
        clinic = org.describes.describe("Account", "v60.0")["recordTypeInfos"][0]["recordTypeId"]
        assert org.insert("Account", Name="Alder", RecordTypeId=clinic, Rating="Cold")  # an open picklist takes any


def test_record_types_keep_their_ids_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "kinds.yaml"
    seen = []
    for text in (KINDS, KINDS.replace("      Consultation", "      Check: {}\n      Consultation")):
        file.write_text(text)
        with LocalOrg.open(tmp_path / "org.db", seed=False, schema_file=file) as org:
            infos = org.describes.describe("Visit__c", "v60.0")["recordTypeInfos"]
            seen.append({each["developerName"]: each["recordTypeId"] for each in infos})
            assert (
                org.records.retrieve("Visit__c", org.insert("Visit__c", Name="One"))["RecordTypeId"]
                == (seen[0]["Consultation"])
            )

    assert seen[1].keys() - seen[0].keys() == {"Check"}
    assert seen[0].items() <= seen[1].items()


def test_the_describe_of_a_custom_object_brings_its_record_types(tmp_path: Path) -> None:
    with opened(tmp_path, KINDS) as org:
        described = org.describes.describe("Visit__c", "v60.0")
    file = tmp_path / "visit.json"
    file.write_text(json.dumps(described))

    with LocalOrg.open(seed=False, schema_file=file) as org:
        assert org.describes.describe("Visit__c", "v60.0")["recordTypeInfos"] == described["recordTypeInfos"]


@pytest.mark.parametrize("default", ["Household", "Master"])
def test_the_record_types_of_a_describe_are_there_with_their_ids_and_the_default(tmp_path: Path, default: str) -> None:
    kinds = [
        kind("01254000001upcKAAQ", "Household", defaultRecordTypeMapping=default == "Household"),
        kind("01254000001upcLAAQ", "Old", active=False, available=False),
        kind("012000000000000AAA", "Master", defaultRecordTypeMapping=default == "Master"),
    ]
    describe = {**facts.described("Account"), "recordTypeInfos": kinds}
    described = [each["name"] for each in describe["fields"]]
    file = tmp_path / "describe.json"
    file.write_text(json.dumps({"status": 0, "result": describe, "warnings": []}))  # as sf --json writes it

    for number in (1, 2):  # an org that is opened again has each once
        with LocalOrg.open(tmp_path / "org.db", seed=False, schema_file=file) as org:
            assert org.describes.describe("Account", "v60.0")["recordTypeInfos"] == kinds
            account = org.records.retrieve("Account", org.insert("Account", Name=f"Quill {number}"))

            assert account.get("RecordTypeId") == (kinds[0]["recordTypeId"] if default == "Household" else None)
            assert "RecordTypeId" in described


@pytest.mark.parametrize(
    "content",
    [
        '{"name": "A__c", "fields": [{"name": "B__c"}]}',
        '{"name": "A__c", "fields": [7]}',
        '{"name": "A__c", "fields": [], "recordTypeInfos": [{"name": "x"}]}',
        '[{"name": "A__c", "fields": []}, []]',
        '{"result": {"name": "A__c"}}',
        "[7]",
    ],
)
def test_a_describe_that_is_not_whole_is_refused_with_the_way_to_one(tmp_path: Path, content: str) -> None:
    file = tmp_path / "describe.json"
    file.write_text(content)

    with pytest.raises(SchemaFileError, match="sf sobject describe --sobject NAME --json"):
        read_schema(file, STANDARD_OBJECTS)
