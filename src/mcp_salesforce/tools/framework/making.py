"""How a call that writes is made: previewed, approved by a person if needed, and done once."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from mcp.server.mcpserver import Context
from mcp_types import InputRequiredResult

from mcp_salesforce.appointments.times import TimeError, zone_named
from mcp_salesforce.changes.approvals import Approval, ApprovalNeededError, digest_of
from mcp_salesforce.changes.change import Change
from mcp_salesforce.changes.journal import state_of
from mcp_salesforce.changes.plans import planned_writes, records_named
from mcp_salesforce.changes.writes import counted
from mcp_salesforce.salesforce import SalesforceError
from mcp_salesforce.salesforce.literals import quote_list
from mcp_salesforce.salesforce.time_limit import time_limit_anew
from mcp_salesforce.tools.framework.asking import Asking
from mcp_salesforce.tools.framework.questions import question_of
from mcp_salesforce.tools.framework.session import OrgSession
from mcp_salesforce.tools.framework.undoable import undo_told

_SAID: Final = (
    "also_deleted", "calendars", "to_come", "occurrences", "first_occurrences", "dates", "time_zone", "warning", "note",
)  # fmt: skip
_OF_ROWS: Final = ("columns", "rows", "not_done", "hint", "left_out")
_NAMES: Final[Mapping[str, str]] = {"Event": "Subject", "Task": "Subject", "Case": "CaseNumber"}
_NAMELESS: Final = frozenset({"EventRelation", "TaskRelation"})
_MOST_NAMED: Final = 200


@dataclass(frozen=True, slots=True)
class Making:
    """One call of a tool that writes.

    Attributes:
        org: Where it writes.
        tool: The tool's name.
        sobject: The object that the call is about, if it is one.
        arguments: The call's arguments, as they came.
        run: Calls the tool's function.
    """

    org: OrgSession
    tool: str
    sobject: str
    arguments: Mapping[str, Any]
    run: Callable[[], Awaitable[Mapping[str, Any]]]

    async def preview(self) -> dict[str, Any]:
        """Return what the call would do; nothing is sent."""
        plan, told, _ = await self._planned(None)
        if "rows" in told:  # they tell each write in fewer words
            counts = counted(plan.writes, plan.sobject)
            told["preview"] = [{"action": act, "sobject": name, "count": n} for (act, name), n in counts.items()]
        return {**told, "tool": self.tool}

    async def make(self, context: Context[Any, Any]) -> Mapping[str, Any] | InputRequiredResult:
        """Make the call, or return what the host has to ask its user first.

        Raises:
            AskThroughSessionError: A person has to be asked, which `context` cannot do; nothing was changed.
        """
        rules = self.org.approval_rules
        if getattr(context, "input_responses", None) is None and not getattr(context, "request_state", None):
            try:
                return await self._made(Approval(rules))
            except ApprovalNeededError:
                pass  # it was not sent
        asking = Asking(context, self.org.approvals, is_strict=rules.level == "strict", now=self.org.now().timestamp())
        plan, told, names = await self._planned(Approval(rules))
        if not plan.steps:
            return await self._made(Approval(rules, plan))  # there is nothing to approve
        owner = await self.org.owner()
        approver = await asking.approve(
            digest_of(plan, owner, self.arguments), owner, self.tool, question_of(plan, told, names)
        )
        if isinstance(approver, InputRequiredResult):
            return approver
        with time_limit_anew():  # a person takes the time it takes
            return await self._made(Approval(rules, plan, approver))

    async def _made(self, approval: Approval) -> Mapping[str, Any]:
        async with self.org.change(self.tool, sobject=self.sobject, approval=approval) as change:
            try:
                result = await self.run()
            except SalesforceError as error:
                if change.change_id and state_of(change.steps) != "failed":
                    error.change_id = change.change_id
                raise
        is_changed = change.change_id and state_of(change.steps) != "failed"
        return {**result, "change_id": change.change_id} if is_changed else result

    async def _planned(self, approval: Approval | None) -> tuple[Change, dict[str, Any], dict[str, str]]:
        """Return the change that the call would make, its preview, and the names of its records."""
        result: Mapping[str, Any] = {}
        async with self.org.change(self.tool, sobject=self.sobject, approval=approval, is_preview=True) as change:
            try:
                result = await self.run()
            except (SalesforceError, TimeError):
                if not change.steps:
                    raise  # after the first write it is what the planned record cannot tell
        sent, names = change.requests, await self._names(change)
        zone = result.get("time_zone")
        told: dict[str, Any] = {"preview": planned_writes(change, names, zone_named(zone) if zone else None)}
        said = (*_SAID, *(_OF_ROWS if result.get("planned") else ()))
        told |= {name: result[name] for name in said if name in result} | {**change.alongside}
        return change, told | {"api_calls": sent, "undo": await undo_told(self.org, change)}, names

    async def _names(self, change: Change) -> dict[str, str]:
        """Return the names of the existing records that would be written, by Id, as far as the user can see them."""
        found: dict[str, str] = {}
        for sobject, ids in records_named(change).items():
            if not sobject or sobject in _NAMELESS:
                continue
            name = _NAMES.get(sobject, "Name")
            try:
                if not list(await self.org.shown(sobject, [name])):
                    continue
                found |= {each: change.seen[each][name] for each in ids if change.seen.get(each, {}).get(name)}
                if not (unnamed := [each for each in ids if name not in change.seen.get(each, {})]):
                    continue
                where = f"Id IN {quote_list(dict.fromkeys(unnamed[:_MOST_NAMED]))}"
                soql = f"SELECT Id, {name} FROM {sobject} WHERE {where}"  # noqa: S608 - SOQL, of names and quoted Ids
                records = (await self.org.client.queries.query(soql)).records
            except SalesforceError:
                continue  # an object without a name; the Ids are shown
            found |= {record["Id"]: record[name] for record in records if record.get(name)}
        return found
