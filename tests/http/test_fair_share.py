"""The org's API calls are shared when few are left: across replicas, and nobody takes those of another."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest

from mcp_salesforce.http.door import Caller
from mcp_salesforce.http.fair_share import ApiShareError, Shares
from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.salesforce import AsgiTransport, RefreshTokenSource, SalesforceClient
from mcp_salesforce.salesforce.budget import Reserve
from mcp_salesforce.salesforce.wire import HttpReply, HttpRequest
from mcp_salesforce.settings.serving import Serving
from mcp_salesforce.store.interface import Store
from mcp_salesforce.store.sqlite_file import SqliteStore
from tests.clock import Clock
from tests.conftest import settings_of
from tests.http.served import HEADERS, answer_in, request_of, served
from tests.http.team import KnownPeople, as_person, team_app
from tests.tools.calls import error_in

LIMIT = 1000
NAMES = ("nora", "jonas", "aiko")
LIST = request_of("tools/call", {"name": "salesforce_list_contacts", "arguments": {"limit": 1}})


class Counted:
    """The way to an org that says how many of its `LIMIT` calls are used."""

    def __init__(self, org: LocalOrg, used: int) -> None:
        self._there = AsgiTransport(org.app)
        self.used = used

    async def exchange(self, request: HttpRequest) -> HttpReply:
        reply = await self._there.exchange(request)
        if "/services/data/" not in request.url:
            return reply
        self.used += 1
        return replace(reply, headers={**reply.headers, "sforce-limit-info": f"api-usage={self.used}/{LIMIT}"})

    async def close(self) -> None:
        """Nothing is held open."""


class Fleet:
    """Replicas of one store; each call of a person goes to the next of them."""

    def __init__(self, org: LocalOrg, line: Counted, clock: Clock) -> None:
        self.org, self.line, self.clock = org, line, clock
        self.now = 1_000_000_800.0
        self.clients: dict[str, list[SalesforceClient]] = {name: [] for name in NAMES}

    async def add(self, store: Store, stack: AsyncExitStack, reserve: str) -> None:
        shares = Shares(store, from_percent=80, reserve=Reserve.parse(reserve), now=lambda: self.now)
        for name, clients in self.clients.items():
            own = self.org.credentials_of(name)
            tokens = RefreshTokenSource(own.client_id, own.client_secret, own.refresh_token, "http://127.0.0.1:1")
            caller = Caller(own.user_id, tokens, own.organization_id, own.user_id)
            client = SalesforceClient(tokens, transport=self.line, gate=shares.of(caller))
            clients.append(await stack.enter_async_context(client))

    async def made(self, name: str, most: int) -> int:
        """How many calls a person could make, of `most`."""
        for number in range(most):
            self.clock.put_forward(2)
            try:
                await self.clients[name][number % len(self.clients[name])].queries.query(
                    "SELECT Id FROM Account LIMIT 1"
                )
            except ApiShareError:
                return number
        return most


@asynccontextmanager
async def fleet_of(
    org: LocalOrg, clock: Clock, folder: Path, *, used: int, reserve: str = "0", replicas: int = 2
) -> AsyncIterator[Fleet]:
    async with AsyncExitStack() as stack:
        fleet = Fleet(org, Counted(org, used), clock)
        for _ in range(replicas):
            store = SqliteStore(folder / "store.db")
            stack.push_async_callback(store.close)
            await fleet.add(store, stack, reserve)
        yield fleet


async def test_who_asks_for_much_leaves_the_others_their_share(org: LocalOrg, clock: Clock, tmp_path: Path) -> None:
    async with fleet_of(org, clock, tmp_path, used=LIMIT - 60) as fleet:
        assert await fleet.made("jonas", 2) == 2
        greedy = await fleet.made("nora", 60)
        modest = await fleet.made("jonas", 20)

    assert 28 <= greedy <= 34  # the half of 60; the first call of each replica passes unseen
    assert modest == 20


async def test_one_more_person_has_a_share_too(org: LocalOrg, clock: Clock, tmp_path: Path) -> None:
    async with fleet_of(org, clock, tmp_path, used=LIMIT - 60) as fleet:
        await fleet.made("jonas", 1)
        await fleet.made("nora", 60)
        third = await fleet.made("aiko", 60)

    assert 17 <= third <= 23


async def test_one_alone_may_use_all_that_is_left(org: LocalOrg, clock: Clock, tmp_path: Path) -> None:
    async with fleet_of(org, clock, tmp_path, used=LIMIT - 60) as fleet:
        assert await fleet.made("nora", 60) == 60


async def test_nothing_is_shared_while_there_is_enough(org: LocalOrg, clock: Clock, tmp_path: Path) -> None:
    async with fleet_of(org, clock, tmp_path, used=100) as fleet:
        await fleet.made("jonas", 1)
        assert await fleet.made("nora", 40) == 40


async def test_what_is_reserved_is_not_shared(org: LocalOrg, clock: Clock, tmp_path: Path) -> None:
    async with fleet_of(org, clock, tmp_path, used=LIMIT - 60, reserve="40") as fleet:
        await fleet.made("jonas", 2)
        assert 8 <= await fleet.made("nora", 60) <= 14


async def test_the_next_hour_has_new_shares_and_a_minute_lets_one_call_look(
    org: LocalOrg, clock: Clock, tmp_path: Path
) -> None:
    async with fleet_of(org, clock, tmp_path, used=LIMIT - 60) as fleet:
        await fleet.made("jonas", 2)
        await fleet.made("nora", 60)
        before = await fleet.made("nora", 1)
        clock.put_forward(60)
        looked = await fleet.made("nora", 1)
        fleet.now += 3600
        after = await fleet.made("nora", 5)

    assert (before, looked, after) == (0, 1, 5)


async def test_people_of_yesterday_have_a_share_too(org: LocalOrg, clock: Clock, tmp_path: Path) -> None:
    async with fleet_of(org, clock, tmp_path, used=LIMIT - 60) as fleet:
        await fleet.made("jonas", 1)
        await fleet.made("aiko", 1)
        fleet.now += 86_400
        assert 26 <= await fleet.made("nora", 60) <= 34


async def test_calls_of_the_last_second_of_an_hour_are_not_of_the_next_share(
    org: LocalOrg, clock: Clock, tmp_path: Path
) -> None:
    async with fleet_of(org, clock, tmp_path, used=LIMIT - 60, replicas=1) as fleet:
        await fleet.made("jonas", 2)
        await fleet.made("nora", 1)
        for _ in range(20):
            await fleet.clients["nora"][0].queries.query("SELECT Id FROM Account LIMIT 1")
        fleet.now += 3600
        assert 16 <= await fleet.made("nora", 60) <= 20  # the half of the 37 that are left


async def test_a_store_that_is_away_stops_no_call_that_was_let_in(org: LocalOrg, clock: Clock, tmp_path: Path) -> None:
    store = SqliteStore(tmp_path)  # a folder is no file
    async with AsyncExitStack() as stack:
        stack.push_async_callback(store.close)
        fleet = Fleet(org, Counted(org, LIMIT - 60), clock)
        await fleet.add(store, stack, "0")
        assert await fleet.made("nora", 20) == 20


async def test_a_person_reads_what_happened_and_when_to_try_again(org: LocalOrg) -> None:
    people = KnownPeople({name: org.credentials_of(name) for name in NAMES}, "http://127.0.0.1:1")
    own = settings_of(org, journal="off", state_key="k" * 32)
    app = team_app(own, people, SqliteStore(None), transport=Counted(org, LIMIT - 12))
    async with served(app) as url, httpx2.AsyncClient(headers=HEADERS, timeout=60) as http:

        async def call(name: str) -> dict[str, object]:
            result = answer_in(await http.post(url, json=LIST, headers=as_person(name)))["result"]
            return error_in(result["content"][0]["text"]) if result.get("isError") else {}

        await call("jonas")
        told = [each for each in [await call("nora") for _ in range(12)] if each]
        other = await call("jonas")

    assert told[0]["code"] == "API_SHARE_REACHED"
    assert "2 users share the rest" in str(told[0]["message"])
    assert "Try again in" in str(told[0]["hint"])
    assert other == {}


@pytest.mark.parametrize("percent", [0, 101])
def test_a_percentage_is_one(percent: int) -> None:
    with pytest.raises(ValueError, match="fair_share_percent"):
        Serving(fair_share_percent=percent)
