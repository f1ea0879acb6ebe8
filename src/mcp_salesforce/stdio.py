"""MCP over stdin and stdout, on the event loop itself where the system allows.

The SDK's own transport reads and writes in worker threads: that costs more than half of a call, and keeps the process
alive until the host sends one more line.
"""

import asyncio
import os
import select
import signal
import sys
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any, Final, Self

import anyio
from anyio import CancelScope
from mcp.server import MCPServer
from mcp.shared.message import SessionMessage
from mcp_types import JSONRPCError, JSONRPCMessage, JSONRPCNotification, JSONRPCRequest, JSONRPCResponse, RequestId
from mcp_types import jsonrpc_message_adapter as message_adapter

from mcp_salesforce import direct

_STDIN: Final = 0
_STDOUT: Final = 1
_STDERR: Final = 2
_CHUNK_BYTES: Final = 65_536
_PIPE_BUF: Final[int] = getattr(select, "PIPE_BUF", 512)
"""As many bytes as a pipe that is ready for writing takes without blocking."""
_ENDLESS: Final = "subscriptions/listen"
_LAST_ANSWERS_S: Final = 30.0
"""How long the requests that came before the end of input may take: as long as a call takes at most by default."""


def serve_stdio(server: MCPServer[Any]) -> None:
    """Serve the host on stdin and stdout until it has closed stdin and has its answers.

    Ctrl-C and SIGTERM end it at once.
    """

    async def serve() -> None:
        with CancelScope() as scope:
            _stop_on_signals(scope.cancel)
            async with _streams() as (from_host, to_host):
                await direct.serve(server, from_host, to_host)

    try:
        anyio.run(serve)
    except* (BrokenPipeError, ConnectionResetError):
        sys.stderr.write("The host closed its end of stdout.\n")


def _stop_on_signals(stop: Callable[[], object]) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):  # Windows: Ctrl-C arrives as KeyboardInterrupt
            loop.add_signal_handler(number, stop)


@asynccontextmanager
async def _streams() -> AsyncIterator[tuple["_FromHost", "_ToHost"]]:
    with _protocol_alone_on_stdout() as wire:
        unanswered = _Unanswered()
        to_host = _ToHost(wire, unanswered)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(to_host.write_what_waits)
            yield _FromHost(unanswered), to_host


@contextmanager
def _protocol_alone_on_stdout() -> Iterator[int]:
    """Give a descriptor of the host's stdout; what anything else writes to stdout meanwhile goes to stderr."""
    wire = os.dup(_STDOUT)
    os.dup2(_STDERR, _STDOUT)
    try:
        yield wire
    finally:
        os.dup2(wire, _STDOUT)
        os.close(wire)


class _Unanswered:
    """The requests that have come and have no answer on the wire yet: the SDK drops them at the end of input."""

    def __init__(self) -> None:
        self._ids: set[str] = set()
        self._none = asyncio.Event()
        self._none.set()

    def came(self, message: JSONRPCMessage) -> None:
        """Note a request from the host, or the cancellation of one."""
        match message:
            case JSONRPCRequest(method=method) if method != _ENDLESS:
                self._ids.add(str(message.id))
                self._none.clear()
            case JSONRPCNotification(method="notifications/cancelled", params={"requestId": request_id}):
                self._settle(request_id)

    def left(self, message: JSONRPCMessage) -> None:
        """Note an answer that is on the wire."""
        if isinstance(message, JSONRPCResponse | JSONRPCError) and message.id is not None:
            self._settle(message.id)

    async def wait_for_none(self) -> None:
        """Return when every request is answered, at the latest after `_LAST_ANSWERS_S`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_LAST_ANSWERS_S):
                await self._none.wait()

    def _settle(self, request_id: RequestId) -> None:
        self._ids.discard(str(request_id))
        if not self._ids:
            self._none.set()


class _FromHost:
    """The messages on stdin, as the SDK reads them; what is none is an exception."""

    def __init__(self, unanswered: _Unanswered) -> None:
        self._unanswered = unanswered
        self._queue: asyncio.Queue[str | None] = asyncio.Queue()
        self._rest = b""
        self._loop = asyncio.get_running_loop()
        try:
            self._loop.add_reader(_STDIN, self._feed_what_is_there)
        except (NotImplementedError, OSError):  # Windows; a regular file
            threading.Thread(target=self._feed_until_the_end, name="stdin", daemon=True).start()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> SessionMessage | Exception:
        line = await self._queue.get()
        if line is None:
            await self._unanswered.wait_for_none()
            raise StopAsyncIteration
        try:
            message = message_adapter.validate_json(line, by_name=False)
        except ValueError as error:
            return error
        self._unanswered.came(message)
        return SessionMessage(message)

    async def receive(self) -> SessionMessage | Exception:
        """Return the next message.

        Raises:
            EndOfStream: There is none to come.
        """
        try:
            return await anext(self)
        except StopAsyncIteration:
            raise anyio.EndOfStream from None

    async def aclose(self) -> None:
        """Read no more; the descriptor is the process's."""
        with suppress(NotImplementedError):
            self._loop.remove_reader(_STDIN)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exception: object) -> None:
        await self.aclose()

    def _feed_what_is_there(self) -> None:
        chunk = os.read(_STDIN, _CHUNK_BYTES)
        if not chunk:
            self._loop.remove_reader(_STDIN)
        self._feed(chunk)

    def _feed_until_the_end(self) -> None:
        with suppress(RuntimeError):  # the loop is closed
            while chunk := os.read(_STDIN, _CHUNK_BYTES):
                self._loop.call_soon_threadsafe(self._feed, chunk)
            self._loop.call_soon_threadsafe(self._feed, b"")

    def _feed(self, chunk: bytes) -> None:
        """Put the lines that `chunk` completes into the queue; an empty one is the end of input."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        if not chunk and self._rest:
            lines.append(self._rest)
        for line in lines:
            self._queue.put_nowait(line.decode(errors="replace"))
        if not chunk:
            self._queue.put_nowait(None)


class _Waiting:
    """A message, or the rest of one, that the host has not read yet."""

    def __init__(self, message: JSONRPCMessage, rest: memoryview) -> None:
        self.message = message
        self.rest = rest
        self.written = asyncio.Event()


class _ToHost:
    """Takes messages for stdout: at once where the host reads, else in their order as it does.

    A message that has begun is written to its end, whatever becomes of the request that it answers.
    """

    def __init__(self, wire: int, unanswered: _Unanswered) -> None:
        self._wire = wire
        self._unanswered = unanswered
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[_Waiting] = deque()
        self._woken = asyncio.Event()
        self._is_closed = False
        self._failure: OSError | None = None
        self._poll = select.poll() if hasattr(select, "poll") else None
        if self._poll:
            self._poll.register(wire, select.POLLOUT)

    async def send(self, item: SessionMessage) -> None:
        """Write a message; wait where the host does not read, without holding anything else up.

        Raises:
            BrokenResourceError: The host has closed its end.
        """
        message = item.message
        line = message.model_dump_json(by_alias=True, exclude_unset=True) + "\n"
        rest = memoryview(line.encode())
        if not self._waiting and self._poll:
            try:
                rest = self._written(rest)
            except OSError as error:
                self._failure = error
                self._woken.set()
                raise anyio.BrokenResourceError from None
        if not rest:
            self._unanswered.left(message)
            return
        waiting = _Waiting(message, rest)
        self._waiting.append(waiting)
        self._woken.set()
        await waiting.written.wait()

    async def write_what_waits(self) -> None:
        """Write what `send` could not, until the stream is closed and nothing is left.

        Raises:
            OSError: The host has closed its end.
        """
        while not self._is_closed or self._waiting:
            await self._woken.wait()
            self._woken.clear()
            if self._failure:
                raise self._failure
            while self._waiting:
                first = self._waiting[0]
                await self._write(first.rest)
                self._unanswered.left(first.message)
                self._waiting.popleft().written.set()

    async def aclose(self) -> None:
        """Take no more; what waits is still written."""
        self._is_closed = True
        self._woken.set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exception: object) -> None:
        await self.aclose()

    def _written(self, rest: memoryview) -> memoryview:
        """Write as much as the pipe takes without blocking; return what is left."""
        while rest and self._poll and self._poll.poll(0):
            rest = rest[os.write(self._wire, rest[:_PIPE_BUF]) :]
        return rest

    async def _write(self, rest: memoryview) -> None:
        while rest:
            if self._poll is None:
                rest = rest[await anyio.to_thread.run_sync(os.write, self._wire, rest) :]
            elif len(left := self._written(rest)) < len(rest):
                rest = left
            else:
                await self._until_writable()

    async def _until_writable(self) -> None:
        writable = asyncio.Event()
        self._loop.add_writer(self._wire, writable.set)
        try:
            await writable.wait()
        finally:
            self._loop.remove_writer(self._wire)
