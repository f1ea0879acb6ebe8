"""The recycle bin: what a deletion takes along, and what an undelete brings back."""

import dataclasses
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.localorg.errors import OrgError
from mcp_salesforce.localorg.standard.contact import CONTACT
from mcp_salesforce.localorg.standard.definitions import reference
from mcp_salesforce.localorg.store.schema import Schema
from tests.effort import examples
from tests.localorg.clock import Clock
from tests.orgs import new_org

ABSENT = "003lo0000000999AAA"
STAMPS = ("LastModifiedDate", "LastModifiedById", "SystemModstamp")


def delete(org: LocalOrg, *record_ids: str) -> None:
    for each in record_ids:
        org.records.delete(_object_of(org, each), each, org.user_id)


def undelete(org: LocalOrg, *record_ids: str) -> None:
    for each in record_ids:
        org.records.undelete(each, org.user_id)


def refusal(org: LocalOrg, record_id: str) -> str:
    with pytest.raises(OrgError) as caught:
        undelete(org, record_id)
    return caught.value.error_code


def is_there(org: LocalOrg, record_id: str) -> bool:
    row = org.store.find(org.schema[_object_of(org, record_id)], record_id)
    return row is not None and not row["IsDeleted"]


def read(org: LocalOrg, record_id: str) -> dict[str, Any]:
    return org.records.retrieve(_object_of(org, record_id), record_id)


def _object_of(org: LocalOrg, record_id: str) -> str:
    found = org.schema.of_record(record_id)
    assert found is not None
    return found.name


def everything(org: LocalOrg) -> dict[str, dict[str, Any]]:
    """Return every column of every record, but for stamps."""
    return {
        row["Id"]: {name: row[name] for name in row.keys() if name not in STAMPS}  # noqa: SIM118 - a row iterates over its values
        for sobject in org.schema
        for row in org.store.rows(f'SELECT * FROM "{sobject.name}"')
    }


@pytest.mark.parametrize(
    ("record_id", "code"),
    [
        (ABSENT, "UNDELETE_FAILED"),
        ("a0Zlo0000000001AAA", "UNDELETE_FAILED"),
        ("zzz", "MALFORMED_ID"),
        ("", "MALFORMED_ID"),
    ],
)
def test_what_is_not_in_the_bin_cannot_be_undeleted(org: LocalOrg, record_id: str, code: str) -> None:
    assert refusal(org, record_id) == code


def test_a_record_that_is_there_is_not_in_the_bin(org: LocalOrg) -> None:
    contact = org.insert("Contact", LastName="Hale")

    assert refusal(org, contact) == "UNDELETE_FAILED"

    delete(org, contact)
    undelete(org, contact[:15])
    assert refusal(org, contact) == "UNDELETE_FAILED"


def test_an_object_that_is_not_undeletable_says_so(org: LocalOrg) -> None:
    campaign, contact = org.insert("Campaign", Name="Fair"), org.insert("Contact", LastName="Hale")
    member = org.insert("CampaignMember", CampaignId=campaign, ContactId=contact)
    delete(org, member)

    assert refusal(org, member) == "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"


def test_records_are_kept_for_15_days(org: LocalOrg, clock: Clock) -> None:
    early, late = org.insert("Contact", LastName="Hale"), org.insert("Contact", LastName="Keane")
    delete(org, early)
    clock.advance(days=1)
    delete(org, late)
    clock.advance(days=14, hours=1)

    assert refusal(org, early) == "UNDELETE_FAILED"
    undelete(org, late)


def test_what_went_with_another_record_comes_back_with_it_and_not_alone(org: LocalOrg) -> None:
    account = org.insert("Account", Name="Acme")
    contact = org.insert("Contact", LastName="Hale", AccountId=account)
    task = org.insert("Task", Subject="Call", WhoId=contact)
    delete(org, account)

    assert (refusal(org, contact), refusal(org, task)) == ("UNDELETE_FAILED", "UNDELETE_FAILED")
    undelete(org, account)

    assert all(is_there(org, each) for each in (account, contact, task))
    assert read(org, task)["WhoId"] == contact


def test_a_record_waits_for_the_one_that_it_belongs_to(org: LocalOrg) -> None:
    account = org.insert("Account", Name="Acme")
    contact = org.insert("Contact", LastName="Hale", AccountId=account)
    delete(org, contact, account)

    assert refusal(org, contact) == "UNDELETE_FAILED"

    undelete(org, account)
    assert not is_there(org, contact)
    undelete(org, contact)
    assert read(org, contact)["AccountId"] == account


@pytest.mark.parametrize("first", [0, 1])
def test_what_belonged_to_two_records_comes_back_with_the_later_one(org: LocalOrg, first: int) -> None:
    parents = (org.insert("Contact", LastName="Hale"), org.insert("Account", Name="Acme"))
    task = org.insert("Task", Subject="Call", WhoId=parents[0], WhatId=parents[1])
    delete(org, *parents)

    undelete(org, parents[first])
    assert not is_there(org, task)

    undelete(org, parents[1 - first])
    assert is_there(org, task)


def test_a_detail_is_gone_for_good_once_its_master_is_deleted_too(org: LocalOrg) -> None:
    account = org.insert("Account", Name="Acme")
    contact = org.insert("Contact", LastName="Hale")
    sale = org.insert("Opportunity", Name="Sale", StageName="Prospecting", CloseDate="2026-03-31", AccountId=account)
    role = org.insert("OpportunityContactRole", OpportunityId=sale, ContactId=contact)
    delete(org, role, sale)
    undelete(org, sale)

    assert refusal(org, role) == "UNDELETE_FAILED"


def test_a_case_is_gone_for_good_once_the_contact_is_deleted_that_it_kept(org: LocalOrg) -> None:
    contact = org.insert("Contact", LastName="Hale")
    case = org.insert("Case", Subject="Broken", ContactId=contact)
    delete(org, case, contact)
    undelete(org, contact)

    assert refusal(org, case) == "UNDELETE_FAILED"


def test_cleared_references_are_set_again_unless_they_were_replaced(org: LocalOrg) -> None:
    chief, other = org.insert("Contact", LastName="Hale"), org.insert("Contact", LastName="Ng")
    kept, replaced = (org.insert("Contact", LastName=name, ReportsToId=chief) for name in ("Keane", "Marsh"))
    delete(org, chief)
    org.records.update("Contact", replaced, {"ReportsToId": other}, org.user_id)

    undelete(org, chief)

    assert read(org, kept)["ReportsToId"] == chief
    assert read(org, replaced)["ReportsToId"] == other


def test_references_that_salesforce_does_not_set_again_stay_empty(org: LocalOrg) -> None:
    campaign = org.insert("Campaign", Name="Fair")
    sale = org.insert("Opportunity", Name="Sale", StageName="Prospecting", CloseDate="2026-03-31", CampaignId=campaign)
    delete(org, campaign)
    undelete(org, campaign)

    assert read(org, sale)["CampaignId"] is None


def test_a_record_that_comes_back_before_the_one_it_refers_to_gets_its_reference_later(org: LocalOrg) -> None:
    chief = org.insert("Contact", LastName="Hale")
    contact = org.insert("Contact", LastName="Keane", ReportsToId=chief)
    delete(org, contact, chief)

    undelete(org, contact)
    assert read(org, contact)["ReportsToId"] is None

    undelete(org, chief)
    assert read(org, contact)["ReportsToId"] == chief


def test_custom_references_are_set_again(clock: Clock) -> None:
    field = reference("Partner__c", "Partner", "Account", custom=True)
    wider = dataclasses.replace(CONTACT, fields=(*CONTACT.fields, field))
    with new_org(clock, seed=False) as plain:
        schema = Schema([wider if each is CONTACT else each for each in plain.schema])
        plain.store.apply(schema)
        org = LocalOrg(plain.store, schema, clock)
        account = org.insert("Account", Name="Acme")
        contact = org.insert("Contact", LastName="Hale", Partner__c=account)
        delete(org, account)
        assert read(org, contact)["Partner__c"] is None

        undelete(org, account)

        assert read(org, contact)["Partner__c"] == account


def test_a_series_comes_back_with_its_occurrences_and_invitees(org: LocalOrg) -> None:
    colleague = org.store.rows("SELECT Id FROM User WHERE Id <> ? ORDER BY Id", [org.user_id])[0]["Id"]
    event = org.insert("Event", Subject="Visit", StartDateTime="2026-03-03T09:00:00Z", DurationInMinutes=30)
    org.insert("EventRelation", EventId=event, RelationId=colleague)
    before = everything(org)

    delete(org, event)
    assert everything(org) != before
    undelete(org, event)

    assert everything(org) == before


@st.composite
def histories(draw: Any) -> tuple[list[tuple[str, dict[str, int]]], list[int]]:
    """Return records to make, each with references to earlier ones by number, and the order to delete some in."""
    kinds = {
        "Account": {"ParentId": "Account"},
        "Contact": {"AccountId": "Account", "ReportsToId": "Contact"},
        "Task": {"WhoId": "Contact", "WhatId": "Account"},
        "Event": {"WhoId": "Contact", "WhatId": "Account"},
    }
    made: list[tuple[str, dict[str, int]]] = []
    for kind in draw(st.lists(st.sampled_from(sorted(kinds)), min_size=2, max_size=9)):
        references = {}
        for field, target in kinds[kind].items():
            earlier = [number for number, (name, _) in enumerate(made) if name == target]
            if earlier and draw(st.booleans()):
                references[field] = draw(st.sampled_from(earlier))
        made.append((kind, references))
    return made, draw(st.lists(st.integers(0, len(made) - 1), min_size=1, unique=True))


@settings(max_examples=examples(60), deadline=None)
@given(history=histories())
def test_undeleting_in_reverse_gives_the_former_state(
    history: tuple[list[tuple[str, dict[str, int]]], list[int]],
) -> None:
    made, order = history
    values: dict[str, dict[str, Any]] = {
        "Account": {"Name": "Acme"},
        "Contact": {"LastName": "Hale"},
        "Task": {"Subject": "Call"},
        "Event": {"Subject": "Visit", "StartDateTime": "2026-03-03T09:00:00Z", "DurationInMinutes": 30},
    }
    with new_org(Clock(), seed=False) as org:
        ids: list[str] = []
        for kind, references in made:
            named = {field: ids[number] for field, number in references.items()}
            ids.append(
                org.records.for_call("v60.0", allow_duplicates=True).create(kind, values[kind] | named, org.user_id)
            )
        before = everything(org)
        deleted = []
        for number in order:
            if is_there(org, ids[number]):
                delete(org, ids[number])
                deleted.append(ids[number])

        undelete(org, *reversed(deleted))

        assert everything(org) == before


def test_what_is_deleted_of_an_object_without_is_deleted_is_in_no_result(org: LocalOrg) -> None:
    permission_set = org.insert("PermissionSet", Name="Booking", Label="Booking")
    given = {"PermissionSetId": permission_set, "AssigneeId": org.user_id}
    assigned = org.insert("PermissionSetAssignment", **given)
    soql = "SELECT Id FROM PermissionSetAssignment"
    assert org.queries.query(soql, org.user_id)["totalSize"] == 1

    org.records.delete("PermissionSetAssignment", assigned, org.user_id)

    assert org.queries.query(soql, org.user_id)["totalSize"] == 0
    assert org.queries.query(soql, org.user_id, all_rows=True)["totalSize"] == 0
