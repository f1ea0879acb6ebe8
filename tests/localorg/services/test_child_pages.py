"""Children of more than one page: a list in a record goes on under a locator of its own."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_salesforce.localorg.errors import OrgError
from tests.copies import insert_copies
from tests.localorg.services.soql_org import SoqlOrg, soql_org
from tests.localorg.services.test_query_pages import locator_of

CONTACTS = (0, 1, 3, 198, 199, 200, 201, 0, 498, 499, 500, 501, 1200)
"""How many contacts each account has."""
CASES = (0, 2, 450, 0)
"""How many cases each of the first contacts of the third account has."""


@pytest.fixture(scope="module")
def org() -> Iterator[SoqlOrg]:
    with soql_org() as org:
        for count in CONTACTS:
            account = org.add(f"{count}", "Account", Name=f"Account of {count}")
            insert_copies(org.org, "Contact", count, LastName="Ode", AccountId=account)
        contacts = org.column("SELECT Id FROM Contact WHERE Account.Name = 'Account of 3' ORDER BY Id")
        for contact, count in zip(contacts, CASES, strict=False):
            insert_copies(org.org, "Case", count, ContactId=contact)
        yield org


def whole(org: SoqlOrg, result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return all the records of a result, with all of their children in place of the lists' first pages."""
    records = list(result["records"])
    while not result["done"]:
        result = org.queries.more(locator_of(dict(result)), org.user_id)
        records += result["records"]
    assert "nextRecordsUrl" not in result
    assert len(records) == result["totalSize"]
    return [
        {
            name: whole(org, value) if isinstance(value, dict) and "records" in value else value
            for name, value in each.items()
        }
        for each in records
    ]


def test_of_1200_children_499_come_with_their_parent_and_the_url_of_the_next(org: SoqlOrg) -> None:
    result = org.ask("SELECT Id, (SELECT Id FROM Contacts) FROM Account WHERE Name = 'Account of 1200'")

    contacts = result["records"][0]["Contacts"]
    assert list(contacts) == ["totalSize", "done", "nextRecordsUrl", "records"]
    assert (contacts["totalSize"], contacts["done"], len(contacts["records"])) == (1200, False, 499)
    assert locator_of(contacts)[18:] == "-499"
    assert (result["totalSize"], result["done"]) == (1, True)

    second = org.queries.more(locator_of(contacts), org.user_id)
    third = org.queries.more(locator_of(second), org.user_id)

    assert (second["totalSize"], len(second["records"]), locator_of(second)[18:]) == (1200, 500, "-999")
    assert (third["totalSize"], len(third["records"]), third["done"]) == (1200, 201, True)
    assert {each["attributes"]["type"] for each in second["records"]} == {"Contact"}


def test_long_texts_make_lists_of_children_smaller(org: SoqlOrg) -> None:
    soql = "SELECT Id, (SELECT Id, Description FROM Contacts) FROM Account WHERE Name = 'Account of 1200'"

    (account,) = org.ask(soql)["records"]

    assert len(account["Contacts"]["records"]) == 199


@pytest.mark.parametrize(("asked", "given"), [(1, 199), (200, 199), (1000, 999), (2000, 1200)])
def test_the_size_that_is_asked_for_counts_children(org: SoqlOrg, asked: int, given: int) -> None:
    soql = "SELECT Id, (SELECT Id FROM Contacts) FROM Account WHERE Name = 'Account of 1200'"

    (account,) = org.ask(soql, batch_size=asked)["records"]

    assert len(account["Contacts"]["records"]) == given


def test_a_page_ends_with_the_parent_whose_children_fill_it(org: SoqlOrg) -> None:
    soql = "SELECT Name, (SELECT Id FROM Contacts) FROM Account WHERE Name LIKE 'Account of 50%' ORDER BY Name"

    first = org.ask(soql)
    last = org.queries.more(locator_of(first), org.user_id)

    assert (first["totalSize"], [each["Name"] for each in first["records"]]) == (2, ["Account of 500"])
    assert locator_of(first)[18:] == "-1"
    assert (last["totalSize"], [each["Name"] for each in last["records"]]) == (2, ["Account of 501"])


QUERIES = (
    "SELECT Id, (SELECT Id FROM Contacts) FROM Account",
    "SELECT Name, (SELECT Name, Description FROM Contacts ORDER BY Id DESC) FROM Account ORDER BY Name DESC",
    "SELECT (SELECT Id FROM Cases), (SELECT Id, (SELECT Id FROM Cases) FROM Contacts) FROM Account",
    "SELECT Id, (SELECT Id FROM Contacts LIMIT 700) FROM Account ORDER BY Name",
)


@given(st.sampled_from(QUERIES), st.none() | st.integers(200, 2000), st.sets(st.sampled_from(CONTACTS), min_size=1))
def test_pages_put_together_are_the_whole(org: SoqlOrg, soql: str, size: int | None, counts: set[int]) -> None:
    chosen = ", ".join(f"'Account of {count}'" for count in counts)
    before, order, rest = soql.rpartition("FROM Account")
    query = f"{before}{order} WHERE Name IN ({chosen}){rest}"

    accounts = whole(org, org.ask(query, batch_size=size))

    most = 700 if "LIMIT 700" in soql else 1200
    expected = [count for count in CONTACTS if count in counts]
    children = [child for each in accounts for child in each["Contacts"] or ()]
    cases = [case for each in children for case in each.get("Cases") or ()]
    assert sorted(len(each["Contacts"] or ()) for each in accounts) == sorted(min(each, most) for each in expected)
    for records in (accounts, children, cases):
        assert len({each["attributes"]["url"] for each in records}) == len(records)
    assert len(cases) == (sum(CASES) if 3 in counts and "(SELECT Id, (SELECT" in soql else 0)


def test_the_list_of_children_is_its_users_and_ends_where_it_ends(org: SoqlOrg) -> None:
    soql = "SELECT Id, (SELECT Id FROM Contacts) FROM Account WHERE Name = 'Account of 1200'"
    locator = locator_of(org.ask(soql)["records"][0]["Contacts"])

    with pytest.raises(OrgError, match="INVALID_QUERY_LOCATOR"):
        org.queries.more(locator, "005000000000001AAA")
    with pytest.raises(OrgError, match="INVALID_QUERY_LOCATOR"):
        org.queries.more(locator.replace("-499", "-1200"), org.user_id)


def test_deleted_children_are_in_the_pages_of_query_all() -> None:
    with soql_org() as org:
        account = org.add("a", "Account", Name="A")
        insert_copies(org.org, "Contact", 600, LastName="Ode", AccountId=account)
        deleted = org.column("SELECT Id FROM Contact ORDER BY Id DESC LIMIT 1")[0]
        org.org.records.delete("Contact", deleted, org.user_id)
        soql = "SELECT Id, (SELECT Id FROM Contacts ORDER BY Id) FROM Account"

        (kept,) = whole(org, org.ask(soql))
        (everything,) = whole(org, org.ask(soql, all_rows=True))

    assert (len(kept["Contacts"]), len(everything["Contacts"])) == (599, 600)
    assert everything["Contacts"][-1]["Id"] == deleted
