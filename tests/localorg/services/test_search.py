"""SOSL and parameterized search over the full-text index."""

from collections.abc import Iterator
from typing import Any

import pytest

from mcp_salesforce.localorg.errors import OrgError
from mcp_salesforce.localorg.services.search import parameters
from tests.localorg.services.soql_org import SoqlOrg, plain, soql_org


@pytest.fixture(scope="module")
def org() -> Iterator[SoqlOrg]:
    with soql_org() as org:
        acme = org.add("acme", "Account", Name="Acme & Söhne", Phone="+49 228 555-0100", Description="Rockets")
        org.add("smith", "Contact", LastName="Smith", FirstName="Joe", Email="joe.smith@acme.com", AccountId=acme)
        org.add("smythe", "Contact", LastName="Smythe", FirstName="Zoë", Title="Acme liaison", LeadSource="Web")
        org.add("smile", "Lead", LastName="Smile", Company="Acme", Description="Smith sent her")
        org.add("gone", "Contact", LastName="Smith", FirstName="Gone")
        org.org.records.delete("Contact", org.ids["gone"], org.user_id)
        yield org


def find(org: SoqlOrg, sosl: str) -> list[Any]:
    return list(org.org.searches.search(sosl, org.user_id)["searchRecords"])


def names(org: SoqlOrg, sosl: str) -> set[str]:
    """Return the names that the test gave to the records found."""
    ids = {record_id: name for name, record_id in org.ids.items()}
    return {ids[record["attributes"]["url"].rpartition("/")[2]] for record in find(org, sosl)}


def test_a_record_found_has_attributes_and_its_id(org: SoqlOrg) -> None:
    assert find(org, "FIND {Smythe}") == [
        {
            "attributes": {"type": "Contact", "url": f"/services/data/v60.0/sobjects/Contact/{org.ids['smythe']}"},
            "Id": org.ids["smythe"],
        }
    ]


@pytest.mark.parametrize(
    ("sosl", "found"),
    [
        ("FIND {smith}", {"smith", "smile"}),
        ("FIND {SMI*}", {"smith", "smile"}),
        ("FIND {sm?th}", {"smith", "smile"}),
        ("FIND {s*the}", {"smythe"}),
        ("FIND {*ythe}", {"smythe"}),
        ("FIND {x*y?z}", set()),
        ("FIND {zoe}", {"smythe"}),
        ("FIND {SÖHNE}", {"acme"}),
        ("FIND {Joe Smith}", {"smith"}),
        ("FIND {Smith Joe}", {"smith"}),
        ('FIND {"Smith Joe"}', set()),
        ('FIND {"Joe Smith"}', {"smith"}),
        ("FIND {Acme & Sohne}", {"acme"}),
        ("FIND {joe.smith@acme.com}", {"smith"}),
        ("FIND {joe.smi*}", {"smith"}),
        ("FIND {555\\-0100}", {"acme"}),
        ("FIND {smythe OR smile}", {"smythe", "smile"}),
        ("FIND {acme AND NOT joe}", {"acme", "smythe", "smile"}),
        ("FIND {acme AND (zoe OR joe)}", {"smythe", "smith"}),
        ("FIND {&&}", set()),
        ("FIND {&& OR joe}", {"smith"}),
        ("FIND {joe AND NOT &&}", {"smith"}),
        ("FIND {nobody}", set()),
        ("FIND {acme} IN NAME FIELDS", {"acme"}),
        ("FIND {acme} IN EMAIL FIELDS", {"smith"}),
        ("FIND {0100} IN PHONE FIELDS", {"acme"}),
        ("FIND {acme} IN SIDEBAR FIELDS", {"acme", "smith"}),
        ("FIND {smith} IN NAME FIELDS RETURNING Contact", {"smith"}),
        ("FIND {smith} RETURNING Lead, Contact", {"smith", "smile"}),
        ("FIND {acme} RETURNING Contact(Id WHERE LeadSource = 'Web')", {"smythe"}),
        ("FIND {acme} RETURNING Contact(Id WHERE Account.Name LIKE 'Acme%')", {"smith"}),
        ("FIND {acme} RETURNING Contact(Id ORDER BY LastName DESC LIMIT 1)", {"smythe"}),
        ("FIND {acme} RETURNING Contact(Id ORDER BY LastName LIMIT 1 OFFSET 1)", {"smythe"}),
        ("FIND {smith} WITH SPELL_CORRECTION = false", {"smith", "smile"}),
    ],
)
def test_find(org: SoqlOrg, sosl: str, found: set[str]) -> None:
    assert names(org, sosl) == found


def test_returning_selects_fields_in_order(org: SoqlOrg) -> None:
    found = find(org, "FIND {smith} RETURNING Contact(lastname, Account.Name, toLabel(LeadSource)), Lead(Company)")

    assert plain(found) == [
        {"LastName": "Smith", "Account": {"Name": "Acme & Söhne"}, "LeadSource": None},
        {"Company": "Acme"},
    ]


def test_limits_count_over_all_objects(org: SoqlOrg) -> None:
    whole = find(org, "FIND {acme}")

    assert len(whole) == 4
    assert find(org, "FIND {acme} LIMIT 2") == whole[:2]
    assert find(org, "FIND {acme} LIMIT 2 OFFSET 1") == whole[1:3]
    assert [len(find(org, f"FIND {{acme}} RETURNING Contact(Id LIMIT {n})")) for n in (0, 1, 5)] == [0, 1, 2]


def test_the_best_match_comes_first() -> None:
    with soql_org() as other:
        other.add("far", "Account", Name="One", Description="A long text in which rockets are named only once of many")
        other.add("near", "Account", Name="Rockets")

        assert other.ids["near"] == find(other, "FIND {rockets}")[0]["Id"]


def test_the_index_follows_the_records() -> None:
    with soql_org() as org:
        org.add("first", "Contact", LastName="Before")
        assert names(org, "FIND {before}") == {"first"}

        org.add("second", "Contact", LastName="After")
        org.org.records.update("Contact", org.ids["first"], {"LastName": "Changed"}, org.user_id)

        assert names(org, "FIND {after}") == {"second"}
        assert names(org, "FIND {changed}") == {"first"}
        assert names(org, "FIND {before}") == set()
        org.org.store.execute("DELETE FROM Contact WHERE Id = ?", [org.ids["second"]])
        assert names(org, "FIND {after}") == set()


@pytest.mark.parametrize(
    ("sosl", "code", "words"),
    [
        ("FIND acme", "MALFORMED_SEARCH", "No search term found. The search term must be enclosed in braces."),
        ("FIND {a}", "INVALID_SEARCH", "longer than one character"),
        ("FIND {acme} RETURNING Nope", "INVALID_TYPE", "sObject type 'Nope' is not supported"),
        ("FIND {acme} RETURNING Profile", "INVALID_TYPE", "sObject type 'Profile' is not searchable"),
        ("FIND {acme} RETURNING Contact(Nope)", "INVALID_FIELD", "No such column 'Nope' on entity 'Contact'"),
        ("FIND {acme} RETURNING Contact(Id WHERE Id = 'x')", "INVALID_QUERY_FILTER_OPERATOR", "invalid ID field: x"),
    ],
)
def test_what_cannot_be_searched_is_refused(org: SoqlOrg, sosl: str, code: str, words: str) -> None:
    with pytest.raises(OrgError) as caught:
        find(org, sosl)

    assert (caught.value.status, caught.value.error_code) == (400, code)
    assert words in caught.value.message


@pytest.mark.parametrize(
    ("sosl", "what"),
    [
        ("FIND {acme} WITH SNIPPET", "SNIPPET"),
        ("FIND {acme} WITH DATA CATEGORY A__c AT b__c", "DATA CATEGORY"),
        ("FIND {acme} UPDATE TRACKING", "UPDATE TRACKING"),
        ("FIND {acme} RETURNING Contact(Id USING ListView = Mine)", "ListView"),
    ],
)
def test_what_the_local_org_cannot_is_refused_by_name(org: SoqlOrg, sosl: str, what: str) -> None:
    with pytest.raises(OrgError, match=what) as caught:
        find(org, sosl)

    assert caught.value.status == 501


def ask(org: SoqlOrg, **body: Any) -> list[Any]:
    return list(plain(org.org.searches.parameterized(body, org.user_id)["searchRecords"]))


def test_parameters_say_what_sosl_says(org: SoqlOrg) -> None:
    whole = plain(find(org, "FIND {smith} RETURNING Contact(Id, LastName), Lead(Id, LastName)"))
    sobjects = [{"name": "Contact"}, {"name": "Lead"}]

    assert ask(org, q="smith", fields=["Id", "LastName"], sobjects=sobjects) == whole
    assert ask(org, q="smith", sobjects=sobjects) == [{"Id": each["Id"]} for each in whole]
    assert ask(org, q="smith", sobjects=sobjects, overallLimit=1, offset=1) == [{"Id": whole[1]["Id"]}]
    assert ask(org, q="smith", **{"in": "name"}) == [{"Id": org.ids["smith"]}]
    assert ask(org, q="{smith}") == ask(org, q="\\{smith\\}") == ask(org, q="smith")
    assert ask(
        org,
        q="acme",
        defaultLimit=1,
        spellCorrection=True,
        sobjects=[{"name": "Contact", "fields": ["LastName"], "orderBy": "LastName DESC"}],
    ) == [{"LastName": "Smythe"}]
    assert ask(org, q="acme", sobjects=[{"name": "Contact", "where": "LeadSource = 'Web'", "limit": 5}]) == [
        {"Id": org.ids["smythe"]}
    ]


def test_the_parameters_of_a_url_make_the_same_body() -> None:
    params = {
        "q": "smith",
        "in": "NAME",
        "sobject": "Contact,Lead",
        "fields": "Id,Name",
        "overallLimit": "10",
        "Contact.fields": "Id,Email",
        "Contact.limit": "3",
        "Contact.where": "Name LIKE 'a%'",
    }

    assert parameters(params) == {
        "q": "smith",
        "in": "NAME",
        "fields": ["Id", "Name"],
        "overallLimit": 10,
        "sobjects": [
            {"name": "Contact", "fields": ["Id", "Email"], "limit": "3", "where": "Name LIKE 'a%'"},
            {"name": "Lead"},
        ],
    }


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({}, 400, "q must be a text"),
        ({"q": "smith", "in": "NOSE"}, 400, "NOSE"),
        ({"q": "smith", "nope": 1}, 400, 'Unrecognized field "nope"'),
        ({"q": "smith", "sobjects": ["Contact"]}, 400, "sobjects must be a list"),
        ({"q": "smith", "fields": "Id"}, 400, "fields must be a list"),
        ({"q": "smith", "overallLimit": "many"}, 400, "overallLimit must be a number"),
        ({"q": "smith", "sobjects": [{"name": "Contact", "where": "Nope = 1"}]}, 400, "No such column 'Nope'"),
        ({"q": "smith", "sobjects": [{"name": "Contact", "where": "="}]}, 400, "unexpected token"),
        ({"q": "smith", "snippet": True}, 501, "snippet"),
        ({"q": "smith", "sobjects": [{"name": "Contact", "listView": "x"}]}, 501, "listView"),
    ],
)
def test_a_body_that_says_nothing_sensible_is_refused(
    org: SoqlOrg, body: dict[str, Any], status: int, words: str
) -> None:
    with pytest.raises(OrgError) as caught:
        ask(org, **body)

    assert caught.value.status == status
    assert words in caught.value.message


def test_a_limit_in_a_url_must_be_a_number() -> None:
    with pytest.raises(OrgError, match="overallLimit must be a number"):
        parameters({"q": "x", "overallLimit": "ten"})
