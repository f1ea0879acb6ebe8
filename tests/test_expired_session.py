"""What a host sees when the access token has expired: nothing, or one clear error."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from mcp.client import Client
from mcp_types import CallToolResult, TextContent

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.salesforce.asgi import AsgiTransport
from mcp_salesforce.salesforce.wire import HttpReply, HttpRequest
from mcp_salesforce.server import create_server
from tests.conftest import settings_of
from tests.tools.calls import error_in

CALLS = 64
TOKEN_PATH = "/services/oauth2/token"
LIST = "salesforce_list_contacts"


@dataclass
class WatchedTransport:
    """The way into the org, with a list of what was asked, and something to do before a request goes in."""

    into_the_org: AsgiTransport
    asked: list[str] = field(default_factory=list)
    before: Callable[[HttpRequest], object] = lambda _request: None
    together: asyncio.Barrier | None = None

    async def exchange(self, request: HttpRequest) -> HttpReply:
        self.asked.append(TOKEN_PATH if request.url.endswith(TOKEN_PATH) else "data")
        if self.together is not None and self.asked[-1] == "data":
            await self.together.wait()
        self.before(request)
        return await self.into_the_org.exchange(request)

    async def close(self) -> None:
        await self.into_the_org.close()


@asynccontextmanager
async def connected(org: LocalOrg, transport: WatchedTransport, **settings: str) -> AsyncIterator[Client]:
    async with Client(create_server(settings_of(org, **settings), transport=transport)) as client:
        yield client


@pytest.fixture
def transport(org: LocalOrg) -> WatchedTransport:
    return WatchedTransport(AsgiTransport(org.app))


def text_of(result: CallToolResult) -> str:
    (block,) = result.content
    assert isinstance(block, TextContent)
    return block.text


async def test_many_calls_that_find_the_token_expired_share_one_refresh(
    org: LocalOrg, transport: WatchedTransport
) -> None:
    async with connected(org, transport) as client:
        await client.call_tool(LIST, {"limit": 1})
        org.expire_sessions()
        transport.asked.clear()
        transport.together = asyncio.Barrier(CALLS)  # every call is sent before the first one is answered
        results = await asyncio.gather(*(client.call_tool(LIST, {"limit": 1}) for _ in range(CALLS)))

    assert not any(result.is_error for result in results)
    # Three round trips: all calls with the old token, one refresh, all calls with the new one.
    assert transport.asked == ["data"] * CALLS + [TOKEN_PATH] + ["data"] * CALLS


async def test_calls_before_the_first_token_share_one_token_request(org: LocalOrg, transport: WatchedTransport) -> None:
    async with connected(org, transport) as client:
        results = await asyncio.gather(*(client.call_tool(LIST, {"limit": 1}) for _ in range(CALLS)))

    assert not any(result.is_error for result in results)
    assert transport.asked == [TOKEN_PATH] + ["data"] * CALLS


async def test_a_session_that_stays_invalid_stops_after_one_refresh_and_says_so(
    org: LocalOrg, transport: WatchedTransport
) -> None:
    transport.before = lambda request: None if request.url.endswith(TOKEN_PATH) else org.expire_sessions()
    async with connected(org, transport) as client:
        result = await client.call_tool(LIST, {"limit": 1})

    assert result.is_error
    assert transport.asked == [TOKEN_PATH, "data", TOKEN_PATH, "data"]
    error = error_in(text_of(result))
    assert "still invalid" in error["message"]
    assert error["retryable"] is False
    assert error["hint"]


async def test_a_dead_refresh_token_is_one_clear_error(org: LocalOrg, transport: WatchedTransport) -> None:
    async with connected(org, transport, refresh_token="5Aep861dead") as client:
        result = await client.call_tool(LIST, {"limit": 1})

    assert result.is_error
    assert transport.asked == [TOKEN_PATH]
    assert error_in(text_of(result))["code"] == "invalid_grant"
    assert "5Aep861dead" not in text_of(result)
