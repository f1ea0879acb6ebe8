"""What is said of an error and whether it may be tried again never contradict each other."""

import re

import pytest

from mcp_salesforce.salesforce import (
    BusyError,
    InvalidArgumentError,
    LimitExceededError,
    SalesforceError,
    TransportError,
    UnreadableReplyError,
)
from mcp_salesforce.salesforce.advice import ADVICE, MEANINGS
from mcp_salesforce.salesforce.codes import _CODES_OF_CLASS
from mcp_salesforce.salesforce.replies import read_reply
from mcp_salesforce.salesforce.retry import may_be_repeated
from mcp_salesforce.salesforce.wire import HttpReply
from mcp_salesforce.tools.answers.errors import failure

CODES = sorted({code for codes in _CODES_OF_CLASS.values() for code in codes.split()} | set(ADVICE) | {"NEW_IN_WINTER"})
STATUSES = (400, 401, 403, 404, 405, 409, 412, 415, 420, 429, 500, 501, 502, 503, 504, 505)
WORDS = ("It failed.", "ConcurrentRequests (Concurrent API Requests) Limit exceeded.", "TotalRequests Limit exceeded.")
AGAIN = re.compile(r"try again|again in a few|can be repeated|retry", re.IGNORECASE)


def error_of(status: int, body: bytes) -> SalesforceError:
    with pytest.raises(SalesforceError) as caught:
        read_reply(HttpReply(status, {}, body))
    return caught.value


def agrees(error: SalesforceError) -> bool:
    told = failure(error).meta or {}
    return bool(told["retryable"]) == bool(AGAIN.search(told.get("hint", "")))


@pytest.mark.parametrize("status", STATUSES)
def test_every_code_with_every_status_says_to_try_again_exactly_if_that_can_help(status: int) -> None:
    for code in CODES:
        for words in WORDS:
            error = error_of(status, b'[{"errorCode": "%b", "message": "%b"}]' % (code.encode(), words.encode()))

            assert agrees(error), (status, code, words, error.retryable, error.hint)
            assert error.retryable or not may_be_repeated(error, idempotent=True)
            error.leave_outcome_unknown()
            assert agrees(error), (status, code, words)
    assert len(CODES) > 150


def test_codes_that_mean_several_things_agree_too() -> None:
    for codes, _, advice in MEANINGS:
        assert not AGAIN.search(advice.next_step), codes


@pytest.mark.parametrize("status", [200, *STATUSES])
@pytest.mark.parametrize("body", [b"<html>no", b'{"a": ', b'{"a": "\xff"}', b"\xff\xd8"])
def test_what_is_no_reply_of_salesforces_agrees_too(status: int, body: bytes) -> None:
    assert agrees(error_of(status, body))


@pytest.mark.parametrize(
    "error",
    [
        TransportError("No connection.", sent=False),
        TransportError("No answer.", sent=True),
        UnreadableReplyError("It does not speak HTTP", status=0),
        InvalidArgumentError("No."),
    ],
)
def test_the_clients_own_errors_agree_too(error: SalesforceError) -> None:
    assert agrees(error)


@pytest.mark.parametrize(
    ("status", "code", "words", "kind"),
    [
        (403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests (Concurrent API Requests) Limit exceeded.", BusyError),
        (403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentPerOrgLongTxn Limit exceeded.", BusyError),
        (503, "REQUEST_LIMIT_EXCEEDED", "ConcurrentPerOrgLongTxn Limit exceeded.", BusyError),
        (429, "REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests Limit exceeded.", BusyError),
        (429, "TOO_MANY_REQUESTS", "Slow down", BusyError),
        (403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", LimitExceededError),
        (429, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", LimitExceededError),
        (403, "REQUEST_LIMIT_EXCEEDED", "", LimitExceededError),
    ],
)
def test_the_limit_that_passes_is_told_from_the_days_allowance_by_its_words(
    status: int, code: str, words: str, kind: type[SalesforceError]
) -> None:
    error = error_of(status, b'[{"errorCode": "%b", "message": "%b"}]' % (code.encode(), words.encode()))

    assert type(error) is kind
    assert may_be_repeated(error, idempotent=False) == (kind is BusyError)
