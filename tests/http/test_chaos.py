"""Replicas and their store are killed while people write: no write is lost, none is made twice, and all go on."""

import asyncio
import random
from collections import Counter
from pathlib import Path
from typing import Final

import httpx2
import pytest

from mcp_salesforce.localorg import LocalOrg
from tests.effort import FULL
from tests.http.served import answer_in
from tests.oauth.processes import PATIENCE_S, Replica, log_in, replicas
from tests.store.valkey_server import Server, running

pytestmark = [pytest.mark.slow, pytest.mark.valkey]
WRITERS: Final = 4
REPLICA_KILLS: Final = 30 if FULL else 2
STORE_KILLS: Final = 5 if FULL else 1
RECOVERS_S: Final = 5 if FULL else PATIENCE_S


class Writers:
    """People who create contacts, each with a name of its own, at any replica, and note how each write ended."""

    def __init__(self, fleet: tuple[Replica, ...], http: httpx2.AsyncClient, bearer: str) -> None:
        self._fleet, self._http, self._bearer = fleet, http, bearer
        self.saved: dict[str, str] = {}
        self.refused: set[str] = set()
        self.unknown: set[str] = set()
        self.others: list[str] = []
        self.is_over = False

    async def write(self, number: int) -> None:
        """Write until it is over; a write that failed is not repeated."""
        choice, count = random.Random(number), 0  # noqa: S311 - the same each time
        while not self.is_over:
            count += 1
            name = f"Writer {number} no. {count}"
            await self._one(name, choice.choice(self._fleet))
            await asyncio.sleep(0.02)

    async def _one(self, name: str, replica: Replica) -> None:
        try:
            answer = await replica.call(self._http, self._bearer, "salesforce_create_contact", data={"LastName": name})
        except httpx2.ConnectError:
            self.refused.add(name)
            return
        except httpx2.TransportError:
            self.unknown.add(name)
            return
        if answer.status_code == 503:
            self.refused.add(name)
        elif answer.status_code == 200 and "Id" in (found := answer_in(answer)["result"]).get("structuredContent", {}):
            self.saved[name] = found["structuredContent"]["Id"]
        elif answer.status_code == 200 and "The write was not sent" in found["content"][0]["text"]:
            self.refused.add(name)
        else:
            self.others.append(f"{answer.status_code} {answer.text}")

    async def goes_on(self) -> None:
        """Wait until some more writes were saved than are running now."""
        wanted = len(self.saved) + WRITERS + 1
        async with asyncio.timeout(RECOVERS_S):
            while len(self.saved) < wanted:  # noqa: ASYNC110 - until writes of other tasks are answered
                await asyncio.sleep(0.02)


async def kill_all(fleet: tuple[Replica, ...], store: Server, writers: Writers, http: httpx2.AsyncClient) -> None:
    """Kill replicas and the store at moments of chance; after each, the writers go on in time."""
    chance = random.Random(16)  # noqa: S311 - moments of a test
    kills = [*range(REPLICA_KILLS), *["store"] * STORE_KILLS]
    chance.shuffle(kills)
    for kill in kills:
        await asyncio.sleep(chance.random() / 5)
        if isinstance(kill, int):
            victim = fleet[kill % 2]
            await asyncio.to_thread(victim.kill)
            await writers.goes_on()
            victim.start()
            await victim.ready(http)
        else:
            await asyncio.to_thread(store.stop)
            await asyncio.sleep(0.3)
            await asyncio.to_thread(store.start)
        await writers.goes_on()


async def test_what_was_acknowledged_is_there_once_and_nothing_is_there_twice(org: LocalOrg, tmp_path: Path) -> None:
    with (
        org.listening() as org_url,
        running(tmp_path) as store,
        replicas(
            org, org_url, store, tmp_path, SALESFORCE_CALLS_PER_MINUTE="100000", SALESFORCE_LOG_LEVEL="INFO"
        ) as fleet,
    ):
        async with httpx2.AsyncClient(timeout=PATIENCE_S) as http:
            for each in fleet:
                await each.ready(http)
            bearer = (await log_in(http, fleet[0].url, fleet[1].url, org_url))["access_token"]
            writers = Writers(fleet, http, bearer)
            async with asyncio.TaskGroup() as tasks:
                for number in range(WRITERS):
                    tasks.create_task(writers.write(number))
                try:
                    await kill_all(fleet, store, writers, http)
                finally:
                    writers.is_over = True

    rows = org.store.rows("SELECT LastName, Id FROM Contact WHERE LastName LIKE 'Writer %'", [])
    found = Counter(str(row["LastName"]) for row in rows)
    ids = {str(row["LastName"]): str(row["Id"]) for row in rows}
    assert not writers.others
    assert [name for name, count in found.items() if count > 1] == []
    assert {name: ids.get(name) for name in writers.saved} == writers.saved
    assert found.keys() <= writers.saved.keys() | writers.unknown
