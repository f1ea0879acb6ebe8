"""An equal share of the org's API calls for each person, as soon as few are left.

The replicas add up in the store what each person has used. They do so once a second, and only while calls are few.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Final
from weakref import WeakValueDictionary

from mcp_salesforce.http.door import Caller
from mcp_salesforce.salesforce import SalesforceError
from mcp_salesforce.salesforce.budget import Budget, Reserve
from mcp_salesforce.salesforce.client import RequestSender
from mcp_salesforce.salesforce.wire import Answer, Request
from mcp_salesforce.store.interface import Store, StoreError

_HOUR_S: Final = 3600
_DAY_S: Final = 86_400
_LOOK_AFTER_S: Final = 1.0
_WHOLE: Final = 100


class ApiShareError(SalesforceError):
    """A person has used up the share of this hour while the org's API calls are few; nothing was sent."""

    code = "API_SHARE_REACHED"

    def __init__(self, budget: Budget, people: int, wait_s: int) -> None:
        used, limit = (budget.usage.used, budget.usage.limit) if budget.usage else (0, 0)
        super().__init__(
            f"{used:,} of the org's {limit:,} API calls of the last 24 hours are used. {people} users share the rest, "
            "and you have used up your share of this hour.",
            hint=f"Try again in {-(-wait_s // 60)} minutes.",
            retry_after_s=wait_s,
        )


class Shares:
    """The shares of all."""

    def __init__(
        self, store: Store, *, from_percent: int, reserve: Reserve, now: Callable[[], float] = time.time
    ) -> None:
        """Share the calls that orgs have left.

        Args:
            store: Where the replicas count.
            from_percent: How much of an org's calls is used when sharing begins; 100: never.
            reserve: What is not to share.
            now: The time in Unix seconds, the same for all replicas.
        """
        self._store = store
        self._from_percent = from_percent
        self._reserve = reserve
        self._now = now
        self._budgets: dict[str, Budget] = {}
        self._people: WeakValueDictionary[str, _Share] = WeakValueDictionary()

    def of(self, caller: Caller) -> Callable[[RequestSender], RequestSender]:
        """Return what wraps the sending of a person's client: it counts calls, and refuses those beyond the share."""
        budget = self._budgets.setdefault(caller.org_id, Budget(self._reserve, time.monotonic))
        share = self._people.get(caller.key) or _Share(self._store, caller, budget, self._is_short, self._now)
        self._people[caller.key] = share

        def over(exchange: RequestSender) -> RequestSender:
            async def shared(request: Request) -> Answer:
                await share.take()
                answer = await exchange(request)
                budget.note(answer.headers.get("sforce-limit-info", ""))
                return answer

            return shared

        return over

    def _is_short(self, budget: Budget) -> bool:
        usage, percent = budget.usage, self._from_percent
        return usage is not None and percent < _WHOLE and usage.used * _WHOLE >= usage.limit * percent


class _Share:
    """The share of one person."""

    def __init__(
        self, store: Store, caller: Caller, budget: Budget, is_short: Callable[[Budget], bool], now: Callable[[], float]
    ) -> None:
        self._store = store
        self._org = f"api-share:{caller.org_id}"
        self._person = caller.key
        self._budget = budget
        self._is_short = partial(is_short, budget)
        self._now = now
        self._seen_on = self._hour = 0
        self._looked_at = -_LOOK_AFTER_S
        self._untold = self._own = self._all = 0
        self._people = 1

    async def take(self) -> None:
        """Count a call.

        Raises:
            ApiShareError: The share is used up.
        """
        if time.monotonic() - self._looked_at >= _LOOK_AFTER_S:
            self._looked_at = time.monotonic()
            with suppress(StoreError):  # what is known of others stays as it was: the person was let in already
                await self._look()
        if not self._is_short():
            return
        pool = self._all + self._untold + self._budget.left
        is_over = self._people > 1 and (self._own + self._untold) * self._people >= pool
        if is_over and not self._budget.looks_again():
            raise ApiShareError(self._budget, self._people, _HOUR_S - int(self._now()) % _HOUR_S)
        self._untold += 1

    async def _look(self) -> None:
        """Count the person among those of this day; tell what was used here in this hour, and hear of the others."""
        hour, day = (int(self._now()) // length_s for length_s in (_HOUR_S, _DAY_S))
        if self._seen_on != day:
            if await self._store.count(f"{self._org}:seen:{day}:{self._person}", _DAY_S) == 1:
                await self._store.count(f"{self._org}:people:{day}", 2 * _DAY_S)
            self._seen_on = day
        if not self._is_short():
            return
        if hour != self._hour:
            self._hour, self._untold = hour, 0
        used, self._untold = self._untold, 0
        self._own = await self._store.count(f"{self._org}:{hour}:{self._person}", _HOUR_S, used)
        self._all = await self._store.count(f"{self._org}:{hour}", _HOUR_S, used)
        counts = [await self._store.count(f"{self._org}:people:{each}", 2 * _DAY_S, 0) for each in (day, day - 1)]
        self._people = max(1, *counts)
