"""The one place that every call to the org passes: it refuses what the settings do not allow.

A call is let through because it is understood and allowed. What is not understood is refused.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Any, Final

from mcp_salesforce.policy.errors import PolicyRefusedError, hidden, not_understood
from mcp_salesforce.policy.guard.bulk_ingests import BulkIngests
from mcp_salesforce.policy.guard.bulk_queries import BulkQueries
from mcp_salesforce.policy.guard.files import Files
from mcp_salesforce.policy.guard.org_views import OrgViews
from mcp_salesforce.policy.guard.owners import Owners
from mcp_salesforce.policy.guard.reads import Reads
from mcp_salesforce.policy.guard.request_parts import RequestParts, Rewrite, inner_entry, inner_request
from mcp_salesforce.policy.guard.shown_schema import ShownSchema
from mcp_salesforce.policy.guard.writes import Writes
from mcp_salesforce.policy.policy_file import PolicyFileError
from mcp_salesforce.policy.rules import ACTIONS, Action, Policy
from mcp_salesforce.policy.withheld import withhold
from mcp_salesforce.salesforce.client import RequestSender
from mcp_salesforce.salesforce.codes import NO_SUCH_FIELD
from mcp_salesforce.salesforce.describe_cache import OrgSchema
from mcp_salesforce.salesforce.errors import SalesforceError
from mcp_salesforce.salesforce.wire import Answer, Request
from mcp_salesforce.soql import tree

_NO_SUCH_NAME: Final = frozenset({"INVALID_FIELD", "INVALID_FIELD_FOR_INSERT_UPDATE", "INVALID_RECORDS"})
_CANNOT_WRITE: Final = "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"
_UPSERT: Final = ("create", "update")


class Guard:
    """Lets calls through as a policy has it; `over` makes it the guard of a client.

    What it does not allow raises PolicyRefusedError; it may have to ask the org first, and raises the client's errors.
    """

    schema: OrgSchema
    """The org's objects and fields as the policy shows them; there once the guard is over a client's calls."""

    def __init__(self, policy: Policy, *, now: Callable[[], float] = time.time) -> None:
        """Judge by `policy`, which the org confirms before the first call: its objects and fields must be there.

        `now` is the time in Unix seconds, by which describes grow old.
        """
        self._policy = policy
        self._now = now
        self._verified: asyncio.Task[None] | None = None

    def over(self, exchange: RequestSender) -> RequestSender:
        """Return what sends a request as far as it is allowed, and gives what may be seen of the answer.

        It raises PolicyRefusedError where a request is not allowed; nothing was sent then.
        """
        self._views = OrgViews(self._policy, exchange, now=self._now)
        owners = Owners(self._views, exchange)
        self._reads = Reads(self._views, owners)
        self.schema = ShownSchema(self._views, self._confirmed)
        plans = _Plans(self._reads, Writes(self._views, owners), Files(self._views, owners))

        async def guarded(request: Request) -> Answer:
            await self._confirmed()
            plan = await plans.plan(request)
            answer = await exchange(plan.request)
            return answer if answer.value is None else replace(answer, value=await plan.finish(answer.value))

        return guarded

    @property
    def digest(self) -> str:
        """A digest that identifies the policy."""
        return self._policy.digest

    def limits_of(self, sobject: str) -> list[str]:
        """Return in sentences what the policy hides or forbids of an object."""
        return self._views.policy.rule(sobject).limits()

    def reads_all(self, sobject: str) -> bool:
        """Tell whether the records of all users can be read."""
        rule = self._views.policy.rule(sobject)
        return not rule.owner_only and not rule.owners

    def require_action(self, action: Action, sobject: str) -> None:
        """Raise PolicyRefusedError where the policy forbids an action on an object."""
        if place := self._views.policy.forbids(action, sobject):
            raise PolicyRefusedError(f"No {action} of {sobject}", place=place)

    async def most_rows(self, query: tree.Query, limit: int, source: tree.Query | None = None) -> int:
        """Return how many rows an answer may have, if `limit` are asked for; its parents and children count too.

        `source` is the sub-query whose rows they are, where they are not the query's own.
        """
        return await self._reads.most_rows(query, limit, source)

    async def require_count(self, sobject: str, count: int, columns: Sequence[str] = ()) -> None:
        """Refuse to read more records of an object by name than one answer can have, parents in `columns` included."""
        await self._confirmed()
        await self._reads.require_count(sobject, columns, count)

    async def require_shown(self, sobject: str, columns: Sequence[str]) -> None:
        """Refuse columns that the policy hides."""
        await self._confirmed()
        await self._reads.judge_columns(sobject, columns)

    async def shown(self, sobject: str, columns: Sequence[str]) -> list[str]:
        """Return those of our own columns (`Name`, `Account.Name`) that can be seen; note the others as withheld."""
        await self._confirmed()
        kept = []
        for column in columns:
            try:
                await self._reads.judge_columns(sobject, [column])
            except PolicyRefusedError:
                withhold(column)
            else:
                kept.append(column)
        return kept

    async def refusal_behind(
        self, error: SalesforceError, arguments: Mapping[str, Any], sobject: str
    ) -> SalesforceError:
        """Return the policy's refusal if `error` says only that something does not exist or cannot be done.

        Tools check names and rights against describe, in which what is hidden is not there.

        Args:
            error: The error of the call.
            arguments: The call's arguments.
            sobject: The object that the tool is about; empty where an argument says it.
        """
        about = sobject or str(arguments.get("sobject") or "")
        if error.code == _CANNOT_WRITE and about:
            return self._refused_action(error, about)
        if error.code not in _NO_SUCH_NAME:
            return error
        found = NO_SUCH_FIELD.search(error.message)
        names = [found[1]] if found else [*error.fields, str(arguments.get("external_id_field") or "")]
        about = (found[2] or found[3]) if found else about
        described = await self._views.describe(about) if about else None
        for name in names:
            field = described.field(name) if described else None
            if described and field and not (view := await self._views.view(described.name)).shows(name):
                return hidden(view.sobject, field.name, view.rule.place_of(field.name))
        return error

    def _refused_action(self, error: SalesforceError, sobject: str) -> SalesforceError:
        for action in ACTIONS:
            place = self._views.policy.forbids(action, sobject)
            if place and (action in error.message or ("upsert" in error.message and action in _UPSERT)):
                return PolicyRefusedError(f"No {action} of {sobject}", place=place)
        return error

    async def note_hidden(self, sobject: str) -> bool:
        """Note the fields of an object that are hidden as withheld; return whether there are any."""
        view, described = await self._views.view(sobject), await self._views.describe(sobject)
        hidden = [field.name for field in described.fields if not view.shows(field.name)] if described else []
        for name in hidden:
            withhold(name)
        return bool(hidden)

    async def verify(self) -> None:
        """Check once that everything in the policy exists; before that, nothing is allowed.

        Raises:
            PolicyFileError: Something does not exist.
        """
        task = self._verified
        if task is None or (task.done() and (task.cancelled() or task.exception())):
            task = self._verified = asyncio.create_task(self._views.verify())
        await asyncio.shield(task)

    async def _confirmed(self) -> None:
        try:
            await self.verify()
        except PolicyFileError as error:
            hint = "Nothing is allowed until the policy is corrected. Tell the user."
            raise PolicyRefusedError(" ".join(error.problems), hint=hint) from None


class _Plans:
    """Finds for each call the plan that its resource needs."""

    def __init__(self, reads: Reads, writes: Writes, files: Files) -> None:
        self._reads, self._writes = reads, writes
        special: list[BulkQueries | BulkIngests | Files] = [BulkQueries(reads), BulkIngests(writes), files]
        self._special = {each.steps: each for each in special}

    async def plan(self, request: Request, *, is_part: bool = False) -> Rewrite:
        """Return what to send for `request`, and how to change the answer; bulk jobs are no part of another call."""
        call = RequestParts.of(request)
        if any("@{" in step for step in call.steps):
            raise not_understood("A reference to another call")
        special = None if is_part else self._special.get(call.steps[:2])
        found = await special.plan(call) if special else None
        if found is None:
            found = await (self._reading(call) if call.method == "GET" else self._writing(call))
        if found is None:
            raise not_understood(f"{call.method} {'/'.join(call.steps[:2])}")
        return found

    async def _reading(self, call: RequestParts) -> Rewrite | None:  # noqa: PLR0911 - a table
        reads = self._reads
        match call.steps:
            case ("limits",):
                return Rewrite(call.request)
            case ("services", "oauth2", "userinfo"):
                return await reads.userinfo(call)
            case ("query" | "queryAll",):
                return await reads.query(call)
            case ("query" | "queryAll", _):
                return await reads.page(call)
            case ("search",):
                return await reads.search(call)
            case ("sobjects", sobject, last) if last != "describe":  # that is `Guard.schema`'s
                return await reads.retrieve(call, sobject, last)
            case ("composite", "sobjects", sobject):
                return await reads.retrieve_many(call, sobject)
            case ("ui-api", "object-info", sobject, "picklist-values", _, field):
                return await reads.picklist(call, sobject, field)
        return None

    async def _writing(self, call: RequestParts) -> Rewrite | None:  # noqa: C901, PLR0911 - a table
        writes = self._writes
        match (call.method, *call.steps):
            case ("POST", "composite"):
                return await self._composite(call)
            case ("POST", "services", "Soap", "u", _):
                return await writes.soap(call)
            case ("POST", "composite", "sobjects", sobject):
                return await self._reads.retrieve_many(call, sobject)
            case ("POST" | "PATCH", "composite", "sobjects"):
                return await writes.save_many(call)
            case ("DELETE", "composite", "sobjects"):
                return await writes.delete_many(call)
            case ("PATCH", "composite", "sobjects", sobject, key):
                return await writes.upsert_many(call, sobject, key)
            case ("POST", "sobjects", sobject):
                return await writes.create(call, sobject)
            case ("PATCH", "sobjects", sobject, record_id):
                return await writes.update(call, sobject, record_id)
            case ("PATCH", "sobjects", sobject, key, value):
                return await writes.upsert(call, sobject, key, value)
            case ("DELETE", "sobjects", sobject, record_id) | (
                "DELETE",
                "sobjects",
                "Event" as sobject,
                record_id,
                "fromThisEventOnwards",
            ):
                return await writes.delete(call, sobject, record_id)
        return None

    async def _composite(self, call: RequestParts) -> Rewrite:
        """Plan each of the calls in a composite one; where all only read, those that are refused keep none from it."""
        entries = call.body.get("compositeRequest") if isinstance(call.body, Mapping) else None
        if not isinstance(entries, list):
            raise not_understood("A composite call of another form")
        plans = [await self._part(entry) for entry in entries]
        refusals = [plan for plan in plans if isinstance(plan, PolicyRefusedError)]
        sent = [plan for plan in plans if isinstance(plan, Rewrite)]
        if refusals and (not sent or any(entry.get("method") != "GET" for entry in entries)):
            raise refusals[0]
        changed = [
            inner_entry(entry, plan.request)
            for entry, plan in zip(entries, plans, strict=True)
            if isinstance(plan, Rewrite)
        ]

        async def finish(value: Any) -> Any:  # noqa: ANN401 - any JSON value
            answered = iter(value["compositeResponse"])
            replies = []
            for plan in plans:
                reply = _refused(plan) if isinstance(plan, PolicyRefusedError) else next(answered)
                if isinstance(plan, Rewrite) and _has_value(reply):
                    reply = {**reply, "body": await plan.finish(reply["body"])}
                replies.append(reply)
            return {**value, "compositeResponse": replies}

        return Rewrite(replace(call.request, body={**call.body, "compositeRequest": changed}), finish)

    async def _part(self, entry: Mapping[str, Any]) -> Rewrite | PolicyRefusedError:
        try:
            return await self.plan(inner_request(entry), is_part=True)
        except PolicyRefusedError as error:
            return error


def _refused(error: PolicyRefusedError) -> dict[str, Any]:
    """Return the reply in a composite's that stands for a read which was not sent."""
    body = [{"errorCode": error.code, "message": error.message}]
    return {"httpStatusCode": HTTPStatus.FORBIDDEN, "body": body}


def _has_value(reply: Mapping[str, Any]) -> bool:
    return HTTPStatus.OK <= reply["httpStatusCode"] < HTTPStatus.MULTIPLE_CHOICES and reply.get("body") is not None
