"""Merges: what stays, what goes, and where everything goes that referred to it."""

from typing import Any

import pytest

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.localorg.errors import OrgError
from tests.localorg.services.test_recycle_bin import everything, read

TIMES = {"StartDateTime": "2026-12-03T09:00:00Z", "DurationInMinutes": 30}


def merge(org: LocalOrg, sobject: str, master: str, *losers: str, **values: Any) -> tuple[list[str], list[str]]:
    return org.merges.merge(sobject, master, losers, values, org.user_id)


def refusal(org: LocalOrg, sobject: str, master: str, *losers: str, **values: Any) -> str:
    before = everything(org)
    with pytest.raises(OrgError) as caught:
        merge(org, sobject, master, *losers, **values)
    assert everything(org) == before
    return caught.value.error_code


def contacts(org: LocalOrg, count: int) -> list[str]:
    return [org.insert("Contact", LastName=f"Hale {number}") for number in range(count)]


def test_losers_are_deleted_with_the_id_of_the_master_which_takes_only_the_values_given(org: LocalOrg) -> None:
    master = org.insert("Contact", LastName="Hale", Title="CTO")
    losers = [org.insert("Contact", LastName="Hail", Email="hail@example.com", Phone="1") for _ in range(2)]

    merged, related = merge(org, "contact", master, *losers, Email="hail@example.com", Title=None)

    assert (merged, related) == (losers, [])
    kept = read(org, master)
    assert (kept["Email"], kept["Title"], kept["Phone"], kept["IsDeleted"]) == ("hail@example.com", None, None, False)
    for loser in losers:
        row = org.store.find(org.schema["Contact"], loser)
        assert row is not None
        assert (row["IsDeleted"], row["MasterRecordId"]) == (1, master)


def test_all_that_referred_to_a_loser_refers_to_the_master(org: LocalOrg) -> None:
    account = org.insert("Account", Name="Acme")
    master, loser = org.insert("Contact", LastName="Hale", AccountId=account), org.insert("Contact", LastName="Hail")
    event = org.insert("Event", Subject="Visit", WhoId=loser, **TIMES)
    task = org.insert("Task", Subject="Call", WhoId=loser)
    case = org.insert("Case", Subject="Broken", ContactId=loser)
    below = org.insert("Contact", LastName="Keane", ReportsToId=loser)
    sale = org.insert("Opportunity", Name="Sale", StageName="Prospecting", CloseDate="2026-12-31")
    role = org.insert("OpportunityContactRole", OpportunityId=sale, ContactId=loser, IsPrimary=True)

    _, related = merge(org, "Contact", master, loser)

    assert set(related) == {event, task, case, below, role}
    assert (read(org, event)["WhoId"], read(org, event)["AccountId"]) == (master, account)
    assert (read(org, task)["WhoId"], read(org, task)["AccountId"]) == (master, account)
    assert read(org, case)["ContactId"] == master
    assert read(org, below)["ReportsToId"] == master
    assert (read(org, role)["ContactId"], read(org, role)["IsPrimary"]) == (master, False)


def test_contacts_sales_and_children_of_an_account_are_the_masters(org: LocalOrg) -> None:
    master, loser = org.insert("Account", Name="Acme"), org.insert("Account", Name="Acme Inc.")
    contact = org.insert("Contact", LastName="Hale", AccountId=loser)
    child = org.insert("Account", Name="Branch", ParentId=loser)
    task = org.insert("Task", Subject="Call", WhatId=loser)

    _, related = merge(org, "Account", master, loser)

    assert set(related) == {contact, child, task}
    assert read(org, contact)["AccountId"] == read(org, child)["ParentId"] == read(org, task)["AccountId"] == master


def test_a_campaign_and_an_event_keep_one_of_two_who_become_one(org: LocalOrg) -> None:
    master, loser = contacts(org, 2)
    campaign = org.insert("Campaign", Name="Fair")
    members = [org.insert("CampaignMember", CampaignId=campaign, ContactId=each) for each in (master, loser)]
    event = org.insert("Event", Subject="Visit", **TIMES)
    for each in (master, loser):
        org.insert("EventRelation", EventId=event, RelationId=each)

    merge(org, "Contact", master, loser)

    live = "SELECT ContactId FROM CampaignMember WHERE IsDeleted = 0"
    assert [row["ContactId"] for row in org.store.rows(live)] == [master]
    assert len(org.store.rows("SELECT * FROM EventRelation WHERE IsDeleted = 0 AND RelationId = ?", [master])) == 1
    assert read(org, members[0])["ContactId"] == master


def test_a_loser_comes_back_without_what_moved(org: LocalOrg) -> None:
    master, loser = contacts(org, 2)
    task = org.insert("Task", Subject="Call", WhoId=loser)
    merge(org, "Contact", master, loser)

    org.records.undelete(loser, org.user_id)

    assert read(org, loser)["MasterRecordId"] is None
    assert read(org, task)["WhoId"] == master


def test_leads_are_merged_too(org: LocalOrg) -> None:
    master, loser = (org.insert("Lead", LastName="Lea", Company="Leas") for _ in range(2))

    assert merge(org, "Lead", master, loser) == ([loser], [])


def test_what_cannot_be_merged_is_refused_and_changes_nothing(org: LocalOrg) -> None:
    first, second, third, fourth = contacts(org, 4)
    account, deleted = org.insert("Account", Name="Acme"), org.insert("Contact", LastName="Gone")
    org.records.delete("Contact", deleted, org.user_id)
    tasks = [org.insert("Task", Subject="Call") for _ in range(2)]

    assert refusal(org, "Contact", first) == "MERGE_FAILED"
    assert refusal(org, "Contact", first, first) == "MERGE_FAILED"
    assert refusal(org, "Contact", first, second, second[:15]) == "MERGE_FAILED"
    assert refusal(org, "Contact", first, second, third, fourth) == "MERGE_FAILED"
    assert refusal(org, "Task", *tasks) == "MERGE_FAILED"
    assert refusal(org, "Nothing", first, second) == "INVALID_TYPE"
    assert refusal(org, "Contact", first, account) == "INVALID_CROSS_REFERENCE_KEY"
    assert refusal(org, "Contact", first, deleted) == "ENTITY_IS_DELETED"
    assert refusal(org, "Contact", deleted, first) == "ENTITY_IS_DELETED"
    assert refusal(org, "Contact", first, second, LastName=None) == "REQUIRED_FIELD_MISSING"
    assert refusal(org, "Contact", first, second, Nmae="x") == "INVALID_FIELD"


def test_an_account_is_not_merged_with_one_above_it(org: LocalOrg) -> None:
    top = org.insert("Account", Name="Top")
    middle = org.insert("Account", Name="Middle", ParentId=top)
    bottom = org.insert("Account", Name="Bottom", ParentId=middle)

    assert refusal(org, "Account", bottom, top) == "CIRCULAR_DEPENDENCY"
    assert merge(org, "Account", top, bottom) == ([bottom], [])


def test_a_contact_that_reported_to_the_loser_does_not_report_to_itself(org: LocalOrg) -> None:
    loser = org.insert("Contact", LastName="Hale")
    master = org.insert("Contact", LastName="Hail", ReportsToId=loser)

    merge(org, "Contact", master, loser)

    assert read(org, master)["ReportsToId"] is None
