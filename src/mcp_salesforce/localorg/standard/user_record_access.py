"""UserRecordAccess: what a user may do with a record; worked out when it is asked for, and stored nowhere."""

from mcp_salesforce.localorg.standard import definitions as field
from mcp_salesforce.localorg.standard.definitions import SObjectDef

USER_RECORD_ACCESS = SObjectDef(
    name="UserRecordAccess",
    label="User Record Access",
    label_plural="User Record Access",
    key_prefix="",
    createable=False,
    updateable=False,
    deletable=False,
    undeletable=False,
    searchable=False,
    layoutable=False,
    mru_enabled=False,
    triggerable=False,
    sharing="Setup",
    fields=(
        field.record_id("User Record Access ID"),
        field.reference("UserId", "User ID", "User", "", relationship_name=None, sortable=False),
        field.picklist("RecordId", "Record ID", (), "R"),
        field.boolean("HasReadAccess", "Has Read Access"),
        field.boolean("HasEditAccess", "Has Edit Access"),
        field.boolean("HasDeleteAccess", "Has Delete Access"),
        field.boolean("HasTransferAccess", "Has Transfer Access"),
        field.boolean("HasAllAccess", "Has All Access"),
        field.picklist(
            "MaxAccessLevel",
            "Maximum Access Level",
            ("None", "Read", "Edit", "Delete", "Transfer", "All"),
            "NR",
            filterable=False,
        ),
    ),
)
