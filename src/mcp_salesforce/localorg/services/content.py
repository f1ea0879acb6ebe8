"""Salesforce Files: a version that is saved makes its document, or its next version, and links it to a record."""

import base64
import binascii
import hashlib
from pathlib import PurePosixPath
from typing import Final

from mcp_salesforce.localorg import errors
from mcp_salesforce.localorg.errors import OrgError
from mcp_salesforce.localorg.evidence import evidence
from mcp_salesforce.localorg.services.saves import Save
from mcp_salesforce.localorg.store.sqlite import Store

_TABLE: Final = "CREATE TABLE IF NOT EXISTS _content (version TEXT PRIMARY KEY, data BLOB)"
_FILE_TYPES: Final = {
    "txt": "TEXT", "csv": "CSV", "pdf": "PDF", "docx": "WORD_X", "xlsx": "EXCEL_X", "png": "PNG", "jpg": "JPG",
    "html": "HTML", "json": "JSON", "xml": "XML",
}  # fmt: skip


@evidence("Files", "documented", "A new version without ContentDocumentId makes a document; with it, the next version")
@evidence("Files", "documented", "Checksum is MD5; size and extension follow from the data and PathOnClient")
@evidence("Files", "simulated", "Every user sees every file")
@evidence("Files", "simulated", "FileType is UNKNOWN where the extension is none of ten")
def complete_version(save: Save) -> None:
    """Fill what follows from the data of a new version, and make its document."""
    row = save.row
    if save.before is not None:
        return
    data = _decoded(save)
    extension = PurePosixPath(str(row.get("PathOnClient") or "")).suffix[1:].lower()
    kind = _FILE_TYPES.get(extension, "UNKNOWN")
    facts = {"ContentSize": len(data), "FileExtension": extension or None, "FileType": kind}
    row["Title"] = row.get("Title") or PurePosixPath(str(row["PathOnClient"])).stem
    row |= {**facts, "Checksum": hashlib.md5(data, usedforsecurity=False).hexdigest(), "IsLatest": 1}
    row["VersionData"] = f"/services/data/v60.0/sobjects/ContentVersion/{row['Id']}/VersionData"
    save.store.execute(_TABLE)
    save.store.execute("INSERT INTO _content VALUES (?, ?)", [row["Id"], data])
    shared = {"Title": row["Title"], "LatestPublishedVersionId": row["Id"], **facts}
    documents = save.schema["ContentDocument"]
    if document := row.get("ContentDocumentId"):
        versions = save.store.rows("SELECT Id FROM ContentVersion WHERE ContentDocumentId = ?", [document])
        row["VersionNumber"] = str(len(versions) + 1)
        save.store.execute("UPDATE ContentVersion SET IsLatest = 0 WHERE ContentDocumentId = ?", [document])
        save.store.update(documents, str(document), shared)
        return
    row["VersionNumber"] = "1"
    row["ContentDocumentId"] = save.store.new_id(documents)
    stamps = {name: row[name] for name in ("CreatedDate", "CreatedById", "LastModifiedDate", "LastModifiedById")}
    owner = {"OwnerId": row["OwnerId"], "SystemModstamp": row["SystemModstamp"], "IsDeleted": 0}
    save.store.insert(documents, {"Id": row["ContentDocumentId"], **shared, **stamps, **owner})


@evidence("Files", "documented", "The owner has a new file, shared as I, and so has FirstPublishLocationId, as V")
def link_version(save: Save) -> None:
    """Link the document of a first version to its owner, and to the record that it was published to."""
    row = save.row
    if save.before is not None or row["VersionNumber"] != "1":
        return
    links = save.schema["ContentDocumentLink"]
    shares = {row["OwnerId"]: "I"}
    if place := row.get("FirstPublishLocationId"):
        shares.setdefault(place, "V")
    for linked, how in shares.items():
        link = {"LinkedEntityId": linked, "ContentDocumentId": row["ContentDocumentId"], "ShareType": how}
        known = {"Id": save.store.new_id(links), "Visibility": "AllUsers", "SystemModstamp": row["SystemModstamp"]}
        save.store.insert(links, {**link, **known, "IsDeleted": 0})


def version_data(store: Store, version_id: str) -> bytes:
    """Return the data of a version.

    Raises:
        OrgError: NOT_FOUND.
    """
    store.execute(_TABLE)
    found = store.row("SELECT data FROM _content WHERE version = ?", [version_id])
    if found is None:
        raise errors.not_found()
    return bytes(found["data"])


@evidence("Files", "simulated", "A version without data, or with data that is not base64, is refused")
def _decoded(save: Save) -> bytes:
    given = save.given.get("VersionData")
    if given is None and "VersionData" not in save.given:
        raise OrgError(400, "REQUIRED_FIELD_MISSING", "Required fields are missing: [VersionData]", ["VersionData"])
    try:
        return base64.b64decode(str(given or ""), validate=True)
    except binascii.Error:
        raise OrgError(400, "JSON_PARSER_ERROR", "VersionData is not base64", None) from None
