"""MCP over stdin and stdout, on the event loop itself where the system allows.

The SDK's own transport reads and writes in worker threads: that costs more than half of a call, and keeps the process
alive until the host sends one more line.
"""

import asyncio
import os
import re
import select
import signal
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any, Final, Self, cast

import anyio
import orjson
from anyio import AsyncFile, CancelScope
from mcp.server import MCPServer
from mcp.server.stdio import stdio_server

_STDIN: Final = 0
_STDOUT: Final = 1
_STDERR: Final = 2
_CHUNK_BYTES: Final = 65_536
_PIPE_BUF: Final[int] = getattr(select, "PIPE_BUF", 512)
"""As many bytes as a pipe that is ready for writing takes without blocking."""
_ANSWER: Final = re.compile(r'\{"jsonrpc":"2\.0","id":("(?:[^"\\]|\\.)*"|-?\d+),"(?:result|error)":')
"""How an answer begins, as the SDK writes it."""
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
            lowlevel = server._lowlevel_server  # noqa: SLF001 - as MCPServer.run_stdio_async does, with our own streams
            async with _streams() as (from_host, to_host):
                await lowlevel.run(from_host, to_host, lowlevel.create_initialization_options())

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
async def _streams() -> AsyncIterator[Any]:
    with _protocol_alone_on_stdout() as wire:
        unanswered = _Unanswered()
        lines, messages = _Lines(unanswered), _Messages(wire, unanswered)
        async with stdio_server(cast("AsyncFile[str]", lines), cast("AsyncFile[str]", messages)) as streams:
            yield streams


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

    def asked(self, line: str) -> None:
        """Note the request, or the cancellation of one, in a line from the host."""
        try:
            message = orjson.loads(line)
        except orjson.JSONDecodeError:
            return
        match message:
            case {"method": str(method), "id": str() | int() as request_id} if method != _ENDLESS:
                self._ids.add(str(request_id))
                self._none.clear()
            case {"method": "notifications/cancelled", "params": {"requestId": request_id}}:
                self._settle(str(request_id))

    def answered(self, text: str) -> None:
        """Note that `text` is on the wire."""
        if answer := _ANSWER.match(text):
            self._settle(str(orjson.loads(answer[1])))

    async def wait_for_none(self) -> None:
        """Return when every request is answered, at the latest after `_LAST_ANSWERS_S`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_LAST_ANSWERS_S):
                await self._none.wait()

    def _settle(self, request_id: str) -> None:
        self._ids.discard(request_id)
        if not self._ids:
            self._none.set()


class _Lines:
    """The lines of stdin, as the part of an asynchronous file that the SDK uses."""

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

    async def __anext__(self) -> str:
        line = await self._queue.get()
        if line is None:
            await self._unanswered.wait_for_none()
            raise StopAsyncIteration
        self._unanswered.asked(line)
        return line

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


class _Messages:
    """A descriptor to write to, as the part of an asynchronous file that the SDK uses."""

    def __init__(self, wire: int, unanswered: _Unanswered) -> None:
        self._wire = wire
        self._unanswered = unanswered
        self._loop = asyncio.get_running_loop()
        self._poll = select.poll() if hasattr(select, "poll") else None
        if self._poll:
            self._poll.register(wire, select.POLLOUT)

    async def write(self, text: str) -> None:
        """Write all of `text`; wait where the host does not read, without holding anything else up."""
        rest = memoryview(text.encode())
        while rest:
            if self._poll is None:
                written = await anyio.to_thread.run_sync(os.write, self._wire, rest)
            else:
                if not self._poll.poll(0):
                    await self._until_writable()
                written = os.write(self._wire, rest[:_PIPE_BUF])
            rest = rest[written:]
        self._unanswered.answered(text)

    async def flush(self) -> None:
        """Do nothing: nothing is held back."""

    async def _until_writable(self) -> None:
        writable = asyncio.Event()
        self._loop.add_writer(self._wire, writable.set)
        try:
            await writable.wait()
        finally:
            self._loop.remove_writer(self._wire)
