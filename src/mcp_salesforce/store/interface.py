"""What a store does. Every value ends when its time is over. A change happens as a whole, once, or not at all."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Protocol

from mcp_salesforce.salesforce.errors import SalesforceError


class StoreError(SalesforceError):
    """The store cannot be used now; nothing is known of what is in it, so nobody is let in."""

    code = "STORE"
    hint = (
        "Try again in a few seconds. If it stays: the person who runs this server must start the store that "
        "SALESFORCE_STORE names, or make it reachable."
    )


@dataclass(frozen=True, slots=True)
class Entry:
    """A value of the store; the repr does not show it.

    Attributes:
        value: The value.
        version: Another one at each change.
        lifetime_s: Seconds until it ends.
    """

    value: bytes = field(repr=False)
    version: str
    lifetime_s: float


class Store(Protocol):
    """Values by key. Each method raises StoreError where the store cannot be used; the change was made then, or not."""

    async def get(self, key: str) -> Entry | None:
        """Return what is kept under `key`; None if there is nothing, or it has ended."""
        ...

    async def put(self, key: str, value: bytes, lifetime_s: float) -> str:
        """Keep `value` for `lifetime_s` seconds, whatever was there; return its version."""
        ...

    async def swap(self, key: str, value: bytes, lifetime_s: float, *, version: str | None) -> str:
        """Keep `value` if the present one has `version`, or for None if there is none.

        Returns its version; nothing if it is not kept.
        """
        ...

    async def take(self, key: str) -> bytes | None:
        """Return a value and remove it: of all who take it at once, one gets it."""
        ...

    async def lock(self, key: str, owner: str, lifetime_s: float) -> bool:
        """Tell whether `owner` holds the lock, until it gives it back or `lifetime_s` are over; again prolongs it."""
        ...

    async def unlock(self, key: str, owner: str) -> None:
        """Give the lock back, if `owner` still holds it."""
        ...

    async def count(self, key: str, lifetime_s: float, by: int = 1) -> int:
        """Add `by` to the number at `key`, which begins at 0 and ends `lifetime_s` after it began; return the sum."""
        ...

    def keys(self, prefix: str) -> AsyncIterator[str]:
        """Yield the keys of values that begin with `prefix`, in no order; one that comes or goes meanwhile may miss."""
        ...

    async def close(self) -> None:
        """Release connections and files; what is kept stays kept. Again it does nothing."""
        ...
