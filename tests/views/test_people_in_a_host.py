"""The view of a person in a host: the contact's fields, the timeline, and the way to the record in the org."""

from typing import Any

import pytest
from mcp import Client

from mcp_salesforce.localorg import LocalOrg
from tests.clients.test_login_browser import Drive, browser
from tests.tools.framework.test_allowed_tools import served
from tests.views.probe import Probe
from tests.views.viewing import View, find_no_fault, in_a_host, opened

__all__ = ["browser"]

pytestmark = [pytest.mark.clients, pytest.mark.slow]

SASKIA = "003lo0000000001AAA"
GET = {"name": "salesforce_get_contact", "arguments": {"contact_id": SASKIA}}
TIMELINE = {"name": "salesforce_list_activities", "arguments": {"record_id": SASKIA, "limit": 2}}
ORG = "https://aldernwood.my.salesforce.com"
MARKUP = "<img src=x onerror=alert(1)> & <b>sure</b>"
ITEMS = "return [...document.querySelectorAll('.timeline li')].map(item => item.innerText)"


def log_a_call(probe: Probe, **data: Any) -> None:
    probe.call({"name": "salesforce_log_activity", "arguments": {"kind": "call", "data": {"WhoId": SASKIA, **data}}})


@pytest.mark.parametrize("is_stripped", [False, True])
async def test_a_contact_has_its_fields_in_groups_and_its_timeline(
    mcp: Client, browser: Drive, is_stripped: bool
) -> None:
    def steps(view: View, probe: Probe) -> None:
        log_a_call(probe, Subject=MARKUP, ActivityDate="2026-11-20")
        opened(browser, view, probe.address("people", GET, isStripped=is_stripped))
        view.until_text("Saskia Eriksen", "Phone and e-mail", "To come", "Until now", "Times in America/New_York")
        assert "Account\nAlder & Finch Logistics" in view.text()
        assert "001lo0000000001AAA" not in view.text()
        found = view.script(ITEMS)
        assert "Pricing discussion" in found[0]
        assert "Fri, 4 December 2026, 4:00" in found[0]
        assert [MARKUP in item for item in found].count(True) == 1
        assert view.script("return document.querySelectorAll('.timeline img, .timeline b b').length") == 0
        assert "Open" not in view.text()  # the local org has no address over https
        asked = [call["name"] for call in probe.calls[1:]]
        read = [GET["name"]] * (1 + is_stripped)
        assert asked == [*read, "salesforce_whoami", "salesforce_list_activities"]
        assert view.complaints() == []

    await in_a_host(mcp, browser, steps)


async def test_a_timeline_goes_on_by_cursor_at_the_keyboard(mcp: Client, browser: Drive) -> None:
    def steps(view: View, probe: Probe) -> None:
        opened(browser, view, probe.address("people", TIMELINE))
        view.until_text("Saskia Eriksen", "More")
        view.until(lambda: "Loading" not in view.text())
        assert len(view.script(ITEMS)) == 2
        view.script("[...document.querySelectorAll('button')].find(each => each.innerText === 'More').focus()")
        view.type_key("Enter")
        view.until(lambda: len(view.script(ITEMS)) == 3)
        last = probe.calls[-1]
        assert (last["name"], last["arguments"]["record_id"], bool(last["arguments"]["cursor"])) == (
            TIMELINE["name"],
            SASKIA,
            True,
        )
        assert "Workshop" in view.until(lambda: view.script("return document.activeElement.innerText"))
        assert "More" not in view.text()

    await in_a_host(mcp, browser, steps)


async def test_without_the_toolset_the_view_says_so_and_shows_the_appointments(org: LocalOrg, browser: Drive) -> None:
    def steps(view: View, probe: Probe) -> None:
        opened(browser, view, probe.address("people", GET))
        view.until_text("Saskia Eriksen", "needs the toolset `activities`", "Pricing discussion", "Workshop")
        assert "salesforce_list_activities" not in [call["name"] for call in probe.calls]

    async with served(org) as client:
        await in_a_host(client, browser, steps)


@pytest.mark.parametrize("is_linkless", [False, True])
async def test_a_record_is_opened_by_the_host_in_the_org_alone(
    org: LocalOrg, browser: Drive, is_linkless: bool
) -> None:
    opens = "return seen.filter(({method}) => method === 'ui/open-link').map(({params}) => params.url)"

    def steps(view: View, probe: Probe) -> None:
        opened(browser, view, probe.address("people", GET, isLinkless=is_linkless))
        view.until_text("Open in Salesforce", "To come")
        view.press("Open in Salesforce")
        if is_linkless:
            view.until_text(f"The address is {ORG}/{SASKIA}")
        view.leave()
        assert view.until(lambda: view.script(opens)) == [f"{ORG}/{SASKIA}"]

    async with served(org, instance_url=ORG) as client:
        await in_a_host(client, browser, steps)


async def test_a_refusal_is_shown_as_the_server_words_it(mcp: Client, browser: Drive) -> None:
    def steps(view: View, probe: Probe) -> None:
        wrong = {**GET, "arguments": {"contact_id": "003lo000000ZZZZAAA"}}
        opened(browser, view, probe.address("people", wrong))
        view.until(lambda: view.script("return document.querySelector('[role=alert]')?.innerText"))

    await in_a_host(mcp, browser, steps)


async def test_axe_finds_nothing_in_any_theme_direction_and_width(mcp: Client, browser: Drive) -> None:
    def steps(view: View, probe: Probe) -> None:
        find_no_fault(browser, view, probe, "people", GET, "To come", "Times in America/New_York")

    await in_a_host(mcp, browser, steps)
