"""Describes over HTTP."""

import httpx2
import pytest

from mcp_salesforce.localorg import LocalOrg

DATA = "/services/data/v60.0"


async def test_describe_global_names_every_object_with_its_urls(org: LocalOrg, http: httpx2.AsyncClient) -> None:
    known = (await http.get(f"{DATA}/sobjects")).json()

    contact = next(each for each in known["sobjects"] if each["name"] == "Contact")
    assert {each["name"] for each in known["sobjects"]} == {each.name for each in org.schema}
    assert contact["keyPrefix"] == "003"
    assert contact["urls"]["describe"] == f"{DATA}/sobjects/Contact/describe"


async def test_describe_ignores_case_and_lists_the_fields(http: httpx2.AsyncClient) -> None:
    described = (await http.get(f"{DATA}/sobjects/contact/describe/")).json()

    assert described["name"] == "Contact"
    assert {"LastName", "Email", "AccountId"} <= {field["name"] for field in described["fields"]}


async def test_basic_info_has_the_object_and_its_recent_records(http: httpx2.AsyncClient) -> None:
    info = (await http.get(f"{DATA}/sobjects/Contact")).json()

    assert info["objectDescribe"]["name"] == "Contact"
    assert info["recentItems"] == []


async def test_describes_that_did_not_change_answer_304(http: httpx2.AsyncClient) -> None:
    for path in ("sobjects", "sobjects/Contact/describe"):
        first = await http.get(f"{DATA}/{path}", headers={"Accept-Encoding": "identity"})
        same_date = {"If-Modified-Since": first.headers["Last-Modified"]}
        same_tag = {"If-None-Match": first.headers["ETag"].removesuffix('"') + '--gzip"'}

        for headers in (same_date, same_tag):
            again = await http.get(f"{DATA}/{path}", headers=headers)
            assert (again.status_code, again.content) == (304, b"")
            assert again.headers["ETag"] == first.headers["ETag"]
        for headers in ({"If-Modified-Since": "Sat, 1 Jan 2000 00:00:01 GMT"}, {"If-None-Match": '"other"'}):
            assert (await http.get(f"{DATA}/{path}", headers=headers)).status_code == 200


async def test_every_describe_has_the_same_stamp(http: httpx2.AsyncClient) -> None:
    headers = {"Accept-Encoding": "identity"}
    replies = [await http.get(f"{DATA}/{path}", headers=headers) for path in ("sobjects", "sobjects/Contact/describe")]

    assert len({(reply.headers["ETag"], reply.headers["Last-Modified"]) for reply in replies}) == 1


async def test_the_ui_api_gives_the_values_of_picklists(http: httpx2.AsyncClient) -> None:
    url = f"{DATA}/ui-api/object-info/Account/picklist-values/012000000000000AAA"
    several, one = (await http.get(url)).json(), (await http.get(f"{url}/Rating")).json()

    assert several["picklistFieldValues"]["Rating"] == one
    assert (one["url"], one["controllerValues"]) == (f"{url}/Rating", {})
    assert one["values"][0] == {"attributes": None, "label": "Hot", "validFor": [], "value": "Hot"}


@pytest.mark.parametrize("of", ["Account/picklist-values/012000000000009AAA/Rating", "Nought/picklist-values/x/y"])
async def test_the_ui_api_knows_no_other_record_types_and_objects(http: httpx2.AsyncClient, of: str) -> None:
    assert (await http.get(f"{DATA}/ui-api/object-info/{of}")).status_code == 404
