"""A server for a team and its org, both in this process; a person with a browser; and a clock to put forward."""

import base64
import hashlib
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
from cryptography.fernet import Fernet
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.oauth.addresses import Addresses
from mcp_salesforce.oauth.front_desk import TeamLogins
from mcp_salesforce.oauth.org import Org
from mcp_salesforce.salesforce import AiohttpTransport, AsgiTransport, Transport
from mcp_salesforce.salesforce.client import SalesforceClient
from mcp_salesforce.store.interface import Store
from mcp_salesforce.store.sealing import KeyRing, SealedStore
from mcp_salesforce.store.sqlite_file import SqliteStore

ISSUER = "http://127.0.0.1:9000"
ORG = "http://127.0.0.1:9001"
REDIRECT = "http://127.0.0.1:7777/callback"
KEY = Fernet.generate_key().decode()


class Time:
    """The time in Unix seconds, which stands until it is put forward."""

    def __init__(self) -> None:
        self.now = 1_790_000_000.0

    def __call__(self) -> float:
        return self.now


class Forms(HTMLParser):
    """The forms of a page: for each its action, and its fields with the values of hidden ones and first options."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self._select = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found.append((values["action"], {}))
        if tag == "input":
            self.found[-1][1][values["name"]] = values["value"]
        if tag == "select":
            self._select = values["name"]
        if tag == "option":
            self.found[-1][1].setdefault(self._select, values["value"])


@dataclass
class Site:
    """What a test talks to."""

    logins: TeamLogins
    org: LocalOrg
    time: Time
    app: Starlette
    store: SealedStore
    issuer: str = ISSUER
    browsers: list[httpx2.AsyncClient] = field(default_factory=list)

    def browser(self) -> httpx2.AsyncClient:
        """A browser, with cookies of its own; or a program, which has none."""
        mounts = {
            self.issuer: httpx2.ASGITransport(app=self.app),
            ORG: httpx2.ASGITransport(app=self.org.app),
        }
        made = httpx2.AsyncClient(mounts=mounts, base_url=self.issuer, transport=httpx2.MockTransport(_nowhere))
        self.browsers.append(made)
        return made


def _nowhere(request: httpx2.Request) -> httpx2.Response:
    raise AssertionError(f"nobody is at {request.url}")


@asynccontextmanager
async def site_of(
    org: LocalOrg,
    store: Store,
    time: Time,
    *,
    issuer: str = ISSUER,
    keys: tuple[str, ...] = (KEY,),
    transport: Transport | None = None,
    login_url: str = ORG,
    **options: Any,
) -> AsyncIterator[Site]:
    """Run one replica on a store."""
    ring, addresses = KeyRing(keys), Addresses(issuer)
    credentials = org.credentials
    upstream = Org(
        transport or AsgiTransport(org.app),
        login_url,
        credentials.client_id,
        credentials.client_secret,
        addresses.of("callback"),
    )
    sealed = SealedStore(store, ring)
    options.setdefault("documents", AiohttpTransport(public_only=True))
    async with TeamLogins(addresses, sealed, ring, upstream, now=time, **options) as logins:

        async def mcp(request: Request) -> Response:
            scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
            person = await logins.person_of(bearer) if scheme.lower() == "bearer" else None
            if person is None:
                return Response("", 401, {"WWW-Authenticate": logins.challenge()})
            return JSONResponse({"id": person.id, "username": person.username})

        path = addresses.path
        app = Starlette(routes=[*logins.routes, Route(f"{path}/mcp", mcp, methods=["GET", "POST"])])
        site = Site(logins, org, time, app, sealed, issuer)
        try:
            yield site
        finally:
            for browser in site.browsers:
                await browser.aclose()


def sqlite(folder: Path, time: Time) -> Store:
    return SqliteStore(folder / "store.db", now=time)


@dataclass
class Proof:
    """A client's proof key."""

    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))

    @property
    def challenge(self) -> str:
        return base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).rstrip(b"=").decode()


async def register(site: Site, **changes: Any) -> dict[str, Any]:
    described = {"client_name": "A test", "redirect_uris": [REDIRECT], "token_endpoint_auth_method": "none"}
    answer = await site.browser().post("/register", json=described | changes)
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    return told


def asked(site: Site, client_id: str, proof: Proof, /, **changes: str) -> dict[str, str]:
    query = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": REDIRECT,
        "state": "a state & more",
        "code_challenge": proof.challenge,
        "code_challenge_method": "S256",
        "scope": "salesforce",
        "resource": f"{site.issuer}/mcp",
    }
    return {name: value for name, value in (query | changes).items() if value}


async def submit(browser: httpx2.AsyncClient, page: httpx2.Response, **choice: str) -> httpx2.Response:
    """Press the button of the page's form that says what `choice` says."""
    for action, fields in Forms(page.text).found:
        if all(fields.get(name, value) == value for name, value in choice.items()):
            url = str(page.url.join(action))
            return await browser.post(url, data=fields | choice)
    raise AssertionError(page.text)


async def to_the_end(
    browser: httpx2.AsyncClient, answer: httpx2.Response, user_id: str = "", ours: tuple[str, str] = (ISSUER, ORG)
) -> httpx2.Response:
    """Follow redirects and allow the app on Salesforce's page, up to an address of a client or a page of ours."""
    while answer.is_redirect:
        location = str(answer.url.join(answer.headers["location"]))
        if not location.startswith(ours):
            return answer
        answer = await browser.get(location)
        if location.startswith(f"{ours[1]}/services/oauth2/authorize"):
            choice = {"user_id": user_id} if user_id else {}
            action, fields = Forms(answer.text).found[0]
            answer = await browser.post(f"{ours[1]}{action}", data=fields | choice | {"decision": "allow"})
    return answer


def answer_in(response: httpx2.Response) -> dict[str, str]:
    """The parameters of the address that a client is sent."""
    return {name: values[0] for name, values in parse_qs(urlsplit(response.headers["location"]).query).items()}


async def code(site: Site, client_id: str, proof: Proof, user_id: str = "", **changes: str) -> str:
    browser = site.browser()
    page = await browser.get("/authorize", params=asked(site, client_id, proof, **changes))
    assert page.status_code == 200, page.text
    answer = await to_the_end(browser, await submit(browser, page, decision="allow"), user_id)
    found = answer_in(answer)
    assert "code" in found, found
    return found["code"]


async def log_in(site: Site, user_id: str = "", **changes: str) -> dict[str, Any]:
    """Log a person in with a new client; return the token answer, with the client's Id."""
    client_id, proof = (await register(site))["client_id"], Proof()
    form = {
        "grant_type": "authorization_code",
        "code": await code(site, client_id, proof, user_id, **changes),
        "redirect_uri": REDIRECT,
        "client_id": client_id,
        "code_verifier": proof.verifier,
    }
    answer = await site.browser().post("/token", data=form)
    assert answer.status_code == 200, answer.text
    return {**answer.json(), "client_id": client_id}


async def refresh(site: Site, tokens: dict[str, Any], **changes: str) -> httpx2.Response:
    form = {
        "grant_type": "refresh_token",
        "refresh_token": tokens["refresh_token"],
        "client_id": tokens["client_id"],
    } | changes
    return await site.browser().post("/token", data=form)


async def status(site: Site, tokens: dict[str, Any]) -> int:
    """How the MCP endpoint answers a token."""
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    return (await site.browser().get("/mcp", headers=headers)).status_code


def client_of(site: Site, tokens: Any) -> SalesforceClient:
    return SalesforceClient(tokens, transport=AsgiTransport(site.org.app))
