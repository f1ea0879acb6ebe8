"""The exports and imports of all replicas: how far each is, and whether a replica works on it."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from hashlib import blake2b
from typing import Any, Final

import orjson

from mcp_salesforce.salesforce.errors import SalesforceError, refused
from mcp_salesforce.store.interface import Store, StoreError
from mcp_salesforce.store.lease import Lease, whole

_KEPT_S: Final = timedelta(days=15).total_seconds()
_ASKED_S: Final = 10.0
_LOOK_EACH_S: Final = 0.2
_DIGEST_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class KnownJob:
    """How far a job is, as the replica said that works on it or did, and whether it does."""

    state: Mapping[str, Any]
    is_running: bool


@dataclass(slots=True)
class _Running:
    """A job that runs here: how far it is, what a wish of another replica does, and what the store has."""

    state: Callable[[], Mapping[str, Any]]
    obey: Callable[[str], None]
    told: bytes = b""
    has_ended: bool = False


class SharedJobs:
    """Jobs in the store, under the Ids of org and user. StoreError: it cannot be used now."""

    def __init__(self, store: Store) -> None:
        """Keep them in `store`, which must encrypt them."""
        self._store = store
        self._running: dict[str, _Running] = {}
        self._lease = Lease(store, "jobs", is_needed=lambda: bool(self._running), each_time=self._go_round)

    def __repr__(self) -> str:
        return "<SharedJobs>"

    async def close(self) -> None:
        """End the lease; the store stays open."""
        await self._lease.close()

    async def find(self, owner: Sequence[str], job: str) -> KnownJob | None:
        """Return a job of a user: an export by its path, an import by its Id."""
        found = await self._store.get(_place(owner, job))
        if found is None:
            return None
        kept = orjson.loads(found.value)
        is_running = bool(kept["holder"]) and await self._lease.is_alive(kept["holder"])
        return KnownJob(kept["state"], is_running)

    async def keep(self, owner: Sequence[str], job: str, state: Mapping[str, Any]) -> None:
        """Keep a job that nobody works on."""
        await self._store.put(_place(owner, job), orjson.dumps({"state": state, "holder": ""}), _KEPT_S)

    async def begin(
        self, owner: Sequence[str], job: str, state: Callable[[], Mapping[str, Any]], obey: Callable[[str], None]
    ) -> None:
        """Work on a job until `end`: `state` says how far it is, and `obey` does what another replica asks for."""
        place = _place(owner, job)
        self._running[place] = _Running(state, obey)
        try:
            await self._lease.hold()
            await self._tell(place)
        except BaseException:
            del self._running[place]
            raise

    async def end(self, owner: Sequence[str], job: str) -> None:
        """Keep how a job ended; while the store is away, that is tried again and again."""
        place = _place(owner, job)
        if place in self._running:
            self._running[place].has_ended = True
            with suppress(StoreError):
                await whole(self._tell(place))

    async def ask(self, owner: Sequence[str], job: str, what: str) -> KnownJob | None:
        """Ask the replica that works on a job to abort or pause it; return the job as it is some seconds later."""
        await self._store.put(_wish(_place(owner, job)), what.encode(), _ASKED_S)
        known = await self.find(owner, job)
        for _ in range(int(_ASKED_S / _LOOK_EACH_S)):
            if known is None or not known.is_running:
                break
            await asyncio.sleep(_LOOK_EACH_S)
            known = await self.find(owner, job)
        return known

    async def claim(self, owner: Sequence[str], work: str, by: str, job: str) -> str:
        """Let one place alone do `work`; return the job of another one that does it, or nothing."""
        place = _claim(owner, work)
        while found := await self._store.get(place):
            claimed: dict[str, str] = orjson.loads(found.value)
            if claimed["by"] != by:
                return claimed["job"]
            value = orjson.dumps({"by": by, "job": job})
            if await self._store.swap(place, value, _KEPT_S, version=found.version):
                return ""
        is_first = await self._store.swap(place, orjson.dumps({"by": by, "job": job}), _KEPT_S, version=None)
        return "" if is_first else await self.claim(owner, work, by, job)

    async def release(self, owner: Sequence[str], work: str) -> None:
        """Let any place do `work`."""
        await self._store.take(_claim(owner, work))

    async def _tell(self, place: str) -> None:
        running = self._running[place]
        holder = "" if running.has_ended else self._lease.own
        told = orjson.dumps({"state": running.state(), "holder": holder})
        if told != running.told:
            await self._store.put(place, told, _KEPT_S)
            running.told = told
        if running.has_ended:
            self._running.pop(place, None)

    async def _go_round(self) -> None:
        for place, running in list(self._running.items()):
            if wish := await self._store.take(_wish(place)):
                running.obey(wish.decode())
            if place in self._running:
                await self._tell(place)


def made_elsewhere(what: str, hint: str) -> SalesforceError:
    """Return the refusal of what needs files that are on another server."""
    return refused(f"{what} was made on another server, which alone has its rows.", code="OTHER_SERVER", hint=hint)


def _place(owner: Sequence[str], job: str) -> str:
    return f"job/{owner[0]}/{owner[1]}/{blake2b(job.encode(), digest_size=_DIGEST_BYTES).hexdigest()}"


def _wish(place: str) -> str:
    return f"{place}/wish"


def _claim(owner: Sequence[str], work: str) -> str:
    return f"job-of/{owner[0]}/{owner[1]}/{work}"
