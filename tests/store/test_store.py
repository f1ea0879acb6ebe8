"""What holds of every store, however many replicas use it."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest

from mcp_salesforce.store.interface import Store, StoreError
from mcp_salesforce.store.valkey import ValkeyStore
from tests.store.conftest import Replica
from tests.store.valkey_server import Server, lossy_line

pytestmark = pytest.mark.anyio
_PATIENCE_S = 20
ANY = b"\x00\xff any bytes"


async def _until(holds: Callable[[], Awaitable[bool]]) -> None:
    ends = time.monotonic() + _PATIENCE_S
    while not await holds():
        assert time.monotonic() < ends
        await asyncio.sleep(0.02)


async def test_what_is_put_is_there_for_all_replicas_as_long_as_it_lives(replica: Replica) -> None:
    store, other = replica(), replica()

    await store.put("a", ANY, 60)
    await store.put("short", ANY, 0.05)

    found = await other.get("a")
    assert found is not None
    assert found.value == ANY
    assert 0 < found.lifetime_s <= 60
    assert ANY.decode("latin-1") not in repr(found)
    assert await store.get("b") is None

    async def has_ended() -> bool:
        return await other.get("short") is None

    await _until(has_ended)
    assert await other.take("short") is None
    assert await other.swap("short", b"new", 60, version=None)


async def test_a_store_can_be_closed_twice_and_keeps_what_it_has(replica: Replica) -> None:
    store = replica()
    await store.put("a", ANY, 60)
    for _ in range(2):
        await store.close()

    assert await replica().get("a")


async def test_of_all_who_swap_one_version_one_wins(replica: Replica) -> None:
    stores = [replica() for _ in range(4)]
    assert await stores[0].swap("a", b"first", 60, version=None)
    found = await stores[1].get("a")
    assert found is not None

    won = await asyncio.gather(
        *(stores[n % 4].swap("a", str(n).encode(), 60, version=found.version) for n in range(16))
    )

    assert len([each for each in won if each]) == 1
    now = await stores[2].get("a")
    assert now is not None
    assert now.value == str([bool(each) for each in won].index(True)).encode()
    assert now.version != found.version
    assert not await stores[3].swap("a", b"late", 60, version=None)
    assert not await stores[3].swap("b", b"late", 60, version=found.version)


async def test_of_all_who_take_a_value_one_gets_it(replica: Replica) -> None:
    stores = [replica() for _ in range(4)]
    await stores[0].put("code", ANY, 60)

    taken = await asyncio.gather(*(stores[n % 4].take("code") for n in range(16)))

    assert sorted(taken, key=bool) == [None] * 15 + [ANY]
    assert await stores[0].get("code") is None


async def test_a_lock_has_one_owner_until_it_is_given_back_or_its_time_is_over(replica: Replica) -> None:
    store, other = replica(), replica()

    held = await asyncio.gather(*((store, other)[n % 2].lock("l", f"owner {n}", 60) for n in range(8)))

    owner = f"owner {held.index(True)}"
    assert held.count(True) == 1
    assert await other.lock("l", owner, 60), "the owner prolongs it"
    await other.unlock("l", "somebody else")
    assert not await store.lock("l", "somebody else", 60)
    await other.unlock("l", owner)
    assert await store.lock("l", "somebody else", 0.05)

    async def is_free() -> bool:
        return await other.lock("l", owner, 60)

    await _until(is_free)
    await store.unlock("l", "somebody else")
    assert not await store.lock("l", "a third", 60), "who was too slow does not open what another holds"


async def test_a_count_is_of_all_replicas_and_begins_again(replica: Replica) -> None:
    store, other = replica(), replica()

    assert sorted(await asyncio.gather(*((store, other)[n % 2].count("c", 60) for n in range(10)))) == [*range(1, 11)]
    assert [await store.count("sum", 60, by) for by in (0, 5, 0, 2)] == [0, 5, 5, 7]
    assert await store.count("another", 0.05) == 1

    async def begins_again() -> bool:
        return await store.count("another", 0.05) == 1

    await _until(begins_again)


async def test_keys_are_those_that_begin_so_however_many(store: Store) -> None:
    wanted = {f"a*:{n}" for n in range(1100)}
    await asyncio.gather(*(store.put(key, b"", 60) for key in wanted))
    for other in ("a", "ab:1", "b*:1", "a"):
        await store.put(other, b"", 60)
    await store.count("a*:count", 60)
    await store.lock("a*:lock", "me", 60)

    assert {key async for key in store.keys("a*:")} == wanted
    assert len([key async for key in store.keys("")]) == len(wanted) + 3


@pytest.mark.valkey
async def test_a_change_whose_answer_is_lost_happens_once_and_says_so(one_valkey: Server) -> None:
    async with lossy_line(one_valkey.url) as line:
        store = ValkeyStore(line.url)
        await store._client.flushall()
        await store.put("code", ANY, 60)
        await store.swap("new", b"", 60, version=None)  # every script is known now
        await store.lock("warm", "me", 60)
        await store.count("warm", 60)
        await store.take("new")

        async def lost(change: Awaitable[object]) -> object:
            line.losing = 2
            return await change

        assert await lost(store.take("code")) == ANY
        assert await lost(store.lock("l", "me", 60)) is True
        assert await lost(store.swap("s", b"1", 60, version=None))
        assert [await lost(store.count("c", 60)) for _ in range(3)] == [1, 2, 3]
        assert line.lost == 12
        assert await store.take("code") is None
        await store.close()


@pytest.mark.valkey
async def test_a_password_is_not_in_what_is_said_of_a_store(one_valkey: Server) -> None:
    wrong = one_valkey.url.replace("password", "wrong-secret")
    store = ValkeyStore(wrong)

    with pytest.raises(StoreError, match=f"127.0.0.1:{one_valkey.port}") as caught:
        await store.get("a")

    for text in (repr(store), str(caught.value), caught.value.hint):
        assert "wrong-secret" not in text
    await store.close()
