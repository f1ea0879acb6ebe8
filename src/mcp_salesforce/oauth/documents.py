"""JSON objects in the store, each of a kind, under an Id."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import orjson

from mcp_salesforce.store.sealing import SealedStore

Values: TypeAlias = dict[str, Any]
_DAY_S: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class Document:
    """An object as it was read; the repr does not show it."""

    values: Values = field(repr=False)
    version: str
    lifetime_s: float


class Documents:
    """The objects of one kind, which all live equally long from their latest change on."""

    def __init__(self, store: SealedStore, kind: str, lifetime_s: float) -> None:
        """Keep them in `store`."""
        self._store = store
        self._kind = kind
        self._lifetime_s = lifetime_s

    async def get(self, id_: str) -> Document | None:
        """Return an object; None if there is none."""
        found = await self._store.get(f"{self._kind}:{id_}")
        return Document(orjson.loads(found.value), found.version, found.lifetime_s) if found else None

    async def put(self, id_: str, values: Values, lifetime_s: float | None = None) -> None:
        """Keep an object, whatever was there."""
        await self._store.put(f"{self._kind}:{id_}", orjson.dumps(values), lifetime_s or self._lifetime_s)

    async def swap(self, id_: str, values: Values, was: Document | None) -> bool:
        """Keep an object if nobody has changed what `was` there; tell whether it is kept."""
        version = was.version if was else None
        place, value = f"{self._kind}:{id_}", orjson.dumps(values)
        return bool(await self._store.swap(place, value, self._lifetime_s, version=version))

    async def prolong(self, id_: str) -> None:
        """Let an object live as long as a new one, if a day or more of its time is over."""
        found = await self.get(id_)
        if found and found.lifetime_s < self._lifetime_s - _DAY_S:
            await self.swap(id_, found.values, found)

    async def take(self, id_: str) -> Values | None:
        """Return an object and remove it: of all who take it at once, one gets it."""
        found = await self._store.take(f"{self._kind}:{id_}")
        return None if found is None else orjson.loads(found)

    async def change(self, id_: str, changed: Callable[[Values | None], Values | None]) -> Values | None:
        """Keep what `changed` makes of an object, and return it; None leaves all as it is."""
        while True:
            was = await self.get(id_)
            values = changed(was.values if was else None)
            if values is None or await self.swap(id_, values, was):
                return values

    async def ids(self) -> AsyncIterator[str]:
        """Yield the Ids of all objects."""
        async for key in self._store.keys(f"{self._kind}:"):
            yield key.partition(":")[2]
