"""Places that are resources: a Location that only names a room does not reserve it."""

from collections.abc import Collection

from mcp_salesforce.salesforce import SalesforceError
from mcp_salesforce.salesforce.literals import quote
from mcp_salesforce.tools.framework.session import OrgSession


async def unreserved(org: OrgSession, location: str | None, invited: Collection[str]) -> str:
    """Return a note where `location` is the name of a resource that is not among the Ids `invited`; else nothing."""
    if not location or not location.strip():
        return ""
    named = f"Name = {quote(location.strip())} AND IsActive = true AND Type IN ('Public','Resource')"
    try:
        found = (await org.client.queries.query(f"SELECT Id, Name FROM Calendar WHERE {named} LIMIT 2")).records  # noqa: S608
    except SalesforceError:
        return ""  # a note is not worth an error
    if not found or {each["Id"] for each in found} & set(invited):
        return ""
    room = found[0]
    return f"{room['Name']} is not reserved: Location only names it. To reserve it, invite {room['Id']}."
