"""Types of fields that the standard objects lack: a custom object with one of each."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from mcp_salesforce.localorg.errors import OrgError
from mcp_salesforce.localorg.standard.definitions import define, reference, string
from tests.localorg.services.soql_org import SoqlOrg, soql_org


@pytest.fixture(scope="module")
def org() -> Iterator[SoqlOrg]:
    with soql_org() as org:
        schema = org.org.schema
        account = schema["Account"]
        fields = (
            *account.fields[:1],
            string("Name", "Name", 80, name_field=True),
            define("multipicklist", "Colours__c", "Colours", "CUN", length=4099, custom=True),
            define("time", "Opens__c", "Opens", "CUN", custom=True),
            define("double", "Weight__c", "Weight", "CUN", precision=18, scale=3, custom=True),
            string("Code__c", "Code", 20, case_sensitive=True, custom=True),
            reference(
                "Maker__c",
                "Maker",
                "Account",
                relationship_name="Maker__r",
                child_relationship="Gadgets__r",
                custom=True,
            ),
            *(each for each in account.fields if each.name in {"IsDeleted", "OwnerId", "CreatedDate", "CreatedById"}),
        )
        gadget = replace(account, name="Gadget__c", key_prefix="a00", fields=fields, custom=True, scopes=())
        schema.add(gadget)
        org.org.store.apply(schema)
        acme = org.add("acme", "Account", Name="Acme")
        rows = [
            ("Bell", "red;blue", "08:00:00.000Z", 0.125, "Ab", acme),
            ("Cord", "RED", "09:30:00.000Z", 2.0, "aB", None),
            ("Dial", None, None, None, None, None),
        ]
        for name, colours, opens, weight, code, maker in rows:
            values = {"Name": name, "Colours__c": colours, "Opens__c": opens, "Weight__c": weight, "Code__c": code}
            row = {**values, "Maker__c": maker, "IsDeleted": 0, "OwnerId": org.user_id, "CreatedById": org.user_id}
            org.org.store.insert(gadget, {"Id": org.org.store.new_id(gadget), **row})
        yield org


@pytest.mark.parametrize(
    ("where", "names"),
    [
        ("Colours__c INCLUDES ('red')", ["Bell", "Cord"]),
        ("Colours__c INCLUDES ('blue;red')", ["Bell"]),
        ("Colours__c INCLUDES ('blue', 'green')", ["Bell"]),
        ("Colours__c INCLUDES ('re')", []),
        ("Colours__c INCLUDES ('')", ["Dial"]),
        ("Colours__c EXCLUDES ('blue')", ["Cord", "Dial"]),
        ("Colours__c = 'red;blue'", ["Bell"]),
        ("Opens__c > 08:30:00.000Z", ["Cord"]),
        ("Opens__c = 10:00:00+02:00", ["Bell"]),
        ("Weight__c = 0.125", ["Bell"]),
        ("Weight__c >= 2", ["Cord"]),
        ("Code__c = 'Ab'", ["Bell"]),
        ("Code__c IN ('aB', 'AB')", ["Cord"]),
        ("Maker__r.Name = 'ACME'", ["Bell"]),
        ("Owner.Profile.Name != null", ["Bell", "Cord", "Dial"]),
    ],
)
def test_where(org: SoqlOrg, where: str, names: list[str]) -> None:
    assert org.column(f"SELECT Name FROM Gadget__c WHERE {where} ORDER BY Name") == names


def test_values_are_written_as_their_types_are(org: SoqlOrg) -> None:
    soql = "SELECT Name, Colours__c, Opens__c, FORMAT(Opens__c) o, Weight__c, FORMAT(Weight__c) w, Maker__r.Name"

    assert org.records(f"{soql} FROM Gadget__c ORDER BY Name LIMIT 1") == [
        {
            "Name": "Bell",
            "Colours__c": "red;blue",
            "Opens__c": "08:00:00.000Z",
            "o": "8:00 AM",
            "Weight__c": 0.125,
            "w": "0.125",
            "Maker__r": {"Name": "Acme"},
        }
    ]
    assert org.records("SELECT FORMAT(Weight__c) FROM Gadget__c WHERE Name = 'Dial'") == [{"Weight__c": None}]


def test_children_of_a_custom_object_are_found_by_their_relationship(org: SoqlOrg) -> None:
    [acme] = org.records("SELECT (SELECT Name FROM Gadgets__r) FROM Account")

    assert acme["Gadgets__r"]["records"] == [{"Name": "Bell"}]


def test_fields_custom_are_the_custom_fields(org: SoqlOrg) -> None:
    [bell] = org.records("SELECT FIELDS(CUSTOM) FROM Gadget__c ORDER BY Name LIMIT 1")

    assert list(bell) == ["Colours__c", "Opens__c", "Weight__c", "Code__c", "Maker__c"]


@pytest.mark.parametrize(
    ("soql", "reason"),
    [
        ("SELECT Id FROM Gadget__c WHERE Colours__c > 'red'", "invalid operator on multipicklist field"),
        ("SELECT Id FROM Gadget__c WHERE Colours__c LIKE 'red'", "invalid operator on multipicklist field"),
        (
            "SELECT Id FROM Gadget__c WHERE Opens__c = '08:00'",
            "must be of type time and should not be enclosed in quotes",
        ),
        ("SELECT Id FROM Gadget__c WHERE Weight__c = TODAY", "must be of type double and should not be enclosed"),
        ("SELECT Id FROM Gadget__c ORDER BY Colours__c", "field 'Colours__c' can not be sorted in a query call"),
        ("SELECT COUNT(Colours__c) FROM Gadget__c", "field Colours__c does not support aggregate operator COUNT"),
        ("SELECT MAX(Opens__c) FROM Gadget__c", "field Opens__c does not support aggregate operator MAX"),
    ],
)
def test_what_a_type_does_not_take(org: SoqlOrg, soql: str, reason: str) -> None:
    with pytest.raises(OrgError) as caught:
        org.ask(soql)

    assert reason in caught.value.message


def test_polymorphic_parents_show_profile_and_alias(org: SoqlOrg) -> None:
    org.add("event", "Event", Subject="x", StartDateTime="2026-12-01T10:00:00Z", DurationInMinutes=30)

    [event] = org.records("SELECT Owner.NameOrAlias, Owner.Profile.Name, Owner.MiddleName FROM Event")

    assert event["Owner"]["MiddleName"] is None
    assert event["Owner"]["NameOrAlias"] == org.column("SELECT Alias FROM User LIMIT 1")[0]
    assert event["Owner"]["Profile"]["Name"]
