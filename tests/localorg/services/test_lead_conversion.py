"""Lead conversion: what a lead becomes, and what of it goes where."""

from typing import Any

import pytest

from mcp_salesforce.localorg import LocalOrg
from mcp_salesforce.localorg.errors import OrgError
from mcp_salesforce.localorg.services.lead_conversion import Conversion
from tests.localorg.services.test_recycle_bin import everything, read

STATUS = "Closed - Converted"


def lead(org: LocalOrg, **values: Any) -> str:
    given = {"LastName": "Lea", "FirstName": "Ann", "Company": "Leas", "Email": "ann@example.com", "City": "Oslo"}
    return org.insert("Lead", **(given | values))


def convert(org: LocalOrg, lead_id: str, status: str = STATUS, **asked: Any) -> dict[str, str | None]:
    return org.lead_conversions.convert(org.records, Conversion(lead_id, status, **asked), org.user_id)


def refusal(org: LocalOrg, lead_id: str, status: str = STATUS, **asked: Any) -> str:
    before = everything(org)
    with pytest.raises(OrgError) as caught:
        convert(org, lead_id, status, **asked)
    assert everything(org) == before
    return caught.value.error_code


def test_a_lead_becomes_an_account_a_contact_and_an_opportunity(org: LocalOrg) -> None:
    owner = org.store.rows("SELECT Id FROM User WHERE Id <> ?", [org.user_id])[0]["Id"]
    lead_id = lead(org, OwnerId=owner, Phone="1", Industry="Banking", LeadSource="Web", NumberOfEmployees=7)

    became = convert(org, lead_id)

    account, contact, sale = (read(org, str(became[name])) for name in ("accountId", "contactId", "opportunityId"))
    assert (account["Name"], account["BillingCity"], account["Industry"]) == ("Leas", "Oslo", "Banking")
    assert (account["NumberOfEmployees"], account["OwnerId"]) == (7, owner)
    assert (contact["Name"], contact["MailingCity"], contact["AccountId"]) == ("Ann Lea", "Oslo", account["Id"])
    assert (contact["Email"], contact["LeadSource"], contact["OwnerId"]) == ("ann@example.com", "Web", owner)
    assert (sale["Name"], sale["AccountId"], sale["CloseDate"]) == ("Leas", account["Id"], "2026-12-31")
    role = org.store.rows("SELECT * FROM OpportunityContactRole")[0]
    assert (role["ContactId"], role["OpportunityId"], role["IsPrimary"]) == (contact["Id"], sale["Id"], 1)


def test_a_converted_lead_stays_and_names_what_it_became(org: LocalOrg) -> None:
    lead_id = lead(org)
    became = convert(org, lead_id, opportunity_name="Big sale")

    kept = read(org, lead_id)
    assert (kept["IsConverted"], kept["Status"], kept["ConvertedDate"]) == (True, STATUS, "2026-11-22")
    assert (kept["ConvertedAccountId"], kept["ConvertedContactId"]) == (became["accountId"], became["contactId"])
    assert read(org, str(kept["ConvertedOpportunityId"]))["Name"] == "Big sale"
    with pytest.raises(OrgError, match="CANNOT_UPDATE_CONVERTED_LEAD"):
        org.records.update("Lead", lead_id, {"Company": "x"}, org.user_id)
    assert refusal(org, lead_id) == "CANNOT_UPDATE_CONVERTED_LEAD"


def test_records_that_are_there_are_used_and_only_their_empty_fields_filled(org: LocalOrg) -> None:
    account = org.insert("Account", Name="Known", Industry="Energy")
    contact = org.insert("Contact", LastName="Known", AccountId=account, LeadSource="Partner")
    sale = org.insert("Opportunity", Name="Sale", StageName="Prospecting", CloseDate="2026-12-31")
    lead_id = lead(org, Industry="Banking", Phone="1", LeadSource="Web")

    became = convert(org, lead_id, account_id=account, contact_id=contact, opportunity_id=sale)

    assert became == {"accountId": account, "contactId": contact, "leadId": lead_id, "opportunityId": sale}
    assert (read(org, account)["Name"], read(org, account)["Industry"]) == ("Known", "Energy")
    assert read(org, account)["Phone"] == read(org, contact)["Phone"] == "1"
    assert (read(org, contact)["LastName"], read(org, contact)["LeadSource"]) == ("Known", "Partner")


def test_the_lead_source_is_taken_over_where_that_is_asked_for(org: LocalOrg) -> None:
    account = org.insert("Account", Name="Known")
    contact = org.insert("Contact", LastName="Known", AccountId=account, LeadSource="Partner")

    became = convert(
        org, lead(org, LeadSource="Web"), account_id=account, contact_id=contact, makes_opportunity=False,
        overwrites_source=True,
    )  # fmt: skip

    assert read(org, contact)["LeadSource"] == "Web"
    assert became["opportunityId"] is None


def test_activities_and_campaigns_follow_the_lead(org: LocalOrg) -> None:
    lead_id = lead(org)
    event = org.insert(
        "Event", Subject="Visit", WhoId=lead_id, StartDateTime="2026-12-03T09:00:00Z", DurationInMinutes=9
    )
    task = org.insert("Task", Subject="Call", WhoId=lead_id)
    member = org.insert("CampaignMember", CampaignId=org.insert("Campaign", Name="Fair"), LeadId=lead_id)
    other = org.insert("Event", Subject="Talk", StartDateTime="2026-12-03T09:00:00Z", DurationInMinutes=9)
    invited = org.insert("EventRelation", EventId=other, RelationId=lead_id)

    became = convert(org, lead_id)

    assert read(org, event)["WhoId"] == read(org, task)["WhoId"] == became["contactId"]
    assert read(org, event)["AccountId"] == became["accountId"]
    assert (read(org, member)["LeadId"], read(org, member)["ContactId"]) == (lead_id, became["contactId"])
    assert read(org, invited)["RelationId"] == became["contactId"]


def test_what_cannot_be_converted_is_refused_and_changes_nothing(org: LocalOrg) -> None:
    queue = org.insert("Group", Name="Desk", DeveloperName="Desk", Type="Queue")
    known, other = org.insert("Account", Name="Known"), org.insert("Account", Name="Other")
    contact = org.insert("Contact", LastName="Known", AccountId=other)
    deleted = lead(org)
    org.records.delete("Lead", deleted, org.user_id)

    assert refusal(org, lead(org), "Closed - Not Converted") == "INVALID_STATUS"
    assert refusal(org, lead(org), account_id=known, contact_id=contact) == "INVALID_CROSS_REFERENCE_KEY"
    assert refusal(org, lead(org), account_id="001lo0000000999") == "INVALID_CROSS_REFERENCE_KEY"
    assert refusal(org, lead(org, OwnerId=queue)) == "INVALID_CROSS_REFERENCE_KEY"
    assert refusal(org, deleted) == "ENTITY_IS_DELETED"
    assert refusal(org, contact) == "INVALID_CROSS_REFERENCE_KEY"
    assert convert(org, lead(org, OwnerId=queue), owner_id=org.user_id)["leadId"]


def test_lead_status_tells_which_values_are_of_converted_leads(org: LocalOrg) -> None:
    soql = "SELECT MasterLabel FROM LeadStatus WHERE IsConverted = true"

    assert [row["MasterLabel"] for row in org.queries.query(soql, org.user_id)["records"]] == [STATUS]
    assert len(org.queries.query("SELECT Id FROM LeadStatus", org.user_id)["records"]) == 4
