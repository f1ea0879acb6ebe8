"""A client that names itself by the address of a document on the web: fetched over TLS, bounded, kept for a while."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.oauth.known_clients import MOST_DOCUMENT_BYTES
from mcp_salesforce.salesforce import AiohttpTransport
from mcp_salesforce.salesforce.errors import TransportError
from mcp_salesforce.salesforce.wire import HttpReply, HttpRequest
from tests.oauth.site import REDIRECT, Proof, Site, Time, asked, code, site_of, sqlite

pytestmark = pytest.mark.anyio
ADDRESS = "https://app.example/oauth/client.json"


class Web:
    """Stands at the end of the way to the web: what each address holds, and who asked."""

    def __init__(self) -> None:
        self.replies: dict[str, HttpReply] = {}
        self.asked: list[str] = []

    def holds(self, document: object, status: int = 200, **headers: str) -> None:
        content = document if isinstance(document, bytes) else json.dumps(document).encode()
        self.replies[ADDRESS] = HttpReply(status, {"content-type": "application/json", **headers}, content)

    async def exchange(self, request: HttpRequest) -> HttpReply:
        self.asked.append(request.url)
        if request.url not in self.replies:
            raise TransportError("No connection", sent=False)
        return self.replies[request.url]

    async def close(self) -> None:
        """Nothing is held open."""


def described(**changes: Any) -> dict[str, Any]:
    return {"client_id": ADDRESS, "client_name": "An app", "redirect_uris": ["http://localhost/callback"]} | changes


@pytest.fixture
def web() -> Web:
    return Web()


@pytest.fixture
async def site(org: LocalOrg, tmp_path: Path, time: Time, web: Web) -> AsyncIterator[Site]:
    async with site_of(org, sqlite(tmp_path, time), time, documents=web) as site:
        yield site


async def page_of(site: Site, **changes: str) -> Any:
    given = asked(site, ADDRESS, Proof(), **{"redirect_uri": "http://localhost:51234/callback"} | changes)
    return await site.browser().get("/authorize", params=given)


async def test_a_login_with_a_document_names_the_host_that_vouches_for_it(site: Site, web: Web) -> None:
    web.holds(described())
    proof = Proof()

    page = await page_of(site)
    found = await code(site, ADDRESS, proof, redirect_uri="http://localhost:51234/callback")
    form = {"grant_type": "authorization_code", "code": found, "client_id": ADDRESS, "code_verifier": proof.verifier}
    answer = await site.browser().post("/token", data=form)

    assert "app.example" in page.text
    assert answer.status_code == 200
    assert web.asked == [ADDRESS]
    openly = (await site.browser().get("/.well-known/oauth-authorization-server")).json()
    assert openly["client_id_metadata_document_supported"] is True


@pytest.mark.parametrize(
    "document",
    [
        b"not json",
        [],
        described(client_id="https://app.example/other.json"),
        described(client_id=None),
        described(client_secret="of everybody"),
        described(redirect_uris=[]),
        described(redirect_uris=["javascript:alert(1)"]),
        described(token_endpoint_auth_method="private_key_jwt"),
        described(grant_types=["implicit"]),
    ],
)
async def test_a_document_that_cannot_be_used_is_said_on_the_page(site: Site, web: Web, document: object) -> None:
    web.holds(document)

    page = await page_of(site)

    assert page.status_code in {400, 401}
    assert "document cannot be used" in page.text


@pytest.mark.parametrize("status", [301, 302, 404, 500])
async def test_another_answer_than_the_document_is_none(site: Site, web: Web, status: int) -> None:
    web.holds(described(), status=status, location="https://app.example/elsewhere")

    page = await page_of(site)

    assert str(status) in page.text
    assert web.asked == [ADDRESS], "a redirect is not followed"


@pytest.mark.parametrize(
    ("headers", "is_kept_s", "is_gone_s"),
    [
        ({}, 3599, 3601),
        ({"cache-control": "public, max-age=900"}, 899, 901),
        ({"cache-control": "max-age=1"}, 299, 301),
        ({"cache-control": "no-store"}, 299, 301),
        ({"cache-control": "max-age=999999999"}, 86_399, 86_401),
    ],
)
async def test_a_document_is_kept_as_its_server_says_within_bounds(
    site: Site, web: Web, headers: dict[str, str], is_kept_s: int, is_gone_s: int
) -> None:
    web.holds(described(), 200, **headers)
    await page_of(site)
    begun = site.time.now

    site.time.now = begun + is_kept_s
    await page_of(site)
    assert len(web.asked) == 1
    site.time.now = begun + is_gone_s
    await page_of(site)
    assert len(web.asked) == 2


async def test_a_failure_is_asked_again_after_a_minute_alone(site: Site, web: Web) -> None:
    for _ in range(3):
        assert (await page_of(site)).status_code == 401
    assert len(web.asked) == 1
    web.holds(described())
    site.time.now += 61
    assert (await page_of(site)).status_code == 200


async def test_documents_and_registration_can_be_turned_off(org: LocalOrg, tmp_path: Path, time: Time) -> None:
    async with site_of(org, sqlite(tmp_path, time), time, documents=None, registers=False) as site:
        openly = (await site.browser().get("/.well-known/oauth-authorization-server")).json()
        registration = await site.browser().post("/register", json={"redirect_uris": [REDIRECT]})

        assert "registration_endpoint" not in openly
        assert openly["client_id_metadata_document_supported"] is False
        assert registration.status_code == 404
        assert (await page_of(site)).status_code == 401


@contextmanager
def serving(content: bytes) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    "name", ["127.0.0.1", "localhost", "localhost.localdomain", "[::1]", "10.1.2.3", "169.254.169.254"]
)
async def test_no_document_is_fetched_from_an_address_that_is_not_public(name: str) -> None:
    with serving(b"{}") as place:
        transport = AiohttpTransport(public_only=True)
        address = f"http://{place.replace('127.0.0.1', name)}/"
        with pytest.raises(TransportError):
            await transport.exchange(HttpRequest("GET", address, {}))
        await transport.close()


async def test_a_long_document_is_not_read_to_its_end() -> None:
    with serving(b"x" * (MOST_DOCUMENT_BYTES + 1)) as place:
        transport = AiohttpTransport(most_reply_bytes=MOST_DOCUMENT_BYTES)
        with pytest.raises(Exception, match=r"longer|large|bytes"):
            await transport.exchange(HttpRequest("GET", f"http://{place}/", {}))
        await transport.close()
