"""Queries for records: fields, parents, children, types, order, in the shape they have on the wire."""

from collections.abc import Iterator
from typing import Any

import pytest

from mcp_salesforce.localorg.errors import OrgError
from tests.localorg.services.soql_org import SoqlOrg, soql_org


@pytest.fixture(scope="module")
def org() -> Iterator[SoqlOrg]:
    with soql_org() as org:
        acme = org.add("acme", "Account", Name="Acme", NumberOfEmployees=30, AnnualRevenue=250, Industry="Energy")
        org.add("bolt", "Account", Name="bolt", NumberOfEmployees=4, Industry="Banking")
        org.add("chez", "Account", Name="Chez Ünal", ParentId=acme)
        zoe = org.add(
            "zoe", "Contact", LastName="Young", FirstName="Zoë", AccountId=acme, MailingCity="Bonn", Email="z@y.de"
        )
        org.add("old", "Contact", LastName="Old", AccountId=acme, ReportsToId=zoe)
        org.add("sole", "Contact", LastName="100%_Sole")
        lead = org.add("lead", "Lead", LastName="Lee", Company="Leeds Ltd")
        times = {"StartDateTime": "2026-11-23T04:59:00Z", "EndDateTime": "2026-11-23T05:59:00Z"}
        org.add("call", "Event", Subject="Call", WhoId=zoe, WhatId=acme, **times)
        times = {"StartDateTime": "2026-11-23T05:00:00Z", "EndDateTime": "2026-11-23T05:59:00Z"}
        org.add("meet", "Event", Subject="Meet", WhoId=lead, **times)
        org.add("alone", "Event", Subject="Alone", StartDateTime="2026-12-01T10:00:00Z", DurationInMinutes=30)
        yield org


def test_a_record_has_its_attributes_and_its_fields_in_select_order_and_schema_case(org: SoqlOrg) -> None:
    result = org.ask("select lastname, ID, account.name, FIRSTNAME from CONTACT where id = '" + org.ids["zoe"] + "'")

    account = {
        "attributes": {"type": "Account", "url": f"/services/data/v60.0/sobjects/Account/{org.ids['acme']}"},
        "Name": "Acme",
    }
    record = {
        "attributes": {"type": "Contact", "url": f"/services/data/v60.0/sobjects/Contact/{org.ids['zoe']}"},
        "LastName": "Young",
        "Id": org.ids["zoe"],
        "Account": account,
        "FirstName": "Zoë",
    }
    assert result == {"totalSize": 1, "done": True, "records": [record]}
    assert list(result["records"][0]) == list(record)


def test_urls_name_the_version_that_was_asked(org: SoqlOrg) -> None:
    [record] = org.ask("SELECT Id FROM Contact LIMIT 1", version="v64.0")["records"]

    assert record["attributes"]["url"].startswith("/services/data/v64.0/sobjects/Contact/003")


def test_a_missing_parent_is_null(org: SoqlOrg) -> None:
    assert org.records("SELECT Account.Name, Account.Owner.Name FROM Contact WHERE LastName LIKE '100%'") == [
        {"Account": None}
    ]


def test_fields_of_one_parent_are_gathered_where_the_first_of_them_stands(org: SoqlOrg) -> None:
    [record] = org.records("SELECT Account.Name, LastName, Account.Industry FROM Contact WHERE LastName = 'old'")

    assert record == {"Account": {"Name": "Acme", "Industry": "Energy"}, "LastName": "Old"}
    assert list(record) == ["Account", "LastName"]


@pytest.mark.parametrize(
    "soql",
    [
        "SELECT c.LastName FROM Contact c WHERE c.Account.Name = 'Acme' ORDER BY c.LastName",
        "SELECT Contact.LastName FROM Contact WHERE Contact.Account.Name = 'Acme' ORDER BY Contact.LastName",
        "SELECT c.LastName FROM Contact c, c.Account a WHERE a.Name = 'Acme' ORDER BY LastName",
    ],
)
def test_the_object_and_its_aliases_may_stand_before_a_field(org: SoqlOrg, soql: str) -> None:
    assert org.column(soql) == ["Old", "Young"]


@pytest.mark.parametrize(
    ("where", "names"),
    [
        ("Name = 'ACME'", ["Acme"]),
        ("Name = 'CHEZ ÜNAL'", ["Chez Ünal"]),
        ("Name LIKE '%ÜN%'", ["Chez Ünal"]),
        ("Name LIKE '_olt'", ["bolt"]),
        ("Name != 'acme'", ["bolt", "Chez Ünal"]),
        ("Name IN ('acme', 'chez ünal', 'nobody')", ["Acme", "Chez Ünal"]),
        ("Name NOT IN ('acme', 'chez ünal')", ["bolt"]),
        ("Name > 'acme' AND Name < 'C'", ["bolt"]),
        ("NumberOfEmployees >= 4 AND NumberOfEmployees < 30", ["bolt"]),
        ("NumberOfEmployees != 4", ["Acme", "Chez Ünal"]),
        ("AnnualRevenue = 250.00", ["Acme"]),
        ("Industry = null", ["Chez Ünal"]),
        ("Industry = ''", ["Chez Ünal"]),
        ("Industry != null", ["Acme", "bolt"]),
        ("Industry IN (null, 'Banking')", ["bolt", "Chez Ünal"]),
        ("Industry NOT IN (null, 'Banking')", ["Acme"]),
        ("Industry NOT IN ('Banking')", ["Acme", "Chez Ünal"]),
        ("NumberOfEmployees > null", []),
        ("(NOT Industry = 'Banking')", ["Acme", "Chez Ünal"]),
        ("(NOT NumberOfEmployees > 10)", ["bolt", "Chez Ünal"]),
        ("IsDeleted = null", ["Acme", "bolt", "Chez Ünal"]),
        ("IsDeleted = true", []),
        ("Parent.Name = 'Acme'", ["Chez Ünal"]),
        ("Parent.Name = null", ["Acme", "bolt"]),
        ("Parent.Name != 'Acme'", ["Acme", "bolt"]),
        ("Parent.Owner.IsActive = false", ["Acme", "bolt"]),
        ("Id IN (SELECT AccountId FROM Contact WHERE LastName = 'Old')", ["Acme"]),
        ("Id NOT IN (SELECT AccountId FROM Contact)", ["bolt", "Chez Ünal"]),
        ("CreatedDate = TODAY", ["Acme", "bolt", "Chez Ünal"]),
        ("CreatedDate < 2026-11-23T05:30:00+01:00", []),
        ("CreatedDate >= 2026-11-23T05:30:00+0100", ["Acme", "bolt", "Chez Ünal"]),
        ("CreatedDate IN (YESTERDAY, TOMORROW)", []),
        ("toLabel(Industry) = 'energy'", ["Acme"]),
    ],
)
def test_where(org: SoqlOrg, where: str, names: list[str]) -> None:
    assert org.column(f"SELECT Name FROM Account WHERE {where} ORDER BY Name") == names


@pytest.mark.parametrize(
    ("pattern", "found"),
    [("100\\\\%%", 1), ("100\\\\%\\\\_s%", 1), ("1000%", 0), ("100__%", 1), ("%\\\\%", 0)],
)
def test_a_backslash_takes_the_meaning_from_a_wildcard(org: SoqlOrg, pattern: str, found: int) -> None:
    soql = f"SELECT COUNT() FROM Contact WHERE LastName LIKE '{pattern}'".replace("\\\\", "\\")

    assert org.ask(soql) == {"totalSize": found, "done": True, "records": []}


@pytest.mark.parametrize(
    ("where", "subjects"),
    [
        ("StartDateTime = TODAY", ["Call"]),
        ("StartDateTime = TOMORROW", ["Meet"]),
        ("StartDateTime <= TODAY", ["Call"]),
        ("StartDateTime > TODAY", ["Meet", "Alone"]),
        ("StartDateTime >= TOMORROW", ["Meet", "Alone"]),
        ("StartDateTime < TOMORROW", ["Call"]),
        ("StartDateTime != TODAY", ["Meet", "Alone"]),
        ("ActivityDate = 2026-11-22", ["Call"]),
        ("ActivityDate = NEXT_N_DAYS:1", ["Meet"]),
        ("StartDateTime = LAST_N_DAYS:1", []),
        ("HOUR_IN_DAY(StartDateTime) = 5", ["Meet"]),
        ("HOUR_IN_DAY(convertTimezone(StartDateTime)) = 23", ["Call"]),
        ("DAY_ONLY(StartDateTime) = 2026-11-23", ["Call", "Meet"]),
        ("DAY_ONLY(convertTimezone(StartDateTime)) = 2026-11-22", ["Call"]),
        ("DAY_IN_WEEK(ActivityDate) = 1", ["Call"]),
        ("CALENDAR_MONTH(ActivityDate) = 12", ["Alone"]),
        ("Who.Type = 'Lead'", ["Meet"]),
        ("Who.Name = 'zoë young'", ["Call"]),
        ("What.Type IN ('Account', 'Contact')", ["Call"]),
        ("Who.Email = null", ["Call", "Meet", "Alone"]),
        ("Owner.Email != null", ["Call", "Meet", "Alone"]),
        ("Owner.IsActive = true", ["Call", "Meet", "Alone"]),
        ("WhoId IN (SELECT Id FROM Contact WHERE Account.Name = 'Acme')", ["Call"]),
    ],
)
def test_events_by_date_and_by_polymorphic_parent(org: SoqlOrg, where: str, subjects: list[str]) -> None:
    assert org.column(f"SELECT Subject FROM Event WHERE {where} ORDER BY StartDateTime") == subjects


def test_a_polymorphic_parent_is_a_name_and_its_url_is_of_the_record(org: SoqlOrg) -> None:
    call, meet, alone = org.ask("SELECT Who.Type, Who.Name, Owner.Name FROM Event ORDER BY StartDateTime")["records"]

    assert call["Who"] == {
        "attributes": {"type": "Name", "url": f"/services/data/v60.0/sobjects/Contact/{org.ids['zoe']}"},
        "Type": "Contact",
        "Name": "Zoë Young",
    }
    assert meet["Who"]["Type"] == "Lead"
    assert alone["Who"] is None
    assert call["Owner"]["attributes"]["type"] == "Name"
    assert "/sobjects/User/005" in call["Owner"]["attributes"]["url"]


@pytest.mark.parametrize("name", ["Who.Email", "Who.Phone", "Who.Title", "What.Phone"])
def test_a_contact_lead_or_account_shows_no_address_as_a_name(org: SoqlOrg, name: str) -> None:
    parent, field = name.split(".")
    found = org.ask(f"SELECT {name} FROM Event WHERE {parent}Id != null")["records"]

    assert [record[parent][field] for record in found] == [None] * len(found)
    assert found


def test_typeof_selects_by_the_type_of_the_parent_and_names_it(org: SoqlOrg) -> None:
    soql = (
        "SELECT TYPEOF Who WHEN Contact THEN LastName, Email ELSE Name END, TYPEOF What WHEN Opportunity THEN Name END "
        "FROM Event ORDER BY StartDateTime"
    )
    call, meet, alone = org.ask(soql.replace("WHEN Opportunity", "WHEN Account"))["records"]

    assert call["Who"]["attributes"]["type"] == "Contact"
    assert call["Who"]["Email"] == "z@y.de"
    assert call["What"]["Name"] == "Acme"
    assert meet["Who"]["attributes"]["type"] == "Lead"
    assert {key: value for key, value in meet["Who"].items() if key != "attributes"} == {"Name": "Lee"}
    assert meet["What"] is None
    assert alone["Who"] is None


def test_typeof_follows_relationships_of_the_parent(org: SoqlOrg) -> None:
    soql = "SELECT TYPEOF Who WHEN Contact THEN LastName, Account.Name ELSE Name END FROM Event ORDER BY StartDateTime"

    call, meet, _ = org.records(soql)

    assert call == {"Who": {"LastName": "Young", "Account": {"Name": "Acme"}}}
    assert meet == {"Who": {"Name": "Lee"}}


def test_typeof_without_a_matching_branch_gives_null(org: SoqlOrg) -> None:
    found = org.records("SELECT TYPEOF Who WHEN Lead THEN Company END FROM Event ORDER BY StartDateTime")

    assert found == [{"Who": None}, {"Who": {"Company": "Leeds Ltd"}}, {"Who": None}]


def test_a_sub_query_is_a_result_of_its_own_or_null(org: SoqlOrg) -> None:
    acme, _, chez = org.ask(
        "SELECT Name, (SELECT LastName FROM Contacts WHERE LastName != 'x' ORDER BY LastName LIMIT 5), "
        "(SELECT Subject FROM Account.Events) FROM Account ORDER BY Name"
    )["records"]

    assert acme["Contacts"]["totalSize"] == 2
    assert acme["Contacts"]["done"] is True
    assert [each["LastName"] for each in acme["Contacts"]["records"]] == ["Old", "Young"]
    assert acme["Contacts"]["records"][0]["attributes"]["type"] == "Contact"
    assert [each["Subject"] for each in acme["Events"]["records"]] == ["Call"]
    assert chez["Contacts"] is None


def test_sub_queries_nest_since_version_58(org: SoqlOrg) -> None:
    soql = "SELECT (SELECT LastName, (SELECT Subject FROM Events) FROM Contacts) FROM Account WHERE Name = 'Acme'"

    [acme] = org.records(soql, version="v58.0")

    assert acme["Contacts"]["records"][0]["Events"]["records"] == [{"Subject": "Call"}]
    with pytest.raises(OrgError, match="levels"):
        org.ask(soql, version="v57.0")


@pytest.mark.parametrize(
    ("order", "names"),
    [
        ("Name", ["Acme", "bolt", "Chez Ünal"]),
        ("Name DESC", ["Chez Ünal", "bolt", "Acme"]),
        ("NumberOfEmployees", ["Chez Ünal", "bolt", "Acme"]),
        ("NumberOfEmployees DESC", ["Chez Ünal", "Acme", "bolt"]),
        ("NumberOfEmployees DESC NULLS LAST", ["Acme", "bolt", "Chez Ünal"]),
        ("NumberOfEmployees ASC NULLS LAST", ["bolt", "Acme", "Chez Ünal"]),
        ("Industry", ["Chez Ünal", "bolt", "Acme"]),
        ("Industry NULLS LAST", ["bolt", "Acme", "Chez Ünal"]),
        ("Parent.Name DESC NULLS LAST, Name DESC", ["Chez Ünal", "bolt", "Acme"]),
        ("Name LIMIT 1 OFFSET 1", ["bolt"]),
        ("Name OFFSET 2", ["Chez Ünal"]),
        ("Name LIMIT 0", []),
    ],
)
def test_order_limit_and_offset(org: SoqlOrg, order: str, names: list[str]) -> None:
    assert org.column(f"SELECT Name FROM Account ORDER BY {order}") == names


def test_an_address_reads_as_one_object(org: SoqlOrg) -> None:
    zoe, old = org.column("SELECT MailingAddress FROM Contact WHERE AccountId != null ORDER BY LastName DESC")

    assert zoe["city"] == "Bonn"
    assert zoe["postalCode"] is None
    assert old is None


def test_fields_stands_for_the_fields_of_the_object(org: SoqlOrg) -> None:
    [everything] = org.records("SELECT FIELDS(ALL) FROM Account LIMIT 1")
    [standard] = org.records("SELECT FIELDS(STANDARD), Owner.Name FROM Account LIMIT 1")

    assert list(everything) == [each.name for each in org.org.schema["Account"].fields]
    assert standard.pop("Owner")["Name"]
    assert standard == everything


def test_scopes_narrow_the_records(org: SoqlOrg) -> None:
    assert org.ask("SELECT COUNT() FROM Account USING SCOPE mine")["totalSize"] == 3
    assert org.ask("SELECT COUNT() FROM Account USING SCOPE everything")["totalSize"] == 3
    assert org.ask("SELECT COUNT() FROM Event USING SCOPE mine")["totalSize"] == 3
    assert org.ask("SELECT COUNT() FROM Event USING SCOPE delegated")["totalSize"] == 0
    with pytest.raises(OrgError, match="USING SCOPE team") as caught:
        org.ask("SELECT COUNT() FROM Account USING SCOPE team")
    assert caught.value.status == 501


@pytest.mark.parametrize("soql", ["SELECT COUNT() FROM Contact", "SELECT COUNT() FROM Contact LIMIT 5"])
def test_count_is_the_total_without_records(org: SoqlOrg, soql: str) -> None:
    assert org.ask(soql) == {"totalSize": 3, "done": True, "records": []}


def test_count_stops_at_the_limit(org: SoqlOrg) -> None:
    assert org.ask("SELECT COUNT() FROM Contact LIMIT 2")["totalSize"] == 2


def test_deleted_records_are_only_in_query_all() -> None:
    with soql_org() as org:
        gone = org.add("gone", "Contact", LastName="Gone")
        org.add("here", "Contact", LastName="Here", ReportsToId=gone)
        org.org.records.delete("Contact", gone, org.user_id)

        assert org.column("SELECT LastName FROM Contact") == ["Here"]
        assert org.records("SELECT LastName, IsDeleted FROM Contact ORDER BY LastName", all_rows=True) == [
            {"LastName": "Gone", "IsDeleted": True},
            {"LastName": "Here", "IsDeleted": False},
        ]
        assert org.column("SELECT LastName FROM Contact WHERE IsDeleted = true", all_rows=True) == ["Gone"]


def _entries(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for each in value.values():
            yield from _entries(each)
    elif isinstance(value, list):
        for each in value:
            yield from _entries(each)


def test_booleans_are_booleans_and_numbers_numbers_on_every_level(org: SoqlOrg) -> None:
    result = org.ask(
        "SELECT IsDeleted, Account.IsDeleted, Account.NumberOfEmployees, Account.Owner.IsActive FROM Contact"
    )

    kinds = {(key, type(value)) for record in _entries(result["records"]) for key, value in record.items()}
    assert {("IsDeleted", bool), ("IsActive", bool), ("NumberOfEmployees", int)} <= kinds
    assert ("IsDeleted", int) not in kinds


def test_format_writes_values_as_the_users_locale_does(org: SoqlOrg) -> None:
    [event] = org.records("SELECT FORMAT(StartDateTime) s, FORMAT(ActivityDate), StartDateTime FROM Event LIMIT 1")
    [account] = org.records("SELECT FORMAT(AnnualRevenue), FORMAT(Name) n FROM Account WHERE Name = 'Acme'")
    [total] = org.records("SELECT FORMAT(SUM(NumberOfEmployees)) total, FORMAT(MAX(AnnualRevenue)) FROM Account")

    assert event == {"s": "11/22/2026, 11:59 PM", "ActivityDate": "11/22/2026", "StartDateTime": event["StartDateTime"]}
    assert account == {"AnnualRevenue": "$250.00", "n": "Acme"}
    assert total == {"total": "34", "expr0": "$250.00"}


def test_format_refuses_a_locale_it_does_not_know() -> None:
    with soql_org(locale="de_DE") as org, pytest.raises(OrgError, match="FORMAT for the locale de_DE") as caught:
        org.ask("SELECT FORMAT(CreatedDate) FROM Account")
    assert caught.value.status == 501


def test_the_week_and_the_day_are_of_the_users_locale_and_zone() -> None:
    with soql_org(zone="Europe/Berlin", locale="de_DE") as org:
        org.add("sunday", "Event", Subject="Sunday", StartDateTime="2026-11-22T12:00:00Z", DurationInMinutes=30)
        org.add("monday", "Event", Subject="Monday", StartDateTime="2026-11-22T23:00:00Z", DurationInMinutes=30)

        assert org.column("SELECT Subject FROM Event WHERE StartDateTime = THIS_WEEK") == ["Monday"]
        assert org.column("SELECT Subject FROM Event WHERE StartDateTime = TODAY") == ["Monday"]
        assert org.column("SELECT Subject FROM Event WHERE StartDateTime = YESTERDAY") == ["Sunday"]


@pytest.mark.parametrize(("clause", "viewed"), [("FOR VIEW", True), ("FOR REFERENCE", False), ("", None)])
def test_for_view_and_for_reference_leave_a_trace(clause: str, *, viewed: bool | None) -> None:
    with soql_org() as org:
        org.add("acme", "Account", Name="Acme")

        org.ask(f"SELECT Id FROM Account {clause}")

        [row] = org.records("SELECT LastViewedDate, LastReferencedDate FROM Account")
        now = "2026-11-23T04:30:00.000+0000"
        assert row == {
            "LastViewedDate": now if viewed else None,
            "LastReferencedDate": None if viewed is None else now,
        }


def test_columns_tell_names_and_kinds(org: SoqlOrg) -> None:
    soql = (
        "SELECT Id, Name, NumberOfEmployees, Owner.Name, BillingAddress, (SELECT LastName FROM Contacts) FROM Account"
    )

    result = org.queries.columns(soql, org.user_id)

    assert {key: value for key, value in result.items() if key != "columnMetadata"} == {
        "entityName": "Account",
        "groupBy": False,
        "idSelected": True,
        "keyPrefix": "001",
    }
    columns = {each["columnName"]: each for each in result["columnMetadata"]}
    assert list(columns) == ["Id", "Name", "NumberOfEmployees", "Owner", "BillingAddress", "Contacts"]
    assert columns["Id"]["apexType"] == "Id"
    assert columns["Name"]["textType"]
    assert columns["NumberOfEmployees"]["numberType"]
    assert [each["columnName"] for each in columns["Owner"]["joinColumns"]] == ["Name"]
    assert columns["Contacts"]["aggregate"]
    assert [each["columnName"] for each in columns["Contacts"]["joinColumns"]] == ["LastName"]


def test_columns_of_groups_show_what_was_asked(org: SoqlOrg) -> None:
    result = org.queries.columns("SELECT Industry, COUNT(Id), MAX(Name) m FROM Account GROUP BY Industry", org.user_id)

    told = [(each["columnName"], each["displayName"], each["aggregate"]) for each in result["columnMetadata"]]
    assert told == [("Industry", "Industry", False), ("expr0", "COUNT(Id)", True), ("m", "MAX(Name)", True)]
    assert result["groupBy"]
    assert org.queries.columns("SELECT COUNT() FROM Account", org.user_id)["columnMetadata"] == []
    typed = org.queries.columns("SELECT TYPEOF Who WHEN Contact THEN LastName END FROM Event", org.user_id)
    assert [each["columnName"] for each in typed["columnMetadata"][0]["joinColumns"]] == ["LastName"]


@pytest.mark.parametrize(
    ("soql", "operation", "fields", "cardinality"),
    [
        ("SELECT Id FROM Event WHERE StartDateTime > 2026-11-30T00:00:00Z", "Index", ["StartDateTime"], 1),
        ("SELECT Id FROM Event WHERE Location = 'x'", "TableScan", [], 0),
        ("SELECT COUNT() FROM Event", "TableScan", [], 3),
    ],
)
def test_explain_tells_the_plan(org: SoqlOrg, soql: str, operation: str, fields: list[str], cardinality: int) -> None:
    result = org.queries.explain(soql, org.user_id)

    assert result["sourceQuery"] == soql
    assert result["plans"] == [
        {
            "cardinality": cardinality,
            "fields": fields,
            "leadingOperationType": operation,
            "notes": [],
            "relativeCost": round(cardinality / 3, 3),
            "sobjectCardinality": 3,
            "sobjectType": "Event",
        }
    ]
