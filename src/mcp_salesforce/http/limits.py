"""How much one person may ask: of each replica at the same time, and of all in a minute.

The replicas add up in the store what they have counted: once a second, or whenever a twentieth of what is allowed has
come together. No library of rate limits counts on each of the stores here.
"""

import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from mcp_salesforce.http.refusals import RefusedError
from mcp_salesforce.store.interface import Store, StoreError

_MINUTE_S: Final = 60
_LOOK_AFTER_S: Final = 1.0
_PARTS: Final = 20


@dataclass(slots=True)
class _Count:
    """The requests of a person in this minute: those that all replicas have told, and those here since then."""

    told: int = 0
    untold: int = 0
    looked_at: float = -_LOOK_AFTER_S


class Limits:
    """The limits of every person."""

    def __init__(self, store: Store, *, calls_per_minute: int, concurrent_calls: int) -> None:
        """Count in `store`."""
        self._store = store
        self._calls_per_minute = calls_per_minute
        self._concurrent_calls = concurrent_calls
        self._running: Counter[str] = Counter()
        self._minute = 0
        self._counts: defaultdict[str, _Count] = defaultdict(_Count)

    @asynccontextmanager
    async def turn(self, person: str) -> AsyncIterator[None]:
        """Count the block as one request of a person.

        Raises:
            RefusedError: The person has too many requests at once or in this minute (429), or nobody can count (503).
        """
        if self._running[person] >= self._concurrent_calls:
            raise _too_many(f"You have {self._concurrent_calls} requests running: wait for one to end.", 1)
        self._running[person] += 1
        try:
            await self._count(person)
            yield
        finally:
            self._running[person] -= 1
            if not self._running[person]:
                del self._running[person]

    async def _count(self, person: str) -> None:
        minute, second = divmod(int(time.time()), _MINUTE_S)
        if minute != self._minute:
            self._minute = minute
            self._counts.clear()
        count = self._counts[person]
        count.untold += 1
        is_much = count.untold * _PARTS >= self._calls_per_minute and count.told <= self._calls_per_minute
        if is_much or time.monotonic() - count.looked_at >= _LOOK_AFTER_S:
            await self._look(count, f"calls:{person}:{minute}")
        if count.told + count.untold > self._calls_per_minute:
            left = _MINUTE_S - second
            text = f"You have made {self._calls_per_minute} requests in this minute: try again in {left} s."
            raise _too_many(text, left)

    async def _look(self, count: _Count, key: str) -> None:
        """Tell the other replicas what was counted here, and hear what was counted there."""
        new, count.untold, count.looked_at = count.untold, 0, time.monotonic()
        try:
            count.told = await self._store.count(key, _MINUTE_S, new)
        except StoreError as error:
            count.untold, count.looked_at = count.untold + new, -_LOOK_AFTER_S
            text = f"Requests cannot be counted now: {error.message} Try again in a few seconds."
            raise RefusedError(HTTPStatus.SERVICE_UNAVAILABLE, text, headers={"Retry-After": "5"}) from None


def _too_many(text: str, retry_s: int) -> RefusedError:
    return RefusedError(HTTPStatus.TOO_MANY_REQUESTS, text, headers={"Retry-After": str(retry_s)})
