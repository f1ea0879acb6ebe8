"""Serve the local org on a loopback port, over HTTP or TLS."""

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TYPE_CHECKING

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from mcp_salesforce.signals import ENDING, handling

if TYPE_CHECKING:  # it brings cryptography, which takes longer to import than all the rest
    from mcp_salesforce.localorg.certificates import Certificate

LOOPBACK = "127.0.0.1"
MAX_HEAD_BYTES = 256 * 1024  # far above Salesforce's own limits, so that the org answers 414 and 431, not uvicorn
SHUTDOWN_S = 1
KEEP_ALIVE_S = 75  # longer than clients wait between two looks at a job; one is lost that meets the closing


@contextmanager
def listening(app: ASGIApp, *, port: int = 0, certificate: "Certificate | None" = None) -> Iterator[str]:
    """Serve `app` from a thread of this process, and yield its address, such as `http://127.0.0.1:8080`.

    Port 0 picks a free port; with a certificate it speaks TLS. When the block ends, the port is closed; calls still
    running get a second to finish.
    """
    with socket.create_server((LOOPBACK, port)) as listener:
        # Accepted connections inherit it; without it head and body of an answer wait 40 ms for each other.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        config = uvicorn.Config(
            _resetting(app),
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            h11_max_incomplete_event_size=MAX_HEAD_BYTES,
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=SHUTDOWN_S,
            ssl_certfile=certificate.chain if certificate else None,
            ssl_keyfile=certificate.key if certificate else None,
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="local org")
        thread.start()
        try:
            yield f"{'https' if certificate else 'http'}://{LOOPBACK}:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


def serve(
    app: ASGIApp, *, port: int = 0, certificate: "Certificate | None" = None, ready: Callable[[str], None]
) -> None:
    """Serve `app` until SIGINT or SIGTERM; call `ready` with the address once connections are accepted.

    Call it from the main thread: only that one gets signals.
    """
    stop = threading.Event()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    with handling(dict.fromkeys(ENDING, on_signal)), listening(app, port=port, certificate=certificate) as address:
        ready(address)
        stop.wait()


def _resetting(app: ASGIApp) -> ASGIApp:
    """Turn a ConnectionResetError of the app into a reset of the client's connection; ASGI has no word for it."""

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await app(scope, receive, send)
        except ConnectionResetError:
            transport = send.__self__.transport  # type: ignore[attr-defined]  # uvicorn's cycle holds it
            reset = struct.pack("ii", 1, 0)  # linger for no time: close() sends RST
            with suppress(OSError):  # the client hung up first
                transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
            transport.abort()

    return wrapped
