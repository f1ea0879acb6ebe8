"""The server over HTTP on a free loopback port, and requests to it as they go over the wire."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import anyio
import httpx2
import uvicorn
from starlette.types import ASGIApp

ACCEPT: Final = "application/json, text/event-stream"
HEADERS: Final = {"Content-Type": "application/json", "Accept": ACCEPT}
MODERN: Final = "2026-07-28"
_ENVELOPE: Final = {
    "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}


@asynccontextmanager
async def served(app: ASGIApp) -> AsyncIterator[str]:
    """The address of `app`'s endpoint until the block ends."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        running = uvicorn.Server(
            uvicorn.Config(app, log_config=None, ws="none", proxy_headers=False, timeout_graceful_shutdown=5)
        )
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(lambda: running.serve([listening]))
            try:
                yield f"http://127.0.0.1:{port}/mcp"
            finally:
                running.should_exit = True


def request_of(method: str, params: dict[str, Any] | None = None, request_id: object = 1) -> dict[str, Any]:
    """A request of the older revision."""
    return {"jsonrpc": "2.0", "id": request_id, "method": method, "params": params or {}}


def modern(method: str, params: dict[str, Any] | None = None, name: str = "", revision: str = MODERN) -> dict[str, Any]:
    """A request of the present revision, with its headers, as keywords of a POST."""
    headers = {**HEADERS, "MCP-Protocol-Version": revision, "Mcp-Method": method} | ({"Mcp-Name": name} if name else {})
    meta = {**_ENVELOPE, "io.modelcontextprotocol/protocolVersion": revision}
    return {"json": request_of(method, {**(params or {}), "_meta": meta}), "headers": headers}


def answer_in(response: httpx2.Response) -> dict[str, Any]:
    """The message of a response, be it JSON or the one event of a stream."""
    text = response.text
    if response.headers.get("content-type", "").startswith("text/event-stream"):
        text = next(line.removeprefix("data: ") for line in text.splitlines() if line.startswith("data: "))
    answer: dict[str, Any] = httpx2.Response(200, text=text).json()
    return answer
