"""Cursors: the place where an answer stopped, as a short opaque text, valid on any replica with the same key.

A cursor is a position behind the server's mark of it. The mark is made with a secret key over the position, whose it is
(org, user, and the policy by which they read) and which call it belongs to (tool and arguments). So nobody makes one,
uses another user's, or carries one over to another query or policy. The position is authenticated, not encrypted: it
holds a row's Id, its place in the order, or a locator, all of a query whose answer the caller has, and encryption would
cost each answer more tokens.
"""

import math
import re
from collections.abc import Sequence
from typing import Final

from mcp_salesforce.salesforce.errors import InvalidArgumentError, refused
from mcp_salesforce.state_key import StateKey

_PURPOSE: Final = "cursor"
_MARK_BYTES: Final = 10
_SIGN: Final = "+"
_DIGITS: Final = re.compile(r"[0-9]{1,4000}")
_DIGITS_OF_A_BYTE: Final = math.log10(256)
_START_AGAIN: Final = "Repeat the call without cursor."
_REPEAT: Final = "Repeat all other arguments of the first call (limit may differ), or repeat the call without cursor."


class Cursors:
    """Makes the cursors of one owner, and reads them."""

    def __init__(self, key: StateKey, owner: Sequence[str]) -> None:
        """Mark with `key` for `owner`: the org's Id, the user's, and the policy."""
        self._key = key
        self._owner = owner

    def pack(self, position: bytes, call: Sequence[str]) -> str:
        """Return the cursor for `position` in the answers of `call` (tool and arguments)."""
        return _encoded(self._key.mark(_PURPOSE, self._parts(position, call), _MARK_BYTES) + position)

    def unpack(self, cursor: str, call: Sequence[str]) -> bytes:
        """Return the position that `cursor` carries."""
        text = cursor.strip().removeprefix(_SIGN)
        packed = _decoded(text)
        mark, position = packed[:_MARK_BYTES], packed[_MARK_BYTES:]
        is_ours = self._key.is_mark(mark, _PURPOSE, self._parts(position, call), _MARK_BYTES)
        if not is_ours or _encoded(packed) != _SIGN + text:
            raise refused(
                "This cursor is not one that this server returned for this call, user and policy.",
                code="INVALID_CURSOR",
                hint=_REPEAT,
            )
        return position

    def _parts(self, position: bytes, call: Sequence[str]) -> list[bytes]:
        texts = [str(len(self._owner)), *self._owner, *call]
        return [position, *(text.encode("utf-8", "surrogatepass") for text in texts)]


def stale(message: str) -> InvalidArgumentError:
    """Return the error for a cursor whose place does not exist any more."""
    return refused(message, code="STALE_CURSOR", hint=_START_AGAIN)


def _encoded(packed: bytes) -> str:
    """Return bytes as decimal digits, so that as many bytes always cost as many tokens: one for three digits.

    The sign costs none, and keeps a cursor from being taken for a number.
    """
    return f"{_SIGN}{int.from_bytes(packed):0{math.ceil(len(packed) * _DIGITS_OF_A_BYTE)}}"


def _decoded(text: str) -> bytes:
    """Return the bytes behind digits; none where they are not such."""
    if not _DIGITS.fullmatch(text):
        return b""
    try:
        return int(text).to_bytes(int(len(text) / _DIGITS_OF_A_BYTE))
    except OverflowError:
        return b""
