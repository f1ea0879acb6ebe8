"""What is malformed has the error that the specifications name: of HTTP, of JSON-RPC and of both revisions of MCP."""

import copy
import json
from pathlib import Path
from typing import Any

import httpx2
import pytest

from mcp_salesforce.http.application import create_app
from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.salesforce import AsgiTransport
from tests.conftest import settings_of
from tests.http.served import ACCEPT, HEADERS, answer_in, modern, request_of, served

CALL = {"name": "salesforce_query", "arguments": {"soql": "SELECT Id FROM Contact LIMIT 1"}}
PING = json.dumps(request_of("ping")).encode()
PREFIX = "io.modelcontextprotocol/"
ONE: dict[str, Any] = {"jsonrpc": "2.0", "id": 1}
DEEP = b"[" * 5000 + b"]" * 5000
Cases = dict[str, tuple[dict[str, Any], int, int]]


def sent(body: object, **headers: str | None) -> dict[str, Any]:
    """A POST of a body, with headers changed, or left away where they are None."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    kept = {name: value for name, value in {**HEADERS, **named}.items() if value is not None}
    return {"content": body if isinstance(body, bytes) else json.dumps(body).encode(), "headers": kept}


def new(
    method: str = "tools/call",
    params: dict[str, Any] | None = None,
    name: str = "salesforce_query",
    **headers: str | None,
) -> dict[str, Any]:
    """A request of the present revision, with headers changed."""
    asked = modern(method, CALL if params is None else params, name)
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    kept = {key: value for key, value in {**asked["headers"], **named}.items() if value is not None}
    return {"json": asked["json"], "headers": kept}


def enveloped(**changes: object) -> dict[str, Any]:
    """A request of the present revision, with its envelope changed; None leaves a part away."""
    asked: dict[str, Any] = copy.deepcopy(new())
    meta = {**asked["json"]["params"]["_meta"], **{f"{PREFIX}{name}": value for name, value in changes.items()}}
    asked["json"]["params"]["_meta"] = {name: value for name, value in meta.items() if value is not None}
    return asked


def json_rpc() -> Cases:
    cases: Cases = {}
    value: object
    for value in ("1.0", "2", None, 2, ""):
        cases[f"version {value!r}"] = sent({"jsonrpc": value, "id": 1, "method": "ping"}), 400, -32600
    for value in (None, True, 1.5, [], {}):
        cases[f"id {value!r}"] = sent({"jsonrpc": "2.0", "id": value, "method": "ping"}), 400, -32600
    for value in (None, 4, [], {}, True):
        cases[f"method {value!r}"] = sent({**ONE, "method": value}), 400, -32600
    for value in ([], "a", 4, True):
        cases[f"params {value!r}"] = sent({**ONE, "method": "ping", "params": value}), 400, -32602
    bodies: dict[bytes, int] = {
        b"": -32700, b"  ": -32700, b"{": -32700, b"hello": -32700, PING + PING: -32700, b"\xef\xbb\xbf" + PING: -32700,
        PING.decode().encode("utf-16"): -32700, b'{"jsonrpc":"2.0","id":NaN,"method":"ping"}': -32700,
        b'{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":' + DEEP + b"}}": -32700,
        b'{"jsonrpc":"2.0","id":' + b"9" * 5000 + b',"method":"ping"}': -32700,
        b"null": -32600, b"1": -32600, b'"a"': -32600, b"true": -32600, b"[]": -32600, b"[" + PING + b"]": -32600,
        b'{"jsonrpc":"2.0","id":"\\ud83d","method":"ping"}': -32600, b'{"jsonrpc":"2.0","id":1}': -32600,
        b'{"jsonrpc":"2.0","result":{}}': -32600, b'{"jsonrpc":"2.0","id":1,"result":5}': -32600,
        b'{"jsonrpc":"2.0","method":"notifications/initialized","params":[]}': -32602,
    }  # fmt: skip
    return cases | {f"body {body[:60]!r}": (sent(body), 400, code) for body, code in bodies.items()}


def http_level() -> Cases:
    types = (None, "", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/jsonl")
    takes = ("", "text/html", "application/json", "text/event-stream", "image/*")
    return {
        **{f"type {kind!r}": (sent(PING, Content_Type=kind), 415, -32600) for kind in types},
        **{f"accept {kind!r}": (sent(PING, Accept=kind), 406, -32600) for kind in takes},
        "new accept": (new(Accept="application/json"), 406, -32600),
        "encoding": (sent(PING, Content_Encoding="br"), 415, -32600),
        "length": (sent(b" " * (4 * 2**20) + PING), 413, -32600),
        "host": (sent(PING, Host="evil.example"), 421, -32600),
        "origin": (sent(PING, Origin="https://evil.example"), 403, -32600),
    }


def older_revision() -> Cases:
    def asked(method: str, **params: object) -> dict[str, Any]:
        return sent({**ONE, "method": method, "params": params})

    return {
        **{f"method {name!r}": (asked(name), 200, -32601) for name in ("nonsense", "tools/cal", "", "pi\0ng")},
        "no params": (sent({**ONE, "method": "initialize"}), 200, -32602),
        "revision": (asked("initialize", protocolVersion=1), 200, -32602),
        "no tool": (asked("tools/call"), 200, -32602),
        "tool 1": (asked("tools/call", name=1), 200, -32602),
        "arguments": (asked("tools/call", name="salesforce_query", arguments=[]), 200, -32602),
        "prompt": (asked("prompts/get", name="nope"), 200, -32602),
        "resource": (asked("resources/read", uri="salesforce://nope/1"), 200, -32602),
        "no resource": (asked("resources/read"), 200, -32602),
        "no address": (asked("resources/read", uri="no address"), 200, -32602),
        "completion": (asked("completion/complete"), 200, -32602),
        "cursor": (asked("tools/list", cursor=5), 200, -32602),
        "meta": (asked("tools/list", _meta=5), 200, -32602),
        "progress": (asked("tools/list", _meta={"progressToken": {}}), 200, -32602),
        "header": (sent(PING, MCP_Protocol_Version="1999-01-01"), 400, -32602),
        "no envelope": (sent(PING, MCP_Protocol_Version="2026-07-28"), 400, -32602),
    }


def present_revision() -> Cases:
    return {
        "no method": (new(Mcp_Method=None), 400, -32020),
        "another method": (new(Mcp_Method="tools/list"), 400, -32020),
        "no name": (new(Mcp_Name=None), 400, -32020),
        "another name": (new(Mcp_Name="salesforce_whoami"), 400, -32020),
        "base64": (new(Mcp_Name="=?base64?!!?="), 400, -32020),
        "no revision": (new(MCP_Protocol_Version=None), 400, -32020),
        "older revision": (new(MCP_Protocol_Version="2025-11-25"), 400, -32020),
        "unknown revision": (new(MCP_Protocol_Version="2031-01-01"), 400, -32020),
        "envelope's revision": (enveloped(protocolVersion=5), 400, -32020),
        "no revision in it": (enveloped(protocolVersion=None), 400, -32602),
        "no capabilities": (enveloped(clientCapabilities=None), 400, -32602),
        "capabilities": (enveloped(clientCapabilities=5), 400, -32602),
        "client": (enveloped(clientInfo=5), 400, -32602),
        "ping": (new("ping", {}, ""), 404, -32601),
        "initialize": (new("initialize", {}, ""), 404, -32601),
        "unknown method": (new("nonsense", {}, ""), 404, -32601),
        "arguments": (new(params={"name": "salesforce_query", "arguments": []}), 400, -32602),
        "prompt": (new("prompts/get", {"name": "nope"}, "nope"), 400, -32602),
        "resource": (new("resources/read", {"uri": "salesforce://nope/1"}, "salesforce://nope/1"), 400, -32602),
        "forged state": (new(params={**CALL, "requestState": "forged"}), 400, -32602),
        "answers": (new(params={**CALL, "inputResponses": 5}), 400, -32602),
        "stream": (new("subscriptions/listen", {}, ""), 400, -32602),
    }


@pytest.mark.parametrize("kind", [json_rpc, http_level, older_revision, present_revision])
async def test_each_has_its_error_and_none_is_ours(
    org: LocalOrg, http: httpx2.AsyncClient, tmp_path: Path, kind: Any
) -> None:
    cases: Cases = kind()
    settings = settings_of(org, journal=str(tmp_path / "journal.db"))
    async with served(create_app(settings, transport=AsgiTransport(org.app))) as url:
        answers = {name: await http.post(url, **asked) for name, (asked, _, _) in cases.items()}
        well = await http.post(url, content=PING, headers={**HEADERS, "Accept": ACCEPT})

    found = {name: (answer.status_code, answer_in(answer)["error"]["code"]) for name, answer in answers.items()}
    assert found == {name: (status, code) for name, (_, status, code) in cases.items()}
    assert well.status_code == 200
