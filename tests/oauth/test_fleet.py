"""Salesforce's tokens in a fleet: one refresh for each expiry, whatever Salesforce, the store and the callers do."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.salesforce import AsgiTransport, AuthenticationError, SalesforceError, TransportError
from mcp_salesforce.salesforce.wire import HttpReply, HttpRequest
from mcp_salesforce.store.interface import Store
from mcp_salesforce.store.valkey import ValkeyStore
from tests.effort import FULL
from tests.oauth.site import Site, Time, client_of, log_in, refresh, site_of, sqlite, status
from tests.store.valkey_server import Server, running

pytestmark = pytest.mark.anyio
REPLICAS = 3
AT_ONCE = 150
"""Calls at a time: more than the connections that the replicas have to the store."""


class Line:
    """The way to the org: it counts refreshes, and breaks or waits as a test wants."""

    def __init__(self, org: LocalOrg) -> None:
        self._there = AsgiTransport(org.app)
        self.refreshes = 0
        self.asked_who = 0
        self.is_cut = False
        self.busy = 0
        self.has_begun = asyncio.Event()
        self.before_refresh: list[asyncio.Event] = []

    async def exchange(self, request: HttpRequest) -> HttpReply:
        if self.is_cut:
            raise TransportError("cut", sent=False)
        self.asked_who += request.url.endswith("/userinfo")
        if b"grant_type=refresh_token" in (request.body or b""):
            assert len(parse_qs((request.body or b"").decode())["refresh_token"]) == 1
            self.has_begun.set()
            for event in self.before_refresh:
                await event.wait()
            if self.busy:
                self.busy -= 1
                body = b'{"error":"invalid_grant","error_description":"token request is already being processed"}'
                return HttpReply(400, {"content-type": "application/json"}, body)
            self.refreshes += 1
            await asyncio.sleep(0)
        return await self._there.exchange(request)

    async def close(self) -> None:
        """Nothing is held open."""


@pytest.fixture
def line(org: LocalOrg) -> Line:
    org.oauth.rotate_refresh_tokens = True
    return Line(org)


@pytest.fixture(scope="module")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("valkey")) as server:
        yield server


@pytest.fixture(params=["sqlite", pytest.param("valkey", marks=pytest.mark.valkey)])
async def fleet(
    request: pytest.FixtureRequest, org: LocalOrg, line: Line, tmp_path: Path, time: Time
) -> AsyncIterator[list[Site]]:
    """Replicas with their own memory on one store."""

    def store() -> Store:
        if request.param == "sqlite":
            return sqlite(tmp_path, time)
        return ValkeyStore(request.getfixturevalue("valkey").url)

    if request.param == "valkey":
        emptied = ValkeyStore(request.getfixturevalue("valkey").url)
        await emptied._client.flushall()
        await emptied.close()
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(site_of(org, store(), time, transport=line)) for _ in range(REPLICAS)]


async def test_all_who_find_a_token_expired_cause_one_refresh(fleet: list[Site], line: Line) -> None:
    tokens = await log_in(fleet[0])
    people = [await site.logins.person_of(tokens["access_token"]) for site in fleet]

    for expiry in range(1, 4):
        fleet[0].org.expire_sessions()

        async def call(number: int) -> str:
            person = people[number % REPLICAS]
            assert person is not None
            async with client_of(fleet[0], person.tokens) as client:
                return (await client.userinfo()).user_id

        found = await asyncio.gather(*(call(number) for number in range(12)))

        assert set(found) == {fleet[0].org.user_id}
        assert line.refreshes == expiry


async def test_500_people_are_refreshed_once_each_and_nobody_is_somebody_else(
    fleet: list[Site], line: Line, org: LocalOrg
) -> None:
    count = 500 if FULL else 20
    profile = org.store.row("SELECT ProfileId FROM User WHERE Id = ?", [org.user_id])
    assert profile is not None
    users = [
        org.insert(
            "User",
            FirstName="Person",
            LastName=f"Number {number}",
            Alias=f"p{number}",
            Email=f"p{number}@acme.example",
            Username=f"p{number}@acme.example",
            ProfileId=profile["ProfileId"],
            TimeZoneSidKey="Europe/Berlin",
            LocaleSidKey="en_US",
            LanguageLocaleKey="en_US",
            EmailEncodingKey="UTF-8",
            CommunityNickname=f"p{number}",
        )
        for number in range(count)
    ]
    logins = [await log_in(fleet[number % REPLICAS], user) for number, user in enumerate(users)]
    org.expire_sessions()

    turn = asyncio.Semaphore(AT_ONCE)

    async def call(number: int) -> str:
        async with turn:
            person = await fleet[number % REPLICAS].logins.person_of(logins[number // REPLICAS]["access_token"])
            assert person is not None
            async with client_of(fleet[0], person.tokens) as client:
                return (await client.userinfo()).user_id

    found = await asyncio.gather(*(call(number) for number in range(REPLICAS * count)))

    assert found == [users[number // REPLICAS] for number in range(REPLICAS * count)]
    assert line.refreshes == count


async def test_a_caller_who_leaves_does_not_lose_the_new_token(fleet: list[Site], line: Line) -> None:
    tokens = await log_in(fleet[0])
    person = await fleet[0].logins.person_of(tokens["access_token"])
    assert person is not None
    fleet[0].org.expire_sessions()
    held = asyncio.Event()
    line.before_refresh = [held]

    async with client_of(fleet[0], person.tokens) as client:
        calling = asyncio.ensure_future(client.userinfo())
        await line.has_begun.wait()
        calling.cancel()
        held.set()
        with pytest.raises(asyncio.CancelledError):
            await calling
    await fleet[0].logins._people.close()

    other = await fleet[1].logins.person_of(tokens["access_token"])
    assert other is not None
    async with client_of(fleet[1], other.tokens) as client:
        assert (await client.userinfo()).user_id == other.user_id
    assert line.refreshes == 1


@pytest.mark.valkey
async def test_a_token_that_was_replaced_while_the_store_was_away_is_kept_when_it_is_back(
    org: LocalOrg, line: Line, tmp_path: Path, time: Time
) -> None:
    with running(tmp_path) as server:
        async with (
            site_of(org, ValkeyStore(server.url), time, transport=line) as one,
            site_of(org, ValkeyStore(server.url), time, transport=line) as other,
        ):
            tokens = await log_in(one)
            person = await one.logins.person_of(tokens["access_token"])
            assert person is not None
            org.expire_sessions()
            held = asyncio.Event()
            line.before_refresh = [held]

            async with client_of(one, person.tokens) as client:
                calling = asyncio.ensure_future(client.userinfo())
                await line.has_begun.wait()
                server.stop()
                held.set()
                await asyncio.sleep(0.2)
                assert not calling.done(), "nobody gets a token that is not kept"
                server.start()
                assert (await calling).user_id == person.user_id

            again = await other.logins.person_of(tokens["access_token"])
            assert again is not None
            async with client_of(other, again.tokens) as client:
                assert (await client.userinfo()).user_id == person.user_id
            assert line.refreshes == 1


async def test_a_refresh_that_salesforce_processes_already_is_waited_for(fleet: list[Site], line: Line) -> None:
    tokens = await log_in(fleet[0])
    person = await fleet[0].logins.person_of(tokens["access_token"])
    assert person is not None
    fleet[0].org.expire_sessions()
    line.busy = 2

    async with client_of(fleet[0], person.tokens) as client:
        assert (await client.userinfo()).user_id == person.user_id
    assert await status(fleet[1], tokens) == 200


async def test_a_login_that_salesforce_ended_is_a_login_again_for_its_person_alone(
    fleet: list[Site], org: LocalOrg
) -> None:
    other = str(org.oauth.users()[1]["Id"])
    ended, untouched = await log_in(fleet[0]), await log_in(fleet[0], other)
    person = await fleet[0].logins.person_of(ended["access_token"])
    assert person is not None
    org.expire_sessions()
    org.store.execute("DELETE FROM _grant WHERE user_id = ?", [org.user_id])

    async with client_of(fleet[0], person.tokens) as client:
        with pytest.raises(AuthenticationError, match="Your login to Salesforce has ended") as caught:
            await client.userinfo()

    assert "log in again" in caught.value.hint
    for site in fleet:
        assert await status(site, ended) == 401
        assert await status(site, untouched) == 200
    assert (await refresh(fleet[1], ended)).json()["error"] == "invalid_grant"
    again = await log_in(fleet[2])
    assert await status(fleet[0], again) == 200


async def test_a_user_who_was_deactivated_is_out_within_a_minute(fleet: list[Site], org: LocalOrg) -> None:
    maria = str(org.oauth.users()[1]["Id"])
    gone, stays = await log_in(fleet[0], maria), await log_in(fleet[0])
    for site in fleet:
        assert await status(site, gone) == 200
    org.records.update("User", maria, {"IsActive": False}, org.user_id)
    fleet[0].time.now += 59

    for site in fleet:
        assert await status(site, gone) == 401
        assert await status(site, stays) == 200
    assert (await refresh(fleet[0], gone)).json()["error"] == "invalid_grant"


async def test_an_active_user_is_asked_about_about_twice_a_minute_and_stays_in_without_an_org(
    fleet: list[Site], line: Line
) -> None:
    tokens = await log_in(fleet[0])
    before = line.asked_who

    for _ in range(60):
        fleet[0].time.now += 10
        assert await status(fleet[0], tokens) == 200
    await fleet[0].logins._people.close()
    assert 10 <= line.asked_who - before <= 21

    line.is_cut = True
    fleet[0].time.now += 120
    assert await status(fleet[0], tokens) == 200
    person = await fleet[0].logins.person_of(tokens["access_token"])
    assert person is not None
    fleet[0].org.expire_sessions()
    with pytest.raises(SalesforceError):
        await person.tokens.token(line.exchange, refused=await person.tokens.token(line.exchange, refused=None))
    line.is_cut = False
    assert await status(fleet[0], tokens) == 200
