"""EventRelation: someone or something invited to an event."""

from mcp_salesforce.localorg.standard.definitions import (
    AUDIT,
    IS_DELETED,
    SObjectDef,
    datetime,
    picklist,
    record_id,
    reference,
    string,
)

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
        record_id("Event Relation ID"),
        reference(
            "RelationId",
            "Relation ID",
            ("Calendar", "Contact", "Lead", "User"),
            "C",
            child_relationship="EventRelations",
            cascade_delete=True,
        ),
        reference("EventId", "Event ID", "Event", "C", child_relationship="EventRelations", cascade_delete=True),
        picklist("Status", "Status", ("New", "Declined", "Accepted", "Uninvited"), "NR"),
        datetime("RespondedDate", "Response Date", "N"),
        string("Response", "Response", 255, "N"),
        *AUDIT,
        IS_DELETED,
    ),
)
