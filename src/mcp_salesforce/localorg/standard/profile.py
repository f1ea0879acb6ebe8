"""Profile: what the users who have it may do."""

from mcp_salesforce.localorg.standard import definitions as field
from mcp_salesforce.localorg.standard.definitions import AUDIT, VIEWED, SObjectDef

PERMISSIONS = (
    ("EditTask", "Edit Tasks"), ("EditEvent", "Edit Events"), ("ManageUsers", "Manage Users"),
    ("ModifyAllData", "Modify All Data"), ("ViewAllData", "View All Data"),
    ("ViewSetup", "View Setup and Configuration"), ("CustomizeApplication", "Customize Application"),
    ("ApiEnabled", "API Enabled"), ("AuthorApex", "Author Apex"),
)  # fmt: skip
"""The permissions that this org knows of; a real profile has some three hundred."""

PROFILE = SObjectDef(
    name="Profile",
    label="Profile",
    label_plural="Profile",
    key_prefix="00e",
    createable=False,
    updateable=False,
    deletable=False,
    undeletable=False,
    searchable=False,
    sharing="Setup",
    fields=(
        field.record_id("Profile ID"),
        field.string("Name", "Name", 255, "", name_field=True),
        *(field.boolean(f"Permissions{name}", label) for name, label in PERMISSIONS),
        field.picklist("UserType", "User Type", ("Standard", "Guest"), "NR"),
        *AUDIT,
        field.string("Description", "Description", 255, "N"),
        *VIEWED,
    ),
)
