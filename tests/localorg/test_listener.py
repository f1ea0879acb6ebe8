"""The listener, with an application of three lines: it is the same for any."""

import http.client
import signal
import socket
import ssl
import stat
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from starlette.types import Receive, Scope, Send

from mcp_salesforce.localorg.certificates import loopback_certificate
from mcp_salesforce.localorg.listener import listening
from tests.cli.processes import END_S
from tests.ports import refusing_port

FOREGROUND = """
from mcp_salesforce.localorg.listener import serve
from tests.localorg.test_listener import say_path
serve(say_path, ready=lambda address: print(address, flush=True))
print("closed", flush=True)
"""


async def say_path(scope: Scope, _receive: Receive, send: Send) -> None:
    if scope["path"] == "/reset":
        raise ConnectionResetError
    body = f"{scope['method']} {scope['path']}".encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})


def connect(address: str) -> http.client.HTTPConnection:
    url = urlsplit(address)
    assert url.hostname == "127.0.0.1"
    return http.client.HTTPConnection(url.hostname, url.port, timeout=END_S)


def get(address: str, path: str) -> bytes:
    connection = connect(address)
    try:
        connection.request("GET", path)
        return connection.getresponse().read()
    finally:
        connection.close()


def test_port_zero_picks_a_free_port_on_loopback_and_reports_it() -> None:
    with listening(say_path) as first, listening(say_path) as second:
        assert first != second
        assert get(first, "/one") == b"GET /one"
        assert get(second, "/two") == b"GET /two"


def test_a_named_port_is_used_and_free_again_afterwards() -> None:
    with refusing_port() as port:
        expected = f"http://127.0.0.1:{port}"
        for _ in range(2):
            with listening(say_path, port=port) as address:
                assert address == expected
                assert get(expected, "/") == b"GET /"
        with pytest.raises(ConnectionRefusedError):
            get(expected, "/")


def test_a_taken_port_is_an_error_at_once() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        pytest.raises(OSError, match="Address already in use"),
        listening(say_path, port=taken.getsockname()[1]),
    ):
        pass


def test_replies_name_no_server_software() -> None:
    with listening(say_path) as address:
        connection = connect(address)
        connection.request("GET", "/")
        headers = connection.getresponse().headers
        connection.close()

    assert "date" in headers
    assert "server" not in headers


def test_a_reset_by_the_application_reaches_the_client_as_one() -> None:
    with listening(say_path) as address:
        with pytest.raises(ConnectionResetError):
            get(address, "/reset")
        assert get(address, "/after") == b"GET /after"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_in_the_foreground_a_signal_ends_it_cleanly(number: signal.Signals) -> None:
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, "-c", FOREGROUND], cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        idle = connect(address)  # a kept connection must not hold the server up
        idle.request("GET", "/")
        idle.getresponse().read()

        process.send_signal(number)
        out, err = process.communicate(timeout=END_S)
        idle.close()

    assert (out, err, process.returncode) == ("closed\n", "", 0)


def test_with_a_certificate_it_speaks_tls_to_who_trusts_its_authority(tmp_path: Path) -> None:
    certificate = loopback_certificate(tmp_path / "tls")
    trusting = ssl.create_default_context(cafile=certificate.authority)
    with listening(say_path, certificate=certificate) as address:
        url = urlsplit(address)
        for host in ("127.0.0.1", "localhost"):
            connection = http.client.HTTPSConnection(host, url.port, timeout=END_S, context=trusting)
            connection.request("GET", "/secret")
            assert connection.getresponse().read() == b"GET /secret"
            connection.close()
        wary = ssl.create_default_context()
        stranger = http.client.HTTPSConnection("127.0.0.1", url.port, timeout=END_S, context=wary)
        with pytest.raises(ssl.SSLCertVerificationError):
            stranger.request("GET", "/")
        stranger.close()

    assert url.scheme == "https"


def test_a_certificate_is_kept_and_its_key_is_for_its_owner_only(tmp_path: Path) -> None:
    first = loopback_certificate(tmp_path)
    before = first.chain.read_bytes()

    second = loopback_certificate(tmp_path)

    assert second.chain.read_bytes() == before
    assert stat.S_IMODE(first.key.stat().st_mode) == 0o600
    assert b"PRIVATE" not in first.authority.read_bytes() + first.chain.read_bytes()
