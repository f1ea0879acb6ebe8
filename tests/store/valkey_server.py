"""A Valkey (or Redis) server of a test's own on loopback, and a line to it on which answers can be lost."""

import asyncio
import contextlib
import shutil
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from mcp_salesforce.localorg.certificates import Certificate

PASSWORD = "a:password/of@tests"
_QUOTED = "a%3Apassword%2Fof%40tests"
_STARTS_S = 30


def binary() -> str:
    """The server's program; the test skips where there is none."""
    found = shutil.which("valkey-server") or shutil.which("redis-server")
    if found is None:
        pytest.skip("needs valkey-server or redis-server: apt-get install valkey-server")
    return found


class Server:
    """A server that can be stopped and started again, with what it has on its disk."""

    def __init__(self, folder: Path, certificate: Certificate | None = None) -> None:
        self.folder = folder
        self._certificate = certificate
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        scheme = "valkeys" if self._certificate else "valkey"
        return f"{scheme}://:{_QUOTED}@127.0.0.1:{self.port}/0"

    def start(self) -> None:
        given = {"port": self.port, "bind": "127.0.0.1 -127.0.0.2", "save": "", "appendonly": "yes", "dir": self.folder}
        if self._certificate:
            given |= {"port": 0, "tls-port": self.port, "tls-auth-clients": "no"}
            given |= {"tls-cert-file": self._certificate.chain, "tls-key-file": self._certificate.key}
        options = [text for name, value in given.items() for text in (f"--{name}", str(value))]
        self._process = subprocess.Popen(
            [binary(), *options, "--appendfsync", "always", "--requirepass", PASSWORD],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        ends = time.monotonic() + _STARTS_S
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return
            assert self._process.poll() is None
            assert time.monotonic() < ends
            time.sleep(0.02)

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None


@contextmanager
def running(folder: Path, certificate: Certificate | None = None) -> Iterator[Server]:
    """Run a server until the block ends; with a certificate it speaks TLS, and nothing else."""
    binary()
    server = Server(folder, certificate)
    try:
        server.start()
        yield server
    finally:
        server.stop()


class LossyLine:
    """Passes bytes on; of the next `losing` answers none arrives, and the connection breaks instead."""

    def __init__(self) -> None:
        self.losing = 0
        self.lost = 0
        self.url = ""


@asynccontextmanager
async def lossy_line(url: str) -> AsyncIterator[LossyLine]:
    """Run a line to the server at `url`."""
    parts = urlsplit(url)
    line = LossyLine()

    carriers: set[asyncio.Task[None]] = set()

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        me = asyncio.current_task()
        assert me
        carriers.add(me)
        back, forth = await asyncio.open_connection(parts.hostname, parts.port)

        async def up() -> None:
            while piece := await reader.read(65_536):
                forth.write(piece)

        async def down() -> None:
            while piece := await back.read(65_536):
                if line.losing:
                    line.losing -= 1
                    line.lost += 1
                    return
                writer.write(piece)

        tasks = [asyncio.ensure_future(up()), asyncio.ensure_future(down())]
        with contextlib.suppress(OSError):
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        for end in (writer, forth):
            end.close()
            with contextlib.suppress(OSError):
                await end.wait_closed()

    server = await asyncio.start_server(carry, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    line.url = url.replace(f":{parts.port}", f":{port}")
    async with server:
        yield line
        await asyncio.gather(*carriers)
