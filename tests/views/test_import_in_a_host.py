"""The view of an import in a host, in Chromium: what is wrong is seen, corrected and sent."""

from typing import Any

import pytest
from mcp import Client

from tests.clients.test_login_browser import ELEMENT, Drive, browser
from tests.views.probe import Probe
from tests.views.viewing import View, find_no_fault, in_a_host, opened

__all__ = ["browser"]

pytestmark = [pytest.mark.clients, pytest.mark.slow]

IMPORT = "salesforce_import"
TABLE: dict[str, Any] = {
    "name": IMPORT,
    "arguments": {
        "sobject": "Contact",
        "columns": ["Surname", "E-Mail", "Shoe"],
        "rows": [
            ["Ode", "ada@acme.example", "41"],
            ["Sand", "it's, 9 <b>@@", "40"],
            ["", "no@acme.example", "39"],
            ["Quill", "b@@c", ""],
        ],
    },
}


def typed(browser: Drive, view: View, label: str, text: str) -> None:
    """Type into the field with a label."""
    found = {"using": "css selector", "value": f'input[aria-label="{label}"]'}
    element = view.until(lambda: browser("POST", "/elements", found))[0][ELEMENT]
    browser("POST", f"/element/{element}/value", {"text": text})


def imported(probe: Probe) -> list[dict[str, object]]:
    return [call["arguments"] for call in probe.calls if call["name"] == IMPORT]


async def test_bad_rows_are_corrected_or_left_out_and_the_good_ones_sent(mcp: Client, browser: Drive) -> None:
    def steps(view: View, probe: Probe) -> None:
        opened(browser, view, probe.address("import", TABLE))
        view.until_text("Surname", "E-Mail", "it's, 9 <b>@@", "b@@c", "LastName: Is required.", "Send 1 row")
        assert (
            view.script("return document.querySelector('[aria-label^=\"Field of the column E-Mail\"]').value")
            == "Email"
        )

        typed(browser, view, "New value of Email in row 2", "sand@acme.example")
        view.press("Leave out row 3")
        assert view.script("return document.querySelector('button.main').disabled")
        view.press("Check the corrections")
        view.until_text("Send 2 rows", "Left out")
        assert imported(probe)[-1]["fix"] == {"2": {"Email": "sand@acme.example"}, "3": None}

        view.press("Send 2 rows")
        view.until_text("The import has ended.", "Change, to undo it")
        assert imported(probe)[-1]["go"] is True
        assert not view.script("return document.querySelector('input, button')")
        assert view.complaints() == []

    await in_a_host(mcp, browser, steps)
    found = await mcp.call_tool(
        "salesforce_query", {"soql": "SELECT LastName FROM Contact WHERE Email LIKE '%@acme.example' ORDER BY LastName"}
    )
    assert (found.structured_content or {})["rows"] == [["Ode"], ["Sand"]]


async def test_a_column_is_given_another_field_and_the_table_checked_again(mcp: Client, browser: Drive) -> None:
    def steps(view: View, probe: Probe) -> None:
        opened(browser, view, probe.address("import", TABLE))
        typed(browser, view, "Field of the column Shoe", "Nonsense")
        view.press("Check with these fields")
        said = view.until(lambda: view.script("return document.querySelector('[role=alert]')?.innerText"))
        assert "Nonsense" in said
        assert imported(probe)[-1]["mapping"] == {"Shoe": "Nonsense"}

        view.script("document.querySelector('[aria-label=\"Field of the column Shoe\"]').select()")
        typed(browser, view, "Field of the column Shoe", "Department")
        view.press("Check with these fields")
        view.until(lambda: not view.script("return document.querySelector('[role=alert]')"))
        view.until(lambda: "Checking" not in view.text())
        assert imported(probe)[-1]["mapping"] == {"Shoe": "Department"}

    await in_a_host(mcp, browser, steps)


async def test_a_view_whose_data_a_host_strips_checks_again_and_sends_nothing(mcp: Client, browser: Drive) -> None:
    def steps(view: View, probe: Probe) -> None:
        sent = {**TABLE, "arguments": {**TABLE["arguments"], "preview": True}}
        opened(browser, view, probe.address("import", sent, isStripped=True))
        view.until_text("Send 1 row", "b@@c")
        assert not any("go" in call or "preview" in call for call in imported(probe)[1:])

    await in_a_host(mcp, browser, steps)


async def test_a_narrow_view_and_axe_find_nothing(mcp: Client, browser: Drive) -> None:
    def steps(view: View, probe: Probe) -> None:
        find_no_fault(browser, view, probe, "import", TABLE, "Problems", "b@@c")

    await in_a_host(mcp, browser, steps)
