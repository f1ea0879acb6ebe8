"""The local org's pages in a real browser: by keyboard, light and dark, as narrow as a small phone, checked by axe."""

import json
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.localorg.explorer import Explorer
from mcp_salesforce.localorg.listener import listening
from tests.cli.processes import END_S
from tests.clients.test_login_browser import ELEMENT, Drive, browser

__all__ = ["browser"]

pytestmark = [pytest.mark.clients, pytest.mark.slow]
TAB, ENTER = "\ue004", "\ue007"
CHECK = "return axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})"
SHOWN = "return document.body ? document.body.innerText : ''"
WIDTHS = "return [document.documentElement.scrollWidth, innerWidth]"


@pytest.fixture
def address(org: LocalOrg) -> Iterator[str]:
    with listening(Explorer(org)) as address:
        yield address


def command(browser: Drive, name: str, **parameters: Any) -> None:
    browser("POST", "/goog/cdp/execute", {"cmd": name, "params": parameters})


def type_keys(browser: Drive, keys: str) -> None:
    actions = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
    browser("POST", "/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": actions}]})


def reach(browser: Drive, label: str) -> None:
    """Go by Tab to the element with this text or id."""
    for _ in range(40):
        type_keys(browser, TAB)
        at = f"/element/{browser('GET', '/element/active')[ELEMENT]}"
        if label in {browser("GET", f"{at}/text"), browser("GET", f"{at}/attribute/id")}:
            return
    raise AssertionError(f"the keyboard does not reach {label}")


def wait_for(browser: Drive, phrase: str) -> None:
    """Wait until the page shows a text: a key that follows a link does not wait for the next page."""
    ends = time.monotonic() + END_S
    while phrase not in (shown := str(browser("POST", "/execute/sync", {"script": SHOWN, "args": []}))):
        assert time.monotonic() < ends, shown
        time.sleep(0.02)


def test_every_page_is_accessible_light_and_dark_narrow_and_wide(
    org: LocalOrg, address: str, browser: Drive, installed: Callable[[str], Path]
) -> None:
    axe = installed("axe-core/axe.min.js").read_text(encoding="utf-8")
    token = org.credentials.access_token
    query = f"{address}/services/data/v60.0/query?q=SELECT+Id,Name+FROM+Contact+LIMIT+200"
    asked = urllib.request.Request(query, headers={"Authorization": f"Bearer {token}"})  # noqa: S310 - loopback
    with urllib.request.urlopen(asked, timeout=60) as answer:  # noqa: S310 - as above
        contact = json.load(answer)["records"][0]["Id"]
    pages = (
        "/",
        "objects/Contact",
        "objects/Contact?search=a",
        f"records/{contact}",
        "calls",
        "calls/1",
        "faults",
        "no",
    )

    for scheme in ("light", "dark"):
        command(browser, "Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        for width in (320, 1400):
            size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
            command(browser, "Emulation.setDeviceMetricsOverride", **size)
            for page in pages:
                browser("POST", "/url", {"url": f"{address}/{'' if page == '/' else f'_local/explorer/{page}'}"})
                content, window = browser("POST", "/execute/sync", {"script": WIDTHS, "args": []})
                assert content <= window == width, (page, width)
                browser("POST", "/execute/sync", {"script": axe, "args": []})
                found = browser("POST", "/execute/sync", {"script": CHECK, "args": []})
                broken = [(each["id"], each["nodes"][0]["html"]) for each in found["violations"]]
                assert broken == [], (page, width, scheme)
                assert len(found["passes"]) > 10


def test_a_person_finds_a_record_and_switches_a_fault_by_keyboard(org: LocalOrg, address: str, browser: Drive) -> None:
    browser("POST", "/url", {"url": f"{address}/"})
    reach(browser, "Contacts")
    type_keys(browser, ENTER)
    wait_for(browser, "Search in all fields")
    reach(browser, "search")
    type_keys(browser, f"Eriksen{ENTER}")
    wait_for(browser, "with “Eriksen” in any field")
    reach(browser, "Saskia Eriksen")
    type_keys(browser, ENTER)
    wait_for(browser, "Related records")

    reach(browser, "Faults")
    type_keys(browser, ENTER)
    wait_for(browser, "What happens")
    reach(browser, "Switch on")
    type_keys(browser, ENTER)
    wait_for(browser, "The next call: 503 with an HTML page.")
    assert [each.kind for each in org.faults.pending] == ["unavailable"]
    reach(browser, "Switch off unavailable")
    type_keys(browser, ENTER)
    wait_for(browser, "None.")
    assert org.faults.pending == []


def test_the_form_of_another_page_on_this_machine_changes_nothing(org: LocalOrg, address: str, browser: Drive) -> None:
    """A page on another port is same-site, so no cookie rule would stop it."""
    form = (
        f"<title>x</title><form method=post action='{address}/_local/explorer/faults'>"
        "<input name=do value=add><input name=kind value=unavailable><button>go</button></form>"
    )

    async def other(_scope: Any, _receive: Any, send: Any) -> None:
        head = {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/html")]}
        await send(head)
        await send({"type": "http.response.body", "body": form.encode()})

    with listening(other) as elsewhere:
        browser("POST", "/url", {"url": elsewhere})
        reach(browser, "go")
        type_keys(browser, ENTER)
        wait_for(browser, "Another site sent this form")
    assert org.faults.pending == []
