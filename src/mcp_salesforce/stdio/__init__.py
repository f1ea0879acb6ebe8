"""MCP over stdin and stdout, on the event loop itself where the system allows.

The SDK's own transport reads and writes in worker threads: that costs more than half of a call, and keeps the process
alive until the host sends one more line.
"""

import asyncio
import gc
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any, Final

import anyio
from anyio import CancelScope
from mcp.server import MCPServer

from mcp_salesforce.front import handover
from mcp_salesforce.front.handover import Handover
from mcp_salesforce.stdio.eras import Eras
from mcp_salesforce.stdio.input import Lines
from mcp_salesforce.stdio.output import Wire

_STDOUT: Final = 1
_STDERR: Final = 2
_QUIET_S: Final = 0.3

Beside = Callable[[], Awaitable[None]]


def serve_stdio(server: MCPServer[Any], *, beside: Beside | None = None) -> None:
    """Serve the host on stdin and stdout until it has closed stdin and received its answers.

    Lines that the front has read and answered are not answered again. Ctrl-C and SIGTERM end it at once.

    `beside` runs once, when no message is waiting.
    """
    left = handover.take()
    gc.freeze()  # loaded modules stay: the garbage collector need not scan them, not even at exit
    gc.enable()
    with _protocol_alone_on_stdout(left) as descriptor:
        wire = Wire(descriptor)
        anyio.run(_serve, server, wire, left, beside)
    if wire.is_broken:
        sys.stderr.write("The host closed its end of stdout.\n")


async def _serve(server: MCPServer[Any], wire: Wire, left: Handover | None, beside: Beside | None) -> None:
    lowlevel = server._lowlevel_server  # noqa: SLF001 - as MCPServer.run_stdio_async does, with our own streams
    with CancelScope() as scope:
        _stop_on_signals(scope.cancel)
        wire.on_broken(scope.cancel)
        async with lowlevel.lifespan(lowlevel) as state, _done_when_quiet(beside), Eras(server, state, wire) as eras:
            await Lines(left, eras.take).to_the_end()


@asynccontextmanager
async def _done_when_quiet(beside: Beside | None) -> AsyncIterator[None]:
    """Run `beside` a little later, or at the end of the block if that is earlier."""
    if beside is None:
        yield
        return
    is_over = asyncio.Event()

    async def do() -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(is_over.wait(), _QUIET_S)
        await beside()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(do)
        yield
        is_over.set()


def _stop_on_signals(stop: Callable[[], object]) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, stop)
        except NotImplementedError:  # Windows: Ctrl-C arrives as KeyboardInterrupt
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)


@contextmanager
def _protocol_alone_on_stdout(left: Handover | None = None) -> Iterator[int]:
    """Give a descriptor of the host's stdout; all other output to stdout goes to stderr meanwhile."""
    wire = left.wire if left else os.dup(_STDOUT)
    os.dup2(_STDERR, _STDOUT)
    try:
        yield wire
    finally:
        os.dup2(wire, _STDOUT)
        os.close(wire)
