"""The whole client against the local org: in this process, and over a port."""

import asyncio

import pytest

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.salesforce import (
    AsgiTransport,
    AuthenticationError,
    InvalidArgumentError,
    InvalidRequestError,
    NotFoundError,
    RecordRejectedError,
    RefreshTokenSource,
    Request,
    SalesforceClient,
)
from mcp_salesforce.salesforce.api.composite import EarlierId
from mcp_salesforce.salesforce.api.sobjects import record_from, retrieving, updating

LAST_NAMES = "SELECT Id, LastName FROM Contact ORDER BY Id"


async def test_a_record_lives_from_create_to_delete(client: SalesforceClient) -> None:
    saved = await client.sobjects.create("Contact", {"LastName": "Förster", "Email": "ana@example.com"})
    assert saved.id is not None
    await client.sobjects.update("Contact", saved.id, {"Email": None, "Title": "O'Brien"})

    assert await client.sobjects.retrieve("Contact", saved.id[:15], fields=["LastName", "Email", "Title"]) == {
        "Id": saved.id,
        "LastName": "Förster",
        "Email": None,
        "Title": "O'Brien",
    }
    await client.sobjects.delete("Contact", saved.id)
    with pytest.raises(NotFoundError):
        await client.sobjects.retrieve("Contact", saved.id)


async def test_every_page_of_a_query_is_read_once(client: SalesforceClient) -> None:
    pages = [page async for page in client.queries.pages(LAST_NAMES, batch_size=200)]

    ids = [record["Id"] for page in pages for record in page.records]
    assert [page.done for page in pages] == [False] * (len(pages) - 1) + [True]
    assert len(pages) > 2
    assert len(ids) == len(set(ids)) == pages[0].total_size >= 450


async def test_a_query_too_long_for_a_url_is_answered(client: SalesforceClient) -> None:
    (first, *_) = (await client.queries.query(LAST_NAMES)).records
    names = "','".join(["Nobody is called this"] * 900)

    found = await client.queries.query(
        f"SELECT Id FROM Contact WHERE Id = '{first['Id']}' AND LastName NOT IN ('{names}')"
    )

    assert [record["Id"] for record in found.records] == [first["Id"]]


async def test_collections_tell_each_outcome(client: SalesforceClient) -> None:
    saved = await client.collections.create("Contact", [{"LastName": "One"}, {"FirstName": "Two"}])
    assert [result.success for result in saved] == [True, False]
    assert saved[0].id is not None
    assert saved[1].errors[0].status_code == "REQUIRED_FIELD_MISSING"

    changed = await client.collections.update("Contact", [{"Id": saved[0].id, "LastName": "Uno"}])
    deleted = await client.collections.delete([saved[0].id])
    assert changed[0].success
    assert deleted[0].success


async def test_identity_userinfo_limits_and_describe_agree_on_the_org(client: SalesforceClient, org: LocalOrg) -> None:
    identity = await client.identity()
    user = await client.userinfo()

    assert (identity.user_id, identity.organization_id) == (org.user_id, org.organization_id)
    assert (user.user_id, user.organization_id) == (org.user_id, org.organization_id)
    assert (await client.limits.limits())["DailyApiRequests"].max > 0
    assert client.api_usage is not None
    assert (await client.describe.describe("Event")).key_prefix == "00U"
    assert {"Contact", "Event"} <= {sobject.name for sobject in await client.describe.global_()}


async def test_the_org_refuses_with_its_reasons(client: SalesforceClient) -> None:
    with pytest.raises(RecordRejectedError, match="REQUIRED_FIELD_MISSING") as rejected:
        await client.sobjects.create("Contact", {"FirstName": "Ana"})
    with pytest.raises(InvalidRequestError, match="No such column 'Nmae'"):
        await client.queries.query("SELECT Nmae FROM Contact")
    with pytest.raises(NotFoundError):
        await client.describe.describe("Nothing")
    with pytest.raises(NotFoundError, match="INVALID_CROSS_REFERENCE_KEY"):
        await client.sobjects.update("Contact", "003000000000009AAA", {"Title": "Nobody"})
    with pytest.raises(NotFoundError, match="INVALID_CROSS_REFERENCE_KEY"):
        await client.sobjects.delete("Contact", "003000000000009AAA")

    assert rejected.value.fields == ("LastName",)


async def test_64_calls_with_an_expired_session_cost_one_refresh_and_none_fails(
    client: SalesforceClient, org: LocalOrg
) -> None:
    await client.userinfo()
    issued: list[str] = []
    refresh = org.oauth.token

    def counted(*arguments: object, **named: object) -> object:
        issued.append("token")
        return refresh(*arguments, **named)  # type: ignore[arg-type]

    org.oauth.token = counted  # type: ignore[method-assign, assignment]
    org.expire_sessions()

    users = await asyncio.gather(*(client.userinfo() for _ in range(64)))

    assert {user.user_id for user in users} == {org.user_id}
    assert issued == ["token"]


async def test_a_refresh_token_of_another_org_gives_no_session(org: LocalOrg) -> None:
    given = org.credentials
    source = RefreshTokenSource(given.client_id, given.client_secret, "5Aep861_of_another_org", "http://localhost")
    async with SalesforceClient(source, transport=AsgiTransport(org.app)) as client:
        with pytest.raises(AuthenticationError, match="invalid_grant"):
            await client.userinfo()


async def test_several_calls_in_one_tell_each_outcome(client: SalesforceClient) -> None:
    asked = Request("GET", "query", {"q": "SELECT COUNT() FROM Contact"})

    counted, refused, user = await client.composite.run(
        [asked, Request("GET", "query", {"q": "SELECT"}), Request("GET", "sobjects/User/describe")]
    )

    assert isinstance(counted, dict)
    assert counted["totalSize"] >= 450
    assert isinstance(refused, InvalidRequestError)
    assert isinstance(user, dict)
    assert user["keyPrefix"] == "005"


async def test_several_writes_in_one_are_all_done_or_none(client: SalesforceClient) -> None:
    before = (await client.queries.query("SELECT COUNT() FROM Contact")).total_size
    good = Request("POST", "sobjects/Contact", body={"LastName": "Both"})

    with pytest.raises(RecordRejectedError, match="LastName"):
        await client.composite.run_all_or_none([good, Request("POST", "sobjects/Contact", body={"FirstName": "No"})])
    assert (await client.queries.query("SELECT COUNT() FROM Contact")).total_size == before

    named = {"LastName": EarlierId.of(0)}
    first, second = await client.composite.run_all_or_none([good, Request("POST", "sobjects/Contact", body=named)])
    assert isinstance(first, dict)
    assert isinstance(second, dict)
    assert (await client.sobjects.retrieve("Contact", second["id"]))["LastName"] == first["id"]


@pytest.mark.parametrize("text", ["@{call0.id}", "Dear @{name}", "@{", "a@{b.c}d", "@{call0.id}@{call0.id}"])
async def test_a_text_is_never_taken_for_what_another_call_gave(client: SalesforceClient, text: str) -> None:
    made, read = await client.create_and_read("Contact", {"LastName": text})
    assert isinstance(read, dict)
    assert (read["Id"], read["LastName"]) == (made, text)

    change = updating("Contact", made, {"Title": text})
    _, changed = await client.composite.run_led([change, retrieving("Contact", made, fields=["Title"])])
    assert record_from(changed) == {"Title": text, "Id": made}

    with pytest.raises(InvalidArgumentError, match=r"A text has @\{"):
        await client.composite.run_all_or_none([change, Request("POST", "sobjects/Task", body={"Subject": "Call"})])


async def test_a_record_is_created_and_read_in_one_call_that_fails_as_the_create_does(client: SalesforceClient) -> None:
    made, read = await client.create_and_read("Contact", {"LastName": "Once", "FirstName": "Ada"})
    assert read == await client.sobjects.retrieve("Contact", made)

    with pytest.raises(RecordRejectedError, match="LastName"):
        await client.create_and_read("Contact", {"FirstName": "Ada"})


@pytest.mark.parametrize("count", [0, 26])
async def test_too_many_or_no_calls_in_one_are_refused(client: SalesforceClient, count: int) -> None:
    with pytest.raises(InvalidArgumentError, match="1 to 25"):
        await client.composite.run([Request("GET", "limits")] * count)


async def test_records_are_undeleted_and_merged_and_leads_converted(client: SalesforceClient, org: LocalOrg) -> None:
    master, loser = (org.insert("Contact", LastName=name) for name in ("Stays", "Goes"))
    task = org.insert("Task", Subject="Call", WhoId=loser)
    lead = org.insert("Lead", LastName="Lea", Company="Leas")
    await client.sobjects.delete("Contact", loser)
    org.expire_sessions()

    back, absent = await client.soap.undelete([loser, "003000000000999AAA"])
    values = {"Title": 'Größe <1> & "2"', "Description": "a\nb", "Email": None}
    merged = await client.soap.merge("Contact", master, [loser], values)
    converted = await client.soap.convert_lead(lead, "Closed - Converted", create_opportunity=False)

    assert (back.id, back.success, absent.errors[0].status_code) == (loser, True, "UNDELETE_FAILED")
    kept = await client.sobjects.retrieve("Contact", master)
    assert (kept["Title"], kept["Description"]) == ('Größe <1> & "2"', "a\nb")
    assert (merged.merged_record_ids, merged.updated_related_ids) == ((loser,), (task,))
    assert (await client.sobjects.retrieve("Lead", lead))["ConvertedContactId"] == converted.contact_id
    assert client.api_usage is not None
    with pytest.raises(RecordRejectedError, match="invalid convertedStatus: Open") as caught:
        await client.soap.convert_lead(org.insert("Lead", LastName="Lea", Company="Leas"), "Open")
    assert not caught.value.is_outcome_unknown
