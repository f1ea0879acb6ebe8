"""Fields that follow from others."""

from typing import Any

import pytest

from mcp_salesforce.localorg import LocalOrg
from tests.localorg.clock import Clock


def created(org: LocalOrg, sobject: str, **fields: Any) -> dict[str, Any]:
    return org.records.retrieve(sobject, org.insert(sobject, **fields))


def changed(org: LocalOrg, sobject: str, record: dict[str, Any], **fields: Any) -> dict[str, Any]:
    org.records.update(sobject, record["Id"], fields, org.user_id)
    return org.records.retrieve(sobject, record["Id"])


def test_the_stage_of_an_opportunity_sets_its_forecast(org: LocalOrg, clock: Clock) -> None:
    sale = created(org, "Opportunity", Name="Sale", StageName="Value Proposition", CloseDate="2026-12-01", Amount=200)

    assert (sale["Probability"], sale["ExpectedRevenue"], sale["ForecastCategory"]) == (50, 100, "Pipeline")
    assert (sale["IsClosed"], sale["IsWon"], sale["Fiscal"]) == (False, False, "2026 4")

    clock.advance(hours=1)
    won = changed(org, "Opportunity", sale, StageName="Closed Won")
    assert (won["Probability"], won["IsClosed"], won["IsWon"], won["ForecastCategory"]) == (100, True, True, "Closed")
    assert won["LastStageChangeDate"] > sale["LastStageChangeDate"]

    own = changed(org, "Opportunity", won, Probability=35, Amount=None, ForecastCategoryName="Best Case")
    assert (own["Probability"], own["ExpectedRevenue"], own["ForecastCategory"]) == (35, None, "BestCase")


def test_cases_are_numbered_and_closed_by_their_status(org: LocalOrg) -> None:
    account = org.insert("Account", Name="Acme")
    contact = org.insert("Contact", LastName="Hale", Email="hale@example.com", AccountId=account)

    first = created(org, "Case", Subject="Broken", ContactId=contact)
    second = created(org, "Case", Subject="Broken too", Status="Closed")

    assert (first["CaseNumber"], second["CaseNumber"]) == ("00000001", "00000002")
    assert (first["AccountId"], first["ContactEmail"], first["IsClosed"]) == (account, "hale@example.com", False)
    assert second["ClosedDate"] == "2026-11-22T15:00:00.000+0000"
    assert changed(org, "Case", second, Status="Working")["ClosedDate"] is None
    assert changed(org, "Case", first, Subject="Fixed")["CaseNumber"] == "00000001"


def test_a_task_is_completed_by_its_status(org: LocalOrg, clock: Clock) -> None:
    account = org.insert("Account", Name="Acme")
    task = created(org, "Task", Subject="Call back", WhatId=account, Priority="High")

    assert (task["Status"], task["IsClosed"], task["IsHighPriority"], task["AccountId"]) == (
        "Not Started", False, True, account,
    )  # fmt: skip
    done = changed(org, "Task", task, Status="Completed")
    clock.advance(days=1)
    assert changed(org, "Task", done, Description="Reached")["CompletedDateTime"] == "2026-11-22T15:00:00.000+0000"
    assert changed(org, "Task", done, Status="Deferred")["CompletedDateTime"] is None


@pytest.mark.parametrize("kind", ["Contact", "Lead"])
def test_a_campaign_member_is_a_lead_or_a_contact(org: LocalOrg, kind: str) -> None:
    campaign = org.insert("Campaign", Name="Fair")
    account = org.insert("Account", Name="Acme")
    people = {
        "Contact": org.insert("Contact", LastName="Hale", AccountId=account),
        "Lead": org.insert("Lead", LastName="Keane", Company="Keane Ltd"),
    }

    member = created(org, "CampaignMember", CampaignId=campaign, Status="Responded", **{f"{kind}Id": people[kind]})

    assert (member["LeadOrContactId"], member["Type"]) == (people[kind], kind)
    assert member["CompanyOrAccount"] == {"Contact": "Acme", "Lead": "Keane Ltd"}[kind]
    assert (member["HasResponded"], member["FirstRespondedDate"]) == (True, "2026-11-22")
