"""A stream of notifications is opened by the front as the server opens it, and then is the server's."""

import asyncio
import json
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_salesforce.front.requests import LISTEN, REVISION, acknowledged, parsed
from mcp_salesforce.server import create_server
from tests.docs.answers import SETTINGS
from tests.front.served import answers_to

PREFIX = "io.modelcontextprotocol/"
META = {f"{PREFIX}protocolVersion": REVISION, f"{PREFIX}clientCapabilities": {}, "progressToken": 0}
KINDS = ("toolsListChanged", "promptsListChanged", "resourcesListChanged", "resourceSubscriptions", "other")
VALUES = st.one_of(st.booleans(), st.booleans(), st.none(), st.lists(st.text(max_size=3), max_size=1))
NOTIFICATIONS = st.dictionaries(st.sampled_from(KINDS), VALUES, max_size=4)


@cache
def the_server() -> Any:
    return create_server(SETTINGS)


def asking(request_id: Any, notifications: Any, **more: Any) -> bytes:
    params = {"_meta": META, "notifications": notifications, **more}
    return json.dumps({"jsonrpc": "2.0", "id": request_id, "method": LISTEN, "params": params}).encode()


@given(request_id=st.text(max_size=5) | st.integers(), notifications=NOTIFICATIONS)
def test_a_stream_that_is_recognised_is_opened_as_the_server_opens_it(request_id: Any, notifications: Any) -> None:
    line = asking(request_id, notifications)
    opening = acknowledged(parsed(line))
    if not opening:
        return

    opened, *ended = asyncio.run(answers_to(the_server(), [line]))

    assert opened == opening
    assert asyncio.run(answers_to(the_server(), [line], answered=1)) == ended


def test_only_the_stream_that_the_front_has_opened_is_not_opened_again() -> None:
    lines = [asking(1, {"toolsListChanged": True}), asking("1", {"toolsListChanged": True})]

    opened = [line for line in asyncio.run(answers_to(the_server(), lines, answered=1)) if b"acknowledged" in line]

    assert opened == [acknowledged(parsed(lines[1]))]


def test_what_hosts_ask_for_is_recognised() -> None:
    wanted = dict.fromkeys(KINDS[:3], True)

    assert json.loads(acknowledged(parsed(asking("listen:0", wanted))))["params"] == {
        "_meta": {f"{PREFIX}subscriptionId": "listen:0"},
        "notifications": wanted,
    }


@pytest.mark.parametrize(
    "line",
    [
        asking(1, None),
        asking(1.5, {}),
        asking(1, {"toolsListChanged": "yes"}),
        asking(1, {"resourceSubscriptions": ["salesforce://agenda/today"]}),
        asking(1, {}, cursor="a"),
        asking(1, {}).replace(REVISION.encode(), b"2099-01-01"),
        b'{"jsonrpc":"2.0","id":1,"method":"subscriptions/listen"}',
        b"[]",
    ],
)
def test_anything_else_is_left_to_the_server(line: bytes) -> None:
    assert acknowledged(parsed(line)) == b""
