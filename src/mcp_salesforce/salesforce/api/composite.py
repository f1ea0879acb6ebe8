"""Several calls in one: the `composite` resource of the REST API. Here it carries queries too long for a URL."""

from typing import Final
from urllib.parse import quote

import orjson

from mcp_salesforce.salesforce.models import members_of, record_of, wrong_shape
from mcp_salesforce.salesforce.replies import read_reply
from mcp_salesforce.salesforce.wire import HttpReply, Request, url_of

# Salesforce takes URLs of 16,384 bytes, and as much for URL and headers together.
_LONGEST_QUERY: Final = 12_000
_REFERENCE: Final = "call"


def is_too_long(request: Request) -> bool:
    """Tell whether `request` is a read whose query does not fit into a URL."""
    query = request.params.get("q", "")
    # Quoting makes at most 12 bytes of a character, so short queries need not be quoted to be sure.
    return len(query) * 12 > _LONGEST_QUERY and request.method == "GET" and len(quote(query)) > _LONGEST_QUERY


def wrapped(request: Request, api_version: str) -> Request:
    """Return the composite call that makes the call `request`.

    API: POST /composite
    """
    call: dict[str, object] = {
        "method": request.method,
        "url": url_of("", api_version, request),
        "referenceId": _REFERENCE,
    }
    if request.headers:
        call["httpHeaders"] = dict(request.headers)
    return Request("POST", "composite", body={"compositeRequest": [call]}, idempotent=request.is_idempotent)


def unwrapped(value: object) -> object:
    """Return the JSON value of the call inside a composite reply.

    Raises:
        SalesforceError: As the call would have raised by itself.
    """
    replies = members_of(value, "compositeResponse")
    reply = record_of(replies[0]) if replies else {}
    status = reply.get("httpStatusCode")
    if not isinstance(status, int):
        raise wrong_shape("a composite reply")
    return read_reply(HttpReply(status, {"content-type": "application/json"}, orjson.dumps(reply.get("body"))))
