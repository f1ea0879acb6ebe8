"""Several calls in one."""

from typing import Any

import httpx2
import pytest

from mcp_salesforce.localorg import LocalOrg

DATA = "/services/data/v60.0"


def sub(reference_id: str, method: str, url: str, **more: Any) -> dict[str, Any]:
    return {"referenceId": reference_id, "method": method, "url": f"{DATA}/{url}", **more}


def count(org: LocalOrg, sobject: str) -> int:
    return int(org.queries.query(f"SELECT count() FROM {sobject}", org.user_id)["totalSize"])


async def composite(http: httpx2.AsyncClient, *requests: dict[str, Any], all_or_none: bool = False) -> Any:
    reply = await http.post(f"{DATA}/composite", json={"allOrNone": all_or_none, "compositeRequest": list(requests)})
    assert reply.status_code == 200
    return reply.json()["compositeResponse"]


def account(reference_id: str = "account", **fields: Any) -> dict[str, Any]:
    return sub(reference_id, "POST", "sobjects/Account", body=fields or {"Name": "A"})


async def test_later_calls_use_results_of_earlier_ones(http: httpx2.AsyncClient) -> None:
    answers = await composite(
        http,
        account(),
        sub("contact", "POST", "sobjects/Contact", body={"LastName": "of @{account.id}", "AccountId": "@{account.id}"}),
        sub("found", "GET", "query?q=SELECT Id, LastName FROM Contact WHERE AccountId = '@{account.id}'"),
        sub("again", "GET", "sobjects/Contact/@{found.records[0].Id}?fields=LastName"),
    )

    account_id = answers[0]["body"]["id"]
    assert [answer["httpStatusCode"] for answer in answers] == [201, 201, 200, 200]
    assert [answer["referenceId"] for answer in answers] == ["account", "contact", "found", "again"]
    assert answers[0]["httpHeaders"] == {"Location": f"{DATA}/sobjects/Account/{account_id}"}
    assert answers[3]["body"]["LastName"] == f"of {account_id}"


async def test_without_all_or_none_a_failure_stays_alone(org: LocalOrg, http: httpx2.AsyncClient) -> None:
    answers = await composite(http, account("one"), account("two", Site="no name"), account("three"))

    assert [answer["httpStatusCode"] for answer in answers] == [201, 400, 201]
    assert answers[1]["body"][0]["errorCode"] == "REQUIRED_FIELD_MISSING"
    assert count(org, "Account") == 2


async def test_with_all_or_none_a_failure_takes_back_all(org: LocalOrg, http: httpx2.AsyncClient) -> None:
    answers = await composite(http, account("one"), account("two", Site="no name"), account("three"), all_or_none=True)

    halted = {
        "errorCode": "PROCESSING_HALTED",
        "message": "The transaction was rolled back since another operation in the same transaction failed.",
    }
    assert [answer["httpStatusCode"] for answer in answers] == [400, 400, 400]
    assert answers[0]["body"] == answers[2]["body"] == [halted]
    assert answers[1]["body"][0]["errorCode"] == "REQUIRED_FIELD_MISSING"
    assert count(org, "Account") == 0


async def test_collections_and_queries_may_be_inside(http: httpx2.AsyncClient) -> None:
    records = [{"attributes": {"type": "Contact"}, "LastName": name} for name in ("A", "B")]
    answers = await composite(
        http,
        sub("made", "POST", "composite/sobjects", body={"records": records}),
        sub("gone", "DELETE", "sobjects/Contact/@{made[1].id}"),
        sub("left", "GET", "query/?q=SELECT+LastName+FROM+Contact"),
    )

    assert [answer["httpStatusCode"] for answer in answers] == [200, 204, 200]
    assert answers[1]["body"] is None
    assert [record["LastName"] for record in answers[2]["body"]["records"]] == ["A"]


async def test_a_reference_to_what_is_not_there_halts_that_call(http: httpx2.AsyncClient) -> None:
    answers = await composite(
        http,
        account(),
        sub("field", "GET", "sobjects/Account/@{account.nope}"),
        sub("index", "GET", "sobjects/Account/@{account[0].id}"),
        sub("unknown", "GET", "sobjects/Account/@{nobody.id}"),
    )

    assert [answer["httpStatusCode"] for answer in answers] == [201, 400, 400, 400]
    assert {answer["body"][0]["errorCode"] for answer in answers[1:]} == {"PROCESSING_HALTED"}
    assert "account.nope" in answers[1]["body"][0]["message"]


async def test_conditional_headers_go_with_their_call(http: httpx2.AsyncClient) -> None:
    first = await composite(http, sub("one", "GET", "sobjects/Account/describe"))
    headers = {"If-Modified-Since": first[0]["httpHeaders"]["Last-Modified"]}

    [again] = await composite(http, sub("one", "GET", "sobjects/Account/describe", httpHeaders=headers))

    assert (again["httpStatusCode"], again["body"]) == (304, None)
    assert again["httpHeaders"] == first[0]["httpHeaders"]


async def test_an_unknown_resource_is_not_found_in_its_place(http: httpx2.AsyncClient) -> None:
    answers = await composite(
        http,
        sub("one", "GET", "sobjects/Foo"),
        {"referenceId": "two", "method": "GET", "url": "/elsewhere"},
        sub("three", "BREW", "limits"),
        sub("four", "POST", "composite", body={"compositeRequest": []}),
        {"referenceId": "five", "method": "GET", "url": "/services/data/v20.0/limits"},
    )

    assert answers[0]["body"] == [{"errorCode": "NOT_FOUND", "message": "The requested resource does not exist"}]
    assert [answer["httpStatusCode"] for answer in answers] == [404, 400, 405, 400, 410]


@pytest.mark.parametrize(
    "requests",
    [
        [],
        [sub(f"r{number}", "GET", "limits") for number in range(26)],
        [sub(f"r{number}", "GET", "query?q=SELECT+Id+FROM+Contact") for number in range(6)],
        [sub("same", "GET", "limits")] * 2,
        [sub("not good", "GET", "limits")],
        [{"method": "GET", "url": f"{DATA}/limits"}],
        ["text"],
        None,
    ],
)
async def test_a_composite_that_breaks_the_limits_is_refused_before_anything_is_done(
    http: httpx2.AsyncClient, requests: object
) -> None:
    reply = await http.post(f"{DATA}/composite", json={"compositeRequest": requests})

    assert reply.status_code == 400


async def test_a_batch_answers_each_request_with_its_status(org: LocalOrg, http: httpx2.AsyncClient) -> None:
    requests = [
        {"method": "POST", "url": "v60.0/sobjects/Account", "richInput": {"Name": "A"}},
        {"method": "GET", "url": "/services/data/v60.0/limits"},
        {"method": "GET", "url": "v60.0/sobjects/Foo"},
        {"method": "GET", "url": "v60.0/limits"},
    ]

    free = (await http.post(f"{DATA}/composite/batch", json={"batchRequests": requests})).json()
    halting = (await http.post(f"{DATA}/composite/batch", json={"batchRequests": requests, "haltOnError": True})).json()

    assert (free["hasErrors"], [each["statusCode"] for each in free["results"]]) == (True, [201, 200, 404, 200])
    assert [each["statusCode"] for each in halting["results"]] == [201, 200, 404, 412]
    assert halting["results"][3]["result"][0]["errorCode"] == "BATCH_PROCESSING_HALTED"
    assert count(org, "Account") == 2


async def test_a_batch_without_errors_says_so(http: httpx2.AsyncClient) -> None:
    reply = await http.post(
        f"{DATA}/composite/batch", json={"batchRequests": [{"method": "GET", "url": "v57.0/limits"}]}
    )

    assert reply.json()["hasErrors"] is False
    assert reply.json()["results"][0]["result"]["DataStorageMB"]["Max"] == 5


async def test_graphs_are_named_as_missing(http: httpx2.AsyncClient) -> None:
    reply = await http.post(f"{DATA}/composite/graph", json={"graphs": []})

    assert reply.status_code == 501
    assert "not implemented by the local org" in reply.json()[0]["message"]
