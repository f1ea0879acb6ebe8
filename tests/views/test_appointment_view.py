"""The view of one appointment, in Chromium: moved and closed, and what would change is shown first."""

from typing import Any

import pytest
from mcp import Client

from tests.clients.test_login_browser import ELEMENT, Drive, browser
from tests.views.probe import Probe
from tests.views.viewing import AXE, KEYS, View, in_a_host, opened

__all__ = ["browser"]

pytestmark = [pytest.mark.clients, pytest.mark.slow]

GET, UPDATE, CLOSE, UNDO = (
    f"salesforce_{name}" for name in ("get_appointment", "update_appointment", "close_appointment", "undo")
)
CHECK_IN = {"name": GET, "arguments": {"event_id": "00Ulo000000002yEAA"}}
"""Nora's project check-in, on 24 November from 10:15 to 10:45 in New York; she is taken from 9:00 to 9:45."""
ALERT = "return document.querySelector('[role=alert]')?.innerText"


def writes(probe: Probe) -> list[dict[str, Any]]:
    """What the view has asked of tools that write, without the previews."""
    tools = [call for call in probe.calls if call["name"] in {UPDATE, CLOSE, UNDO}]
    return [call for call in tools if not call["arguments"].get("preview")]


def element(browser: Drive, selector: str) -> str:
    found: str = browser("POST", "/element", {"using": "css selector", "value": selector})[ELEMENT]
    return found


def press_keys(browser: Drive, selector: str, keys: str) -> None:
    """Type into the element as a person does; it must have the focus by then."""
    for key in keys:
        browser("POST", f"/element/{element(browser, selector)}/value", {"text": key})


async def test_an_appointment_is_moved_by_keyboard_after_a_conflict_was_shown_and_the_move_is_undone(
    mcp: Client, browser: Drive
) -> None:
    def steps(view: View, probe: Probe) -> None:
        opened(browser, view, probe.address("appointment", CHECK_IN))
        view.until_text(
            "Project check-in", "Gideon Marchetti", "Phone", "Contract renewal", "Times in America/New_York"
        )
        press_keys(browser, ".mine", KEYS["ArrowUp"] * 4 + KEYS["Enter"])
        refused = view.until(lambda: view.script(ALERT))
        assert refused.startswith("Taken (America/New_York): Tuesday 2026-11-24 09:00-09:45 Contract renewal")
        assert "allow_conflict" not in view.text()
        assert writes(probe) == []

        view.press("Free: Tuesday 24 November, 9:45")
        view.until_text("Before", "After", "Tuesday 24 November 2026, 10:15", "Tuesday 24 November 2026, 9:45")
        assert writes(probe) == []
        view.press("Move")
        view.until_text("Done: move.", "Undo")
        view.until_text("When\nTuesday 24 November, 9:45")
        (moved,) = writes(probe)
        assert moved["arguments"]["data"] == {"StartDateTime": "2026-11-24T09:45:00", "time_zone": "America/New_York"}

        view.press("Undo")
        view.until_text("Undone.", "When\nTuesday 24 November, 10:15")
        assert view.complaints() == []

    await in_a_host(mcp, browser, steps)


async def test_a_drag_asks_the_server_first_and_a_person_can_leave_it_as_it_is(mcp: Client, browser: Drive) -> None:
    def steps(view: View, probe: Probe) -> None:
        browser("POST", "/window/rect", {"width": 1500, "height": 1100})
        opened(browser, view, probe.address("appointment", CHECK_IN))
        view.until_text("Contract renewal")
        hour = view.script("return document.querySelector('.column').clientHeight / 10")
        own = {ELEMENT: element(browser, ".mine")}
        there = {"type": "pointerMove", "duration": 0, "origin": own}
        actions = [
            {**there, "x": 0, "y": 0},
            {"type": "pointerDown", "button": 0},
            {**there, "origin": "pointer", "x": 0, "y": round(hour * 3)},
            {"type": "pointerUp", "button": 0},
        ]
        browser("POST", "/actions", {"actions": [{"type": "pointer", "id": "mouse", "actions": actions}]})
        view.until_text("Tuesday 24 November 2026, 13:15", "New time: Tuesday 24 November, 13:15")
        view.press("Leave it as it is")
        view.until(lambda: "New time" not in view.text())
        assert writes(probe) == []
        assert [call["arguments"]["preview"] for call in probe.calls if call["name"] == UPDATE] == [True]

    await in_a_host(mcp, browser, steps)


async def test_an_appointment_is_cancelled_with_its_reason(mcp: Client, browser: Drive) -> None:
    def steps(view: View, probe: Probe) -> None:
        opened(browser, view, probe.address("appointment", CHECK_IN, isStripped=True, width=320))
        view.until_text("Project check-in")
        chosen = "const choice = document.querySelector('[aria-label^=Close] select'); choice.value = 'cancelled';"
        view.script(chosen + "choice.dispatchEvent(new Event('change', {bubbles: true}))")
        press_keys(browser, "input[maxlength='4000']", "Ill")
        view.press("Show what this changes")
        view.until_text("Cancelled: Ill", "Cancelled: Project check-in")
        assert writes(probe) == []
        view.press("Cancel the appointment")
        view.until_text("Done: cancel the appointment.")
        (closed,) = writes(probe)
        assert closed["arguments"] == {
            "event_id": CHECK_IN["arguments"]["event_id"],  # type: ignore[index]  # a dict of dicts
            "outcome": "cancelled",
            "reason": "Ill",
        }

    await in_a_host(mcp, browser, steps)


async def test_axe_finds_nothing_in_an_appointment_nor_in_the_question_about_a_move(
    mcp: Client, browser: Drive
) -> None:
    if not AXE.exists():
        pytest.skip("axe-core is not installed: npm install --no-package-lock --prefix views")

    def steps(view: View, probe: Probe) -> None:
        for theme, locale, width in (("light", "en-US", 1400), ("dark", "he-IL", 320), ("light", "de-DE", 320)):
            context = {"theme": theme, "locale": locale}
            opened(browser, view, probe.address("appointment", CHECK_IN, width=width, context=context))
            view.until_text("Contract renewal")
            assert view.violations() == [], (theme, locale, width)
            press_keys(browser, ".mine", KEYS["ArrowUp"] * 4 + KEYS["Enter"])
            view.until(lambda: view.script(ALERT))
            view.press("Look at it with the overlap")
            view.until_text("Taken (America/New_York)", "Before", "Move")
            assert view.violations() == [], (theme, locale, width)
            assert view.script("return document.documentElement.scrollWidth") <= width
        assert view.complaints() == []

    await in_a_host(mcp, browser, steps)
