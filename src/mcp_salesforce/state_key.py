"""The key by which the server knows again what it gave out itself, such as cursors: no one else can make them."""

import hmac
from collections.abc import Sequence
from hashlib import blake2b
from secrets import token_bytes
from typing import Final

_KEY_BYTES: Final = 32


class StateKey:
    """A secret that marks what is given out; it is not in any output, nor in its repr."""

    __slots__ = ("_key",)

    def __init__(self, secret: str = "") -> None:
        """Derive the key from `secret`, which replicas share; without one it is drawn, and ends with the process."""
        self._key = blake2b(secret.encode(), digest_size=_KEY_BYTES).digest() if secret else token_bytes(_KEY_BYTES)

    def mark(self, purpose: str, parts: Sequence[bytes], size: int) -> bytes:
        """Return the mark of `parts`, in this order and with these bounds, for one purpose.

        It is a keyed BLAKE2b (RFC 7693), which is a message authentication code on its own. At `size` of ten bytes or
        more, guessing one is out of reach (RFC 2104, section 5).

        Args:
            purpose: What it is for, at most 16 bytes; a mark for one purpose is not valid for another.
            parts: What is marked.
            size: The length of the mark in bytes.
        """
        digest = blake2b(key=self._key, digest_size=size, person=purpose.encode())
        for part in parts:
            digest.update(len(part).to_bytes(8) + part)
        return digest.digest()

    def is_mark(self, mark: bytes, purpose: str, parts: Sequence[bytes], size: int) -> bool:
        """Tell whether `mark` is that of `parts`, as `mark` makes it; it takes as long whatever is wrong with it."""
        return hmac.compare_digest(mark, self.mark(purpose, parts, size))

    def derived(self, purpose: str) -> bytes:
        """Return a key of 32 bytes for one purpose, at most 16 bytes long, which tells nothing of this one."""
        return blake2b(key=self._key, digest_size=_KEY_BYTES, person=purpose.encode()).digest()

    def __repr__(self) -> str:
        return "<StateKey>"
