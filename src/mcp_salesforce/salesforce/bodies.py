"""Bodies of requests and replies on their way: streamed, unpacked, and within bounds."""

import secrets
import zlib
from collections.abc import AsyncIterator, Callable
from http import HTTPStatus
from typing import Final, Protocol, TypeAlias

from mcp_salesforce.salesforce.errors import ReplyTooLargeError, UnreadableReplyError

MOST_REPLY_BYTES: Final = 32 * 2**20
_GZIP: Final = 31  # zlib reads it with its header and checksum
_UNPACKED_AT_ONCE: Final = 2**18

Stream: TypeAlias = Callable[[], AsyncIterator[bytes]]
"""Yields the pieces of a body, from the beginning each time that it is called."""
Upload: TypeAlias = bytes | Stream
"""A body to send."""


def with_file(record: bytes, data: Stream) -> tuple[str, Stream]:
    """Return the media type and the body that save a record with the data of its file.

    Args:
        record: The record, as JSON.
        data: The bytes of its VersionData.
    """
    boundary = f"file-{secrets.token_hex(16)}"
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="entity_content"\r\n'
        "Content-Type: application/json\r\n\r\n"
    )
    between = (
        f'\r\n--{boundary}\r\nContent-Disposition: form-data; name="VersionData"; filename="data"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    )

    async def pieces() -> AsyncIterator[bytes]:
        yield head.encode() + record + between.encode()
        async for piece in data():
            yield piece
        yield f"\r\n--{boundary}--\r\n".encode()

    return f"multipart/form-data; boundary={boundary}", pieces


class Sink(Protocol):
    """Takes the body of a reply as it arrives, so that it need not fit into memory."""

    def begin(self) -> None:
        """Forget what was taken: a reply begins, the first one or that of a repetition."""
        ...

    def take(self, piece: bytes) -> None:
        """Take the next piece, unpacked."""
        ...


class Body:
    """The body of a reply as it arrives, piece by piece: unpacked, and within a bound."""

    def __init__(self, status: int, most_bytes: int, encoding: str = "", sink: Sink | None = None) -> None:
        """Take at most `most_bytes` of the reply with `status`, as it travels and unpacked; a sink takes all of it.

        Raises:
            UnreadableReplyError: `encoding` (Content-Encoding) is not gzip, which alone is asked for.
        """
        encoding = encoding.strip().lower()
        if encoding not in {"", "identity", "gzip", "x-gzip"}:
            raise UnreadableReplyError(f"The reply is packed as {encoding[:20]!r}, not as gzip", status=status)
        self._status = status
        self._most_bytes = most_bytes
        self._unpacker = zlib.decompressobj(_GZIP) if encoding.endswith("gzip") else None
        self._pieces: list[bytes] = []
        self._size = self._travelled = 0
        self._is_open = False
        self._sink = sink if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES else None
        if self._sink:
            self._sink.begin()

    def add(self, piece: bytes) -> None:
        """Take a piece as it travelled.

        Raises:
            ReplyTooLargeError: It is more than the bound; nothing is kept.
            zlib.error: It is not gzip.
        """
        self._travelled += len(piece)
        if self._unpacker is None:
            self._keep(piece)
        while self._unpacker is not None and piece:
            self._is_open = True
            self._keep(self._unpacker.decompress(piece, _UNPACKED_AT_ONCE))
            piece = self._unpacker.unconsumed_tail
            if self._unpacker.eof:
                self._is_open = False
                piece, self._unpacker = self._unpacker.unused_data, zlib.decompressobj(_GZIP)

    def whole(self) -> bytes:
        """Return all pieces as one; nothing, if a sink has taken them.

        Raises:
            UnreadableReplyError: What was packed is cut: no transport would notice where its frame is whole.
        """
        if self._is_open:
            raise UnreadableReplyError("The reply is cut inside its gzip", status=self._status, is_cut=True)
        return b"".join(self._pieces)

    def _keep(self, piece: bytes) -> None:
        if self._sink:
            self._sink.take(piece)
            return
        self._size += len(piece)
        if max(self._size, self._travelled) > self._most_bytes:
            self._pieces.clear()
            raise ReplyTooLargeError(self._status, self._most_bytes)
        if piece:
            self._pieces.append(piece)
