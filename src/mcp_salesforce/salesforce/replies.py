"""Reading a reply: a JSON value, or the error that says what it was instead. Pure; no I/O."""

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Final
from urllib.parse import quote, urlsplit

import orjson
from pydantic_core import from_json

from mcp_salesforce.salesforce.codes import error_class
from mcp_salesforce.salesforce.errors import (
    AmbiguousExternalIdError,
    AuthenticationError,
    DuplicateError,
    DuplicateMatch,
    ErrorDetail,
    SalesforceError,
    UnreadableReplyError,
)
from mcp_salesforce.salesforce.ids import is_id
from mcp_salesforce.salesforce.models import Outcome
from mcp_salesforce.salesforce.wire import HttpReply

INVALID_SESSION: Final = "INVALID_SESSION_ID"
_HIDDEN: Final = "[hidden]"
_EXCERPT_LENGTH: Final = 200
_MARKUP = re.compile(r"<(script|style)\b.*?</\1\s*>|<[^>]*>|[\s\x00-\x1f\x7f]+", re.DOTALL | re.IGNORECASE)
_SESSION_ID = re.compile(r"00D[A-Za-z0-9]{12,15}(?:!|%21)\S*|\b(?:Bearer|Basic)\s+\S+", re.IGNORECASE)
_TOKEN_LIKE = re.compile(r"(?=\S*[0-9])(?=\S*[A-Za-z])[\w.!%+/=~-]{24,}", re.ASCII)
_DEEPEST_ENTRY: Final = 6  # results, a result, its errors, an error
_LONGEST_MESSAGE: Final = 4000  # characters
_LONGEST_NAME: Final = 100
_MOST_FIELDS: Final = 100
_NOT_JSON: Final = object()

_FLAWS: Final = {
    "invalid unicode code point": "The reply is not valid UTF-8",
    "recursion limit exceeded": "The reply is nested too deeply",
}

Hide = Callable[[str], str]


def read_csv(reply: HttpReply, secrets: Sequence[str] = ()) -> bytes:
    """Return the CSV of a reply of success.

    Raises:
        UnreadableReplyError: It is something else, such as the page of a proxy.
    """
    content_type = reply.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type not in {"text/csv", "text/plain", "application/octet-stream", ""}:
        raise _unreadable(reply, _NOT_JSON, _hider(secrets))
    return reply.body


def read_reply(reply: HttpReply, secrets: Sequence[str] = ()) -> object:
    """Return the JSON value of a reply, or None where it has none.

    Args:
        reply: What came back.
        secrets: Texts that may not appear in an error, whatever the reply says.

    Raises:
        ApiError: Salesforce refused; the error code decides the class.
        AuthenticationError: The session is invalid, or OAuth refused.
        UnreadableReplyError: The reply is not one of Salesforce's.
    """
    is_success = HTTPStatus.OK <= reply.status < HTTPStatus.MULTIPLE_CHOICES
    if reply.status == HTTPStatus.NOT_MODIFIED or (is_success and not reply.body):
        return None
    try:
        value: object = orjson.loads(reply.body)
    except orjson.JSONDecodeError:
        value = _NOT_JSON
    if is_success and value is not _NOT_JSON:
        return value
    raise _refusal(reply, value, _hider(secrets))


def error_of(reply: HttpReply, entries: object, secrets: Sequence[str] = ()) -> SalesforceError:
    """Return the error for error entries that came in another form than JSON, as `read_reply` would have raised it."""
    return _refusal(reply, entries, _hider(secrets))


def rejection(result: Outcome) -> SalesforceError:
    """Return the error of a record that was not saved, as if the call had only this record."""
    entries: list[dict[str, object]] = [
        {
            "statusCode": error.status_code,
            "message": error.message,
            "fields": list(error.fields),
            "duplicateResult": error.duplicate_result,
        }
        for error in result.errors
    ]
    details = [_detail(entry, str) for entry in entries] or [ErrorDetail("UNKNOWN_EXCEPTION", "It gave no reason.")]
    return _api_error(HttpReply(HTTPStatus.BAD_REQUEST, {}, b""), entries, details)


def _refusal(reply: HttpReply, value: object, hide: Hide) -> SalesforceError:
    if reply.status == HTTPStatus.MULTIPLE_CHOICES and isinstance(value, list):
        return AmbiguousExternalIdError(reply.status, [hide(item) for item in value if isinstance(item, str)])
    if reply.status >= HTTPStatus.BAD_REQUEST:
        if isinstance(value, dict) and isinstance(value.get("error"), str):
            cause, code = value.get("error_description"), _cut(hide(value["error"]), _LONGEST_NAME)
            reason = _cut(hide(cause), _LONGEST_MESSAGE) if isinstance(cause, str) else "no reason given"
            return AuthenticationError(f"{code}: {reason}", code=code)
        details = [_detail(entry, hide) for entry in _entries(value)]
        if value == [] or (reply.status == HTTPStatus.PRECONDITION_FAILED and not details):
            details = [ErrorDetail(f"HTTP_{reply.status}", "Salesforce gave no reason.")]
        if details:
            return _api_error(reply, value, details)
        if reply.body.startswith(b"Bad_OAuth_Token"):
            return AuthenticationError("Bad_OAuth_Token", code=INVALID_SESSION)
    return _unreadable(reply, value, hide)


def _api_error(reply: HttpReply, value: object, details: Sequence[ErrorDetail]) -> SalesforceError:
    if any(detail.error_code == INVALID_SESSION for detail in details) or reply.status == HTTPStatus.UNAUTHORIZED:
        return AuthenticationError(details[0].message, code=details[0].error_code)
    kind = error_class(details[0].error_code, reply.status, details[0].message)
    retry_after_s = _retry_after_s(reply)
    if issubclass(kind, DuplicateError):
        found = [result for entry in _entries(value) if isinstance(result := entry.get("duplicateResult"), dict)]
        return kind(
            reply.status,
            details,
            matches=[match for result in found for match in _matches(result)],
            can_be_allowed=any(result.get("allowSave") is True for result in found),
            retry_after_s=retry_after_s,
        )
    return kind(reply.status, details, retry_after_s=retry_after_s)


def _entries(value: object, depth: int = _DEEPEST_ENTRY) -> Iterator[dict[str, object]]:
    """Yield every error entry of a body: a list of them, one alone, or those of a result with `errors`."""
    if isinstance(value, list) and depth:
        for item in value:
            yield from _entries(item, depth - 1)
    elif isinstance(value, dict) and depth:
        code = value.get("errorCode") or value.get("statusCode")
        if isinstance(code, str) and code:
            yield value
        else:
            yield from _entries(value.get("errors") or value.get("results"), depth - 1)


def _detail(entry: dict[str, object], hide: Hide) -> ErrorDetail:
    code = _cut(hide(str(entry.get("errorCode") or entry.get("statusCode"))), _LONGEST_NAME)
    message, fields = entry.get("message"), entry.get("fields")
    names = [name for name in fields if isinstance(name, str)] if isinstance(fields, list) else []
    return ErrorDetail(
        code,
        _cut(hide(message), _LONGEST_MESSAGE)
        if isinstance(message, str) and message
        else code.replace("_", " ").lower(),
        tuple(_cut(hide(name), _LONGEST_NAME) for name in names[:_MOST_FIELDS]),
    )


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[:longest]}…"


def _matches(result: dict[str, object]) -> Iterator[DuplicateMatch]:
    for match_result in _dicts(result.get("matchResults")):
        for match in _dicts(match_result.get("matchRecords")):
            record, confidence = match.get("record"), match.get("matchConfidence")
            record_id = record.get("Id") if isinstance(record, dict) else None
            if isinstance(record_id, str) and is_id(record_id):
                sobject = match_result.get("entityType")
                yield DuplicateMatch(
                    sobject if isinstance(sobject, str) else "",
                    record_id,
                    float(confidence) if isinstance(confidence, int | float) else 0.0,
                )


def _dicts(value: object) -> Iterator[dict[str, object]]:
    return (item for item in value if isinstance(item, dict)) if isinstance(value, list) else iter(())


def _unreadable(reply: HttpReply, value: object, hide: Hide) -> UnreadableReplyError:
    flaw = _flaw(reply.body) if value is _NOT_JSON and _begins_as_json(reply.body) else ""
    is_cut = flaw.startswith("EOF")
    if HTTPStatus.MULTIPLE_CHOICES <= reply.status < HTTPStatus.BAD_REQUEST:
        reason = f"The org redirects to {_host(reply.headers.get('location', ''))}, which is not followed"
    elif is_cut:
        reason = "The reply is cut short: its JSON does not end"
    elif flaw:
        reason = _FLAWS.get(flaw, "The reply's JSON is malformed")
    else:
        reason = "The reply is not one of Salesforce's"
    return UnreadableReplyError(
        reason,
        status=reply.status,
        content_type=hide(reply.headers.get("content-type", ""))[:80],
        excerpt=_excerpt(reply.body, hide) if value is _NOT_JSON and not flaw else "",
        is_cut=is_cut,
        retry_after_s=_retry_after_s(reply),
    )


def _flaw(body: bytes) -> str:
    """Return what is wrong with JSON that cannot be read, without its place; `EOF …` where it ends too early."""
    try:
        from_json(body, allow_inf_nan=False)
    except ValueError as error:
        return str(error).partition(" at line ")[0]
    return "unreadable"


def _begins_as_json(body: bytes) -> bool:
    return body.lstrip()[:1] in {b"{", b"["}


def _host(location: str) -> str:
    try:
        return urlsplit(location).hostname or "another address"
    except ValueError:
        return "another address"


def _excerpt(body: bytes, hide: Hide) -> str:
    """Return the beginning of a page's text. Cut JSON has none: its values are people's data."""
    import html

    text = hide(html.unescape(body[:4000].decode("utf-8", "replace")))
    text = hide(_MARKUP.sub(" ", text))
    text = " ".join(_TOKEN_LIKE.sub(_HIDDEN, text).split())
    return text if len(text) <= _EXCERPT_LENGTH else text[:_EXCERPT_LENGTH].rstrip() + "…"


def _hider(secrets: Sequence[str]) -> Hide:
    forms = {form for secret in secrets if secret for form in (secret, quote(secret, safe=""))}

    def hide(text: str) -> str:
        for form in sorted(forms, key=len, reverse=True):
            text = text.replace(form, _HIDDEN)
        return _SESSION_ID.sub(_HIDDEN, text)

    return hide


def _retry_after_s(reply: HttpReply) -> float | None:
    """Return the seconds that `Retry-After` asks for; a date counts from the reply's own `Date`."""
    wanted = reply.headers.get("retry-after", "").strip()
    if wanted.isdecimal() and wanted.isascii() and len(wanted) < 10:  # noqa: PLR2004 - longer is not a time to wait
        return float(wanted)
    if not wanted:
        return None
    from email.utils import parsedate_to_datetime

    try:
        until = parsedate_to_datetime(wanted)
        told = reply.headers.get("date", "")
        now = parsedate_to_datetime(told) if told else datetime.now(UTC)
        return max(0.0, (until - now).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return None
