"""Campaign: an effort to reach leads and contacts."""

from mcp_salesforce.localorg.standard import definitions as field
from mcp_salesforce.localorg.standard.definitions import AUDIT, IS_DELETED, VIEWED, SObjectDef

CAMPAIGN = SObjectDef(
    name="Campaign",
    label="Campaign",
    label_plural="Campaigns",
    key_prefix="701",
    fields=(
        field.record_id("Campaign ID"),
        IS_DELETED,
        field.string("Name", "Name", 80, "CU", name_field=True),
        field.reference("ParentId", "Parent Campaign ID", "Campaign", "CUNP", child_relationship="ChildCampaigns"),
        field.picklist(
            "Type",
            "Type",
            (
                "Conference",
                "Webinar",
                "Trade Show",
                "Public Relations",
                "Partners",
                "Referral Program",
                "Advertisement",
                "Banner Ads",
                "Direct Mail",
                "Email",
                "Telemarketing",
                "Other",
            ),
        ),
        field.picklist(
            "Status", "Status", ("Planned", "In Progress", "Completed", "Aborted"), "CUNDP", default="Planned"
        ),
        field.date("StartDate", "Start Date", "CUNP"),
        field.date("EndDate", "End Date", "CUNP"),
        field.currency("ExpectedRevenue", "Expected Revenue in Campaign"),
        field.currency("BudgetedCost", "Budgeted Cost in Campaign"),
        field.currency("ActualCost", "Actual Cost in Campaign"),
        field.percent("ExpectedResponse", "Expected Response (%)", "CUNDP", precision=10, scale=2),
        field.double("NumberSent", "Num Sent in Campaign", "CUNDP", precision=18, scale=0),
        field.boolean("IsActive", "Active", "CUDP"),
        field.textarea("Description", "Description", 32000),
        field.integer("NumberOfLeads", "Leads in Campaign", ""),
        field.integer("NumberOfConvertedLeads", "Converted Leads in Campaign", ""),
        field.integer("NumberOfContacts", "Contacts in Campaign", ""),
        field.integer("NumberOfResponses", "Responses in Campaign", ""),
        field.integer("NumberOfOpportunities", "Opportunities in Campaign", ""),
        field.integer("NumberOfWonOpportunities", "Won Opportunities in Campaign", ""),
        field.currency("AmountAllOpportunities", "Value Opportunities in Campaign", ""),
        field.currency("AmountWonOpportunities", "Value Won Opportunities in Campaign", ""),
        field.reference("OwnerId", "Owner ID", "User", "CUD"),
        *AUDIT,
        field.date("LastActivityDate", "Last Activity", "N"),
        *VIEWED,
        field.reference("CampaignMemberRecordTypeId", "Record Type ID", "RecordType"),
    ),
    feed_enabled=True,
    scopes=(("everything", "All campaigns"), ("mine", "My campaigns")),
)
