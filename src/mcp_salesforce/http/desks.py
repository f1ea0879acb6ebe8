"""A session for each person and each access, which nobody else uses."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from types import TracebackType
from typing import Final, Self

from mcp_salesforce.http.door import Caller
from mcp_salesforce.http.fair_share import Shares
from mcp_salesforce.http.kept import Kept
from mcp_salesforce.org_sessions import Sessions
from mcp_salesforce.salesforce.models import ApiUsage
from mcp_salesforce.tools.framework.allowed_tools import Access
from mcp_salesforce.tools.framework.session import OrgSession

_MOST: Final = 1000
_IDLE_S: Final = 900.0


class Desks:
    """The sessions of all, each opened at its first use and closed when it was not used for a while."""

    def __init__(
        self, sessions: Sessions, shares: Shares | None = None, *, most: int = _MOST, idle_s: float = _IDLE_S
    ) -> None:
        """Open sessions with `sessions`, at most `most`; close one that was not used for `idle_s` seconds.

        With `shares`, each person uses no more than the own share of the org's API calls.
        """
        self._shares = shares
        self._sessions = sessions
        self._desks: Kept[OrgSession] = Kept(most=most, idle_s=idle_s)

    async def __aenter__(self) -> Self:
        await self._desks.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close all of them."""
        await self._desks.__aexit__(kind, error, trace)

    def __len__(self) -> int:
        """Return how many are open."""
        return len(self._desks)

    @asynccontextmanager
    async def at(self, caller: Caller, access: Access) -> AsyncIterator[OrgSession]:
        """Give the session of `caller` for the length of the block.

        Raises:
            FullError: There is no room for another one.
            ConfigurationError: The policy does not fit the caller's org.
        """
        share = self._shares.of(caller) if self._shares else None
        opened = partial(self._sessions.open, caller.tokens, access, caller.key, share)
        async with self._desks.use((caller.key, access.key), opened) as org:
            yield org

    def usages(self) -> dict[str, ApiUsage]:
        """Return the API calls of each org, as far as they are known."""
        found: dict[str, ApiUsage] = {}
        for session in self._desks.values():
            if (usage := session.client.api_usage) and session.known_owner:
                org = session.known_owner[0]
                found[org] = max(usage, found.get(org, usage), key=lambda each: each.used)
        return found
