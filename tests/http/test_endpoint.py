"""Streamable HTTP in both revisions, for one person on this machine."""

import json
from typing import Any

import httpx2
import pytest
from mcp import Client
from starlette.datastructures import Headers

from mcp_salesforce.http.edge import Edge
from mcp_salesforce.http.refusals import RefusedError
from tests.approving import approve
from tests.conftest import ERAS
from tests.http.served import HEADERS, answer_in, modern, request_of
from tests.tools.calls import error_in, text_of

LIST = {"name": "salesforce_list_contacts", "arguments": {"limit": 2}}


async def called(http: httpx2.AsyncClient, url: str, tool: str, arguments: dict[str, Any], **more: Any) -> Any:
    params = {"name": tool, "arguments": arguments}
    response = await http.post(url, json=request_of("tools/call", params), **{"headers": HEADERS, **more})
    return answer_in(response)["result"]


@pytest.mark.parametrize("mode", ERAS)
async def test_a_client_lists_calls_and_follows_a_cursor(url: str, mode: str) -> None:
    async with Client(url, mode=mode) as client:
        tools = await client.list_tools()
        first = await client.call_tool("salesforce_list_contacts", {"limit": 2})
        cursor = first.structured_content["next_cursor"]
        second = await client.call_tool("salesforce_list_contacts", {"limit": 2, "cursor": cursor})

    assert "salesforce_log_activity" in {tool.name for tool in tools.tools}
    assert len({row[0] for page in (first, second) for row in page.structured_content["rows"]}) == 4


@pytest.mark.parametrize("mode", ERAS)
async def test_a_client_reads_a_prompt_and_a_resource_and_completes(url: str, mode: str) -> None:
    async with Client(url, mode=mode) as client:
        prompts = await client.list_prompts()
        schema = await client.read_resource("salesforce://schema/Contact")

    assert prompts.prompts
    assert "LastName" in str(schema.contents[0])


async def test_the_user_is_asked_in_the_present_revision(url: str) -> None:
    async with Client(url, elicitation_callback=approve) as client:
        made = [await client.call_tool("salesforce_create_contact", {"data": {"LastName": n}}) for n in ("A", "B")]
        ids = [each.structured_content["Id"] for each in made]
        deleted = await client.call_tool("salesforce_delete_records", {"sobject": "Contact", "record_ids": ids})

    assert deleted.structured_content["succeeded"] == 2


async def test_a_host_of_the_older_revision_is_told_how_to_approve_otherwise(url: str) -> None:
    async with Client(url, mode="legacy", elicitation_callback=approve) as client:
        made = [await client.call_tool("salesforce_create_contact", {"data": {"LastName": n}}) for n in ("A", "B")]
        ids = [each.structured_content["Id"] for each in made]
        refused = await client.call_tool("salesforce_delete_records", {"sobject": "Contact", "record_ids": ids})

    error = error_in(text_of(refused.content))
    assert error["code"] == "APPROVAL_UNAVAILABLE"
    assert "mcp-salesforce approve" in error["hint"]


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE", "PUT", "PATCH", "OPTIONS"])
async def test_only_post_is_served_and_no_page_of_another_origin_is_let_in(
    http: httpx2.AsyncClient, url: str, method: str
) -> None:
    response = await http.request(method, url)

    assert response.status_code == 405
    assert response.headers["allow"] == "POST"
    assert not [name for name in response.headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "localhost:1"}, 200),
        ({"Host": "[::1]"}, 200),
        ({"Host": "LOCALHOST."}, 200),
        ({"Host": "evil.example"}, 421),
        ({"Host": "127.0.0.1.evil.example"}, 421),
        ({"Host": "localhost@evil.example"}, 421),
        ({"Host": "localhost:x"}, 421),
        ({"Host": ""}, 421),
        ({"Origin": "http://localhost:6274"}, 200),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "http://localhost.evil.example"}, 403),
        ({"Origin": "null"}, 403),
    ],
)
async def test_names_of_other_servers_are_refused(
    http: httpx2.AsyncClient, url: str, headers: dict[str, str], status: int
) -> None:
    response = await http.post(url, json=request_of("ping"), headers={**HEADERS, **headers})

    assert response.status_code == status
    if status != 200:
        assert answer_in(response)["error"]["message"]


def test_a_request_that_names_two_servers_is_refused() -> None:
    names = Headers(raw=[(b"host", b"localhost"), (b"host", b"evil.example")])
    with pytest.raises(RefusedError):
        Edge.of().check_host(names, "http")


@pytest.mark.parametrize("escape", ["\\ud83d", "\\uDC00x", "a\\uD800\\u0041"])
async def test_half_a_character_becomes_a_whole_one(http: httpx2.AsyncClient, url: str, escape: str) -> None:
    params = f'{{"name":"salesforce_create_contact","arguments":{{"data":{{"LastName":"{escape}"}}}}}}'
    body = f'{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{params}}}'
    response = await http.post(url, content=body, headers=HEADERS)

    result = answer_in(response)["result"]
    contact_id = result["structuredContent"]["Id"]
    read = await called(http, url, "salesforce_get_contact", {"contact_id": contact_id})
    assert "\ufffd" in read["structuredContent"]["LastName"]


@pytest.mark.parametrize(
    ("body", "headers", "status", "code"),
    [
        (b"", {}, 400, -32700),
        (b"{", {}, 400, -32700),
        (b"[" * 3000, {}, 400, -32700),
        (b'{"a":NaN}', {}, 400, -32700),
        (b"[]", {}, 400, -32600),
        (b'[{"jsonrpc":"2.0","id":1,"method":"ping"}]', {}, 400, -32600),
        (b"17", {}, 400, -32600),
        (b'{"jsonrpc":"1.0","id":1,"method":"ping"}', {}, 400, -32600),
        (b'{"jsonrpc":"2.0","id":null,"method":"ping"}', {}, 400, -32600),
        (b'{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}', {}, 400, -32602),
        (b"{}", {"Content-Type": "text/plain"}, 415, -32600),
        (b"{}", {"Content-Type": "application/jsonp"}, 415, -32600),
        (b"{}", {"Content-Encoding": "gzip"}, 415, -32600),
        (b"x" * (4 * 2**20 + 1), {}, 413, -32600),
    ],
)
async def test_what_is_no_message_is_refused_with_the_code_of_json_rpc(
    http: httpx2.AsyncClient, url: str, body: bytes, headers: dict[str, str], status: int, code: int
) -> None:
    response = await http.post(url, content=body, headers={**HEADERS, **headers})

    assert (response.status_code, response.json()["error"]["code"]) == (status, code)
    assert response.json()["jsonrpc"] == "2.0"


async def test_a_body_of_unknown_length_is_bounded_too(http: httpx2.AsyncClient, url: str) -> None:
    async def pieces() -> Any:
        for _ in range(50):
            yield b" " * 100_000

    response = await http.post(url, content=pieces(), headers=HEADERS)

    assert response.status_code == 413


async def test_the_id_of_a_refused_request_is_named(http: httpx2.AsyncClient, url: str) -> None:
    response = await http.post(url, content=b'{"jsonrpc":"1.0","id":"seven","method":"ping"}', headers=HEADERS)

    assert response.json()["id"] == "seven"


@pytest.mark.parametrize("way", ["headers", "params"])
async def test_a_client_can_have_less(http: httpx2.AsyncClient, url: str, way: str) -> None:
    names = {"headers": ("X-MCP-Readonly", "X-MCP-Toolsets"), "params": ("readonly", "toolsets")}[way]
    asked = dict(zip(names, ("true", "contacts,query,files"), strict=True))
    more: dict[str, Any] = (
        {"headers": {**HEADERS, **asked}} if way == "headers" else {"params": asked, "headers": HEADERS}
    )

    listed = answer_in(await http.post(url, json=request_of("tools/list"), **more))["result"]["tools"]
    refused = await called(http, url, "salesforce_create_contact", {"data": {"LastName": "A"}}, **more)
    absent = await called(http, url, "salesforce_list_export_jobs", {}, **more)

    assert {tool["name"] for tool in listed} == {
        "salesforce_get_contact",
        "salesforce_list_contacts",
        "salesforce_query",
        "salesforce_search",
    }
    assert error_in(refused["content"][0]["text"])["code"] == "NOT_ALLOWED"
    assert absent["isError"]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"readonly": "perhaps"}, "true or false"),
        ({"toolsets": "contact"}, "contacts"),
        ({"toolsets": "files"}, "no toolset that this server offers"),
    ],
)
async def test_a_wish_that_cannot_be_met_is_refused(
    http: httpx2.AsyncClient, url: str, asked: dict[str, str], words: str
) -> None:
    response = await http.post(url, json=request_of("tools/list"), params=asked, headers=HEADERS)

    assert response.status_code == 400
    assert words in response.json()["error"]["message"]


async def test_a_wish_for_more_changes_nothing(http: httpx2.AsyncClient, url: str) -> None:
    plain = await http.post(url, **modern("tools/list"))
    more = await http.post(url, params={"readonly": "false", "toolsets": "all"}, **modern("tools/list"))

    assert json.dumps(answer_in(more)["result"]) == json.dumps(answer_in(plain)["result"])


async def test_an_unknown_revision_is_refused_with_those_that_there_are(http: httpx2.AsyncClient, url: str) -> None:
    asked = modern("tools/list", revision="2031-01-01")
    response = await http.post(url, **asked)

    assert response.status_code == 400
    assert "2026-07-28" in json.dumps(response.json()["error"])


async def test_who_takes_no_stream_is_told_so(http: httpx2.AsyncClient, url: str) -> None:
    response = await http.post(url, json=request_of("ping"), headers={**HEADERS, "Accept": "text/html"})

    assert response.status_code == 406
