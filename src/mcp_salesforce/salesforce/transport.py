"""Transports: send a request, return status, headers and bytes. Over aiohttp; see `asgi` for an app."""

import asyncio
import ipaddress
import socket
import ssl
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol
from urllib.parse import urlsplit

from mcp_salesforce.salesforce.bodies import MOST_REPLY_BYTES, Body
from mcp_salesforce.salesforce.errors import SalesforceError, TransportError, UnreadableReplyError
from mcp_salesforce.salesforce.proxies import Proxy, may_be_public
from mcp_salesforce.salesforce.wire import HttpReply, HttpRequest

if TYPE_CHECKING:
    import aiohttp
    from aiohttp.abc import AbstractResolver

_CONNECTIONS: Final = 100  # the most that a client may use at once
_CONNECT_TIMEOUT_S: Final = 10.0
_KEPT_S: Final = 240.0  # shorter than the minutes after which firewalls and load balancers forget a connection
_PROBES: Final = {"TCP_KEEPIDLE": 60, "TCP_KEEPALIVE": 60, "TCP_KEEPINTVL": 15, "TCP_KEEPCNT": 4}
_READS: Final = frozenset({"GET", "HEAD"})


class Transport(Protocol):
    """Sends one request and returns the reply. The caller sets the deadline."""

    async def exchange(self, request: HttpRequest) -> HttpReply:
        """Return the reply to `request`, of whatever status; redirects are replies.

        Raises:
            UnreadableReplyError: The answer is not HTTP, or longer than what is read of one.
        """
        ...

    async def close(self) -> None:
        """Release connections; the transport cannot be used afterwards."""
        ...


class AiohttpTransport:
    """HTTP over a pool of kept-alive connections, with gzip. Keeps no cookies, follows no redirect.

    Connections are kept for minutes, so that a model that thinks pays no new handshake, unless the server ends them.
    """

    def __init__(
        self,
        *,
        connections: int = _CONNECTIONS,
        connect_timeout_s: float = _CONNECT_TIMEOUT_S,
        ca_file: Path | None = None,
        proxy: Proxy | None = None,
        most_reply_bytes: int = MOST_REPLY_BYTES,
        public_only: bool = False,
    ) -> None:
        """Open at most `connections` at once; more calls wait for one.

        Args:
            connections: Size of the pool.
            connect_timeout_s: How long a connection may take to open.
            ca_file: Certificate authorities (PEM) to trust besides the system's.
            proxy: The way to the hosts that it serves; nothing of the environment counts.
            most_reply_bytes: The most that is read of one reply, as it travels and unpacked.
            public_only: Whether a host whose address is not of the public internet is refused, before a connection.
                Where a proxy serves the host, the proxy looks its name up.
        """
        self._public_only = public_only
        self._ca_file = ca_file
        self._proxy = proxy
        self._most_reply_bytes = most_reply_bytes
        self._connections = connections
        self._connect_timeout_s = connect_timeout_s
        self._session: aiohttp.ClientSession | None = None

    async def exchange(self, request: HttpRequest) -> HttpReply:
        """Return the reply to `request`.

        Raises:
            TransportError: The connection failed, before or after the request left.
            UnreadableReplyError: The answer is not HTTP, or longer than the bound.
        """
        import aiohttp
        from yarl import URL

        session = self._session or self._open()
        if request.method not in _READS:
            await _events_seen()
        url = URL(request.url, encoded=True)
        proxy = self._proxy if self._proxy and self._proxy.serves(url.host or "") else None
        if self._public_only and not may_be_public(url.host or ""):
            raise TransportError(f"{url.host} is not an address of the public internet.", sent=False)
        try:
            async with session.request(
                request.method,
                url,
                data=request.stream() if request.stream else request.body,
                headers=request.headers,
                allow_redirects=False,
                proxy=proxy.address if proxy else None,
                proxy_headers={"Proxy-Authorization": proxy.authorization} if proxy and proxy.authorization else None,
            ) as response:
                return HttpReply(response.status, response.headers, await self._body(response, request))
        except (
            aiohttp.ClientConnectorError,
            aiohttp.ConnectionTimeoutError,
            aiohttp.ServerFingerprintMismatch,
        ) as error:
            to = _host(request)
            if proxy and getattr(error, "host", proxy.host) == proxy.host:
                to = f"the proxy {proxy.address}, on the way to {to}"
            raise TransportError(f"No connection to {to}: {_reason(error)}.", sent=False) from None
        except aiohttp.ClientHttpProxyError as error:
            raise TransportError(
                f"The proxy {proxy and proxy.address} blocks connections to {_host(request)}: HTTP {error.status}.",
                sent=False,
            ) from None
        except aiohttp.ClientResponseError:
            raise UnreadableReplyError(f"The server at {_host(request)} does not speak HTTP", status=0) from None
        except SalesforceError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever a peer sends becomes an error of ours
            # An aiohttp error can hold the request's headers, so it is named, not chained.
            raise TransportError(f"The connection to {_host(request)} broke: {_reason(error)}.", sent=True) from None

    async def close(self) -> None:
        """Close every connection."""
        if self._session is not None:
            session, self._session = self._session, None
            await session.close()

    async def _body(self, response: "aiohttp.ClientResponse", request: HttpRequest) -> bytes:
        body = Body(response.status, self._most_reply_bytes, response.headers.get("Content-Encoding", ""), request.sink)
        try:
            async for piece in response.content.iter_any():
                body.add(piece)
        except SalesforceError:
            response.close()  # what is left of it is not read
            raise
        return body.whole()

    def _open(self) -> "aiohttp.ClientSession":
        import aiohttp

        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=self._connections,
                ssl=trusting(self._ca_file) if self._ca_file else True,
                keepalive_timeout=_KEPT_S,
                socket_factory=_probed_socket,
                resolver=_public_resolver() if self._public_only else None,
            ),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=self._connect_timeout_s),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": "mcp-salesforce", "Accept-Encoding": "gzip"},
            auto_decompress=False,  # a bomb is noticed as it unpacks: see Body
        )
        self._session._retry_connection = False  # noqa: SLF001 - retry.py decides what is sent again, not aiohttp
        return self._session


def _public_resolver() -> "AbstractResolver":
    """Return what looks names up, and refuses those whose addresses are not of the public internet."""
    from aiohttp.abc import ResolveResult
    from aiohttp.resolver import ThreadedResolver

    class PublicResolver(ThreadedResolver):
        async def resolve(
            self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
        ) -> list[ResolveResult]:
            found = await super().resolve(host, port, family)
            if all(ipaddress.ip_address(each["host"]).is_global for each in found):
                return found
            raise OSError(None, "it is not an address of the public internet")

    return PublicResolver()


async def _events_seen() -> None:
    """Let the loop see which connections have been closed by now: a write that is sent into one has an unknown outcome.

    The first turn asks the system for events, which come behind this task; the second lets them come first.
    """
    await asyncio.sleep(0)
    await asyncio.sleep(0)


def _probed_socket(address: "aiohttp.AddrInfoType") -> socket.socket:
    """Return a socket whose peer is asked each minute whether it is there; a connection that was forgotten ends so."""
    family, kind, protocol, *_ = address
    made = socket.socket(family, kind, protocol)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _PROBES.items():
        if option := getattr(socket, name, None):  # each system has some of them
            made.setsockopt(socket.IPPROTO_TCP, option, value)
    return made


def trusting(ca_file: Path) -> ssl.SSLContext:
    """Return what trusts the authorities of `ca_file` (PEM) besides the system's.

    Raises:
        OSError: The file cannot be read, or holds no certificate.
    """
    context = ssl.create_default_context()
    context.load_verify_locations(ca_file)
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # authorities of proxies are rarely made by the letter of RFC 5280
    return context


def _host(request: HttpRequest) -> str:
    return urlsplit(request.url).netloc


def _reason(error: BaseException) -> str:
    """Name a failure: the system's words where it has some, else its class. Never its `repr`, which holds headers."""
    certificate = getattr(error, "certificate_error", None)
    if certificate is not None:
        return f"its certificate is not trusted ({getattr(certificate, 'verify_message', 'no reason given')})"
    if isinstance(error, TimeoutError):
        return "it took too long"
    cause = getattr(error, "os_error", error)
    return getattr(cause, "strerror", None) or type(error).__name__
