"""The view of the schema in a host: an object's fields, and the map of the objects around it."""

from pathlib import Path
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

CONTACT = {"name": "salesforce_describe", "arguments": {"sobject": "Contact"}}
FIELDS = "return [...document.querySelectorAll('.fields b')].map(each => each.innerText)"
SIDES = "return [...document.querySelectorAll('.side')].map(side => [...side.querySelectorAll('b')].map("
SIDES += "each => each.innerText))"
FOCUS = "return document.activeElement.innerText"
TITLE = "return document.querySelector('#object')?.innerText"


def asked(probe: Probe) -> list[dict[str, Any]]:
    """Return what the view has asked for, behind the call whose answer it shows."""
    return [call["arguments"] for call in probe.calls[1:]]


@pytest.mark.parametrize("is_stripped", [False, True])
async def test_an_object_stands_between_its_parents_and_its_children(
    mcp: Client, browser: Drive, is_stripped: bool
) -> None:
    def steps(view: View, probe: Probe) -> None:
        opened(browser, view, probe.address("schema", CONTACT, isStripped=is_stripped))
        view.until_text("Refers to", "Is referred to by", "Search fields")
        parents, children = view.script(SIDES)
        assert {"Account", "User"} <= {*parents}
        assert {"Case", "Event", "Opportunity"} <= {*children}
        assert children[-1] == "ContactShare"
        assert view.script("return document.querySelectorAll('.lines path').length") == len(parents) + len(children)
        again = [{"sobject": "Contact"}] if is_stripped else []
        assert sorted(asked(probe), key=len) == [*again, {"sobject": "Contact", "children": True}]
        assert view.complaints() == []

    await in_a_host(mcp, browser, steps)


async def test_fields_are_searched_and_opened_at_the_keyboard(mcp: Client, browser: Drive) -> None:
    def steps(view: View, probe: Probe) -> None:
        opened(browser, view, probe.address("schema", CONTACT))
        view.until_text("Search fields")
        view.script("document.querySelector('input').focus()")
        view.type_key(*"source")
        view.until(lambda: view.script(FIELDS) == ["LeadSource"])
        view.type_key("Tab", "Enter")
        view.until_text("Values", "Web, Phone Inquiry, Partner Referral")
        assert asked(probe)[-1] == {"sobject": "Contact", "fields": ["LeadSource"]}

    await in_a_host(mcp, browser, steps)


async def test_the_map_is_walked_with_arrows_and_enter_and_the_way_leads_back(mcp: Client, browser: Drive) -> None:
    def steps(view: View, probe: Probe) -> None:
        opened(browser, view, probe.address("schema", CONTACT))
        view.until_text("Is referred to by")
        view.script("document.querySelector('.side button').focus()")
        view.type_key("ArrowRight", "ArrowDown")
        assert view.script(FOCUS).startswith("Case")
        view.type_key("ArrowLeft")
        assert view.script(FOCUS).startswith(view.script(SIDES)[0][1])
        view.type_key("ArrowUp", "ArrowUp", "ArrowRight", "ArrowDown", "Enter")
        view.until(lambda: view.script(TITLE) == "Case")
        assert view.script(FOCUS) == "Case"
        last = sorted(asked(probe)[-2:], key=len)  # they are asked at once
        assert last == [{"sobject": "Case"}, {"sobject": "Case", "children": True}]

        view.press("Contact")  # of the way, which comes first
        view.until(lambda: view.script(TITLE) == "Contact")
        assert view.script("return document.querySelector('nav')") is None

    await in_a_host(mcp, browser, steps)


async def test_a_step_to_what_the_policy_hides_is_refused_and_the_view_stays(
    org: LocalOrg, browser: Drive, tmp_path: Path
) -> None:
    (tmp_path / "policy.toml").write_text("[objects.Account]\nactions = []\n", "utf-8")

    def steps(view: View, probe: Probe) -> None:
        opened(browser, view, probe.address("schema", CONTACT))
        view.until_text("Is referred to by")
        view.press("Account")
        said = view.until(lambda: view.script("return document.querySelector('[role=alert]')?.innerText"))
        assert "policy" in said
        assert view.script(TITLE) == "Contact"

    async with served(org, policy=tmp_path / "policy.toml") as client:
        await in_a_host(client, browser, steps)


async def test_a_list_of_objects_is_searched_and_leads_to_each(mcp: Client, browser: Drive) -> None:
    def steps(view: View, probe: Probe) -> None:
        opened(browser, view, probe.address("schema", {"name": CONTACT["name"], "arguments": {}}))
        view.until_text("Search objects", "Account")
        view.script("document.querySelector('input').focus()")
        view.type_key(*"opportunity")
        view.until(lambda: "Account" not in view.text())
        view.press("Opportunity")
        view.until(lambda: view.script(TITLE) == "Opportunity")
        view.press("Objects")
        view.until_text("Search objects")

    await in_a_host(mcp, browser, steps)


async def test_a_narrow_view_is_a_list_and_axe_finds_nothing(mcp: Client, browser: Drive) -> None:
    def steps(view: View, probe: Probe) -> None:
        find_no_fault(browser, view, probe, "schema", CONTACT, "Is referred to by", "Search fields")
        opened(browser, view, probe.address("schema", CONTACT, width=320))
        view.until_text("Is referred to by")
        assert view.script("return getComputedStyle(document.querySelector('.lines')).display") == "none"

    await in_a_host(mcp, browser, steps)
