"""LeadStatus: a value of Lead.Status, and whether it is one of converted leads."""

from mcp_salesforce.localorg.standard.definitions import AUDIT, SObjectDef, boolean, integer, record_id, string

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
        record_id("Lead Status Value ID"),
        string("MasterLabel", "Master Label", 255, "N", name_field=True),
        string("ApiName", "Api Name", 255, ""),
        integer("SortOrder", "Sort Order", "N", digits=9),
        boolean("IsDefault", "Is Default"),
        boolean("IsConverted", "Is Converted"),
        *AUDIT,
    ),
)
