"""A server over HTTP, looked at from outside: what a host meets on its way to a login, and who is kept out."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import orjson

from mcp_salesforce.doctor.examination import Report, StageResult
from mcp_salesforce.salesforce import SalesforceError, Transport
from mcp_salesforce.salesforce.wire import HttpReply, HttpRequest

_HEADERS: Final = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
_PING: Final = b'{"jsonrpc":"2.0","id":1,"method":"ping"}'
_OK, _UNAUTHORIZED, _FORBIDDEN, _MISDIRECTED = 200, 401, 403, 421
_STRANGER: Final = "stranger.example"
_NEEDED: Final = ("issuer", "authorization_endpoint", "token_endpoint")


class _FailedError(Exception):
    """A stage failed: what was found, its cause, and what to do."""

    def __init__(self, found: str, cause: str, fix: str) -> None:
        super().__init__(found)
        self.found, self.cause, self.fix = found, cause, fix


class Deployment:
    """One server, by the address that people give their hosts."""

    def __init__(self, url: str, transport: Transport) -> None:
        """Look at the server at `url`, such as `https://mcp.acme.com/mcp`."""
        self._url = url
        self._transport = transport
        self._metadata: dict[str, Any] = {}

    async def examine(self, on_stage: Callable[[str], None] = lambda _stage: None) -> Report:
        """Return how each stage went; it sends no token and changes nothing.

        Args:
            on_stage: Gets the title of each stage when it begins.
        """
        stages: tuple[tuple[str, str, Callable[[], Awaitable[str]]], ...] = (
            ("reach", "Reach", self._reach),
            ("challenge", "Login asked for", self._challenge),
            ("resource", "Resource metadata", self._resource),
            ("login", "Login metadata", self._login),
            ("host", "Other hosts", self._other_host),
            ("origin", "Other sites", self._other_site),
        )
        results: list[StageResult] = []
        for name, title, check in stages:
            if any(each.status == "failed" and each.stage in {"reach", "challenge"} for each in results):
                results.append(StageResult(name, title, "not reached"))
                continue
            on_stage(title)
            try:
                results.append(StageResult(name, title, "passed", await check()))
            except _FailedError as error:
                where = "the proxy, or the settings of the server"
                results.append(StageResult(name, title, "failed", error.found, name, error.cause, error.fix, where))
        return Report(tuple(results))

    async def _send(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None = None) -> HttpReply:
        try:
            return await self._transport.exchange(HttpRequest(method, url, headers, body))
        except SalesforceError as error:
            raise _FailedError(
                error.message,
                "Nobody answers there, or the certificate is not trusted.",
                "Check the address, that the server and its proxy run, and the certificate.",
            ) from None

    async def _reach(self) -> str:
        if not urlsplit(self._url).path.endswith("/mcp"):
            raise _FailedError(self._url, "The address does not end in /mcp.", "Give the whole address, with /mcp.")
        reply = await self._send("GET", self._url, {})
        if reply.status == _MISDIRECTED:
            raise _FailedError(
                "421 Misdirected Request",
                "The server is known by another name, or the proxy changes the Host header.",
                "Configure the proxy to forward Host, or add the name to SALESFORCE_ALLOWED_HOSTS.",
            )
        return f"The server answers at {self._url}."

    async def _challenge(self) -> str:
        for method, body in (("GET", None), ("HEAD", None), ("POST", _PING)):
            reply = await self._send(method, self._url, _HEADERS if body else {}, body)
            challenge = reply.headers.get("www-authenticate", "")
            if reply.status != _UNAUTHORIZED or "resource_metadata=" not in challenge:
                raise _FailedError(
                    f"{method} is answered {reply.status}, WWW-Authenticate: {challenge or 'missing'}",
                    "The server serves one person, or the proxy answers itself or drops the header.",
                    "Set SALESFORCE_PUBLIC_URL, and configure the proxy to forward status 401 and WWW-Authenticate.",
                )
            self._where = challenge.partition('resource_metadata="')[2].partition('"')[0]
        return "Without a token, GET, HEAD and POST are answered 401 with the way to the login."

    async def _json(self, url: str) -> dict[str, Any]:
        reply = await self._send("GET", url, {"Accept": "application/json"})
        try:
            value = orjson.loads(reply.body)
        except ValueError:
            value = None
        if reply.status != _OK or not isinstance(value, dict):
            raise _FailedError(
                f"{url} is answered {reply.status}",
                "The proxy does not pass this path on to the server.",
                "Forward every path of the host, /.well-known/ included.",
            )
        return value

    async def _resource(self) -> str:
        self._metadata = await self._json(self._where)
        told = self._metadata.get("resource")
        if told != self._url:
            raise _FailedError(
                f"The server calls itself {told}",
                "Hosts refuse a server that gives another address than they have asked.",
                "Set SALESFORCE_PUBLIC_URL to the address that people use, without /mcp.",
            )
        return f"It is {told}."

    async def _login(self) -> str:
        issuers = self._metadata.get("authorization_servers") or []
        if not issuers:
            raise _FailedError(
                "No login server is named.", "The resource metadata is incomplete.", "Update the server."
            )
        issuer = urlsplit(issuers[0])
        path = issuer.path.rstrip("/")
        origin = f"{issuer.scheme}://{issuer.netloc}"
        for url in (
            f"{origin}/.well-known/oauth-authorization-server{path}",
            f"{origin}/.well-known/openid-configuration{path}",
            f"{origin}{path}/.well-known/openid-configuration",
        ):
            told = await self._json(url)
            if missing := [name for name in _NEEDED if name not in told]:
                raise _FailedError(
                    f"{url} lacks {missing[0]}", "The login metadata is incomplete.", "Update the server."
                )
            if told["issuer"] != issuers[0]:
                raise _FailedError(
                    f"{url} names the issuer {told['issuer']}",
                    "The issuer must be the same everywhere.",
                    "Give every replica the same SALESFORCE_PUBLIC_URL.",
                )
        return f"People log in at {issuers[0]}."

    async def _other_host(self) -> str:
        reply = await self._send("GET", self._url, {"Host": _STRANGER})
        if reply.status == _UNAUTHORIZED:
            raise _FailedError(
                f"Host: {_STRANGER} is answered {reply.status}",
                "The proxy sends requests of any host to the server, under a name that is allowed.",
                "Configure the proxy to serve its own name only, and to forward Host.",
            )
        return f"A request for another host is answered {reply.status}."

    async def _other_site(self) -> str:
        headers = {**_HEADERS, "Origin": f"https://{_STRANGER}"}
        reply = await self._send("POST", self._url, headers, _PING)
        if reply.status != _FORBIDDEN:
            raise _FailedError(
                f"Origin: https://{_STRANGER} is answered {reply.status}",
                "The proxy drops the Origin header.",
                "Configure the proxy to forward Origin.",
            )
        return "A page of another site is answered 403."
