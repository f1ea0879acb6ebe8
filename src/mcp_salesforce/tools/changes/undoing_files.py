"""Files that were attached: Salesforce deletes no version alone, but the document that the version has made."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from mcp_salesforce.changes.writes import Write
from mcp_salesforce.salesforce.literals import quote_list
from mcp_salesforce.tools.framework.session import OrgSession

if TYPE_CHECKING:
    from mcp_salesforce.tools.changes.undoing import Reversal

VERSION: Final = "ContentVersion"
DOCUMENT: Final = "ContentDocument"
_LATEST: Final = "LatestPublishedVersionId"


async def as_documents(org: OrgSession, part: Sequence["Reversal"]) -> "list[Reversal]":
    """Return the creation of versions as that of their documents; one that has a newer version counts as changed."""
    ids = quote_list(each.record_id for each in part)
    soql = f"SELECT Id, ContentDocumentId FROM {VERSION} WHERE Id IN {ids}"  # noqa: S608 - SOQL, with quoted Ids
    records = (await org.client.queries.query(soql)).records
    documents = {record["Id"]: record["ContentDocumentId"] for record in records}
    return [
        replace(
            each,
            record_id=documents.get(each.record_id, each.record_id),
            write=Write("create", DOCUMENT, values={_LATEST: each.record_id}),
        )
        for each in part
    ]
