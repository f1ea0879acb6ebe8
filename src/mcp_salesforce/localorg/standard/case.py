"""Case: a question or problem of a customer."""

from mcp_salesforce.localorg.standard import definitions as field
from mcp_salesforce.localorg.standard.definitions import AUDIT, IS_DELETED, VIEWED, SObjectDef

CASE = SObjectDef(
    name="Case",
    label="Case",
    label_plural="Cases",
    key_prefix="500",
    fields=(
        field.record_id("Case ID"),
        IS_DELETED,
        field.reference("MasterRecordId", "Master Record ID", "Case", "N"),
        field.string(
            "CaseNumber",
            "Case Number",
            30,
            "DL",
            name_field=True,
            groupable=False,
            auto_number=True,
            display_format="{00000000}",
        ),
        field.reference(
            "ContactId", "Contact ID", "Contact", "CUNP", child_relationship="Cases", restricted_delete=True
        ),
        field.reference(
            "AccountId", "Account ID", "Account", "CUNP", child_relationship="Cases", restricted_delete=True
        ),
        field.reference("AssetId", "Asset ID", "Asset", "CUNP"),
        field.reference("ParentId", "Parent Case ID", "Case", "CUNP", child_relationship="Cases"),
        field.string("SuppliedName", "Name", 80),
        field.email("SuppliedEmail", "Email Address"),
        field.string("SuppliedPhone", "Phone", 40),
        field.string("SuppliedCompany", "Company", 80),
        field.picklist("Type", "Case Type", ("Mechanical", "Electrical", "Electronic", "Structural", "Other")),
        field.picklist("Status", "Status", ("New", "Working", "Escalated", "Closed"), "CUND", default="New"),
        field.picklist(
            "Reason",
            "Case Reason",
            (
                "Installation",
                "Equipment Complexity",
                "Performance",
                "Breakdown",
                "Equipment Design",
                "Feedback",
                "Other",
            ),
        ),
        field.picklist("Origin", "Case Origin", ("Phone", "Email", "Web")),
        field.string("Subject", "Subject", 255),
        field.picklist("Priority", "Priority", ("High", "Medium", "Low"), "CUNDP", default="Medium"),
        field.textarea("Description", "Description", 32000),
        field.boolean("IsClosed", "Closed"),
        field.datetime("ClosedDate", "Closed Date", "NP"),
        field.boolean("IsEscalated", "Escalated", "CUDP"),
        field.reference("OwnerId", "Owner ID", ("Group", "User"), "CUD"),
        *AUDIT,
        field.phone("ContactPhone", "Contact Phone", "N"),
        field.phone("ContactMobile", "Contact Mobile", "N"),
        field.email("ContactEmail", "Contact Email", "N"),
        field.phone("ContactFax", "Contact Fax", "N"),
        field.textarea(
            "Comments", "Internal Comments", 4000, "CUN", aggregatable=True, sortable=True, bytes_a_character=1
        ),
        *VIEWED,
    ),
    feed_enabled=True,
    scopes=(
        ("everything", "All cases"),
        ("genericteam", "My case teams cases"),
        ("mine", "My cases"),
        ("queue_owned", "Queue owned cases"),
        ("team_by_role", "My role-based team's cases"),
        ("user_owned", "User owned cases"),
    ),
)
