"""The two transports: HTTP over real sockets, and an ASGI app in this process."""

import asyncio
import gzip
import itertools
import socket
import struct
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcp_salesforce.salesforce import (
    AiohttpTransport,
    AsgiTransport,
    RefreshTokenSource,
    ReplyTooLargeError,
    SalesforceClient,
    SalesforceError,
    StaticTokenSource,
    TransportError,
    UnreadableReplyError,
)
from mcp_salesforce.salesforce.wire import HttpRequest, Request
from tests.effort import examples
from tests.ports import refusing_port
from tests.salesforce.scripted import ORG_ID, token_reply

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
ACCESS_TOKEN = f"{ORG_ID[:15]}!AQ1"
Handler = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]


class Server:
    """A loopback port where each request, once it has arrived whole, is given to a handler."""

    def __init__(self, handler: Handler) -> None:
        self.url = ""
        self.requests: list[bytes] = []
        self.connections = 0
        self._handler = handler
        self._writers: list[asyncio.StreamWriter] = []

    def disconnect(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    def end_connections(self, *, abruptly: bool) -> None:
        """Close the sockets at once, as a server does whose patience with an idle connection has ended."""
        for writer in self._writers:
            ours = writer.transport.get_extra_info("socket")
            if abruptly:
                ours.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            ours.shutdown(socket.SHUT_RDWR)
            writer.transport.abort()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.append(writer)
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                fields = dict(line.split(b": ", 1) for line in head.lower().splitlines()[1:] if line)
                body = await reader.readexactly(int(fields.get(b"content-length", b"0")))
                self.requests.append(head + body)
                await self._handler(head + body, writer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def server(handler: Handler) -> AsyncIterator[Server]:
    served = Server(handler)
    listener = await asyncio.start_server(served.serve, "127.0.0.1", 0)
    served.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    try:
        yield served
    finally:
        listener.close()
        served.disconnect()


def answering(raw: bytes) -> Handler:
    async def answer(_request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(raw)

    return answer


@asynccontextmanager
async def closing(transport: AiohttpTransport) -> AsyncIterator[AiohttpTransport]:
    try:
        yield transport
    finally:
        await transport.close()


@pytest.fixture
async def transport() -> AsyncIterator[AiohttpTransport]:
    async with closing(AiohttpTransport()) as transport:
        yield transport


def client_of(url: str, transport: AiohttpTransport, *, timeout_s: float = 30.0) -> SalesforceClient:
    return SalesforceClient(StaticTokenSource(ACCESS_TOKEN, url), transport=transport, timeout_s=timeout_s)


async def test_a_request_arrives_as_it_was_given(transport: AiohttpTransport) -> None:
    async with server(answering(OK)) as served:
        request = HttpRequest("PATCH", f"{served.url}/a%2Fb?q=x%20%2B%27y", {"X-Test": "1"}, b'{"Name":"\xc3\xa9"}')
        reply = await transport.exchange(request)

    head, _, body = served.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"PATCH /a%2Fb?q=x%20%2B%27y HTTP/1.1\r\n")
    assert b"\r\nX-Test: 1" in head
    assert b"\r\nAccept-Encoding: gzip\r\n" in head
    assert body == b'{"Name":"\xc3\xa9"}'
    assert (reply.status, reply.body, reply.headers.get("content-type")) == (200, b"{}", "application/json")


async def test_a_zipped_reply_is_unzipped(transport: AiohttpTransport) -> None:
    zipped = gzip.compress(b'{"a": 1}')
    raw = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(zipped) + zipped
    async with server(answering(raw)) as served:
        reply = await transport.exchange(HttpRequest("GET", served.url + "/", {}))

    assert reply.body == b'{"a": 1}'


async def test_64_calls_run_at_once_and_their_connections_are_kept(transport: AiohttpTransport) -> None:
    all_there = asyncio.Event()

    async def hold(_request: bytes, writer: asyncio.StreamWriter) -> None:
        if len(served.requests) >= 64:
            all_there.set()
        await all_there.wait()
        writer.write(OK)

    async with server(hold) as served:
        for _ in range(2):
            await asyncio.gather(*(transport.exchange(HttpRequest("GET", served.url + "/", {})) for _ in range(64)))
        assert len(served.requests) == 128
        assert served.connections == 64


async def test_a_redirect_is_a_reply_and_the_token_goes_nowhere_else(transport: AiohttpTransport) -> None:
    async with server(answering(OK)) as elsewhere:
        raw = f"HTTP/1.1 302 Found\r\nLocation: {elsewhere.url}/x\r\nContent-Length: 0\r\n\r\n".encode()
        async with server(answering(raw)) as served, client_of(served.url, transport) as client:
            with pytest.raises(UnreadableReplyError, match=r"redirects to 127\.0\.0\.1, which is not followed"):
                await client.send(Request("GET", "limits"))

    assert len(served.requests) == 1
    assert elsewhere.requests == []


async def test_cookies_are_not_kept(transport: AiohttpTransport) -> None:
    raw = OK.replace(b"Content-Type", b"Set-Cookie: BrowserId=abc; path=/\r\nContent-Type")
    async with server(answering(raw)) as served:
        for _ in range(2):
            await transport.exchange(HttpRequest("GET", served.url + "/", {}))

    assert not any(b"BrowserId" in request for request in served.requests)


async def test_a_port_where_nobody_listens_means_that_nothing_was_sent(transport: AiohttpTransport) -> None:
    with (
        refusing_port() as port,
        pytest.raises(TransportError, match=rf"No connection to 127\.0\.0\.1:{port}") as caught,
    ):
        await transport.exchange(HttpRequest("GET", f"http://127.0.0.1:{port}/x?q=Anna", {"Authorization": "Bearer x"}))

    assert not caught.value.sent
    assert "Anna" not in str(caught.value)


async def test_a_host_without_an_address_means_that_nothing_was_sent(transport: AiohttpTransport) -> None:
    with pytest.raises(TransportError, match=r"No connection to acme\.invalid") as caught:
        await transport.exchange(HttpRequest("GET", "https://acme.invalid/", {}))

    assert not caught.value.sent


async def test_a_server_that_does_not_speak_tls_means_that_nothing_was_sent() -> None:
    async with server(answering(OK)) as served, closing(AiohttpTransport(connect_timeout_s=0.05)) as transport:
        with pytest.raises(TransportError, match="No connection") as caught:
            await transport.exchange(HttpRequest("GET", served.url.replace("http:", "https:"), {}))

    assert not caught.value.sent


async def close(_request: bytes, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


@pytest.mark.parametrize(
    "handler",
    [
        close,
        answering(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"),
        answering(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd"),
    ],
    ids=["closed", "cut", "not gzip"],
)
async def test_a_connection_that_breaks_after_the_request_may_have_done_its_work(
    transport: AiohttpTransport, handler: Handler
) -> None:
    async def then_close(request: bytes, writer: asyncio.StreamWriter) -> None:
        await handler(request, writer)
        writer.close()

    async with server(then_close) as served:
        with pytest.raises(TransportError) as caught:
            await transport.exchange(HttpRequest("POST", served.url + "/", {"Authorization": "Bearer secret"}, b"{}"))

    assert caught.value.sent
    assert "secret" not in str(caught.value)
    assert caught.value.__suppress_context__


async def test_a_delete_on_a_kept_connection_that_breaks_is_not_repeated_behind_our_back(
    transport: AiohttpTransport,
) -> None:
    async def answer_once(request: bytes, writer: asyncio.StreamWriter) -> None:
        if request.startswith(b"DELETE"):
            writer.transport.abort()
        else:
            writer.write(OK)

    async with server(answer_once) as served:
        await transport.exchange(HttpRequest("GET", served.url + "/", {}))
        with pytest.raises(TransportError):
            await transport.exchange(HttpRequest("DELETE", served.url + "/", {}))

    assert len(served.requests) == 2


class Hours:
    """The clock by which connections grow old; it stands until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def hours(monkeypatch: pytest.MonkeyPatch) -> Hours:
    hours = Hours()
    monkeypatch.setattr("aiohttp.connector.monotonic", hours)
    return hours


async def test_a_connection_is_kept_while_a_model_thinks_and_not_for_hours(
    transport: AiohttpTransport, hours: Hours
) -> None:
    async with server(answering(OK)) as served:
        request = HttpRequest("GET", served.url + "/", {})
        await transport.exchange(request)
        for seconds, connections in ((200, 1), (200, 1), (600, 2)):
            hours.now += seconds
            await transport.exchange(request)
            assert served.connections == connections


@pytest.mark.parametrize("end", ["FIN", "RST"])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_connection_that_the_server_has_ended_while_it_was_idle_is_not_used(
    transport: AiohttpTransport, method: str, end: str
) -> None:
    async with server(answering(OK)) as served:
        request = HttpRequest(method, served.url + "/", {}, b"{}" if method == "POST" else None)
        await transport.exchange(request)
        served.end_connections(abruptly=end == "RST")
        if method == "GET":  # a read may be sent into it, for it is sent again
            await asyncio.sleep(0.01)
        await transport.exchange(request)

    assert (len(served.requests), served.connections) == (2, 2)


async def test_what_is_sent_into_a_connection_that_ends_is_repeated_only_where_that_is_safe(
    transport: AiohttpTransport,
) -> None:
    async def once_each(_request: bytes, writer: asyncio.StreamWriter) -> None:
        if writer in seen:
            writer.transport.abort()
        else:
            seen.append(writer)
            writer.write(OK)

    seen: list[asyncio.StreamWriter] = []
    async with server(once_each) as served, client_of(served.url, transport) as client:
        await client.send(Request("GET", "limits"))
        await client.send(Request("GET", "limits"))
        sent = len(served.requests)
        with pytest.raises(TransportError) as broken:
            await client.send(Request("POST", "sobjects/Contact", body={"LastName": "Ode"}))

    assert sent == 3  # the second one a second time
    assert broken.value.is_outcome_unknown
    assert [request.startswith(b"POST") for request in served.requests].count(True) == 1


async def test_a_server_that_hangs_is_given_up_at_the_deadline_of_the_call(transport: AiohttpTransport) -> None:
    async with server(answering(b"")) as served, client_of(served.url, transport, timeout_s=0.05) as client:
        with pytest.raises(TransportError, match="No answer within") as caught:
            await client.send(Request("GET", "limits"))

    assert caught.value.sent


async def test_the_whole_client_works_over_a_port(transport: AiohttpTransport) -> None:
    async def answer(request: bytes, writer: asyncio.StreamWriter) -> None:
        if request.startswith(b"POST /services/oauth2/token"):
            body = orjson.dumps(token_reply(access_token=ACCESS_TOKEN, instance_url=served.url))
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        else:
            writer.write(OK)

    async with server(answer) as served:
        source = RefreshTokenSource("key", "secret", "refresh", served.url)
        async with SalesforceClient(source, transport=transport) as client:
            assert await client.send(Request("GET", "limits")) == {}

    assert served.requests[1].startswith(b"GET /services/data/v60.0/limits HTTP/1.1\r\n")
    assert f"Authorization: Bearer {ACCESS_TOKEN}".encode() in served.requests[1]
    assert b"User-Agent: mcp-salesforce" in served.requests[1]


async def test_an_app_in_this_process_gets_what_a_server_would_give_it() -> None:
    scopes: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        scopes.append((scope, await receive()))
        await send({"type": "http.response.start", "status": 201, "headers": [(b"X-A", b"1")]})
        await send({"type": "http.response.body", "body": b"a", "more_body": True})
        await send({"type": "http.response.debug", "info": {}})
        await send({"type": "http.response.body", "body": b"b"})
        assert await receive() == {"type": "http.disconnect"}

    request = HttpRequest("POST", "https://acme.my.salesforce.com/a%2Fb/%C3%A9?q=%20x", {"X-B": "2"}, b"body")
    reply = await AsgiTransport(app).exchange(request)

    scope, message = scopes[0]
    assert (reply.status, dict(reply.headers), reply.body) == (201, {"x-a": "1"}, b"ab")
    assert (scope["path"], scope["raw_path"], scope["query_string"]) == ("/a/b/é", b"/a%2Fb/%C3%A9", b"q=%20x")
    assert dict(scope["headers"]) == {b"x-b": b"2", b"host": b"acme.my.salesforce.com", b"content-length": b"4"}
    assert message == {"type": "http.request", "body": b"body", "more_body": False}


async def test_an_app_that_breaks_or_ends_early_is_a_broken_connection() -> None:
    async def breaks(_scope: Any, _receive: Any, _send: Any) -> None:
        raise ValueError("secret")

    async def ends(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    for app, words in ((breaks, "The app broke: ValueError"), (ends, "ended without a whole reply")):
        with pytest.raises(TransportError, match=words) as caught:
            await AsgiTransport(app).exchange(HttpRequest("GET", "http://localhost/", {}))
        assert caught.value.sent
        assert "secret" not in str(caught.value)


async def test_what_an_app_does_after_its_reply_does_not_spoil_it() -> None:
    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"{}"})
        raise ValueError("a background task broke")

    assert (await AsgiTransport(app).exchange(HttpRequest("GET", "http://localhost/", {}))).body == b"{}"


async def test_a_call_to_an_app_can_be_cancelled_while_others_go_on() -> None:
    released = asyncio.Event()
    ended: list[str] = []

    async def app(scope: Any, _receive: Any, send: Any) -> None:
        try:
            await released.wait()
        finally:
            ended.append(scope["path"])
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"{}"})

    transport = AsgiTransport(app)
    first, second = (
        asyncio.create_task(transport.exchange(HttpRequest("GET", f"http://localhost/{name}", {}))) for name in "ab"
    )
    await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert ended == ["/a"]
    released.set()

    assert (await second).status == 200
    await transport.close()


@pytest.mark.parametrize(
    "raw",
    [
        b"\x00\x01\x02 not HTTP\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"220 mail.acme.example ESMTP\r\n",
        b"RFB 003.008\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nA: " + b"x" * 2**17 + b"\r\n\r\n",
    ],
)
async def test_a_peer_that_speaks_another_protocol_is_named_and_not_asked_again(raw: bytes) -> None:
    async with server(answering(raw)) as served:
        source = StaticTokenSource(ACCESS_TOKEN, served.url)
        async with SalesforceClient(source, timeout_s=20) as client:
            with pytest.raises(UnreadableReplyError, match="does not speak HTTP") as caught:
                await client.send(Request("GET", "limits"))

    assert len(served.requests) == 1
    assert not caught.value.retryable
    assert "instance URL" in caught.value.hint


@settings(max_examples=examples(60))
@given(
    head=st.sampled_from([b"", b"HTTP/1.1 200 OK\r\n", OK, b"HTTP/1.1 200 OK\r\nContent-Encoding: "]), tail=st.binary()
)
async def test_any_bytes_of_a_peer_are_a_value_or_a_salesforce_error(head: bytes, tail: bytes) -> None:
    async def answer_and_close(_request: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(head + tail)
        writer.close()

    async with server(answer_and_close) as served:
        source = StaticTokenSource(ACCESS_TOKEN, served.url)
        async with SalesforceClient(source, timeout_s=20) as client:
            with suppress(SalesforceError):
                await client.send(Request("POST", "sobjects/Contact", body={}))


def endless(encoding: str) -> Handler:
    """A reply that goes on for as long as somebody reads it, in chunks of a megabyte."""
    piece = b" " * 2**20
    pack = zlib.compressobj(wbits=31)

    async def answer(_request: bytes, writer: asyncio.StreamWriter) -> None:
        lines = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
        writer.write(lines + (b"Content-Encoding: gzip\r\n" if encoding else b"") + b"\r\n")
        for number in itertools.count():
            if encoding == "empty gzip":  # blocks without a byte in them: nothing comes of them unpacked
                data = b"\x00\x00\x00\xff\xff" * 2**17 if number else gzip.compress(b"")[:10]
            else:
                data = pack.compress(piece) + pack.flush(zlib.Z_SYNC_FLUSH) if encoding else piece
            writer.write(b"%x\r\n%b\r\n" % (len(data), data))
            await writer.drain()
            await asyncio.sleep(0)  # the socket may take megabytes before there is something to wait for

    return answer


@pytest.mark.parametrize("encoding", ["", "gzip", "empty gzip"])
async def test_a_reply_without_end_is_read_up_to_its_bound(encoding: str) -> None:
    async with server(endless(encoding)) as served:
        transport = AiohttpTransport(most_reply_bytes=4 * 2**20)
        source = StaticTokenSource(ACCESS_TOKEN, served.url)
        async with SalesforceClient(source, transport=transport, timeout_s=60) as client:
            with pytest.raises(ReplyTooLargeError, match="longer than 4 MB") as caught:
                await client.send(Request("POST", "sobjects/Contact", body={"LastName": "Ode"}))

    assert len(served.requests) == 1
    assert caught.value.is_outcome_unknown


async def test_a_bomb_of_gigabytes_takes_no_more_memory_than_the_bound() -> None:
    bomb = zlib.compressobj(wbits=31)
    packed = b"".join(bomb.compress(b" " * 2**20) for _ in range(500)) + bomb.flush()
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed)
    transport = AiohttpTransport(most_reply_bytes=8 * 2**20)
    async with server(answering(head + packed)) as served, closing(transport):
        tracemalloc.start()
        try:
            with pytest.raises(ReplyTooLargeError):
                await transport.exchange(HttpRequest("GET", served.url + "/", {}))
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

    assert len(packed) < 2**20
    assert peak < 32 * 2**20


async def test_an_app_that_never_ends_its_reply_is_read_up_to_the_bound() -> None:
    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while True:
            await send({"type": "http.response.body", "body": b" " * 2**16, "more_body": True})

    with pytest.raises(ReplyTooLargeError):
        await AsgiTransport(app, most_reply_bytes=2**20).exchange(HttpRequest("GET", "http://localhost/", {}))
