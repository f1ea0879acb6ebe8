"""From a text of the host to a message, or to what is wrong with it: a line of stdin, or the body of a POST.

API: JSON-RPC 2.0, as MCP narrows it: an id is a string or an integer, parameters are an object, there are no batches.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import orjson
from mcp_types import JSONRPCError, JSONRPCMessage, JSONRPCNotification, JSONRPCRequest, JSONRPCResponse
from mcp_types.jsonrpc import INVALID_PARAMS, INVALID_REQUEST, PARSE_ERROR
from pydantic import ValidationError

_DEEPEST: Final = 100
_EDGE: Final = 4096
_ID: Final = r'"id"\s*:\s*("(?:[^"\\]|\\.){0,1000}"|-?\d{1,400}(?:\.\d{1,400})?|null)'
_ID_FIRST: Final = re.compile(rf'\s*\{{\s*(?:"(?:jsonrpc|method)"\s*:\s*"[^"\\]*"\s*,\s*)*{_ID}\s*[,}}]')
_ID_LAST: Final = re.compile(rf'{_ID}\s*(?:,\s*"(?:jsonrpc|method)"\s*:\s*"[^"\\]*"\s*)*\}}\s*\Z')
_NOT_THERE: Final = object()


@dataclass(frozen=True, slots=True)
class RefusedLine:
    """Why input of the host is not a message.

    Attributes:
        code: The code of JSON-RPC's error.
        text: What is wrong, and what to do.
        request_id: The id as JSON, if an answer can name one; empty if no answer is expected.
    """

    code: int
    text: str
    request_id: str = ""

    @property
    def answer(self) -> str:
        """The answer to the host."""
        text = json.dumps(self.text)
        return f'{{"jsonrpc":"2.0","id":{self.request_id},"error":{{"code":{self.code},"message":{text}}}}}'


Incoming: TypeAlias = JSONRPCMessage | RefusedLine


def messages_of(line: bytes) -> Iterator[Incoming]:
    """Yield the message of a line. Anything else becomes a refusal; a batch becomes one for each request in it."""
    if not line.strip():
        return
    text = line.decode(errors="replace")
    try:
        value = _json(text)
    except (ValueError, RecursionError):
        yield RefusedLine(PARSE_ERROR, "A message is JSON that is not nested too deeply.", _id_at_the_edge(text))
        return
    if isinstance(value, list):
        yield from (_in_batch(each) for each in value or [None])
    else:
        yield _message(value)


def too_long(line: bytes, longest: int) -> RefusedLine:
    """Return the refusal of a line that is too long."""
    text = f"A message has at most {longest:,} bytes: send less at a time."
    return RefusedLine(INVALID_REQUEST, text, _id_at_the_edge(line.decode(errors="replace")))


def _json(text: str) -> Any:  # noqa: ANN401 - any JSON value
    r"""Return the value of a JSON text. Half a character (`\ud800`) becomes U+FFFD, except in an id."""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        value = _read_slowly(text)
    if isinstance(value, dict) and isinstance(value.get("id"), float):
        value["id"] = json.loads(text)["id"]  # an integer that is too long for the faster reader
    if text.count("{") + text.count("[") > _DEEPEST and _is_deep(value):
        raise RecursionError
    return value


def _read_slowly(text: str) -> Any:  # noqa: ANN401 - any JSON value
    """Return the value of a JSON text that the faster reader refuses."""
    raw = json.loads(text, parse_constant=_refuse_constant)
    value = _whole(raw)
    if isinstance(raw, dict) and "id" in raw:
        value["id"] = raw["id"]  # the host would not recognise a changed id
    return value


def _refuse_constant(name: str) -> float:
    raise ValueError(name)  # NaN and infinities are no JSON


def _whole(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return the value with U+FFFD for each half of a character."""
    match value:
        case str():
            return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        case list():
            return [_whole(each) for each in value]
        case dict():
            return {_whole(name): _whole(each) for name, each in value.items()}
    return value


def _is_deep(value: object) -> bool:
    """Return whether lists and objects are nested more than `_DEEPEST` levels deep."""
    level = [value]
    for _ in range(_DEEPEST):
        inner: list[object] = []
        for each in level:
            members = each.values() if isinstance(each, dict) else each if isinstance(each, list) else ()
            inner += [member for member in members if isinstance(member, dict | list)]
        if not inner:
            return False
        level = inner
    return True


def _in_batch(value: object) -> Incoming:
    """Return the refusal of an entry of a batch."""
    request_id = value.get("id", _NOT_THERE) if isinstance(value, dict) and "method" in value else _NOT_THERE
    text = "Batches are not supported: send each message alone."
    return RefusedLine(INVALID_REQUEST, text, _named(request_id))


def _message(value: object) -> Incoming:
    if not isinstance(value, dict):
        return RefusedLine(INVALID_REQUEST, "A message is an object.")
    if "method" not in value and ("result" in value or "error" in value):
        return _reply(value)
    request_id = value.get("id", _NOT_THERE)
    if wrong := _wrong_with(value, request_id):
        return RefusedLine(*wrong, _named(request_id))
    method, params = value["method"], value.get("params")
    if request_id is _NOT_THERE:
        return JSONRPCNotification(jsonrpc="2.0", method=method, params=params)
    return JSONRPCRequest(jsonrpc="2.0", id=request_id, method=method, params=params)


def _wrong_with(value: Mapping[str, Any], request_id: object) -> tuple[int, str] | None:
    """Return the error code and the text of what is wrong with a request or a notification."""
    is_id = request_id is _NOT_THERE or (isinstance(request_id, str | int) and not isinstance(request_id, bool))
    is_whole = not isinstance(request_id, str) or _whole(request_id) == request_id
    if value.get("jsonrpc") != "2.0":
        return INVALID_REQUEST, 'A message has "jsonrpc": "2.0".'
    if not isinstance(value.get("method"), str):
        return INVALID_REQUEST, "A request has a method, which is a string."
    if not is_id or not is_whole:
        return INVALID_REQUEST, "An id is an integer, or a string of whole characters."
    return None if isinstance(value.get("params"), dict | None) else (INVALID_PARAMS, "Parameters are an object.")


def _reply(value: Mapping[str, Any]) -> Incoming:
    """Return the host's reply to a request from the server."""
    try:
        kind = JSONRPCResponse if "result" in value else JSONRPCError
        return kind.model_validate(value, by_name=False)
    except ValidationError:
        return RefusedLine(INVALID_REQUEST, "A reply has an id, and a result or an error.")


def _named(request_id: object) -> str:
    """Return the id for an error: the request's if it is valid, else null; empty without one."""
    if request_id is _NOT_THERE:
        return ""
    is_name = isinstance(request_id, str | int | float) and not isinstance(request_id, bool)
    return json.dumps(request_id) if is_name else "null"


def _id_at_the_edge(text: str) -> str:
    """Return the id of a request that is too long, from its beginning or end; empty if there is none."""
    found = _ID_FIRST.match(text[:_EDGE]) or _ID_LAST.search(text[-_EDGE:])
    return found[1] if found else ""
