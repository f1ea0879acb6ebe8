"""A store whose values are encrypted, with keys that can be replaced while it is used."""

import base64
import hashlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from mcp_salesforce.store.interface import Entry, Store, StoreError

_SENTINEL = "keys"
_SENTINEL_S = 10 * 365 * 86_400.0


class UnsealError(StoreError):
    """A value was not sealed with a key of the ring, or not for this place."""


class KeyRing:
    """Fernet keys (AES-128-CBC with HMAC-SHA256): the first encrypts, each decrypts. The repr shows none."""

    def __init__(self, keys: Sequence[str]) -> None:
        """Use `keys`, each 32 bytes as URL-safe Base64.

        Raises:
            ValueError: There is none, or one is not a key; the text says which, by its number.
        """
        if not keys:
            raise ValueError("has no key")
        for number, key in enumerate(keys, start=1):
            if not _is_key(key):
                raise ValueError(f"has a key (number {number}) that is not one: mcp-salesforce keys new prints one")
        self._keys = tuple(keys)
        self._fernet = MultiFernet([Fernet(key) for key in keys])

    def __repr__(self) -> str:
        return f"<KeyRing of {len(self._keys)}>"

    def seal(self, key: str, value: bytes) -> bytes:
        """Return `value` encrypted for the place `key`."""
        return self._fernet.encrypt(key.encode() + b"\0" + value)

    def unseal(self, key: str, sealed: bytes) -> bytes:
        """Return the value that was sealed for the place `key`.

        Raises:
            UnsealError: It was sealed with a key that is not here, or for another place.
        """
        try:
            place, _, value = self._fernet.decrypt(sealed).partition(b"\0")
        except InvalidToken:
            raise UnsealError(
                "The store holds a value that was encrypted with a key that SALESFORCE_STORE_KEYS does not have."
            ) from None
        if place != key.encode():
            raise UnsealError("A value of the store was moved there from another place: somebody else writes to it.")
        return value

    def is_newest(self, sealed: bytes) -> bool:
        """Tell whether the first key sealed it."""
        try:
            Fernet(self._keys[0]).decrypt(sealed)
        except InvalidToken:
            return False
        return True

    def derived(self, purpose: str) -> dict[str, bytes]:
        """Return for each key, the first one first, its name and 32 bytes for one purpose; neither tells the key."""
        found = {}
        for key in self._keys:
            made = HKDF(SHA256(), 32, None, purpose.encode()).derive(base64.urlsafe_b64decode(key))
            found[hashlib.sha256(made).hexdigest()[:12]] = made
        return found


class SealedStore:
    """A store whose values only the keys of a ring can read; a value counts only where it was put."""

    def __init__(self, store: Store, ring: KeyRing) -> None:
        """Keep the values in `store`; keys stay readable, so put no secret into one."""
        self._store = store
        self._ring = ring
        self.lock, self.unlock, self.count = store.lock, store.unlock, store.count
        self.close = store.close

    def __repr__(self) -> str:
        return f"<SealedStore in {self._store!r}>"

    async def get(self, key: str) -> Entry | None:
        """Return what is kept under `key`."""
        found = await self._store.get(key)
        return replace(found, value=self._ring.unseal(key, found.value)) if found else None

    async def put(self, key: str, value: bytes, lifetime_s: float) -> str:
        """Keep `value`, whatever was there."""
        return await self._store.put(key, self._ring.seal(key, value), lifetime_s)

    async def swap(self, key: str, value: bytes, lifetime_s: float, *, version: str | None) -> str:
        """Keep `value` if the present one has `version`."""
        return await self._store.swap(key, self._ring.seal(key, value), lifetime_s, version=version)

    async def take(self, key: str) -> bytes | None:
        """Return a value and remove it."""
        found = await self._store.take(key)
        return None if found is None else self._ring.unseal(key, found)

    def keys(self, prefix: str) -> AsyncIterator[str]:
        """Yield the keys that begin with `prefix`."""
        return self._store.keys(prefix)

    async def verify(self) -> None:
        """Check that the store works, and that its values were sealed with keys of the ring; mark a new store.

        Raises:
            StoreError: It does not, or they were not.
        """
        found = await self.get(_SENTINEL)
        if found is None and not await self.swap(_SENTINEL, b"1", _SENTINEL_S, version=None):
            await self.get(_SENTINEL)

    async def rotate(self) -> tuple[int, int]:
        """Encrypt every value with the first key; return how many were, and how many no key of the ring reads.

        Nobody is logged out, and the server may run meanwhile: a value that it changes at the same time wins.
        """
        done = unreadable = 0
        async for key in self._store.keys(""):
            while (found := await self._store.get(key)) and not self._ring.is_newest(found.value):
                try:
                    value = self._ring.unseal(key, found.value)
                except UnsealError:
                    unreadable += 1
                    break
                if await self.swap(key, value, found.lifetime_s, version=found.version):
                    done += 1
        return done, unreadable


def _is_key(text: str) -> bool:
    try:
        Fernet(text)
    except ValueError:
        return False
    return True
