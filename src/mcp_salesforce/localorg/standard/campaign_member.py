"""CampaignMember: a lead or contact in a campaign."""

from mcp_salesforce.localorg.standard.definitions import (
    AUDIT,
    IS_DELETED,
    SObjectDef,
    boolean,
    date,
    picklist,
    record_id,
    reference,
    string,
)

CAMPAIGN_MEMBER = SObjectDef(
    name="CampaignMember",
    label="Campaign Member",
    label_plural="Campaign Members",
    key_prefix="00v",
    sharing="ControlledByParent",
    controlled_by=("CampaignId",),
    fields=(
        record_id("Campaign Member ID"),
        IS_DELETED,
        reference(
            "CampaignId", "Campaign ID", "Campaign", "C", child_relationship="CampaignMembers", cascade_delete=True
        ),
        reference("LeadId", "Lead ID", "Lead", "CN", child_relationship="CampaignMembers", cascade_delete=True),
        reference(
            "ContactId", "Contact ID", "Contact", "CN", child_relationship="CampaignMembers", cascade_delete=True
        ),
        picklist("Status", "Status", ("Sent", "Responded"), "CUND", default="Sent"),
        boolean("HasResponded", "Responded"),
        *AUDIT,
        date("FirstRespondedDate", "First Responded Date", "N"),
        string("CompanyOrAccount", "Company (Account)", 255, "N"),
        string("Type", "Type", 40, "N"),
        reference("LeadOrContactId", "Related Record ID", ("Contact", "Lead"), "N"),
    ),
    undeletable=False,
)
