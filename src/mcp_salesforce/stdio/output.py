"""Write messages to the host's stdout: each one whole, one after the other, without blocking other work."""

import asyncio
import os
import select
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import anyio

_PIPE_BUF: Final[int] = getattr(select, "PIPE_BUF", 512)
"""Bytes that a pipe accepts without blocking when it is ready for writing."""


@dataclass(slots=True)
class _Pending:
    rest: memoryview
    written: asyncio.Future[None]


class Wire:
    """A descriptor to write to.

    A message that was begun is written to its end even if the writer was cancelled: after half a message the host would
    misread the next one.
    """

    def __init__(self, descriptor: int) -> None:
        """Write to `descriptor`."""
        self.is_broken = False
        self._descriptor = descriptor
        self._pending: deque[_Pending] = deque()
        self._on_broken: Callable[[], object] = lambda: None
        self._lock: asyncio.Lock | None = None
        self._poll = select.poll() if hasattr(select, "poll") else None
        if self._poll:
            self._poll.register(descriptor, select.POLLOUT)

    def on_broken(self, call: Callable[[], object]) -> None:
        """Call `call` when the host has closed its end."""
        self._on_broken = call

    async def write(self, text: str, then: Callable[[], object] = lambda: None) -> None:
        """Write a line, and wait until the host has taken it; then call `then`, even if the wait was cancelled."""
        rest = memoryview(f"{text}\n".encode())
        if self._poll is None:
            await self._write_in_thread(rest)
            then()
            return
        if not self._pending:
            rest = self._write_now(rest)
        if not rest:
            then()
            return
        pending = _Pending(rest, asyncio.get_running_loop().create_future())
        pending.written.add_done_callback(lambda written: None if written.exception() else then())
        self._pending.append(pending)
        if len(self._pending) == 1:
            asyncio.get_running_loop().add_writer(self._descriptor, self._go_on)
        await asyncio.shield(pending.written)

    def _write_now(self, rest: memoryview) -> memoryview:
        """Write as much as the host takes now; return what is left."""
        try:
            while rest and self._poll and self._poll.poll(0):
                rest = rest[os.write(self._descriptor, rest[:_PIPE_BUF]) :]
        except BlockingIOError:
            return rest
        except OSError:
            raise self._break() from None
        return rest

    def _go_on(self) -> None:
        """Continue to write when the host reads again."""
        while self._pending:
            first = self._pending[0]
            try:
                first.rest = self._write_now(first.rest)
            except anyio.BrokenResourceError:
                return
            if first.rest:
                return
            self._pending.popleft()
            first.written.set_result(None)
        asyncio.get_running_loop().remove_writer(self._descriptor)

    async def _write_in_thread(self, rest: memoryview) -> None:
        self._lock = self._lock or asyncio.Lock()
        async with self._lock:
            try:
                while rest:
                    rest = rest[await anyio.to_thread.run_sync(os.write, self._descriptor, rest) :]
            except OSError:
                raise self._break() from None

    def _break(self) -> anyio.BrokenResourceError:
        self.is_broken = True
        self._on_broken()
        for pending in self._pending:
            if not pending.written.done():
                pending.written.set_exception(anyio.BrokenResourceError())
                pending.written.exception()  # the waiting writers raise it
        if self._pending:
            self._pending.clear()
            asyncio.get_running_loop().remove_writer(self._descriptor)
        return anyio.BrokenResourceError()
