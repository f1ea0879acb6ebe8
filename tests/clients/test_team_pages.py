"""The pages of a login in a real browser: Chromium, by keyboard alone, as wide as a phone."""

import json
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import anyio
import httpx2
import pytest

from mcp_salesforce.localorg import LocalOrg
from tests.clients.test_login_browser import ELEMENT, Drive, browser
from tests.oauth.served import Served, served
from tests.oauth.site import REDIRECT, Proof, Time

__all__ = ["browser"]

pytestmark = [pytest.mark.clients, pytest.mark.slow, pytest.mark.anyio]
PATIENCE_S = 60
TAB, ENTER = "\ue004", "\ue007"
PHONE = {"width": 500, "height": 740}  # the narrowest that headless Chromium takes
LOOK = """
const buttons = [...document.querySelectorAll("button")].map((each) => each.getBoundingClientRect().height);
return {wide: document.documentElement.scrollWidth, window: innerWidth, lowest: Math.min(...buttons),
        title: document.title, lang: document.documentElement.lang, text: document.body.innerText};
"""


@pytest.fixture
async def team(org: LocalOrg, tmp_path: Path) -> AsyncIterator[Served]:
    async with served(org, tmp_path, Time()) as team:
        yield team


class Person:
    """Somebody at the browser, with a keyboard; the server answers meanwhile."""

    def __init__(self, drive: Drive) -> None:
        self._drive = drive

    async def __call__(self, method: str, path: str, body: Any = None) -> Any:
        return await anyio.to_thread.run_sync(self._drive, method, path, body)

    async def type(self, keys: str) -> None:
        actions = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        await self("POST", "/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": actions}]})

    async def press(self, label: str) -> None:
        """Go to the button by Tab, and press Enter."""
        for _ in range(30):
            await self.type(TAB)
            active = await self("GET", "/element/active")
            if await self("GET", f"/element/{active[ELEMENT]}/text") == label:
                await self.type(ENTER)
                return
        raise AssertionError(f"the keyboard does not reach {label}")

    async def allow(self) -> None:
        """Say yes on Salesforce's page."""
        await self.until(lambda url: "/services/oauth2/authorize" in url)
        found = await self("POST", "/element", {"using": "css selector", "value": "button[value=allow]"})
        await self("POST", f"/element/{found[ELEMENT]}/click", {})

    async def until(self, is_there: Callable[[str], bool]) -> str:
        ends = time.monotonic() + PATIENCE_S
        while not is_there(url := str(await self("GET", "/url"))):
            assert time.monotonic() < ends, url
            await anyio.sleep(0.05)
        return url

    async def look(self) -> dict[str, Any]:
        found: dict[str, Any] = await self("POST", "/execute/sync", {"script": LOOK, "args": []})
        assert found["wide"] <= found["window"], "nobody scrolls sideways"
        assert found["lowest"] >= 44, "a finger finds each button"
        assert found["lang"] == "en"
        assert found["title"]
        return found


async def register(team: Served) -> str:
    described = {"client_name": "Desk " + "x" * 70, "redirect_uris": [REDIRECT], "token_endpoint_auth_method": "none"}
    async with httpx2.AsyncClient() as http:
        return str((await http.post(f"{team.issuer}/register", json=described)).json()["client_id"])


async def test_a_person_connects_a_program_and_ends_it_again_by_keyboard_on_a_phone(
    team: Served, browser: Drive
) -> None:
    person, client_id, proof = Person(browser), await register(team), Proof()
    await person("POST", "/window/rect", PHONE)
    query = {"response_type": "code", "client_id": client_id, "redirect_uri": REDIRECT, "state": "s"}
    query |= {"code_challenge": proof.challenge, "code_challenge_method": "S256"}
    await person("POST", "/url", {"url": f"{team.issuer}/authorize?{urlencode(query)}"})
    assert "wants to work in Salesforce as you" in (await person.look())["text"]

    await person.press("Continue to Salesforce")
    await person.allow()
    back = await person.until(lambda url: url.startswith(REDIRECT))
    answer = {name: values[0] for name, values in parse_qs(urlsplit(back).query).items()}
    form = {"grant_type": "authorization_code", "code": answer["code"], "client_id": client_id}
    async with httpx2.AsyncClient() as http:
        tokens = (await http.post(f"{team.issuer}/token", data=form | {"code_verifier": proof.verifier})).json()
    assert await team.logins.person_of(tokens["access_token"])

    await person("POST", "/url", {"url": f"{team.issuer}/connections"})
    await person.look()
    await person.press("Log in with Salesforce")
    await person.allow()
    await person.until(lambda url: url == f"{team.issuer}/connections")
    seen = await person.look()
    assert team.org.credentials.username in seen["text"]
    assert json.dumps(tokens["access_token"]) not in seen["text"]
    await person.press(f"End Desk {'x' * 70}")
    ends = time.monotonic() + PATIENCE_S
    while "No program is connected as you" not in (seen := await person.look())["text"]:
        assert time.monotonic() < ends, seen
        await anyio.sleep(0.05)
    team.time.now += 6
    assert await team.logins.person_of(tokens["access_token"]) is None
