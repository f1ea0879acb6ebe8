"""Set the fields that follow from others: stages, statuses, numbers."""

from datetime import date
from typing import Final

from mcp_salesforce.localorg import errors
from mcp_salesforce.localorg.evidence import evidence
from mcp_salesforce.localorg.services.events import account_of
from mcp_salesforce.localorg.services.field_values import instant
from mcp_salesforce.localorg.services.saves import Save

_STAGES: Final = {
    "Prospecting": (10, "Pipeline"),
    "Qualification": (10, "Pipeline"),
    "Needs Analysis": (20, "Pipeline"),
    "Value Proposition": (50, "Pipeline"),
    "Id. Decision Makers": (60, "Pipeline"),
    "Perception Analysis": (70, "Pipeline"),
    "Proposal/Price Quote": (75, "Pipeline"),
    "Negotiation/Review": (90, "Pipeline"),
    "Closed Won": (100, "Closed"),
    "Closed Lost": (0, "Omitted"),
}
"""Probability and forecast category of each stage of a new org."""

_MONTHS_A_QUARTER: Final = 3


@evidence("Opportunity", "simulated", "The stage sets Probability, IsClosed, IsWon and the forecast category")
@evidence(
    "Opportunity", "documented", "ExpectedRevenue is Amount times Probability; Fiscal is the quarter of CloseDate"
)
def complete_opportunity(save: Save) -> None:
    """Fill the fields that follow from an opportunity's stage, amount and close date."""
    row = save.row
    stage = str(row["StageName"])
    probability, forecast = _STAGES.get(stage, (0, "Pipeline"))
    if save.before is None or save.before["StageName"] != stage:
        row["LastStageChangeDate"] = instant(save.now())
        if "Probability" not in save.given:
            row["Probability"] = float(probability)
        if "ForecastCategoryName" not in save.given:
            row["ForecastCategoryName"] = forecast
    row["ForecastCategory"] = {"Best Case": "BestCase", "Commit": "Forecast"}.get(
        str(row["ForecastCategoryName"]), row["ForecastCategoryName"]
    )
    row["IsWon"] = int(stage == "Closed Won")
    row["IsClosed"] = int(stage.startswith("Closed"))
    amount = row.get("Amount")
    row["ExpectedRevenue"] = None if amount is None else round(float(amount) * float(row["Probability"] or 0) / 100, 2)
    closing = date.fromisoformat(str(row["CloseDate"]))
    row["FiscalYear"], row["FiscalQuarter"] = closing.year, (closing.month - 1) // _MONTHS_A_QUARTER + 1
    row["Fiscal"] = f"{closing.year} {row['FiscalQuarter']}"


@evidence("Case", "simulated", "Status Closed closes a case; phone, fax and e-mail are those of its contact")
def complete_case(save: Save) -> None:
    """Fill the fields that follow from a case's status and contact."""
    row = save.row
    row["IsClosed"] = int(row["Status"] == "Closed")
    if not row["IsClosed"]:
        row["ClosedDate"] = None
    elif save.before is None or not save.before["IsClosed"]:
        row["ClosedDate"] = instant(save.now())
    contact = save.record(row.get("ContactId"))
    for ours, theirs in (("Phone", "Phone"), ("Mobile", "MobilePhone"), ("Email", "Email"), ("Fax", "Fax")):
        row[f"Contact{ours}"] = contact[theirs] if contact else None
    if contact and "AccountId" not in save.given:
        row["AccountId"] = contact["AccountId"]


@evidence("Task", "simulated", "Status Completed closes a task and stamps CompletedDateTime; AccountId as for an event")
def complete_task(save: Save) -> None:
    """Fill the fields that follow from a task's status, priority and relations."""
    row = save.row
    row["TaskSubtype"] = row.get("TaskSubtype") or "Task"
    row["IsHighPriority"] = int(row["Priority"] == "High")
    row["IsClosed"] = int(row["Status"] == "Completed")
    if not row["IsClosed"]:
        row["CompletedDateTime"] = None
    elif save.before is None or not save.before["IsClosed"]:
        row["CompletedDateTime"] = instant(save.now())
    row["AccountId"] = account_of(save)


@evidence("Lead", "quoted", "A converted lead cannot be changed: CANNOT_UPDATE_CONVERTED_LEAD")
def complete_lead(save: Save) -> None:
    """Refuse a change of a converted lead.

    Raises:
        OrgError: CANNOT_UPDATE_CONVERTED_LEAD.
    """
    if save.before is not None and save.before["IsConverted"]:
        raise errors.converted_lead()


@evidence("CampaignMember", "simulated", "Status Responded marks a member as having responded, on that day")
def complete_campaign_member(save: Save) -> None:
    """Fill the fields that follow from a member's status and person."""
    row = save.row
    row["HasResponded"] = int(row["Status"] == "Responded")
    if row["HasResponded"] and not row.get("FirstRespondedDate"):
        row["FirstRespondedDate"] = save.now().date().isoformat()
    row["LeadOrContactId"] = row.get("ContactId") or row.get("LeadId")
    row["Type"] = "Contact" if row.get("ContactId") else "Lead"
    person = save.record(row["LeadOrContactId"])
    if person is not None and row["Type"] == "Lead":
        row["CompanyOrAccount"] = person["Company"]
    elif person is not None:
        account = save.record(person["AccountId"])
        row["CompanyOrAccount"] = account["Name"] if account else None
