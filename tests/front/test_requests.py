"""What the front recognises it answers as the server does, byte for byte."""

import asyncio
import json
from functools import cache
from typing import Any

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from mcp_salesforce.front import snapshots
from mcp_salesforce.front.requests import HANDSHAKE_REVISIONS, LISTS, METHODS, REVISION, answered, parsed, recognised
from mcp_salesforce.server import create_server
from mcp_salesforce.surface.first_answers import answers_of
from tests.docs.answers import SETTINGS
from tests.front.served import answers_to

PREFIX = "io.modelcontextprotocol/"
CLIENT = {"name": "a host", "version": "1.0"}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
OBJECT = st.dictionaries(st.text(max_size=3), JSON, max_size=2)
IDS = st.one_of(
    st.integers(-5, 5), st.integers(), st.text(), st.floats(allow_nan=False), st.none(), st.booleans(), JSON
)


def odd(usual: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Nearly always the usual value, else any."""
    return st.integers(0, 30).flatmap(lambda number: usual if number else JSON)


def members(**known: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """An object with some of the members, and seldom one more."""
    some = st.fixed_dictionaries({}, optional={name.replace("__", "/"): odd(value) for name, value in known.items()})
    return st.tuples(some, odd(st.just({}))).map(
        lambda both: {**both[0], **(both[1] if isinstance(both[1], dict) else {})}
    )


CAPABILITIES = members(
    roots=members(listChanged=st.booleans()),
    sampling=members(context=OBJECT, tools=OBJECT),
    elicitation=members(form=OBJECT, url=OBJECT),
    experimental=st.dictionaries(st.text(max_size=3), OBJECT, max_size=1),
    extensions=st.dictionaries(st.text(max_size=3), OBJECT, max_size=1),
    tasks=OBJECT,
)
ICON = st.fixed_dictionaries(
    {"src": odd(st.just("https://a/b.png"))},
    optional={"mimeType": odd(st.just("image/png")), "sizes": odd(st.just(["any"]))},
)
INFO = st.tuples(
    st.fixed_dictionaries({"name": odd(st.text(max_size=5)), "version": odd(st.just("1"))}),
    members(
        title=st.text(max_size=3),
        description=st.text(max_size=3),
        websiteUrl=st.just("https://a"),
        icons=st.lists(ICON, max_size=1),
    ),
).map(lambda both: {**both[1], **both[0]})
HANDSHAKE = st.tuples(
    st.fixed_dictionaries(
        {
            "protocolVersion": odd(st.sampled_from([*HANDSHAKE_REVISIONS, REVISION, "2099-01-01"])),
            "capabilities": odd(CAPABILITIES),
            "clientInfo": odd(INFO),
        }
    ),
    members(_meta=members(progressToken=st.integers() | st.text(max_size=3))),
).map(lambda both: {**both[1], **both[0]})
ENVELOPE = st.tuples(
    st.fixed_dictionaries(
        {f"{PREFIX}protocolVersion": odd(st.just(REVISION)), f"{PREFIX}clientCapabilities": odd(CAPABILITIES)},
        optional={f"{PREFIX}clientInfo": odd(INFO)},
    ),
    members(
        progressToken=st.integers() | st.text(max_size=3),
        traceparent=st.just("00-" + "a" * 32 + "-" + "b" * 16 + "-01"),
        baggage=st.just("a=b"),
    ),
).map(lambda both: {"_meta": {**both[1], **both[0]}})
PARAMS = st.one_of(ENVELOPE, st.none(), members(_meta=members(progressToken=st.integers()), cursor=st.text(max_size=3)))
ASKED = st.sampled_from([*LISTS, "server/discover", "ping", "initialize", "tools/call", "logging/setLevel"])
REQUESTS = st.one_of(
    st.fixed_dictionaries(
        {"jsonrpc": odd(st.just("2.0")), "id": IDS, "method": ASKED}, optional={"params": odd(PARAMS)}
    ),
    st.fixed_dictionaries(
        {"jsonrpc": st.just("2.0"), "id": IDS, "method": st.just("initialize"), "params": odd(HANDSHAKE)}
    ),
)


@cache
def the_server() -> tuple[Any, snapshots.Answers]:
    server = create_server(SETTINGS)
    return server, asyncio.run(answers_of(server))


@given(opening=st.sampled_from(["", *HANDSHAKE_REVISIONS]), message=REQUESTS)
def test_what_is_recognised_is_answered_as_the_server_answers_it(opening: str, message: dict[str, Any]) -> None:
    server, answers = the_server()
    line = json.dumps(message).encode()
    request = recognised(parsed(line), opening)
    event(f"recognised: {request.method if request else None}")
    if request is None:
        return
    params = {"protocolVersion": opening, "capabilities": {}, "clientInfo": CLIENT}
    before = [json.dumps({"jsonrpc": "2.0", "id": "first", "method": "initialize", "params": params}).encode()]
    lines = [*(before if opening else []), line]

    written = asyncio.run(answers_to(server, lines, answered=len(lines) - 1))

    assert written == [answered(request, answers[request.revision, request.method])]


@pytest.mark.parametrize("revision", METHODS)
def test_the_requests_with_which_hosts_begin_are_recognised(revision: str) -> None:
    envelope = {
        "_meta": {
            f"{PREFIX}protocolVersion": revision,
            f"{PREFIX}clientInfo": CLIENT,
            f"{PREFIX}clientCapabilities": {},
            "progressToken": 1,
        }
    }
    handshake = {
        "protocolVersion": revision,
        "capabilities": {
            "elicitation": {"form": {"applyDefaults": True}},
            "roots": {"listChanged": True},
            "sampling": {},
            "extensions": {"io.modelcontextprotocol/ui": {"mimeTypes": ["text/html"]}},
        },
        "clientInfo": {**CLIENT, "title": "A host", "websiteUrl": "https://example.com"},
    }
    for method in METHODS[revision]:
        params = (
            handshake
            if method == "initialize"
            else envelope
            if revision == REVISION
            else {"_meta": {"progressToken": 1}}
        )
        request = recognised({"jsonrpc": "2.0", "id": "a", "method": method, "params": params}, revision)
        assert request is not None
        assert (request.request_id, request.revision, request.method) == ('"a"', revision, method)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{",
        b"[]",
        b'{"jsonrpc":"2.0","id":1,"method":"tools/list"} x',
        b'{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"cursor":"a"}}',
        b'{"jsonrpc":"2.0","id":1.5,"method":"tools/list"}',
        b'{"jsonrpc":"2.0","id":true,"method":"tools/list"}',
        b'{"jsonrpc":"2.0","id":"\\ud800","method":"tools/list"}',
        b'{"jsonrpc":"2.0","id":"\xff","method":"tools/list"}',
        b'{"id":1,"method":"tools/list"}',
        b'{"jsonrpc":"2.0","id":1,"method":"tools/list","params":[]}',
        b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{}}',
        b'{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":' + b"[" * 5000 + b"]" * 5000 + b"}}",
        b'{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{"progressToken":"' + b"a" * 40_000 + b'"}}}',
    ],
)
def test_anything_else_is_left_to_the_server(line: bytes) -> None:
    assert recognised(parsed(line), HANDSHAKE_REVISIONS[-1]) is None


def test_no_list_is_answered_before_a_session_that_it_belongs_to() -> None:
    assert recognised({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}, "") is None
