"""`login` in a real browser: Chromium, driven over WebDriver, allows and denies on the consent page."""

import json
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from mcp_salesforce.localorg import LocalOrg
from tests.cli.processes import END_S, run
from tests.cli.test_login import address, home, logging_in

__all__ = ["address", "home"]

pytestmark = [pytest.mark.clients, pytest.mark.slow]

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"

Drive = Callable[..., Any]


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Drive]:
    """A session of a headless Chromium: call it with a method, a path below the session, and a body."""
    if shutil.which("chromium") is None or shutil.which("chromedriver") is None:
        pytest.skip("chromium and chromedriver are not installed")
    with driving(tmp_path) as drive:
        yield drive


@contextmanager
def driving(folder: Path) -> Iterator[Drive]:
    """A session of a headless Chromium, which keeps its files in a folder; it must be installed."""
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    assert chromium
    assert driver
    with subprocess.Popen([driver, "--port=0"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        ready = next(line for line in process.stdout if "started successfully on port" in line)
        base = f"http://127.0.0.1:{ready.strip().rstrip('.').rpartition(' ')[2]}/session"

        def drive(method: str, path: str, body: Any = None) -> Any:
            data = None if body is None else json.dumps(body).encode()
            request = urllib.request.Request(base + path, data=data, method=method)  # noqa: S310 - an address of this test
            with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - an address of this test
                return json.loads(answer.read())["value"]

        options = {"binary": chromium, "args": [*FLAGS, f"--user-data-dir={folder / 'chromium'}"]}
        wanted = {
            "browserName": "chrome",
            "acceptInsecureCerts": True,
            "goog:chromeOptions": options,
            "goog:loggingPrefs": {"browser": "ALL"},
        }
        session = f"/{drive('POST', '', {'capabilities': {'alwaysMatch': wanted}})['sessionId']}"
        try:
            yield lambda method, path, body=None: drive(method, session + path, body)
        finally:
            with suppress(OSError):
                drive("DELETE", session)
            process.terminate()


def press(browser: Drive, url: str, decision: str) -> str:
    """Open the consent page, press a button, and return the text of the page that follows."""
    browser("POST", "/url", {"url": url})
    found = browser("POST", "/element", {"using": "css selector", "value": f"button[value={decision}]"})
    browser("POST", f"/element/{found[ELEMENT]}/click", {})
    deadline = time.monotonic() + END_S
    while "/callback?" not in browser("GET", "/url"):
        assert time.monotonic() < deadline, browser("GET", "/source")
        time.sleep(0.05)
    body = browser("POST", "/element", {"using": "css selector", "value": "body"})
    text: str = browser("GET", f"/element/{body[ELEMENT]}/text")
    return text


def test_a_user_allows_the_access_in_a_browser(org: LocalOrg, home: Path, address: str, browser: Drive) -> None:
    with logging_in(org, home, "--instance-url", address) as (process, url):
        assert "You can close this page" in press(browser, url, "allow")
        output, errors = process.communicate(timeout=END_S)

    assert process.returncode == 0, errors
    assert f"Logged in to {address} as {org.credentials.username}." in output
    assert [entry["alias"] for entry in json.loads(run("orgs", "--json", cwd=home).stdout)] == ["default"]


def test_a_user_denies_the_access_in_a_browser(org: LocalOrg, home: Path, address: str, browser: Drive) -> None:
    with logging_in(org, home, "--instance-url", address) as (process, url):
        press(browser, url, "deny")
        _, errors = process.communicate(timeout=END_S)

    assert process.returncode == 1
    assert "Access was not allowed: access_denied" in errors
