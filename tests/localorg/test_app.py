"""What holds of every call: paths, sessions, headers, layouts, limits."""

import gzip
import json
from collections.abc import AsyncIterator

import httpx2
import pytest

from mcp_salesforce.localorg import LocalOrg
from tests.localorg.conftest import BASE_URL, Clock

DATA = "/services/data/v60.0"
EXPIRED = [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]


async def test_a_call_without_a_live_session_is_refused(org: LocalOrg, anonymous: httpx2.AsyncClient) -> None:
    token = org.credentials.access_token
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {token}"}):
        reply = await anonymous.get(f"{DATA}/limits", headers=headers)

        assert (reply.status_code, reply.json()) == (401, EXPIRED)
        assert "sforce-limit-info" not in reply.headers


async def test_both_names_of_the_scheme_are_taken(org: LocalOrg, anonymous: httpx2.AsyncClient) -> None:
    for scheme in ("Bearer", "OAuth", "bearer"):
        headers = {"Authorization": f"{scheme} {org.credentials.access_token}"}
        assert (await anonymous.get(f"{DATA}/limits", headers=headers)).status_code == 200


async def test_sessions_can_be_ended_from_outside(org: LocalOrg, http: httpx2.AsyncClient) -> None:
    assert (await http.get(f"{DATA}/limits")).status_code == 200

    org.expire_sessions()

    assert (await http.get(f"{DATA}/limits")).json() == EXPIRED


async def test_a_session_ends_two_hours_after_its_last_call(clock: Clock, http: httpx2.AsyncClient) -> None:
    for _ in range(3):
        clock.forward(minutes=119)
        assert (await http.get(f"{DATA}/limits")).status_code == 200
    clock.forward(minutes=121)

    assert (await http.get(f"{DATA}/limits")).json() == EXPIRED


async def test_every_data_call_says_how_many_calls_are_used(http: httpx2.AsyncClient) -> None:
    first = await http.get(f"{DATA}/limits")
    second = await http.get(f"{DATA}/sobjects/Contact/003000000000001AAA")
    versions = await http.get("/services/data")

    assert first.headers["Sforce-Limit-Info"] == "api-usage=1/15000"
    assert second.headers["Sforce-Limit-Info"] == "api-usage=2/15000"
    assert "Sforce-Limit-Info" not in versions.headers


async def test_replies_have_the_headers_of_a_real_org(http: httpx2.AsyncClient) -> None:
    headers = (await http.get(f"{DATA}/limits")).headers

    assert headers["content-type"] == "application/json;charset=UTF-8"
    assert headers["cache-control"] == "no-cache,must-revalidate,max-age=0,no-store,private"
    assert headers["x-sfdc-edge-cache"] == "none"
    assert headers["x-sfdc-request-id"] == headers["x-request-id"]
    assert len(headers["x-request-id"]) == 32


async def test_a_path_may_begin_with_two_slashes_and_end_with_one(http: httpx2.AsyncClient) -> None:
    reply = await http.get(f"{BASE_URL}//services//data/v60.0/limits/")

    assert reply.status_code == 200
    assert reply.headers["Sforce-Limit-Info"] == "api-usage=1/15000"
    assert reply.json()["DailyApiRequests"]["Max"] == 15000


@pytest.mark.parametrize("version", ["v31.0", "v60.0", "v66.0"])
async def test_listed_versions_are_served(http: httpx2.AsyncClient, version: str) -> None:
    assert (await http.get(f"/services/data/{version}/limits")).status_code == 200


@pytest.mark.parametrize(
    ("version", "status"), [("v30.0", 410), ("v7.0", 410), ("v1.0", 404), ("v67.0", 404), ("60.0", 404), ("v60", 404)]
)
async def test_other_versions_are_gone_or_never_were(http: httpx2.AsyncClient, version: str, status: int) -> None:
    assert (await http.get(f"/services/data/{version}/limits")).status_code == status


async def test_an_unknown_resource_is_not_found(http: httpx2.AsyncClient) -> None:
    reply = await http.get(f"{DATA}/nonsense")

    assert reply.status_code == 404
    assert reply.json() == [{"errorCode": "NOT_FOUND", "message": "The requested resource does not exist"}]


async def test_a_method_that_a_resource_does_not_take_names_those_it_takes(http: httpx2.AsyncClient) -> None:
    reply = await http.put(f"{DATA}/sobjects/Contact/003000000000001AAA", json={})

    assert reply.status_code == 405
    assert reply.json() == [
        {
            "errorCode": "METHOD_NOT_ALLOWED",
            "message": "HTTP Method 'PUT' not allowed. Allowed are HEAD,GET,PATCH,DELETE",
        }
    ]


async def test_head_answers_as_get_does_without_the_body(http: httpx2.AsyncClient) -> None:
    reply = await http.head(f"{DATA}/limits")

    assert (reply.status_code, reply.content) == (200, b"")
    assert reply.headers["content-type"] == "application/json;charset=UTF-8"


async def test_pretty_print_has_salesforces_layout(http: httpx2.AsyncClient) -> None:
    plain = await http.get("/services/data")
    pretty = await http.get("/services/data", headers={"X-PrettyPrint": "1"})
    empty = await http.get(f"{DATA}/limits/recordCount?sObjects=Nope", headers={"X-PrettyPrint": "true"})

    assert pretty.text.startswith('[ {\n  "label" : "Summer \'14",\n  "url" : "/services/data/v31.0",\n')
    assert pretty.text.endswith('"version" : "66.0"\n} ]')
    assert pretty.json() == plain.json()
    assert empty.text == '{\n  "sObjects" : [ ]\n}'


async def test_long_replies_are_gzipped_for_who_takes_it(http: httpx2.AsyncClient) -> None:
    zipped = await http.get("/services/data", headers={"Accept-Encoding": "gzip"})
    plain = await http.get("/services/data", headers={"Accept-Encoding": "identity"})

    assert zipped.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert zipped.json() == plain.json()
    assert int(zipped.headers["content-length"]) < len(plain.content) / 3


async def test_gzipped_bodies_are_read(http: httpx2.AsyncClient) -> None:
    body = gzip.compress(json.dumps({"LastName": "Finch"}).encode())
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}

    created = await http.post(f"{DATA}/sobjects/Contact", content=body, headers=headers)
    broken = await http.post(f"{DATA}/sobjects/Contact", content=body[:-12], headers=headers)
    no_gzip = await http.post(f"{DATA}/sobjects/Contact", content=b"{}", headers=headers)
    unknown = await http.post(f"{DATA}/sobjects/Contact", content=b"{}", headers=headers | {"Content-Encoding": "br"})

    assert [reply.status_code for reply in (created, broken, no_gzip, unknown)] == [201, 400, 400, 415]


async def test_a_gzip_bomb_is_refused(http: httpx2.AsyncClient) -> None:
    bomb = gzip.compress(b" " * 50_000_001)
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}

    reply = await http.post(f"{DATA}/sobjects/Contact", content=bomb, headers=headers)

    assert reply.status_code == 413


async def test_chunked_bodies_are_read(http: httpx2.AsyncClient) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for chunk in (b'{"Last', b'Name": ', b'"Finch"}'):
            yield chunk

    reply = await http.post(
        f"{DATA}/sobjects/Contact", content=chunks(), headers={"Content-Type": "application/json; charset=utf-8"}
    )

    assert reply.status_code == 201


async def test_a_body_of_another_type_is_unsupported_and_xml_is_named_as_missing(http: httpx2.AsyncClient) -> None:
    url = f"{DATA}/sobjects/Contact"

    text = await http.post(url, content="x", headers={"Content-Type": "text/plain"})
    xml = await http.post(url, content="<x/>", headers={"Content-Type": "application/xml"})
    xml_reply = await http.get(f"{DATA}/limits", headers={"Accept": "application/xml"})

    assert text.status_code == 415
    for reply in (xml, xml_reply):
        assert reply.status_code == 501
        assert "not implemented by the local org" in reply.json()[0]["message"]


async def test_too_long_uris_and_heads_are_refused(http: httpx2.AsyncClient) -> None:
    long_uri = await http.get(f"{DATA}/query?q={'x' * 16_384}")
    long_head = await http.get(f"{DATA}/limits", headers={"X-Long": "x" * 16_384})

    assert long_uri.status_code == 414
    assert long_head.status_code == 431
