"""What an undo could do about a planned change: one sentence, for the question and for the preview."""

from collections.abc import Iterator, Mapping
from typing import Final

from mcp_salesforce.changes.before import INVITATION
from mcp_salesforce.changes.change import Change
from mcp_salesforce.policy.errors import PolicyRefusedError
from mcp_salesforce.policy.rules import Action
from mcp_salesforce.salesforce import SalesforceError
from mcp_salesforce.tools.framework.session import OrgSession

_CAN: Final = "salesforce_undo can undo it for 15 days, except e-mails and what triggers and flows do."
_RIGHTS: Final[Mapping[str, Action]] = {"create": "delete", "undelete": "delete", "delete": "restore"}
_PERMANENT: Final[Mapping[str, str]] = {
    "merge": "merges and lead conversions are permanent",
    "convert": "merges and lead conversions are permanent",
    "hard_delete": "the records go to no recycle bin",
}


async def undo_told(org: OrgSession, plan: Change) -> str:
    """Say whether and how what `plan` does could be undone here; for a part that cannot be, say which."""
    return _not_at_all(org, plan) or _not_by_policy(org, plan) or await _not_in_part(org, plan) or _CAN


def _not_at_all(org: OrgSession, plan: Change) -> str:
    if why := next((_PERMANENT[write.action] for write in plan.writes if write.action in _PERMANENT), ""):
        return f"It cannot be undone: {why}."
    if any(write.rows > 1 and not write.is_kept for write in plan.writes):
        return "It cannot be undone: of so many rows in bulk jobs, only the number is recorded."
    if not org.keeps_changes:
        return "salesforce_undo cannot undo it: this server does not record changes."
    if "changes" not in org.allowed["toolsets"]:
        return "It cannot be undone here: salesforce_undo is off (toolset changes)."
    return ""


def _not_by_policy(org: OrgSession, plan: Change) -> str:
    for right, sobject in dict.fromkeys(_rights(plan)):
        try:
            org.require_action(right, sobject)
        except PolicyRefusedError:
            return f"salesforce_undo cannot undo it: the policy allows no {right} of {sobject}."
    return ""


async def _not_in_part(org: OrgSession, plan: Change) -> str:
    if gone := [name for name in _deleted(plan) if not await _has_recycle_bin(org, name)]:
        return f"The deletion of {', '.join(gone)} records cannot be undone: they go to no recycle bin."
    return ""


def _rights(plan: Change) -> Iterator[tuple[Action, str]]:
    """Yield the actions that an undo needs, each on its object."""
    for step in plan.steps:
        for write, before in zip(step.writes, step.before, strict=True):
            sobject = write.object_in(plan.sobject)
            if write.action == "delete" and sobject == INVITATION:
                yield "create", sobject  # it is made again
            elif write.action == "upsert":
                yield ("update" if before and before.get("Id") else "delete"), sobject
            else:
                yield _RIGHTS.get(write.action, "update"), sobject


def _deleted(plan: Change) -> list[str]:
    """Return the objects of which records are deleted, except invitations, which are made again."""
    names = (write.object_in(plan.sobject) for write in plan.writes if write.action == "delete")
    return [name for name in dict.fromkeys(names) if name and name != INVITATION]


async def _has_recycle_bin(org: OrgSession, sobject: str) -> bool:
    """Return whether deleted records of an object can be restored; true if the org does not say."""
    try:
        return (await org.schema.describe(sobject)).undeletable
    except SalesforceError:
        return True
