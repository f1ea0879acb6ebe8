"""An org that answers as a test tells it: an ASGI app with an OAuth endpoint and real sessions."""

import asyncio
import re
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import orjson

from mcp_salesforce.salesforce import AsgiTransport, RefreshTokenSource, SalesforceClient
from mcp_salesforce.salesforce.asgi import Message

INSTANCE_URL = "https://acme.my.salesforce.com"
ORG_ID = "00D000000000001EAA"
USER_ID = "005000000000001AAA"
CONTACT_ID = "003000000000001AAA"
TOKEN_PATH = "/services/oauth2/token"
SECRETS = ("consumer-secret-4711", "refresh-token-0815")


@dataclass(frozen=True)
class Call:
    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)

    @property
    def session_id(self) -> str:
        """The access token, from where a REST or a SOAP call has it."""
        if self.path.startswith("/services/Soap/"):
            found = re.search(rb"sessionId>([^<]*)<", self.body)
            return found[1].decode() if found else ""
        return self.headers.get("authorization", "").removeprefix("Bearer ")


@dataclass(frozen=True)
class Answer:
    """What the org says next; `error` breaks the exchange instead."""

    status: int = 200
    value: Any = None
    raw: bytes | None = None
    headers: dict[str, str] = field(default_factory=lambda: {"content-type": "application/json;charset=UTF-8"})
    error: Exception | None = None

    @property
    def body(self) -> bytes:
        if self.raw is not None:
            return self.raw
        return b"" if self.value is None else orjson.dumps(self.value)


def soap_reply(body: str, status: int = 200, header: str = "") -> Answer:
    """What Salesforce's partner API answers: `body` in an envelope."""
    text = (
        '<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns="urn:partner.soap.sforce.com" '
        'xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:sf="urn:fault.partner.soap.sforce.com" '
        f'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Header>{header}</soapenv:Header>'
        f"<soapenv:Body>{body}</soapenv:Body></soapenv:Envelope>"
    )
    return Answer(status, raw=text.encode(), headers={"content-type": "text/xml; charset=utf-8"})


def soap_fault(code: str, message: str, prefix: str = "sf") -> Answer:
    return soap_reply(
        f"<soapenv:Fault><faultcode>{prefix}:{code}</faultcode><faultstring>{code}: {message}</faultstring><detail>"
        f'<sf:UnexpectedErrorFault xsi:type="sf:UnexpectedErrorFault"><sf:exceptionCode>{code}</sf:exceptionCode>'
        f"<sf:exceptionMessage>{message}</sf:exceptionMessage></sf:UnexpectedErrorFault></detail></soapenv:Fault>",
        status=500,
    )


def refusal(status: int, error_code: str, message: str = "refused", **headers: str) -> Answer:
    body = [{"message": message, "errorCode": error_code}]
    return Answer(status, body, headers={"content-type": "application/json", **headers})


class ScriptedOrg:
    """Answers what is queued in `answers`, then `{}`; refuses sessions that it did not open or that are expired."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.answers: deque[Answer] = deque()
        self.token_answers: deque[Answer] = deque()
        self.token_delay_s = 0.0
        self.token_asked = asyncio.Event()
        self.before_answer: Callable[[Call], Awaitable[None]] | None = None
        self.opens_valid_sessions = True
        self._valid: set[str] = set()
        self._issued = 0

    @property
    def token_calls(self) -> list[Call]:
        return [call for call in self.calls if call.path == TOKEN_PATH]

    @property
    def data_calls(self) -> list[Call]:
        return [call for call in self.calls if call.path != TOKEN_PATH]

    def expire_sessions(self) -> None:
        self._valid.clear()

    def client(self, *, timeout_s: float = 30.0, source: RefreshTokenSource | None = None) -> SalesforceClient:
        return SalesforceClient(source or refresh_source(), transport=AsgiTransport(self), timeout_s=timeout_s)

    async def __call__(self, scope: Message, receive: Any, send: Any) -> None:
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        body = (await receive())["body"]
        call = Call(scope["method"], scope["path"], scope["query_string"].decode(), headers, body)
        self.calls.append(call)
        answer = await self._answer(call)
        if answer.error is not None:
            raise answer.error
        lines = [(name.encode(), value.encode()) for name, value in answer.headers.items()]
        await send({"type": "http.response.start", "status": answer.status, "headers": lines})
        await send({"type": "http.response.body", "body": answer.body})

    async def _answer(self, call: Call) -> Answer:
        if call.path == TOKEN_PATH:
            self.token_asked.set()
            await asyncio.sleep(self.token_delay_s)
            return self.token_answers.popleft() if self.token_answers else self._open_session()
        is_valid = call.session_id in self._valid
        if self.before_answer is not None:
            await self.before_answer(call)
        if not is_valid and call.path.startswith("/services/Soap/"):
            return soap_fault("INVALID_SESSION_ID", f"Illegal Session. Session not found, key: {call.session_id}")
        if not is_valid:
            return refusal(401, "INVALID_SESSION_ID", "Session expired or invalid")
        return self.answers.popleft() if self.answers else Answer(value={})

    def _open_session(self) -> Answer:
        self._issued += 1
        token = f"{ORG_ID[:15]}!AQ{self._issued}"
        if self.opens_valid_sessions:
            self._valid.add(token)
        return Answer(value=token_reply(access_token=token))


def token_reply(**changes: str) -> dict[str, str]:
    return {
        "access_token": f"{ORG_ID[:15]}!AQ0",
        "instance_url": INSTANCE_URL,
        "id": f"https://login.salesforce.com/id/{ORG_ID}/{USER_ID}",
        "token_type": "Bearer",
    } | changes


def refresh_source(**options: Any) -> RefreshTokenSource:
    return RefreshTokenSource("consumer-key", *SECRETS, "https://login.salesforce.com", **options)
