"""When a failed call is sent again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
from mcp_salesforce.salesforce.retry import MAX_ATTEMPTS, retry_delay

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
    UnreadableReplyError("", status=200),
    UnreadableReplyError("", status=404),
]


def name(error: SalesforceError) -> str:
    return f"{type(error).__name__}-{getattr(error, 'status', getattr(error, 'sent', ''))}"


@pytest.mark.parametrize("error", NOTHING_DONE, ids=name)
def test_a_call_of_which_nothing_was_done_is_repeated_even_if_it_writes(error: SalesforceError) -> None:
    assert retry_delay(error, 1, idempotent=False) is not None
    assert retry_delay(error, 1, idempotent=True) is not None


@pytest.mark.parametrize("error", OUTCOME_UNKNOWN, ids=name)
def test_a_write_of_unknown_outcome_is_never_repeated_and_a_read_is(error: SalesforceError) -> None:
    assert retry_delay(error, 1, idempotent=False) is None
    assert retry_delay(error, 1, idempotent=True) is not None


@pytest.mark.parametrize("error", FINAL, ids=name)
def test_an_error_that_stays_is_not_repeated(error: SalesforceError) -> None:
    assert retry_delay(error, 1, idempotent=True) is None


@given(
    st.integers(1, 10**4), st.floats(0, 1), st.sampled_from([*NOTHING_DONE, *OUTCOME_UNKNOWN, *FINAL]), st.booleans()
)
def test_delays_are_bounded_and_attempts_end(
    attempt: int, share: float, error: SalesforceError, idempotent: bool
) -> None:
    delay = retry_delay(error, attempt, idempotent, lambda: share)

    assert delay is None or (0 <= delay <= 8 and attempt < MAX_ATTEMPTS)
    assert attempt < MAX_ATTEMPTS or delay is None


def test_delays_double_and_spread_over_their_whole_length() -> None:
    error = TransportError("", sent=False)

    assert [retry_delay(error, attempt, idempotent=False, jitter=lambda: 1.0) for attempt in (1, 2, 3)] == [
        0.25,
        0.5,
        1.0,
    ]
    assert retry_delay(error, 3, idempotent=False, jitter=lambda: 0.0) == 0.0


def test_the_wait_that_the_server_asks_for_is_kept() -> None:
    error = ServerError(503, DETAILS, retry_after_s=7.0)

    assert retry_delay(error, 1, idempotent=True, jitter=lambda: 0.0) == 7.0
