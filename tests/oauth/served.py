"""The whole server for a team on a port of this machine, with its org on another one: for clients that others wrote."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import anyio
import httpx2
import uvicorn
from starlette.types import ASGIApp

from mcp_salesforce.http.application import Team, create_app
from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.oauth.addresses import Addresses
from mcp_salesforce.oauth.front_desk import TeamLogins
from mcp_salesforce.oauth.org import Org
from mcp_salesforce.salesforce import AiohttpTransport
from mcp_salesforce.store.sealing import KeyRing, SealedStore
from tests.conftest import settings_of
from tests.oauth.site import KEY, Time, sqlite, submit, to_the_end


@dataclass
class Served:
    """A server that runs, and its people."""

    issuer: str
    org_url: str
    org: LocalOrg
    time: Time
    logins: TeamLogins
    opened: list[str] = field(default_factory=list)

    @property
    def mcp(self) -> str:
        return f"{self.issuer}/mcp"

    async def allow(self, address: str, user_id: str = "") -> str:
        """Be the person whose browser is sent to `address`: say yes everywhere; return where the browser ends up."""
        self.opened.append(address)
        async with httpx2.AsyncClient(timeout=60) as browser:
            page = await browser.get(address)
            assert page.status_code == 200, page.text
            answer = await submit(browser, page, decision="allow")
            answer = await to_the_end(browser, answer, user_id, (self.issuer, self.org_url))
            return str(answer.url.join(answer.headers["location"]))


@asynccontextmanager
async def _listening(app: ASGIApp, listener: socket.socket) -> AsyncIterator[None]:
    config = uvicorn.Config(app, log_config=None, ws="none", proxy_headers=False, timeout_graceful_shutdown=2)
    running = uvicorn.Server(config)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(lambda: running.serve([listener]))
        try:
            yield
        finally:
            running.should_exit = True


@asynccontextmanager
async def served(org: LocalOrg, folder: Path, time: Time) -> AsyncIterator[Served]:
    """Run a server and its org."""
    with socket.create_server(("127.0.0.1", 0)) as own, socket.create_server(("127.0.0.1", 0)) as orgs:
        issuer, org_url = (f"http://127.0.0.1:{each.getsockname()[1]}" for each in (own, orgs))
        addresses, ring = Addresses(issuer), KeyRing([KEY])
        store = SealedStore(sqlite(folder, time), ring)
        credentials = org.credentials
        upstream = Org(
            AiohttpTransport(), org_url, credentials.client_id, credentials.client_secret, addresses.of("callback")
        )
        settings = settings_of(org, instance_url=org_url, journal="off", state_key="k" * 32)
        logins = TeamLogins(addresses, store, ring, upstream, now=time)
        app = create_app(settings, team=Team(issuer, org_url, logins, sqlite(folder, time)))
        async with _listening(org.app, orgs), _listening(app, own):
            yield Served(issuer, org_url, org, time, logins)
