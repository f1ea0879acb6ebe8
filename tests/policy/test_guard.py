"""The one place that every call passes: writes, composites, what is not understood, and an org that cannot be asked."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.policy.errors import PolicyRefusedError
from mcp_salesforce.policy.guard import Guard
from mcp_salesforce.policy.policy_file import PolicyFileError, read_policy
from mcp_salesforce.salesforce import (
    AsgiTransport,
    InvalidArgumentError,
    InvalidRequestError,
    Request,
    SalesforceClient,
    SalesforceError,
)
from mcp_salesforce.salesforce.models import record_of
from mcp_salesforce.settings.connect import token_source
from tests.conftest import settings_of

OWN = "[objects.Opportunity]\nowner_only = true"
NO_EMAIL = '[objects.Contact]\nhide = ["Email"]'


@asynccontextmanager
async def guarded(org: LocalOrg, policy: str) -> AsyncIterator[SalesforceClient]:
    guard = Guard(read_policy(policy, "p.toml"))
    transport = AsgiTransport(org.app)
    async with SalesforceClient(token_source(settings_of(org)), transport=transport, guard=guard.over) as client:
        yield client


def deal(org: LocalOrg, owner: str) -> str:
    return org.insert("Opportunity", Name="Deal", StageName="Prospecting", CloseDate="2026-12-01", OwnerId=owner)


def another_user(org: LocalOrg) -> str:
    return str(org.store.rows("SELECT Id FROM User WHERE Id <> ?", [org.user_id])[0]["Id"])


async def test_own_records_are_changed_and_others_are_not(org: LocalOrg) -> None:
    mine, other = deal(org, org.user_id), deal(org, another_user(org))
    values = {"Name": "New"}
    attempts: list[Callable[[SalesforceClient], Awaitable[object]]] = [
        lambda client: client.sobjects.update("Opportunity", other, values),
        lambda client: client.sobjects.delete("Opportunity", other),
        lambda client: client.sobjects.retrieve("Opportunity", other),
        lambda client: client.sobjects.retrieve("Opportunity", other, fields=("Name",)),
        lambda client: client.collections.update("Opportunity", [{"Id": mine, **values}, {"Id": other, **values}]),
        lambda client: client.collections.delete([mine, other]),
        lambda client: client.collections.upsert("Opportunity", "Id", [{"Id": other, **values}]),
        lambda client: client.sobjects.update("Opportunity", mine, {"OwnerId": another_user(org)}),
        lambda client: client.sobjects.create("Opportunity", {**values, "OwnerId": another_user(org)}),
    ]
    async with guarded(org, OWN) as client:
        for attempt in attempts:
            with pytest.raises(PolicyRefusedError, match=r"p\.toml:2"):
                await attempt(client)
        await client.sobjects.update("Opportunity", mine, {"Name": "Mine"})
        assert (await client.sobjects.retrieve("Opportunity", mine, fields=("Name",)))["Name"] == "Mine"
        assert (await client.sobjects.retrieve("Opportunity", mine))["OwnerId"] == org.user_id
        (saved,) = await client.collections.update("Opportunity", [{"Id": mine, "Name": "Mine again"}])
        (upserted,) = await client.collections.upsert("Opportunity", "Id", [{"Id": mine, "Name": "Mine too"}])
        (deleted,) = await client.collections.delete([mine])

    assert saved.success
    assert upserted.success
    assert deleted.success


async def test_a_record_of_another_user_is_answered_as_one_that_does_not_exist(org: LocalOrg) -> None:
    other, absent = deal(org, another_user(org)), "006lo00000000zZAAQ"

    def attempts(record_id: str) -> list[Callable[[SalesforceClient], Awaitable[object]]]:
        return [
            lambda client: client.sobjects.retrieve("Opportunity", record_id),
            lambda client: client.sobjects.retrieve("Opportunity", record_id, fields=("Name",)),
            lambda client: client.sobjects.update("Opportunity", record_id, {"Name": "New"}),
            lambda client: client.sobjects.delete("Opportunity", record_id),
            lambda client: client.collections.delete([record_id]),
        ]

    async with guarded(org, OWN) as client:
        for theirs, none in zip(attempts(other), attempts(absent), strict=True):
            with pytest.raises(PolicyRefusedError) as seen:
                await theirs(client)
            with pytest.raises(PolicyRefusedError) as unseen:
                await none(client)
            assert seen.value.code == "NOT_FOUND"
            assert (seen.value.message, seen.value.hint) == (unseen.value.message, unseen.value.hint)


async def test_an_owner_is_a_user_or_left_out(org: LocalOrg) -> None:
    values = {"Name": "New", "StageName": "Prospecting", "CloseDate": "2026-12-01"}
    async with guarded(org, OWN) as client:
        with pytest.raises(InvalidArgumentError, match="not a Salesforce record Id"):
            await client.sobjects.create("Opportunity", {**values, "OwnerId": ""})
        saved = [await client.sobjects.create("Opportunity", {**values, "OwnerId": org.user_id})]
        saved += [await client.sobjects.create("Opportunity", {**values, "Name": "Without an owner"})]

    assert all(each.success for each in saved)


async def test_an_owner_that_is_not_asked_for_is_not_in_the_answer(org: LocalOrg) -> None:
    mine = deal(org, org.user_id)
    async with guarded(org, OWN) as client:
        assert await client.sobjects.retrieve("Opportunity", mine, fields=("Name",)) == {"Id": mine, "Name": "Deal"}


@pytest.mark.parametrize(
    "request_",
    [
        Request("GET", "recent"),
        Request("GET", "sobjects/Contact"),
        Request("GET", "sobjects/Contact/describe/layouts"),
        Request("GET", "sobjects/Contact/003000000000001AAA/Account"),
        Request("GET", "tooling/query", {"q": "SELECT Id FROM ApexClass"}),
        Request("GET", "parameterizedSearch", {"q": "x", "sobject": "Contact"}),
        Request("GET", "query", {"q": "SELECT Id FROM Contact", "explain": "x"}),
        Request("GET", "query?q=SELECT+Email+FROM+Contact", {"q": "SELECT Id FROM Contact"}),
        Request("GET", "search", {"q": "FIND {acme}"}),
        Request("GET", "search", {"q": "FIND {acme} RETURNING Contact(Id) WITH SNIPPET"}),
        Request("GET", "search", {"q": "FIND {acme} RETURNING Contact(Id USING ListView=Recent)"}),
        Request("GET", "search", {"q": "FIND {acme} IN EMAIL FIELDS RETURNING Contact(Id)"}),
        Request("POST", "composite/batch", body={"batchRequests": []}),
        Request("POST", "composite/tree/Contact", body={"records": []}),
        Request("POST", "composite", body={"graphs": []}),
        Request("PUT", "sobjects/Contact/003000000000001AAA"),
        Request("POST", "sobjects/Contact", body=[]),
        Request("POST", "sobjects/Contact", body={"LastName": "@{x.body.Email}"}),
        Request("GET", "query", {"q": "SELECT Id FROM Contact USING LOOKUP x"}),
        Request("POST", "composite/sobjects/Contact", body={"ids": ["003000000000001AAA"], "fields": ["Id", "Email"]}),
        Request("GET", "composite/sobjects/Contact", {"ids": "003000000000001AAA", "fields": "Email"}),
        Request(
            "PATCH",
            "composite/sobjects/Contact/Email",
            body={"records": [{"attributes": {"type": "Contact"}, "LastName": "x"}]},
        ),
        Request("PATCH", "composite/sobjects/Contact/Id", body={"records": [{"attributes": {"type": "Lead"}}]}),
        Request("PATCH", "sobjects/Contact/Email/x", body={"LastName": "x"}),
        Request("DELETE", "composite/sobjects", {"ids": "zzz000000000001AAA"}),
    ],
    ids=lambda request: f"{request.method} {request.path} {dict(request.params)} {request.body}"[:80],
)
async def test_what_is_not_understood_or_not_allowed_is_refused(org: LocalOrg, request_: Request) -> None:
    async with guarded(org, NO_EMAIL) as client:
        with pytest.raises(PolicyRefusedError):
            await client.send(request_)


async def test_what_is_no_query_is_refused_as_such(org: LocalOrg) -> None:
    async with guarded(org, NO_EMAIL) as client:
        for path, text in (("query", "SELECT"), ("search", "FIND {acme} RETURNING")):
            with pytest.raises(InvalidArgumentError):
                await client.send(Request("GET", path, {"q": text}))
        for soql in (
            "SELECT Nope FROM Contact",
            "SELECT Nope.Id FROM Contact",
            "SELECT (SELECT Id FROM Nope) FROM Case",
        ):
            with pytest.raises(InvalidRequestError, match="Nope"):
                await client.queries.query(soql)


async def test_a_composite_of_reads_gives_what_is_allowed_and_one_that_writes_all_or_nothing(org: LocalOrg) -> None:
    good = Request("GET", "query", {"q": "SELECT LastName FROM Contact LIMIT 1"})
    bad = Request("GET", "query", {"q": "SELECT Email FROM Contact LIMIT 1"})
    write = Request("POST", "sobjects/Contact", body={"LastName": "Ode"})
    async with guarded(org, NO_EMAIL) as client:
        first, second, third = await client.composite.run([good, bad, good])
        assert record_of(first)["totalSize"] == record_of(third)["totalSize"] == 1
        assert isinstance(second, SalesforceError)
        assert (second.code, "Contact.Email is hidden" in second.message) == ("POLICY_REFUSED", True)
        for calls in ([bad], [write, bad]):
            with pytest.raises(PolicyRefusedError, match="Email is hidden"):
                await client.composite.run(calls)

    assert not org.store.rows("SELECT Id FROM Contact WHERE LastName = 'Ode' AND Email IS NULL", [])


async def test_several_records_are_read_without_what_is_hidden(org: LocalOrg) -> None:
    contact = org.insert("Contact", LastName="Ode", Email="hidden@example.com")
    request = Request("POST", "composite/sobjects/Contact", body={"ids": [contact], "fields": ["Id", "LastName"]})
    async with guarded(org, NO_EMAIL) as client:
        found = await client.send(request)
        limits = await client.limits.limits()

    assert isinstance(found, list)
    assert found[0]["LastName"] == "Ode"
    assert limits


async def test_nothing_is_allowed_before_the_org_has_confirmed_the_policy(org: LocalOrg) -> None:
    async with guarded(org, '[objects.Contact]\nhide = ["Emial"]') as client:
        for _ in range(2):
            with pytest.raises(PolicyRefusedError, match=r"p\.toml:2: Contact\.Emial is not a field"):
                await client.queries.query("SELECT Id FROM Lead")


async def test_an_org_that_cannot_be_asked_is_asked_again(org: LocalOrg) -> None:
    asked: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        asked.append(scope["path"])
        if len([path for path in asked if path.endswith("/sobjects")]) < 2 and scope["path"].endswith("/sobjects"):
            await send({"type": "http.response.start", "status": 400, "headers": []})
            await send({"type": "http.response.body", "body": b"no"})
            return
        await org.app(scope, receive, send)

    guard = Guard(read_policy(NO_EMAIL, "p.toml"))
    tokens, transport = token_source(settings_of(org)), AsgiTransport(app)
    async with SalesforceClient(tokens, transport=transport, guard=guard.over) as client:
        with pytest.raises(SalesforceError):
            await client.queries.query("SELECT Id FROM Lead")
        assert (await client.queries.query("SELECT Id FROM Lead LIMIT 1")).records


async def test_every_name_that_is_wrong_is_told_at_once(org: LocalOrg) -> None:
    guard = Guard(
        read_policy('[objects.Contact]\nhide = ["Emial"]\n[objects.Acount]\n[objects.Case]\nowner_only = true', "p")
    )
    transport = AsgiTransport(org.app)
    async with SalesforceClient(token_source(settings_of(org)), transport=transport, guard=guard.over):
        with pytest.raises(PolicyFileError) as refused:
            await guard.verify()

    assert [problem.partition(" ")[0] for problem in refused.value.problems] == ["p:3:", "p:2:"]


@pytest.mark.parametrize(
    "soql",
    [
        "SELECT FirstName Email, COUNT(Id) c FROM Contact GROUP BY FirstName HAVING MAX(LastName) != null",
        "SELECT FirstName Fax, COUNT(Id) c FROM Contact GROUP BY FirstName",
        "SELECT FORMAT(CreatedDate) Phone FROM Contact",
        "SELECT Account.Name FROM Contact Account",
        "SELECT a.Name FROM Contact c, c.Account a, c.Owner ReportsTo",
        "SELECT Id, (SELECT toLabel(LeadSource) Title FROM Contacts) FROM Account",
    ],
)
async def test_an_alias_that_is_a_name_of_the_org_too_is_refused_though_nothing_is_hidden_by_it(
    org: LocalOrg, soql: str
) -> None:
    async with guarded(org, NO_EMAIL) as client:
        with pytest.raises(PolicyRefusedError, match="is also the name of a field"):
            await client.queries.query(soql)


@pytest.mark.parametrize("clause", ["WHERE Who.Email != null", "ORDER BY Who.Email"])
async def test_behind_a_polymorphic_relationship_nothing_hidden_decides(org: LocalOrg, clause: str) -> None:
    async with guarded(org, NO_EMAIL) as client:
        with pytest.raises(PolicyRefusedError, match=r"Contact\.Email is hidden"):
            await client.queries.query(f"SELECT Id FROM Event {clause}")
        assert (await client.queries.query("SELECT Who.Email FROM Event LIMIT 1")).done
