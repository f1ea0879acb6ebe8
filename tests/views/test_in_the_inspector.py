"""Views in a host that others wrote, the MCP Inspector: with an opaque origin, and a policy of its own."""

import asyncio
import base64
import json
import os
import re
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from mcp import Client

from tests.cli.processes import END_S
from tests.clients.conftest import installed, node
from tests.clients.test_login_browser import Drive, browser
from tests.views.test_import_in_a_host import IMPORT, TABLE, typed
from tests.views.test_in_a_host import CREATE, booked_by_a_click
from tests.views.viewing import View

__all__ = ["browser", "installed", "node"]

pytestmark = [pytest.mark.clients, pytest.mark.slow]

LAUNCHER = "@modelcontextprotocol/inspector/clients/launcher/build/index.js"
DAY = "2100-03-02"
OPEN = "return [...document.querySelectorAll('button')].find((each) => each.innerText.trim() === 'Open App')"
CONNECTED = """return document.querySelector('[data-testid="connection-status"][data-status="connected"]') !== null"""


@dataclass(frozen=True)
class Inspector:
    """A running Inspector, and the address of the server that it shows."""

    page: str
    token: str
    server: str

    def show(self, browser: Drive, view: View, tool: str, arguments: dict[str, Any]) -> None:
        """Open a tool's view with the answer to a call, and enter it: it lies in a frame of a frame."""
        view.leave()
        given = base64.urlsafe_b64encode(json.dumps(arguments).encode()).decode().rstrip("=")
        link = f"serverUrl={quote(self.server, safe='')}&transport=http&autoConnect={self.token}"
        browser("POST", "/url", {"url": f"{self.page}/?{link}&openApp={tool}&appArgs={given}"})
        view.until(lambda: view.script(CONNECTED))
        view.until(lambda: view.script(OPEN))
        view.script(f"{OPEN}.click()")
        for _ in ("the sandbox", "the view"):
            view.until(lambda: view.script("return document.querySelector('iframe') !== null"))
            view.enter()


@contextmanager
def started(words: list[str], environment: dict[str, str], ready: str, folder: Path) -> Iterator[str]:
    """Run a program, and give the address that it prints; its output goes to a file, which never fills up."""
    log = folder / f"{Path(words[0]).name}.log"
    with (
        log.open("w") as output,
        subprocess.Popen(words, env=environment, cwd=folder, stdout=output, stderr=output) as process,
    ):
        try:
            deadline = time.monotonic() + END_S
            while not (found := re.search(ready, log.read_text())):
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.05)
            yield found[0]
        finally:
            process.kill()


@pytest.fixture
def inspector(node: Path, installed: Callable[[str], Path], tmp_path: Path) -> Iterator[Inspector]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("SALESFORCE_")}
    environment = own | {"HOME": str(tmp_path), "SALESFORCE_TOOLSETS": "default, files"}
    serve = [sys.executable, "-m", "mcp_salesforce", "serve", "--demo", "--file", str(tmp_path / "org.db")]
    with started([*serve, "--http", "--port", "0"], environment, r"http://127\.0\.0\.1:\d+/mcp", tmp_path) as server:
        token, port = secrets.token_hex(24), free_port()
        settings = {
            "HOST": "127.0.0.1",
            "CLIENT_PORT": str(port),
            "MCP_SANDBOX_PORT": str(free_port()),
            "MCP_AUTO_OPEN_ENABLED": "false",
            "MCP_INSPECTOR_API_TOKEN": token,
            "MCP_INSPECTOR_SECRET_STORE": "memory",
        }
        words = [str(node), str(installed(LAUNCHER)), "--web"]
        with started(words, environment | settings, rf"http://127\.0\.0\.1:{port}", tmp_path) as page:
            yield Inspector(page, token, server)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def refused_by_policy(view: View) -> list[str]:
    return [each for each in view.complaints() if "Content Security Policy" in each]


async def book(server: str, subject: str, start: str) -> None:
    async with Client(server) as client:
        data = {"Subject": subject, "StartDateTime": start, "DurationInMinutes": 30}
        assert not (await client.call_tool(CREATE, {"data": data})).is_error


def test_free_times_are_booked_or_refused_and_the_agenda_shows_it(inspector: Inspector, browser: Drive) -> None:
    view = View(browser)
    window = {"start": DAY, "end": DAY}
    inspector.show(browser, view, "salesforce_find_free_times", {**window, "calendars": ["me"], "duration_minutes": 30})
    first = "return document.querySelector('.slots button:enabled')?.ariaLabel"
    taken = view.until(lambda: view.script(first))
    assert "Tuesday" in taken

    asyncio.run(book(inspector.server, "Quicker", f"{DAY}T14:00:00Z"))  # at nine in New York
    booked_by_a_click(browser, view, "Too late")
    said = view.until(lambda: view.script("return document.querySelector('[role=alert]')?.innerText"))
    assert "taken" in said
    view.until(lambda: view.script(first) not in {None, taken})

    booked_by_a_click(browser, view, "Fitting")
    view.until_text("Booked: Fitting")

    inspector.show(browser, view, "salesforce_list_appointments", {**window, "owner_id": "me"})
    view.until_text("Quicker", "Fitting", "Times in America/New_York")
    assert "Too late" not in view.text()
    assert refused_by_policy(view) == []


def test_an_import_is_corrected_there(inspector: Inspector, browser: Drive) -> None:
    view = View(browser)
    inspector.show(browser, view, IMPORT, TABLE["arguments"])
    view.until_text("Send 1 row", "b@@c")
    typed(browser, view, "New value of Email in row 4", "quill@acme.example")
    view.press("Check the corrections")
    view.until_text("Send 2 rows")
    assert refused_by_policy(view) == []
