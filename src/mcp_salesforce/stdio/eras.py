"""Decide to which era of the protocol a message belongs.

A request with the envelope of the present revision belongs to that revision; any other belongs to the session that
`initialize` opens. The SDK serves either era, but only one on a pipe. Here a host can try one and then use the other.
"""

import asyncio
import logging
from collections import Counter
from contextlib import suppress
from math import inf
from types import TracebackType
from typing import Any, Final, Self

import anyio
from anyio.streams.memory import MemoryObjectSendStream
from mcp.server import MCPServer
from mcp.shared.message import SessionMessage
from mcp.shared.subscriptions import SUBSCRIPTION_ID_META_KEY
from mcp_types import (
    PROTOCOL_VERSION_META_KEY,
    JSONRPCError,
    JSONRPCMessage,
    JSONRPCNotification,
    JSONRPCRequest,
    JSONRPCResponse,
    RequestId,
)

from mcp_salesforce.front.handover import Line
from mcp_salesforce.messages import RefusedLine, messages_of, too_long
from mcp_salesforce.stdio.direct import DirectCalls
from mcp_salesforce.stdio.input import LONGEST_LINE, LongLine
from mcp_salesforce.stdio.output import Wire

_ENDLESS: Final = "subscriptions/listen"
_ACKNOWLEDGED: Final = "notifications/subscriptions/acknowledged"
_LAST_ANSWERS_S: Final = 30.0
"""The longest wait for requests that came before the end of input: the default limit of a call."""
_LEGACY: Final = "initialize"
_MODERN: Final = "envelope"

_log = logging.getLogger("mcp_salesforce.stdio")


class Eras:
    """The sessions on one pipe: none at first, then one of each era that the host has used."""

    def __init__(self, server: MCPServer[Any], state: Any, wire: Wire) -> None:  # noqa: ANN401 - the server's own
        """Serve `server`, whose lifespan returned `state`, and write to `wire`."""
        self._server = server
        self._state = state
        self._wire = wire
        self._unanswered = Unanswered()
        self._replayed: set[str] = set()
        self._acknowledged: list[RequestId] = []
        self._sessions: dict[str, MemoryObjectSendStream[SessionMessage | Exception]] = {}
        self._calls: dict[str, DirectCalls] = {}
        self._era_of: dict[str, str] = {}
        self._last = _LEGACY
        self._tasks = anyio.create_task_group()

    async def __aenter__(self) -> Self:
        await self._tasks.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        """Wait for the last answers, then end the sessions."""
        if kind is None:
            await self._unanswered.wait_for_none()
            for session in self._sessions.values():
                session.close()
        return await self._tasks.__aexit__(kind, error, trace)

    def take(self, line: Line) -> None:
        """Pass the message of a line to its session; answer or log a line that is not a message."""
        found = [too_long(line.text, LONGEST_LINE)] if isinstance(line, LongLine) else messages_of(line.text)
        for message in found:
            if isinstance(message, RefusedLine):
                _log.warning("A message of the host was refused: %s", message.text)
                if message.request_id:
                    self._tasks.start_soon(self._refuse, message)
            elif isinstance(message, JSONRPCRequest):
                self._ask(message, is_answered=line.is_answered)
            elif isinstance(message, JSONRPCNotification):
                self._notify(message)
            else:
                self._pass_on(_LEGACY, message)

    async def _refuse(self, refusal: RefusedLine) -> None:
        with suppress(anyio.BrokenResourceError):
            await self._wire.write(refusal.answer)

    def _ask(self, request: JSONRPCRequest, *, is_answered: bool) -> None:
        era = self._last = _MODERN if request.method != "initialize" and _has_envelope(request.params) else _LEGACY
        if is_answered and request.method == _ENDLESS:
            self._acknowledged.append(request.id)
        elif is_answered:
            request = request.model_copy(update={"id": f"answered:{len(self._replayed)}:{request.id}"})
            self._replayed.add(str(request.id))
        else:
            self._unanswered.came(request)
        self._era_of[str(request.id)] = era
        self._pass_on(era, request)

    def _notify(self, notification: JSONRPCNotification) -> None:
        era = self._last
        if notification.method == "notifications/initialized":
            era = _LEGACY
        elif notification.method == "notifications/cancelled":
            era = self._era_of.pop(str((notification.params or {}).get("requestId")), era)
        self._unanswered.came(notification)
        self._pass_on(era, notification)

    def _pass_on(self, era: str, message: Any) -> None:  # noqa: ANN401 - a message of JSON-RPC
        if era not in self._sessions:
            self._sessions[era], incoming = anyio.create_memory_object_stream[SessionMessage | Exception](inf)
            self._calls[era] = DirectCalls(self._server, self._state, _Answers(self))
            self._tasks.start_soon(self._calls[era].serve_rest, incoming)
        if not self._calls[era].takes(message):
            self._sessions[era].send_nowait(SessionMessage(message))

    async def send(self, message: SessionMessage) -> None:
        """Write a message of a session, unless the front has already written it."""
        sent = message.message
        text = sent.model_dump_json(by_alias=True, exclude_unset=True)
        if isinstance(sent, JSONRPCNotification) and self._is_acknowledged(sent):
            return
        if not isinstance(sent, JSONRPCResponse | JSONRPCError):
            await self._wire.write(text)
            return
        answered = str(sent.id)
        self._era_of.pop(answered, None)
        if answered in self._replayed:
            self._replayed.remove(answered)
        else:
            await self._wire.write(text, lambda: self._unanswered.left(sent))

    def _is_acknowledged(self, notification: JSONRPCNotification) -> bool:
        """Return whether the front has opened this stream of notifications."""
        if notification.method != _ACKNOWLEDGED or not self._acknowledged:
            return False
        stream = ((notification.params or {}).get("_meta") or {}).get(SUBSCRIPTION_ID_META_KEY)
        found = [each for each in self._acknowledged if type(each) is type(stream) and each == stream]
        if found:
            self._acknowledged.remove(found[0])
        return bool(found)


class _Answers:
    """The stream to which the SDK writes the messages of one session."""

    def __init__(self, eras: Eras) -> None:
        self._eras = eras

    async def send(self, item: SessionMessage, /) -> None:
        """Write a message."""
        await self._eras.send(item)

    async def aclose(self) -> None:
        """Do nothing: both eras share the wire."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Do nothing."""


class Unanswered:
    """The requests that have no answer on the wire yet. The SDK drops them at the end of input."""

    def __init__(self) -> None:
        """Start with no request."""
        self._ids: Counter[str] = Counter()
        self._none = asyncio.Event()
        self._none.set()

    def came(self, message: JSONRPCMessage) -> None:
        """Note a request from the host, or the cancellation of one."""
        match message:
            case JSONRPCRequest(method=method) if method != _ENDLESS:
                self._ids[str(message.id)] += 1
                self._none.clear()
            case JSONRPCNotification(method="notifications/cancelled", params={"requestId": request_id}):
                self._settle(str(request_id))

    def left(self, message: JSONRPCMessage) -> None:
        """Note an answer that is on the wire."""
        if isinstance(message, JSONRPCResponse | JSONRPCError) and message.id is not None:
            self._settle(str(message.id))

    async def wait_for_none(self) -> None:
        """Wait until every request is answered, at most `_LAST_ANSWERS_S`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_LAST_ANSWERS_S):
                await self._none.wait()

    def _settle(self, request_id: str) -> None:
        if self._ids[request_id] > 1:
            self._ids[request_id] -= 1
        else:
            del self._ids[request_id]
        if not self._ids:
            self._none.set()


def _has_envelope(params: dict[str, Any] | None) -> bool:
    """Return whether a request names the protocol's revision."""
    meta = (params or {}).get("_meta")
    return isinstance(meta, dict) and PROTOCOL_VERSION_META_KEY in meta
