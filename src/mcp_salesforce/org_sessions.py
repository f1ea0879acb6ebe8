"""Opens sessions with an org: what all of a process share, and what each has for itself."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import Final, Self

from mcp_salesforce.appointments.hours import hours_of
from mcp_salesforce.changes.approvals import ApprovalRules
from mcp_salesforce.changes.asked import Questions
from mcp_salesforce.changes.gate import Gate
from mcp_salesforce.changes.journal import Journal
from mcp_salesforce.file_links import FileLink, FileLinks
from mcp_salesforce.policy.guard import Guard
from mcp_salesforce.policy.guard.read_only import refusing_writes
from mcp_salesforce.policy.policy_file import PolicyFileError
from mcp_salesforce.salesforce import SalesforceClient, SalesforceError, TokenSource, Transport
from mcp_salesforce.salesforce.budget import Reserve
from mcp_salesforce.salesforce.client import Guard as SendGuard
from mcp_salesforce.salesforce.client import RequestSender
from mcp_salesforce.settings import connect
from mcp_salesforce.settings.loading import ConfigurationError
from mcp_salesforce.settings.settings import Settings
from mcp_salesforce.state_key import StateKey
from mcp_salesforce.store.interface import Store
from mcp_salesforce.store.shared_jobs import SharedJobs
from mcp_salesforce.store.shared_journal import SharedJournal
from mcp_salesforce.store.shared_questions import SharedQuestions
from mcp_salesforce.tools.framework.allowed_tools import Access
from mcp_salesforce.tools.framework.session import OrgSession, utc_now
from mcp_salesforce.tools.lookups.named_records import ids_of

_VERIFIED_WITHIN_S: Final = 10.0  # less than hosts wait for a server to start
_log = logging.getLogger(__name__)


class Sessions:
    """Opens sessions; it is the context in which they work.

    They share the journal, the questions to people, the imports, the audit and the key of cursors, all of which tell
    owners apart. A session has a client, connections and caches of its own.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        transport: Transport | None = None,
        now: Callable[[], datetime] = utc_now,
        address: str | None = None,
        store: Store | None = None,
    ) -> None:
        """Prepare; nothing is opened yet.

        Args:
            settings: How to work, for every user.
            transport: How requests travel; the network of the settings without one.
            now: The clock that appointments are booked by.
            address: Over HTTP, the address by which several people reach the server; empty for one person. Links to
                files begin with it, or with what requests name; and each of several people has a folder of their own.
            store: What replicas share, where several people use the server.
        """
        self._is_shared = bool(address)
        self._settings = settings
        self._transport = transport
        self._now = now
        self._state_key = StateKey(settings.state_key.get_secret_value())
        self.links = None if address is None else FileLinks(self._state_key, self._seconds, address)
        self._journal: Journal | None = (
            SharedJournal(store, now=self._seconds)
            if store and not settings.journal
            else connect.journal(settings, self._seconds)
        )
        self._gate = Gate(self._journal)
        self._questions: Questions = (
            SharedQuestions(store, now=self._seconds) if store else connect.approvals(settings, self._seconds)
        )
        self._audit = connect.audit(settings)
        self._imports = connect.imports(settings, self._seconds)
        self._jobs = SharedJobs(store) if store else None

    async def __aenter__(self) -> Self:
        if self._audit:
            await self._audit.__aenter__()
        return self

    async def __aexit__(self, *exception: object) -> None:
        """Release what the sessions shared."""
        if self._audit:
            await self._audit.__aexit__(*exception)
        self._questions.close()
        self._imports.close()
        if self._jobs:
            await self._jobs.close()
        if self._journal:
            await self._journal.close()

    def _seconds(self) -> float:
        return self._now().timestamp()

    @asynccontextmanager
    async def open(
        self, tokens: TokenSource, access: Access, person: str = "", share: SendGuard | None = None
    ) -> AsyncIterator[OrgSession]:
        """Open the session of one user, as whom `tokens` act, with what `access` allows; it ends with the block.

        `person` tells the user from all others where several use the server, and `share` wraps what sends the user's
        calls.

        Raises:
            ConfigurationError: The policy names what this org does not have.
        """
        guard = Guard(access.policy, now=self._seconds) if access.policy else None
        async with self._client(tokens, access, guard, share) as client:
            await _verify(guard)
            session = OrgSession(
                client,
                max_answer_tokens=self._settings.max_answer_tokens,
                allowed=access.summary(),
                guard=guard,
                now=self._now,
                outcome_fields=self._settings.outcome_fields,
                working_hours=hours_of(self._settings.working_hours),
                state_key=self._state_key,
                journal=self._journal,
                approvals=self._questions,
                approval_rules=ApprovalRules.of(access.policy),
                audit=self._audit,
                files=self._own_folder(person),
                linked=partial(self._link, person) if self.links else _no_link,
                imports=self._imports,
                jobs=self._jobs,
                find_named=ids_of,
            )
            try:
                yield session
            finally:
                await session.background.close()

    def folder_of(self, person: str) -> Path | None:
        """Return where the files of a person are: nobody sees another's."""
        if self._settings.files is None or not self._is_shared:
            return self._settings.files
        return self._settings.files / blake2b(person.encode(), digest_size=16).hexdigest()

    def _own_folder(self, person: str) -> Path | None:
        own = self.folder_of(person)
        if own and self._is_shared:
            own.mkdir(mode=0o700, exist_ok=True)
        return own

    def _link(self, person: str, name: str) -> FileLink:
        """Return a link to a file of a person, from whose time on the file is kept."""
        assert self.links is not None  # noqa: S101 - over HTTP
        own = self.folder_of(person)
        if own and self._is_shared:
            with suppress(OSError):
                os.utime(own / name, (self._seconds(), self._seconds()))
        return self.links.to(person, name)

    def _client(
        self, tokens: TokenSource, access: Access, guard: Guard | None, share: SendGuard | None
    ) -> SalesforceClient:
        return SalesforceClient(
            tokens,
            api_version=self._settings.api_version,
            transport=self._transport or connect.transport(self._settings.network),
            timeout_s=self._settings.timeout_s,
            max_concurrency=self._settings.max_concurrency,
            reserve=Reserve.parse(self._settings.api_reserve),
            guard=_guarding(guard, access),
            gate=(lambda exchange: self._gate.over(share(exchange))) if share else self._gate.over,
            watch=self._audit.over if self._audit else None,
        )


def _no_link(_: str) -> FileLink:
    return {}


def _guarding(guard: Guard | None, access: Access) -> Callable[[RequestSender], RequestSender] | None:
    """Return what every call of the client passes."""
    if guard and access.read_only:
        return lambda exchange: guard.over(refusing_writes(exchange))
    if guard:
        return guard.over
    return refusing_writes if access.read_only else None


async def _verify(guard: Guard | None) -> None:
    """Refuse a policy that names what the org does not have; where it cannot be asked now, the first call asks."""
    if guard is None:
        return
    try:
        async with asyncio.timeout(_VERIFIED_WITHIN_S):
            await guard.verify()
    except PolicyFileError as error:
        raise ConfigurationError(f"mcp-salesforce cannot start: {error}") from None
    except (SalesforceError, TimeoutError):
        _log.warning("The policy could not be verified: nothing is allowed until it is")
