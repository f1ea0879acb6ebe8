"""The HTTP proxy on the way to an org, and which hosts are reached without it."""

import base64
import ipaddress
import re
from dataclasses import dataclass, field
from typing import Final, Self
from urllib.parse import unquote, urlsplit

from mcp_salesforce.salesforce.errors import InvalidArgumentError

_SEPARATORS: Final = re.compile(r"[,;|\s]+")
_SCHEME: Final = re.compile(r"https?://")
_PORT: Final = re.compile(r"(?<=[\w\]*.]):\d{1,5}$(?<!::\d)")
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


def is_loopback(host: str) -> bool:
    """Tell whether `host`, a name or an IP address, is this machine itself."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def may_be_public(host: str) -> bool:
    """Tell whether `host` is an address of the public internet, or a name that is still to be looked up."""
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return not is_loopback(host)


@dataclass(frozen=True, slots=True)
class Proxy:
    """An HTTP proxy that opens tunnels (CONNECT); its credentials do not show in its repr.

    Attributes:
        address: Such as `http://proxy.acme.com:8080`, without credentials.
        authorization: What goes to the proxy as `Proxy-Authorization`; empty where it asks for none.
        no_proxy: Hosts that are reached without it, with commas between them: names, which stand for their
            subdomains too (`acme.com`, `.acme.com`, `*.acme.com`), addresses, networks (`10.0.0.0/8`), or `*`.
    """

    address: str
    authorization: str = field(default="", repr=False)
    no_proxy: str = ""

    @classmethod
    def parse(cls, url: str, no_proxy: str = "") -> Self:
        """Return the proxy of `http://user:password@host:port`; scheme and credentials may be left out.

        Raises:
            InvalidArgumentError: It is not an address of an HTTP proxy; the text does not repeat it.
        """
        try:
            parts = urlsplit(url if "://" in url else f"http://{url}")
            host, port = parts.hostname or "", parts.port
        except ValueError:
            parts, host, port = urlsplit(""), "", None
        if parts.scheme.startswith("socks"):
            raise InvalidArgumentError("is a SOCKS proxy, which cannot be used: give an HTTP proxy")
        if parts.scheme not in _DEFAULT_PORTS or not host or parts.path.strip("/") or parts.query or parts.fragment:
            raise InvalidArgumentError("is not the address of a proxy, such as http://proxy.acme.com:8080")
        shown = f"[{host}]" if ":" in host else host
        address = f"{parts.scheme}://{shown}:{port or _DEFAULT_PORTS[parts.scheme]}"
        if parts.username is None:
            return cls(address, no_proxy=no_proxy)
        credentials = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
        return cls(address, f"Basic {base64.b64encode(credentials).decode()}", no_proxy)

    @property
    def host(self) -> str:
        """Its name or IP address."""
        return urlsplit(self.address).hostname or ""

    def serves(self, host: str) -> bool:
        """Tell whether requests to `host` go through it; those to this machine never do."""
        names = _SEPARATORS.split(self.no_proxy)
        return not is_loopback(host) and not any(_is_meant(name, host.lower()) for name in names)


def _is_meant(name: str, host: str) -> bool:
    """Tell whether an entry of NO_PROXY means `host`: a name (with `.` or `*.` before it), an address, a network.

    A scheme before it and a port behind it are left out: requests to an org go to one port.
    """
    name = _PORT.sub("", _SCHEME.sub("", name.strip().lower()).rstrip("/")).strip("[]")
    if name == "*":
        return True
    if name.endswith(".*"):
        return host.startswith(name[:-1])
    bare = name.removeprefix("*").lstrip(".").rstrip(".")
    if not bare:
        return False
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return f".{host.rstrip('.')}".endswith(f".{bare}")
    try:
        return address in ipaddress.ip_network(bare, strict=False)
    except ValueError:
        return False
