"""UserRole: a place in the hierarchy of who sees whose records."""

from mcp_salesforce.localorg.standard.definitions import (
    SObjectDef,
    boolean,
    datetime,
    picklist,
    record_id,
    reference,
    string,
)

ACCESS = (("None", "Private"), ("Read", "Read Only"), ("Edit", "Read/Write"))

USER_ROLE = SObjectDef(
    name="UserRole",
    label="Role",
    label_plural="Roles",
    key_prefix="00E",
    sharing="Setup",
    fields=(
        record_id("Role ID"),
        string("Name", "Name", 80, "CU", name_field=True),
        reference("ParentRoleId", "Parent Role ID", "UserRole", child_relationship="Roles"),
        string("RollupDescription", "Description", 80, "CUN"),
        picklist(
            "OpportunityAccessForAccountOwner",
            "Opportunity Access Level for Account Owner",
            ACCESS,
            "CUDR",
            default="Edit",
        ),
        picklist("CaseAccessForAccountOwner", "Case Access Level for Account Owner", ACCESS, "CUNR"),
        picklist("ContactAccessForAccountOwner", "Contact Access Level for Account Owner", ACCESS, "CUNR"),
        reference("ForecastUserId", "User ID", "User", "N", relationship_name=None),
        boolean("MayForecastManagerShare", "May Forecast Manager Share"),
        datetime("LastModifiedDate", "Last Modified Date", "D"),
        reference("LastModifiedById", "Last Modified By ID", "User", "D"),
        datetime("SystemModstamp", "System Modstamp", "D"),
        string("DeveloperName", "Developer Name", 80, "CUN"),
        reference("PortalAccountId", "Account ID", "Account", "CN", relationship_name=None),
        picklist("PortalType", "Portal Type", ("None", "CustomerPortal", "Partner"), "CNR"),
        reference("PortalAccountOwnerId", "User ID", "User", "N", relationship_name=None),
    ),
    layoutable=False,
    searchable=False,
    undeletable=False,
)
