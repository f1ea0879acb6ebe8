"""Run plain tool calls without the SDK's layers that they do not need; those layers are nearly half the cost of a call.

A call is plain if the SDK has accepted the session's revision, the parameters are valid, and the call is not traced.
The SDK's own functions check it and shape its answer, so the answer is the SDK's. It is cancelled, reports progress and
ends with the session in the same way. The SDK handles every other message.
"""

import asyncio
import logging
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from typing import Any, Final, Self, cast

from anyio import BrokenResourceError, CancelScope, ClosedResourceError, create_memory_object_stream, create_task_group
from mcp.server import MCPServer
from mcp.server.context import CallNext, HandlerResult
from mcp.server.runner import serve_dual_era_loop
from mcp.shared.dispatcher import as_request_id, coerce_request_id
from mcp.shared.exceptions import MCPError
from mcp.shared.inbound import InboundModernRoute, classify_inbound_request
from mcp.shared.jsonrpc_dispatcher import progress_token_from_params
from mcp.shared.message import SessionMessage
from mcp_types import (
    CLIENT_INFO_META_KEY,
    CONNECTION_CLOSED,
    INTERNAL_ERROR,
    PROTOCOL_VERSION_META_KEY,
    SERVER_INFO_META_KEY,
    CallToolResult,
    ErrorData,
    Implementation,
    JSONRPCError,
    JSONRPCMessage,
    JSONRPCNotification,
    JSONRPCRequest,
    JSONRPCResponse,
    RequestId,
    TextContent,
)
from mcp_types.methods import serialize_server_result, validate_client_request
from mcp_types.version import MODERN_PROTOCOL_VERSIONS
from opentelemetry.trace import ProxyTracerProvider, get_tracer_provider
from pydantic import ValidationError

from mcp_salesforce.tools.framework.asking import AskThroughSessionError

_CALL: Final = "tools/call"
_INITIALIZE: Final = "initialize"
_PLAIN: Final = frozenset({"name", "arguments", "_meta"})
_END_S: Final = 1.0  # for calls that are still running when the session ends
_log = logging.getLogger(__name__)


async def serve(server: MCPServer[Any], from_host: Any, to_host: Any) -> None:  # noqa: ANN401 - the SDK's streams
    """Serve a session over a pair of the SDK's streams, as `Server.run` does, until the host's ends."""
    lowlevel = server._lowlevel_server  # noqa: SLF001 - as MCPServer.run_stdio_async does
    async with lowlevel.lifespan(lowlevel) as session:
        calls = DirectCalls(server, session, to_host)
        await calls.serve_rest(from_host)


class DirectCalls:
    """The plain calls of one session, each a task of its own."""

    def __init__(self, server: MCPServer[Any], session: object, to_host: Any) -> None:  # noqa: ANN401 - an SDK stream
        """Answer on `to_host`; `session` comes from the server's lifespan."""
        self._server = server
        self._tools = {tool.name: tool for tool in server._tool_manager.list_tools()}  # noqa: SLF001 - runs them as it
        self._middleware = [each for each in server.middleware if not type(each).__module__.startswith("mcp.")]
        self._stamp = server._lowlevel_server.server_info_stamp  # noqa: SLF001 - what the SDK stamps results with
        self._session = session
        self._to_host = to_host
        self._asked: dict[RequestId, str] = {}
        self._handshake = ""
        self._host: object = None
        self._is_modern = False
        self._running: dict[RequestId, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve_rest(self, from_host: Any) -> None:  # noqa: ANN401 - an SDK stream
        """Let the SDK serve the other messages of `from_host` until it ends; then end the calls too."""
        lowlevel = self._server._lowlevel_server  # noqa: SLF001 - as MCPServer.run_stdio_async does
        self._to_sdk, rest = create_memory_object_stream[SessionMessage | Exception](0)
        async with create_task_group() as tasks:
            tasks.start_soon(self._sort, from_host)
            await serve_dual_era_loop(
                lowlevel,
                rest,
                _ToHost(self._to_host, self),
                lifespan_state=self._session,
                init_options=lowlevel.create_initialization_options(),
            )
            tasks.cancel_scope.cancel()

    async def _sort(self, from_host: Any) -> None:  # noqa: ANN401 - an SDK stream
        """Give the SDK every message of the host that is not a plain call."""
        async with self._to_sdk, from_host:
            async for item in from_host:
                if isinstance(item, Exception) or not self.takes(item.message):
                    await self._to_sdk.send(item)

    def takes(self, message: JSONRPCMessage) -> bool:
        """Begin to answer `message` if it is a plain call; return whether it is one."""
        if isinstance(message, JSONRPCRequest):
            version = self._version_of(message)
            key = coerce_request_id(message.id)
            if version and key not in self._running and self._is_plain(message.params or {}, version):
                task = asyncio.get_running_loop().create_task(self._answer(message, version, key))
                self._running[key] = task
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
                return True
            self._ask(message)
        elif isinstance(message, JSONRPCNotification) and message.method == "notifications/cancelled":
            request_id = as_request_id((message.params or {}).get("requestId"))
            if request_id is not None and (running := self._running.pop(coerce_request_id(request_id), None)):
                running.cancel()
        return False

    def sees(self, message: JSONRPCMessage) -> None:
        """Learn from an answer of the SDK which revision it has accepted."""
        if not isinstance(message, JSONRPCResponse | JSONRPCError) or message.id not in self._asked:
            return
        method = self._asked.pop(message.id)
        if isinstance(message, JSONRPCError):
            return
        self._is_modern = method != _INITIALIZE
        self._handshake = "" if self._is_modern else str(message.result.get("protocolVersion"))

    async def end(self) -> None:
        """Stop the calls that are still running, and answer them with an error."""
        with CancelScope(shield=True):
            for task in self._tasks:
                task.cancel()
            if self._tasks:
                await asyncio.wait(self._tasks, timeout=_END_S)

    def _ask(self, request: JSONRPCRequest) -> None:
        """Note a request that the SDK answers, if its answer describes the session."""
        if request.method == _INITIALIZE or (not self._is_modern and _has_envelope(request.params)):
            self._asked[request.id] = request.method
        if request.method == _INITIALIZE:
            self._host = (request.params or {}).get("clientInfo")

    def _version_of(self, request: JSONRPCRequest) -> str:
        """Return the revision of a call; empty if the SDK has not accepted one yet, or would refuse it."""
        if request.method != _CALL:
            return ""
        if not _has_envelope(request.params):
            return self._handshake
        if not self._is_modern:
            return ""
        route = classify_inbound_request({"method": request.method, "params": request.params})
        return route.protocol_version if isinstance(route, InboundModernRoute) else ""

    def _is_plain(self, params: dict[str, Any], version: str) -> bool:
        if params.keys() - _PLAIN or params.get("name") not in self._tools:
            return False
        if not isinstance(get_tracer_provider(), ProxyTracerProvider):
            return False  # the SDK makes the span of the call
        try:
            validate_client_request(_CALL, version, params)
        except (ValidationError, KeyError):
            return False
        return True

    async def _answer(self, request: JSONRPCRequest, version: str, key: RequestId) -> None:
        try:
            answer = await self._made(request, version)
        except AskThroughSessionError:
            self._running.pop(key, None)
            with suppress(ClosedResourceError, BrokenResourceError):  # the session ends
                await self._to_sdk.send(SessionMessage(request))
            return
        except asyncio.CancelledError:
            answer = _error(request, CONNECTION_CLOSED, "Connection closed")
        if key in self._running:  # otherwise the host has cancelled it, and expects no answer
            del self._running[key]
            await self._to_host.send(SessionMessage(answer))

    async def _made(self, request: JSONRPCRequest, version: str) -> JSONRPCResponse | JSONRPCError:
        call: CallNext = partial(self._called, version)
        for middleware in reversed(self._middleware):
            call = partial(_through, middleware, call)
        try:
            result = cast(
                "dict[str, Any]", await call(cast("Any", _Context(self._session, request, self._to_host, self._host)))
            )
        except AskThroughSessionError:
            raise
        except MCPError as error:
            return JSONRPCError(jsonrpc="2.0", id=request.id, error=error.error)
        except Exception:  # noqa: BLE001 - as the SDK: a bug costs one answer, not the session
            _log.exception("a tool call could not be answered")
            return _error(request, INTERNAL_ERROR, "Internal server error")
        return JSONRPCResponse(jsonrpc="2.0", id=request.id, result=result)

    async def _called(self, version: str, context: Any) -> HandlerResult:  # noqa: ANN401 - stands for the SDK's
        name, arguments = context.params["name"], context.params.get("arguments") or {}
        try:
            result = await self._tools[name].run(arguments, context)
        except (MCPError, AskThroughSessionError):
            raise
        except Exception as error:  # noqa: BLE001 - as the SDK: the model gets it, not only the log
            _log.exception("%s failed", name)
            result = CallToolResult(content=[TextContent(type="text", text=str(error))], is_error=True)
        shaped = serialize_server_result(
            _CALL, version, result.model_dump(by_alias=True, mode="json", exclude_none=True)
        )
        if version in MODERN_PROTOCOL_VERSIONS:
            shaped["_meta"] = {**(shaped.get("_meta") or {}), SERVER_INFO_META_KEY: self._stamp}
        return shaped


class _Context:
    """The part of the SDK's context that a tool and our middleware use."""

    def __init__(
        self,
        session: object,
        request: JSONRPCRequest,
        to_host: Any,  # noqa: ANN401 - an SDK stream
        host: object,
    ) -> None:
        self._host = host
        self.lifespan_context = session
        self.request_context = self
        self.method = request.method
        self.params: dict[str, Any] = request.params or {}
        self._to_host = to_host

    @property
    def client_info(self) -> Implementation | None:
        """What the host said about itself, in this request or at the start of the session."""
        said = (self.params.get("_meta") or {}).get(CLIENT_INFO_META_KEY, self._host)
        with suppress(ValidationError):
            return Implementation.model_validate(said)
        return None

    async def report_progress(self, progress: float, total: float | None = None, message: str | None = None) -> None:
        """Report the progress of the call to the host, if it asked for that."""
        token = progress_token_from_params(self.params)
        if token is None:
            return
        told = {"progressToken": token, "progress": progress, "total": total, "message": message}
        params = {name: value for name, value in told.items() if value is not None}
        notification = JSONRPCNotification(jsonrpc="2.0", method="notifications/progress", params=params)
        await self._to_host.send(SessionMessage(notification))


class _ToHost:
    """The SDK's messages to the host."""

    def __init__(self, stream: Any, calls: DirectCalls) -> None:  # noqa: ANN401 - an SDK stream
        self._stream = stream
        self._calls = calls

    async def send(self, item: SessionMessage) -> None:
        """Send a message."""
        self._calls.sees(item.message)  # before the host can act on it
        await self._stream.send(item)

    async def aclose(self) -> None:
        """End the calls, then send no more."""
        await self._calls.end()
        await self._stream.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exception: object) -> None:
        await self.aclose()


def _has_envelope(params: Mapping[str, Any] | None) -> bool:
    """Return whether a request names its own revision."""
    meta = (params or {}).get("_meta")
    return isinstance(meta, Mapping) and PROTOCOL_VERSION_META_KEY in meta


def _error(request: JSONRPCRequest, code: int, message: str) -> JSONRPCError:
    return JSONRPCError(jsonrpc="2.0", id=request.id, error=ErrorData(code=code, message=message))


def _through(middleware: Any, call: CallNext, context: Any) -> Any:  # noqa: ANN401 - as the SDK composes them
    return middleware(context, call)
