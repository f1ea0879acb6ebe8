"""Contact: a person who works with an account."""

from mcp_salesforce.localorg.standard import definitions as field
from mcp_salesforce.localorg.standard.definitions import AUDIT, IS_DELETED, VIEWED, SObjectDef
from mcp_salesforce.localorg.standard.picklists import CLEAN_STATUSES, SOURCES

CONTACT = SObjectDef(
    name="Contact",
    label="Contact",
    label_plural="Contacts",
    key_prefix="003",
    sharing="ControlledByParent",
    controlled_by=("AccountId",),
    fields=(
        field.record_id("Contact ID"),
        IS_DELETED,
        field.reference("MasterRecordId", "Master Record ID", "Contact", "N"),
        field.reference(
            "AccountId", "Account ID", "Account", "CUNP", child_relationship="Contacts", cascade_delete=True
        ),
        *field.person_name(),
        *field.address("Other"),
        *field.address("Mailing"),
        field.phone("Phone", "Business Phone"),
        field.phone("Fax", "Business Fax"),
        field.phone("MobilePhone", "Mobile Phone"),
        field.phone("HomePhone", "Home Phone"),
        field.phone("OtherPhone", "Other Phone"),
        field.phone("AssistantPhone", "Asst. Phone"),
        field.reference("ReportsToId", "Reports To ID", "Contact", "CUNP"),
        field.email("Email", "Email", "CUNPL"),
        field.string("Title", "Title", 128),
        field.string("Department", "Department", 80),
        field.string("AssistantName", "Assistant's Name", 40),
        field.picklist("LeadSource", "Lead Source", SOURCES, length=255),
        field.date("Birthdate", "Birthdate", "CUNP"),
        field.textarea("Description", "Contact Description", 32000),
        field.reference("OwnerId", "Owner ID", "User", "CUD"),
        *AUDIT,
        field.date("LastActivityDate", "Last Activity", "N"),
        field.datetime("LastCURequestDate", "Last Stay-in-Touch Request Date", "N"),
        field.datetime("LastCUUpdateDate", "Last Stay-in-Touch Save Date", "N"),
        *VIEWED,
        field.string("EmailBouncedReason", "Email Bounced Reason", 255, "CUN"),
        field.datetime("EmailBouncedDate", "Email Bounced Date"),
        field.boolean("IsEmailBounced", "Is Email Bounced"),
        field.image_url(),
        field.string("Jigsaw", "Data.com Key", 20),
        field.string("JigsawContactId", "Jigsaw Contact ID", 20, "N", relationship_name="JigsawContact"),
        field.picklist("CleanStatus", "Clean Status", CLEAN_STATUSES, "CUNPR"),
        field.reference("IndividualId", "Individual ID", "Individual"),
    ),
    mergeable=True,
    feed_enabled=True,
    scopes=(
        ("everything", "All contacts"),
        ("mine", "My contacts"),
        ("scopingRule", "Filter by scope"),
        ("team", "My team's contacts"),
    ),
)
