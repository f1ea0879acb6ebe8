"""When a failed call is sent again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tenacity import Future, RetryCallState

from mcp_salesforce.salesforce import (
    AccessDeniedError,
    AuthenticationError,
    ErrorDetail,
    InvalidArgumentError,
    LimitExceededError,
    RecordLockedError,
    SalesforceError,
    ServerError,
    TransportError,
    UnreadableReplyError,
)
from mcp_salesforce.salesforce.retry import MAX_ATTEMPTS, may_be_done, may_be_repeated, retrying

DETAILS = [ErrorDetail("CODE", "message")]
NOTHING_DONE = [TransportError("", sent=False), RecordLockedError(400, DETAILS)]
OUTCOME_UNKNOWN = [
    TransportError("", sent=True),
    ServerError(503, DETAILS),
    ServerError(500, DETAILS),
    UnreadableReplyError("", status=503),
    UnreadableReplyError("", status=429),
    UnreadableReplyError("", status=200, is_cut=True),
]
FINAL = [
    AuthenticationError("invalid_grant"),
    InvalidArgumentError("no"),
    AccessDeniedError(403, DETAILS),
    LimitExceededError(403, DETAILS, retry_after_s=1.0),
    UnreadableReplyError("", status=302),
    UnreadableReplyError("", status=404),
]


def name(error: SalesforceError) -> str:
    return f"{type(error).__name__}-{getattr(error, 'status', getattr(error, 'sent', ''))}"


class Failing:
    """A call that always fails, and counts how often."""

    def __init__(self, error: SalesforceError) -> None:
        self.calls = 0
        self._error = error

    async def __call__(self) -> None:
        self.calls += 1
        raise self._error


def state_after(error: SalesforceError, attempt: int) -> RetryCallState:
    """Return tenacity's state when `attempt` has just failed."""
    state = RetryCallState(retrying(idempotent=True, deadline_s=30), None, (), {})
    state.attempt_number = attempt
    state.outcome = Future.construct(attempt, error, has_exception=True)
    return state


def delay_after(error: SalesforceError, attempt: int) -> float:
    state = state_after(error, attempt)
    return float(state.retry_object.wait(state))


@pytest.mark.parametrize("error", NOTHING_DONE, ids=name)
def test_a_call_of_which_nothing_was_done_is_repeated_even_if_it_writes(error: SalesforceError) -> None:
    assert may_be_repeated(error, idempotent=False)
    assert not may_be_done(error)


@pytest.mark.parametrize("error", OUTCOME_UNKNOWN, ids=name)
def test_a_call_of_unknown_outcome_is_repeated_only_if_that_changes_nothing(error: SalesforceError) -> None:
    assert not may_be_repeated(error, idempotent=False)
    assert may_be_repeated(error, idempotent=True)
    assert may_be_done(error)


@pytest.mark.parametrize("error", FINAL, ids=name)
def test_an_error_that_stays_is_not_repeated(error: SalesforceError) -> None:
    assert not may_be_repeated(error, idempotent=True)
    assert not may_be_done(error)


@given(st.integers(1, MAX_ATTEMPTS), st.sampled_from([*NOTHING_DONE, *OUTCOME_UNKNOWN]))
def test_delays_grow_up_to_a_cap_and_spread_over_their_whole_length(attempt: int, error: SalesforceError) -> None:
    longest = 0.25 * 2 ** (attempt - 1)
    delays = [delay_after(error, attempt) for _ in range(50)]

    assert all(0 <= delay <= longest for delay in delays)
    assert min(delays) < longest / 2 < max(delays)


def test_no_delay_is_longer_than_eight_seconds() -> None:
    assert delay_after(TransportError("", sent=False), 50) <= 8


def test_the_wait_that_the_server_asks_for_is_kept() -> None:
    assert delay_after(ServerError(503, DETAILS, retry_after_s=7.0), 1) == 7.0


def test_a_write_answered_by_a_page_may_have_been_done() -> None:
    error = UnreadableReplyError("", status=200, content_type="text/html")

    assert may_be_done(error)
    assert not may_be_repeated(error, idempotent=True)


async def test_attempts_end() -> None:
    failing = Failing(RecordLockedError(400, DETAILS))
    with pytest.raises(RecordLockedError):
        await retrying(idempotent=False, deadline_s=30)(failing)

    assert failing.calls == MAX_ATTEMPTS


async def test_a_wait_that_would_pass_the_deadline_is_not_begun() -> None:
    failing = Failing(ServerError(503, DETAILS, retry_after_s=6.0))
    with pytest.raises(ServerError):
        await retrying(idempotent=True, deadline_s=5)(failing)

    assert failing.calls == 1
