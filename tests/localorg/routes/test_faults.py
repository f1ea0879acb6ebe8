"""Failures on demand."""

import http.client
from urllib.parse import urlsplit

import httpx2
import orjson
import pytest

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.localorg.listener import listening
from mcp_salesforce.localorg.services.faults import Fault, Kind

LIMITS = "/services/data/v60.0/limits"
CONTACTS = "/services/data/v60.0/sobjects/Contact"
CONTROL = "/_local/faults"


def contacts(org: LocalOrg) -> int:
    return int(org.queries.query("SELECT count() FROM Contact", org.user_id)["totalSize"])


async def test_a_fault_strikes_as_many_calls_as_it_says_and_only_those_it_matches(
    org: LocalOrg, http: httpx2.AsyncClient
) -> None:
    org.faults.add(Fault("unavailable", method="GET", path="*/limits", count=2))

    statuses = [(await http.get(path)).status_code for path in ("/services/data", LIMITS, LIMITS, LIMITS)]

    assert statuses == [200, 503, 503, 200]


async def test_a_fault_without_a_count_strikes_until_it_is_cleared(org: LocalOrg, http: httpx2.AsyncClient) -> None:
    org.faults.add(Fault("unavailable", count=None))

    assert {(await http.get(LIMITS)).status_code for _ in range(5)} == {503}
    org.faults.clear()
    assert (await http.get(LIMITS)).status_code == 200


async def test_an_expired_session_stays_expired_until_a_refresh(org: LocalOrg, http: httpx2.AsyncClient) -> None:
    org.faults.add(Fault("expired_session"))

    replies = [await http.get(LIMITS) for _ in range(2)]

    assert [reply.status_code for reply in replies] == [401, 401]
    assert replies[0].json()[0]["errorCode"] == "INVALID_SESSION_ID"


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [("request_limit", 403, "REQUEST_LIMIT_EXCEEDED"), ("lock_row", 400, "UNABLE_TO_LOCK_ROW")],
)
async def test_errors_of_the_api_come_in_its_form_and_nothing_is_done(
    org: LocalOrg, http: httpx2.AsyncClient, kind: Kind, status: int, code: str
) -> None:
    org.faults.add(Fault(kind))

    reply = await http.post(CONTACTS, json={"LastName": "Finch"})

    assert (reply.status_code, reply.json()[0]["errorCode"], contacts(org)) == (status, code, 0)


async def test_latency_does_the_work_all_the_same(org: LocalOrg, http: httpx2.AsyncClient) -> None:
    org.faults.add(Fault("latency", delay_s=0.001))

    assert (await http.post(CONTACTS, json={"LastName": "Finch"})).status_code == 201
    assert (org.faults.pending, contacts(org)) == ([], 1)


async def test_unavailable_is_an_html_page(org: LocalOrg, http: httpx2.AsyncClient) -> None:
    org.faults.add(Fault("unavailable"))

    reply = await http.get(LIMITS)

    assert reply.headers["content-type"] == "text/html;charset=UTF-8"
    assert reply.text.startswith("<!DOCTYPE html>")


async def test_truncated_json_is_a_whole_reply_that_does_not_parse(org: LocalOrg, http: httpx2.AsyncClient) -> None:
    org.faults.add(Fault("truncated"))

    reply = await http.get(LIMITS)

    assert (reply.status_code, reply.headers["content-type"]) == (200, "application/json;charset=UTF-8")
    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads(reply.content)


@pytest.mark.parametrize(("kind", "made"), [("reset_before", 0), ("hang", 0), ("reset_after", 1)])
def test_the_connection_breaks_before_or_after_the_work_is_done(org: LocalOrg, kind: Kind, made: int) -> None:
    org.faults.add(Fault(kind))
    headers = {"Authorization": f"Bearer {org.credentials.access_token}", "Content-Type": "application/json"}
    with listening(org.app) as address:
        connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=120)
        connection.request("POST", CONTACTS, b'{"LastName": "Finch"}', headers)
        with pytest.raises(ConnectionResetError):
            connection.getresponse()
        connection.close()

    assert contacts(org) == made


async def test_faults_can_be_controlled_over_http_where_that_is_allowed(
    org: LocalOrg, anonymous: httpx2.AsyncClient
) -> None:
    fault = {"kind": "unavailable", "path": "*/limits", "count": 3, "delay_s": 0.0}
    assert (await anonymous.post(CONTROL, json=fault)).status_code == 404
    org.faults.is_controllable = True

    added = await anonymous.post(CONTROL, json=fault)
    struck = await anonymous.get(LIMITS)
    listed = await anonymous.get(CONTROL)
    cleared = await anonymous.delete(CONTROL)

    assert (added.status_code, struck.status_code, cleared.status_code) == (201, 503, 204)
    assert listed.json() == [{**fault, "method": "*", "count": 2}]
    assert org.faults.pending == []


async def test_a_fault_for_every_call_leaves_the_control_endpoint_alone(
    org: LocalOrg, anonymous: httpx2.AsyncClient
) -> None:
    org.faults.is_controllable = True
    org.faults.add(Fault("unavailable", count=None))

    assert (await anonymous.delete(CONTROL)).status_code == 204


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({"kind": "magic"}, "kind: "),
        ({}, "kind: "),
        ({"kind": "latency", "count": 0}, "count"),
        ({"kind": "latency", "delay_s": -1}, "delay_s: "),
        ({"kind": "latency", "speed": 1}, "speed: "),
    ],
)
async def test_a_fault_that_makes_no_sense_is_refused_by_name(
    org: LocalOrg, anonymous: httpx2.AsyncClient, body: dict[str, object], problem: str
) -> None:
    org.faults.is_controllable = True

    reply = await anonymous.post(CONTROL, json=body)

    assert reply.status_code == 400
    assert problem in reply.json()[0]["message"]
    assert org.faults.pending == []


async def test_a_web_page_cannot_control_faults(org: LocalOrg, anonymous: httpx2.AsyncClient) -> None:
    org.faults.is_controllable = True
    body = '{"kind": "unavailable"}'

    form = await anonymous.post(CONTROL, content=body, headers={"Content-Type": "text/plain"})
    rebound = await anonymous.post(CONTROL, json={"kind": "unavailable"}, headers={"Host": "evil.example.com"})

    assert (form.status_code, rebound.status_code) == (415, 404)
    assert org.faults.pending == []
