"""Servers that ask, records to be asked about, and a client that makes each round of a call itself."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from mcp import Client
from mcp_types import CallToolResult, ElicitResult

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.salesforce import AsgiTransport
from mcp_salesforce.salesforce.wire import HttpReply, HttpRequest
from mcp_salesforce.server import create_server
from tests.conftest import NOW, settings_of


class Wire(AsgiTransport):
    """The way to an org, which counts what could write."""

    def __init__(self, org: LocalOrg) -> None:
        super().__init__(org.app)
        self.writes: list[str] = []

    async def exchange(self, request: HttpRequest) -> HttpReply:
        """Pass a request on."""
        if is_write(request):
            self.writes.append(f"{request.method} {request.url}")
        return await super().exchange(request)


def is_write(request: HttpRequest) -> bool:
    """Tell whether a request could change a record."""
    if request.method == "POST" and request.url.endswith("/composite"):
        return any(each["method"] != "GET" for each in json.loads(request.body or b"{}")["compositeRequest"])
    return "/services/Soap/" in request.url or (request.method != "GET" and "/services/data/" in request.url)


@asynccontextmanager
async def served(
    org: LocalOrg,
    folder: Path,
    person: Any = None,
    *,
    era: str = "auto",
    now: Callable[[], datetime] = lambda: NOW,
    wire: Wire | None = None,
    **more: Any,
) -> AsyncIterator[Client]:
    """A client of a server on `org`, with a journal in `folder`; `person` is asked, if there is one."""
    settings = settings_of(org, **{"journal": str(folder / "journal.db"), **more})
    server = create_server(settings, transport=wire or AsgiTransport(org.app), now=now)
    async with Client(server, mode=era, elicitation_callback=person) as client:
        yield client


def people(org: LocalOrg, count: int) -> list[str]:
    return [org.insert("Contact", LastName=f"Sand {number}") for number in range(count)]


def colleague(org: LocalOrg) -> str:
    [first, *_] = org.store.rows('SELECT Id FROM "User" WHERE Id != ? ORDER BY Id', (org.user_id,))
    return str(first["Id"])


def with_appointment(org: LocalOrg, owner: str) -> str:
    """A contact who has an appointment in somebody's calendar."""
    contact = org.insert("Contact", LastName="Sand")
    times = {"StartDateTime": "2026-12-01T11:00:00Z", "DurationInMinutes": 30}
    org.insert("Event", Subject="Visit", WhoId=contact, OwnerId=owner, **times)
    return contact


class Rounds:
    """A 2026-07-28 client that makes each round of a call itself, so that a test can come between."""

    def __init__(self, client: Client, tool: str, arguments: dict[str, Any]) -> None:
        self._client = client
        self._tool = f"salesforce_{tool}"
        self._arguments = arguments

    async def ask(self) -> Any:
        """The question, with its state."""
        return await self._client.session.call_tool(self._tool, self._arguments, allow_input_required=True)

    async def answer(self, asked: Any, **changes: Any) -> CallToolResult:
        """Answer a question with its second choice."""
        [(key, request)] = asked.input_requests.items()
        do = request.params.requested_schema["properties"]["answer"]["enum"][1]
        given = {
            "input_responses": {key: ElicitResult(action="accept", content={"answer": do})},
            "request_state": asked.request_state,
            **changes,
        }
        arguments = given.pop("arguments", self._arguments)
        tool = given.pop("tool", self._tool)
        result = await self._client.session.call_tool(tool, arguments, **given)
        assert isinstance(result, CallToolResult)
        return result


async def outcome(answering: Any) -> str:
    """The code that a call came to, `done`, or the class of the protocol's error."""
    try:
        result = await answering
    except Exception as error:  # noqa: BLE001 - any error of the protocol is a refusal
        return type(error).__name__
    return str((result.meta or {})["code"]) if result.is_error else "done"
