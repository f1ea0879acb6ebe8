"""Salesforce Files: a ContentDocument, its ContentVersions, and the ContentDocumentLinks to records that have it."""

from typing import Final

from mcp_salesforce.localorg.standard import definitions as field
from mcp_salesforce.localorg.standard.definitions import AUDIT, IS_DELETED, SObjectDef

_LINKED: Final = ("Account", "Contact", "Lead", "Opportunity", "Case", "Event", "Task", "Campaign", "User", "Group")


CONTENT: Final[tuple[SObjectDef, ...]] = (
    SObjectDef(
        name="ContentDocument",
        label="Content Document",
        label_plural="Content Documents",
        key_prefix="069",
        sharing="Setup",
        fields=(
            field.record_id("ContentDocument ID"),
            *AUDIT,
            IS_DELETED,
            field.reference("OwnerId", "Owner ID", "User", "CUD"),
            field.string("Title", "Title", 255, "U", name_field=True),
            field.string("FileType", "File Type", 20, "N"),
            field.string("FileExtension", "File Extension", 40, "N"),
            field.integer("ContentSize", "Content Size", "N", digits=9),
            field.string("LatestPublishedVersionId", "Latest Published Version ID", 18, "N"),
        ),
        createable=False,
    ),
    SObjectDef(
        name="ContentVersion",
        label="Content Version",
        label_plural="Content Versions",
        key_prefix="068",
        sharing="Setup",
        fields=(
            field.record_id("ContentVersion ID"),
            field.reference(
                "ContentDocumentId", "ContentDocument ID", "ContentDocument", "CD",
                child_relationship="ContentVersions", cascade_delete=True,
            ),
            field.boolean("IsLatest", "Is Latest", "D"),
            field.string("Title", "Title", 255, "CUD", name_field=True),
            field.textarea("Description", "Description", 1000, "CUN"),
            field.string("PathOnClient", "Path On Client", 500, "C"),
            field.string("VersionNumber", "Version Number", 20, "N"),
            field.string("FileType", "File Type", 20, "N"),
            field.string("FileExtension", "File Extension", 40, "N"),
            field.integer("ContentSize", "Size", "N", digits=9),
            field.string("Checksum", "Checksum", 50, "N"),
            field.define("base64", "VersionData", "Version Data", "CN"),
            field.reference("FirstPublishLocationId", "First Publish Location ID", _LINKED, "CN"),
            field.reference("OwnerId", "Owner ID", "User", "CUD"),
            *AUDIT,
            IS_DELETED,
        ),
        deletable=False,
    ),
    SObjectDef(
        name="ContentDocumentLink",
        label="Content Document Link",
        label_plural="Content Document Link",
        key_prefix="06A",
        sharing="Setup",
        fields=(
            field.record_id("ContentDocumentLink ID"),
            field.reference(
                "LinkedEntityId", "Linked Entity ID", _LINKED, "C",
                child_relationship="ContentDocumentLinks", cascade_delete=True,
            ),
            field.reference(
                "ContentDocumentId", "ContentDocument ID", "ContentDocument", "C",
                child_relationship="ContentDocumentLinks", cascade_delete=True,
            ),
            IS_DELETED,
            field.datetime("SystemModstamp", "System Modstamp", "D"),
            field.picklist("ShareType", "Share Type", ("V", "C", "I"), "CUDR", default="V"),
            field.picklist(
                "Visibility", "Visibility", ("AllUsers", "InternalUsers", "SharedUsers"), "CUDR",
                default="AllUsers",
            ),
        ),
        searchable=False,
    ),
)  # fmt: skip
