"""RecordType: a kind of records of one object."""

from mcp_salesforce.localorg.standard import definitions as field
from mcp_salesforce.localorg.standard.definitions import AUDIT, SObjectDef

RECORD_TYPE = SObjectDef(
    name="RecordType",
    label="Record Type",
    label_plural="Record Types",
    key_prefix="012",
    sharing="Setup",
    fields=(
        field.record_id("Record Type ID"),
        field.string("Name", "Name", 80, "CU", name_field=True),
        field.string("DeveloperName", "Record Type Name", 80, "CU"),
        field.string("NamespacePrefix", "Namespace Prefix", 15, "N"),
        field.string("Description", "Description", 255, "CUN"),
        field.picklist(
            "SobjectType",
            "SObject Type Name",
            ("Account", "Campaign", "Case", "Contact", "Event", "Lead", "Opportunity", "Task"),
            "CR",
        ),
        field.boolean("IsActive", "Active", "CUD", default=True),
        *AUDIT,
    ),
    layoutable=False,
    searchable=False,
    undeletable=False,
    deletable=False,
)
