"""Memory while the org sends far more than an answer can be: how far above its rest the server goes.

`BENCH_FLOOD` is how much is sent, in MiB; 500 without it.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import orjson

from bench.figures import Figure
from bench.setting import LIST_CONTACTS, environment
from bench.stdio import StdioServer, code_of

SENT_MIB = int(os.environ.get("BENCH_FLOOD") or 500)
PIECE = orjson.dumps({"attributes": {"type": "Contact"}, "Name": "x" * 65_000}) + b","
BEGINNING = b'{"totalSize":1,"done":true,"records":['
IDENTITY = {"user_id": "005000000000001AAA", "organization_id": "00D000000000001EAA"}


async def about_a_flood() -> list[Figure]:
    """Everything that is measured while the org sends too much."""
    async with flooding() as url:
        settings = {"CLIENT_ID": "key", "CLIENT_SECRET": "secret", "REFRESH_TOKEN": "token", "INSTANCE_URL": url}
        variables = environment(**{f"SALESFORCE_{name}": value for name, value in settings.items()})
        async with StdioServer.run([sys.executable, "-m", "mcp_salesforce.server"], variables) as server:
            await server.initialize()
            await server.call_tool("salesforce_get_contact", {"contact_id": "003000000000001AAA"})
            rest = server.memory_mib()
            result = await server.call_tool(LIST_CONTACTS, {"limit": 10})
            above = server.peak_mib() - rest
    note = code_of(result) or "no error"
    return [Figure(f"memory above rest while the org sends {SENT_MIB} MiB, MiB", above, target=64, note=note)]


@asynccontextmanager
async def flooding() -> AsyncIterator[str]:
    """Serve an org whose queries come to a flood; give its address."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = next(
                    (line for line in head.lower().splitlines() if line.startswith(b"content-length:")), b":0"
                )
                await reader.readexactly(int(length.partition(b":")[2]))
                await reply(writer, head.split(b" ", 2)[1], url)
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield url


async def reply(writer: asyncio.StreamWriter, path: bytes, url: str) -> None:
    """Answer one request."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
    if b"/query" not in path:
        token = {"access_token": "00D000000000001!AQ0", "instance_url": url, "token_type": "Bearer", "Id": "x"}
        body = orjson.dumps(token | IDENTITY)
        writer.write(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        return
    writer.write(head + b"Transfer-Encoding: chunked\r\n\r\n" + chunk(BEGINNING))
    piece = chunk(PIECE * 16)
    for _ in range(0, SENT_MIB << 20, len(piece)):
        writer.write(piece)
        await writer.drain()
    writer.write(chunk(b'{"attributes":{"type":"Contact"}}]}') + chunk(b""))


def chunk(data: bytes) -> bytes:
    """Return `data` as a chunk of HTTP/1.1; the empty one is the last."""
    return b"%x\r\n%s\r\n" % (len(data), data)
