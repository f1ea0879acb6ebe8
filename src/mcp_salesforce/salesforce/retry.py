"""When a failed call is repeated: capped exponential backoff with full jitter, within a deadline, with tenacity."""

from typing import TYPE_CHECKING, Final

from mcp_salesforce.salesforce.errors import (
    BusyError,
    RecordLockedError,
    SalesforceError,
    ServerError,
    TokenBusyError,
    TransportError,
    UnreadableReplyError,
)

if TYPE_CHECKING:
    from tenacity import AsyncRetrying, RetryCallState

MAX_ATTEMPTS: Final = 4
_FIRST_DELAY_S: Final = 0.25
_LONGEST_DELAY_S: Final = 8.0
_CROWD_S: Final = 1.0  # calls that run into the limit of those at once have run for 20 s and longer
_REFUSED: Final = 300
_SERVER_ERROR: Final = 500


def retrying(*, idempotent: bool, deadline_s: float) -> "AsyncRetrying":
    """Return the policy for one call: which failures to repeat, how long to wait, when to give up.

    A wait that the other side asks for (`Retry-After`) is kept; one that would pass the deadline is not begun, and the
    failure is raised as it is.

    Args:
        idempotent: Whether sending twice has the effect of sending once.
        deadline_s: Seconds that all attempts and waits may take.
    """
    from tenacity import (
        AsyncRetrying,
        retry_if_exception,
        stop_after_attempt,
        stop_before_delay,
        wait_random_exponential,
    )

    backoff = wait_random_exponential(multiplier=_FIRST_DELAY_S, max=_LONGEST_DELAY_S)

    def wait(state: "RetryCallState") -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = error.retry_after_s if isinstance(error, SalesforceError) else None
        if asked is None and isinstance(error, BusyError | TokenBusyError):
            asked = _CROWD_S * state.attempt_number
        return max(backoff(state), asked or 0.0)

    return AsyncRetrying(
        retry=retry_if_exception(lambda error: may_be_repeated(error, idempotent=idempotent)),
        wait=wait,
        stop=stop_after_attempt(MAX_ATTEMPTS) | stop_before_delay(deadline_s),
        reraise=True,
    )


def may_be_repeated(error: BaseException, *, idempotent: bool) -> bool:
    """Tell whether a call that failed in this way can be sent again.

    One that changes something may only when nothing was carried out: it never left, or Salesforce says that a lock or
    too many other calls kept it from changing anything.
    """
    if isinstance(error, RecordLockedError | BusyError | TokenBusyError):
        return True
    if isinstance(error, TransportError):
        return idempotent or not error.sent
    if isinstance(error, UnreadableReplyError):
        return idempotent and error.is_passing
    return idempotent and isinstance(error, ServerError)


def may_be_done(error: SalesforceError) -> bool:
    """Tell whether Salesforce may have carried out a call that failed in this way."""
    if isinstance(error, TransportError):
        return error.sent
    if isinstance(error, UnreadableReplyError):
        return error.is_passing or not _REFUSED <= error.status < _SERVER_ERROR
    return isinstance(error, ServerError)
