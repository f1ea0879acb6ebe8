"""What the client raises. Everything here is safe to show: no token, no secret, no query string.

The class of an API error comes from Salesforce's error code; the table is in `codes`. `advice` says what each means.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mcp_salesforce.salesforce.advice import LOOK_FIRST, TRY_AGAIN, hint_of


class SalesforceError(Exception):
    """Everything the client raises.

    Attributes:
        code: Salesforce's error code, or an OAuth error, or the client's own name of the failure.
        message: What happened, in Salesforce's words where there are any.
        fields: API names of the fields that Salesforce names as the cause.
        problems: Where a call is about several records, a line for each that is at fault.
        hint: What to do next; empty where the message says it all.
        retry_after_s: Seconds the other side asked to wait before another attempt.
        retryable: Whether the same call, unchanged, can succeed a little later.
        is_outcome_unknown: Whether Salesforce may have carried out a call that was to change something.
        change_id: The caller's own name of what was changed by then, or may have been; empty where nothing was.
    """

    code: str = "SALESFORCE_ERROR"
    change_id: str = ""
    hint: str = ""
    retryable: bool = False

    def __init__(self, message: str, *, code: str = "", hint: str = "", retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.fields: tuple[str, ...] = ()
        self.problems: tuple[str, ...] = ()
        self.retry_after_s = retry_after_s
        self.is_outcome_unknown = False
        if code:
            self.code = code
        if hint:
            self.hint = hint

    def leave_outcome_unknown(self) -> None:
        """Mark that the call may have been carried out, so that nobody repeats it without a check."""
        self.is_outcome_unknown = True
        self.retryable = False
        self.hint = LOOK_FIRST


class InvalidArgumentError(SalesforceError, ValueError):
    """Refused before anything was sent."""

    code = "INVALID_ARGUMENT"


def refused(
    message: str, *, code: str = "INVALID_ARGUMENT", hint: str = "", fields: Iterable[str] = ()
) -> InvalidArgumentError:
    """Return the error for a call that is refused before anything is sent."""
    error = InvalidArgumentError(message, code=code, hint=hint)
    error.fields = tuple(fields)
    return error


class TransportError(SalesforceError):
    """No answer arrived.

    Attributes:
        sent: Whether the request may have left, so that Salesforce may have carried it out.
    """

    code = "NO_ANSWER"
    retryable = True

    def __init__(self, message: str, *, sent: bool) -> None:
        super().__init__(
            message, hint=TRY_AGAIN if sent else f"Nothing was sent. {TRY_AGAIN} Else check network and URL."
        )
        self.sent = sent


class CallTimeoutError(SalesforceError):
    """The time limit of a call of several requests is over; no further request was sent."""

    code = "CALL_TIMEOUT"
    hint = "Ask for less in one call, or raise SALESFORCE_CALL_TIMEOUT_S."


class OutcomeUnknownError(SalesforceError):
    """A create has no answer, so it is unknown whether the records exist; it is not repeated.

    Attributes:
        candidates: Ids of records with the same values that the user created in the last minutes.
    """

    code = "OUTCOME_UNKNOWN"

    def __init__(self, what: str, cause: SalesforceError, candidates: Sequence[str] | None) -> None:
        """Write the message; `what` is like "the Contact was", `candidates` is None if the org could not be asked."""
        found = tuple(candidates or ())
        seen = "The org could not be asked." if candidates is None else "No such record was found so far."
        if found:
            what_like = f"One like it ({found[0]})" if len(found) == 1 else f"{len(found)} with these values"
            seen = f"{what_like} appeared in the last minutes, by this user."
        super().__init__(
            f"Unknown whether {what} created: {cause.message} {seen}",
            hint="Read the record to make sure. Do not create it again."
            if found
            else "Check before you create it again.",
        )
        self.is_outcome_unknown = True
        self.candidates = found


class ApiReserveError(SalesforceError):
    """The remaining API calls of the org are reserved for others (a setting); nothing was sent."""

    code = "API_RESERVE_REACHED"

    def __init__(self, used: int, limit: int, reserved: int) -> None:
        super().__init__(
            f"{used:,} of the org's {limit:,} API calls of the last 24 hours are used, and {reserved:,} are reserved.",
            hint="Wait until calls become available again, or lower SALESFORCE_API_RESERVE.",
        )


class AuthenticationError(SalesforceError):
    """No token is available, or the session stays invalid after it was renewed once."""

    code = "INVALID_SESSION_ID"
    hint = "Check the client id and secret, the refresh token and the login URL, or authorize the app again."


class TokenBusyError(AuthenticationError):
    """Another program is getting a token with the same refresh token; it passes in seconds."""

    retryable = True


class UnreadableReplyError(SalesforceError):
    """The answer is not from Salesforce or is damaged: HTML from a proxy, cut JSON, another shape.

    Attributes:
        status: HTTP status of the answer; 0 where it is not even HTTP.
        content_type: Its media type, as given.
        excerpt: The beginning of its text, without markup and without anything like a token.
        is_passing: Whether it shows a failure on the way that may be over soon: a gateway's, or cut JSON.
    """

    code = "UNREADABLE_REPLY"
    hint = "Check the instance URL and any proxy on the way."

    def __init__(
        self,
        reason: str,
        *,
        status: int,
        content_type: str = "",
        excerpt: str = "",
        is_cut: bool = False,
        retry_after_s: float | None = None,
    ) -> None:
        self.is_passing = is_cut or status in _GATEWAY_STATUSES
        self.retryable = self.is_passing or (status >= _SERVER_ERROR and status not in _NEVER_SERVED)
        where = f" (HTTP {status}, {content_type or 'no content type'})" if status else ""
        super().__init__(
            f"{reason}{where}" + (f": {excerpt}" if excerpt else ""),
            hint=TRY_AGAIN if self.retryable else self.hint,
            retry_after_s=retry_after_s,
        )
        self.status = status
        self.content_type = content_type
        self.excerpt = excerpt


class ReplyTooLargeError(UnreadableReplyError):
    """The answer was longer than the limit, compressed or not; the rest of it was not read."""

    code = "REPLY_TOO_LARGE"
    hint = "Ask for fewer fields or fewer rows. The limit is SALESFORCE_MAX_REPLY_MB."

    def __init__(self, status: int, most_bytes: int) -> None:
        super().__init__(f"The reply is longer than {most_bytes / 2**20:g} MB, the most that is read", status=status)
        self.is_passing = self.retryable = False
        self.hint = type(self).hint


@dataclass(frozen=True, slots=True)
class ErrorDetail:
    """One entry of an error reply: Salesforce's code, its message, the fields it names."""

    error_code: str
    message: str
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DuplicateMatch:
    """A record that a duplicate rule found, with its confidence in percent (0 where not given)."""

    sobject: str
    record_id: str
    confidence: float = 0.0


class ApiError(SalesforceError):
    """Salesforce refused the call.

    Attributes:
        status: HTTP status.
        details: Every entry of the reply, in its order; never empty.
    """

    def __init__(
        self, status: int, details: Sequence[ErrorDetail], *, hint: str = "", retry_after_s: float | None = None
    ) -> None:
        first = details[0]
        super().__init__(
            "; ".join(dict.fromkeys(detail.message for detail in details)),
            code=first.error_code,
            hint=hint or hint_of(first.error_code, first.message),
            retry_after_s=retry_after_s,
        )
        self.status = status
        self.details = tuple(details)
        self.fields = tuple(dict.fromkeys(name for detail in details for name in detail.fields))

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


class InvalidRequestError(ApiError):
    """The request itself is wrong: an unknown object or field, malformed SOQL, a wrong type of value."""

    hint = "Correct the request; the message says what Salesforce did not understand."


class RecordRejectedError(ApiError):
    """A rule of the org refuses the values: a required field, a length, a picklist, a validation rule, a trigger."""

    hint = "Change the values of the fields named."


class DuplicateError(ApiError):
    """Another record has the unique value, or a duplicate rule found matches.

    Attributes:
        matches: The records that a duplicate rule found, best first as Salesforce gives them.
        can_be_allowed: Whether the rule allows the record to be saved anyway.
    """

    hint = "Use the record that exists, or give another value."

    def __init__(
        self,
        status: int,
        details: Sequence[ErrorDetail],
        *,
        matches: Sequence[DuplicateMatch] = (),
        can_be_allowed: bool = False,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(status, details, retry_after_s=retry_after_s)
        self.matches = tuple(matches)
        self.can_be_allowed = can_be_allowed


class NotFoundError(ApiError):
    """The record does not exist, was deleted, or is not visible to this user."""

    hint = "Check the Id. If the record still exists, a query finds its Id."


class AmbiguousExternalIdError(ApiError):
    """Several records have the external id.

    Attributes:
        record_paths: URL paths of these records.
    """

    hint = "Use the Id of one of these records."

    def __init__(self, status: int, record_paths: Sequence[str]) -> None:
        names = ", ".join(path.rsplit("/", 1)[-1] for path in record_paths)
        super().__init__(
            status, [ErrorDetail("AMBIGUOUS_EXTERNAL_ID", f"The external id names several records: {names}")]
        )
        self.record_paths = tuple(record_paths)


class AccessDeniedError(ApiError):
    """The user has no permission for this, or the org does not allow it."""

    hint = "The user lacks a permission; an administrator of the org can grant it."


class ConflictError(ApiError):
    """The record was changed after the state that the request names."""

    hint = "Read the record again, then decide whether the change is still right."


class RecordLockedError(ApiError):
    """Another transaction holds the record; nothing was changed."""

    hint = TRY_AGAIN
    retryable = True


class LimitExceededError(ApiError):
    """A limit of the org or of one request is used up; the same call will not succeed soon."""

    hint = "Do less in one call. The same call would fail again."


class BusyError(LimitExceededError):
    """Too many calls run at once, or came in a short time: it passes in seconds, and nothing was done."""

    retryable = True

    def __init__(self, status: int, details: Sequence[ErrorDetail], *, retry_after_s: float | None = None) -> None:
        hint = f"Too many calls at the same time. {TRY_AGAIN}"
        super().__init__(status, details, hint=hint, retry_after_s=retry_after_s)


class ServerError(ApiError):
    """Salesforce failed, or is unavailable for a moment."""

    hint = TRY_AGAIN
    retryable = True


_SERVER_ERROR = 500
_NEVER_SERVED = frozenset({501, 505})
_GATEWAY_STATUSES = frozenset({429, 502, 503, 504})
