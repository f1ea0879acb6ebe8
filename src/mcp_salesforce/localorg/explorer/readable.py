"""What people read of a call: its SOQL, and its bodies without tokens and passwords."""

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urlsplit

import orjson

from mcp_salesforce.localorg.explorer.seen_calls import Body, SeenCall

MOST_SHOWN: Final = 20_000
HIDDEN: Final = "(hidden)"
_NAMES: Final = (
    "access_token|refresh_token|id_token|oauth_token|token|sid|sessionid|session_id|client_secret|password|newpassword"
    "|assertion|client_assertion|code_verifier"
)
_SECRETS: Final = (
    (re.compile(r"(<(?:\w+:)?(?:sessionId|password|newPassword)\b[^>]*>)[^<]*", re.IGNORECASE), rf"\1{HIDDEN}"),
    (re.compile(rf'("(?:{_NAMES})"\s*:\s*")(?:[^"\\]|\\.)*', re.IGNORECASE), rf"\1{HIDDEN}"),
    (re.compile(rf'((?:^|[?&])(?:{_NAMES})=)[^&\s"<]*', re.IGNORECASE), rf"\1{HIDDEN}"),
    (re.compile(r"\b((?:Bearer|OAuth)\s+)[\w.!~+/=%-]{12,}", re.IGNORECASE), rf"\1{HIDDEN}"),
    (re.compile(r"00D[A-Za-z0-9]{12}(?:[A-Za-z0-9]{3})?(?:!|%21|\\u0021)[\w.%+/=-]*"), HIDDEN),
)
"""Where secrets are: in SOAP, in JSON, in a form or query string, in a header of a subrequest, and anywhere by the
shape of Salesforce's access tokens."""


def without_secrets(text: str) -> str:
    """Return a text with tokens and passwords hidden."""
    for pattern, shown in _SECRETS:
        text = pattern.sub(shown, text)
    return text


def address_of(call: SeenCall) -> str:
    """Return path and query string of a call, as people read them."""
    query = without_secrets(f"?{call.query}") if call.query and not call.is_secret else ""
    return f"{without_secrets(call.path)}{query}"


def soql_of(call: SeenCall) -> list[str]:
    """Return the SOQL and SOSL of a call: of its address, of a bulk job, and of the parts of a composite call."""
    if call.is_secret:
        return []
    asked = list(_of_query_string(call.query))
    text, is_whole = call.request.text()
    if is_whole and text.lstrip()[:1] in {"{", "["}:
        with suppress(orjson.JSONDecodeError):
            asked += _of_json(orjson.loads(text))
    asked += re.findall(r"<(?:\w+:)?(?:queryString|searchString)>([^<]*)", text)
    return [without_secrets(each) for each in dict.fromkeys(asked) if each]


def shown_of(body: Body) -> str:
    """Return a body as people read it: JSON in lines, no secrets, the beginning of what is long."""
    text, is_whole = body.text()
    if is_whole and "json" in body.content_type:
        with suppress(orjson.JSONDecodeError):
            text = orjson.dumps(orjson.loads(text), option=orjson.OPT_INDENT_2).decode()
    text = without_secrets(text)
    if is_whole and len(text) <= MOST_SHOWN:
        return text
    return f"{text[:MOST_SHOWN]}\n… cut here: the body has {body.length:,} bytes{' as gzip' if body.coding else ''}"


def _of_query_string(query: str) -> Iterator[str]:
    values = parse_qs(query)
    for name in ("q", "explain"):
        yield from values.get(name, ())


def _of_json(value: Any) -> Iterator[str]:  # noqa: ANN401 - any JSON value
    if isinstance(value, list):
        for each in value:
            yield from _of_json(each)
    if not isinstance(value, dict):
        return
    for name, each in value.items():
        if name == "url" and isinstance(each, str) and "?" in each:
            yield from _of_query_string(urlsplit(each).query)
        elif name == "query" and isinstance(each, str):
            yield unquote(each) if each.upper().startswith("SELECT%") else each
        else:
            yield from _of_json(each)
