"""What a policy shows of the org's objects, from the org's own describes."""

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import Final

from mcp_salesforce.policy.belongings import USER, owned_objects, with_belongings
from mcp_salesforce.policy.errors import PolicyRefusedError, not_understood
from mcp_salesforce.policy.policy_file import PolicyFileError
from mcp_salesforce.policy.rules import ObjectRule, Policy
from mcp_salesforce.policy.views import View, unknown_names, view_of
from mcp_salesforce.salesforce.api.describe import DescribeApi
from mcp_salesforce.salesforce.client import RequestSender
from mcp_salesforce.salesforce.describe_cache import FRESH_S, DescribeCache
from mcp_salesforce.salesforce.errors import ApiError
from mcp_salesforce.salesforce.models import SObjectDescribe, UserInfo
from mcp_salesforce.salesforce.wire import Request
from mcp_salesforce.spelling import did_you_mean, nearest

_NO_SUCH_OBJECT: Final = frozenset({"INVALID_TYPE", "NOT_FOUND"})


class OrgViews:
    """Shows each object as the policy defines it, also objects that are hidden from the model."""

    def __init__(self, policy: Policy, exchange: RequestSender, *, now: Callable[[], float] = time.time) -> None:
        """Ask the org through `exchange`, which passes no guard; `now` is the time in Unix seconds."""
        self.policy = policy
        self.schema = DescribeCache(DescribeApi(exchange), now=now)
        self._exchange = exchange
        self._views: dict[str, tuple[SObjectDescribe, View]] = {}
        self._user_id = ""
        self.names: frozenset[str] = frozenset()
        self.owned: frozenset[str] = frozenset()

    async def describe(self, sobject: str) -> SObjectDescribe | None:
        """Return what the org itself says of an object, or None if there is none of that name."""
        try:
            return await self.schema.describe(sobject)
        except ApiError as error:
            if error.code in _NO_SUCH_OBJECT:
                return None
            raise

    async def view(self, sobject: str, *, max_age_s: float = FRESH_S) -> View:
        """Return what is shown of an object, whose describe the org has confirmed within `max_age_s`."""
        rule = self.policy.rule(sobject)
        if not rule.is_readable:
            return View(sobject, rule, frozenset())
        if not sobject:
            raise not_understood("A record that does not tell its object")
        described = await self.schema.describe(sobject, max_age_s=max_age_s)
        known = self._views.get(described.name)
        if known is None or known[0] is not described:
            if gone := unknown_names(rule, described):
                raise PolicyRefusedError(
                    f"{described.name}.{gone[0]} is in the policy and not in the org",
                    place=rule.place_of(gone[0]),
                    hint="The object cannot be read until the policy is corrected.",
                )
            known = self._views[described.name] = (described, view_of(self.policy, described))
        return known[1]

    async def readable(self, sobject: str, *, max_age_s: float = FRESH_S) -> View:
        """Return, as `view`, what is shown of an object of which something is."""
        view = await self.view(sobject, max_age_s=max_age_s)
        if not view.rule.is_readable:
            raise PolicyRefusedError(f"{sobject} cannot be read", place=view.rule.place_of("actions"))
        return view

    async def object_of(self, key_prefix: str) -> str:
        """Return the API name of the object whose Ids begin with `key_prefix`."""
        for summary in await self.schema.summaries():
            if summary.key_prefix == key_prefix:
                return summary.name
        raise not_understood(f"An Id that begins with {key_prefix}")

    async def user_id(self) -> str:
        """Return the Id of the user as whom the server acts.

        API: GET /services/oauth2/userinfo
        """
        if not self._user_id:
            answer = await self._exchange(Request("GET", "/services/oauth2/userinfo"))
            self._user_id = UserInfo.read(answer.value).user_id
        return self._user_id

    async def verify(self) -> None:
        """Check that every object and field that the policy names is there.

        Raises:
            PolicyFileError: At least one does not exist; the message names all of them.
        """
        names = {name.casefold(): name for name in await self.schema.names()}
        rules = self.policy.rules
        problems = [
            f"{rule.place}: {rule.sobject} is not an object that this user can see. "
            f"{_meant(rule.sobject, names.values())}"
            for key, rule in rules.items()
            if key not in names
        ]
        known = [rule for key, rule in rules.items() if key in names]
        for found in await asyncio.gather(*map(self._problems, known)):
            problems += found
        if problems:
            raise PolicyFileError([problem.rstrip() for problem in problems])
        cascades = self.policy.restricts("delete") or self.policy.restricts("restore")
        if cascades or any(rule.restricts_parts for rule in rules.values()):
            described = {key: await self.schema.describe(rule.sobject) for key, rule in rules.items()}
            self.names, self.owned = frozenset(names), owned_objects(await self.schema.describe(USER))
            self.policy = with_belongings(self.policy, described, self.owned, self.names)

    async def _problems(self, rule: ObjectRule) -> list[str]:
        described = await self.schema.describe(rule.sobject)
        names = [each.name for each in described.fields]
        return [
            f"{rule.place_of(name)}: {described.name}.{name} is not a field that this user can see. "
            f"{_meant(name, names)}"
            for name in unknown_names(rule, described)
        ]


def _meant(wrong: str, names: Iterable[str]) -> str:
    return did_you_mean(nearest(wrong, names))
