"""The rules of single records."""

import dataclasses
from typing import Any

import pytest

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.localorg.errors import OrgError
from mcp_salesforce.localorg.services.records import Records
from mcp_salesforce.localorg.standard.account import ACCOUNT
from mcp_salesforce.localorg.standard.definitions import string
from mcp_salesforce.localorg.store.schema import Schema
from tests.localorg.clock import Clock

ABSENT = "003lo000000zzzzAAA"


def refusal(org: LocalOrg, sobject: str, **fields: Any) -> dict[str, Any]:
    with pytest.raises(OrgError) as caught:
        org.insert(sobject, **fields)
    assert caught.value.status == 400
    return caught.value.body()


def error_of_update(org: LocalOrg, record_id: str, **fields: Any) -> OrgError:
    with pytest.raises(OrgError) as caught:
        org.records.update("Contact", record_id, fields, org.user_id)
    return caught.value


def test_a_created_record_reads_back_with_its_audit_fields(org: LocalOrg) -> None:
    contact = org.insert("Contact", LastName="  Hale ", FirstName="Imogen", Email="imogen@example.com")

    record = org.records.retrieve("Contact", contact)

    assert record["Name"] == "Imogen Hale"
    assert record["LastName"] == "Hale"
    assert record["IsDeleted"] is False
    assert record["OwnerId"] == record["CreatedById"] == org.user_id
    assert record["CreatedDate"] == record["SystemModstamp"] == "2026-11-22T15:00:00.000+0000"
    assert record["PhotoUrl"] == f"/services/images/photo/{contact}"


def test_a_record_reads_every_field_in_describe_order_and_only_those_asked_for(org: LocalOrg) -> None:
    contact = org.insert("Contact", LastName="Hale", MailingCity="Oslo")

    assert list(org.records.retrieve("Contact", contact)) == [each.name for each in org.schema["Contact"].fields]
    assert org.records.retrieve("contact", contact[:15], ["mailingcity", "ID"]) == {
        "MailingCity": "Oslo",
        "Id": contact,
    }
    with pytest.raises(OrgError, match="No such column 'Horn' on sobject of type Contact"):
        org.records.retrieve("Contact", contact, ["Horn"])


def test_missing_required_fields_are_all_named(org: LocalOrg) -> None:
    assert refusal(org, "Lead", LastName=" ") == {
        "message": "Required fields are missing: [LastName, Company]",
        "errorCode": "REQUIRED_FIELD_MISSING",
        "fields": ["LastName", "Company"],
    }


def test_an_unknown_field_is_named_without_a_fields_key(org: LocalOrg) -> None:
    assert refusal(org, "Contact", LastName="Hale", foo=1) == {
        "message": "No such column 'foo' on sobject of type Contact",
        "errorCode": "INVALID_FIELD",
    }


def test_read_only_fields_are_refused_together(org: LocalOrg) -> None:
    assert refusal(org, "Contact", LastName="Hale", Name="Imogen Hale", CreatedDate="2026-01-01T00:00:00Z") == {
        "message": "Unable to create/update fields: Name, CreatedDate. Please check the security settings of this "
        "field and verify that it is read/write for your profile or permission set.",
        "errorCode": "INVALID_FIELD_FOR_INSERT_UPDATE",
        "fields": ["Name", "CreatedDate"],
    }


def test_an_id_in_the_body_is_refused(org: LocalOrg) -> None:
    body = refusal(org, "Contact", LastName="Hale", Id=ABSENT)

    assert body["errorCode"] == "INVALID_FIELD"
    assert body["message"] == "The Id field should not be specified in the sobject data."


def test_attributes_are_accepted_and_ignored(org: LocalOrg) -> None:
    assert org.insert("Contact", attributes={"type": "Contact"}, LastName="Hale").startswith("003")


@pytest.mark.parametrize(
    ("account", "code", "fields"),
    [
        ("001lo000000zzzzAAA", "INVALID_CROSS_REFERENCE_KEY", ["AccountId"]),
        ("005lo0000000001AAA", "MALFORMED_ID", ["AccountId"]),
        ("acme", "MALFORMED_ID", ["AccountId"]),
    ],
)
def test_a_reference_to_nothing_or_to_another_object_is_refused(
    org: LocalOrg, account: str, code: str, fields: list[str]
) -> None:
    body = refusal(org, "Contact", LastName="Hale", AccountId=account)

    assert (body["errorCode"], body["fields"]) == (code, fields)


def test_a_record_type_must_be_one_of_the_object(org: LocalOrg) -> None:
    partner = org.insert("RecordType", Name="Partner", DeveloperName="Partner", SobjectType="Account")
    visit = org.insert("RecordType", Name="Visit", DeveloperName="Visit", SobjectType="Event")

    account = org.insert("Account", Name="Acme", RecordTypeId=partner)

    assert org.records.retrieve("Account", account)["RecordTypeId"] == partner
    assert refusal(org, "Account", Name="Other", RecordTypeId=visit) == {
        "message": f"Record Type ID: this ID value isn't valid for the user: {visit}",
        "errorCode": "INVALID_CROSS_REFERENCE_KEY",
        "fields": ["RecordTypeId"],
    }
    infos = org.describes.describe("Account", "v60.0")["recordTypeInfos"]
    assert [(each["name"], each["recordTypeId"], each["master"]) for each in infos] == [
        ("Partner", partner, False),
        ("Master", "012000000000000AAA", True),
    ]


def test_a_reference_to_a_deleted_record_is_refused(org: LocalOrg) -> None:
    account = org.insert("Account", Name="Acme")
    org.records.delete("Account", account, org.user_id)

    assert refusal(org, "Contact", LastName="Hale", AccountId=account)["errorCode"] == "ENTITY_IS_DELETED"


def test_a_parent_is_named_by_id_or_by_a_field_that_finds_it(org: LocalOrg) -> None:
    chief = org.insert("Contact", LastName="Hale", Email="hale@example.com")

    for parent in ({"Email": "HALE@example.com"}, {"Id": chief}, {"attributes": {"type": "Contact"}, "Id": chief}):
        contact = org.insert("Contact", LastName="Keane", ReportsTo=parent)
        assert org.records.retrieve("Contact", contact)["ReportsToId"] == chief
        org.records.update("Contact", contact, {"ReportsTo": None}, org.user_id)
        assert org.records.retrieve("Contact", contact)["ReportsToId"] is None


def test_a_parent_of_several_objects_is_named_with_its_type(org: LocalOrg) -> None:
    org.insert("Contact", LastName="Hale", Email="hale@example.com")
    when = {"StartDateTime": "2026-11-24T02:00:00Z", "DurationInMinutes": 30}
    who = {"attributes": {"type": "Contact"}, "Email": "hale@example.com"}

    assert org.insert("Event", **when, Who=who)
    assert refusal(org, "Event", **when, Who={"Email": "hale@example.com"})["errorCode"] == "JSON_PARSER_ERROR"


@pytest.mark.parametrize(
    ("parent", "message"),
    [
        (
            {"Email": "no@a.example"},
            "Foreign key external ID: no@a.example not found for field Email in entity Contact",
        ),
        ({"Title": "Chief"}, "Title is not an external ID field of Contact"),
        ({"Horn": 1}, "No such column 'Horn' on sobject of type Contact"),
    ],
)
def test_a_parent_that_cannot_be_found_is_refused(org: LocalOrg, parent: dict[str, Any], message: str) -> None:
    assert refusal(org, "Contact", LastName="Keane", ReportsTo=parent) == {
        "errorCode": "INVALID_FIELD",
        "message": message,
    }


def test_an_object_in_the_place_of_a_value_is_refused(org: LocalOrg) -> None:
    assert refusal(org, "Contact", LastName={"a": 1})["errorCode"] == "JSON_PARSER_ERROR"
    assert refusal(org, "Contact", LastName="Hale", Nobody={"a": 1})["errorCode"] == "INVALID_FIELD"


def test_a_refused_record_leaves_nothing_behind(org: LocalOrg) -> None:
    refusal(org, "Contact", LastName="Hale", AccountId="001lo000000zzzzAAA")

    assert org.store.rows("SELECT Id FROM Contact") == []


def test_an_update_changes_what_it_names_and_the_stamps(org: LocalOrg, clock: Clock) -> None:
    other_user = org.store.rows("SELECT Id FROM User ORDER BY Id")[1]["Id"]
    account = org.insert("Account", Name="Dahl", OwnerId=other_user)
    contact = org.insert("Contact", LastName="Hale", FirstName="Imogen", Title="Buyer", AccountId=account)
    clock.advance(hours=1)

    org.records.update("Contact", contact, {"LastName": "Keane", "Title": None}, other_user)

    record = org.records.retrieve("Contact", contact)
    assert (record["Name"], record["Title"]) == ("Imogen Keane", None)
    assert record["CreatedDate"] == "2026-11-22T15:00:00.000+0000"
    assert record["LastModifiedDate"] == record["SystemModstamp"] == "2026-11-22T16:00:00.000+0000"
    assert (record["CreatedById"], record["LastModifiedById"]) == (org.user_id, other_user)


def test_an_update_that_empties_a_required_field_changes_nothing(org: LocalOrg) -> None:
    contact = org.insert("Contact", LastName="Hale")

    assert error_of_update(org, contact, LastName="", Title="Buyer").error_code == "REQUIRED_FIELD_MISSING"
    assert org.records.retrieve("Contact", contact)["Title"] is None


def test_an_absent_record_is_not_found_to_read_and_an_invalid_reference_to_write(org: LocalOrg) -> None:
    with pytest.raises(OrgError) as read:
        org.records.retrieve("Contact", ABSENT)
    written = error_of_update(org, ABSENT, LastName="Hale")
    with pytest.raises(OrgError) as deleted:
        org.records.delete("Contact", ABSENT, org.user_id)

    assert (read.value.status, read.value.error_code) == (404, "NOT_FOUND")
    for error in (written, deleted.value):
        assert (error.status, error.error_code, error.fields) == (404, "INVALID_CROSS_REFERENCE_KEY", ())


def test_a_text_that_is_no_id_is_taken_for_an_external_id(org: LocalOrg) -> None:
    with pytest.raises(OrgError, match="Provided external ID field does not exist or is not accessible: 123"):
        org.records.retrieve("Account", "123")


def test_an_id_with_a_wrong_checksum_is_malformed(org: LocalOrg) -> None:
    with pytest.raises(OrgError) as caught:
        org.records.retrieve("Account", "001lo0000000001BAA")

    assert caught.value.body() == {
        "message": "Account ID: id value of incorrect type: 001lo0000000001BAA",
        "errorCode": "MALFORMED_ID",
        "fields": ["Id"],
    }


def test_an_unknown_object_is_not_found(org: LocalOrg) -> None:
    with pytest.raises(OrgError) as caught:
        org.insert("Unicorn", Name="Una")

    assert (caught.value.status, caught.value.error_code) == (404, "NOT_FOUND")


def test_objects_that_cannot_be_created_updated_or_deleted_say_so(org: LocalOrg) -> None:
    profile = org.store.rows("SELECT Id FROM Profile")[0]["Id"]
    with pytest.raises(OrgError) as created:
        org.insert("Profile", Name="Mine")
    with pytest.raises(OrgError) as updated:
        org.records.update("Profile", profile, {"Name": "Mine"}, org.user_id)
    with pytest.raises(OrgError) as deleted:
        org.records.delete("User", org.user_id, org.user_id)

    for caught in (created, updated, deleted):
        assert caught.value.error_code == "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"


def test_a_deleted_record_is_not_found_to_read_and_deleted_to_those_who_change_it(org: LocalOrg) -> None:
    contact = org.insert("Contact", LastName="Hale")
    org.records.delete("Contact", contact, org.user_id)

    with pytest.raises(OrgError) as read:
        org.records.retrieve("Contact", contact)
    written = error_of_update(org, contact, LastName="Keane")
    with pytest.raises(OrgError) as deleted:
        org.records.delete("Contact", contact, org.user_id)

    assert (read.value.status, read.value.error_code) == (404, "NOT_FOUND")
    for error in (written, deleted.value):
        assert error.status == 404
        assert error.body() == {"message": "entity is deleted", "errorCode": "ENTITY_IS_DELETED", "fields": []}


def test_deleting_an_account_deletes_its_contacts_and_undeleting_brings_them_back(org: LocalOrg) -> None:
    account = org.insert("Account", Name="Acme")
    contact = org.insert("Contact", LastName="Hale", AccountId=account)
    gone_before = org.insert("Contact", LastName="Keane", AccountId=account)
    org.records.delete("Contact", gone_before, org.user_id)

    org.records.delete("Account", account, org.user_id)

    with pytest.raises(OrgError, match="NOT_FOUND"):
        org.records.retrieve("Contact", contact)

    org.records.undelete(account, org.user_id)

    assert org.records.retrieve("Contact", contact)["AccountId"] == account
    with pytest.raises(OrgError, match="NOT_FOUND"):
        org.records.retrieve("Contact", gone_before)


def test_deleting_a_record_clears_references_that_do_not_cascade(org: LocalOrg) -> None:
    chief = org.insert("Contact", LastName="Hale")
    contact = org.insert("Contact", LastName="Keane", ReportsToId=chief)

    org.records.delete("Contact", chief, org.user_id)

    assert org.records.retrieve("Contact", contact)["ReportsToId"] is None


def test_a_unique_field_takes_a_value_once(org: LocalOrg) -> None:
    first = org.store.rows("SELECT * FROM User ORDER BY Id")[0]

    body = refusal(
        org, "User", Username=first["Username"].upper(), LastName="Hale", Email="h@example.com", Alias="hale",
        CommunityNickname="hale", TimeZoneSidKey="Europe/Oslo", LocaleSidKey="no", EmailEncodingKey="UTF-8",
        LanguageLocaleKey="en_US", ProfileId=first["ProfileId"],
    )  # fmt: skip

    assert body["errorCode"] == "DUPLICATE_VALUE"
    assert body["message"] == f"duplicate value found: Username duplicates value on record with id: {first['Id'][:15]}"


def test_a_record_that_others_need_cannot_be_deleted(org: LocalOrg) -> None:
    contact = org.insert("Contact", LastName="Hale", FirstName="Imogen")
    org.store.execute("UPDATE User SET ContactId = ? WHERE Id = ?", [contact, org.user_id])

    with pytest.raises(OrgError) as caught:
        org.records.delete("Contact", contact, org.user_id)

    assert caught.value.error_code == "DELETE_FAILED"
    assert "Imogen Hale could not be completed" in caught.value.message
    assert "following users.: Nora Quill" in caught.value.message
    assert org.records.retrieve("Contact", contact)["IsDeleted"] is False


def test_custom_fields_follow_the_same_rules(org: LocalOrg, clock: Clock) -> None:
    wider = dataclasses.replace(ACCOUNT, fields=(*ACCOUNT.fields, string("Code__c", "Code", 5, unique=True)))
    schema = Schema([wider if each is ACCOUNT else each for each in org.schema])
    org.store.apply(schema)
    records = Records(org.store, schema, clock)
    account = records.create("Account", {"Name": "Acme", "Code__c": "A1"}, org.user_id)

    records.update("Account", account, {"Code__c": "A1", "Name": "Acme Inc"}, org.user_id)
    with pytest.raises(OrgError, match="duplicate value found: Code__c"):
        records.create("Account", {"Name": "Other", "Code__c": "a1"}, org.user_id)
