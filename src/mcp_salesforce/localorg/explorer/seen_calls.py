"""Remember the last calls of the API: what was asked, what came back, and how long it took."""

import time
import zlib
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mcp_salesforce.localorg.errors import OrgError
from mcp_salesforce.localorg.services.sessions import Sessions

MOST_CALLS: Final = 200
MOST_BYTES: Final = 32_768
_WITH_SECRETS: Final = ("/services/oauth2/", "/id/")


@dataclass(slots=True)
class Body:
    """The beginning of a body as it was sent, and how long the whole was."""

    content_type: str = ""
    coding: str = ""
    length: int = 0
    start: bytearray = field(default_factory=bytearray, repr=False)

    def add(self, chunk: bytes) -> None:
        """Keep a chunk as far as there is room."""
        self.length += len(chunk)
        self.start += chunk[: MOST_BYTES - len(self.start)]

    def text(self) -> tuple[str, bool]:
        """Return the text that was kept, and whether it is all."""
        if self.coding != "gzip":
            return self.start.decode(errors="replace"), self.length == len(self.start)
        unpacker = zlib.decompressobj(wbits=31)
        try:
            unpacked = unpacker.decompress(self.start, 2 * MOST_BYTES)
        except zlib.error:
            return "", False
        return unpacked.decode(errors="replace"), unpacker.eof


@dataclass(slots=True)
class SeenCall:
    """One call. `answer` is None where it broke off without one; `is_secret` where its bodies are not kept."""

    number: int
    at: datetime
    method: str
    path: str
    query: str = field(repr=False)
    user_id: str
    is_secret: bool
    request: Body
    answer: Body = field(default_factory=Body)
    status: int | None = None
    duration_ms: float | None = None


class Calls:
    """The last calls, in memory."""

    def __init__(self, sessions: Sessions, now: Callable[[], datetime]) -> None:
        """Remember calls of the users of `sessions`; `now` is the org's clock."""
        self._sessions = sessions
        self._now = now
        self._kept: deque[SeenCall] = deque(maxlen=MOST_CALLS)
        self._count = 0

    def newest_first(self) -> list[SeenCall]:
        """Return the calls that are remembered."""
        return list(reversed(self._kept))

    def find(self, number: int) -> SeenCall | None:
        """Return a call by its number, or None if it is not remembered any more."""
        return next((each for each in self._kept if each.number == number), None)

    async def watch(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Let `app` answer a call (ASGI), and remember it; headers are not kept."""
        call = self._begin(scope)
        began = time.perf_counter()

        async def received() -> Message:
            message = await receive()
            if message["type"] == "http.request" and not call.is_secret:
                call.request.add(message.get("body", b""))
            return message

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                call.status, call.answer = message["status"], _body(message["headers"])
            elif not call.is_secret:
                call.answer.add(message.get("body", b""))
            await send(message)

        try:
            await app(scope, received, sent)
        finally:
            call.duration_ms = (time.perf_counter() - began) * 1000

    def _begin(self, scope: Scope) -> SeenCall:
        self._count += 1
        raw: bytes = scope.get("raw_path") or scope["path"].encode()
        path = raw.decode("latin-1").partition("?")[0]
        call = SeenCall(
            number=self._count,
            at=self._now(),
            method=scope["method"],
            path=path,
            query=scope["query_string"].decode("latin-1"),
            user_id=self._user_id(Headers(scope=scope)),
            is_secret=f"{path}/".replace("//", "/").startswith(_WITH_SECRETS),
            request=_body(scope["headers"]),
        )
        self._kept.append(call)
        return call

    def _user_id(self, headers: Headers) -> str:
        _, _, token = headers.get("authorization", "").partition(" ")
        with suppress(OrgError):
            session = self._sessions.find(token.strip())
            return session.user_id if session else ""
        return ""


def _body(raw_headers: Iterable[tuple[bytes, bytes]]) -> Body:
    headers = Headers(raw=list(raw_headers))
    return Body(headers.get("content-type", ""), headers.get("content-encoding", ""))
