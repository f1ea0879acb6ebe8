"""A sign of life in the store, by which the other replicas know that one still works."""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from contextvars import Context
from typing import Any, Final, TypeVar

from mcp_salesforce.store.interface import Store, StoreError

_ID_BYTES: Final = 8
_LASTS_S: Final = 5.0
_RENEWED_S: Final = 1.0
_Result = TypeVar("_Result")


class Lease:
    """The lease of one replica on work of one kind; when it ends, the work counts as left behind."""

    def __init__(
        self, store: Store, kind: str, *, is_needed: Callable[[], bool], each_time: Callable[[], Awaitable[None]]
    ) -> None:
        """Hold nothing yet.

        Args:
            store: Where it is kept.
            kind: What the work is.
            is_needed: Whether anything of it is running here.
            each_time: What else there is to do each second; where the store is away, it is done a second later.
        """
        self.own = secrets.token_hex(_ID_BYTES)
        self._store = store
        self._kind = kind
        self._is_needed = is_needed
        self._each_time = each_time
        self._held_at = -_LASTS_S
        self._renewing: asyncio.Task[None] | None = None

    async def hold(self) -> None:
        """Have the lease, and renew it as long as it is needed."""
        if time.monotonic() - self._held_at > _LASTS_S / 2:
            await self._renew()
        if self._renewing is None or self._renewing.done():
            self._renewing = asyncio.get_running_loop().create_task(self._renew_all(), context=Context())

    async def is_alive(self, holder: str) -> bool:
        """Tell whether the replica that names itself `holder` still works."""
        return await self._store.get(self._place(holder)) is not None

    async def close(self) -> None:
        """Let the lease end; the store stays open."""
        if self._renewing:
            self._renewing.cancel()
            with suppress(asyncio.CancelledError):
                await self._renewing

    async def _renew(self) -> None:
        at = time.monotonic()
        await self._store.put(self._place(self.own), b"1", _LASTS_S)
        self._held_at = at

    async def _renew_all(self) -> None:
        await asyncio.sleep(_RENEWED_S)
        while self._is_needed():
            with suppress(StoreError):
                await self._renew()
                await self._each_time()
            await asyncio.sleep(_RENEWED_S)

    def _place(self, holder: str) -> str:
        return f"{self._kind}-by/{holder}"


async def whole(work: Coroutine[Any, Any, _Result]) -> _Result:
    """Do `work` to its end, though the caller is cancelled meanwhile."""
    return await asyncio.shield(asyncio.get_running_loop().create_task(work))
