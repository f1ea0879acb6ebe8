"""EventRelation: someone or something invited to an event."""

from mcp_salesforce.localorg.standard import definitions as field
from mcp_salesforce.localorg.standard.definitions import AUDIT, IS_DELETED, SObjectDef

EVENT_RELATION = SObjectDef(
    name="EventRelation",
    label="Event Relation",
    label_plural="Event Relations",
    key_prefix="0RE",
    searchable=False,
    undeletable=False,
    sharing="ControlledByParent",
    controlled_by=("EventId",),
    fields=(
        field.record_id("Event Relation ID"),
        field.reference(
            "RelationId",
            "Relation ID",
            ("Calendar", "Contact", "Lead", "User"),
            "C",
            child_relationship="EventRelations",
            cascade_delete=True,
        ),
        field.reference("EventId", "Event ID", "Event", "C", child_relationship="EventRelations", cascade_delete=True),
        field.picklist("Status", "Status", ("New", "Declined", "Accepted", "Uninvited"), "NR"),
        field.datetime("RespondedDate", "Response Date", "N"),
        field.string("Response", "Response", 255, "N"),
        *AUDIT,
        IS_DELETED,
    ),
)
