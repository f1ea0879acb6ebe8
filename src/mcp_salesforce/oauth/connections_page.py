"""`/connections`: a person sees the programs that work in Salesforce as this person, and ends what is not wanted."""

import hmac
import secrets
from datetime import UTC, datetime
from html import escape
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from mcp_salesforce.oauth.addresses import Addresses
from mcp_salesforce.oauth.authorize import Authorization
from mcp_salesforce.oauth.browsers import LIFETIME_S
from mcp_salesforce.oauth.connections import Connection, Connections
from mcp_salesforce.oauth.documents import Documents, Values
from mcp_salesforce.oauth.org import ONLY_WHO, Org
from mcp_salesforce.oauth.parameters import form_of, required
from mcp_salesforce.oauth.refusing import OAuthRefusedError
from mcp_salesforce.oauth.token_endpoint import TokenEndpoint
from mcp_salesforce.pages import button, facts, page
from mcp_salesforce.salesforce import SalesforceError
from mcp_salesforce.salesforce.consent import Consent
from mcp_salesforce.store.sealing import SealedStore

_TITLE: Final = "Your connections"


class ConnectionsPage:
    """Serves the page to a person who logs in to Salesforce in this browser."""

    def __init__(
        self,
        addresses: Addresses,
        store: SealedStore,
        authorization: Authorization,
        connections: Connections,
        endpoint: TokenEndpoint,
        org: Org,
    ) -> None:
        """Serve at `addresses`; `endpoint` ends connections."""
        self._action = addresses.of("connections")
        self._authorization = authorization
        self._browsers = authorization.browsers
        self._connections = connections
        self._endpoint = endpoint
        self._org = org
        self._open = Documents(store, "browser", LIFETIME_S)

    async def show(self, request: Request) -> Response:
        """GET /connections."""
        visit = await self._visit(request)
        if visit is None:
            _, cookie = self._browsers.remember(request)
            log_in = button(self._action, "Log in with Salesforce", [("do", "log_in")], is_main=True)
            answer = page(_TITLE, f"<p>Log in to see which programs work in Salesforce as you.</p>{log_in}")
            self._browsers.set_on(answer, cookie)
            return answer
        return await self._list(visit)

    async def act(self, request: Request) -> Response:
        """POST /connections: log in, end one connection or all, or leave the page."""
        form = await form_of(request)
        self._browsers.require_own_form(request)
        what, browser = required(form, "do"), self._browsers.known(request)
        if what == "log_in":
            if not browser:
                raise OAuthRefusedError("access_denied", "This browser keeps no cookies, which the login needs.")
            return await self._authorization.to_salesforce({"browser": browser}, self._org.question(ONLY_WHO))
        visit = await self._visit(request)
        if visit is None or not hmac.compare_digest(form.get("proof", "").encode(), visit["proof"].encode()):
            raise OAuthRefusedError("access_denied", "This page is out of date. Open /connections again.", status=403)
        if what == "leave":
            await self._open.take(browser)
        else:
            await self._end(visit["person_id"], what, form.get("connection", ""))
        return RedirectResponse(self._action, 303)

    async def enter(self, request: Request, question: Consent) -> Response:
        """Let a person in who comes back from Salesforce."""
        try:
            signed_in = await self._org.signed_in(question, request.scope["query_string"].decode("latin-1"))
        except SalesforceError as error:
            raise OAuthRefusedError("access_denied", f"{error.message} {error.hint}".strip(), status=403) from None
        await self._org.revoke(signed_in.token.access_token)  # it has said who it is, and that was all
        browser, cookie = self._browsers.renewed()
        person_id = f"{signed_in.org_id}.{signed_in.user_id}"
        proof = secrets.token_urlsafe(24)
        await self._open.put(browser, {"person_id": person_id, "username": signed_in.username, "proof": proof})
        answer = RedirectResponse(self._action, 303)
        self._browsers.set_on(answer, cookie)
        return answer

    async def visitor(self, request: Request) -> str:
        """Return the Id of the person who is logged in in the browser of a request; empty if nobody is."""
        visit = await self._visit(request)
        return visit["person_id"] if visit else ""

    async def _visit(self, request: Request) -> Values | None:
        browser = self._browsers.known(request)
        found = await self._open.get(browser) if browser else None
        return found.values if found else None

    async def _end(self, person_id: str, what: str, connection_id: str) -> None:
        for each in await self._connections.of_person(person_id):
            if what == "end_all" or (what == "end" and each.connection_id == connection_id):
                await self._endpoint.end(each.connection_id)

    async def _list(self, visit: Values) -> Response:
        found = await self._connections.of_person(visit["person_id"])
        proof = ("proof", visit["proof"])
        items = "".join(f"<li>{_facts(each)}{self._end_button(each, proof)}</li>" for each in found)
        body = f"<p>You are {escape(visit['username'])}.</p>"
        body += f"<ul>{items}</ul>" if found else "<p>No program is connected as you.</p>"
        if len(found) > 1:
            body += button(self._action, "End all connections", [("do", "end_all"), proof])
        body += button(self._action, "Leave this page", [("do", "leave"), proof])
        return page(_TITLE, body)

    def _end_button(self, connection: Connection, proof: tuple[str, str]) -> str:
        fields = [("do", "end"), ("connection", connection.connection_id), proof]
        return button(self._action, f"End {_name(connection)}", fields, is_main=True)


def _name(connection: Connection) -> str:
    return connection.client_name or connection.client_host or "the program without a name"


def _facts(connection: Connection) -> str:
    return facts(
        [
            ("Program", _name(connection)),
            ("Vouched for by", connection.client_host or "nobody"),
            ("Sent back to", connection.redirect_host),
            ("Connected", _day(connection.made_at)),
            ("Last renewed", _day(connection.used_at)),
        ]
    )


def _day(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC"
