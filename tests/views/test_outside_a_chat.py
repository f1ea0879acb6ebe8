"""`mcp-salesforce view` in Chromium: the views of a chat for people whose host has none."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mcp_salesforce.localorg import LocalOrg
from tests.cli.processes import END_S
from tests.cli.test_export import settings_for
from tests.cli.test_view import view as invoke
from tests.clients.test_login_browser import Drive, browser
from tests.pictures.drawn import blocks
from tests.tools.events import timed
from tests.views.test_in_a_host import booked_by_a_click
from tests.views.viewing import View

__all__ = ["browser"]

pty = pytest.importorskip("pty", reason="a terminal of POSIX")
pytestmark = [pytest.mark.clients, pytest.mark.slow]

DAY = "2100-03-02"


class Terminal:
    """A command with a terminal of its own."""

    def __init__(self, process: int, terminal: int) -> None:
        self._process, self._terminal = process, terminal
        self.shown = ""

    def until(self, text: str) -> None:
        deadline = time.monotonic() + END_S
        while text not in self.shown:
            assert time.monotonic() < deadline, self.shown
            self.shown += os.read(self._terminal, 4096).decode()

    def type(self, text: str) -> None:
        os.write(self._terminal, text.encode())

    def ended(self) -> int:
        return os.waitstatus_to_exitcode(os.waitpid(self._process, 0)[1])


@contextmanager
def at_a_terminal(environment: dict[str, str], *words: str) -> Iterator[Terminal]:
    process, terminal = pty.fork()
    if process == 0:
        os.execve(sys.executable, [sys.executable, "-m", "mcp_salesforce", *words], os.environ | environment)  # noqa: S606
    try:
        yield Terminal(process, terminal)
    finally:
        os.close(terminal)  # which hangs up: no command stays


@contextmanager
def without_a_terminal(environment: dict[str, str], *words: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "mcp_salesforce", *words]
    with subprocess.Popen(
        command, env=os.environ | environment, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()  # it waits for its page as long as one is open


@pytest.fixture
def environment(org: LocalOrg, tmp_path: Path) -> Iterator[dict[str, str]]:
    with org.listening() as url:
        yield settings_for(org, url, tmp_path)


def test_an_agenda_is_shown_until_its_page_is_closed(
    org: LocalOrg, environment: dict[str, str], browser: Drive
) -> None:
    timed(org, "Visit", f"{DAY}T15:00:00Z", 30)
    timed(org, "Review", f"{DAY}T16:00:00Z", 30, OwnerId=org.user("jonas"))
    view = View(browser)
    words = ("view", "agenda", "--start", DAY, "--theme", "dark", "--no-browser")
    with without_a_terminal(environment, *words) as process:
        assert process.stderr
        address = next(line.strip() for line in process.stderr if line.startswith("http://127.0.0.1:"))
        browser("POST", "/url", {"url": address})
        view.enter()
        view.until_text("Visit", "Times in America/New_York")
        assert "Review" not in view.text()
        assert view.script("return getComputedStyle(document.documentElement).colorScheme") == "dark"
        view.leave()
        address = browser("GET", "/url")
        assert "#" not in address
        assert view.complaints() == []
        browser("POST", "/url", {"url": "about:blank"})
        assert process.wait(END_S) == 0
        assert process.stderr.read() == "Ended.\n"


def test_a_booking_is_approved_and_declined_at_the_terminal(
    environment: dict[str, str], browser: Drive, tmp_path: Path
) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text('[objects.Event]\napprove = ["create"]\n')
    view = View(browser)
    words = ("view", "free", "--start", DAY, "--days", "1", "--no-browser")
    with at_a_terminal(environment | {"SALESFORCE_POLICY": str(policy)}, *words) as terminal:
        terminal.until("127.0.0.1:")
        terminal.until("\r\n")
        browser("POST", "/url", {"url": next(word for word in terminal.shown.split() if word.startswith("http://"))})
        for subject, answer, said in (("Not this", "d", "declined"), ("Fitting", "a", "Booked: Fitting")):
            view.enter()
            view.until(lambda: view.script("return document.querySelector('.slots button:enabled') !== null"))
            booked_by_a_click(browser, view, subject)
            terminal.until(f'These are: "{subject}"')
            view.leave()
            view.until_text(subject, "Answer this in the terminal")
            terminal.type(f"{answer}\n")
            view.enter()
            view.until_text(said)
            view.leave()
        terminal.type("\x03")
        terminal.until("Ended.")
        assert terminal.ended() == 0
    picture = invoke(environment, "agenda", "--start", DAY, "--days", "1", "--svg", "-").stdout
    assert [each.title.partition(": ")[2] for each in blocks(picture)] == ["Fitting, Nora Quill"]
