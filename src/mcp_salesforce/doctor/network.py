"""The way to the org, before any secret is sent: what kind of host, its name, its certificate, its clock.

A check that fails raises a Finding.
"""

import asyncio
import re
import socket
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import urlsplit

from mcp_salesforce.doctor.causes import Finding
from mcp_salesforce.salesforce import Transport
from mcp_salesforce.salesforce.proxies import Proxy
from mcp_salesforce.salesforce.wire import HttpReply, HttpRequest, origin

_KINDS: Final = (
    (r"login\.salesforce\.com", "production's login host"),
    (r"test\.salesforce\.com", "the sandboxes' login host"),
    (r"localhost|127\.\d+\.\d+\.\d+|::1", "loopback"),
    (r".+\.sandbox\.my\.salesforce\.com|[a-z0-9-]+--[a-z0-9-]+\.my\.salesforce\.com|cs\d+\.salesforce\.com", "sandbox"),
    (r".+\.(develop|scratch|trailblaze|demo|patch)\.my\.salesforce\.com", "My Domain, not of production"),
    (r".+\.my\.(salesforce\.(com|mil)|sfcrmproducts\.cn)", "My Domain of production"),
)
_LARGEST_SKEW_S: Final = 120
LONGEST_WAIT_S: Final = 10.0


class Reach:
    """The hosts that the settings name, and what the first of them answered."""

    def __init__(
        self,
        instance_url: str,
        login_url: str,
        transport: Transport,
        *,
        proxy: Proxy | None = None,
        wait_s: float = LONGEST_WAIT_S,
    ) -> None:
        """Go to the hosts by `transport`.

        Args:
            instance_url: Address of the org; empty where it is not known before there is a token.
            login_url: Where tokens come from; empty where none are asked for.
            transport: How requests travel.
            proxy: The proxy that they travel through.
            wait_s: How long a host may take to answer.
        """
        self.instance_url = instance_url
        self.login_url = login_url
        self.origins = tuple(dict.fromkeys(origin(address) for address in (instance_url, login_url) if address))
        self.transport = transport
        self.proxy = proxy
        self.wait_s = min(wait_s, LONGEST_WAIT_S)
        self.replies: dict[str, HttpReply] = {}
        self.times: dict[str, datetime] = {}

    def proxy_for(self, address: str) -> Proxy | None:
        """Return the proxy on the way to an address, if there is one."""
        return self.proxy if self.proxy and self.proxy.serves(urlsplit(address).hostname or "") else None


def kind_of(url: str) -> str:
    """Return what kind of host an address names, in words."""
    host = (urlsplit(url).hostname or "").lower()
    return next((kind for pattern, kind in _KINDS if re.fullmatch(pattern, host)), "another host")


async def host_kind(reach: Reach) -> str:
    """Name the kind of each host; a sandbox and production's login host do not go together."""
    org, login = kind_of(reach.instance_url), kind_of(reach.login_url)
    if org == "sandbox" and login == "production's login host":
        raise Finding(
            "SANDBOX_AT_PRODUCTION", f"{reach.instance_url} is a sandbox, {reach.login_url} is not for these."
        )
    if org.startswith("My Domain") and login == "the sandboxes' login host":
        raise Finding(
            "PRODUCTION_AT_SANDBOX", (f"{reach.instance_url} is not a sandbox, {reach.login_url} is for these.")
        )
    kinds = []
    for address in reach.origins:
        proxy = reach.proxy_for(address)
        kinds.append(f"{address}: {kind_of(address)}" + (f", through the proxy {proxy.address}" if proxy else ""))
    return "; ".join(kinds) or "came with the token"


async def resolve(reach: Reach) -> str:
    """Look every name up that this machine has to know: behind a proxy that is the proxy's alone."""
    hosts = {}
    for address in reach.origins:
        proxy = reach.proxy_for(address)
        hosts[proxy.host if proxy else urlsplit(address).hostname or ""] = "UNKNOWN_PROXY" if proxy else "UNKNOWN_HOST"
    for host, code in hosts.items():
        try:
            async with asyncio.timeout(reach.wait_s):
                await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise Finding(code, f"No address for {host}.") from None
    return ", ".join(hosts) or "nothing to look up"


async def connect(reach: Reach) -> str:
    """Ask every host for something that needs no session; this checks its certificate too.

    API: GET /services/data
    """
    for address in reach.origins:
        try:
            async with asyncio.timeout(reach.wait_s):
                reply = await reach.transport.exchange(HttpRequest("GET", f"{address}/services/data", {}))
        except TimeoutError:
            raise Finding("NO_ANSWER", f"{address} does not answer within {reach.wait_s:g} s.") from None
        reach.replies[address] = reply
        reach.times[address] = datetime.now(UTC)
    is_plain = any(address.startswith("http:") for address in reach.origins)
    return "loopback, without TLS" if is_plain else "certificates are trusted"


async def clock(reach: Reach, now: Callable[[], datetime]) -> str:
    """Compare this machine's clock with the `Date` of the answers, less the time since they came."""
    for address, reply in reach.replies.items():
        try:
            theirs = parsedate_to_datetime(reply.headers.get("date", ""))
        except (ValueError, TypeError):
            continue
        since = datetime.now(UTC) - reach.times[address]
        skew_s = round((now() - since - theirs).total_seconds())
        if abs(skew_s) > _LARGEST_SKEW_S:
            direction = "fast" if skew_s > 0 else "slow"
            raise Finding("CLOCK_OFF", f"This machine's clock is {abs(skew_s)} s {direction}, compared with {address}.")
        return f"within {max(abs(skew_s), 1)} s of {urlsplit(address).hostname}"
    return "the host does not send its time"
