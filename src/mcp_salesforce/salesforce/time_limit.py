"""A time limit for a call of several requests; `timeout_s` limits each of them."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from mcp_salesforce.salesforce.errors import CallTimeoutError


@dataclass(frozen=True, slots=True)
class TimeLimit:
    """A number of seconds, and when they end (on the event loop's clock)."""

    seconds: float
    ends: float

    def error(self) -> CallTimeoutError:
        """Return the error for a request that would start after the limit."""
        return CallTimeoutError(f"The call has used its {self.seconds:g} s; what was left of it was not sent.")


_LIMIT: ContextVar[TimeLimit | None] = ContextVar("time_limit", default=None)


@contextmanager
def time_limit(seconds: float | None) -> Iterator[None]:
    """Limit all requests of the block to `seconds` together; None lifts a limit, for what others wait for too.

    A request that would begin later raises CallTimeoutError, and is not sent.
    """
    limit = None if seconds is None else TimeLimit(seconds, asyncio.get_running_loop().time() + seconds)
    token = _LIMIT.set(limit)
    try:
        yield
    finally:
        _LIMIT.reset(token)


@contextmanager
def time_limit_anew() -> Iterator[None]:
    """Give the block as much time as the call had when it began: meanwhile it has waited for a person."""
    limit = _LIMIT.get()
    with time_limit(limit.seconds if limit else None):
        yield


def current_limit() -> TimeLimit | None:
    """Return the limit of the current call, if it has one."""
    return _LIMIT.get()
