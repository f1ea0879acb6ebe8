"""Work that goes on when the call that began it is over, until the server ends."""

import asyncio
from collections.abc import Coroutine

from mcp_salesforce.salesforce.time_limit import time_limit


class Background:
    """The work of a session."""

    def __init__(self) -> None:
        """Begin with none."""
        self._running: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[None, None, None]) -> "asyncio.Task[None]":
        """Let `work` run; the time that the call has does not count for it."""
        with time_limit(None):
            task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        task.add_done_callback(lambda done: done.cancelled() or done.exception())  # a failure is kept by the work
        return task

    async def close(self) -> None:
        """End what is still running."""
        running = list(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
