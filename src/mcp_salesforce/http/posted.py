"""The body of a request: read within bounds, and made one message of JSON-RPC."""

import asyncio
from http import HTTPStatus
from typing import Final

import orjson
from mcp.server.streamable_http import check_accept_headers
from mcp_types import PROTOCOL_VERSION_META_KEY, JSONRPCMessage, JSONRPCRequest
from mcp_types.jsonrpc import HEADER_MISMATCH, PARSE_ERROR
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import Receive, Scope

from mcp_salesforce.http.refusals import RefusedError
from mcp_salesforce.messages import RefusedLine, messages_of

MOST_BYTES: Final = 4 * 2**20
WITHIN_S: Final = 30.0
_REVISION: Final = "mcp-protocol-version"
_JSON: Final = "application/json"


def check_accepted(scope: Scope) -> None:
    """Check that the client takes an answer in both of its forms.

    Raises:
        RefusedError: It does not (406).
    """
    if not all(check_accept_headers(Request(scope))):
        raise RefusedError(HTTPStatus.NOT_ACCEPTABLE, "Send the header Accept: application/json, text/event-stream.")


async def read_body(headers: Headers, receive: Receive, *, most: int = MOST_BYTES, within_s: float = WITHIN_S) -> bytes:
    """Return the body of a request.

    Raises:
        RefusedError: It is no JSON by its headers (415), too long (413), too slow (408), or the client has left (400).
    """
    if headers.get("content-type", "").partition(";")[0].strip().casefold() != _JSON:
        raise RefusedError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"Send the message as Content-Type: {_JSON}.")
    if headers.get("content-encoding", "identity").casefold() != "identity":
        raise RefusedError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Send the message without a Content-Encoding.")
    length = headers.get("content-length", "0")
    if length.isdecimal() and int(length) > most:
        raise _too_long(most)
    try:
        async with asyncio.timeout(within_s):
            return await _all_of(receive, most)
    except TimeoutError:
        raise RefusedError(
            HTTPStatus.REQUEST_TIMEOUT, f"The message took longer than {within_s:g} s to arrive: send it again."
        ) from None


async def _all_of(receive: Receive, most: int) -> bytes:
    body = bytearray()
    while True:
        part = await receive()
        if part["type"] != "http.request":
            raise RefusedError(HTTPStatus.BAD_REQUEST, "The connection ended before the message did.")
        body += part.get("body", b"")
        if len(body) > most:
            raise _too_long(most)
        if not part.get("more_body", False):
            return bytes(body)


def check_revision(message: JSONRPCMessage, headers: Headers) -> None:
    """Check that a request which names its revision names the same one in its header: proxies read only that.

    Raises:
        RefusedError: It does not (400).
    """
    meta = (message.params or {}).get("_meta") if isinstance(message, JSONRPCRequest) else None
    if not isinstance(message, JSONRPCRequest) or not isinstance(meta, dict) or PROTOCOL_VERSION_META_KEY not in meta:
        return
    if headers.get(_REVISION) != meta[PROTOCOL_VERSION_META_KEY]:
        raise RefusedError(
            HTTPStatus.BAD_REQUEST,
            "The header MCP-Protocol-Version must name the revision that the message names in _meta.",
            code=HEADER_MISMATCH,
            request_id=orjson.dumps(message.id).decode(),
        )


def _too_long(most: int) -> RefusedError:
    return RefusedError(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"A message has at most {most:,} bytes: send less at a time."
    )


def message_in(body: bytes) -> JSONRPCMessage:
    """Return the one message that a body holds.

    Raises:
        RefusedError: It holds none, or more than one.
    """
    found = list(messages_of(body))
    if not found:
        raise RefusedError(HTTPStatus.BAD_REQUEST, "The body is empty: send one message.", code=PARSE_ERROR)
    message = found[0]
    if isinstance(message, RefusedLine):
        is_one = len(found) == 1
        raise RefusedError(
            HTTPStatus.BAD_REQUEST, message.text, code=message.code, request_id=message.request_id if is_one else ""
        )
    return message
