"""By which names the server is reached, and from which pages: against pages that rebind a name of theirs to it."""

from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, Self
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from mcp_salesforce.http.refusals import RefusedError

LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Edge:
    """The names of this server.

    Attributes:
        names: Host names, in lower case, at which it may be reached on any port.
        origins: Hosts with their ports (`mcp.acme.com:443`) at which it may be reached.
    """

    names: frozenset[str]
    origins: frozenset[tuple[str, int]] = frozenset()

    @classmethod
    def of(cls, public_url: str = "", hosts: Iterable[str] = ()) -> Self:
        """Return the edge of a server: of this machine alone, unless it has a public address or other names."""
        named = frozenset(host.casefold() for host in hosts)
        if not public_url:
            return cls(LOOPBACK | named)
        url = urlsplit(public_url)
        return cls(named, frozenset({(url.hostname or "", url.port or _PORTS[url.scheme])}))

    def check_host(self, headers: Headers, scheme: str) -> None:
        """Check where a request wants to go.

        Raises:
            RefusedError: It is not for this server (421).
        """
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not self._is_ours(f"{scheme}://{hosts[0]}"):
            raise RefusedError(
                HTTPStatus.MISDIRECTED_REQUEST,
                "The Host header names another server. Use the server's own address, or let the person who runs it "
                "add the name to SALESFORCE_ALLOWED_HOSTS.",
            )

    def check_origin(self, headers: Headers) -> None:
        """Check from which page a request comes, if from one.

        Raises:
            RefusedError: It is a page of another server (403).
        """
        if any(not self._is_ours(origin) for origin in headers.getlist("origin")):
            raise RefusedError(
                HTTPStatus.FORBIDDEN,
                "The Origin header names a page of another server, which may not call this one. The person who runs "
                "it can add the name to SALESFORCE_ALLOWED_HOSTS.",
            )

    def _is_ours(self, address: str) -> bool:
        try:
            url = urlsplit(address)
            host, port = url.hostname, url.port
        except ValueError:
            return False
        if url.scheme not in _PORTS or not host or url.path or url.query or url.fragment or "@" in url.netloc:
            return False
        name = host.removesuffix(".")
        if name in self.names:
            return True
        # Behind a proxy that ends TLS, the scheme of a request need not be that of the address.
        return any((name, each) in self.origins for each in ([port] if port else _PORTS.values()))
