"""Whatever the org answers, a tool gives an answer or a clean error, and ends."""

from collections.abc import Collection, Iterator
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mcp import Client

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.salesforce import AsgiTransport
from mcp_salesforce.salesforce.asgi import Message
from mcp_salesforce.server import create_server
from tests.approving import approve
from tests.clock import Clock
from tests.conftest import NOW, settings_of
from tests.effort import FULL, examples
from tests.salesforce.scripted import Answer, ScriptedOrg
from tests.salesforce.test_any_reply import JSON, NEXT
from tests.tools.calls import refusal, server_on
from tests.tools.test_every_tool import NAMES, sample_calls

FILLED = (
    "AccountId", "Company", "Description", "Email", "IsAllDayEvent", "Location", "Name", "OwnerId", "Phone", "Status",
    "Subject", "Title", "WhatId", "WhoId",
)  # fmt: skip

VALUES: list[object] = [None, 5, 1.5, True, {"street": "Long Lane"}, ["a"], [["a"]]]
NEVER_NULL = {"CreatedDate", "EndDateTime", "Event", "Name", "OwnerId", "RelationId", "StartDateTime", "UserId"}


class Damaging:
    """The org's app; in one of its replies, one part of the JSON is replaced."""

    def __init__(self, org: LocalOrg, turn: int, part: int, value: object) -> None:
        self._org = org
        self._turn, self._part, self._value = turn, part, value

    async def __call__(self, scope: Message, receive: Any, send: Any) -> None:
        async def damaging(message: Message) -> None:
            if message["type"] == "http.response.body" and scope["path"].startswith("/services/data"):
                message = {**message, "body": self._damaged(message.get("body", b""))}
            await send(message)

        await self._org.app(scope, receive, damaging)

    def _damaged(self, body: bytes) -> bytes:
        self._turn -= 1
        if self._turn != -1 or not body:
            return body
        holder = [orjson.loads(body)]
        places = list(parts(holder))
        container, key = places[self._part % len(places)]
        container[key] = self._value
        return orjson.dumps(holder[0])


def parts(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield the place of every value inside `value`: what holds it, and under which key."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield value, key
        yield from parts(inner)


class Filling:
    """The org's app; in all its replies, the fields of records that are named have one value, or are missing."""

    def __init__(self, org: LocalOrg, fields: Collection[str], value: object) -> None:
        self._org = org
        self._fields, self._value = fields, value

    async def __call__(self, scope: Message, receive: Any, send: Any) -> None:
        async def filling(message: Message) -> None:
            if message["type"] == "http.response.body" and message.get("body", b"")[:1] in {b"{", b"["}:
                replies = [orjson.loads(message["body"])]
                for container, key in list(parts(replies)):
                    if key in self._fields and "attributes" in container:
                        container[key] = self._value
                message = {**message, "body": orjson.dumps(replies[0])}
            await send(message)

        await self._org.app(scope, receive, filling)


def is_sendable(value: object) -> bool:
    try:
        return bool(orjson.dumps(value))
    except orjson.JSONEncodeError:
        return False  # an integer beyond 64 bits


@pytest.mark.parametrize("name", NAMES)
@settings(
    max_examples=examples(15, 3),
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    which=st.integers(0, 9), turn=st.integers(0, 5), part=st.integers(0, 3000), value=JSON.filter(is_sendable)
)  # fmt: skip
async def test_a_reply_that_is_wrong_in_one_place_gives_an_answer_or_an_error(
    org: LocalOrg, name: str, which: int, turn: int, part: int, value: object
) -> None:
    contact_id = org.insert("Contact", LastName="Ode", Email="ode@example.com")
    times = {"StartDateTime": "2026-11-24T10:00:00Z", "EndDateTime": "2026-11-24T11:00:00Z"}
    event_id = org.insert("Event", Subject="Visit", WhoId=contact_id, **times)
    samples = sample_calls(contact_id, event_id)[name]
    transport = AsgiTransport(Damaging(org, turn, part, value))

    async with Client(
        create_server(settings_of(org, timeout_s=5, toolsets="all"), transport=transport, now=lambda: NOW)
    ) as mcp:
        result = await mcp.call_tool(name, samples[which % len(samples)])  # which refuses what its schema does not say

    assert result.structured_content if not result.is_error else (result.meta or {})["code"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param(name, value, id=f"{name}-{value}")
        for at, name in enumerate(NAMES)
        for value in (VALUES if FULL else [VALUES[(at + step) % len(VALUES)] for step in range(3)])
    ],
)
async def test_whatever_is_in_the_fields_of_records_an_answer_conforms_to_its_schema(
    org: LocalOrg, name: str, value: object
) -> None:
    contact_id = org.insert("Contact", LastName="Ode", Email="ode@example.com")
    times = {"StartDateTime": "2026-11-24T10:00:00Z", "EndDateTime": "2026-11-24T11:00:00Z"}
    event_id = org.insert("Event", Subject="Visit", WhoId=contact_id, **times)
    transport = AsgiTransport(Filling(org, FILLED, value))

    async with Client(create_server(settings_of(org, toolsets="all"), transport=transport, now=lambda: NOW)) as mcp:
        results = [await mcp.call_tool(name, sample) for sample in sample_calls(contact_id, event_id)[name]]

    for result in results:
        assert result.structured_content if not result.is_error else (result.meta or {})["code"]


class Nulling:
    """The org's app; in all its replies, one field of the records of one object is null."""

    def __init__(self, org: LocalOrg, of: tuple[str, str] | None) -> None:
        self._org, self._of = org, of
        self.seen: set[tuple[str, str]] = set()

    async def __call__(self, scope: Message, receive: Any, send: Any) -> None:
        async def nulling(message: Message) -> None:
            if message["type"] == "http.response.body" and message.get("body", b"")[:1] in {b"{", b"["}:
                replies = [orjson.loads(message["body"])]
                for container, key in list(parts(replies)):
                    if key in NEVER_NULL and isinstance(container, dict) and "attributes" in container:
                        place = container["attributes"]["type"], key
                        self.seen.add(place)
                        container[key] = None if place == self._of else container[key]
                message = {**message, "body": orjson.dumps(replies[0])}
            await send(message)

        await self._org.app(scope, receive, nulling)


@pytest.mark.parametrize("name", NAMES)
async def test_a_null_where_none_should_be_is_foreseen(org: LocalOrg, name: str) -> None:
    contact_id = org.insert("Contact", LastName="Ode", Email="ode@example.com")
    times = {"StartDateTime": "2026-11-24T10:00:00Z", "EndDateTime": "2026-11-24T11:00:00Z"}
    event_id = org.insert("Event", Subject="Visit", WhoId=contact_id, **times)

    async def codes(app: Nulling) -> list[str]:
        transport = AsgiTransport(app)
        async with Client(create_server(settings_of(org, toolsets="all"), transport=transport, now=lambda: NOW)) as mcp:
            results = [await mcp.call_tool(name, sample) for sample in sample_calls(contact_id, event_id)[name]]
        return [(each.meta or {})["code"] for each in results if each.is_error]

    whole = Nulling(org, None)
    await codes(whole)
    for place in sorted(whole.seen):
        assert "UNFORESEEN" not in await codes(Nulling(org, place)), place


@pytest.mark.parametrize("value", [None, 5, True])
@pytest.mark.parametrize(
    ("name", "fields"),
    [("contact", ["Email", "Phone", "AccountId", "Account.Name"]), ("appointment", ["Subject", "WhoId", "Location"])],
)
async def test_a_field_that_was_asked_for_is_told_whatever_is_in_it(
    org: LocalOrg, name: str, fields: list[str], value: object
) -> None:
    contact_id = org.insert("Contact", LastName="Ode")
    event_id = org.insert("Event", StartDateTime="2026-11-24T10:00:00Z", EndDateTime="2026-11-24T11:00:00Z")
    transport = AsgiTransport(Filling(org, fields, value))
    asked = {"contact_id": contact_id} if name == "contact" else {"event_id": event_id}

    async with Client(create_server(settings_of(org), transport=transport, now=lambda: NOW)) as mcp:
        whole = await mcp.call_tool(f"salesforce_get_{name}", {**asked, "fields": fields})
        each = [await mcp.call_tool(f"salesforce_get_{name}", {**asked, "fields": [field]}) for field in fields]

    assert not any(result.is_error for result in (whole, *each))
    told = (whole.structured_content or {})[fields[0]]
    assert told == (None if value is None else orjson.dumps(value).decode())
    assert all(field in (result.structured_content or {}) for field, result in zip(fields, each, strict=True))


@pytest.mark.parametrize("depth", [150, 200, 240, 260, 900])
async def test_a_value_that_is_nested_deeply_gives_an_answer_or_an_error(depth: int) -> None:
    scripted = ScriptedOrg()
    nested: Any = "end"
    for _ in range(depth):
        nested = {"x": nested}
    page = {"totalSize": 1, "done": True, "records": [{"Id": "003000000000001AAA", "Any__c": nested}]}
    scripted.answers.append(Answer(value={"user_id": "005000000000001AAA", "organization_id": "00D000000000001AAA"}))
    scripted.answers.extend([Answer(raw=orjson.dumps(page) if depth < 240 else deep_page(depth))] * 3)

    async with Client(server_on(scripted, toolsets="all")) as mcp:
        result = await mcp.call_tool("salesforce_query", {"soql": "SELECT Id, Any__c FROM Contact"})

    assert result.structured_content if not result.is_error else (result.meta or {})["code"] == "UNREADABLE_REPLY"


def deep_page(depth: int) -> bytes:
    head = b'{"totalSize":1,"done":true,"records":[{"Id":"003000000000001AAA","Any__c":'
    return head + b'{"x":' * depth + b'"end"' + b"}" * depth + b"}]}"


async def test_a_call_ends_within_its_own_time_however_many_pages_the_org_has(clock: Clock) -> None:
    scripted, pages = ScriptedOrg(), 0

    async def one_more_page(_call: object) -> None:
        nonlocal pages
        pages += 1
        clock.put_forward(20)
        url = NEXT.replace("2000", str(2000 + pages))
        page = {"totalSize": 9, "done": False, "records": [], "nextRecordsUrl": url}
        scripted.answers.append(Answer(value=page))

    scripted.before_answer = one_more_page
    async with Client(server_on(scripted, toolsets="all", call_timeout_s=60, timeout_s=30)) as mcp:
        error = await refusal(mcp, "query", soql="SELECT Id FROM Contact")

    assert error["code"] == "CALL_TIMEOUT"
    assert "SALESFORCE_CALL_TIMEOUT_S" in error["hint"]
    assert pages == 3


async def test_a_write_of_many_rows_that_runs_out_of_time_tells_what_is_done(org: LocalOrg, clock: Clock) -> None:
    class Slow:
        async def __call__(self, scope: Message, receive: Any, send: Any) -> None:
            clock.put_forward(20 if scope["path"].endswith("composite/sobjects") else 0)
            await org.app(scope, receive, send)

    rows = [{"LastName": f"New {n}"} for n in range(1000)]
    settings_ = settings_of(org, call_timeout_s=50, timeout_s=30)
    server = create_server(settings_, transport=AsgiTransport(Slow()), now=lambda: NOW)
    async with Client(server, elicitation_callback=approve) as mcp:
        result = await mcp.call_tool(
            "salesforce_create_records", {"sobject": "Contact", "records": rows, "all_or_none": False}
        )

    told = (result.structured_content or {}) if not result.is_error else (result.meta or {})
    made = org.store.rows("SELECT Id FROM Contact WHERE LastName LIKE 'New %'")
    assert 0 < len(made) < 1000
    assert "CALL_TIMEOUT" in orjson.dumps(told).decode()
    assert str(len(made)) in orjson.dumps(told).decode()
