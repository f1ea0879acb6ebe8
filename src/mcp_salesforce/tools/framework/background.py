"""Work that continues after its call has ended, until the server ends."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar, cast

from mcp_salesforce.audit.recording import Audit
from mcp_salesforce.salesforce.time_limit import time_limit

_Keeper = TypeVar("_Keeper")


class Background:
    """The work of a session."""

    def __init__(self, audit: Audit | None = None) -> None:
        """Begin with none; `audit` records each."""
        self._audit = audit
        self._running: set[asyncio.Task[None]] = set()
        self._keepers: dict[type, Any] = {}

    def start(self, work: Coroutine[None, None, None]) -> "asyncio.Task[None]":
        """Start `work`; the time limit of the call does not apply to it."""
        with time_limit(None):
            task = asyncio.create_task(self._audit.beside(work) if self._audit else work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        task.add_done_callback(lambda done: done.cancelled() or done.exception())  # a failure is kept by the work
        return task

    def keeper(self, kind: type[_Keeper], make: Callable[[], _Keeper]) -> _Keeper:
        """Return what keeps long work of a kind in this session, such as its exports; `make` makes it at first."""
        if kind not in self._keepers:
            self._keepers[kind] = make()
        return cast("_Keeper", self._keepers[kind])

    async def close(self) -> None:
        """End what is still running."""
        running = list(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
