"""Transports: send a request, return status, headers and bytes. Over aiohttp, or to an ASGI app in this process."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import unquote_to_bytes, urlsplit

from mcp_salesforce.salesforce.bodies import MOST_REPLY_BYTES, Body
from mcp_salesforce.salesforce.errors import SalesforceError, TransportError, UnreadableReplyError
from mcp_salesforce.salesforce.proxies import Proxy
from mcp_salesforce.salesforce.wire import HttpReply, HttpRequest

if TYPE_CHECKING:
    import aiohttp

Message = MutableMapping[str, Any]
AsgiApp = Callable[[Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]]

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
    ) -> None:
        """Open at most `connections` at once; more calls wait for one.

        Args:
            connections: Size of the pool.
            connect_timeout_s: How long a connection may take to open.
            ca_file: Certificate authorities (PEM) to trust besides the system's.
            proxy: The way to the hosts that it serves; nothing of the environment counts.
            most_reply_bytes: The most that is read of one reply, as it travels and unpacked.
        """
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
            ),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=self._connect_timeout_s),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": "mcp-salesforce", "Accept-Encoding": "gzip"},
            auto_decompress=False,  # a bomb is noticed as it unpacks: see Body
        )
        self._session._retry_connection = False  # noqa: SLF001 - retry.py decides what is sent again, not aiohttp
        return self._session


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


class AsgiTransport:
    """An ASGI app in this process: no port, no aiohttp. Calls may run at the same time and be cancelled."""

    def __init__(self, app: AsgiApp, *, most_reply_bytes: int = MOST_REPLY_BYTES) -> None:
        """Give every request to `app`, and take at most `most_reply_bytes` of a reply."""
        self._app = app
        self._most_reply_bytes = most_reply_bytes

    async def exchange(self, request: HttpRequest) -> HttpReply:
        """Return the app's reply to `request`.

        Raises:
            TransportError: The app failed, or ended without a whole reply.
            UnreadableReplyError: The reply is longer than the bound.
        """
        call = _AsgiCall(request, self._most_reply_bytes)
        try:
            await self._app(call.scope, call.receive, call.send)
        except Exception as error:
            if not call.is_complete:
                if isinstance(error, UnreadableReplyError):
                    raise
                raise TransportError(f"The app broke: {type(error).__name__}.", sent=True) from None
        if not call.is_complete:
            raise TransportError("The app ended without a whole reply.", sent=True)
        return HttpReply(call.status, call.headers, call.content.whole())

    async def close(self) -> None:
        """Nothing is held open."""


class _AsgiCall:
    """The state of one request to an ASGI app."""

    def __init__(self, request: HttpRequest, most_bytes: int) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.content = Body(0, most_bytes)
        self._most_bytes, self._request = most_bytes, request
        self._pieces = _pieces(request)
        self._complete = asyncio.Event()
        self.scope = _scope(request)

    @property
    def is_complete(self) -> bool:
        return self._complete.is_set()

    async def receive(self) -> Message:
        async for piece, is_last in self._pieces:
            return {"type": "http.request", "body": piece, "more_body": not is_last}
        await self._complete.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.content = Body(self.status, self._most_bytes, sink=self._request.sink)
            self.headers = {
                name.decode("latin-1").lower(): value.decode("latin-1") for name, value in message["headers"]
            }
        elif message["type"] == "http.response.body":
            self.content.add(message.get("body", b""))
            if not message.get("more_body", False):
                self._complete.set()


async def _pieces(request: HttpRequest) -> AsyncIterator[tuple[bytes, bool]]:
    """Yield the pieces of a request's body, and whether each is the last one."""
    if request.stream:
        async for piece in request.stream():
            yield piece, False
    yield request.body or b"", True


def _scope(request: HttpRequest) -> Message:
    parts = urlsplit(request.url)
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in request.headers.items()]
    headers.append((b"host", parts.netloc.encode("latin-1")))
    if request.body is not None:
        headers.append((b"content-length", str(len(request.body)).encode()))
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": parts.scheme,
        "path": unquote_to_bytes(parts.path).decode("utf-8", "replace"),
        "raw_path": parts.path.encode("ascii"),
        "query_string": parts.query.encode("ascii"),
        "root_path": "",
        "headers": headers,
        "client": ("127.0.0.1", 0),
        "server": (parts.hostname or "localhost", parts.port or 443),
    }


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
