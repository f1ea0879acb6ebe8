"""Group: of users; a queue that owns leads, cases and tasks is one."""

from mcp_salesforce.localorg.standard.definitions import (
    AUDIT,
    SObjectDef,
    boolean,
    email,
    picklist,
    record_id,
    reference,
    string,
    textarea,
)

GROUP = SObjectDef(
    name="Group",
    label="Group",
    label_plural="Group",
    key_prefix="00G",
    sharing="Setup",
    fields=(
        record_id("Group ID"),
        string("Name", "Name", 40, "CU", name_field=True),
        string("DeveloperName", "Developer Name", 80, "CUN"),
        reference("RelatedId", "Related ID", ("User", "UserRole"), "N"),
        picklist("Type", "Type", ("Regular", "Role", "RoleAndSubordinates", "Organization", "Queue"), "CR"),
        email("Email", "Email", "CUN"),
        reference("OwnerId", "Owner ID", ("Organization", "User"), "D"),
        boolean("DoesSendEmailToMembers", "Send Email to Members", "CUD"),
        boolean("DoesIncludeBosses", "Include Bosses", "CUD"),
        *AUDIT,
        textarea("Description", "Description", 255, "CUN"),
    ),
    layoutable=False,
    searchable=False,
    undeletable=False,
)
