"""RecordType: a kind of records of one object."""

from mcp_salesforce.localorg.standard.definitions import AUDIT, SObjectDef, boolean, picklist, record_id, string

RECORD_TYPE = SObjectDef(
    name="RecordType",
    label="Record Type",
    label_plural="Record Types",
    key_prefix="012",
    sharing="Setup",
    fields=(
        record_id("Record Type ID"),
        string("Name", "Name", 80, "CU", name_field=True),
        string("DeveloperName", "Record Type Name", 80, "CU"),
        string("NamespacePrefix", "Namespace Prefix", 15, "N"),
        string("Description", "Description", 255, "CUN"),
        picklist(
            "SobjectType",
            "SObject Type Name",
            ("Account", "Campaign", "Case", "Contact", "Event", "Lead", "Opportunity", "Task"),
            "CR",
        ),
        boolean("IsActive", "Active", "CUD", default=True),
        *AUDIT,
    ),
    layoutable=False,
    searchable=False,
    undeletable=False,
    deletable=False,
)
