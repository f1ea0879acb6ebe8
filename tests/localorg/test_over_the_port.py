"""What only shows on a real connection: framing, lengths, kept connections."""

import json
import socket
from collections.abc import Iterator
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.localorg.listener import listening

DATA = "/services/data/v60.0"


@pytest.fixture
def connection(org: LocalOrg) -> Iterator[HTTPConnection]:
    with listening(org.app) as address:
        made = HTTPConnection(urlsplit(address).netloc, timeout=120)
        yield made
        made.close()


@pytest.fixture
def headers(org: LocalOrg) -> dict[str, str]:
    return {"Authorization": f"Bearer {org.credentials.access_token}"}


def ask(connection: HTTPConnection, path: str, headers: dict[str, str], method: str = "GET") -> tuple[int, bytes]:
    connection.request(method, path, headers=headers)
    reply = connection.getresponse()
    return reply.status, reply.read()


def test_one_connection_serves_many_calls_whatever_they_bring(
    connection: HTTPConnection, headers: dict[str, str]
) -> None:
    answers = [
        ask(connection, f"{DATA}/limits", headers, "HEAD"),
        ask(connection, f"{DATA}/query?q={'x' * 17_000}", headers),
        ask(connection, f"{DATA}/limits", {**headers, "X-Long": "x" * 17_000}),
        ask(connection, "//services/data/v60.0/sobjects/Contact/describe/", headers),
        ask(connection, f"{DATA}/nonsense", headers, "DELETE"),
    ]
    used = connection.sock

    assert [status for status, _ in answers] == [200, 414, 431, 200, 404]
    assert answers[0][1] == b""
    assert json.loads(answers[3][1])["name"] == "Contact"
    assert ask(connection, f"{DATA}/limits", headers)[0] == 200
    assert connection.sock is used


def test_a_chunked_body_is_read(org: LocalOrg, connection: HTTPConnection, headers: dict[str, str]) -> None:
    chunks = [b'{"Last', b'Name": "Fin', b'ch"}']
    connection.request(
        "POST",
        f"{DATA}/sobjects/Contact",
        iter(chunks),
        {**headers, "Content-Type": "application/json"},
        encode_chunked=True,
    )
    reply = connection.getresponse()

    assert reply.status == 201
    assert org.records.retrieve("Contact", json.loads(reply.read())["id"])["LastName"] == "Finch"


def test_a_client_that_leaves_in_the_middle_of_its_body_changes_nothing_and_is_no_error(
    org: LocalOrg, connection: HTTPConnection, headers: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    head = (
        f"POST {DATA}/sobjects/Contact HTTP/1.1\r\nHost: localhost\r\nAuthorization: {headers['Authorization']}\r\n"
        "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n"
    )
    with socket.create_connection((connection.host, connection.port)) as raw:
        raw.sendall(head.encode() + b'{"LastName": "Finch"')
        raw.shutdown(socket.SHUT_WR)
        assert raw.recv(1) == b""

    assert ask(connection, f"{DATA}/limits", headers)[0] == 200
    assert org.queries.query("SELECT count() FROM Contact", org.user_id)["totalSize"] == 0
    assert caplog.messages == []
