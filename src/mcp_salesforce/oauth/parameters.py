"""The parameters of a request, each once."""

from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import parse_qsl

from starlette.requests import Request

from mcp_salesforce.oauth.refusing import OAuthRefusedError

MOST_BODY_BYTES: Final = 64 * 1024
_MOST_PARAMETERS: Final = 100
_FORM: Final = "application/x-www-form-urlencoded"
_MAY_REPEAT: Final = "resource"  # RFC 8707, section 2


def query_of(request: Request) -> dict[str, str]:
    """Return the parameters of the address; resources have spaces between them.

    Raises:
        OAuthRefusedError: invalid_request.
    """
    return _parsed(request.scope["query_string"])


async def form_of(request: Request) -> dict[str, str]:
    """Return the parameters of a form; resources have spaces between them.

    Raises:
        OAuthRefusedError: invalid_request.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        raise OAuthRefusedError("invalid_request", f"The body must be {_FORM}.")
    return _parsed(await body_of(request))


async def body_of(request: Request) -> bytes:
    """Return the body.

    Raises:
        OAuthRefusedError: invalid_request; it is too long.
    """
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MOST_BODY_BYTES:
            raise OAuthRefusedError("invalid_request", f"The body is longer than {MOST_BODY_BYTES} bytes.", status=413)
    return bytes(body)


def _parsed(text: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(
            text.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_MOST_PARAMETERS
        )
    except (UnicodeError, ValueError):
        raise OAuthRefusedError("invalid_request", "The parameters cannot be read.") from None
    return _once(pairs)


def _once(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return parameters by name; one without a value counts as omitted (RFC 6749, section 3.1)."""
    found: dict[str, str] = {}
    for name, value in pairs:
        if not value:
            continue
        if "\0" in value:
            raise OAuthRefusedError("invalid_request", f"The parameter {name[:40]} has a null character.")
        if name in found and name != _MAY_REPEAT:
            raise OAuthRefusedError("invalid_request", f"The parameter {name[:40]} comes twice.")
        found[name] = f"{found[name]} {value}" if name in found else value
    return found


def required(parameters: Mapping[str, str], name: str) -> str:
    """Return a parameter.

    Raises:
        OAuthRefusedError: invalid_request; it is missing.
    """
    if name not in parameters:
        raise OAuthRefusedError("invalid_request", f"The parameter {name} is missing.")
    return parameters[name]
