"""Recognise the requests that a snapshot can answer: those of which every part is known.

A request that the server might refuse or read in another way is not recognised, and waits for the server.
"""

import json
from collections.abc import Callable

REVISION = "2026-07-28"
"""The first revision in which each request names its revision; before it, a session begins with `initialize`."""

HANDSHAKE_REVISIONS = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")
LISTS = ("tools/list", "prompts/list", "resources/list", "resources/templates/list")
INITIALIZE = "initialize"
DISCOVER = "server/discover"
PING = "ping"
LISTEN = "subscriptions/listen"
METHODS = {
    REVISION: (DISCOVER, *LISTS, PING),
    **dict.fromkeys(HANDSHAKE_REVISIONS, (INITIALIZE, *LISTS, PING)),
}
"""The methods that a snapshot answers, by revision."""

_PREFIX = "io.modelcontextprotocol/"
_LONGEST_LINE = 32_768
_DEEPEST = 64
_BIGGEST_ID = 1 << 53
_NEVER_NULL = frozenset({"capabilities", "progressToken", "traceparent", "tracestate", "baggage"})
_Check = Callable[[object], bool]


class HostRequest:
    """A request that a snapshot answers.

    Attributes:
        request_id: Its id, as it is written in the answer.
        revision: The protocol's revision for the answer.
        method: What it asks.
    """

    __slots__ = ("method", "request_id", "revision")

    def __init__(self, request_id: str, revision: str, method: str) -> None:
        """Say what is asked."""
        self.request_id = request_id
        self.revision = revision
        self.method = method


def recognised(message: object, negotiated: str) -> HostRequest | None:
    """Return the request in a `message` of the host, or None if a part of it is unknown.

    `negotiated` is the revision of the session; empty before there is one.
    """
    method, params, request_id = _parts(message)
    if method == INITIALIZE:
        revision = _proposed(params)
    elif isinstance(params, dict) and isinstance(params.get("_meta"), dict) and _VERSION in params["_meta"]:
        revision = REVISION if params.keys() == {"_meta"} and _envelope(params["_meta"]) else ""
    else:
        revision = negotiated if params is None or _PLAIN(params) else ""
    return HostRequest(request_id, revision, method) if method in METHODS.get(revision, ()) else None


def acknowledged(message: object) -> bytes:
    """Return the line that opens the stream of notifications that `message` asks for.

    Some hosts wait for it before they ask for the lists. The stream itself is the server's. Empty if `message` asks for
    anything else, or has a part that is not known.
    """
    method, params, request_id = _parts(message)
    if method != LISTEN or not isinstance(params, dict) or params.keys() != {"_meta", "notifications"}:
        return b""
    meta, wanted = params["_meta"], params["notifications"]
    if not isinstance(meta, dict) or _VERSION not in meta or not _envelope(meta):
        return b""
    if not isinstance(wanted, dict) or not _WANTED(wanted):
        return b""
    kept = json.dumps({name: True for name in _NOTIFICATIONS if wanted.get(name)}, separators=(",", ":"))
    said = f'{{"_meta":{{"{_PREFIX}subscriptionId":{request_id}}},"notifications":{kept}}}'
    return f'{{"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{said}}}\n'.encode()


def _parts(message: object) -> tuple[str, object, str]:
    """Return a request's method, its parameters, and its id as the server writes it; no method if it is not one."""
    if not isinstance(message, dict) or message.keys() - {"params"} != {"jsonrpc", "id", "method"}:
        return "", None, ""
    method, request_id = message["method"], _written(message["id"])
    if message["jsonrpc"] != "2.0" or not isinstance(method, str) or not request_id:
        return "", None, ""
    return method, message.get("params"), request_id


def answered(request: HostRequest, answer: str) -> bytes:
    """Return the line that answers `request`; `answer` is the text after the id."""
    return f'{{"jsonrpc":"2.0","id":{request.request_id},{answer}}}\n'.encode()


def parsed(line: bytes) -> object:
    """Return the JSON of a line; None if it is not JSON, or longer than any of these requests."""
    if len(line) > _LONGEST_LINE or line.count(b"{") + line.count(b"[") > _DEEPEST:
        return None
    try:
        return json.loads(line.decode())
    except (ValueError, RecursionError):
        return None


def _written(request_id: object) -> str:
    """Return an id as JSON, the way the server writes it; empty if it is not one."""
    if isinstance(request_id, str):
        try:
            request_id.encode()
        except UnicodeEncodeError:
            return ""  # half a character
        return json.dumps(request_id, ensure_ascii=False)
    if isinstance(request_id, int) and not isinstance(request_id, bool) and abs(request_id) < _BIGGEST_ID:
        return str(request_id)
    return ""


def _proposed(params: object) -> str:
    """Return the revision that an `initialize` leads to; empty if a part of it is not known."""
    if not isinstance(params, dict) or params.keys() - {"_meta"} != {"protocolVersion", "capabilities", "clientInfo"}:
        return ""
    asked = params["protocolVersion"]
    is_known = isinstance(asked, str) and _client(params["clientInfo"]) and _HANDSHAKE(params)
    return (asked if asked in HANDSHAKE_REVISIONS else HANDSHAKE_REVISIONS[-1]) if is_known else ""


def _text(value: object) -> bool:
    return isinstance(value, str)


def _token(value: object) -> bool:
    return isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool))


def _flag(value: object) -> bool:
    return isinstance(value, bool)


def _anything(value: object) -> bool:
    return isinstance(value, dict)


def _objects(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(each, dict) for each in value.values())


def _list(check: _Check) -> _Check:
    return lambda value: isinstance(value, list) and all(map(check, value))


def _object(known: dict[str, _Check]) -> _Check:
    """Return a check: an object has no members but these, all of them optional."""

    def is_right(name: str, value: object) -> bool:
        return name in known and (known[name](value) or (value is None and name not in _NEVER_NULL))

    return lambda value: isinstance(value, dict) and all(is_right(*member) for member in value.items())


_VERSION = f"{_PREFIX}protocolVersion"
_CAPABILITIES = _object(
    {
        "elicitation": _object({"form": _anything, "url": _anything}),
        "experimental": _objects,
        "extensions": _objects,
        "roots": _object({"listChanged": _flag}),
        "sampling": _object({"context": _anything, "tools": _anything}),
    }
)
_ICON = _object({"src": _text, "mimeType": _text, "sizes": _list(_text)})
_NAMED = _object(
    {
        "name": _text,
        "version": _text,
        "title": _text,
        "description": _text,
        "websiteUrl": _text,
        "icons": _list(lambda icon: _ICON(icon) and isinstance(icon, dict) and _text(icon.get("src"))),
    }
)


def _client(value: object) -> bool:
    """Return whether `value` describes a client; name and version are required."""
    return _NAMED(value) and isinstance(value, dict) and _text(value.get("name")) and _text(value.get("version"))


_NOTIFICATIONS = ("toolsListChanged", "promptsListChanged", "resourcesListChanged")
_WANTED = _object(dict.fromkeys(_NOTIFICATIONS, _flag))
_PLAIN = _object({"_meta": _object({"progressToken": _token})})
_HANDSHAKE = _object(
    {
        "protocolVersion": _text,
        "capabilities": _CAPABILITIES,
        "clientInfo": _client,
        "_meta": _object({"progressToken": _token}),
    }
)
_META = _object(
    {
        _VERSION: _text,
        f"{_PREFIX}clientInfo": _client,
        f"{_PREFIX}clientCapabilities": _CAPABILITIES,
        "progressToken": _token,
        "traceparent": _text,
        "tracestate": _text,
        "baggage": _text,
    }
)


def _envelope(meta: dict[str, object]) -> bool:
    """Return whether a request has the `_meta` of the present revision."""
    return meta[_VERSION] == REVISION and meta.get(f"{_PREFIX}clientCapabilities") is not None and _META(meta)
