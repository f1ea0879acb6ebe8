"""OpportunityContactRole: the part a contact has in a sale."""

from mcp_salesforce.localorg.standard import definitions as field
from mcp_salesforce.localorg.standard.definitions import AUDIT, IS_DELETED, SObjectDef

OPPORTUNITY_CONTACT_ROLE = SObjectDef(
    name="OpportunityContactRole",
    label="Opportunity Contact Role",
    label_plural="Opportunity Contact Role",
    key_prefix="00K",
    sharing="ControlledByParent",
    controlled_by=("OpportunityId",),
    fields=(
        field.record_id("Contact Role ID"),
        field.reference(
            "OpportunityId",
            "Opportunity ID",
            "Opportunity",
            "C",
            child_relationship="OpportunityContactRoles",
            cascade_delete=True,
            search_prefilterable=False,
        ),
        field.reference(
            "ContactId",
            "Contact ID",
            "Contact",
            "CU",
            child_relationship="OpportunityContactRoles",
            cascade_delete=True,
            search_prefilterable=False,
        ),
        field.picklist(
            "Role",
            "Role",
            (
                "Business User",
                "Decision Maker",
                "Economic Buyer",
                "Economic Decision Maker",
                "Evaluator",
                "Executive Sponsor",
                "Influencer",
                "Technical Buyer",
                "Other",
            ),
            "CUN",
        ),
        field.boolean("IsPrimary", "Primary", "CUD"),
        *AUDIT,
        IS_DELETED,
    ),
    searchable=False,
)
