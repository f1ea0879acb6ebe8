"""The end of a server: calls that run get their answers, and streams that would never end do now."""

import asyncio

from starlette.types import Message, Receive, Send


class Drain:
    """Whether the server ends."""

    def __init__(self) -> None:
        self._begun = asyncio.Event()

    @property
    def has_begun(self) -> bool:
        """Whether it does."""
        return self._begun.is_set()

    def begin(self) -> None:
        """End the streams, and tell those who ask that the server is not ready any more."""
        self._begun.set()

    def ending(self, receive: Receive) -> Receive:
        """Return what receives as `receive` does, and hears that the client has left when the server ends."""

        async def received() -> Message:
            coming = asyncio.ensure_future(receive())
            ends = asyncio.ensure_future(self._begun.wait())
            try:
                await asyncio.wait({coming, ends}, return_when=asyncio.FIRST_COMPLETED)
                return coming.result() if coming.done() else {"type": "http.disconnect"}
            finally:
                coming.cancel()
                ends.cancel()

        return received


class Closing:
    """Sends the end of a response that was begun and left without one."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._is_open = False

    async def __call__(self, message: Message) -> None:
        """Send a part of the response."""
        self._is_open = message["type"] == "http.response.start" or bool(message.get("more_body"))
        await self._send(message)

    async def close(self) -> None:
        """Send the end, unless it was sent."""
        if self._is_open:
            await self({"type": "http.response.body", "body": b"", "more_body": False})
