"""Conditional requests: what has not changed since, or has."""

from datetime import datetime
from email.utils import format_datetime, parsedate_to_datetime

from mcp_salesforce.localorg.errors import OrgError
from mcp_salesforce.localorg.evidence import evidence
from mcp_salesforce.localorg.routes.call import Call, Reply


@evidence("Conditional requests", "recorded", "An unchanged resource answers 304 with ETag and Last-Modified, no body")
@evidence("Conditional requests", "recorded", "Rows of Account have an ETag; other rows only Last-Modified")
def reply_if_modified(call: Call, reply: Reply, modified: datetime, etag: str = "") -> Reply:
    """Return the reply to a GET with its validators, or 304 if the client has it already."""
    headers = {**reply.headers, "Last-Modified": format_datetime(modified, usegmt=True)}
    if etag:
        headers["ETag"] = f'"{etag}"'
    known = _etags(call, "if-none-match") if etag else None
    since = _date(call, "if-modified-since")
    if (known is not None and (etag in known or "*" in known)) or (known is None and since and modified <= since):
        return Reply(304, headers=headers)
    require_unmodified(call, modified, etag)
    return Reply(reply.status, reply.body, headers)


@evidence(
    "Conditional requests", "documented", "If-Unmodified-Since, to the second, guards writes; for Account, If-Match"
)
def require_unmodified(call: Call, modified: datetime, etag: str = "") -> None:
    """Refuse a call whose conditions do not hold.

    Raises:
        OrgError: 412, the record has changed since; 400, a date cannot be read.
    """
    since = _date(call, "if-unmodified-since")
    wanted = _etags(call, "if-match") if etag else None
    unwanted = _etags(call, "if-none-match") if etag and call.method not in {"GET", "HEAD"} else None
    if (
        (since is not None and modified > since)
        or (wanted is not None and etag not in wanted and "*" not in wanted)
        or (unwanted is not None and (etag in unwanted or "*" in unwanted))
    ):
        message = "The record was changed since: a condition of the request does not hold"
        raise OrgError(412, "ENTITY_FAILED_IFLASTMODIFIED_ON_UPDATE", message, None)


def _etags(call: Call, header: str) -> set[str] | None:
    """Return the tags that a header names; a tag that came with a gzipped body ends in --gzip."""
    value = call.headers.get(header)
    if value is None:
        return None
    tags = (tag.strip().removeprefix("W/").strip('"') for tag in value.split(","))
    return {tag.removesuffix("--gzip") for tag in tags}


def _date(call: Call, header: str) -> datetime | None:
    value = call.headers.get(header)
    if value is None:
        return None
    try:
        return parsedate_to_datetime(value)
    except ValueError:
        if call.method in {"GET", "HEAD"}:
            return None
        raise OrgError(400, "INVALID_FIELD", f"{header} is not an HTTP date: {value}", None) from None
