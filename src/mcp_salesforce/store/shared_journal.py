"""The journal of many users, where every replica finds it: a change that one made can be undone by another."""

import asyncio
import logging
import re
import secrets
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, NotRequired, TypedDict, cast

import orjson

from mcp_salesforce.changes.change import Change, Step
from mcp_salesforce.changes.journal import (
    KEPT_FOR,
    Entry,
    State,
    is_being_undone,
    is_undone_already,
    state_of,
    step_of,
)
from mcp_salesforce.store.interface import Store, StoreError
from mcp_salesforce.store.lease import Lease, whole

_ID_BYTES: Final = 8
_ID: Final = re.compile(f"[0-9a-f]{{{2 * _ID_BYTES}}}")
_MOST_LISTED: Final = 100
_KEPT_S: Final = KEPT_FOR.total_seconds()
_log = logging.getLogger(__name__)


class _Head(TypedDict):
    """What is kept of a change: its first step is here, the others have places of their own."""

    at: float
    tool: str
    holder: str
    state: State
    undoes: str
    steps: int
    first: Any
    undone_by: NotRequired[str]


@dataclass(slots=True)
class _Running:
    """A change that is made here, and what the store has of it, as far as is known."""

    change: Change
    head: _Head
    version: str


class SharedJournal:
    """Changes in the store, under the Ids of org and user. StoreError: it cannot be used now, and nothing was sent.

    A replica that has running changes renews a lease; when the lease ends, they count as left behind.
    """

    def __init__(self, store: Store, *, now: Callable[[], float]) -> None:
        """Keep them in `store`, which must encrypt them; `now` is the time in Unix seconds."""
        self._store = store
        self._now = now
        self._lease = Lease(
            store, "changes", is_needed=lambda: bool(self._under_way), each_time=self._close_those_that_ended
        )
        self._under_way: dict[str, _Running] = {}
        self._ended: set[str] = set()
        self._unkept: set[str] = set()
        self.off_because = ""

    def __repr__(self) -> str:
        return "<SharedJournal>"

    async def close(self) -> None:
        """End the lease; the store stays open."""
        await self._lease.close()

    async def begin(self, change: Change, step: Step) -> None:
        """Keep `step`, the last one of `change`, before it is sent."""
        try:
            await self._begin(change, step)
        except StoreError as error:
            raise StoreError(f"{error.message} The write was not sent, because it cannot be recorded.") from None

    async def _begin(self, change: Change, step: Step) -> None:
        owner = (await change.owner())[:2]
        if change.change_id:
            number = len(change.steps) - 1
            await self._keep(owner, change.change_id, number, step)
            await self._update(owner, change.change_id, steps=number + 1)
            return
        change_id = secrets.token_hex(_ID_BYTES)
        try:
            if change.undoes:
                await self._put(owner, change_id, change, step)
                await self._claim(owner, change.undoes, change_id)
                await self._list(owner, change_id)
            else:
                await _all(self._put(owner, change_id, change, step), self._list(owner, change_id))
        except BaseException:
            self._under_way.pop(change_id, None)
            with suppress(StoreError):
                await self._store.take(_place(owner, change_id))
            raise
        change.change_id = change_id

    async def _put(self, owner: Sequence[str], change_id: str, change: Change, step: Step) -> None:
        """Keep a new change, with its first step, under a lease."""
        own = self._lease.own
        head = _Head(
            at=self._now(), tool=change.tool, holder=own, state="open", undoes=change.undoes, steps=1, first=step
        )
        self._under_way[change_id] = running = _Running(change, head, "")
        await self._lease.hold()
        running.version = await self._store.put(_place(owner, change_id), orjson.dumps(head), _KEPT_S)

    async def _claim(self, owner: Sequence[str], undone: str, change_id: str) -> None:
        """Be the one call that undoes a change; of all who try at once, on any replica, one is."""
        while found := await self._store.get(_place(owner, undone)):
            head: _Head = orjson.loads(found.value)
            if head["state"] == "undone":
                raise is_undone_already(undone)
            other = await self._head(owner, head.get("undone_by") or "")
            if other and other["state"] == "open" and await self._is_alive(head.get("undone_by", ""), other["holder"]):
                raise is_being_undone(undone)
            value = orjson.dumps({**head, "undone_by": change_id})
            if await self._store.swap(_place(owner, undone), value, found.lifetime_s, version=found.version):
                return

    async def end(self, change: Change, step: Step) -> None:
        """Keep the outcome of `step`; if that fails, it is kept when the change is closed."""
        if change.change_id:
            owner = (await change.owner())[:2]
            number = next(number for number, each in enumerate(change.steps) if each is step)
            try:
                await whole(self._keep(owner, change.change_id, number, step))
            except StoreError:
                self._unkept.add(change.change_id)

    async def close_change(self, change: Change) -> None:
        """Keep that a change writes nothing more; while the store is away, that is tried again and again."""
        if change.change_id:
            self._ended.add(change.change_id)
            await whole(self._closed(change))

    async def _closed(self, change: Change) -> None:
        owner = (await change.owner())[:2]
        try:
            if change.change_id in self._unkept:
                await self.settle(owner, change.change_id, change.steps)
            else:
                await self._update(owner, change.change_id, state=state_of(change.steps))
        except StoreError as error:
            _log.warning("How a change ended is not yet in the journal: %s", error.message)
            return
        for each in (self._ended, self._unkept):
            each.discard(change.change_id)
        self._under_way.pop(change.change_id, None)

    async def mark(self, owner: Sequence[str], change_id: str, state: State) -> None:
        """Keep the state of a change."""
        await whole(self._update(owner[:2], change_id, state=state))

    async def settle(self, owner: Sequence[str], change_id: str, steps: Sequence[Step]) -> None:
        """Keep what was found out about the steps of a change."""
        for number, step in enumerate(steps[1:], start=1):
            await self._keep(owner[:2], change_id, number, step)
        await self._update(owner[:2], change_id, first=steps[0], state=state_of(steps))

    async def entries(self, org: str, user: str, *, change_id: str = "", most: int = 20) -> list[Entry]:
        """Return the changes of a user in an org, the newest first; or the one with an Id."""
        owner = org, user
        if change_id and not _ID.fullmatch(change_id):
            return []
        listed = [change_id] if change_id else (await self._listed(owner))[0][:most]
        found = await asyncio.gather(*(self._entry(owner, each) for each in listed))
        return [each for each in found if each]

    async def _entry(self, owner: Sequence[str], change_id: str) -> Entry | None:
        head = await self._head(owner, change_id)
        if head is None or head["at"] < self._now() - _KEPT_S:
            return None
        kept = await asyncio.gather(
            *(self._store.get(f"{_place(owner, change_id)}/{number}") for number in range(1, head["steps"]))
        )
        others = [step_of(orjson.loads(each.value)) for each in kept if each]
        under_way = head["state"] == "open" and await self._is_alive(change_id, head["holder"])
        return Entry(
            change_id,
            head["at"],
            head["tool"],
            head["state"],
            head["undoes"],
            (step_of(head["first"]), *others),
            under_way,
        )

    async def _head(self, owner: Sequence[str], change_id: str) -> _Head | None:
        found = await self._store.get(_place(owner, change_id)) if change_id else None
        head: _Head | None = orjson.loads(found.value) if found else None
        return head

    async def _keep(self, owner: Sequence[str], change_id: str, number: int, step: Step) -> None:
        if number:
            await self._store.put(f"{_place(owner, change_id)}/{number}", orjson.dumps(step), _KEPT_S)
        else:
            await self._update(owner, change_id, first=step)

    async def _update(self, owner: Sequence[str], change_id: str, **changes: object) -> None:
        """Change what is kept of a change; one that is too old is gone."""
        place, running = _place(owner, change_id), self._under_way.get(change_id)
        if running and await self._swap(place, running, running.head, running.version, changes):
            return
        while found := await self._store.get(place):
            head: _Head = orjson.loads(found.value)
            if await self._swap(place, running, head, found.version, changes):
                return

    async def _swap(
        self, place: str, running: _Running | None, head: _Head, version: str, changes: dict[str, object]
    ) -> bool:
        """Make changes of a change if `version` is the present one, and tell whether it was."""
        changed = cast("_Head", {**head, **changes})
        if running and head["state"] not in {"open", "unknown"}:  # another replica has found it out, or undone it
            changed["state"] = head["state"]
        new = await self._store.swap(place, orjson.dumps(changed), _KEPT_S, version=version)
        if running and new:
            running.head, running.version = changed, new
        return bool(new)

    async def _list(self, owner: Sequence[str], change_id: str) -> None:
        """Make a change the newest of its owner's; those that are no longer listed are known by their Ids."""
        while True:
            listed, version = await self._listed(owner)
            value = orjson.dumps([change_id, *listed][:_MOST_LISTED])
            if await self._store.swap(_list_of(owner), value, _KEPT_S, version=version):
                return

    async def _listed(self, owner: Sequence[str]) -> tuple[list[str], str | None]:
        found = await self._store.get(_list_of(owner))
        return (orjson.loads(found.value), found.version) if found else ([], None)

    async def _is_alive(self, change_id: str, holder: str) -> bool:
        """Tell whether a change is still being made: here, or by a replica whose lease has not ended."""
        if holder == self._lease.own:
            return change_id in self._under_way
        return await self._lease.is_alive(holder)

    async def _close_those_that_ended(self) -> None:
        for each in [self._under_way[change_id] for change_id in self._ended]:
            await self._closed(each.change)


async def _all(*works: Coroutine[Any, Any, object]) -> None:
    """Do all works at once; the first that failed is raised when all have ended."""
    for error in await asyncio.gather(*works, return_exceptions=True):
        if isinstance(error, BaseException):
            raise error


def _place(owner: Sequence[str], change_id: str) -> str:
    return f"change/{owner[0]}/{owner[1]}/{change_id}"


def _list_of(owner: Sequence[str]) -> str:
    return f"changes/{owner[0]}/{owner[1]}"
