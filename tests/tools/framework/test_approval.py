"""Approval: what a person has to approve is not done without them, and what they approved is done once, as it was."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from mcp_types import ElicitResult

from mcp_salesforce.localorg import LocalOrg
from tests.approving import Person
from tests.conftest import ERAS, NOW
from tests.tools.calls import call, refusal
from tests.tools.changes.states import state_of
from tests.tools.framework.asked import Rounds, colleague, outcome, people, served, with_appointment

pytestmark = pytest.mark.anyio


@pytest.fixture(params=ERAS)
def era(request: pytest.FixtureRequest) -> str:
    return str(request.param)


NOT_ASKED: dict[str, Callable[[LocalOrg], tuple[str, dict[str, Any]]]] = {
    "one is created": lambda _: ("create_contact", {"data": {"LastName": "Sand"}}),
    "ten are created": lambda _: ("create_records", new_contacts(10)),
    "one is created, and ten people are invited to it": lambda org: (
        "create_appointment",
        {
            "data": {"Subject": "Visit", "StartDateTime": "2026-12-01T15:00:00Z", "DurationInMinutes": 30},
            "invitees": people(org, 10),
            "allow_conflict": True,
        },
    ),
    "one is changed": lambda org: ("update_contact", {"contact_id": people(org, 1)[0], "data": {"Title": "Dr"}}),
    "ten are changed": lambda org: (
        "update_records",
        {"sobject": "Contact", "records": [{"Id": each, "Title": "Dr"} for each in people(org, 10)]},
    ),
    "one is deleted": lambda org: ("delete_contact", {"contact_id": people(org, 1)[0]}),
    "one is deleted with one's own appointment": lambda org: (
        "delete_contact",
        {"contact_id": with_appointment(org, org.user_id)},
    ),
}


def with_contact(org: LocalOrg) -> str:
    """An account whose contact has an appointment in another calendar."""
    account = org.insert("Account", Name="Sand Ltd")
    org.records.update("Contact", with_appointment(org, colleague(org)), {"AccountId": account}, org.user_id)
    return account


def new_contacts(count: int) -> dict[str, Any]:
    return {"sobject": "Contact", "records": [{"LastName": f"Sand {number}"} for number in range(count)]}


ASKED: dict[str, tuple[Callable[[LocalOrg], tuple[str, dict[str, Any]]], str]] = {
    "two are deleted": (
        lambda org: ("delete_records", {"sobject": "Contact", "record_ids": people(org, 2)}),
        "Delete 2 contacts",
    ),
    "an appointment in another calendar goes along": (
        lambda org: ("delete_contact", {"contact_id": with_appointment(org, colleague(org))}),
        "Delete 1 contact and with them 1 appointment",
    ),
    "an appointment in another calendar goes along with a contact of an account": (
        lambda org: ("delete_records", {"sobject": "Account", "record_ids": [with_contact(org)]}),
        "Delete 1 account and with them 1 appointment and 1 contact",
    ),
    "eleven are created": (lambda _: ("create_records", new_contacts(11)), "Create 11 contacts"),
    "eleven are changed": (
        lambda org: (
            "update_records",
            {"sobject": "Contact", "records": [{"Id": each, "Title": "Dr"} for each in people(org, 11)]},
        ),
        "Change 11 contacts",
    ),
}


@pytest.mark.parametrize("case", NOT_ASKED)
async def test_small_changes_are_made_without_asking(org: LocalOrg, tmp_path: Path, era: str, case: str) -> None:
    tool, arguments = NOT_ASKED[case](org)
    person = Person()
    async with served(org, tmp_path, person, era=era) as mcp:
        before = state_of(org)
        assert await call(mcp, tool, **arguments)
    assert state_of(org) != before
    assert person.questions == []


@pytest.mark.parametrize("case", ASKED)
async def test_what_a_person_approves_is_done_once(org: LocalOrg, tmp_path: Path, era: str, case: str) -> None:
    make, words = ASKED[case]
    tool, arguments = make(org)
    person = Person()
    async with served(org, tmp_path, person, era=era) as mcp:
        before = state_of(org)
        assert await call(mcp, tool, **arguments)
    assert state_of(org) != before
    assert person.choices == [("Keep everything" if "Delete" in words else "Change nothing", words)]
    [question] = person.questions
    assert question.startswith(f"{words}?")
    assert "Sand" in question
    assert "salesforce_undo" in question


ANSWERS: dict[str, tuple[Callable[[str, str], ElicitResult | None], str]] = {
    "decline": (lambda _keep, _do: ElicitResult(action="decline"), "APPROVAL_DECLINED"),
    "keep": (lambda keep, _: ElicitResult(action="accept", content={"answer": keep}), "APPROVAL_DECLINED"),
    "cancel": (lambda _keep, _do: ElicitResult(action="cancel"), "APPROVAL_CANCELLED"),
    "nothing": (lambda _keep, _do: ElicitResult(action="accept"), "APPROVAL_INVALID"),
    "empty": (lambda _keep, _do: ElicitResult(action="accept", content={}), "APPROVAL_INVALID"),
    "yes": (lambda _keep, _do: ElicitResult(action="accept", content={"answer": "yes"}), "APPROVAL_INVALID"),
    "true": (lambda _keep, _do: ElicitResult(action="accept", content={"answer": True}), "APPROVAL_INVALID"),
    "confirm": (lambda _keep, _do: ElicitResult(action="accept", content={"confirm": True}), "APPROVAL_INVALID"),
    "lower case": (
        lambda _, do: ElicitResult(action="accept", content={"answer": do.lower()}),
        "APPROVAL_INVALID",
    ),
    "a space more": (lambda _, do: ElicitResult(action="accept", content={"answer": f"{do} "}), "APPROVAL_INVALID"),
    "another number": (
        lambda _keep, _do: ElicitResult(action="accept", content={"answer": "Delete 1 contact"}),
        "APPROVAL_INVALID",
    ),
    "more than the answer": (
        lambda _, do: ElicitResult(action="accept", content={"answer": do, "always": True}),
        "APPROVAL_INVALID",
    ),
    "a list": (lambda _, do: ElicitResult(action="accept", content={"answer": [do]}), "APPROVAL_INVALID"),
}


@pytest.mark.parametrize("case", ASKED)
@pytest.mark.parametrize("answer", ANSWERS)
async def test_no_other_answer_counts(org: LocalOrg, tmp_path: Path, era: str, case: str, answer: str) -> None:
    tool, arguments = ASKED[case][0](org)
    answers, code = ANSWERS[answer]
    async with served(org, tmp_path, Person(answers), era=era) as mcp:
        before = state_of(org)
        error = await refusal(mcp, tool, **arguments)
    assert error["code"] == code
    assert state_of(org) == before


async def test_a_dialog_that_breaks_is_no_approval(org: LocalOrg, tmp_path: Path, era: str) -> None:
    tool, arguments = ASKED["two are deleted"][0](org)
    before = state_of(org)
    async with served(org, tmp_path, Person(lambda _keep, _do: None), era=era) as mcp:
        try:
            result = await mcp.call_tool(f"salesforce_{tool}", arguments)
        except Exception:  # noqa: BLE001 - the client's own handler broke: the call ends in its error
            result = None
    assert result is None or result.is_error
    assert state_of(org) == before


async def test_a_decline_ends_the_question(org: LocalOrg, tmp_path: Path, era: str) -> None:
    tool, arguments = ASKED["two are deleted"][0](org)
    person = Person(lambda _keep, _do: ElicitResult(action="decline"))
    async with served(org, tmp_path, person, era=era) as mcp:
        for _ in range(3):
            assert (await refusal(mcp, tool, **arguments))["code"] == "APPROVAL_DECLINED"
    assert len(person.questions) == 1


@pytest.mark.parametrize("case", ASKED)
async def test_a_host_that_cannot_ask_is_told_the_way_out(org: LocalOrg, tmp_path: Path, era: str, case: str) -> None:
    make, words = ASKED[case]
    tool, arguments = make(org)
    before = state_of(org)
    async with served(org, tmp_path, era=era) as mcp:
        error = await refusal(mcp, tool, **arguments)
    assert error["code"] == "APPROVAL_UNAVAILABLE"
    assert words in error["message"]
    assert "mcp-salesforce approve" in error["hint"]
    assert state_of(org) == before


async def test_without_a_file_the_terminal_is_no_way_out(org: LocalOrg, tmp_path: Path) -> None:
    tool, arguments = ASKED["two are deleted"][0](org)
    async with served(org, tmp_path, journal="off") as mcp:
        error = await refusal(mcp, tool, **arguments)
    assert "mcp-salesforce approve" not in error["hint"]


POLICIES: dict[str, tuple[str, str, bool]] = {
    "one deletion, by its object": ('[objects.Contact]\napprove = ["delete"]\n', "one is deleted", True),
    "one change, by its object": ('[objects.Contact]\napprove = ["update"]\n', "one is changed", True),
    "one creation, by its object": ('[objects.Contact]\napprove = ["create"]\n', "one is created", True),
    "a change where deletions are asked about": ('[objects.Contact]\napprove = ["delete"]\n', "one is changed", False),
    "another object": ('[objects.Account]\napprove = ["update"]\n', "one is changed", False),
    "more rows than the policy's": ("approve_over_rows = 9\n", "ten are changed", True),
    "as many rows as the policy's": ("approve_over_rows = 10\n", "ten are changed", False),
    "more rows than the object's": ("[objects.Contact]\napprove_over_rows = 9\n", "ten are changed", True),
    "as many rows as the object's": ("[objects.Contact]\napprove_over_rows = 10\n", "ten are changed", False),
    "any row at all": ("approve_over_rows = 0\n", "one is created", True),
}


@pytest.mark.parametrize("name", POLICIES)
async def test_a_policy_says_what_is_asked_about(org: LocalOrg, tmp_path: Path, name: str) -> None:
    text, case, is_asked = POLICIES[name]
    policy = tmp_path / "policy.toml"
    policy.write_text(text)
    tool, arguments = NOT_ASKED[case](org)
    person = Person()
    async with served(org, tmp_path, person, policy=policy) as mcp:
        await call(mcp, tool, **arguments)
    assert len(person.questions) == is_asked


async def test_unattended_runs_are_allowed_by_the_policy_alone(org: LocalOrg, tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text('approval = "off"\n')
    async with served(org, tmp_path, policy=policy) as mcp:
        for make, _ in ASKED.values():
            tool, arguments = make(org)
            assert await call(mcp, tool, **arguments)


async def test_at_the_strict_level_an_answer_in_no_time_does_not_count(org: LocalOrg, tmp_path: Path, era: str) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text('approval = "strict"\n')
    tool, arguments = ASKED["two are deleted"][0](org)
    before = state_of(org)
    async with served(org, tmp_path, Person(), era=era, policy=policy) as mcp:
        error = await refusal(mcp, tool, **arguments)
    assert (error["code"], state_of(org)) == ("APPROVAL_INVALID", before)


async def test_an_approval_is_used_once(org: LocalOrg, tmp_path: Path) -> None:
    tool, arguments = ASKED["eleven are changed"][0](org)
    async with served(org, tmp_path, Person()) as mcp:
        rounds = Rounds(mcp, tool, arguments)
        asked = await rounds.ask()
        assert await outcome(rounds.answer(asked)) == "done"
        after = state_of(org)
        assert await outcome(rounds.answer(asked)) != "done"
    assert state_of(org) == after


BETWEEN: dict[str, Callable[[LocalOrg, dict[str, Any]], dict[str, Any]]] = {
    "another record": lambda org, given: {
        "arguments": {**given, "record_ids": [*given["record_ids"][:1], people(org, 1)[0]]}
    },
    "a record more": lambda org, given: {
        "arguments": {**given, "record_ids": [*given["record_ids"], people(org, 1)[0]]}
    },
    "a record less": lambda _, given: {"arguments": {**given, "record_ids": given["record_ids"][:1]}},
    "another order": lambda _, given: {"arguments": {**given, "record_ids": given["record_ids"][::-1]}},
    "an argument more": lambda _, given: {"arguments": {**given, "all_or_none": False}},
    "another tool": lambda _, given: {
        "tool": "salesforce_restore_records",
        "arguments": {"record_ids": given["record_ids"]},
    },
    "a forged state": lambda _org, _: {"request_state": "v1.AAAA"},
    "no state": lambda _org, _: {"request_state": None},
    "an empty state": lambda _org, _: {"request_state": ""},
    "no answer": lambda _org, _: {"input_responses": {}},
    "an answer to something else": lambda _org, _: {
        "input_responses": {"other": ElicitResult(action="accept", content={"answer": "Delete 2 contacts"})}
    },
}


@pytest.mark.parametrize("name", BETWEEN)
async def test_an_approval_is_for_what_was_asked_about(org: LocalOrg, tmp_path: Path, name: str) -> None:
    tool, arguments = ASKED["two are deleted"][0](org)
    async with served(org, tmp_path, Person()) as mcp:
        rounds = Rounds(mcp, tool, arguments)
        asked = await rounds.ask()
        changes = BETWEEN[name](org, arguments)
        before = state_of(org)
        assert await outcome(rounds.answer(asked, **changes)) != "done"
    assert state_of(org) == before


async def test_a_record_that_changed_since_is_not_what_was_approved(org: LocalOrg, tmp_path: Path) -> None:
    clock = [NOW]
    tool, arguments = ASKED["two are deleted"][0](org)
    async with served(org, tmp_path, Person()) as mcp:
        rounds = Rounds(mcp, tool, arguments)
        asked = await rounds.ask()
        first = arguments["record_ids"][0]
        org.store.execute(
            'UPDATE "Contact" SET LastModifiedDate = ? WHERE Id = ?', ("2026-11-22T09:00:05.000+0000", first)
        )
        before = state_of(org)
        assert await outcome(rounds.answer(asked)) == "CHANGED_SINCE"
    assert (state_of(org), clock) == (before, [NOW])


async def test_a_question_is_answered_after_a_restart_and_not_after_its_time(org: LocalOrg, tmp_path: Path) -> None:
    tool, arguments = ASKED["two are deleted"][0](org)
    async with served(org, tmp_path, Person()) as mcp:
        asked = await Rounds(mcp, tool, arguments).ask()
        late = await Rounds(mcp, tool, {**arguments, "all_or_none": False}).ask()
    before = state_of(org)
    async with served(org, tmp_path, Person(), now=lambda: NOW + timedelta(minutes=15, seconds=1)) as mcp:
        rounds = Rounds(mcp, tool, {**arguments, "all_or_none": False})
        assert await outcome(rounds.answer(late)) == "APPROVAL_INVALID"
    assert state_of(org) == before
    async with served(org, tmp_path, Person(), now=lambda: NOW + timedelta(minutes=14)) as mcp:
        assert await outcome(Rounds(mcp, tool, arguments).answer(asked)) == "done"
    assert state_of(org) != before


async def test_another_servers_question_is_not_answered_here(org: LocalOrg, tmp_path: Path) -> None:
    tool, arguments = ASKED["two are deleted"][0](org)
    before = state_of(org)
    async with served(org, tmp_path / "one", Person()) as mcp:
        asked = await Rounds(mcp, tool, arguments).ask()
    async with served(org, tmp_path / "two", Person()) as mcp:
        assert await outcome(Rounds(mcp, tool, arguments).answer(asked)) != "done"
    assert state_of(org) == before
