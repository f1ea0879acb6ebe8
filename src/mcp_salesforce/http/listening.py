"""Serve the application on a port until a signal ends it."""

import gc
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

import uvicorn

from mcp_salesforce.http.application import Application
from mcp_salesforce.signals import ENDING, Handler, handling

_KEEP_ALIVE_S: Final = 75  # longer than proxies keep a connection that waits
_MOST_REQUESTS: Final = 1000
_RELOAD: Final = getattr(signal, "SIGHUP", None)


def serve(app: Application, *, host: str, port: int, drain_s: int, ready: Callable[[str], None]) -> None:
    """Serve `app` until SIGINT or SIGTERM; SIGHUP reads the policy again.

    Args:
        app: What to serve.
        host: The address to listen at.
        port: The port; 0 picks a free one.
        drain_s: Seconds that running calls get to finish at the end.
        ready: Is called with the address once connections are accepted.

    Raises:
        OSError: The port cannot be used.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, port), family=family) as listener:
        # Accepted connections inherit it; without it head and body of an answer wait 40 ms for each other.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        server = _Server(
            app,
            uvicorn.Config(
                app,
                ws="none",
                lifespan="on",
                log_config=None,
                access_log=False,
                proxy_headers=False,
                server_header=False,
                timeout_keep_alive=_KEEP_ALIVE_S,
                limit_concurrency=_MOST_REQUESTS,
                timeout_graceful_shutdown=drain_s,
            ),
        )
        name = f"[{host}]" if ":" in host else host
        gc.collect()
        gc.freeze()  # what is loaded by now stays: no collection need go through it
        gc.enable()
        ready(f"http://{name}:{listener.getsockname()[1]}/mcp")
        server.run(sockets=[listener])


class _Server(uvicorn.Server):
    """Ends with status 0 when a signal has ended it and every call has its answer."""

    def __init__(self, app: Application, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._app = app

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """End at the first signal, and at once at a second Ctrl-C; read the policy again at a hangup."""
        handlers: dict[int, Handler] = dict.fromkeys(ENDING, self.handle_exit)
        if _RELOAD is not None:
            handlers[_RELOAD] = self._reload
        with handling(handlers):
            yield

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin the end."""
        self._app.drain.begin()
        super().handle_exit(sig, frame)

    def _reload(self, _number: int, _frame: FrameType | None) -> None:
        self._app.access.reload()
