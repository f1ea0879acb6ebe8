"""What is opened when it is first used and kept for the next use: bounded, and closed when nobody uses it any more."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from contextvars import Context
from types import TracebackType
from typing import Generic, Self, TypeVar

Value = TypeVar("Value")
_log = logging.getLogger(__name__)


class FullError(Exception):
    """As many are in use as there may be."""


class _Entry(Generic[Value]):
    """One of them: a task opens it, waits, and closes it."""

    def __init__(self) -> None:
        self.value: asyncio.Future[Value] = asyncio.get_running_loop().create_future()
        self.is_over = asyncio.Event()
        self.users = 0
        self.left_at = 0.0

    async def hold(self, opened: AbstractAsyncContextManager[Value]) -> None:
        try:
            async with opened as value:
                self.value.set_result(value)
                await self.is_over.wait()
        except Exception as error:  # noqa: BLE001 - those who wait for it get it
            if self.value.done():
                _log.exception("A session could not be closed")
            else:
                self.value.set_exception(error)
                self.value.exception()
        finally:
            self.value.cancel()


class Kept(Generic[Value]):
    """Values by key, each opened once however many ask for it; it is the context in which they live."""

    def __init__(self, *, most: int, idle_s: float) -> None:
        """Keep at most `most`, each until it was not used for `idle_s` seconds."""
        self._most = most
        self._idle_s = idle_s
        self._entries: dict[Hashable, _Entry[Value]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._sweeper = asyncio.create_task(self._sweep_again_and_again())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close all of them."""
        self._sweeper.cancel()
        with suppress(asyncio.CancelledError):
            await self._sweeper
        for key in list(self._entries):
            self._end(key)
        if self._tasks:
            await asyncio.wait(self._tasks)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._entries)

    def values(self) -> list[Value]:
        """Return those that are open."""
        held = [entry.value for entry in self._entries.values() if entry.value.done() and not entry.value.cancelled()]
        return [value.result() for value in held if not value.exception()]

    @asynccontextmanager
    async def use(
        self, key: Hashable, opened: Callable[[], AbstractAsyncContextManager[Value]]
    ) -> AsyncIterator[Value]:
        """Give the value of `key` for the length of the block; `opened` opens it if there is no value.

        Raises:
            FullError: All that may be there are in use.
            Exception: What opening it raised; the next use opens it again.
        """
        entry = self._entries.pop(key, None) or self._begun(opened)
        self._entries[key] = entry  # the last of them is the one that was used last
        entry.users += 1
        try:
            yield await asyncio.shield(entry.value)
        finally:
            entry.users -= 1
            entry.left_at = time.monotonic()
            is_failed = entry.value.done() and (entry.value.cancelled() or entry.value.exception())
            if is_failed and self._entries.get(key) is entry:
                del self._entries[key]

    def sweep(self) -> None:
        """Close those that nobody has used for a while."""
        until = time.monotonic() - self._idle_s
        for key in [key for key, entry in self._entries.items() if not entry.users and entry.left_at <= until]:
            self._end(key)

    def _begun(self, opened: Callable[[], AbstractAsyncContextManager[Value]]) -> _Entry[Value]:
        if len(self._entries) >= self._most:
            unused = next((key for key, entry in self._entries.items() if not entry.users), None)
            if unused is None:
                raise FullError
            self._end(unused)
        entry = _Entry[Value]()
        # Of a context of its own: what it opens outlives the call that was first.
        task = asyncio.get_running_loop().create_task(entry.hold(opened()), context=Context())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return entry

    def _end(self, key: Hashable) -> None:
        self._entries.pop(key).is_over.set()

    async def _sweep_again_and_again(self) -> None:
        while True:
            await asyncio.sleep(self._idle_s / 4)
            self.sweep()
