"""Which status of a task is of one that is done; an org may have its own."""

from typing import Final

from mcp_salesforce.salesforce import SalesforceError
from mcp_salesforce.salesforce.errors import refused
from mcp_salesforce.tools.framework.session import OrgSession

_COMPLETED: Final = "Completed"
_CLOSED: Final = "SELECT ApiName FROM TaskStatus WHERE IsClosed = true ORDER BY SortOrder LIMIT 1"


async def status_of_done(org: OrgSession) -> str:
    """Return the status that closes a task: Completed where the org has it, else the first closed one of TaskStatus."""
    field = (await org.schema.describe("Task")).field("Status")
    values = [value.value for value in field.picklist_values if value.active] if field else []
    if _COMPLETED in values or not values:
        return _COMPLETED
    try:
        found = (await org.client.queries.query(_CLOSED)).records
    except SalesforceError:
        found = []
    if found:
        return str(found[0]["ApiName"])
    hint = f"Give Status: {', '.join(values)}."
    raise refused("The server cannot find out which status closes a task.", hint=hint, fields=["Status"])
