"""A real HTTP proxy on loopback, behind which the local org is served as acme.my.salesforce.com, over TLS."""

import select
import socket
import socketserver
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.localorg.certificates import Certificate
from mcp_salesforce.localorg.listener import listening

HOST = "acme.my.salesforce.com"
URL = f"https://{HOST}"


@dataclass
class Tunnels:
    """A proxy that opens tunnels, all to one port of this machine, whatever host is asked for.

    `asked` has the request line and the `Proxy-Authorization` of each request; `refusal` is a status to answer with.
    """

    address: str
    port: int
    authorization: str = ""
    refusal: HTTPStatus | None = None
    asked: list[tuple[str, str]] = field(default_factory=list)


@contextmanager
def proxy_to(port: int, *, authorization: str = "", refusal: HTTPStatus | None = None) -> Iterator[Tunnels]:
    """Run a proxy until the block ends."""

    class Handler(socketserver.StreamRequestHandler):
        timeout = 60

        def handle(self) -> None:
            line = self.rfile.readline().decode().strip()
            headers = dict(iter(self._header, None))
            given = headers.get("proxy-authorization", "")
            tunnels.asked.append((line, given))
            status = tunnels.refusal or (HTTPStatus.OK if given == authorization else None)
            status = status or HTTPStatus.PROXY_AUTHENTICATION_REQUIRED
            self.wfile.write(f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Length: 0\r\n\r\n".encode())
            if status is HTTPStatus.OK:
                with socket.create_connection(("127.0.0.1", tunnels.port)) as target, suppress(ConnectionError):
                    self._carry(target)

        def _header(self) -> tuple[str, str] | None:
            name, found, value = self.rfile.readline().decode().strip().partition(":")
            return (name.lower(), value.strip()) if found else None

        def _carry(self, target: socket.socket) -> None:
            ends = {self.connection: target, target: self.connection}
            while True:
                for end in select.select([*ends], [], [])[0]:
                    chunk = end.recv(65_536)
                    if not chunk:
                        return
                    ends[end].sendall(chunk)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        tunnels = Tunnels(f"127.0.0.1:{server.server_address[1]}", port, authorization, refusal)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield tunnels
        finally:
            server.shutdown()
            thread.join()


@dataclass(frozen=True)
class Behind:
    """What a client needs of an org behind a proxy."""

    tunnels: Tunnels
    ca_file: Path


@contextmanager
def org_behind_a_proxy(
    org: LocalOrg, folder: Path, *, authorization: str = "", hosts: Sequence[str] = (HOST,)
) -> Iterator[Behind]:
    """Serve `org` under the names of `hosts`, over TLS, to those who come through the proxy."""
    certificate = certificate_of(hosts, folder)
    with listening(org.app, certificate=certificate) as address:
        port = int(address.rpartition(":")[2])
        with proxy_to(port, authorization=authorization) as tunnels:
            yield Behind(tunnels, certificate.authority)


def certificate_of(hosts: Sequence[str], folder: Path) -> Certificate:
    """Return a certificate of hosts that is its own authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, hosts[0])])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(map(x509.DNSName, hosts)), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=False)
        .sign(key, hashes.SHA256())
    )
    chain, key_file = folder / "org.pem", folder / "org.key"
    chain.write_bytes(certificate.public_bytes(Encoding.PEM))
    key_file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return Certificate(chain, chain, key_file)
