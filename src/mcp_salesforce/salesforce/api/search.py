"""Full-text search: the `search` resource of the REST API."""

from mcp_salesforce.salesforce.api import Send
from mcp_salesforce.salesforce.models import SObjectRecord, members_of, record_of
from mcp_salesforce.salesforce.wire import Request


class SearchApi:
    """Run SOSL. A new record is found after a delay, when the index has been updated."""

    def __init__(self, send: Send) -> None:
        """Use `send` for every call; it signs, retries and decodes."""
        self._send = send

    async def search(self, sosl: str) -> list[SObjectRecord]:
        """Return the records that `sosl` finds, each with its `attributes`.

        API: GET /search?q={sosl}

        Raises:
            InvalidRequestError: The search is malformed, or names what does not exist.
        """
        found = members_of((await self._send(Request("GET", "search", {"q": sosl}))).value, "searchRecords")
        return [record_of(item) for item in found]
