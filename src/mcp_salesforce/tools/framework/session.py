"""What lives as long as the server: the client of one org, and facts about it that many calls need."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from secrets import token_bytes
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from mcp_salesforce.appointments.busy import Calendar
from mcp_salesforce.appointments.hours import OFFICE_HOURS, Hours, hours_of
from mcp_salesforce.appointments.outcomes import NO_OUTCOME_FIELDS, OutcomeFields
from mcp_salesforce.appointments.times import TimeError, zone_named, zone_of
from mcp_salesforce.audit.recording import Audit
from mcp_salesforce.changes.approval_store import ApprovalStore
from mcp_salesforce.changes.approvals import ApprovalRules
from mcp_salesforce.changes.asked import Questions
from mcp_salesforce.changes.change import Approving, Change, changing
from mcp_salesforce.changes.import_store import ImportStore
from mcp_salesforce.changes.journal import Journal
from mcp_salesforce.file_links import FileLink
from mcp_salesforce.policy.guard import Guard
from mcp_salesforce.policy.rules import Action
from mcp_salesforce.salesforce import ApiError, NotFoundError, SalesforceClient, SalesforceError
from mcp_salesforce.salesforce.api.sobjects import retrieving
from mcp_salesforce.salesforce.describe_cache import DescribeCache
from mcp_salesforce.salesforce.errors import ErrorDetail, refused
from mcp_salesforce.salesforce.ids import to_18
from mcp_salesforce.salesforce.literals import quote, quote_list
from mcp_salesforce.salesforce.models import SObjectRecord, UserInfo
from mcp_salesforce.salesforce.time_limit import time_limit
from mcp_salesforce.soql import tree
from mcp_salesforce.state_key import StateKey
from mcp_salesforce.store.shared_jobs import SharedJobs
from mcp_salesforce.tools.answers.cursors import Cursors
from mcp_salesforce.tools.answers.query_pages import PageCache
from mcp_salesforce.tools.answers.results import Allowed
from mcp_salesforce.tools.framework.background import Background
from mcp_salesforce.tools.framework.parent_names import naming, with_names
from mcp_salesforce.tools.framework.references import Finder, refuse_names

_NO_POLICY = ApprovalRules()
_BYTES_PER_TOKEN = 2.5  # dense rows of Ids and numbers; running text has four
_USER_PREFIX = "005"
_DELETED = ErrorDetail("ENTITY_IS_DELETED", "entity is deleted")

Value = TypeVar("Value")


def utc_now() -> datetime:
    """Return the present moment."""
    return datetime.now(UTC)


class OrgSession:
    """One org, as the tools see it."""

    def __init__(  # noqa: PLR0913 - what a server is made of
        self,
        client: SalesforceClient,
        *,
        max_answer_tokens: int,
        allowed: Allowed,
        guard: Guard | None = None,
        now: Callable[[], datetime] = utc_now,
        outcome_fields: OutcomeFields = NO_OUTCOME_FIELDS,
        working_hours: Hours | None = None,
        state_key: StateKey | None = None,
        journal: Journal | None = None,
        approvals: Questions | None = None,
        approval_rules: ApprovalRules = _NO_POLICY,
        audit: Audit | None = None,
        files: Path | None = None,
        linked: Callable[[str], FileLink] = lambda _: {},
        imports: ImportStore | None = None,
        jobs: SharedJobs | None = None,
        find_named: Finder = refuse_names,
    ) -> None:
        """Work through `client`.

        Args:
            client: A client of the org.
            max_answer_tokens: About how long an answer may be.
            allowed: What the settings allow a model, in the form that `salesforce_whoami` shows.
            guard: The client's, where there is a policy.
            now: The clock.
            outcome_fields: Where the org keeps how appointments ended.
            working_hours: When people can be booked unless a call says otherwise; office hours without them.
            state_key: What marks the cursors; a key of this process without one.
            journal: Where changes are kept, if they are: the one of the client's gate.
            approvals: Where the questions to people and their answers are kept; in memory without one.
            approval_rules: Which changes a person has to approve.
            audit: Where calls are recorded, if they are: what the client's guard passes by.
            files: The folder that files may be in, if there is one.
            linked: Returns the link by which the user gets a file of the folder, where the user needs one.
            imports: Where imports are kept; in memory without one.
            jobs: The exports and imports of all replicas, where several people use the server.
            find_named: Finds the records that arguments name instead of giving their Ids.
        """
        self.client, self.allowed, self.now, self.find_named = client, allowed, now, find_named
        self._guard, self._journal = guard, journal
        self._state_key = state_key or StateKey()
        self.approvals: Questions = approvals or ApprovalStore(
            None, partial(token_bytes, 32), now=lambda: now().timestamp()
        )
        self.audit, self.files, self.linked, self.jobs = audit, files, linked, jobs
        self.imports = imports or ImportStore(None, partial(token_bytes, 32), now=lambda: now().timestamp())
        self.approval_rules, self.outcome_fields = approval_rules, outcome_fields
        self.working_hours = working_hours or hours_of(OFFICE_HOURS)
        self.calendars: dict[str, Calendar] = {}
        self.work_records: dict[str, tuple[datetime, Sequence[Mapping[str, Any]]]] = {}
        self.schema = guard.schema if guard else DescribeCache(client.describe, now=lambda: now().timestamp())
        self.pages = PageCache(now=lambda: now().timestamp())
        self.max_answer_bytes = int(max_answer_tokens * _BYTES_PER_TOKEN)
        self._owner: tuple[str, ...] | None = None
        self._users: dict[str, asyncio.Task[UserInfo]] = {}
        self._zones: dict[str, asyncio.Task[ZoneInfo]] = {}
        self.background = Background(audit)

    async def cursors(self) -> Cursors:
        """Return the maker and reader of cursors for this org, user and policy."""
        return Cursors(self._state_key, await self.owner())

    async def owner(self) -> tuple[str, ...]:
        """Return the owner of cursors: the Ids of org and user, and the policy."""
        if self._owner is None:
            identity = await self.client.identity()
            policy = (self._guard.digest,) if self._guard else ()
            self._owner = identity.organization_id, identity.user_id, *policy
        return self._owner

    @property
    def known_owner(self) -> tuple[str, ...]:
        """What `owner` would return, if it has been read; nothing else."""
        return self._owner or ()

    @asynccontextmanager
    async def change(
        self, tool: str, *, sobject: str, approval: Approving | None, is_preview: bool = False
    ) -> AsyncIterator[Change]:
        """Make everything that is written in the block one change; a preview sends nothing."""
        made = Change(tool, self.owner, approval=approval, is_preview=is_preview, sobject=sobject)
        with changing(made) as change:
            try:
                yield change
            finally:
                if self._journal and change.change_id:
                    await self._journal.close_change(change)

    @property
    def keeps_changes(self) -> bool:
        """Whether changes are recorded, so that they can be undone."""
        return self._journal is not None and not self._journal.off_because

    def require_journal(self) -> Journal:
        """Return the journal of changes."""
        if self._journal and not self._journal.off_because:
            return self._journal
        why = self._journal.off_because if self._journal else "SALESFORCE_JOURNAL is off"
        raise refused(
            f"This server does not record changes: {why}",
            code="NO_JOURNAL",
            hint="salesforce_undo cannot be used. Tell the user; change the record back with the tools that write.",
        )

    @property
    def is_guarded(self) -> bool:
        """Whether a policy judges every call: it says itself which names may not be used, and which are none."""
        return self._guard is not None

    async def require_shown(self, sobject: str, fields: Sequence[str]) -> None:
        """Refuse fields that a caller names and a policy hides."""
        if self._guard:
            await self._guard.require_shown(sobject, fields)

    async def shown(self, sobject: str, columns: Sequence[str]) -> Sequence[str]:
        """Return those of a tool's own columns (`Name`, `Account.Name`) that a policy shows.

        The answer lists the others in `withheld`. Names that a caller gives do not go through here: that is
        refused by name.
        """
        return await self._guard.shown(sobject, columns) if self._guard else columns

    async def note_hidden(self, sobject: str) -> bool:
        """Note in the answer which fields of an object a policy hides; return whether it hides any."""
        return self._guard is not None and await self._guard.note_hidden(sobject)

    async def retrieve(
        self, sobject: str, record_id: str, *, fields: Sequence[str] = (), names: Sequence[str] = ()
    ) -> SObjectRecord:
        """Return one record, as the client; distinguish one in the recycle bin from one that never existed.

        Salesforce says NOT_FOUND of both to a read. `names` (`Owner.Name`) are read in the same call, and in the record
        where there are any.

        Raises:
            NotFoundError: It is not there; with the code ENTITY_IS_DELETED it was deleted.
        """
        asked = naming(sobject, record_id, await self.shown(sobject, names) if names else ())
        try:
            if not asked:
                return await self.client.sobjects.retrieve(sobject, record_id, fields=fields)
            reading = [retrieving(sobject, record_id, fields=fields), *asked]
            return with_names(await self.client.composite.run_led(reading))
        except NotFoundError as error:
            if error.code == "NOT_FOUND" and await self.deleted_among(sobject, [record_id]):
                raise NotFoundError(error.status, [_DELETED]) from None
            raise

    async def deleted_among(self, sobject: str, record_ids: Sequence[str]) -> frozenset[str]:
        """Return the Ids (18 characters) of those records that are in the recycle bin, as far as the org tells."""
        soql = f"SELECT Id FROM {sobject} WHERE IsDeleted = true AND Id IN {quote_list(record_ids)}"  # noqa: S608 - SOQL
        try:
            found = await self.client.queries.query(soql, query_all=True)
        except SalesforceError:
            return frozenset()  # an object without a recycle bin; a better error is not worth a second one
        return frozenset(record["Id"] for record in found.records)

    async def refusal_behind(
        self, error: SalesforceError, arguments: Mapping[str, Any], sobject: str
    ) -> SalesforceError:
        """Return the policy's refusal if `error` says that something hidden does not exist, otherwise `error`."""
        try:
            return await self._guard.refusal_behind(error, arguments, sobject) if self._guard else error
        except SalesforceError:
            return error  # a better error is not worth a second one

    def require_action(self, action: Action, sobject: str) -> None:
        """Refuse an action on an object that a policy forbids, before the first of several requests."""
        if self._guard:
            self._guard.require_action(action, sobject)

    def policy_on(self, sobject: str) -> list[str]:
        """Return in sentences what a policy hides or forbids of an object."""
        return self._guard.limits_of(sobject) if self._guard else []

    def reads_all(self, sobject: str) -> bool:
        """Tell whether a policy lets everybody's records of an object be read."""
        return self._guard is None or self._guard.reads_all(sobject)

    async def most_rows(self, query: tree.Query, limit: int, source: tree.Query | None = None) -> int:
        """Return how many rows an answer to a query may have by a policy, if `limit` are asked for.

        `source` is the sub-query whose rows they are, where they are not the query's own.
        """
        return await self._guard.most_rows(query, limit, source) if self._guard else limit

    async def most_records(self, sobject: str, limit: int, columns: Sequence[str] = ("Id",)) -> int:
        """Return how many records of an object an answer with these columns may have, if `limit` are asked for."""
        items = tuple(tree.SelectItem(tree.Field(name)) for name in columns)
        return await self.most_rows(tree.Query(items, (tree.FromItem(sobject),)), limit)

    async def require_count(self, sobject: str, count: int, columns: Sequence[str] = ()) -> None:
        """Refuse to read more records of an object by name, with these columns, than a policy allows in one answer."""
        if self._guard:
            await self._guard.require_count(sobject, count, columns)

    async def user(self) -> UserInfo:
        """Return who the user is, as far as a policy shows it; asked once."""
        await self.shown("User", ("Name", "Username"))
        return await _once(self._users, "", self.client.userinfo)

    async def zone(self, asked: str = "", owner_id: str = "") -> ZoneInfo:
        """Return the zone to show times in: the asked one, else that of the user `owner_id`, else the caller's own."""
        if asked:
            return zone_named(asked)
        user_id = owner_id if owner_id.startswith(_USER_PREFIX) else (await self.owner())[1]
        if user_id in self.calendars:
            return self.calendars[user_id].zone
        return await _once(self._zones, user_id, lambda: self._read_zone(user_id))

    async def _read_zone(self, user_id: str) -> ZoneInfo:
        """Return the user's zone, or UTC if the org does not say; the answer names the zone."""
        soql = f"SELECT TimeZoneSidKey FROM User WHERE Id = {quote(user_id)}"  # noqa: S608 - SOQL, with a quoted value
        try:
            if (told := self._told()) and told.zoneinfo and to_18(told.user_id) == user_id:
                return zone_of(told.zoneinfo)
            found = await self.client.queries.query(soql)
            return zone_of(found.records[0]["TimeZoneSidKey"] or "UTC")
        except (ApiError, LookupError, TimeError):
            return zone_of("UTC")

    def _told(self) -> UserInfo | None:
        """Return what is already known about the caller, without a request."""
        asked = self._users.get("")
        return asked.result() if asked and asked.done() and not asked.cancelled() and not asked.exception() else None


async def _once(
    cache: dict[str, asyncio.Task[Value]], key: str, read: Callable[[], Coroutine[None, None, Value]]
) -> Value:
    """Return the result of `read` for `key`, read once for all calls; a failure is not stored."""
    task = cache.get(key)
    if task is None or (task.done() and (task.cancelled() or task.exception())):
        with time_limit(None):  # other calls wait for it too
            task = cache[key] = asyncio.create_task(read())
    return await asyncio.shield(task)
