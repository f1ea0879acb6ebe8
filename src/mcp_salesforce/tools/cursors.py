"""Cursors: where an answer stopped, packed into a short opaque text that works on any replica.

A cursor carries its position and three marks: whose it is (org and user), which call it belongs to (tool and
arguments), and a checksum over all of it. It grants nothing: everything in it is checked again where it is used.
"""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from hashlib import blake2b

from mcp_salesforce.salesforce.errors import InvalidArgumentError
from mcp_salesforce.tools.errors import refused

_MARK, _CHECK = 1, 4
_START_AGAIN = "Call again without cursor."


def pack(position: bytes, owner: Sequence[str], call: Sequence[str]) -> str:
    """Return the cursor for `position` in the answers of `call`, for `owner` (org Id and user Id)."""
    body = _digest(owner, _MARK) + _digest(call, _MARK) + position
    return _encoded(_digest([body.hex(), *owner, *call], _CHECK) + body)


def unpack(cursor: str, owner: Sequence[str], call: Sequence[str]) -> bytes:
    """Return the position that `cursor` carries.

    Raises:
        InvalidArgumentError: It is damaged, belongs to another org or user, or to a call with other arguments.
    """
    text = cursor.strip()
    try:
        packed = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        packed = b""
    check, body = packed[:_CHECK], packed[_CHECK:]
    if len(body) < 2 * _MARK or _encoded(packed) != text:
        raise refused("This is not a cursor of this server.", code="INVALID_CURSOR", hint=_START_AGAIN)
    if check != _digest([body.hex(), *owner, *call], _CHECK):
        raise refused(_reason(body, owner, call), code="INVALID_CURSOR", hint=_START_AGAIN)
    return body[2 * _MARK :]


def stale(message: str) -> InvalidArgumentError:
    """Return the error for a cursor whose place in the answer is gone."""
    return refused(message, code="STALE_CURSOR", hint=_START_AGAIN)


def _encoded(packed: bytes) -> str:
    return urlsafe_b64encode(packed).rstrip(b"=").decode()


def _reason(body: bytes, owner: Sequence[str], call: Sequence[str]) -> str:
    is_owner, is_call = body[:_MARK] == _digest(owner, _MARK), body[_MARK : 2 * _MARK] == _digest(call, _MARK)
    if is_owner and is_call:
        return "The cursor is damaged."
    if is_owner:
        return "The cursor belongs to a call with other arguments: repeat them unchanged, except limit."
    return "The cursor belongs to another org or user, or is damaged."


def _digest(parts: Sequence[str], size: int) -> bytes:
    return blake2b("\0".join(parts).encode(), digest_size=size).digest()
