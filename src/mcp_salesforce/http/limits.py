"""How much one person may ask: of each replica at the same time, and of all in a minute.

The store counts, because every replica has to. No library of rate limits does so on each of the stores here.
"""

import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Final

from mcp_salesforce.http.refusals import RefusedError
from mcp_salesforce.store.interface import Store, StoreError

_MINUTE_S: Final = 60


class Limits:
    """The limits of every person."""

    def __init__(self, store: Store, *, calls_per_minute: int, concurrent_calls: int) -> None:
        """Count in `store`."""
        self._store = store
        self._calls_per_minute = calls_per_minute
        self._concurrent_calls = concurrent_calls
        self._running: Counter[str] = Counter()

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
        try:
            count = await self._store.count(f"calls:{person}:{minute}", _MINUTE_S)
        except StoreError as error:
            text = f"Requests cannot be counted now: {error.message} Try again in a few seconds."
            raise RefusedError(HTTPStatus.SERVICE_UNAVAILABLE, text, headers={"Retry-After": "5"}) from None
        if count > self._calls_per_minute:
            left = _MINUTE_S - second
            text = f"You have made {self._calls_per_minute} requests in this minute: try again in {left} s."
            raise _too_many(text, left)


def _too_many(text: str, retry_s: int) -> RefusedError:
    return RefusedError(HTTPStatus.TOO_MANY_REQUESTS, text, headers={"Retry-After": str(retry_s)})
