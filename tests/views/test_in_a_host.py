"""Views in a host, in Chromium: what people see, what the view asks, and what axe says of it."""

import pytest
from mcp import Client

from tests.clients.test_login_browser import ELEMENT, Drive, browser
from tests.views.probe import Probe
from tests.views.viewing import View, find_no_fault, in_a_host, opened

__all__ = ["browser"]

pytestmark = [pytest.mark.clients, pytest.mark.slow]

WEEK = {
    "name": "salesforce_list_appointments",
    "arguments": {"start": "2026-11-23", "end": "2026-11-27", "limit": 2000},
}
BUSY = {
    "name": "salesforce_get_free_busy",
    "arguments": {"calendars": ["me", "Harbour Room"], "start": "2026-11-26", "end": "2026-11-26"},
}
FREE = {
    "name": "salesforce_find_free_times",
    "arguments": {
        "calendars": ["me", "Harbour Room"],
        "duration_minutes": 30,
        "start": "2026-11-24",
        "end": "2026-11-25",
    },
}
CREATE = "salesforce_create_appointment"


async def test_an_agenda_shows_the_days_of_the_call_and_the_details_of_an_appointment(
    mcp: Client, browser: Drive
) -> None:
    def steps(view: View, probe: Probe) -> None:
        opened(browser, view, probe.address("agenda", WEEK))
        view.until_text("Company anniversary", "Board meeting", "Times in America/New_York", "Today")
        asked = ["salesforce_query", "salesforce_whoami"]
        view.until(lambda: [WEEK["name"], *asked] == sorted(call["name"] for call in probe.calls))

        view.press("Board meeting")
        view.until_text("Calendar", "Harbour Room")
        view.until(lambda: "Loading" not in view.text())
        assert probe.calls[-1]["name"] == "salesforce_get_appointment"

        view.press("Month")
        view.until_text("November 2026", "more")
        listed = [call["arguments"] for call in probe.calls if call["name"] == WEEK["name"]]
        assert listed[1:] == [{"start": "2026-10-26", "end": "2026-12-06", "limit": 2000}]

        view.leave()
        sizes = view.script("return seen.filter(({method}) => method === 'ui/notifications/size-changed').length")
        assert sizes > 0
        view.script("tearDown(); notify('ui/notifications/host-context-changed', {theme: 'dark'})")
        view.until(lambda: view.script("return seen.some(({id, result}) => id === 'end' && result)"))
        view.enter()
        view.until(lambda: view.script("return getComputedStyle(document.documentElement).colorScheme") == "dark")
        assert view.complaints() == []

    await in_a_host(mcp, browser, steps)


async def test_people_and_rooms_stand_side_by_side_with_private_times_as_blocks(mcp: Client, browser: Drive) -> None:
    def steps(view: View, probe: Probe) -> None:
        opened(browser, view, probe.address("agenda", BUSY))
        view.until_text("Nora Quill", "Harbour Room", "Product demonstration", "Busy")
        heads = "return [...document.querySelectorAll('.head')].map(head => head.innerText)"
        assert view.script(heads) == ["Nora Quill", "Harbour Room"]

        view.press("Harbour Room")
        view.until(lambda: len(view.script(heads)) == 1)

    await in_a_host(mcp, browser, steps)


@pytest.mark.parametrize("is_opaque", [False, True])
async def test_a_view_whose_data_a_host_strips_asks_the_server_itself(
    mcp: Client, browser: Drive, is_opaque: bool
) -> None:
    def steps(view: View, probe: Probe) -> None:
        opened(browser, view, probe.address("agenda", WEEK, isStripped=True, isOpaque=is_opaque))
        view.until_text("Company anniversary", "Board meeting")
        assert [call["name"] for call in probe.calls].count(WEEK["name"]) == 2

    await in_a_host(mcp, browser, steps)


async def test_a_refusal_is_shown_as_the_server_words_it(mcp: Client, browser: Drive) -> None:
    def steps(view: View, probe: Probe) -> None:
        wrong = {**WEEK, "arguments": {"start": "2026-11-27", "end": "2026-11-23"}}
        opened(browser, view, probe.address("agenda", wrong))
        view.until(lambda: view.script("return document.querySelector('[role=alert]')?.innerText"))

    await in_a_host(mcp, browser, steps)


def booked_by_a_click(browser: Drive, view: View, subject: str) -> None:
    """Choose the first offered time, give a subject and book."""
    view.press("Choose")
    found = {"using": "css selector", "value": "input"}
    element = view.until(lambda: browser("POST", "/elements", found))[0][ELEMENT]
    browser("POST", f"/element/{element}/value", {"text": subject})
    view.press("Book")


async def test_a_click_on_a_free_time_books_it_and_the_times_are_asked_for_again(mcp: Client, browser: Drive) -> None:
    def steps(view: View, probe: Probe) -> None:
        opened(browser, view, probe.address("free", FREE))
        view.until_text("Tuesday 24 November", "Harbour Room", "Times in America/New_York")
        booked_by_a_click(browser, view, "Fitting")
        view.until_text("Booked: Fitting, Tuesday 24 November")
        view.until(lambda: "Asking" not in view.text())

        made = [call["arguments"] for call in probe.calls if call["name"] == CREATE]
        assert [(call["data"]["Subject"], call["data"]["DurationInMinutes"]) for call in made] == [("Fitting", 30)]
        assert [invited[:3] for invited in made[0]["invitees"]] == ["023"]
        assert [call["name"] for call in probe.calls].count(FREE["name"]) == 2
        assert view.complaints() == []

    await in_a_host(mcp, browser, steps)
    found = await mcp.call_tool("salesforce_query", {"soql": "SELECT Subject FROM Event WHERE Subject = 'Fitting'"})
    assert (found.structured_content or {})["rows"] == [["Fitting"]]


async def test_a_time_that_somebody_took_meanwhile_is_refused_and_no_longer_offered(
    mcp: Client, browser: Drive
) -> None:
    def steps(view: View, probe: Probe) -> None:
        opened(browser, view, probe.address("free", FREE))
        first = "return document.querySelector('.slots button')?.ariaLabel"
        taken = view.until(lambda: view.script(first))
        data = {"Subject": "Quicker", "StartDateTime": "2026-11-24T14:45:00Z", "DurationInMinutes": 30}
        probe.call({"name": CREATE, "arguments": {"data": data}})
        booked_by_a_click(browser, view, "Too late")
        said = view.until(lambda: view.script("return document.querySelector('[role=alert]')?.innerText"))
        assert "taken" in said
        view.until(lambda: view.script(first) != taken)

    await in_a_host(mcp, browser, steps)
    found = await mcp.call_tool("salesforce_query", {"soql": "SELECT Subject FROM Event WHERE Subject = 'Too late'"})
    assert (found.structured_content or {})["rows"] == []


async def test_axe_finds_nothing_in_any_theme_direction_and_width(mcp: Client, browser: Drive) -> None:
    def steps(view: View, probe: Probe) -> None:
        find_no_fault(browser, view, probe, "agenda", WEEK, "Times in America/New_York", "Today")
        find_no_fault(browser, view, probe, "agenda", BUSY, "Times in America/New_York", "Today")
        find_no_fault(browser, view, probe, "free", FREE, "Times in America/New_York")

    await in_a_host(mcp, browser, steps)
