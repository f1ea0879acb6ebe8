"""Ports of this machine for tests, which nobody else can take meanwhile."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def refusing_port() -> Iterator[int]:
    """A port on loopback where nobody listens: it is bound, so connections to it are refused until the block ends.

    A test may listen on it itself: then connections are accepted, and refused again afterwards.
    """
    with socket.socket() as bound:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]
