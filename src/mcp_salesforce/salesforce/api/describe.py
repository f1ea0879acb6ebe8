"""What the org's objects and fields are: the describe resources of the REST API."""

from mcp_salesforce.salesforce.api import Send
from mcp_salesforce.salesforce.models import SObjectDescribe, SObjectSummary, members_of
from mcp_salesforce.salesforce.wire import Request, path, sobject_name


class DescribeApi:
    """Describe objects and their fields."""

    def __init__(self, send: Send) -> None:
        """Use `send` for every call; it signs, retries and decodes."""
        self._send = send

    async def describe(self, sobject: str) -> SObjectDescribe:
        """Return one object's fields, picklist values and child relationships.

        API: GET /sobjects/{sobject}/describe

        Raises:
            NotFoundError: There is no such object, or the user may not see it.
        """
        request = Request("GET", path("sobjects", sobject_name(sobject), "describe"))
        return SObjectDescribe.read(await self._send(request))

    async def global_(self) -> tuple[SObjectSummary, ...]:
        """Return a summary of every object that the user may see.

        API: GET /sobjects

        Raises:
            SalesforceError: As `SalesforceClient.send`.
        """
        found = members_of(await self._send(Request("GET", "sobjects")), "sobjects")
        return tuple(SObjectSummary.read(item) for item in found)
