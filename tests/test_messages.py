"""Whatever arrives on stdin is answered: with its id where it has one, else by a line in the log."""

import asyncio
import json
import logging
import os
import subprocess
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from mcp_types import JSONRPCNotification, JSONRPCRequest, JSONRPCResponse
from mcp_types.jsonrpc import PARSE_ERROR

from mcp_salesforce.messages import RefusedLine, messages_of, too_long
from mcp_salesforce.server import create_server
from mcp_salesforce.stdio.input import LONGEST_LINE
from tests.cli.processes import END_S
from tests.docs.answers import SETTINGS
from tests.front.served import answers_to
from tests.front.test_start import HANDSHAKE, as_lines, asked
from tests.test_server import ENVIRONMENT, MODULE
from tests.warm import warm

OPENING = json.dumps(asked("first", "initialize", HANDSHAKE)).encode()
HALF = "\ud83d"
DEEP = b"[" * 3000 + b"]" * 3000
KINDS: dict[str, tuple[bytes, Any, int]] = {
    "half a character": (b'{"jsonrpc":"2.0","id":"\\ud83d","method":"ping"}', HALF, -32600),
    "no version": (b'{"id":2,"method":"ping"}', 2, -32600),
    "another version": (b'{"jsonrpc":"1.0","id":"b","method":"ping"}', "b", -32600),
    "a list of parameters": (b'{"jsonrpc":"2.0","id":3,"method":"ping","params":[1]}', 3, -32602),
    "a text of parameters": (b'{"jsonrpc":"2.0","id":3,"method":"ping","params":"a"}', 3, -32602),
    "a fractional id": (b'{"jsonrpc":"2.0","id":1.5,"method":"ping"}', 1.5, -32600),
    "a whole id as a fraction": (b'{"jsonrpc":"2.0","id":1.0,"method":"ping"}', 1.0, -32600),
    "a boolean id": (b'{"jsonrpc":"2.0","id":true,"method":"ping"}', None, -32600),
    "an empty id": (b'{"jsonrpc":"2.0","id":null,"method":"ping"}', None, -32600),
    "an object as id": (b'{"jsonrpc":"2.0","id":{},"method":"ping"}', None, -32600),
    "no method": (b'{"jsonrpc":"2.0","id":4}', 4, -32600),
    "a number as method": (b'{"jsonrpc":"2.0","id":4,"method":4}', 4, -32600),
    "a line that ends too soon": (b'{"jsonrpc":"2.0","id":5,"method":"ping","params":{', 5, -32700),
    "what follows the message": (b'{"jsonrpc":"2.0","id":6,"method":"ping"} {}', 6, -32700),
    "deep nesting": (b'{"jsonrpc":"2.0","id":7,"method":"ping","params":{"a":' + DEEP + b"}}", 7, -32700),
    "deep nesting before the id": (b'{"method":"ping","params":{"a":' + DEEP + b'},"id":"h"}', "h", -32700),
    "less deep nesting": (b'{"jsonrpc":"2.0","id":8,"method":"ping","params":' + DEEP[2800:3200] + b"}", 8, -32700),
    "an id of 5,000 digits": (b'{"jsonrpc":"2.0","method":"ping","id":' + b"9" * 5000 + b"}", ..., 0),
    "no JSON": (b"hello", ..., 0),
    "bytes that are no text": (b"\xff\xfe\x00", ..., 0),
    "a number": (b"17", ..., 0),
    "a notification with a list": (b'{"jsonrpc":"2.0","method":"notifications/initialized","params":[]}', ..., 0),
    "a reply without an id": (b'{"jsonrpc":"2.0","result":{}}', ..., 0),
    "a reply that is none": (b'{"jsonrpc":"2.0","id":9,"result":5}', ..., 0),
    "an empty batch": (b"[]", ..., 0),
}  # fmt: skip


def said(lines: list[bytes]) -> list[dict[str, Any]]:
    """What the server answers in a session, after the handshake."""
    written = asyncio.run(answers_to(create_server(SETTINGS), [OPENING, *lines], answered=1))
    return [json.loads(line) for line in written]


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_request_has_an_error_with_its_id_or_a_line_in_the_log(
    caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    line, request_id, code = KINDS[kind]

    answers = said([line, b'{"jsonrpc":"2.0","id":"after","method":"ping"}'])

    errors = [(answer["id"], answer["error"]["code"]) for answer in answers if "error" in answer]
    assert errors == ([] if request_id is ... else [(request_id, code)])
    assert [answer["id"] for answer in answers if "result" in answer] == ["after"]
    assert [record.levelno for record in caplog.records if record.name == "mcp_salesforce.stdio"] == [logging.WARNING]


def test_each_request_of_a_batch_has_an_error_with_its_id() -> None:
    batch = [asked(1, "ping"), {"jsonrpc": "2.0", "method": "notifications/initialized"}, asked("b", "tools/list"), 5]

    answers = said([json.dumps(batch).encode(), b'{"jsonrpc":"2.0","id":2,"method":"ping"}'])

    assert {answer["id"]: answer.get("error", {}).get("code") for answer in answers} == {
        1: -32600,
        "b": -32600,
        2: None,
    }


def test_half_a_character_in_an_argument_becomes_the_replacement_character() -> None:
    [message] = messages_of(
        b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"\\ud800":["a\\udc00b","\\ud83d\\ude00"]}}'
    )

    assert isinstance(message, JSONRPCRequest)
    assert message.params == {"\ufffd": ["a\ufffdb", "\U0001f600"]}


def test_bytes_that_are_no_text_become_the_replacement_character() -> None:
    [message] = messages_of(b'{"jsonrpc":"2.0","id":1,"method":"a\xffb"}')

    assert isinstance(message, JSONRPCRequest)
    assert message.method == "a\ufffdb"


@pytest.mark.parametrize("request_id", [0, -1, 2**53, 2**64, 10**40, "", "\u00e9\u4e2d", 'a"\\b', "1"])
def test_an_id_comes_back_as_it_is(request_id: Any) -> None:
    assert said([json.dumps(asked(request_id, "ping")).encode()]) == [
        {"jsonrpc": "2.0", "id": request_id, "result": {}}
    ]


def test_two_requests_with_one_id_have_an_answer_each() -> None:
    ping = json.dumps(asked(1, "ping")).encode()

    assert [answer["id"] for answer in said([ping, ping])] == [1, 1]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
MEMBERS = st.fixed_dictionaries(
    {},
    optional={
        "jsonrpc": st.just("2.0") | JSON,
        "id": st.integers() | st.text(st.characters(), max_size=4) | JSON,
        "method": st.sampled_from(["ping", "tools/list", "no/such"]) | JSON,
        "params": st.just({}) | JSON,
        "result": JSON,
        "error": JSON,
    },
)
LINES = st.one_of(
    MEMBERS.map(lambda value: json.dumps(value).encode()),
    st.lists(MEMBERS, max_size=3).map(lambda value: json.dumps(value).encode()),
    st.binary(max_size=20).map(lambda raw: raw.replace(b"\n", b"")),
    st.tuples(MEMBERS, st.integers(0, 60)).map(lambda cut: json.dumps(cut[0]).encode()[: cut[1]]),
)


@given(LINES)
@example(b'{"jsonrpc":"2.0","id":"\\ud800","method":5}')
def test_any_line_becomes_messages_or_refusals_that_can_be_written(line: bytes) -> None:
    found = list(messages_of(line))

    assert found or not line.strip()
    for each in found:
        if not isinstance(each, RefusedLine):
            each.model_dump_json(by_alias=True, exclude_unset=True).encode()
        elif each.request_id:
            answer = json.loads(each.answer.encode())
            assert answer.keys() == {"jsonrpc", "id", "error"}


@given(MEMBERS)
@example({"jsonrpc": [float("inf")], "id": None})  # no JSON, and the id is null
def test_a_request_with_an_id_has_an_answer_with_it(value: dict[str, Any]) -> None:
    if "id" not in value or (("result" in value or "error" in value) and "method" not in value):
        return
    [found] = messages_of(json.dumps(value).encode())

    if isinstance(found, RefusedLine):
        is_name = isinstance(value["id"], str | int | float) and not isinstance(value["id"], bool)
        expected = value["id"] if is_name else None
        if not found.request_id and found.code == PARSE_ERROR:  # it is no JSON, and its id no name that can be read
            assert not is_name
            return
        assert json.dumps(json.loads(found.request_id)) == json.dumps(expected)
    else:
        assert isinstance(found, JSONRPCRequest)
        assert found.id == value["id"]


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (b'{"jsonrpc":"2.0","id":1,"result":{"action":"accept"}}', JSONRPCResponse),
        (b'{"jsonrpc":"2.0","method":"notifications/cancelled","params":null}', JSONRPCNotification),
        (b'  {"jsonrpc":"2.0","id":1,"method":"ping","more":1}\r', JSONRPCRequest),
    ],
)
def test_what_is_right_passes(line: bytes, kind: type) -> None:
    [found] = messages_of(line)

    assert isinstance(found, kind)


@pytest.mark.parametrize(
    ("start", "end", "request_id"),
    [
        ('{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"', '"}}', "7"),
        ('{"method":"tools/call","params":{"name":"', '"},"jsonrpc":"2.0","id":"x"}', '"x"'),
        ('{"method":"tools/call","params":{"id":7,"name":"', '"}}', ""),
        ('{"method":"tools/call","params":{"name":"', '","id":7}}', ""),
    ],
)
def test_the_id_of_a_long_message_is_found_at_its_edges(start: str, end: str, request_id: str) -> None:
    assert too_long(f"{start}{'a' * 9000}{end}".encode(), 8000).request_id == request_id


def test_a_line_that_is_too_long_costs_an_error_and_not_the_session() -> None:
    long = json.dumps(asked("long", "tools/call", {"name": "a" * (LONGEST_LINE + 1), "arguments": {}})).encode()
    before = asked(1, "initialize", HANDSHAKE)
    done = subprocess.run(
        warm(MODULE),
        input=as_lines(before, long, asked(2, "ping")),
        capture_output=True,
        env={**os.environ, **ENVIRONMENT},
        timeout=END_S,
        check=True,
    )

    answers = {answer["id"]: answer for answer in map(json.loads, done.stdout.splitlines())}
    assert answers.keys() == {1, "long", 2}
    assert "has at most" in answers["long"]["error"]["message"]


async def test_a_request_that_was_refused_does_not_hold_up_the_end() -> None:
    async with asyncio.timeout(END_S):
        answers = await answers_to(
            create_server(SETTINGS), [b'{"id":1,"method":"ping"}', b'{"jsonrpc":"2.0","id":2.5,"method":"ping"}']
        )

    assert sorted(json.loads(line)["id"] for line in answers) == [1, 2.5]
