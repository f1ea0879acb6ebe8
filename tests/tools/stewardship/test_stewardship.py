"""Merging and converting: a person sees what is lost, and nothing is done without them."""

from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from mcp_types import ElicitResult

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.salesforce import AsgiTransport
from mcp_salesforce.server import create_server
from tests.approving import Person
from tests.conftest import NOW, settings_of
from tests.tools.calls import call, called, refusal
from tests.tools.changes.states import state_of

pytestmark = pytest.mark.anyio


def client_of(org: LocalOrg, folder: Path, person: Any, **more: Any) -> Client:
    settings = settings_of(org, journal=str(folder / "journal.db"), toolsets="all", **more)
    server = create_server(settings, transport=AsgiTransport(org.app), now=lambda: NOW)
    return Client(server, elicitation_callback=person)


def doubles(org: LocalOrg) -> tuple[str, str]:
    """Two contacts who are one person; the second has an appointment and a phone number of its own."""
    master = org.insert("Contact", LastName="Sand", FirstName="Ada", Phone="1")
    loser = org.insert("Contact", LastName="Sand", FirstName="A.", Phone="2", Title="Dr")
    times = {"StartDateTime": "2026-12-01T11:00:00Z", "DurationInMinutes": 30}
    org.insert("Event", Subject="Visit", WhoId=loser, **times)
    return master, loser


async def test_a_merge_shows_what_is_lost_and_moves_what_belonged(org: LocalOrg, tmp_path: Path) -> None:
    master, loser = doubles(org)
    person = Person()
    arguments = {"sobject": "Contact", "master_id": master, "loser_ids": [loser], "data": {"Title": "Dr"}}
    async with client_of(org, tmp_path, person) as mcp:
        told = await call(mcp, "merge_records", **arguments)
        kept = await call(mcp, "get_contact", contact_id=master)
        events = await call(mcp, "query", soql=f"SELECT Subject FROM Event WHERE WhoId = '{master}'")
    assert (told["Id"], told["merged"]) == (master, [loser])
    assert told["lost"] == {"FirstName": ["A."], "Phone": ["2"]}
    assert (kept["Phone"], kept["Title"]) == ("1", "Dr")
    assert events["rows"] == [["Visit"]]
    [question] = person.questions
    assert person.choices == [("Change nothing", "Merge 2 contacts")]
    assert 'Phone "2"' in question
    assert "cannot be undone" in question


async def test_a_lead_is_converted_with_the_only_status_there_is(org: LocalOrg, tmp_path: Path) -> None:
    lead = org.insert("Lead", LastName="Berg", Company="Berg Works")
    person = Person()
    async with client_of(org, tmp_path, person) as mcp:
        told = await call(mcp, "convert_lead", lead_id=lead)
        account = await call(mcp, "get_record", sobject="Account", record_ids=[told["AccountId"]], fields=["Name"])
    assert told.keys() == {"Id", "AccountId", "ContactId", "OpportunityId"}
    assert "Berg Works" in str(account)
    assert person.choices == [("Change nothing", "Convert 1 lead")]


@pytest.mark.parametrize("tool", ["merge_records", "convert_lead"])
@pytest.mark.parametrize("level", ["off", "default", "strict"])
async def test_neither_is_done_without_a_person_at_any_level(
    org: LocalOrg, tmp_path: Path, tool: str, level: str
) -> None:
    master, loser = doubles(org)
    calls: dict[str, dict[str, Any]] = {
        "merge_records": {"sobject": "Contact", "master_id": master, "loser_ids": [loser]},
        "convert_lead": {"lead_id": org.insert("Lead", LastName="Berg", Company="Berg Works")},
    }
    arguments = calls[tool]
    policy = tmp_path / "policy.toml"
    policy.write_text(f'approval = "{level}"\n')
    declining = Person(lambda _keep, _do: ElicitResult(action="decline"))
    before = state_of(org)
    for person in (None, declining):
        async with client_of(org, tmp_path, person, policy=policy) as mcp:
            error = await refusal(mcp, tool, **arguments)
        assert error["code"] in {"APPROVAL_UNAVAILABLE", "APPROVAL_DECLINED", "POLICY_REFUSED"}
    assert state_of(org) == before


async def test_undo_says_that_a_merge_stays(org: LocalOrg, tmp_path: Path) -> None:
    master, loser = doubles(org)
    async with client_of(org, tmp_path, Person()) as mcp:
        _, change_id = await called(mcp, "merge_records", sobject="Contact", master_id=master, loser_ids=[loser])
        told = await call(mcp, "undo", change_id=change_id)
    assert (told["undone"], told["failed"]) == (0, 1)
    assert "cannot be undone" in told["rows"][0][2]


WRONG: dict[str, dict[str, Any]] = {
    "the master among them": {"loser_ids": ["003lo0000000001AAA"]},
    "another object": {"loser_ids": ["001lo0000000001AAA"]},
    "three": {"loser_ids": [f"003lo000000000{number}AAA" for number in (2, 3, 4)]},
    "none": {"loser_ids": []},
    "no id": {"loser_ids": ["Sand"]},
    "an object that has no merge": {"sobject": "Opportunity"},
}


@pytest.mark.parametrize("name", WRONG)
async def test_what_cannot_be_merged_is_refused_before_anybody_is_asked(
    org: LocalOrg, tmp_path: Path, name: str
) -> None:
    person = Person()
    arguments = {"sobject": "Contact", "master_id": "003lo0000000001AAA", "loser_ids": ["003lo0000000002AAA"]}
    async with client_of(org, tmp_path, person) as mcp:
        await refusal(mcp, "merge_records", **{**arguments, **WRONG[name]})
    assert person.questions == []
