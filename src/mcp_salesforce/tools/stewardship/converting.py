"""A lead made a contact of an account, with an opportunity if one is wanted."""

from typing import Annotated, Final, NotRequired

from pydantic import AfterValidator, Field
from typing_extensions import TypedDict

from mcp_salesforce.salesforce.errors import refused
from mcp_salesforce.tools.framework.params import AccountFilter, ContactFilter, id_of
from mcp_salesforce.tools.framework.session import OrgSession
from mcp_salesforce.tools.framework.toolset import Effect, ToolContext, org_of
from mcp_salesforce.tools.stewardship.toolset import stewardship

_CONVERTS: Final = Effect(("convert",))
_STATUSES: Final = "SELECT ApiName FROM LeadStatus WHERE IsConverted = true ORDER BY SortOrder"


class Converted(TypedDict):
    """The Ids of the lead and of what it became."""

    Id: str
    AccountId: NotRequired[str]
    ContactId: NotRequired[str]
    OpportunityId: NotRequired[str]


@stewardship.tool(
    _CONVERTS,
    title="Convert a lead",
    hint="convert or qualify a lead into an account, contact and opportunity",
    example={"lead_id": "00Qlo0000000001EAA", "create_opportunity": False},
)
async def convert_lead(
    ctx: ToolContext,
    lead_id: Annotated[str, AfterValidator(id_of("00Q"))],
    account_id: AccountFilter = "",
    contact_id: ContactFilter = "",
    *,
    create_opportunity: bool = True,
    opportunity_name: Annotated[str, Field(max_length=120)] = "",
    converted_status: Annotated[str, Field(description="Required if the org has several")] = "",
) -> Converted:
    """Convert a lead into a contact, an account and an opportunity, new or existing.

    A person must approve it. It cannot be undone.
    """
    org = org_of(ctx)
    if contact_id and not account_id:
        raise refused(
            "contact_id needs its account_id too.",
            hint="Give account_id too, or omit contact_id.",
            fields=["account_id"],
        )
    status = converted_status or await _status(org)
    made = await org.client.soap.convert_lead(
        lead_id,
        status,
        account_id=account_id or None,
        contact_id=contact_id or None,
        create_opportunity=create_opportunity,
        opportunity_name=opportunity_name or None,
    )
    ids = {"AccountId": made.account_id, "ContactId": made.contact_id, "OpportunityId": made.opportunity_id}
    return {"Id": lead_id, **{name: record_id for name, record_id in ids.items() if record_id}}  # type: ignore[typeddict-item]


async def _status(org: OrgSession) -> str:
    """Return the status of converted leads, where the org has one."""
    found = [record["ApiName"] for record in (await org.client.queries.query(_STATUSES)).records]
    if len(found) == 1:
        return str(found[0])
    there = f"Use one of: {', '.join(found)}." if found else "Tell the user: no status for converted leads is visible."
    raise refused("converted_status is required: the org has several.", hint=there, fields=["converted_status"])
