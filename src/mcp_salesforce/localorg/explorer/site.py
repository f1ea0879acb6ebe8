"""The ASGI application in front of the org: its pages for this machine's browser, and the org for everything else."""

import hmac
import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Final, Protocol
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from mcp_salesforce.localorg.errors import OrgError
from mcp_salesforce.localorg.explorer import call_pages, fault_page, record_pages
from mcp_salesforce.localorg.explorer.frame import HOME, framed
from mcp_salesforce.localorg.explorer.seen_calls import Calls
from mcp_salesforce.localorg.routes.call import Services
from mcp_salesforce.localorg.services.browsing import Browsing, Selection
from mcp_salesforce.localorg.services.consents import LOOPBACK_HOSTS
from mcp_salesforce.localorg.services.faults import read_fault
from mcp_salesforce.markup import element

_MOST_FORM_BYTES: Final = 8_192


class Org(Services, Protocol):
    """What the pages need of the org."""

    @property
    def app(self) -> ASGIApp:
        """The application that answers clients."""

    @property
    def now(self) -> Callable[[], datetime]:
        """The org's clock."""


class Explorer:
    """Serves the pages, and remembers the calls of clients."""

    def __init__(self, org: Org) -> None:
        """Stand in front of `org`."""
        self._org = org
        self._browsing = Browsing(org.store, org.schema)
        self._calls = Calls(org.sessions, org.now)
        self._proof = secrets.token_urlsafe(32)
        routes = [
            Route("/", self._home),
            Route(f"{HOME}/objects/{{name}}", self._records),
            Route(f"{HOME}/records/{{record_id}}", self._record),
            Route(f"{HOME}/calls", self._all_calls),
            Route(f"{HOME}/calls/{{number:int}}", self._call),
            Route(f"{HOME}/faults", self._faults, methods=["GET"]),
            Route(f"{HOME}/faults", self._change_faults, methods=["POST"]),
        ]
        self._pages = Starlette(routes=routes, exception_handlers={HTTPException: _refusal, OrgError: _failure})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request (ASGI)."""
        if scope["path"] != "/" and not f"{scope['path']}/".startswith(f"{HOME}/"):
            await self._calls.watch(self._org.app, scope, receive, send)
        elif Request(scope).url.hostname in LOOPBACK_HOSTS:
            await self._pages(scope, receive, send)
        else:  # a page of the web whose name was rebound to this machine
            await _refused("Open this page as 127.0.0.1 or localhost.")(scope, receive, send)

    async def _home(self, _request: Request) -> Response:
        return record_pages.home(self._browsing.objects(), self._calls.newest_first(), self._user_names())

    async def _records(self, request: Request) -> Response:
        sobject = self._org.schema.get(request.path_params["name"])
        if sobject is None or not sobject.key_prefix:
            raise HTTPException(404, f"The org has no object {request.path_params['name']}.")
        asked = request.query_params
        selection = Selection(
            search=asked.get("search", "").strip(),
            by=asked.get("by", ""),
            of=asked.get("of", ""),
            is_deleted=asked.get("deleted") == "yes",
        )
        return record_pages.records(
            self._browsing, sobject, selection, older_than=asked.get("older", ""), newer_than=asked.get("newer", "")
        )

    async def _record(self, request: Request) -> Response:
        record_id = request.path_params["record_id"]
        found = self._browsing.record(record_id)
        if found is None:
            raise HTTPException(404, f"The org has no record {record_id}, also not among the deleted ones.")
        return record_pages.record(self._browsing, *found)

    async def _all_calls(self, _request: Request) -> Response:
        return call_pages.calls(self._calls.newest_first(), self._user_names())

    async def _call(self, request: Request) -> Response:
        call = self._calls.find(request.path_params["number"])
        if call is None:
            raise HTTPException(404, "This call is not remembered any more.")
        return call_pages.call(call, self._user_names())

    async def _faults(self, _request: Request) -> Response:
        return fault_page.faults(self._org.faults.pending, self._proof)

    async def _change_faults(self, request: Request) -> Response:
        form = await self._own_form(request)
        match form.get("do"):
            case "add":
                try:
                    self._org.faults.add(read_fault(fault_page.fault_of(form)))
                except OrgError as error:
                    return fault_page.faults(self._org.faults.pending, self._proof, refused=error.message, form=form)
            case "remove":
                number = form.get("number", "")
                self._org.faults.remove(int(number) if number.isdecimal() else -1, form.get("kind", ""))
            case "clear":
                self._org.faults.clear()
            case _:
                raise HTTPException(400, "The form does not say what to do. Open the page again.")
        return RedirectResponse(f"{HOME}/faults", 303)

    async def _own_form(self, request: Request) -> dict[str, str]:
        """Return a form that a page of ours sent: any page of the web can send one to this machine.

        Raises:
            HTTPException: 403; another site sent it, or it is of an earlier start of the org.
        """
        own = f"{request.url.scheme}://{request.url.netloc}"
        sent_from = request.headers.get("sec-fetch-site", "same-origin")
        if request.headers.get("origin") != own or sent_from != "same-origin":
            raise HTTPException(403, "Another site sent this form. Nothing was changed.")
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > _MOST_FORM_BYTES:
                raise HTTPException(413, "The form is too long. Nothing was changed.")
        form = dict(parse_qsl(body.decode(errors="replace"), keep_blank_values=True))
        if not hmac.compare_digest(form.get("proof", "").encode(), self._proof.encode()):
            raise HTTPException(403, "This page is out of date. Open it again. Nothing was changed.")
        return form

    def _user_names(self) -> dict[str, str]:
        return self._browsing.names([each.user_id for each in self._calls.newest_first() if each.user_id])


async def _refusal(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - what Starlette calls this with
    return _refused(error.detail, error.status_code)


async def _failure(_request: Request, error: Exception) -> Response:
    assert isinstance(error, OrgError)  # noqa: S101 - as above
    return _refused(error.message, error.status)


def _refused(sentence: str, status: int = 403) -> Response:
    return framed("This does not work", element("p", sentence, role="alert"), status=status)
