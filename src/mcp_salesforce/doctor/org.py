"""The org itself: whose token it is, what the user can do, what the org offers. A check that fails raises a Finding."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from mcp_salesforce.appointments.times import TimeError, weekday, zone_of
from mcp_salesforce.doctor.causes import Finding
from mcp_salesforce.doctor.network import kind_of
from mcp_salesforce.policy.guard.org_views import OrgViews
from mcp_salesforce.policy.policy_file import PolicyFileError, read_policy
from mcp_salesforce.salesforce import AccessDeniedError, ApiError, Request, SalesforceClient, SObjectDescribe
from mcp_salesforce.salesforce.budget import Reserve
from mcp_salesforce.salesforce.models import ApiUsage, ApiVersion, UserInfo
from mcp_salesforce.settings.values import ENDING_API_VERSION
from mcp_salesforce.zones import RELEASE

WRITTEN: Final = {
    "Contact": (
        "LastName", "FirstName", "Salutation", "Title", "Department", "Email", "Phone", "MobilePhone", "AccountId",
        "MailingStreet", "MailingCity", "MailingState", "MailingPostalCode", "MailingCountry", "LeadSource",
        "Birthdate", "Description",
    ),
    "Event": (
        "Subject", "StartDateTime", "EndDateTime", "IsAllDayEvent", "Location", "Description", "WhoId", "WhatId",
        "OwnerId", "ShowAs", "IsPrivate",
    ),
}  # fmt: skip
"""Fields that the tools offer to write."""
READ: Final = {
    "Contact": ("Id", "Name", "CreatedDate"),
    "Event": ("Id", "ActivityDate", "DurationInMinutes", "CreatedDate"),
}
"""Fields that the tools read besides."""
_RECURRENCE: Final = "Recurrence2PatternText"
_SHARED_ACTIVITIES: Final = ("EventWhoIds", "WhoCount", "WhatCount")


class OrgChecks:
    """The stages that ask the org, in their order; each returns what it found, or raises."""

    def __init__(
        self, client: SalesforceClient, instance_url: str, reserve: Reserve, now: Callable[[], datetime]
    ) -> None:
        """Ask through `client`; `instance_url` is that of the settings, `reserve` the API calls to keep for others."""
        self._client = client
        self._instance_url = instance_url
        self._reserve = reserve
        self._now = now
        self._user = UserInfo(user_id="", organization_id="")
        self._described: dict[str, SObjectDescribe] = {}

    async def token(self) -> str:
        """Get an access token."""
        identity = await self._client.identity()
        return f"for {identity.instance_url}"

    async def identity(self) -> str:
        """Ask whose token it is, and whether it is for the org of the settings."""
        self._user = await self._client.userinfo()
        told = (await self._client.identity()).instance_url
        wanted = self._instance_url
        is_own = "My Domain" in kind_of(wanted) or kind_of(wanted) in {"sandbox", "loopback"}
        if wanted and is_own and urlsplit(told).netloc.lower() != urlsplit(wanted).netloc:
            raise Finding("ANOTHER_ORG", f"The token is for {told}, the settings name {wanted}.")
        return f"{self._user.preferred_username} ({self._user.name}), org {self._user.organization_id}"

    async def version(self) -> str:
        """Compare the API version of the settings with those that the org offers.

        API: GET /services/data
        """
        found = await self._client.send(Request("GET", "/services/data"))
        offered = [ApiVersion.read(version).version for version in (found if isinstance(found, list) else [found])]
        if self._client.api_version.removeprefix("v") not in offered:
            raise Finding(
                "VERSION_NOT_OFFERED",
                f"{self._client.api_version} is not offered: v{offered[0]} to v{offered[-1]} are.",
            )
        found_version = self._client.api_version
        is_ending = int(found_version[1:].partition(".")[0]) < ENDING_API_VERSION
        ending = f"; versions below v{ENDING_API_VERSION}.0 end in Summer '28: set a newer one" if is_ending else ""
        return f"{found_version} of v{offered[0]} to v{offered[-1]}{ending}"

    async def api(self) -> str:
        """Run a query: the first call that needs the API."""
        org = await self._client.organization()
        return f"{org.name}: {org.edition}, {org.kind}" if org else "queries run; the org's own record is not visible"

    async def permissions(self, sobject: str) -> str:
        """Compare what the user may do with an object and its fields with what the tools do."""
        described = self._described[sobject] = await self._client.describe.describe(sobject)
        may = {"create": described.createable, "edit": described.updateable, "delete": described.deletable}
        if not described.queryable:
            raise Finding("INSUFFICIENT_ACCESS", f"{sobject} cannot be queried.")
        if missing := [right for right, is_given in may.items() if not is_given]:
            raise Finding("OBJECT_NOT_WRITABLE", f"The user cannot {_listed(missing)} {sobject}.")
        fields = {field.name: field for field in described.fields}
        used = (*READ[sobject], *WRITTEN[sobject])
        if hidden := [name for name in used if name not in fields]:
            raise Finding("FIELD_HIDDEN", f"Not visible on {sobject}: {_listed(hidden)}.")
        if fixed := [name for name in WRITTEN[sobject] if not fields[name].createable]:
            raise Finding("FIELD_READ_ONLY", f"Cannot be written on {sobject}: {_listed(fixed)}.")
        return f"read, create, edit, delete; all {len(used)} fields that the tools use"

    async def features(self) -> str:
        """Tell which features of the calendar and of contacts the org has on; none of them is needed."""
        event = self._described.get("Event")
        if event is None:
            return "not known: Event cannot be described"
        fields = {field.name: field for field in event.fields}
        recurrence = _RECURRENCE in fields and fields[_RECURRENCE].createable
        longest = await self._count("Event WHERE DurationInMinutes > 1440")
        rules = await self._count("DuplicateRule WHERE SobjectType = 'Contact' AND IsActive = true")
        return "; ".join(
            (
                f"Shared Activities {_on(not fields.keys().isdisjoint(_SHARED_ACTIVITIES))}",
                f"recurring events by API {_on(recurrence)}",
                f"multi-day events {'on' if longest else 'not seen (Setup, Activity Settings)'}",
                f"duplicate rules for Contact {'not visible' if rules is None else f'{rules} active'}",
            )
        )

    async def _count(self, source: str) -> int | None:
        """Count records; None where the user may not see the object."""
        try:
            return (await self._client.queries.query(f"SELECT COUNT() FROM {source}")).total_size  # noqa: S608 - ours
        except ApiError:
            return None

    async def time_zone(self) -> str:
        """Look the user's time zone up on this machine, and tell by which release of the zone data."""
        try:
            zone = zone_of(self._user.zoneinfo or "UTC")
        except TimeError as error:
            raise Finding("UNKNOWN_ZONE", str(error), error.hint) from None
        local = self._now().astimezone(zone)
        told = (
            f"{zone.key}: {weekday(local.date())} {local:%Y-%m-%d %H:%M}; zone data {RELEASE.name} ({RELEASE.source})"
        )
        is_old = RELEASE.is_older_than_a_year(self._now().date())
        return f"{told}. WARNING: they are older than a year; update the package tzdata." if is_old else told

    async def api_calls(self) -> str:
        """Count the API calls that are left of the org's 24 hours."""
        usage = await self._usage()
        if usage is None:
            return "not visible to the user"
        left, reserved = usage.left, self._reserve.of(usage.limit)
        told = f"{left:,} of {usage.limit:,} left"
        if not left:
            raise Finding("NO_CALLS_LEFT", f"{told}.")
        if reserved and left <= reserved:
            raise Finding("RESERVE_REACHED", f"{told}, {reserved:,} are reserved.")
        return told

    async def policy(self, text: str | None, name: str) -> str:
        """Read the policy of the file called `name`, and look for what it names."""
        if text is None:
            return "none: the user's own rights decide"
        try:
            policy = read_policy(text, name)
            await OrgViews(policy, self._client.answer).verify()
        except PolicyFileError as error:
            raise Finding("POLICY", str(error)) from None
        return policy.summary() or "allows everything"

    async def _usage(self) -> ApiUsage | None:
        try:
            daily = (await self._client.limits.limits()).get("DailyApiRequests")
        except AccessDeniedError:
            daily = None
        return ApiUsage(used=daily.max - daily.remaining, limit=daily.max) if daily else self._client.api_usage


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)


def _on(is_on: bool) -> str:
    return "on" if is_on else "off"
