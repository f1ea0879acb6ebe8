"""The view of a change, in Chromium: shown, approved, declined, undone; never past a person, policy or audit."""

from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from mcp_types import ElicitResult

from mcp_salesforce.localorg import LocalOrg
from tests.approving import Person
from tests.audit.audits import audited, lines_in
from tests.clients.test_login_browser import Drive, browser
from tests.views.probe import Probe
from tests.views.viewing import View, find_no_fault, in_a_host, opened

__all__ = ["browser"]

pytestmark = [pytest.mark.clients, pytest.mark.slow]

UPDATE, DELETE = "salesforce_update_contact", "salesforce_delete_records"


def changed(contact: str, **values: Any) -> dict[str, Any]:
    return {"name": UPDATE, "arguments": {"contact_id": contact, "data": values, "preview": True}}


def title_of(org: LocalOrg, contact: str) -> Any:
    (row,) = org.store.rows("SELECT Title FROM Contact WHERE Id = ?", [contact])
    return row["Title"]


def without_preview(probe: Probe, tool: str) -> list[dict[str, Any]]:
    return [each["arguments"] for each in probe.calls if each["name"] == tool and not each["arguments"].get("preview")]


@pytest.mark.parametrize("is_stripped", [False, True])
async def test_what_would_change_is_shown_and_done_when_it_is_approved_and_can_be_undone(
    mcp: Client, browser: Drive, org: LocalOrg, is_stripped: bool
) -> None:
    contact = org.insert("Contact", LastName="Sand", Title="Dr")
    call = changed(contact, Title="<b>Prof</b>")
    # a host that strips answers must at least say which tool was called
    context = {"toolInfo": {"tool": {"name": UPDATE, "title": "Change a contact"}}} if is_stripped else {}

    def steps(view: View, probe: Probe) -> None:
        opened(browser, view, probe.address("approval", call, isStripped=is_stripped, context=context))
        view.until_text("Change Contact: Sand", "Before", "After", "Dr", "<b>Prof</b>", "salesforce_undo can undo it")
        assert without_preview(probe, UPDATE) == []
        view.press("Approve")
        view.until_text("Done", "Undo")
        assert without_preview(probe, UPDATE) == [{"contact_id": contact, "data": {"Title": "<b>Prof</b>"}}]
        assert title_of(org, contact) == "<b>Prof</b>"
        view.press("Undo")
        view.until_text("Done: Undo")
        assert title_of(org, contact) == "Dr"
        assert view.complaints() == []

    await in_a_host(mcp, browser, steps)


async def test_a_declined_change_is_not_made_and_the_model_is_told(mcp: Client, browser: Drive, org: LocalOrg) -> None:
    contact = org.insert("Contact", LastName="Sand", Title="Dr")

    def steps(view: View, probe: Probe) -> None:
        opened(browser, view, probe.address("approval", changed(contact, Title="Prof")))
        view.until_text("To approve")
        view.press("Decline")
        view.until_text("Declined", "Nothing was changed.")
        assert view.script("return document.activeElement.tagName") == "H1"
        assert len(probe.calls) == 1
        view.leave()
        told = view.script("return seen.filter(({method}) => method === 'ui/update-model-context')")
        assert "declined salesforce_update_contact" in told[0]["params"]["content"][0]["text"]

    await in_a_host(mcp, browser, steps)
    assert title_of(org, contact) == "Dr"


async def test_what_is_no_longer_as_it_was_shown_is_not_done_and_is_shown_again(
    mcp: Client, browser: Drive, org: LocalOrg
) -> None:
    contact = org.insert("Contact", LastName="Sand", Title="Dr")

    def steps(view: View, probe: Probe) -> None:
        opened(browser, view, probe.address("approval", changed(contact, Title="Prof")))
        view.until_text("To approve", "Dr")
        probe.call({"name": UPDATE, "arguments": {"contact_id": contact, "data": {"Title": "Dean"}}})
        view.press("Approve")
        view.until_text("This is no longer what was shown", "Dean")
        assert title_of(org, contact) == "Dean"
        view.press("Approve")
        view.until_text("Done")

    await in_a_host(mcp, browser, steps)
    assert title_of(org, contact) == "Prof"


async def test_a_refused_change_and_one_that_was_made_are_shown_in_the_servers_words(
    mcp: Client, browser: Drive, org: LocalOrg
) -> None:
    contact = org.insert("Contact", LastName="Sand", Title="Dr")

    def steps(view: View, probe: Probe) -> None:
        made = {"name": UPDATE, "arguments": {"contact_id": contact, "data": {"Title": "Prof"}}}
        opened(browser, view, probe.address("approval", made))
        view.until_text("Done", "Dr", "Prof", "Undo")
        opened(browser, view, probe.address("approval", made, isStripped=True))
        view.until_text("The host did not pass on the answer.")
        assert len(without_preview(probe, UPDATE)) == 2  # the host's own: a view repeats no write to see its answer
        wrong = {"name": UPDATE, "arguments": {"contact_id": contact, "data": {"Nickname": "x"}}}
        opened(browser, view, probe.address("approval", wrong))
        assert "Nickname" in view.until(lambda: view.script("return document.querySelector('[role=alert]')?.innerText"))

    await in_a_host(mcp, browser, steps)


@pytest.mark.parametrize(
    ("asked", "outcome"),
    [
        (None, "APPROVAL_UNAVAILABLE"),
        (Person(lambda keep, _: ElicitResult(action="accept", content={"answer": keep})), "APPROVAL_DECLINED"),
        (Person(), "ok"),
    ],
    ids=["nobody can be asked", "the person declines", "the person approves"],
)
async def test_a_views_approval_is_no_persons_and_each_of_its_calls_is_in_the_audit(
    browser: Drive, org: LocalOrg, tmp_path: Path, asked: Person | None, outcome: str
) -> None:
    ids = [org.insert("Contact", LastName=name) for name in ("Sand", "Reed")]
    call = {"name": DELETE, "arguments": {"sobject": "Contact", "record_ids": ids, "preview": True}}

    def steps(view: View, probe: Probe) -> None:
        opened(browser, view, probe.address("approval", call))
        view.until_text("Delete record: Sand", "Delete record: Reed")
        assert not (asked.questions if asked else [])
        view.press("Approve")
        said = {"APPROVAL_UNAVAILABLE": "This host cannot ask them.", "APPROVAL_DECLINED": "The user declined this."}
        view.until_text(said.get(outcome, "Done"))
        if outcome == "APPROVAL_UNAVAILABLE":
            view.until_text("Ask again", "mcp-salesforce approve")

    async with audited(org, tmp_path, asked=asked) as mcp:
        await in_a_host(mcp, browser, steps)
    gone = [bool(row["IsDeleted"]) for row in org.store.rows("SELECT IsDeleted FROM Contact WHERE Id IN (?, ?)", ids)]
    assert gone == [outcome == "ok"] * 2
    if asked:
        assert len(asked.questions) == 1
    assert [line["outcome"] for line in lines_in(tmp_path) if line["tool"] == DELETE][-1] == outcome


async def test_a_policy_holds_for_the_calls_of_a_view(browser: Drive, org: LocalOrg, tmp_path: Path) -> None:
    contact = org.insert("Contact", LastName="Sand", Title="Dr")
    policy = tmp_path / "policy.toml"
    policy.write_text(
        '[objects.Contact]\nactions = ["read", "create", "update"]\n[objects.Task]\nactions = ["read", "delete"]',
        "utf-8",
    )
    call = {"name": DELETE, "arguments": {"sobject": "Contact", "record_ids": [contact]}}

    def steps(view: View, probe: Probe) -> None:
        opened(browser, view, probe.address("approval", call))
        refused = view.until(lambda: view.script("return document.querySelector('[role=alert]')?.innerText"))
        assert "policy" in refused
        assert view.script("return document.querySelectorAll('button').length") == 0

    async with audited(org, tmp_path, policy=str(policy)) as mcp:
        await in_a_host(mcp, browser, steps)
    assert title_of(org, contact) == "Dr"
    assert lines_in(tmp_path)[-1]["outcome"] == "POLICY_REFUSED"


async def test_axe_finds_nothing_in_a_change(mcp: Client, browser: Drive, org: LocalOrg) -> None:
    contact = org.insert("Contact", LastName="Sand", Title="Dr")

    def steps(view: View, probe: Probe) -> None:
        call = changed(contact, Title="Prof", Description="A long text without an end " * 12)
        find_no_fault(browser, view, probe, "approval", call, "To approve", "Prof")

    await in_a_host(mcp, browser, steps)
