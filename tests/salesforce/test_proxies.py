"""A proxy on the way: what it is asked, what goes around it, and what its refusals come to."""

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.localorg.listener import listening
from mcp_salesforce.salesforce import (
    AiohttpTransport,
    InvalidArgumentError,
    SalesforceClient,
    StaticTokenSource,
    TransportError,
)
from mcp_salesforce.salesforce.proxies import Proxy, is_loopback
from mcp_salesforce.salesforce.wire import HttpRequest
from tests.ports import refusing_port
from tests.proxied import HOST, URL, org_behind_a_proxy, proxy_to

PASSWORD = "p@ss:w/ord-4711"
QUOTED = "p%40ss%3Aw%2Ford-4711"
BASIC = "Basic " + base64.b64encode(f"ana:{PASSWORD}".encode()).decode()


@asynccontextmanager
async def sending(**options: object) -> AsyncIterator[AiohttpTransport]:
    transport = AiohttpTransport(**options)  # type: ignore[arg-type]
    try:
        yield transport
    finally:
        await transport.close()


async def test_an_org_is_reached_through_a_proxy_with_credentials_and_its_own_authority(
    org: LocalOrg, tmp_path: Path
) -> None:
    with org_behind_a_proxy(org, tmp_path, authorization=BASIC) as behind:
        proxy = Proxy.parse(f"http://ana:{QUOTED}@{behind.tunnels.address}")
        transport = AiohttpTransport(ca_file=behind.ca_file, proxy=proxy)
        source = StaticTokenSource(org.credentials.access_token, URL)
        async with SalesforceClient(source, transport=transport) as client:
            assert (await client.userinfo()).user_id == org.user_id
            assert (await client.queries.query("SELECT Id FROM Contact LIMIT 1")).total_size == 1

    assert behind.tunnels.asked == [(f"CONNECT {HOST}:443 HTTP/1.1", BASIC)]


async def test_the_authority_of_a_file_counts_besides_the_systems_only_where_it_is_given(
    org: LocalOrg, tmp_path: Path
) -> None:
    with org_behind_a_proxy(org, tmp_path) as behind:
        async with sending(proxy=Proxy.parse(behind.tunnels.address)) as transport:
            with pytest.raises(TransportError, match=rf"No connection to {HOST}.*not trusted") as caught:
                await transport.exchange(HttpRequest("GET", f"{URL}/services/data", {}))

    assert not caught.value.sent


async def test_this_machine_is_reached_without_the_proxy(org: LocalOrg) -> None:
    with listening(org.app) as address, proxy_to(1) as tunnels:
        async with sending(proxy=Proxy.parse(tunnels.address)) as transport:
            reply = await transport.exchange(HttpRequest("GET", f"{address}/services/data", {}))

    assert reply.status == 200
    assert tunnels.asked == []


@pytest.mark.parametrize(
    ("status", "says"), [(HTTPStatus.PROXY_AUTHENTICATION_REQUIRED, "HTTP 407"), (HTTPStatus.FORBIDDEN, "HTTP 403")]
)
async def test_a_refusal_of_the_proxy_names_it_and_means_that_nothing_was_sent(status: HTTPStatus, says: str) -> None:
    with proxy_to(1, refusal=status) as tunnels:
        proxy = Proxy.parse(f"http://ana:{QUOTED}@{tunnels.address}")
        async with sending(proxy=proxy) as transport:
            with pytest.raises(TransportError) as caught:
                await transport.exchange(HttpRequest("POST", f"{URL}/services/oauth2/token", {}, b"secret"))

    assert not caught.value.sent
    assert str(caught.value) == f"The proxy http://{tunnels.address} blocks connections to {HOST}: {says}."
    assert caught.value.__suppress_context__


async def test_a_proxy_that_is_not_there_is_named_and_nothing_was_sent() -> None:
    with refusing_port() as port:
        for proxy in (Proxy.parse(f"ana:{QUOTED}@127.0.0.1:{port}"), Proxy.parse("proxy.invalid")):
            async with sending(proxy=proxy) as transport:
                with pytest.raises(TransportError) as caught:
                    await transport.exchange(HttpRequest("GET", f"{URL}/services/data", {}))

            assert not caught.value.sent
            assert f"No connection to the proxy {proxy.address}, on the way to {HOST}" in str(caught.value)
            assert "4711" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("proxy.acme.com:8080", "http://proxy.acme.com:8080"),
        ("http://proxy.acme.com", "http://proxy.acme.com:80"),
        ("https://ana:x@Proxy.Acme.com/", "https://proxy.acme.com:443"),
        ("http://[::1]:3128", "http://[::1]:3128"),
    ],
)
def test_a_proxy_is_named_without_its_credentials(url: str, address: str) -> None:
    assert Proxy.parse(url).address == address


@pytest.mark.parametrize(
    "url", ["socks5://secret@proxy:1080", "ftp://secret", "http://", "http://h:x", "http://a/secret", "http://[secret"]
)
def test_what_is_no_http_proxy_is_refused_without_being_repeated(url: str) -> None:
    with pytest.raises(InvalidArgumentError, match="proxy") as caught:
        Proxy.parse(url)

    assert "secret" not in str(caught.value)


@given(st.text(min_size=1), st.text())
def test_any_credentials_reach_the_proxy_and_no_repr(user: str, password: str) -> None:
    proxy = Proxy.parse(f"http://{quote(user, safe='')}:{quote(password, safe='')}@proxy:1")

    assert base64.b64decode(proxy.authorization.removeprefix("Basic ")).decode() == f"{user}:{password}"
    assert repr(proxy) == "Proxy(address='http://proxy:1', no_proxy='')"


@pytest.mark.parametrize(
    ("no_proxy", "is_served"),
    [
        ("", True),
        ("*", False),
        (HOST, False),
        (".salesforce.com", False),
        ("example.com, SALESFORCE.com", False),
        ("force.com", True),
        ("*.salesforce.com", False),
        ("salesforce.com:443", False),
        ("*.force.com *.salesforce.com", False),
        ("example.com|.salesforce.com", False),
        ("salesforce.com.", False),
        ("10.0.0.0/8", True),
        (f"https://{HOST}/", False),
        ("http://salesforce.com:8080", False),
        ("acme.my.*", False),
        ("my.*", True),
        (" , ,", True),
        ("example.com", True),
    ],
)
def test_hosts_of_no_proxy_are_reached_without_it(no_proxy: str, is_served: bool) -> None:
    assert Proxy.parse("proxy", no_proxy).serves(HOST) is is_served


@pytest.mark.parametrize(
    ("no_proxy", "host", "is_served"),
    [
        ("10.0.0.0/8", "10.1.2.3", False),
        ("10.0.0.0/8", "11.1.2.3", True),
        ("10.1.2.3:8443", "10.1.2.3", False),
        ("fd00::/8", "fd00::1", False),
        ("[fd00::1]:443", "fd00::1", False),
        ("fd00::1", "fd00::1", False),
        ("1.2.3", "10.1.2.3", True),
        ("10.1.*", "10.1.2.3", False),
        ("10.1.*", "10.11.2.3", True),
    ],
)
def test_addresses_and_networks_of_no_proxy_are_reached_without_it(no_proxy: str, host: str, is_served: bool) -> None:
    assert Proxy.parse("proxy", no_proxy).serves(host) is is_served


def test_loopback_is_this_machine() -> None:
    assert [host for host in ("localhost", "127.0.0.1", "127.8.8.8", "::1", HOST, "10.0.0.1") if is_loopback(host)] == [
        "localhost",
        "127.0.0.1",
        "127.8.8.8",
        "::1",
    ]
