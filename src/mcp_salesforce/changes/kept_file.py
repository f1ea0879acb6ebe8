"""A SQLite file that only its owner can read, and values in it that are encrypted."""

import os
import secrets
import sqlite3
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import orjson

KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_BUSY_S: Final = 5.0


def connect(file: Path | None) -> sqlite3.Connection:
    """Return a connection to `file`, which is made with its folder if it is not there; to memory without one.

    Raises:
        OSError: The file cannot be made.
        sqlite3.Error: It cannot be opened.
    """
    if file is not None:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
    return sqlite3.connect(file or ":memory:", timeout=_BUSY_S, check_same_thread=False)


class Seal:
    """Encrypts JSON values (AES-GCM), each for the place where it is kept; the cipher is loaded with the first one."""

    def __init__(self, key: Callable[[], bytes]) -> None:
        """Use the 32 bytes that `key` gives, asked for once."""
        self._key = key

    def __repr__(self) -> str:
        return "<Seal>"

    def seal(self, value: object, place: str) -> bytes:
        """Return `value` encrypted for `place`."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed: bytes = self._cipher.encrypt(nonce, orjson.dumps(value), place.encode())
        return nonce + sealed

    def unseal(self, sealed: bytes, place: str) -> Any:  # noqa: ANN401 - any JSON value
        """Return the value that was sealed for `place`.

        Raises:
            cryptography.exceptions.InvalidTag: It was sealed with another key, or for another place.
        """
        return orjson.loads(self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], place.encode()))

    @cached_property
    def _cipher(self) -> Any:  # noqa: ANN401 - the class is loaded when it is used
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        return AESGCM(self._key())
