"""Values that are opened once, kept while they are used, and closed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import pytest

from mcp_salesforce.http.kept import FullError, Kept
from tests.clock import Clock


class Opened:
    """What was opened and closed, in order."""

    def __init__(self) -> None:
        self.log: list[str] = []

    @asynccontextmanager
    async def value(self, name: str) -> AsyncIterator[str]:
        self.log.append(f"+{name}")
        await asyncio.sleep(0)
        try:
            yield name
        finally:
            self.log.append(f"-{name}")


@pytest.fixture
def opened() -> Opened:
    return Opened()


async def use(kept: Kept[str], opened: Opened, name: str) -> str:
    async with kept.use(name, partial(opened.value, name)) as value:
        await asyncio.sleep(0)
        return value


async def test_all_who_ask_at_once_get_the_one_that_is_opened(opened: Opened) -> None:
    async with Kept[str](most=2, idle_s=60) as kept:
        got = await asyncio.gather(*(use(kept, opened, "a") for _ in range(20)))

    assert set(got) == {"a"}
    assert opened.log == ["+a", "-a"]


async def test_the_one_that_was_used_longest_ago_makes_room(opened: Opened) -> None:
    async with Kept[str](most=2, idle_s=60) as kept:
        for name in ("a", "b", "a", "c", "a"):
            await use(kept, opened, name)
    assert set(opened.log[2:4]) == {"-b", "+c"}


async def test_there_are_never_more_in_use_than_may_be(opened: Opened) -> None:
    async with Kept[str](most=1, idle_s=60) as kept, kept.use("a", partial(opened.value, "a")):
        with pytest.raises(FullError):
            await use(kept, opened, "b")
        assert await use(kept, opened, "a") == "a"


async def test_one_that_nobody_uses_is_closed_after_a_while_and_one_in_use_is_not(opened: Opened, clock: Clock) -> None:
    async with Kept[str](most=5, idle_s=60) as kept, kept.use("a", partial(opened.value, "a")):
        await use(kept, opened, "b")
        clock.put_forward(61)
        kept.sweep()
        await asyncio.sleep(0)
        assert opened.log[-1] == "-b"
        assert len(kept) == 1


async def test_a_failure_reaches_all_who_wait_and_the_next_opens_it_again(opened: Opened) -> None:
    is_there = False

    @asynccontextmanager
    async def failing() -> AsyncIterator[str]:
        await asyncio.sleep(0)
        if not is_there:
            raise ValueError("no")
        yield "a"

    async def fail(kept: Kept[str]) -> None:
        async with kept.use("a", failing):
            raise AssertionError

    async with Kept[str](most=1, idle_s=60) as kept:
        got = await asyncio.gather(*(fail(kept) for _ in range(3)), return_exceptions=True)
        assert [type(each) for each in got] == [ValueError] * 3
        assert await use(kept, opened, "a") == "a"


async def test_who_is_cancelled_while_it_opens_leaves_it_to_the_others(opened: Opened) -> None:
    async with Kept[str](most=1, idle_s=60) as kept:
        first, second = (asyncio.create_task(use(kept, opened, "a")) for _ in range(2))
        await asyncio.sleep(0)
        first.cancel()
        assert await second == "a"
        assert opened.log == ["+a"]
