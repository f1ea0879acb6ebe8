"""Where one stands: the user, the org, the time, and what this server may do there."""

from typing import Annotated, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from mcp_salesforce.appointments.times import local_text, utc_text, weekday
from mcp_salesforce.policy.errors import PolicyRefusedError
from mcp_salesforce.policy.withheld import withhold
from mcp_salesforce.salesforce import InvalidRequestError, NotFoundError, SalesforceClient
from mcp_salesforce.tools.answers.results import Allowed, Moment
from mcp_salesforce.tools.framework.session import OrgSession
from mcp_salesforce.tools.framework.toolset import READS, ToolContext, Toolset, org_of
from mcp_salesforce.tools.lookups.rights import rights_of

orgs = Toolset(
    "org",
    "Find out the current user, org, time and permissions",
    "salesforce_whoami returns the user, the time and the org.",
)


class WhoamiUser(TypedDict):
    """The user as whom the server acts."""

    Id: str
    Name: str
    Username: str


class WhoamiOrg(TypedDict):
    """The org; `kind` is production, sandbox, scratch, developer or trial."""

    Id: str
    Name: NotRequired[str]
    kind: NotRequired[str]
    instance_url: str


class Whoami(TypedDict):
    """User, org, time, and what is left and allowed."""

    user: WhoamiUser
    org: WhoamiOrg
    time_zone: str
    now: Moment
    api_calls_left: NotRequired[int]
    allowed: Allowed
    rights: NotRequired[dict[str, str]]


@orgs.tool(
    READS,
    title="Who am I",
    hint="current user, org, sandbox or production, today's date and time, time zone, permissions, limits",
    example={},
)
async def whoami(ctx: ToolContext, sobjects: Annotated[tuple[str, ...], Field(max_length=20)] = ()) -> Whoami:
    """Get the user you act for, the org (production or sandbox), the user's local time, and what is allowed.

    Call this first when "I", "today" or the org matters. sobjects adds your rights on objects.
    """
    session = org_of(ctx)
    user, zone = await session.user(), await session.zone()
    org = await _org(session.client)
    now = session.now()
    told: Whoami = {
        "user": {"Id": user.user_id, "Name": user.name, "Username": user.preferred_username},
        "org": org,
        "time_zone": zone.key,
        "now": {"utc": utc_text(now), "local": local_text(now, zone), "weekday": weekday(now.astimezone(zone).date())},
        "allowed": session.allowed,
    }
    if sobjects:
        told["rights"] = {each: await _rights(session, each) for each in sobjects}
    if usage := session.client.api_usage:
        told["api_calls_left"] = usage.left
    return told


async def _rights(session: OrgSession, sobject: str) -> str:
    """Return what the user may do with an object, by the org and by the policy."""
    try:
        return rights_of(await session.schema.describe(sobject))
    except (PolicyRefusedError, NotFoundError, InvalidRequestError) as error:
        return error.message  # of one object; the others are in the answer


async def _org(client: SalesforceClient) -> WhoamiOrg:
    """Ask the org about itself, each time: the reply also tells how many API calls are left."""
    identity, found = await client.identity(), None
    try:
        found = await client.organization()
    except PolicyRefusedError:
        withhold("Organization.Name")
    org: WhoamiOrg = {"Id": identity.organization_id, "instance_url": identity.instance_url}
    return {**org, "Name": found.name, "kind": found.kind} if found else org
