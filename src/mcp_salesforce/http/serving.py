"""Serve the application on a port until a signal ends it."""

import gc
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import uvicorn
from starlette.types import ASGIApp

_KEEP_ALIVE_S: Final = 75  # longer than proxies keep a connection that waits
_DRAIN_S: Final = 30


def serve(app: ASGIApp, *, host: str, port: int, ready: Callable[[str], None]) -> None:
    """Serve `app` until SIGINT or SIGTERM; calls that run then get half a minute to finish.

    Args:
        app: What to serve.
        host: The address to listen at.
        port: The port; 0 picks a free one.
        ready: Is called with the address once connections are accepted.

    Raises:
        OSError: The port cannot be used.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, port), family=family) as listener:
        # Accepted connections inherit it; without it head and body of an answer wait 40 ms for each other.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        server = _Server(
            uvicorn.Config(
                app,
                ws="none",
                lifespan="on",
                log_config=None,
                access_log=False,
                proxy_headers=False,
                server_header=False,
                timeout_keep_alive=_KEEP_ALIVE_S,
                timeout_graceful_shutdown=_DRAIN_S,
            )
        )
        name = f"[{host}]" if ":" in host else host
        gc.collect()
        gc.freeze()  # what is loaded by now stays: no collection need go through it
        gc.enable()
        ready(f"http://{name}:{listener.getsockname()[1]}/mcp")
        server.run(sockets=[listener])


class _Server(uvicorn.Server):
    """Ends with status 0 when a signal has ended it and every call has its answer."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """End at the first signal, and at once at a second Ctrl-C."""
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
