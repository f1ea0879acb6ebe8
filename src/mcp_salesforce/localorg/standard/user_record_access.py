"""UserRecordAccess: what a user may do with a record; worked out when it is asked for, and stored nowhere."""

from mcp_salesforce.localorg.standard.definitions import SObjectDef, boolean, picklist, record_id, reference

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
        record_id("User Record Access ID"),
        reference("UserId", "User ID", "User", "", relationship_name=None, sortable=False),
        picklist("RecordId", "Record ID", (), "R"),
        boolean("HasReadAccess", "Has Read Access"),
        boolean("HasEditAccess", "Has Edit Access"),
        boolean("HasDeleteAccess", "Has Delete Access"),
        boolean("HasTransferAccess", "Has Transfer Access"),
        boolean("HasAllAccess", "Has All Access"),
        picklist(
            "MaxAccessLevel",
            "Maximum Access Level",
            ("None", "Read", "Edit", "Delete", "Transfer", "All"),
            "NR",
            filterable=False,
        ),
    ),
)
