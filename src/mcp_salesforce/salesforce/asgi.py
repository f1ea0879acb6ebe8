"""The transport to an ASGI app in this process."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

from mcp_salesforce.salesforce.bodies import MOST_REPLY_BYTES, Body
from mcp_salesforce.salesforce.errors import TransportError, UnreadableReplyError
from mcp_salesforce.salesforce.wire import HttpReply, HttpRequest

Message = MutableMapping[str, Any]
AsgiApp = Callable[[Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]]


class AsgiTransport:
    """An ASGI app in this process: no port, no aiohttp. Calls may run at the same time and be cancelled."""

    def __init__(self, app: AsgiApp, *, most_reply_bytes: int = MOST_REPLY_BYTES) -> None:
        """Give every request to `app`, and take at most `most_reply_bytes` of a reply."""
        self._app = app
        self._most_reply_bytes = most_reply_bytes

    async def exchange(self, request: HttpRequest) -> HttpReply:
        """Return the app's reply to `request`.

        Raises:
            TransportError: The app failed, or ended without a whole reply.
            UnreadableReplyError: The reply is longer than the bound.
        """
        call = _AsgiCall(request, self._most_reply_bytes)
        try:
            await self._app(call.scope, call.receive, call.send)
        except Exception as error:
            if not call.is_complete:
                if isinstance(error, UnreadableReplyError):
                    raise
                raise TransportError(f"The app broke: {type(error).__name__}.", sent=True) from None
        if not call.is_complete:
            raise TransportError("The app ended without a whole reply.", sent=True)
        return HttpReply(call.status, call.headers, call.content.whole())

    async def close(self) -> None:
        """Nothing is held open."""


class _AsgiCall:
    """The state of one request to an ASGI app."""

    def __init__(self, request: HttpRequest, most_bytes: int) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.content = Body(0, most_bytes)
        self._most_bytes, self._request = most_bytes, request
        self._pieces = _pieces(request)
        self._complete = asyncio.Event()
        self.scope = _scope(request)

    @property
    def is_complete(self) -> bool:
        return self._complete.is_set()

    async def receive(self) -> Message:
        async for piece, is_last in self._pieces:
            return {"type": "http.request", "body": piece, "more_body": not is_last}
        await self._complete.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.content = Body(self.status, self._most_bytes, sink=self._request.sink)
            self.headers = {
                name.decode("latin-1").lower(): value.decode("latin-1") for name, value in message["headers"]
            }
        elif message["type"] == "http.response.body":
            self.content.add(message.get("body", b""))
            if not message.get("more_body", False):
                self._complete.set()


async def _pieces(request: HttpRequest) -> AsyncIterator[tuple[bytes, bool]]:
    """Yield the pieces of a request's body, and whether each is the last one."""
    if request.stream:
        async for piece in request.stream():
            yield piece, False
    yield request.body or b"", True


def _scope(request: HttpRequest) -> Message:
    parts = urlsplit(request.url)
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in request.headers.items()]
    headers.append((b"host", parts.netloc.encode("latin-1")))
    if request.body is not None:
        headers.append((b"content-length", str(len(request.body)).encode()))
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": parts.scheme,
        "path": unquote_to_bytes(parts.path).decode("utf-8", "replace"),
        "raw_path": parts.path.encode("ascii"),
        "query_string": parts.query.encode("ascii"),
        "root_path": "",
        "headers": headers,
        "client": ("127.0.0.1", 0),
        "server": (parts.hostname or "localhost", parts.port or 443),
    }
