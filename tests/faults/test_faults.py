"""The table of faults, and what holds whatever fails: nothing is lost, doubled, or hangs."""

import asyncio
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

import pytest
from mcp import Client
from mcp.shared.exceptions import MCPDeprecationWarning
from mcp_types import CallToolResult

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.localorg.services.faults import Fault, Kind
from mcp_salesforce.salesforce import AsgiTransport
from mcp_salesforce.salesforce.asgi import Message
from mcp_salesforce.server import create_server
from tests.cli.processes import END_S
from tests.clock import Clock
from tests.conftest import settings_of
from tests.faults.table import FAULTS, OK, OUTCOME, REQUESTS, ROWS, UNKNOWN, Came, Row
from tests.orgs import new_org

TIMEOUT_S = 30
CASES = [(row, stays) for row in ROWS for stays in (False, True)]


@pytest.fixture
def empty_org() -> Iterator[LocalOrg]:
    """An org without sample data, on the real clock: a lost record is looked for by the time of its creation."""
    with new_org(seed=False) as org:
        yield org


@dataclass
class Counting:
    """The org's app, counting the requests that a tool's own call makes."""

    org: LocalOrg
    method: str
    path: str
    clock: Clock
    hangs: bool
    sent: int = 0

    async def __call__(self, scope: Message, receive: Any, send: Any) -> None:
        is_counted = scope["method"] == self.method and fnmatchcase(scope["path"], self.path)
        self.sent += is_counted
        if is_counted and self.hangs:
            self.clock.put_forward(TIMEOUT_S)
        await self.org.app(scope, receive, send)


def arguments_of(call: str, contact_id: str, event_id: str) -> tuple[str, dict[str, Any]]:
    contacts = {"sobject": "Contact"}
    calls: dict[str, tuple[str, dict[str, Any]]] = {
        "read": ("salesforce_get_contact", {"contact_id": contact_id, "fields": ["LastName"]}),
        "create": ("salesforce_create_contact", {"data": {"LastName": "New"}}),
        "update": ("salesforce_update_contact", {"contact_id": contact_id, "data": {"LastName": "After"}}),
        "delete": ("salesforce_delete_contact", {"contact_id": contact_id}),
        "create several": (
            "salesforce_create_records", contacts | {"records": [{"LastName": "New"}, {"LastName": "New too"}]}
        ),
        "update several": (
            "salesforce_update_records", contacts | {"records": [{"Id": contact_id, "LastName": "After"}]}
        ),
        "delete several": ("salesforce_delete_records", contacts | {"record_ids": [contact_id]}),
        "invite": ("salesforce_set_invitees", {"event_id": event_id, "add": [contact_id]}),
        "restore": ("salesforce_restore_records", {"record_ids": [contact_id]}),
        "close": ("salesforce_close_appointment", {"event_id": event_id, "outcome": "cancelled"}),
    }  # fmt: skip
    return calls[call]


def error_of(result: CallToolResult) -> dict[str, Any]:
    return dict(result.meta or {}) if result.is_error else {}


@pytest.mark.parametrize(
    ("row", "stays"), CASES, ids=[f"{row.kind}-{row.call}-{'stays' if stays else 'once'}" for row, stays in CASES]
)
async def test_a_call_comes_to_what_the_table_says(empty_org: LocalOrg, row: Row, stays: bool, clock: Clock) -> None:
    org = empty_org
    contact_id = org.insert("Contact", LastName="Before")
    event_id = org.insert("Event", Subject="Visit", DurationInMinutes=30, StartDateTime="2026-11-20T10:00:00Z")
    hangs = row.kind == "hang"
    if row.call == "restore":
        org.records.delete("Contact", contact_id, org.user_id)
    app = Counting(org, *REQUESTS[row.call], clock, hangs)
    org.faults.add(Fault(row.kind, app.method, app.path, count=None if stays else 1, delay_s=600 if hangs else 0))

    server = create_server(settings_of(org, timeout_s=TIMEOUT_S), transport=AsgiTransport(app))
    async with Client(server, mode="legacy") as client:
        result = await client.call_tool(*arguments_of(row.call, contact_id, event_id))

    error = error_of(result)
    assert Came(app.sent, seen(error)) == (row.staying if stays else row.once)
    made = [name for name in names(org) if name.startswith("New")]
    wanted = {"create": ["New"], "create several": ["New", "New too"]}.get(row.call, [])
    assert sorted(made) == (wanted if not error or "candidates" in error else [])
    invited = org.store.rows("SELECT Id FROM EventRelation WHERE IsDeleted = 0")
    assert len(error.get("candidates", [])) == (len(made) + len(invited) if error else 0)


async def test_a_write_that_cannot_be_read_back_succeeds_with_what_was_sent(org: LocalOrg) -> None:
    data = {"Subject": "New", "StartDateTime": "2099-12-01T09:00:00Z", "DurationInMinutes": 30}
    async with Client(create_server(settings_of(org), transport=AsgiTransport(org.app))) as client:
        await client.call_tool("salesforce_list_appointments", {})  # the zone is known from here on
        for kind in ("latency", "latency", "request_limit"):  # it is looked for and read back in composite calls
            org.faults.add(Fault(kind, "POST", "*/composite"))
        created = await client.call_tool("salesforce_create_appointment", {"data": data})
        event_id = (created.structured_content or {})["Id"]
        org.faults.add(Fault("latency", "GET", "*/sobjects/*"))
        org.faults.add(Fault("request_limit", "GET", "*/sobjects/*"))
        change = {"event_id": event_id, "data": {"Description": "Changed"}}
        updated = await client.call_tool("salesforce_update_appointment", change)

    assert (created.structured_content or {})["Subject"] == "New"
    assert (updated.structured_content or {})["changed"]["Description"] == {"before": None, "after": "Changed"}


async def test_the_reserve_of_api_calls_is_left_to_others(org: LocalOrg) -> None:
    async with Client(create_server(settings_of(org, api_reserve="14999"), transport=AsgiTransport(org.app))) as client:
        first = await client.call_tool("salesforce_query", {"soql": "SELECT Id FROM Contact LIMIT 1"})
        second = await client.call_tool("salesforce_query", {"soql": "SELECT Id FROM Contact LIMIT 1"})

    assert not first.is_error
    assert error_of(second)["code"] == "API_RESERVE_REACHED"
    assert "14,999 are reserved" in error_of(second)["message"]


def seen(error: dict[str, Any]) -> str:
    if not error:
        return OK
    if f"`{error['code']}`" == UNKNOWN:
        return UNKNOWN + (" with its Id" if error.get("candidates") else "")
    return f"`{error['code']}`" + (OUTCOME if error.get("outcome") == "unknown" else "")


def names(org: LocalOrg) -> list[str]:
    return [row["LastName"] for row in org.store.rows('SELECT LastName FROM "Contact" WHERE IsDeleted = 0')]


@dataclass
class Hanging:
    """The org's app; the first query gets no answer."""

    org: LocalOrg
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, scope: Message, receive: Any, send: Any) -> None:
        if self.begun.is_set() or "/query" not in scope["path"]:
            await self.org.app(scope, receive, send)
            return
        self.begun.set()
        try:
            await asyncio.sleep(600)
        finally:
            self.ended.set()


async def test_while_one_call_hangs_the_others_and_ping_answer(org: LocalOrg) -> None:
    app = Hanging(org)
    async with Client(create_server(settings_of(org), transport=AsgiTransport(app)), mode="legacy") as client:
        hanging = asyncio.create_task(client.call_tool("salesforce_list_contacts", {}))
        await app.begun.wait()

        with pytest.warns(MCPDeprecationWarning, match="ping"):  # the new era has none
            await client.send_ping()
        answered = await client.call_tool("salesforce_list_contacts", {"limit": 1})
        assert not answered.is_error
        assert not hanging.done()
        hanging.cancel()


async def test_a_cancelled_tool_call_ends_its_request(org: LocalOrg) -> None:
    app = Hanging(org)
    async with Client(create_server(settings_of(org), transport=AsgiTransport(app)), mode="legacy") as client:
        call = asyncio.create_task(client.call_tool("salesforce_list_contacts", {}))
        await app.begun.wait()
        call.cancel()

        await asyncio.wait_for(app.ended.wait(), timeout=END_S)


async def test_a_hang_ends_at_the_timeout(org: LocalOrg) -> None:
    org.faults.add(Fault("hang", count=None, delay_s=600))
    server = create_server(settings_of(org, timeout_s=1), transport=AsgiTransport(org.app))
    async with Client(server) as client:
        async with asyncio.timeout(END_S):
            result = await client.call_tool("salesforce_create_contact", {"data": {"LastName": "New"}})

    assert error_of(result)["code"] == "NO_ANSWER"


@dataclass
class Stormy:
    """The org's app; each request meets each fault with a chance of 5 %."""

    org: LocalOrg
    chance: random.Random
    faults: int = 0
    kinds: list[Kind] = field(default_factory=lambda: list(FAULTS))

    async def __call__(self, scope: Message, receive: Any, send: Any) -> None:
        for kind in self.kinds:
            if self.chance.random() < 0.05:
                self.faults += 1
                delay_s = 2 if kind == "hang" else 0
                self.org.faults.add(Fault(kind, scope["method"], scope["path"], delay_s=delay_s))
                break
        await self.org.app(scope, receive, send)


NO_ACCOUNT = "001000000000001AAA"
TYPED = {
    *("INVALID_SESSION_ID", "NO_ANSWER", "UNREADABLE_REPLY", "OUTCOME_UNKNOWN", "REQUEST_LIMIT_EXCEEDED"),
    *("UNABLE_TO_LOCK_ROW", "ENTITY_IS_DELETED", "REPLY_TOO_LARGE"),
}


@pytest.mark.slow
async def test_in_a_storm_no_write_is_lost_or_doubled_and_no_answer_is_wrong(empty_org: LocalOrg) -> None:
    """1,000 mixed calls, 64 at a time; whatever was created was acknowledged, or reported as unknown."""
    org = empty_org
    storm = Stormy(org, random.Random(20261122))  # noqa: S311 - a repeatable storm
    fixed = [org.insert("Contact", LastName=f"Fixed {n}") for n in range(50)]
    created: dict[str, str] = {}
    unknown: dict[tuple[str, ...], set[str]] = {}
    turns = asyncio.Semaphore(64)

    async def call(client: Client, number: int) -> None:
        async with turns:
            kind = number % 4
            if kind == 0:
                name = f"New {number}"
                result = await client.call_tool("salesforce_create_contact", {"data": {"LastName": name}})
                if not result.is_error:
                    created[name] = (result.structured_content or {})["Id"]
                elif error_of(result)["code"] == "OUTCOME_UNKNOWN":
                    unknown[name,] = set(error_of(result).get("candidates", []))
            elif kind == 1:
                first, second = f"New {number} first", f"New {number} second"
                rows = [
                    {"LastName": first},
                    {"LastName": "New, refused", "AccountId": NO_ACCOUNT},
                    {"LastName": second},
                ]
                arguments = {"sobject": "Contact", "records": rows, "all_or_none": False}
                result = await client.call_tool("salesforce_create_records", arguments)
                if not result.is_error:
                    told = (result.structured_content or {})["rows"]
                    assert [row[2] for row in told] == ["created", "failed", "created"]
                    created.update({first: told[0][1], second: told[2][1]})
                elif error_of(result)["code"] == "OUTCOME_UNKNOWN":
                    unknown[first, second] = set(error_of(result).get("candidates", []))
            elif kind == 2:
                wanted = fixed[number % 50]
                result = await client.call_tool(
                    "salesforce_get_contact", {"contact_id": wanted, "fields": ["LastName"]}
                )
                assert result.is_error or (result.structured_content or {})["LastName"] == f"Fixed {number % 50}"
            else:
                arguments = {"contact_id": fixed[number % 50], "data": {"Title": f"T{number}"}}
                result = await client.call_tool("salesforce_update_contact", arguments)
            assert not result.is_error or error_of(result)["code"] in TYPED

    server = create_server(settings_of(org, timeout_s=1), transport=AsgiTransport(storm))
    async with Client(server, mode="legacy") as client:
        await asyncio.gather(*(call(client, number) for number in range(1000)))

    contacts = org.store.rows("SELECT Id, LastName FROM Contact WHERE LastName LIKE 'New%'")
    stored = {row["LastName"]: row["Id"] for row in contacts}
    assert len(contacts) == len(stored), "a create was done twice"
    assert {name: stored[name] for name in created} == created
    in_doubt = {name for group in unknown for name in group}
    assert set(stored) - set(created) <= in_doubt, "a record that nobody was told of"
    assert not set(created) & in_doubt
    assert all(ids == {stored[name] for name in group} for group, ids in unknown.items() if ids)
    assert storm.faults > 200
    assert {len(group) for group in unknown} == {1, 2}
