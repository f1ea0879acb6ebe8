"""The org's objects and fields as a policy shows them."""

from collections.abc import Awaitable, Callable

from mcp_salesforce.policy.guard.org_views import OrgViews
from mcp_salesforce.policy.masks import masked_describe, masked_summary
from mcp_salesforce.salesforce.describe_cache import FRESH_S, OrgSchema
from mcp_salesforce.salesforce.models import SObjectDescribe, SObjectSummary


class ShownSchema(OrgSchema):
    """Shows what the policy leaves of the guard's own describes, so that no object is described a second time."""

    def __init__(self, views: OrgViews, confirmed: Callable[[], Awaitable[None]]) -> None:
        """Judge by `views`, after `confirmed` has raised nothing."""
        self._views = views
        self._confirmed = confirmed
        self._shown: dict[str, tuple[SObjectDescribe, SObjectDescribe]] = {}

    async def describe(self, sobject: str, *, max_age_s: float = FRESH_S) -> SObjectDescribe:
        """Return what the policy shows of `sobject`."""
        await self._confirmed()
        view = await self._views.readable(sobject, max_age_s=max_age_s)
        described = await self._views.schema.describe(sobject)
        known = self._shown.get(sobject.casefold())
        if known is None or known[0] is not described:
            self._shown = {name: each for name, each in self._shown.items() if self._is_current(name, each[0])}
            known = self._shown[sobject.casefold()] = (described, masked_describe(described, view, self._views.policy))
        return known[1]

    def remembered(self, sobject: str) -> SObjectDescribe | None:
        """Return what was shown of `sobject` and is still valid, without a call."""
        known = self._shown.get(sobject.casefold())
        return known[1] if known and self._is_current(sobject, known[0]) else None

    async def summaries(self, *, max_age_s: float = FRESH_S) -> tuple[SObjectSummary, ...]:
        """Return a summary of every object that can be read."""
        await self._confirmed()
        policy = self._views.policy
        found = await self._views.schema.summaries(max_age_s=max_age_s)
        return tuple(masked_summary(each, policy) for each in found if policy.rule(each.name).is_readable)

    def _is_current(self, sobject: str, described: SObjectDescribe) -> bool:
        return self._views.schema.remembered(sobject) is described
