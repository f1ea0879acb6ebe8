"""How tests look at views: in the probe's page, in Chromium, over WebDriver."""

import asyncio
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from mcp import Client

from mcp_salesforce.views import html_of, manifest
from tests.cli.processes import END_S
from tests.clients.test_login_browser import ELEMENT, Drive
from tests.views.probe import Probe, probe_of

AXE = Path(__file__).parents[2] / "views" / "node_modules" / "axe-core" / "axe.min.js"
CHECK = "const done = arguments[0]; axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa']}).then("
CHECK += "found => done(found.violations.map(({id, nodes}) => `${id}: ${nodes.map(node => node.html).join(' ')}`)))"
KEYS = {
    "Tab": "\ue004",
    "Enter": "\ue007",
    "Shift": "\ue008",
    "Escape": "\ue00c",
    "ArrowLeft": "\ue012",
    "ArrowUp": "\ue013",
    "ArrowRight": "\ue014",
    "ArrowDown": "\ue015",
}
BACKS = {"light": "rgb(255, 255, 255)", "dark": "rgb(28, 28, 31)"}


class View:
    """A view in the probe's page, driven over WebDriver."""

    def __init__(self, browser: Drive) -> None:
        self._browser = browser

    def script(self, text: str, *arguments: Any) -> Any:
        return self._browser("POST", "/execute/sync", {"script": text, "args": arguments})

    def enter(self) -> None:
        frame = self._browser("POST", "/element", {"using": "css selector", "value": "iframe"})
        self._browser("POST", "/frame", {"id": frame})

    def leave(self) -> None:
        self._browser("POST", "/frame", {"id": None})

    def text(self) -> str:
        return str(self.script("return document.body.innerText"))

    def until(self, is_so: Callable[[], Any]) -> Any:
        deadline = time.monotonic() + END_S
        while not (found := is_so()):
            assert time.monotonic() < deadline, self.text()
            time.sleep(0.05)
        return found

    def until_text(self, *texts: str) -> None:
        self.until(lambda: all(text in self.text() for text in texts))

    def press(self, text: str) -> None:
        found = {"using": "xpath", "value": f"//button[contains(., '{text}') or contains(@aria-label, '{text}')]"}
        element = self._browser("POST", "/element", found)[ELEMENT]
        self.script("arguments[0].click()", {ELEMENT: element})

    def type_key(self, *keys: str) -> None:
        """Press and release keys, which go to what has the focus: `Enter`, `Tab`, `Shift+Tab` or a letter."""
        actions: list[dict[str, str]] = []
        for key in keys:
            pressed = [KEYS.get(part, part) for part in key.split("+")]
            actions += [{"type": "keyDown", "value": value} for value in pressed]
            actions += [{"type": "keyUp", "value": value} for value in reversed(pressed)]
        self._browser("POST", "/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": actions}]})

    def violations(self) -> list[str]:
        self.script(AXE.read_text("utf-8"))
        found: list[str] = self._browser("POST", "/execute/async", {"script": CHECK, "args": []})
        return found

    def complaints(self) -> list[str]:
        """Return what the browser has logged since the last time: errors, and what the CSP has refused."""
        return [entry["message"] for entry in self._browser("POST", "/se/log", {"type": "browser"})]


async def in_a_host(mcp: Client, browser: Drive, steps: Callable[[View, Probe], None]) -> None:
    """Run `steps`, which wait, beside the server."""
    with probe_of(mcp, {view: html_of(view) for view in manifest()}) as probe:
        await asyncio.to_thread(partial(steps, View(browser), probe))


def opened(browser: Drive, view: View, address: str) -> None:
    browser("POST", "/url", {"url": address})
    view.enter()


def find_no_fault(browser: Drive, view: View, probe: Probe, shown: str, call: dict[str, Any], *texts: str) -> None:
    """See a view in each theme, direction and width: axe finds nothing, nothing is cut off, the browser is content."""
    if not AXE.exists():
        pytest.skip("axe-core is not installed: npm install --no-package-lock --prefix views")
    for theme, back in BACKS.items():
        for locale in ("en-US", "he-IL"):
            for width in (320, 1400):
                context = {"theme": theme, "locale": locale}
                opened(browser, view, probe.address(shown, call, width=width, context=context))
                view.until_text(*texts)
                seen = theme, locale, width
                assert view.script("return getComputedStyle(document.documentElement).backgroundColor") == back, seen
                assert view.violations() == [], seen
                assert view.script("return document.documentElement.scrollWidth") <= width, seen
    assert view.complaints() == []
