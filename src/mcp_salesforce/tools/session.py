"""What lives as long as the server: the client of one org, and the facts about it that are asked again and again."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from typing import TypeVar
from zoneinfo import ZoneInfo

from mcp_salesforce.appointments.times import TimeError, zone_named
from mcp_salesforce.salesforce import SalesforceClient
from mcp_salesforce.salesforce.errors import SalesforceError
from mcp_salesforce.salesforce.soql import quote
from mcp_salesforce.tools.errors import NO_SUCH_FIELD, NO_SUCH_OBJECT, did_you_mean, nearest

_BYTES_PER_TOKEN = 2.5  # dense rows of Ids and numbers; running text has four
_USER_PREFIX = "005"

Value = TypeVar("Value")


class OrgSession:
    """One org, as the tools see it."""

    def __init__(self, client: SalesforceClient, *, max_answer_tokens: int) -> None:
        """Work through `client`, with answers of at most about `max_answer_tokens`."""
        self.client = client
        self.max_answer_bytes = int(max_answer_tokens * _BYTES_PER_TOKEN)
        self._owner: tuple[str, str] | None = None
        self._zones: dict[str, asyncio.Task[ZoneInfo]] = {}
        self._known_names: dict[str, asyncio.Task[tuple[str, ...]]] = {}

    async def owner(self) -> tuple[str, str]:
        """Return whom cursors belong to: the org's Id and the user's."""
        if self._owner is None:
            identity = await self.client.identity()
            self._owner = identity.organization_id, identity.user_id
        return self._owner

    async def zone(self, asked: str = "", owner_id: str = "") -> ZoneInfo:
        """Return the zone to show times in: the asked one, else that of the user `owner_id`, else the caller's own.

        Raises:
            TimeError: `asked` is not a zone.
            SalesforceError: As the client.
        """
        if asked:
            return zone_named(asked)
        user_id = owner_id if owner_id.startswith(_USER_PREFIX) else (await self.owner())[1]
        return await _once(self._zones, user_id, lambda: self._read_zone(user_id))

    async def hint_for(self, error: SalesforceError) -> str:
        """Return a better hint than the error's own: the nearest names where a field or an object is unknown."""
        if field := NO_SUCH_FIELD.search(error.message):
            sobject, name = field[2] or field[3], field[1].rpartition(".")[2]
            return did_you_mean(nearest(name, await self._names(sobject))) or "Custom fields end in __c."
        if sobject := NO_SUCH_OBJECT.search(error.message):
            return did_you_mean(nearest(sobject[1], await self._names(""))) or "Custom objects end in __c."
        return ""

    async def _read_zone(self, user_id: str) -> ZoneInfo:
        soql = f"SELECT TimeZoneSidKey FROM User WHERE Id = {quote(user_id)}"  # noqa: S608 - SOQL, with a quoted value
        found = await self.client.queries.query(soql)
        name = found.records[0].get("TimeZoneSidKey") if found.records else None
        try:
            return zone_named(name or "UTC")
        except TimeError:
            return zone_named("UTC")  # the answer names it, so nobody takes it for the user's own

    async def _names(self, sobject: str) -> Iterable[str]:
        """Return the names of the object's fields, or of all objects where none is given."""

        async def read() -> tuple[str, ...]:
            if not sobject:
                return tuple(summary.name for summary in await self.client.describe.global_())
            return tuple(field.name for field in (await self.client.describe.describe(sobject)).fields)

        try:
            return await _once(self._known_names, sobject, read)
        except SalesforceError:
            return ()


async def _once(
    cache: dict[str, asyncio.Task[Value]], key: str, read: Callable[[], Coroutine[None, None, Value]]
) -> Value:
    """Return what `read` gave for `key`, asking once however many calls want it; a failure is not kept."""
    task = cache.get(key)
    if task is None or (task.done() and (task.cancelled() or task.exception())):
        task = cache[key] = asyncio.create_task(read())
    return await asyncio.shield(task)
