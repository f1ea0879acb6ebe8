"""The agenda in a host: series, the time now, the keyboard, and the colours of high contrast."""

from datetime import UTC, datetime

import pytest
from mcp import Client

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.salesforce import AsgiTransport
from mcp_salesforce.server import create_server
from tests.clients.test_login_browser import Drive, browser
from tests.conftest import settings_of
from tests.views.probe import Probe
from tests.views.viewing import View, in_a_host, opened

__all__ = ["browser"]

pytestmark = [pytest.mark.clients, pytest.mark.slow]

LIST = "salesforce_list_appointments"
WEEK = {"name": LIST, "arguments": {"start": "2026-11-23", "end": "2026-11-27", "limit": 2000}}
DAILY = {
    "Subject": "Stand-up",
    "StartDateTime": "2026-11-23T14:00:00Z",
    "DurationInMinutes": 15,
    "Recurrence2PatternText": "RRULE:FREQ=DAILY;COUNT=3",
    "time_zone": "America/New_York",
}
BUTTON = "const at = document.activeElement; return at.matches('button') ? at.ariaLabel || at.innerText : ''"
FOCUS = "return document.activeElement.innerText"


async def test_appointments_of_a_series_are_marked(mcp: Client, browser: Drive) -> None:
    marked = "return [...document.querySelectorAll('.event')].filter(each => each.innerText.includes('repeats'))"

    def steps(view: View, probe: Probe) -> None:
        probe.call({"name": "salesforce_create_appointment", "arguments": {"data": DAILY, "allow_conflict": True}})
        opened(browser, view, probe.address("agenda", WEEK))
        view.until(lambda: view.script(f"{marked}.length") == 3)
        assert all("Stand-up" in each for each in view.script(f"{marked}.map(each => each.innerText)"))
        view.until_text("Board meeting")  # which does not repeat

    await in_a_host(mcp, browser, steps)


async def test_a_line_stands_at_the_time_that_the_server_says(org: LocalOrg, browser: Drive) -> None:
    hours = "return [...document.querySelectorAll('.hours bdi')].map(each => parseInt(each.innerText))"
    line = "const line = document.querySelector('.now'); return line && [parseFloat(line.style.top), line.innerText]"

    def steps(view: View, probe: Probe) -> None:
        opened(browser, view, probe.address("agenda", WEEK))
        share, text = view.until(lambda: view.script(line))
        first, *_, last = view.script(hours)
        assert text == "Now: 10:30"
        assert share == pytest.approx((10.5 - first) / (last + 1 - first) * 100)
        assert view.script("return document.querySelectorAll('.now').length") == 1

    now = datetime(2026, 11, 24, 15, 30, tzinfo=UTC)
    server = create_server(settings_of(org), transport=AsgiTransport(org.app), now=lambda: now)
    async with Client(server) as client:
        await in_a_host(client, browser, steps)


async def test_the_agenda_is_used_at_the_keyboard_alone(mcp: Client, browser: Drive) -> None:
    def steps(view: View, probe: Probe) -> None:
        def tab_to(text: str) -> None:
            for _ in range(60):
                if text in view.script(BUTTON):
                    return
                view.type_key("Tab")
            raise AssertionError(text)

        opened(browser, view, probe.address("agenda", WEEK))
        view.until_text("Board meeting", "Today")
        tab_to("Board meeting")
        view.type_key("Enter")
        view.until(lambda: view.script(FOCUS) == "Close")
        view.until(lambda: "Loading" not in view.text())
        view.type_key("Escape")
        assert "Board meeting" in view.until(lambda: view.script(FOCUS))

        view.script("document.activeElement.blur()")
        tab_to("Next week")
        view.type_key("Enter")
        view.until_text("30 Nov")
        tab_to("Month")
        view.type_key(" ")
        view.until_text("November 2026")

    await in_a_host(mcp, browser, steps)


async def test_in_high_contrast_each_appointment_has_a_border(mcp: Client, browser: Drive) -> None:
    edges = "return [...document.querySelectorAll('.event')].map(each => getComputedStyle(each).borderTopWidth)"

    def steps(view: View, probe: Probe) -> None:
        features = [{"name": "forced-colors", "value": "active"}, {"name": "prefers-reduced-motion", "value": "reduce"}]
        browser("POST", "/goog/cdp/execute", {"cmd": "Emulation.setEmulatedMedia", "params": {"features": features}})
        opened(browser, view, probe.address("agenda", WEEK))
        view.until_text("Board meeting", "Today")
        assert view.script("return matchMedia('(forced-colors: active)').matches")
        assert {*view.script(edges)} == {"1px"}
        assert view.violations() == []
        assert view.complaints() == []

    await in_a_host(mcp, browser, steps)
