"""The org's limits and what is left of them: the `limits` resource of the REST API."""

from mcp_salesforce.salesforce.api import Send
from mcp_salesforce.salesforce.models import Limit, record_of
from mcp_salesforce.salesforce.wire import Request


class LimitsApi:
    """Read the org's limits."""

    def __init__(self, send: Send) -> None:
        """Use `send` for every call; it signs, retries and decodes."""
        self._send = send

    async def limits(self) -> dict[str, Limit]:
        """Return the org's limits by name, such as `DailyApiRequests`.

        API: GET /limits

        Raises:
            AccessDeniedError: The user may not see them.
        """
        found = record_of((await self._send(Request("GET", "limits"))).value)
        return {name: Limit.read(limit) for name, limit in found.items()}
