"""What a client asks to have less of: headers and query parameters can only tighten what the settings allow."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Final

from starlette.datastructures import Headers, QueryParams

from mcp_salesforce.http.refusals import RefusedError
from mcp_salesforce.tools import TOOLSETS
from mcp_salesforce.tools.framework.allowed_tools import Access, UnknownToolsetError

READ_ONLY: Final = ("x-mcp-readonly", "readonly")
TOOLSETS_ASKED: Final = ("x-mcp-toolsets", "toolsets")
_YES_OR_NO: Final = {"true": True, "1": True, "false": False, "0": False}


def narrowed(access: Access, headers: Headers, query: QueryParams) -> Access:
    """Return what is left of `access`: `X-MCP-Readonly` and `X-MCP-Toolsets`, or `?readonly=` and `?toolsets=`.

    Raises:
        RefusedError: A value is no yes or no, or names a toolset that does not exist, or leaves no toolset (400).
    """
    for name, value in _given(headers, query, READ_ONLY):
        if value.strip().casefold() not in _YES_OR_NO:
            raise RefusedError(HTTPStatus.BAD_REQUEST, f"{name} is {value[:40]!r}: write true or false, or omit it.")
        if _YES_OR_NO[value.strip().casefold()]:
            access = access.narrowed(read_only=True)
    for name, value in _given(headers, query, TOOLSETS_ASKED):
        try:
            asked = Access.of(value, TOOLSETS).toolsets
        except UnknownToolsetError as error:
            raise RefusedError(HTTPStatus.BAD_REQUEST, f"{name}{str(error).partition(':')[2]}") from None
        access = access.narrowed(toolsets=asked)
        if not access.toolsets:
            raise RefusedError(
                HTTPStatus.BAD_REQUEST,
                f"{name} names no toolset that this server offers. Omit it, or let the person who runs the server "
                "add the toolset to SALESFORCE_TOOLSETS.",
            )
    return access


def _given(headers: Headers, query: QueryParams, names: tuple[str, str]) -> Iterator[tuple[str, str]]:
    """Yield each value of a header and of a query parameter, with what it is called."""
    header, parameter = names
    yield from ((f"The header {header}", value) for value in headers.getlist(header))
    yield from ((f"The query parameter {parameter}", value) for value in query.getlist(parameter))
