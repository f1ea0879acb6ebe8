"""A request of the REST API, taken apart: what it does to which resource."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias
from urllib.parse import parse_qsl, unquote

from mcp_salesforce.policy.errors import not_understood
from mcp_salesforce.salesforce.wire import Request, url_of

_ROOT: Final = re.compile(r"^/services/data/v\d+\.\d/")

Finish: TypeAlias = Callable[[Any], Awaitable[Any]]


async def as_it_is(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return the answer unchanged."""
    return value


@dataclass(frozen=True, slots=True)
class Rewrite:
    """What to send, and how to change the JSON value of the answer."""

    request: Request
    finish: Finish = as_it_is


@dataclass(frozen=True, slots=True)
class RequestParts:
    """A request's method, the steps of its path from the version's root, its parameters and its body."""

    request: Request
    method: str
    steps: tuple[str, ...]
    params: Mapping[str, str]
    body: Any

    @classmethod
    def of(cls, request: Request) -> "RequestParts":
        """Take a request apart."""
        path, _, query = request.path.partition("?")
        pairs = [*parse_qsl(query, keep_blank_values=True), *request.params.items()]
        if len(dict(pairs)) < len(pairs):
            raise not_understood("A parameter given twice")
        steps = tuple(unquote(step) for step in _ROOT.sub("", path).strip("/").split("/"))
        return cls(replace(request, path=path, params=dict(pairs)), request.method, steps, dict(pairs), request.body)

    def with_params(self, **params: str) -> Request:
        """Return the request with other values of some parameters."""
        return replace(self.request, params={**self.params, **params})


def inner_request(entry: Mapping[str, Any]) -> Request:
    """Return the request that an entry of a composite call makes."""
    return Request(
        str(entry.get("method")), str(entry.get("url")), body=entry.get("body"), headers=entry.get("httpHeaders") or {}
    )


def inner_entry(entry: Mapping[str, Any], request: Request) -> dict[str, Any]:
    """Return the entry of a composite call that makes `request` instead."""
    changed = {**entry, "method": request.method, "url": url_of("", "", request)}
    return {**changed, "body": request.body} if request.body is not None else changed
