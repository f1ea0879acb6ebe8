"""Calendar: of a resource, such as a room, or of everybody; a user's own calendar is the user."""

from mcp_salesforce.localorg.standard import definitions as field
from mcp_salesforce.localorg.standard.definitions import AUDIT, SObjectDef

CALENDAR = SObjectDef(
    name="Calendar",
    label="Calendar",
    label_plural="Calendars",
    key_prefix="023",
    createable=False,
    updateable=False,
    deletable=False,
    undeletable=False,
    searchable=False,
    sharing="Setup",
    fields=(
        field.record_id("Calendar ID"),
        field.string("Name", "Calendar Name", 80, "", name_field=True),
        field.reference("UserId", "User ID", "User", "N"),
        field.picklist(
            "Type", "Calendar Type", (("User", "User"), ("Public", "Public"), ("Resource", "Resource")), "R"
        ),
        field.boolean("IsActive", "Active", default=True),
        *AUDIT,
    ),
)
