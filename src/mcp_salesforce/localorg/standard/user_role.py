"""UserRole: a place in the hierarchy of who sees whose records."""

from mcp_salesforce.localorg.standard import definitions as field
from mcp_salesforce.localorg.standard.definitions import SObjectDef

ACCESS = (("None", "Private"), ("Read", "Read Only"), ("Edit", "Read/Write"))

USER_ROLE = SObjectDef(
    name="UserRole",
    label="Role",
    label_plural="Roles",
    key_prefix="00E",
    sharing="Setup",
    fields=(
        field.record_id("Role ID"),
        field.string("Name", "Name", 80, "CU", name_field=True),
        field.reference("ParentRoleId", "Parent Role ID", "UserRole", child_relationship="Roles"),
        field.string("RollupDescription", "Description", 80, "CUN"),
        field.picklist(
            "OpportunityAccessForAccountOwner",
            "Opportunity Access Level for Account Owner",
            ACCESS,
            "CUDR",
            default="Edit",
        ),
        field.picklist("CaseAccessForAccountOwner", "Case Access Level for Account Owner", ACCESS, "CUNR"),
        field.picklist("ContactAccessForAccountOwner", "Contact Access Level for Account Owner", ACCESS, "CUNR"),
        field.reference("ForecastUserId", "User ID", "User", "N", relationship_name=None),
        field.boolean("MayForecastManagerShare", "May Forecast Manager Share"),
        field.datetime("LastModifiedDate", "Last Modified Date", "D"),
        field.reference("LastModifiedById", "Last Modified By ID", "User", "D"),
        field.datetime("SystemModstamp", "System Modstamp", "D"),
        field.string("DeveloperName", "Developer Name", 80, "CUN"),
        field.reference("PortalAccountId", "Account ID", "Account", "CN", relationship_name=None),
        field.picklist("PortalType", "Portal Type", ("None", "CustomerPortal", "Partner"), "CNR"),
        field.reference("PortalAccountOwnerId", "User ID", "User", "N", relationship_name=None),
    ),
    layoutable=False,
    searchable=False,
    undeletable=False,
)
