"""Group: of users; a queue that owns leads, cases and tasks is one."""

from mcp_salesforce.localorg.standard import definitions as field
from mcp_salesforce.localorg.standard.definitions import AUDIT, SObjectDef

GROUP = SObjectDef(
    name="Group",
    label="Group",
    label_plural="Group",
    key_prefix="00G",
    sharing="Setup",
    fields=(
        field.record_id("Group ID"),
        field.string("Name", "Name", 40, "CU", name_field=True),
        field.string("DeveloperName", "Developer Name", 80, "CUN"),
        field.reference("RelatedId", "Related ID", ("User", "UserRole"), "N"),
        field.picklist("Type", "Type", ("Regular", "Role", "RoleAndSubordinates", "Organization", "Queue"), "CR"),
        field.email("Email", "Email", "CUN"),
        field.reference("OwnerId", "Owner ID", ("Organization", "User"), "D"),
        field.boolean("DoesSendEmailToMembers", "Send Email to Members", "CUD"),
        field.boolean("DoesIncludeBosses", "Include Bosses", "CUD"),
        *AUDIT,
        field.textarea("Description", "Description", 255, "CUN"),
    ),
    layoutable=False,
    searchable=False,
    undeletable=False,
)
