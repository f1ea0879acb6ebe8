"""Salesforce Files: the data of a version, in and out. What is known of a file is in records (ContentVersion)."""

from collections.abc import Mapping
from typing import Final

from mcp_salesforce.salesforce.api import Send
from mcp_salesforce.salesforce.bodies import Sink, Stream
from mcp_salesforce.salesforce.ids import to_18
from mcp_salesforce.salesforce.lost_creates import looked_for
from mcp_salesforce.salesforce.models import SaveResult
from mcp_salesforce.salesforce.wire import Request, path

MOST_BYTES: Final = 2_000_000_000
"""What Salesforce takes of a ContentVersion; an org can allow less."""
_VERSION: Final = "ContentVersion"
_TRANSFER_S: Final = 600.0
_SOUGHT: Final = ("Title", "PathOnClient")


class FilesApi:
    """Upload and download files, without keeping them in memory."""

    def __init__(self, answer: Send) -> None:
        """Use `answer` for every call; it signs, retries and decodes."""
        self._answer = answer

    async def create(self, values: Mapping[str, object], data: Stream) -> SaveResult:
        """Create a version of a file: a new file, or the next version of the one that ContentDocumentId names.

        API: POST /sobjects/ContentVersion, as multipart/form-data

        Args:
            values: Its fields; PathOnClient is required, FirstPublishLocationId is the record to attach a new file to.
            data: Its bytes.

        Raises:
            RecordRejectedError: A value breaks a rule of the org, or the file is too large.
            OutcomeUnknownError: The answer is lost; it names the versions that it may have created.
        """
        request = Request("POST", f"sobjects/{_VERSION}", body=values, upload=data, timeout_s=_TRANSFER_S)
        sought = {name: values[name] for name in _SOUGHT if name in values}
        async with looked_for(self._answer, _VERSION, [sought]):
            return SaveResult.read((await self._answer(request)).value)

    async def download(self, version_id: str, sink: Sink) -> None:
        """Write the bytes of a version to `sink`; compare their number with ContentSize, a cut reply may seem whole.

        API: GET /sobjects/ContentVersion/{id}/VersionData

        Raises:
            NotFoundError: There is no such version.
        """
        resource = path("sobjects", _VERSION, to_18(version_id), "VersionData")
        await self._answer(Request("GET", resource, reads_bytes=True, sink=sink, timeout_s=_TRANSFER_S))
