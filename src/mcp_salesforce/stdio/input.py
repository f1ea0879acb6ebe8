"""Read the lines of stdin: of any length, in chunks of any size."""

import asyncio
import os
from collections.abc import Callable
from typing import Final

from mcp_salesforce.front.chunks import CHUNK_BYTES, STDIN, Chunks
from mcp_salesforce.front.handover import Handover, Line

LONGEST_LINE: Final = 1 << 25
"""Bytes; ten times what Salesforce takes in one request."""
_EDGE: Final = 4096


class LongLine(Line):
    """A line that is too long; only its beginning and end are kept."""


class Lines:
    """The lines of stdin in order, first those that the front has left."""

    def __init__(self, left: Handover | None, take: Callable[[Line], object]) -> None:
        """Pass each line to `take`, starting where the front stopped."""
        self._take = take
        self._ended = asyncio.Event()
        self._parts: list[bytes] = []
        self._length = 0
        self._loop = asyncio.get_running_loop()
        for line in left.lines if left else ():
            take(line)
        if left and left.rest:
            self._add(bytes(left.rest))
        if left and left.is_ended:
            self._feed(b"")
        elif left and left.chunks:
            self._read_in_thread(left.chunks)
        else:
            self._read()

    async def to_the_end(self) -> None:
        """Wait for the end of stdin."""
        await self._ended.wait()

    def _read(self) -> None:
        try:
            self._loop.add_reader(STDIN, self._feed_what_is_there)
        except (NotImplementedError, OSError):  # Windows; a regular file
            self._read_in_thread(Chunks())

    def _read_in_thread(self, chunks: Chunks) -> None:
        chunks.redirect(lambda chunk: self._loop.call_soon_threadsafe(self._feed, chunk))

    def _feed_what_is_there(self) -> None:
        chunk = os.read(STDIN, CHUNK_BYTES)
        if not chunk:
            self._loop.remove_reader(STDIN)
        self._feed(chunk)

    def _feed(self, chunk: bytes) -> None:
        """Put the lines that `chunk` completes into the queue; an empty chunk is the end of input."""
        *ends, rest = chunk.split(b"\n")
        for end in ends:
            self._add(end)
            self._complete()
        self._add(rest)
        if not chunk:
            if self._length:
                self._complete()
            self._ended.set()

    def _add(self, part: bytes) -> None:
        """Add to the incomplete line; if it gets too long, keep only its beginning and end."""
        self._length += len(part)
        if part:
            self._parts.append(part)
        if self._length > LONGEST_LINE:
            whole = b"".join(self._parts)
            self._parts = [whole[:_EDGE], whole[_EDGE:][-_EDGE:]]

    def _complete(self) -> None:
        line = LongLine if self._length > LONGEST_LINE else Line
        whole, self._parts, self._length = b"".join(self._parts), [], 0
        self._take(line(whole))
