"""The pages that a query's further answers are cut from: held for a while, and bounded."""

import pytest
from mcp import Client

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.salesforce import AsgiTransport, QueryResult
from mcp_salesforce.server import create_server
from mcp_salesforce.tools.answers.query_pages import PageCache, Read
from mcp_salesforce.tools.query import toolset as query
from tests.conftest import settings_of
from tests.tools.calls import all_ids, call


def page(name: str) -> Read:
    records = [{"attributes": {"type": "Contact"}, "Name": name * 100}]
    return Read(QueryResult(total_size=1, done=True, records=records), ("Phone",))


def test_a_page_is_given_as_it_was_read() -> None:
    cache = PageCache(now=lambda: 0)
    cache.keep("a", page("x"))

    assert cache.find("a") == page("x")
    assert cache.find("b") is None


def test_a_page_is_held_for_five_minutes() -> None:
    now = [0.0]
    cache = PageCache(now=lambda: now[0])
    cache.keep("a", page("x"))

    now[0] = 299
    assert cache.find("a")
    now[0] = 300
    assert cache.find("a") is None


def test_the_pages_used_last_stay_within_the_bound() -> None:
    cache = PageCache(most_bytes=600, now=lambda: 0)
    for key in "abc":
        cache.keep(key, page(key))
        cache.find("a")

    assert [key for key in "abc" if cache.find(key)] == ["a", "c"]
    cache.keep("d", page("d" * 10))
    assert [key for key in "abcd" if cache.find(key)] == []


def test_a_page_kept_again_takes_its_place_once() -> None:
    cache = PageCache(most_bytes=600, now=lambda: 0)
    for _ in range(5):
        cache.keep("a", page("a"))
    cache.keep("b", page("b"))

    assert [key for key in "ab" if cache.find(key)] == ["a", "b"]


@pytest.mark.parametrize("limit", [130, 250])
async def test_a_position_may_lie_beyond_the_first_page_of_another_server(
    org: LocalOrg, monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    soql = "SELECT Id FROM Event ORDER BY StartDateTime, Id"
    settings = settings_of(org, state_key="k" * 32)
    async with Client(create_server(settings, transport=AsgiTransport(org.app))) as one:
        first = await call(one, "query", soql=soql, limit=limit)
    monkeypatch.setattr(query, "LARGEST_BATCH", 200)
    async with Client(create_server(settings, transport=AsgiTransport(org.app))) as other:
        rest = await all_ids(other, "query", soql=soql, limit=90, cursor=first["next_cursor"])

    ids = [row[0] for row in first["rows"]] + rest
    assert len(ids) == len(set(ids)) == first["total"]
