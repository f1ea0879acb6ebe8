"""`/authorize` and `/callback`: a person says yes to a client on our page, then to us on Salesforce's."""

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any, Final

import orjson
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from mcp_salesforce.oauth.addresses import Addresses
from mcp_salesforce.oauth.browsers import Browsers
from mcp_salesforce.oauth.clients import Client, hashed
from mcp_salesforce.oauth.documents import Documents, Values
from mcp_salesforce.oauth.everybody import People
from mcp_salesforce.oauth.known_clients import KnownClients
from mcp_salesforce.oauth.org import Org
from mcp_salesforce.oauth.parameters import form_of, query_of, required
from mcp_salesforce.oauth.refusing import OAuthRefusedError
from mcp_salesforce.oauth.requests_for_login import LoginRequest, RefusedToClientError, login_request
from mcp_salesforce.pages import button, facts, page
from mcp_salesforce.salesforce import AuthenticationError, SalesforceError
from mcp_salesforce.salesforce.consent import Consent
from mcp_salesforce.store.sealing import KeyRing, SealedStore, UnsealError

CODE_S: Final = 60.0
_PAGE_S: Final = 600.0
_FORM: Final = "consent"
_OLD_PAGE: Final = "This page is out of date, or was opened in another browser."


@dataclass(frozen=True, slots=True)
class Redeemable:
    """What a code of ours stands for: a checked request, and who answered it."""

    asked: LoginRequest
    person_id: str
    connection_id: str


class Codes:
    """Our authorization codes; each works once."""

    def __init__(self, store: SealedStore) -> None:
        """Keep them in `store`, by their hashes."""
        self._kept = Documents(store, "code", CODE_S)
        self._used = Documents(store, "used-code", _PAGE_S)

    async def made(self, asked: LoginRequest, person_id: str) -> str:
        """Return a new code."""
        code = secrets.token_urlsafe(32)
        values = {"asked": asked.as_values(), "person_id": person_id, "connection_id": secrets.token_urlsafe(12)}
        await self._kept.put(hashed(code), values)
        return code

    async def look(self, code: str) -> Redeemable | None:
        """Return what a code stands for, and let it stay; None if it is unknown, used or too old."""
        found = await self._kept.get(hashed(code))
        return _redeemable(found.values) if found else None

    async def use(self, code: str) -> Redeemable | None:
        """Return what a code stands for, and use it up."""
        found = await self._kept.take(hashed(code))
        if found is None:
            return None
        await self._used.put(hashed(code), {"connection_id": found["connection_id"]})
        return _redeemable(found)

    async def used_for(self, code: str) -> str | None:
        """Return the Id of the connection that a used code began."""
        found = await self._used.get(hashed(code))
        return str(found.values["connection_id"]) if found else None


def _redeemable(values: Values) -> Redeemable:
    return Redeemable(LoginRequest.of(values["asked"]), values["person_id"], values["connection_id"])


class Authorization:
    """The way of a person from a client to Salesforce and back."""

    def __init__(
        self,
        addresses: Addresses,
        store: SealedStore,
        ring: KeyRing,
        clients: KnownClients,
        org: Org,
        people: People,
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Serve at `addresses`; between two steps all is in the page, or in `store`."""
        self._addresses = addresses
        self._ring = ring
        self._clients = clients
        self._org = org
        self._people = people
        self._now = now
        self.browsers = Browsers(addresses)
        self.codes = Codes(store)
        self._under_way = Documents(store, "login", _PAGE_S)

    async def ask(self, request: Request) -> Response:
        """GET /authorize: show who asks, and who would get the answer. Nothing is kept or changed."""
        try:
            asked, client = await login_request(query_of(request), self._clients, self._addresses)
        except RefusedToClientError as refused:
            return RedirectResponse(refused.location, 302, _PRIVATE)
        browser, cookie = self.browsers.remember(request)
        answer = self._page(asked, client, self._sealed({"asked": asked.as_values(), "browser": browser}))
        self.browsers.set_on(answer, cookie)
        return answer

    async def decide(self, request: Request) -> Response:
        """POST /authorize: send a person who said yes to Salesforce, and one who said no back to the client."""
        form = await form_of(request)
        self.browsers.require_own_form(request)
        kept = self._unsealed(required(form, "request"))
        if not kept["browser"] or kept["browser"] != self.browsers.known(request):
            raise OAuthRefusedError("access_denied", _OLD_PAGE, status=403)
        asked = LoginRequest.of(kept["asked"])
        if form.get("decision") != "allow":
            location = asked.refusal(self._addresses, "access_denied", "The user said no.")
            return RedirectResponse(location, 303, _PRIVATE)
        return await self.to_salesforce({"asked": kept["asked"], "browser": kept["browser"]}, self._org.question())

    async def to_salesforce(self, under_way: Values, question: Consent) -> Response:
        """Send a person to Salesforce's page; what is `under_way` goes on when the person comes back."""
        kept = {**under_way, "verifier": question.verifier, "scope": question.scope}
        await self._under_way.put(hashed(question.state), kept)
        return RedirectResponse(question.url, 303, _PRIVATE)

    async def returned(self, request: Request) -> tuple[Values, Consent]:
        """Return what was kept when a person went to Salesforce, and the question that was asked there.

        Raises:
            OAuthRefusedError: Nothing was, or it was in another browser.
        """
        state = required(query_of(request), "state")
        found = await self._under_way.get(hashed(state))
        if found is None or found.values["browser"] != self.browsers.known(request):
            raise OAuthRefusedError("access_denied", _OLD_PAGE, status=403)
        kept = await self._under_way.take(hashed(state))
        if kept is None:
            raise OAuthRefusedError("access_denied", _OLD_PAGE, status=403)
        return kept, self._org.question_of(state, kept["verifier"], kept["scope"])

    async def finish(self, request: Request, kept: Values, question: Consent) -> Response:
        """Send a person who comes back from Salesforce to the client, with a code or why there is none."""
        asked = LoginRequest.of(kept["asked"])
        try:
            signed_in = await self._org.signed_in(question, request.scope["query_string"].decode("latin-1"))
        except AuthenticationError as error:
            kind = "access_denied" if error.code == "access_denied" else "server_error"
            location = asked.refusal(self._addresses, kind, f"{error.message} {error.hint}".strip())
            return RedirectResponse(location, 303, _PRIVATE)
        except SalesforceError as error:
            location = asked.refusal(self._addresses, "temporarily_unavailable", error.message)
            return RedirectResponse(location, 303, _PRIVATE)
        person_id = await self._people.log_in(signed_in)
        code = await self.codes.made(asked, person_id)
        return RedirectResponse(asked.answer(self._addresses, {"code": code}), 303, _PRIVATE)

    def _page(self, asked: LoginRequest, client: Client, sealed: str) -> Response:
        name = client.name or "A program without a name"
        vouched = client.host or "nobody: the program gave this name itself"
        rows = [("Program", name), ("Vouched for by", vouched), ("You are sent back to", asked.redirect_host)]
        warning = (
            f"<p><strong>{escape(name)}</strong> wants to work in Salesforce as you, through this server. It can see "
            "and change what you can, within the rules of this server.</p>"
        )
        action = self._addresses.of("authorize")
        buttons: str = button(
            action, "Continue to Salesforce", [("request", sealed), ("decision", "allow")], is_main=True
        )
        buttons += button(action, "Cancel", [("request", sealed), ("decision", "deny")])
        advice = "<p>Continue only if you have just started this yourself in that program.</p>"
        return page("Connect to Salesforce?", warning + facts(rows) + advice + buttons)

    def _sealed(self, values: Mapping[str, Any]) -> str:
        return self._ring.seal(_FORM, orjson.dumps({**values, "at": self._now()})).decode()

    def _unsealed(self, text: str) -> Values:
        try:
            kept: Values = orjson.loads(self._ring.unseal(_FORM, text.encode()))
        except UnsealError:
            raise OAuthRefusedError("invalid_request", _OLD_PAGE) from None
        if self._now() - kept["at"] > _PAGE_S:
            raise OAuthRefusedError("invalid_request", _OLD_PAGE)
        return kept


_PRIVATE: Final = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
