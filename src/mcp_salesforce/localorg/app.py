"""The ASGI application: the routing table, and the one place where an OrgError becomes JSON."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from http import HTTPStatus
from urllib.parse import unquote

from starlette.requests import ClientDisconnect, Request
from starlette.routing import compile_path
from starlette.types import Receive, Scope, Send

from mcp_salesforce.localorg import errors
from mcp_salesforce.localorg.errors import OrgError
from mcp_salesforce.localorg.routes import FAMILIES
from mcp_salesforce.localorg.routes.call import Call, Reply, Route, Services
from mcp_salesforce.localorg.routes.faults import CONTROL_PATH, strike
from mcp_salesforce.localorg.routes.versions import check_version
from mcp_salesforce.localorg.services.consents import OAuthError
from mcp_salesforce.localorg.services.upserts import AmbiguousExternalIdError
from mcp_salesforce.localorg.wire import check_media_types, read_body, read_path, response


def create_app(org: Services) -> "App":
    """Return the org as an ASGI application."""
    return App(org)


class App:
    """Reads a request, finds its route, and writes the route's reply or error."""

    def __init__(self, org: Services) -> None:
        self._org = org
        self._table = _table()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request (ASGI)."""
        request = Request(scope, receive)
        try:
            reply = await self._strike_or_answer(await self._read(request))
        except OrgError as error:
            reply = _error_reply(error)
        except ClientDisconnect:
            return
        await response(request, reply)(scope, receive, send)

    async def _strike_or_answer(self, call: Call) -> Reply:
        fault = None if call.path == CONTROL_PATH else self._org.faults.take(call.method, call.path)
        if fault is None:
            reply = self.answer(call)
        else:
            reply = await strike(call, fault, lambda: self.answer(call), self._org.sessions.expire_all)
        if not call.path.startswith("/services/data/v") or reply.status == HTTPStatus.UNAUTHORIZED:
            return reply
        used = self._org.limits.count_call()
        return replace(reply, headers={**reply.headers, "sforce-limit-info": used})

    def answer(self, call: Call) -> Reply:
        """Return the reply to a call, also when it is an error."""
        try:
            route, parameters = self._find(call)
            call = self._sign(call, route, parameters.pop("version", ""))
            return route.handler(call, **parameters)
        except OrgError as error:
            return _error_reply(error)
        except AmbiguousExternalIdError as error:
            return Reply(300, [call.data_url("sobjects", error.sobject, record_id) for record_id in error.record_ids])
        except OAuthError as error:
            return Reply(error.status, {"error": error.error, "error_description": error.description})

    async def _read(self, request: Request) -> Call:
        path = read_path(request)
        if path.startswith("/services/data"):
            check_media_types(request)
        return Call(
            org=self._org,
            send=self.answer,
            base_url=str(request.base_url).rstrip("/"),
            method=request.query_params.get("_HttpMethod", "POST") if request.method == "POST" else request.method,
            path=path,
            params=request.query_params,
            headers=request.headers,
            body=await read_body(request),
        )

    def _find(self, call: Call) -> tuple[Route, dict[str, str]]:
        method = "GET" if call.method == "HEAD" else call.method
        allowed: dict[str, None] = {}
        for pattern, route in self._table.get(_shelf(call.path), ()):
            match = pattern.match(call.path)
            if match is None:
                continue
            if route.method in {"*", method}:
                return route, {name: unquote(value) for name, value in match.groupdict().items()}
            allowed[route.method] = None
        if not allowed:
            raise errors.not_found()
        raise errors.method_not_allowed(call.method, ["HEAD", *allowed] if "GET" in allowed else [*allowed])

    def _sign(self, call: Call, route: Route, version: str) -> Call:
        """Return the call with its version and its session, both checked."""
        if version:
            check_version(version)
            call = replace(call, version=version)
        if route.needs_session and call.session is None:
            scheme, _, token = call.headers.get("authorization", "").partition(" ")
            if scheme.lower() not in {"bearer", "oauth"}:
                raise errors.invalid_session()
            call = replace(call, session=self._org.sessions.require(token.strip()))
        return call


@cache
def _table() -> Mapping[str, Sequence[tuple[re.Pattern[str], Route]]]:
    """Return the routes of every org, by the segment under which `_shelf` looks them up."""
    table: dict[str, list[tuple[re.Pattern[str], Route]]] = {}
    for family in FAMILIES:
        for route in family.routes:
            table.setdefault(_shelf(route.path), []).append((compile_path(route.path)[0], route))
    return table


def _shelf(path: str) -> str:
    """Return where in the table a path is looked up: the first segment behind the version of a data resource."""
    segments = path.split("/", 5)
    if segments[1:3] != ["services", "data"]:
        return "/"
    return segments[4].partition("{")[0] if len(segments) > 4 else ""  # noqa: PLR2004 - "", services, data, version


def _error_reply(error: OrgError) -> Reply:
    return Reply(error.status, [error.body()])
