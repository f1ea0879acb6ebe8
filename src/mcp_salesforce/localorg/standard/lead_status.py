"""LeadStatus: a value of Lead.Status, and whether it is one of converted leads."""

from mcp_salesforce.localorg.standard import definitions as field
from mcp_salesforce.localorg.standard.definitions import AUDIT, SObjectDef

LEAD_STATUS = SObjectDef(
    name="LeadStatus",
    label="Lead Status Value",
    label_plural="Lead Status Value",
    key_prefix="01J",
    createable=False,
    updateable=False,
    deletable=False,
    undeletable=False,
    searchable=False,
    layoutable=False,
    sharing="Setup",
    fields=(
        field.record_id("Lead Status Value ID"),
        field.string("MasterLabel", "Master Label", 255, "N", name_field=True),
        field.string("ApiName", "Api Name", 255, ""),
        field.integer("SortOrder", "Sort Order", "N", digits=9),
        field.boolean("IsDefault", "Is Default"),
        field.boolean("IsConverted", "Is Converted"),
        *AUDIT,
    ),
)
