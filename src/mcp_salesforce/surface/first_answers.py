"""The answers that do not depend on the org, as the server itself gives them: what the front's snapshots hold."""

import logging
from functools import partial
from typing import Any, Final

import anyio
from mcp.server import MCPServer
from mcp.server.lowlevel import Server
from mcp.server.runner import serve_dual_era_loop
from mcp.shared.message import SessionMessage
from mcp_types import JSONRPCRequest

from mcp_salesforce.front import snapshots
from mcp_salesforce.front.requests import INITIALIZE, METHODS, REVISION
from mcp_salesforce.front.told import Told

_CLIENT: Final = {"name": "snapshot", "version": "1"}
_ENVELOPE: Final = {
    "_meta": {
        "io.modelcontextprotocol/protocolVersion": REVISION,
        "io.modelcontextprotocol/clientInfo": _CLIENT,
        "io.modelcontextprotocol/clientCapabilities": {},
    }
}

_log = logging.getLogger(__name__)


async def answers_of(server: MCPServer[Any]) -> snapshots.Answers:
    """Return what `server` answers, in each revision of the protocol, to the requests that hosts begin with."""
    lowlevel = server._lowlevel_server  # noqa: SLF001 - as MCPServer.run_stdio_async does
    answers: snapshots.Answers = {}
    for revision, methods in METHODS.items():
        for method, answer in zip(methods, await _ask(lowlevel, revision, methods), strict=True):
            answers[revision, method] = answer
    return answers


async def keep_answers(server: MCPServer[Any], told: Told) -> None:
    """Keep a snapshot of what `server` answers in the user's cache; where that cannot be, the log says so."""
    try:
        snapshots.keep(told, await answers_of(server))
    except (OSError, ValueError) as error:
        _log.debug("No snapshot was kept: %s", type(error).__name__)


async def _ask(server: Server[Any], revision: str, methods: tuple[str, ...]) -> list[str]:
    """Return the answers to `methods` on one connection, each as it follows its id."""
    to_server, incoming = anyio.create_memory_object_stream[SessionMessage | Exception]()
    outgoing, from_server = anyio.create_memory_object_stream[SessionMessage]()
    answers = []
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(partial(serve_dual_era_loop, server, incoming, outgoing, lifespan_state=None))
        async with to_server, from_server:
            for number, method in enumerate(methods):
                params = _params(revision, method)
                await to_server.send(
                    SessionMessage(JSONRPCRequest(jsonrpc="2.0", id=number, method=method, params=params))
                )
                text = (await from_server.receive()).message.model_dump_json(by_alias=True, exclude_unset=True)
                answers.append(text.removeprefix(f'{{"jsonrpc":"2.0","id":{number},').removesuffix("}"))
    return answers


def _params(revision: str, method: str) -> dict[str, Any] | None:
    if method == INITIALIZE:
        return {"protocolVersion": revision, "capabilities": {}, "clientInfo": _CLIENT}
    return _ENVELOPE if revision == REVISION else None
