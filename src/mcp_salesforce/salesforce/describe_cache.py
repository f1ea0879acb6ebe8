"""A cache of the org's objects and fields, one for each user of an org."""

import asyncio
import time
from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias, cast

from mcp_salesforce.salesforce import (
    ErrorDetail,
    InvalidArgumentError,
    InvalidRequestError,
    NotFoundError,
    SalesforceError,
)
from mcp_salesforce.salesforce.api.describe import DescribeApi
from mcp_salesforce.salesforce.ids import KEY_PREFIXES
from mcp_salesforce.salesforce.models import SObjectDescribe, SObjectSummary
from mcp_salesforce.salesforce.time_limit import time_limit
from mcp_salesforce.spelling import did_you_mean, nearest

FRESH_S: Final = 300.0
"""Seconds for which a describe is taken as it is: at most one call in them asks whether the metadata has changed."""
_WHOLE_S: Final = 3600.0
"""Seconds after which a describe is read again: the org's stamp covers metadata, perhaps not permissions."""
_MOST_PARTS: Final = 50_000  # fields, picklist values, children: some 17 MB, or 250 objects like Contact
_EVERY_OBJECT: Final = ""
_NOT_FOUND: Final = 404

_Described: TypeAlias = SObjectDescribe | tuple[SObjectSummary, ...]
_Reading: TypeAlias = Callable[[str], Awaitable[tuple[_Described, str] | None]]


@dataclass(slots=True)
class _Entry:
    """What was read, its stamp, when it was read, and when the org last confirmed it (Unix seconds)."""

    described: _Described
    stamp: str
    read_at: float
    confirmed_at: float


class OrgSchema(ABC):
    """The org's objects and fields as one user sees them."""

    @abstractmethod
    async def describe(self, sobject: str, *, max_age_s: float = FRESH_S) -> SObjectDescribe:
        """Return what is known of `sobject`, an API name in any case.

        Args:
            sobject: The object.
            max_age_s: How long ago the org may have confirmed it; 0 asks again.

        Raises:
            InvalidRequestError: INVALID_TYPE, with the nearest names: there is no such object, or it is not visible.
        """

    @abstractmethod
    def remembered(self, sobject: str) -> SObjectDescribe | None:
        """Return what was read of `sobject` within the hour, without a call; None if nothing was."""

    @abstractmethod
    async def summaries(self, *, max_age_s: float = FRESH_S) -> tuple[SObjectSummary, ...]:
        """Return a summary of every object that the user can see."""

    async def names(self) -> list[str]:
        """Return the API name of every object that the user can see."""
        return [summary.name for summary in await self.summaries()]

    async def by_prefix(self) -> Mapping[str, str]:
        """Return the API name of every object that the user can see, by the first three characters of its Ids."""
        return {**KEY_PREFIXES, **{each.key_prefix: each.name for each in await self.summaries() if each.key_prefix}}

    async def nearest(self, wrong: str) -> list[str]:
        """Return the API names of the objects whose name or label is most like `wrong`, best first."""
        by_text = {text: summary.name for summary in await self.summaries() for text in (summary.label, summary.name)}
        return list(dict.fromkeys(by_text[text] for text in nearest(wrong, by_text)))


class DescribeCache(OrgSchema):
    """The describes of one user's org: each is read once for all calls, and again after a change.

    The org has one stamp for all its metadata, so that a single "not modified" confirms every describe that carries it.
    A failure is not kept. Beyond its bound the cache forgets what was not used for the longest time.
    """

    def __init__(
        self, api: DescribeApi, *, most_parts: int = _MOST_PARTS, now: Callable[[], float] = time.time
    ) -> None:
        """Read through `api`.

        Args:
            api: The describe resources, as the user whose view it is.
            most_parts: How many fields, picklist values and child relationships to keep in all.
            now: The time in Unix seconds; it goes on while a machine sleeps.
        """
        self._api = api
        self._most_parts = most_parts
        self._now = now
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._parts = 0
        self._under_way: dict[str, asyncio.Task[_Described]] = {}

    async def describe(self, sobject: str, *, max_age_s: float = FRESH_S) -> SObjectDescribe:
        """Return what the org says of `sobject`."""
        try:
            found = await self._get(
                sobject.casefold(), lambda stamp: self._api.describe_since(sobject, stamp), max_age_s
            )
        except (NotFoundError, InvalidArgumentError):
            raise await self._no_such_object(sobject) from None
        return cast("SObjectDescribe", found)

    def remembered(self, sobject: str) -> SObjectDescribe | None:
        """Return what was read of `sobject` within the hour, without a call."""
        entry = self._entries.get(sobject.casefold())
        return cast("SObjectDescribe", entry.described) if entry and self._is_recent(entry) else None

    async def summaries(self, *, max_age_s: float = FRESH_S) -> tuple[SObjectSummary, ...]:
        """Return a summary of every object that the org shows the user."""
        return cast("tuple[SObjectSummary, ...]", await self._get(_EVERY_OBJECT, self._api.global_since, max_age_s))

    async def _no_such_object(self, sobject: str) -> InvalidRequestError:
        message = f"sObject type '{sobject[:80]}' is not supported."  # the words with which a query is refused
        try:
            hint = did_you_mean(await self.nearest(sobject))
        except SalesforceError:
            hint = ""  # a hint is not worth a second error
        return InvalidRequestError(_NOT_FOUND, [ErrorDetail("INVALID_TYPE", message)], hint=hint)

    async def _get(self, key: str, read: _Reading, max_age_s: float) -> _Described:
        entry = self._entries.get(key)
        if entry and self._is_current(entry, max_age_s):
            self._entries.move_to_end(key)
            return entry.described
        task = self._under_way.get(key)
        if task is None:
            task = self._under_way[key] = asyncio.create_task(self._read(key, read))
            task.add_done_callback(lambda done: self._ended(key, done))
        return await asyncio.shield(task)

    def _is_current(self, entry: _Entry, max_age_s: float) -> bool:
        return self._is_recent(entry) and 0 <= self._now() - entry.confirmed_at < max_age_s

    def _is_recent(self, entry: _Entry) -> bool:
        return 0 <= self._now() - entry.read_at < _WHOLE_S

    async def _read(self, key: str, read: _Reading) -> _Described:
        asked_at, entry = self._now(), self._entries.get(key)
        known = entry if entry and self._is_recent(entry) else None
        with time_limit(None):  # other calls wait for it too
            answer = await read(known.stamp if known else "")
        if answer is None and known is not None:
            self._confirm(known.stamp, asked_at)
            return known.described
        if answer is None:
            raise AssertionError("without a stamp the org gives the whole")
        self._keep(key, _Entry(*answer, read_at=asked_at, confirmed_at=asked_at))
        return answer[0]

    def _ended(self, key: str, task: asyncio.Task[_Described]) -> None:
        del self._under_way[key]
        if not task.cancelled():
            task.exception()  # those who wait have it; where all have gone, nobody needs it

    def _confirm(self, stamp: str, asked_at: float) -> None:
        for entry in self._entries.values():
            if entry.stamp == stamp:
                entry.confirmed_at = max(entry.confirmed_at, asked_at)

    def _keep(self, key: str, entry: _Entry) -> None:
        replaced = self._entries.pop(key, None)
        self._parts += _parts(entry.described) - (_parts(replaced.described) if replaced else 0)
        self._entries[key] = entry
        while self._parts > self._most_parts and len(self._entries) > 1:
            _, oldest = self._entries.popitem(last=False)
            self._parts -= _parts(oldest.described)


def _parts(described: _Described) -> int:
    """Return an estimate of the memory that it needs."""
    if isinstance(described, tuple):
        return len(described)
    values = sum(len(field.picklist_values) for field in described.fields)
    return len(described.fields) + values + len(described.child_relationships)
