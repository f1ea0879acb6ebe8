"""PermissionSet: what its users may do beyond their profiles; and PermissionSetAssignment: which users have it."""

from mcp_salesforce.localorg.standard import definitions as field
from mcp_salesforce.localorg.standard.definitions import AUDIT, SObjectDef

PERMISSION_SET = SObjectDef(
    name="PermissionSet",
    label="Permission Set",
    label_plural="Permission Set",
    key_prefix="0PS",
    layoutable=False,
    searchable=False,
    undeletable=False,
    mru_enabled=False,
    triggerable=False,
    sharing="Setup",
    fields=(
        field.record_id("PermissionSet ID"),
        field.string("Name", "API Name", 80, "CU", name_field=True),
        field.string("Label", "Permission Set Name", 80, "CU"),
        field.reference("ProfileId", "Profile ID", "Profile", "N"),
        field.boolean("IsOwnedByProfile", "Is Owned By Profile"),
        field.string("Description", "Description", 255, "CUN"),
        *AUDIT,
    ),
)
PERMISSION_SET_ASSIGNMENT = SObjectDef(
    name="PermissionSetAssignment",
    label="Permission Set Assignment",
    label_plural="Permission Set Assignment",
    key_prefix="0Pa",
    updateable=False,
    layoutable=False,
    searchable=False,
    undeletable=False,
    mru_enabled=False,
    triggerable=False,
    sharing="Setup",
    fields=(
        field.record_id("PermissionSetAssignment ID"),
        field.reference(
            "PermissionSetId", "PermissionSet ID", "PermissionSet", "CN", child_relationship="Assignments",
            cascade_delete=True,
        ),
        field.reference(
            "AssigneeId", "Assignee ID", "User", "C", child_relationship="PermissionSetAssignments", cascade_delete=True
        ),
        field.datetime("ExpirationDate", "Expires On", "CN"),
        field.datetime("SystemModstamp", "Date Assigned", "D"),
    ),
)  # fmt: skip
