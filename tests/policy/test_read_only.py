"""Where nothing may be written, nothing is sent that changes a record, in whatever form it comes."""

from collections.abc import AsyncIterator

import pytest
from hypothesis import given

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.policy.errors import PolicyRefusedError
from mcp_salesforce.policy.guard.read_only import refusing_writes
from mcp_salesforce.salesforce import AsgiTransport, InvalidArgumentError, Request, SalesforceClient
from mcp_salesforce.settings.connect import token_source
from mcp_salesforce.soql import format_query, parse, parse_sosl, tree
from mcp_salesforce.soql.tracking import tracking_of
from tests.conftest import settings_of
from tests.policy.test_guard import guarded
from tests.soql.strategies import queries

MARKING = [
    "SELECT Id FROM Contact LIMIT 1 FOR VIEW",
    "SELECT Id FROM Contact LIMIT 1 for\n\treference",
    "SELECT Id FROM Contact LIMIT 1 FOR VIEW ",
    "SELECT Id FROM Contact LIMIT 1 FOR REFERENCE UPDATE TRACKING",
    "SELECT Id FROM Contact UPDATE VIEWSTAT",
    "SELECT Id FROM Contact UPDATE TRACKING, VIEWSTAT",
    "SELECT Id FROM Contact UPDATE anything",
    "SELECT Id, (SELECT Id FROM Contacts FOR VIEW) FROM Account LIMIT 1",
    "SELECT Id, (SELECT Id FROM Contacts LIMIT 1 FOR REFERENCE) FROM Account ORDER BY Name LIMIT 1",
]
PLAIN = [
    "SELECT Id FROM Contact WHERE LastName != 'for view' LIMIT 1",
    "SELECT Id FROM Contact WHERE LastName != 'x FOR VIEW' ORDER BY LastName LIMIT 1",
    "SELECT COUNT(Id) view FROM Contact",
]
SEARCHES = [
    "FIND {acme} RETURNING Contact(Id) UPDATE TRACKING",
    "FIND {acme} RETURNING Contact(Id) LIMIT 3 UPDATE VIEWSTAT, TRACKING",
]


def ways(soql: str, resource: str = "query") -> list[Request]:
    """Return every form in which a query can be sent."""
    url = str(Request("GET", resource, {"q": soql}).path)
    encoded = soql.replace(" ", "+").replace("\n", "%0A").replace("\t", "%09").replace(",", "%2C")
    inner = {"method": "GET", "url": f"/services/data/v60.0/{url}?q={encoded}", "referenceId": "a"}
    plain = {"method": "GET", "url": "/services/data/v60.0/limits", "referenceId": "b"}
    composite = {"compositeRequest": [plain, inner]}
    return [
        Request("GET", resource, {"q": soql}),
        Request("GET", f"{resource}?q={encoded}"),
        Request("GET", f"/services/data/v60.0/{resource}/", {"q": soql}),
        Request("GET", f"tooling/{resource}", {"q": soql}),
        Request("POST", "composite", body=composite, idempotent=True),
        Request(
            "POST", "composite", body={"compositeRequest": [{**inner, "method": "POST", "url": "/services/data/v60.0/"
            "composite", "body": composite}]}, idempotent=True,
        ),
        Request("POST", "composite/batch", body={"batchRequests": [inner]}, idempotent=True),
        Request("POST", "composite/graph", body={"graphs": [{"graphId": "1", **composite}]}, idempotent=True),
    ]  # fmt: skip


@pytest.fixture
async def reading(org: LocalOrg) -> AsyncIterator[SalesforceClient]:
    transport = AsgiTransport(org.app)
    async with SalesforceClient(token_source(settings_of(org)), transport=transport, guard=refusing_writes) as client:
        yield client


@pytest.mark.parametrize("soql", MARKING)
async def test_no_form_of_a_query_marks_what_it_reads(reading: SalesforceClient, soql: str) -> None:
    for resource in ("query", "queryAll"):
        for request in ways(soql, resource):
            with pytest.raises(InvalidArgumentError, match="SALESFORCE_READ_ONLY"):
                await reading.send(request)


@pytest.mark.parametrize("sosl", SEARCHES)
async def test_no_form_of_a_search_marks_what_it_finds(reading: SalesforceClient, sosl: str) -> None:
    for request in ways(sosl, "search"):
        with pytest.raises(InvalidArgumentError, match="SALESFORCE_READ_ONLY"):
            await reading.send(request)


@pytest.mark.parametrize("soql", PLAIN)
async def test_words_that_only_look_like_it_pass(reading: SalesforceClient, soql: str) -> None:
    for request in [ways(soql)[at] for at in (0, 1, 4)]:
        assert await reading.send(request)


async def test_what_writes_or_is_not_understood_is_refused(reading: SalesforceClient) -> None:
    create = {"method": "POST", "url": "/services/data/v60.0/sobjects/Contact", "referenceId": "a", "body": {}}
    for request in (
        Request("POST", "sobjects/Contact", body={"LastName": "Ode"}),
        Request("POST", "composite", body={"compositeRequest": [create]}, idempotent=True),
        Request("POST", "composite", body={"compositeRequest": "x"}, idempotent=True),
        Request("POST", "composite", body=[], idempotent=True),
        Request("POST", "composite/batch", body={"batchRequests": [{**create, "richInput": {}}]}, idempotent=True),
        Request("POST", "composite/tree/Contact", body={}, idempotent=True),
        Request("GET", "query?q=SELECT+Id+FROM+Contact", {"q": "SELECT Id FROM Contact"}),
    ):
        with pytest.raises(InvalidArgumentError, match="SALESFORCE_READ_ONLY"):
            await reading.send(request)
    for path in ("query", "search"):
        with pytest.raises(InvalidArgumentError):
            await reading.send(Request("GET", path, {"q": "SELECT Id FROM Contact FOR VIEW FOR VIEW"}))


async def test_what_reads_passes(reading: SalesforceClient, org: LocalOrg) -> None:
    contact = org.insert("Contact", LastName="Ode")
    names = " AND ".join(f"LastName != '{'x' * 900}{number}'" for number in range(14))
    assert (await reading.queries.query(f"SELECT Id FROM Contact WHERE {names} LIMIT 1")).records
    many = Request("POST", "composite/sobjects/Contact", body={"ids": [contact], "fields": ["Id"]}, idempotent=True)
    assert await reading.send(many) == [{"attributes": many_attributes(contact), "Id": contact}]


def many_attributes(contact: str) -> dict[str, str]:
    return {"type": "Contact", "url": f"/services/data/v60.0/sobjects/Contact/{contact}"}


@pytest.mark.parametrize("soql", MARKING)
async def test_a_policy_without_update_lets_nothing_be_marked(org: LocalOrg, soql: str) -> None:
    async with guarded(org, 'actions = ["read"]') as client:
        for request in (Request("GET", "query", {"q": soql}), Request("GET", f"query?q={soql.replace(' ', '+')}")):
            with pytest.raises(PolicyRefusedError, match=r"changes|is not allowed"):
                await client.send(request)
        for sosl in SEARCHES:
            with pytest.raises(PolicyRefusedError, match=r"UPDATE .* changes Contact"):
                await client.search.search(sosl)


@given(queries)
def test_every_marking_clause_of_any_query_is_found(query: tree.Query) -> None:
    text = format_query(query)

    assert bool(tracking_of(parse(text))) == any(each.tracking or each.update for each in inside(query))


def inside(query: tree.Query) -> list[tree.Query]:
    children = [item.expression for item in query.select if isinstance(item.expression, tree.Query)]
    return [query, *(each for child in children for each in inside(child))]


def test_a_search_is_asked_too() -> None:
    assert tracking_of(parse_sosl(SEARCHES[1])) == ["UPDATE VIEWSTAT, TRACKING"]
    assert tracking_of(parse_sosl("FIND {FOR VIEW} RETURNING Contact(Id)")) == []
