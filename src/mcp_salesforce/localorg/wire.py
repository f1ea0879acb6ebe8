"""Bytes on the wire: limits, gzip, and JSON in Salesforce's two layouts."""

import gzip
import re
import secrets
import zlib
from typing import Final
from urllib.parse import quote

import orjson
from starlette.requests import Request
from starlette.responses import Response

from mcp_salesforce.localorg.errors import OrgError, not_implemented
from mcp_salesforce.localorg.routes.call import Reply

MAX_HEAD_BYTES: Final = 16_384
MAX_BODY_BYTES: Final = 50_000_000
MAX_UPLOAD_BYTES: Final = 150 * 2**20
GZIP_FROM_BYTES: Final = 1_024

_JSON: Final = "application/json;charset=UTF-8"
_JSON_TYPES: Final = ("", "application/json")
_UPLOAD: Final = re.compile(r"/services/data/v[^/]+/jobs/ingest/[^/]+/batches")
_FILE: Final = re.compile(r"/services/data/v[^/]+/sobjects/ContentVersion")
_MULTIPART: Final = "multipart/form-data"
_COMMON_HEADERS: Final = {
    "cache-control": "no-cache,must-revalidate,max-age=0,no-store,private",
    "x-sfdc-edge-cache": "none",
}


def read_path(request: Request) -> str:
    """Return the percent-encoded path, with single slashes and none at its end.

    Raises:
        OrgError: 414 or 431, when the URI alone, or with the headers, is too long.
    """
    scope = request.scope
    raw: bytes = scope.get("raw_path") or quote(scope["path"]).encode()
    target = len(raw) + 1 + len(scope["query_string"])
    if target > MAX_HEAD_BYTES:
        raise OrgError(414, "URI_TOO_LONG", f"The URI is longer than {MAX_HEAD_BYTES} bytes", None)
    if target + sum(len(name) + len(value) + 4 for name, value in scope["headers"]) > MAX_HEAD_BYTES:
        message = f"URI and headers are longer than {MAX_HEAD_BYTES} bytes"
        raise OrgError(431, "REQUEST_HEADER_FIELDS_TOO_LARGE", message, None)
    return re.sub("//+", "/", raw.decode("ascii").partition("?")[0]).rstrip("/")


async def read_body(request: Request) -> bytes:
    """Return the body, decompressed.

    Raises:
        OrgError: 413 when it is too long, 415 when its coding is unknown, 400 when its gzip is broken.
    """
    most = MAX_UPLOAD_BYTES if _is_upload(request) or _is_file(request) else MAX_BODY_BYTES
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise _too_large(most)
    coding = request.headers.get("content-encoding", "identity")
    if coding == "identity":
        return bytes(body)
    if coding != "gzip":
        raise OrgError(415, "UNSUPPORTED_MEDIA_TYPE", f"Content encoding not supported: {coding}", None)
    unpacker = zlib.decompressobj(wbits=31)
    try:
        unpacked = unpacker.decompress(body, most)
    except zlib.error:
        raise OrgError(400, "UNKNOWN_EXCEPTION", "The body is not gzip", None) from None
    if unpacker.unconsumed_tail:
        raise _too_large(most)
    if not unpacker.eof:
        raise OrgError(400, "UNKNOWN_EXCEPTION", "The gzip body is cut short", None)
    return unpacked


def check_media_types(request: Request) -> None:
    """Refuse what is not JSON, in or out; the file of a bulk job is CSV.

    Raises:
        OrgError: 415 for a body of another type; 501 for an XML reply, which a real org can write.
    """
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    types = ("text/csv",) if _is_upload(request) else (*_JSON_TYPES, *([_MULTIPART] if _is_file(request) else []))
    if request.method in {"POST", "PATCH", "PUT"} and content_type not in types:
        if content_type in {"application/xml", "text/xml"}:
            raise not_implemented("XML bodies")
        raise OrgError(415, "UNSUPPORTED_MEDIA_TYPE", f"Content type not supported: {content_type}", None)
    accept = request.headers.get("accept", "*/*").lower()
    if "xml" in accept and "json" not in accept and "*/*" not in accept:
        raise not_implemented("XML replies")


def response(request: Request, reply: Reply) -> Response:
    """Return a reply as Starlette writes it, with the headers that every reply has."""
    all_headers = {**_COMMON_HEADERS, **reply.headers}
    pretty = request.headers.get("x-prettyprint", "0").lower() in {"1", "true"}
    content, content_type = _content(reply.body, pretty=pretty)
    if content_type:
        all_headers.setdefault("content-type", content_type)
    if len(content) >= GZIP_FROM_BYTES and "gzip" in request.headers.get("accept-encoding", ""):
        content = gzip.compress(content, compresslevel=1)
        all_headers["content-encoding"] = "gzip"
        all_headers["vary"] = "Accept-Encoding"
        if "etag" in all_headers:
            all_headers["etag"] = all_headers["etag"].removesuffix('"') + '--gzip"'
    request_id = secrets.token_hex(16)
    all_headers |= {"x-sfdc-request-id": request_id, "x-request-id": request_id}
    made = Response(b"" if request.method == "HEAD" else content, reply.status, all_headers)
    for cookie in ("CookieConsentPolicy=0:1", "LSKey-c$CookieConsentPolicy=0:1"):
        made.headers.append("set-cookie", f"{cookie}; path=/; Max-Age=31536000")
    return made


def _content(body: object, *, pretty: bool) -> tuple[bytes, str]:
    if body is None:
        return b"", ""
    if isinstance(body, bytes):
        return body, "application/octet-stream"
    if isinstance(body, str):
        return body.encode(), "text/html;charset=UTF-8"
    return (pretty_print(body) if pretty else orjson.dumps(body)), _JSON


def _is_upload(request: Request) -> bool:
    return request.method == "PUT" and _UPLOAD.fullmatch(request.url.path) is not None


def _is_file(request: Request) -> bool:
    is_multipart = request.headers.get("content-type", "").startswith(_MULTIPART)
    return is_multipart and request.method == "POST" and _FILE.fullmatch(request.url.path.rstrip("/")) is not None


def _too_large(most: int) -> OrgError:
    return OrgError(413, "REQUEST_ENTITY_TOO_LARGE", f"The body is longer than {most} bytes", None)


def pretty_print(value: object) -> bytes:
    """Return JSON as Salesforce lays it out: two spaces, `"key" : value`, a list on the line where it opens."""
    return _lay_out(value, "\n").encode()


def _lay_out(value: object, line: str) -> str:
    if isinstance(value, dict):
        deeper = line + "  "
        members = (f"{deeper}{orjson.dumps(key).decode()} : {_lay_out(item, deeper)}" for key, item in value.items())
        return f"{{{','.join(members)}{line}}}" if value else "{ }"
    if isinstance(value, list | tuple):
        return f"[ {', '.join(_lay_out(item, line) for item in value)} ]" if value else "[ ]"
    return orjson.dumps(value).decode()
