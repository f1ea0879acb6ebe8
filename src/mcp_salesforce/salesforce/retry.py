"""When a failed call is sent again. Pure: the caller sleeps, and keeps the deadline."""

import random
from collections.abc import Callable
from typing import Final

from mcp_salesforce.salesforce.errors import (
    RecordLockedError,
    SalesforceError,
    ServerError,
    TransportError,
    UnreadableReplyError,
)

MAX_ATTEMPTS: Final = 4
_FIRST_DELAY_S: Final = 0.25
_LONGEST_DELAY_S: Final = 8.0


def retry_delay(
    error: SalesforceError,
    attempt: int,
    idempotent: bool,
    jitter: Callable[[], float] = random.random,
) -> float | None:
    """Return the seconds to wait before the next attempt, or None to give up.

    A call that changes something is sent again only when nothing was carried out: it never left, or
    Salesforce says that a lock kept it from changing anything.

    Args:
        error: Why the attempt failed.
        attempt: Which attempt failed; 1 is the first.
        idempotent: Whether sending twice has the effect of sending once.
        jitter: A number from 0 to 1, the share of the full delay ("full jitter").
    """
    if attempt >= MAX_ATTEMPTS or not _may_be_repeated(error, idempotent):
        return None
    delay = jitter() * min(_LONGEST_DELAY_S, _FIRST_DELAY_S * 2.0 ** (attempt - 1))
    return max(delay, error.retry_after_s or 0.0)


def _may_be_repeated(error: SalesforceError, idempotent: bool) -> bool:
    if isinstance(error, RecordLockedError):
        return True
    if isinstance(error, TransportError):
        return idempotent or not error.sent
    if isinstance(error, UnreadableReplyError):
        return idempotent and error.is_passing
    return idempotent and isinstance(error, ServerError)
