"""Results of more than one page."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_salesforce.localorg.errors import OrgError
from mcp_salesforce.localorg.services.query import Queries
from tests.localorg.services.soql_org import NOW, SoqlOrg, soql_org

TOTAL = 2450


@pytest.fixture(scope="module")
def org() -> Iterator[SoqlOrg]:
    with soql_org() as org:
        definition = org.org.schema["Account"]
        model = org.org.store.find(definition, org.add("model", "Account", Name="Account 0"))
        assert model is not None
        rows = (
            {**dict(model), "Id": org.org.store.new_id(definition), "Name": f"Account {n * 7919 % TOTAL}"}
            for n in range(1, TOTAL)
        )
        with org.org.store.transaction():
            for row in rows:
                org.org.store.insert(definition, row)
        yield org


def read_all(org: SoqlOrg, soql: str, **options: Any) -> list[list[dict[str, Any]]]:
    """Return the records of every page."""
    result = org.ask(soql, **options)
    pages = [result["records"]]
    while not result["done"]:
        result = org.queries.more(locator_of(result), org.user_id)
        pages.append(result["records"])
    assert "nextRecordsUrl" not in result
    return pages


def locator_of(result: dict[str, Any]) -> str:
    return str(result["nextRecordsUrl"].removeprefix("/services/data/v60.0/query/"))


def test_a_page_has_two_thousand_records_and_the_url_of_the_next(org: SoqlOrg) -> None:
    first = org.ask("SELECT Id FROM Account")

    assert (len(first["records"]), first["totalSize"], first["done"]) == (2000, TOTAL, False)
    assert list(first) == ["totalSize", "done", "nextRecordsUrl", "records"]
    assert locator_of(first).startswith("0r8")
    assert locator_of(first)[18:] == "-2000"

    last = org.queries.more(locator_of(first), org.user_id)

    assert (len(last["records"]), last["totalSize"], last["done"]) == (TOTAL - 2000, TOTAL, True)


@given(st.integers(200, 2000), st.sampled_from(["", " ORDER BY Name", " ORDER BY Name DESC", " LIMIT 2100"]))
def test_pages_put_together_are_the_whole(org: SoqlOrg, size: int, order: str) -> None:
    soql = f"SELECT Id, Name FROM Account{order}"

    pages = read_all(org, soql, batch_size=size)

    whole = [record for page in pages for record in page]
    assert [len(page) for page in pages[:-1]] == [size] * (len(pages) - 1)
    assert len({record["Id"] for record in whole}) == len(whole) == (2100 if "LIMIT" in order else TOTAL)
    names = [record["Name"] for record in whole]
    if "ORDER" in order:
        assert names == sorted(names, reverse="DESC" in order)


@pytest.mark.parametrize(("asked", "given"), [(1, 200), (199, 200), (500, 500), (9999, 2000)])
def test_the_page_size_is_kept_between_200_and_2000(org: SoqlOrg, asked: int, given: int) -> None:
    assert len(org.ask("SELECT Id FROM Account", batch_size=asked)["records"]) == given


def test_long_texts_make_pages_smaller(org: SoqlOrg) -> None:
    assert [len(page) for page in read_all(org, "SELECT Id, Description FROM Account")] == [1000, 1000, TOTAL - 2000]


def test_a_page_can_be_read_again(org: SoqlOrg) -> None:
    locator = locator_of(org.ask("SELECT Id FROM Account"))

    assert org.queries.more(locator, org.user_id) == org.queries.more(locator, org.user_id)


def test_rows_made_after_the_query_are_not_in_its_pages() -> None:
    with soql_org() as org:
        for number in range(201):
            org.add(str(number), "Account", Name=f"Before {number:03}")
        first = org.ask("SELECT Name FROM Account ORDER BY Name", batch_size=200)

        org.add("late", "Account", Name="Before 2005")
        org.add("early", "Account", Name="A")
        last = org.queries.more(locator_of(first), org.user_id)

        assert [record["Name"] for record in last["records"]] == ["Before 200"]
        assert last["totalSize"] == 201


def test_offset_gives_one_page_only(org: SoqlOrg) -> None:
    result = org.ask("SELECT Id FROM Account OFFSET 10")

    assert (len(result["records"]), result["done"]) == (2000, True)
    assert "nextRecordsUrl" not in result


@pytest.mark.parametrize("locator", ["0r8lo0000009999AAA-2000", "nonsense", "0r8-1", ""])
def test_an_unknown_locator_is_refused(org: SoqlOrg, locator: str) -> None:
    with pytest.raises(OrgError) as caught:
        org.queries.more(locator, org.user_id)

    assert caught.value.body() == {"message": "invalid query locator", "errorCode": "INVALID_QUERY_LOCATOR"}


def test_a_locator_is_its_users(org: SoqlOrg) -> None:
    locator = locator_of(org.ask("SELECT Id FROM Account"))

    with pytest.raises(OrgError, match="INVALID_QUERY_LOCATOR"):
        org.queries.more(locator, "005000000000001AAA")


def test_a_locator_past_the_end_is_refused(org: SoqlOrg) -> None:
    locator = locator_of(org.ask("SELECT Id FROM Account")).replace("-2000", "-99999")

    with pytest.raises(OrgError, match="INVALID_QUERY_LOCATOR"):
        org.queries.more(locator, org.user_id)


def test_a_locator_lives_for_two_days(org: SoqlOrg) -> None:
    clock = [NOW]
    queries = Queries(org.org.store, org.org.schema, lambda: clock[0])
    locator = locator_of(queries.query("SELECT Id FROM Account", org.user_id))

    clock[0] = NOW + timedelta(days=2)
    assert queries.more(locator, org.user_id)["done"]
    clock[0] = NOW + timedelta(days=2, seconds=1)
    with pytest.raises(OrgError, match="INVALID_QUERY_LOCATOR"):
        queries.more(locator, org.user_id)
