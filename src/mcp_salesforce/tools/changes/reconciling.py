"""What became of a write whose outcome nobody has seen: the process ended, or the answer was lost."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from mcp_salesforce.changes.change import Step
from mcp_salesforce.changes.journal import Entry, Journal
from mcp_salesforce.changes.writes import Outcome, Write
from mcp_salesforce.salesforce.lost_creates import created_since
from mcp_salesforce.tools.changes.current import is_same, object_of, read_current
from mcp_salesforce.tools.framework.session import OrgSession

_NOT_DONE = "NOT_DONE"


async def reconcile(org: OrgSession, journal: Journal, entry: Entry) -> Entry:
    """Return `entry` with an outcome for each write, by what the org has now; the journal keeps them.

    Raises:
        SalesforceError: The org cannot be asked, or the journal not be written.
    """
    steps = [await _found_out(org, entry, step) for step in entry.steps]
    journal.settle(entry.change_id, steps)
    [settled] = journal.entries(*(await org.owner())[:2], change_id=entry.change_id)
    return settled


async def _found_out(org: OrgSession, entry: Entry, step: Step) -> Step:
    if len(step.outcomes) == len(step.writes):
        return step
    outcomes: list[Outcome] = []
    for write, before in zip(step.writes, step.before, strict=True):
        taken = {outcome.record_id for outcome in outcomes}
        outcomes.append(await _outcome(org, entry, write, before, taken))
    return replace(step, outcomes=tuple(outcomes))


async def _outcome(
    org: OrgSession, entry: Entry, write: Write, before: Mapping[str, Any] | None, taken: set[str]
) -> Outcome:
    if write.action == "create" or (write.action == "upsert" and before is not None and not before.get("Id")):
        return await _created(org, entry, write, taken)
    record_id = write.record_id or str((before or {}).get("Id") or "")
    sobject = write.sobject or await object_of(org, record_id)
    now = (await read_current(org, sobject, [record_id], write.values)).get(record_id)
    is_there = now is not None and not now.is_deleted
    if write.action in {"delete", "undelete"}:
        is_done = is_there == (write.action == "undelete")
        return Outcome(record_id, is_done=is_done, code="" if is_done else _NOT_DONE)
    changed = [name for name, value in write.values.items() if not is_same(value, _value(before, name))]
    is_done = now is not None and any(is_same(write.values[name], now.get(name)) for name in changed)
    return Outcome(record_id, is_done=is_done, code="" if is_done else _NOT_DONE)


async def _created(org: OrgSession, entry: Entry, write: Write, taken: set[str]) -> Outcome:
    started = datetime.fromtimestamp(entry.at, UTC)
    found = await created_since(org.client.send, write.sobject, [write.values], started)
    record_id = next((each for each in found or () if each not in taken), "")
    return Outcome(record_id, is_done=bool(record_id), created=True, code="" if record_id else _NOT_DONE)


def _value(before: Mapping[str, Any] | None, name: str) -> object:
    return next((value for each, value in (before or {}).items() if each.casefold() == name.casefold()), None)
