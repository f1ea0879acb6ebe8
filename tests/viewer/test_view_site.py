"""The page with a view: who may open it, what it may call, and when it ends."""

import asyncio
import http.client
import json
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import pytest
from mcp import Client

from mcp_salesforce.viewer import Shown, Site, serve

SHOWN = Shown("agenda", "salesforce_list_appointments", {"start": "2026-11-23", "end": "2026-11-27"})


@dataclass
class Page:
    """A running site, and a browser of one's own for it."""

    site: Site
    origin: str
    secret: str
    running: "asyncio.Task[None]"

    async def ask(self, method: str, path: str, body: str = "", **headers: str) -> tuple[int, dict[str, str], str]:
        return await asyncio.to_thread(self._ask, method, path, body, headers)

    def connected(self) -> closing[http.client.HTTPConnection]:
        return closing(http.client.HTTPConnection(self.origin.removeprefix("http://"), timeout=30))

    def _ask(self, method: str, path: str, body: str, headers: dict[str, str]) -> tuple[int, dict[str, str], str]:
        with self.connected() as connection:
            connection.request(method, path, body or None, {name: value for name, value in headers.items() if value})
            answer = connection.getresponse()
            return answer.status, dict(answer.headers), answer.read().decode()

    async def post(self, path: str, key: str, body: str = "", **headers: str) -> tuple[int, str]:
        sent = {"Origin": self.origin, "Authorization": f"Bearer {key}", **headers}
        status, _, text = await self.ask("POST", path, body, **sent)
        return status, text

    async def key(self) -> str:
        status, key = await self.post("/key", self.secret)
        assert status == 200
        return key


@pytest.fixture
async def page(mcp: Client) -> AsyncIterator[Page]:
    async def call(name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        return (await mcp.call_tool(name, arguments)).model_dump(mode="json", by_alias=True, exclude_none=True)

    site, opened = Site(SHOWN, call), asyncio.get_running_loop().create_future()
    running = asyncio.create_task(serve(site, opened.set_result))
    origin, _, secret = (await opened).partition("/#")
    yield Page(site, origin, secret, running)
    site.end()
    await running


async def test_the_first_browser_gets_the_page_and_no_other_one(page: Page) -> None:
    key = await page.key()

    assert json.loads((await page.post("/shown", key))[1]) == {
        "tool": SHOWN.tool,
        "arguments": SHOWN.arguments,
        "theme": "auto",
        "title": "Agenda",
    }
    assert await page.post("/key", page.secret) == (403, "This address has been opened before. Run the command again.")


async def test_a_call_has_the_result_of_the_tool_and_a_refusal_is_a_result(page: Page) -> None:
    key = await page.key()
    status, text = await page.post("/call", key, json.dumps({"name": SHOWN.tool, "arguments": SHOWN.arguments}))
    wrong = json.dumps({"name": SHOWN.tool, "arguments": {"start": "2026-11-27", "end": "2026-11-23"}})
    refused = json.loads((await page.post("/call", key, wrong))[1])

    assert status == 200
    assert json.loads(text)["structuredContent"]["time_zone"] == "America/New_York"
    assert refused["isError"] is True
    assert refused["content"][0]["text"]


async def test_without_the_key_nothing_is_told_or_called(page: Page) -> None:
    key = await page.key()
    for path in ("/shown", "/call", "/said", "/key"):
        for headers in ({"Authorization": "Bearer guessed"}, {"Authorization": ""}):
            assert (await page.post(path, key, "{}", **headers))[0] == 403, (path, headers)


async def test_another_site_can_use_nothing_even_with_the_key(page: Page) -> None:
    key = await page.key()
    for origin in ("https://evil.example", "null", ""):
        assert (await page.post("/shown", key, Origin=origin))[0] == 403, origin


async def test_another_name_of_this_machine_leads_nowhere(page: Page) -> None:
    port = page.origin.rpartition(":")[2]
    for path in ("/", "/view", "/page.js"):
        for host in (f"evil.example:{port}", f"localhost:{port}", "127.0.0.1"):
            assert (await page.ask("GET", path, Host=host))[0] == 403, (path, host)


async def test_the_page_and_the_view_may_load_nothing_else(page: Page) -> None:
    for path, parts in (("/", ["frame-ancestors 'none'"]), ("/view", ["sandbox allow-scripts", "script-src 'sha256-"])):
        status, headers, text = await page.ask("GET", path)
        policy = headers["content-security-policy"]
        assert status == 200
        assert "default-src 'none'" in policy
        assert all(part in policy for part in parts)
        assert "unsafe-eval" not in policy
        assert page.secret not in text


async def test_what_is_no_call_is_refused(page: Page) -> None:
    key = await page.key()
    for body, status in (("{", 400), ("[]", 400), ("{}", 400), ("x" * 1_000_001, 413)):
        assert (await page.post("/call", key, body))[0] == status, body[:9]


async def test_it_says_what_the_command_says_and_ends_with_it(page: Page) -> None:
    with page.connected() as connection:
        headers = {"Origin": page.origin, "Authorization": f"Bearer {await page.key()}"}
        await asyncio.to_thread(connection.request, "POST", "/said", None, headers)
        said = await asyncio.to_thread(connection.getresponse)
        page.site.say("Answer this in the terminal.")
        page.site.end()
        lines = (await asyncio.to_thread(said.read)).decode().split("\n")

    assert next(json.loads(line) for line in lines if line) == "Answer this in the terminal."
    await page.running
