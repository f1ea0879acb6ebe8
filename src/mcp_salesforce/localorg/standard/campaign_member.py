"""CampaignMember: a lead or contact in a campaign."""

from mcp_salesforce.localorg.standard import definitions as field
from mcp_salesforce.localorg.standard.definitions import AUDIT, IS_DELETED, SObjectDef

CAMPAIGN_MEMBER = SObjectDef(
    name="CampaignMember",
    label="Campaign Member",
    label_plural="Campaign Members",
    key_prefix="00v",
    sharing="ControlledByParent",
    controlled_by=("CampaignId",),
    fields=(
        field.record_id("Campaign Member ID"),
        IS_DELETED,
        field.reference(
            "CampaignId", "Campaign ID", "Campaign", "C", child_relationship="CampaignMembers", cascade_delete=True
        ),
        field.reference("LeadId", "Lead ID", "Lead", "CN", child_relationship="CampaignMembers", cascade_delete=True),
        field.reference(
            "ContactId", "Contact ID", "Contact", "CN", child_relationship="CampaignMembers", cascade_delete=True
        ),
        field.picklist("Status", "Status", ("Sent", "Responded"), "CUND", default="Sent"),
        field.boolean("HasResponded", "Responded"),
        *AUDIT,
        field.date("FirstRespondedDate", "First Responded Date", "N"),
        field.string("CompanyOrAccount", "Company (Account)", 255, "N"),
        field.string("Type", "Type", 40, "N"),
        field.reference("LeadOrContactId", "Related Record ID", ("Contact", "Lead"), "N"),
    ),
    undeletable=False,
)
