"""What the local org does not do, it says."""

import httpx2
import pytest

from mcp_salesforce.localorg.routes.versions import RESOURCES

DATA = "/services/data/v60.0"


@pytest.mark.parametrize(
    "path",
    [
        f"{DATA}/chatter/feeds",
        f"{DATA}/ui-api/object-info/Contact",
        f"{DATA}/jobs/other",
        f"{DATA}/sobjects/Contact/describe/layouts",
        f"{DATA}/sobjects/Contact/listviews",
        f"{DATA}/sobjects/User/005000000000001AAA/password",
        "/services/oauth2/singleaccess",
        "/secur/frontdoor.jsp?sid=1",
        "/services/apexrest/mine",
        "/services/async/60.0/job",
    ],
)
async def test_a_resource_of_salesforce_that_is_missing_says_so_by_name(http: httpx2.AsyncClient, path: str) -> None:
    for method in ("GET", "POST", "DELETE"):
        reply = await http.request(method, path, json={})

        assert reply.status_code == 501
        assert reply.json()[0]["errorCode"] == "NOT_IMPLEMENTED"
        assert "not implemented by the local org" in reply.json()[0]["message"]


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
async def test_a_write_through_a_relationship_says_that_it_is_missing(http: httpx2.AsyncClient, method: str) -> None:
    reply = await http.request(method, f"{DATA}/sobjects/Contact/003000000000001AAA/Account", json={"Name": "B"})

    assert (reply.status_code, reply.json()[0]["errorCode"]) == (501, "NOT_IMPLEMENTED")


@pytest.mark.parametrize(
    "path", ["/services/async/60.0/job", "/services/oauth2/singleaccess", "/services/apexrest/mine", "/services/Soap/x"]
)
async def test_what_carries_its_session_elsewhere_is_not_sent_to_log_in(
    anonymous: httpx2.AsyncClient, path: str
) -> None:
    assert (await anonymous.post(path, headers={"X-SFDC-Session": "00D!x"}, json={})).status_code == 501


async def test_a_missing_resource_needs_a_session_too(anonymous: httpx2.AsyncClient) -> None:
    assert (await anonymous.get(f"{DATA}/chatter")).status_code == 401


async def test_every_resource_of_a_version_is_served_or_named_as_missing(http: httpx2.AsyncClient) -> None:
    listed = (await http.get(DATA)).json()

    assert set(listed) == set(RESOURCES)
    for url in listed.values():
        assert (await http.get(url)).status_code != 404, url
