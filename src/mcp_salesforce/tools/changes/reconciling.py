"""Find the outcome of a write that was not seen: the process ended, or the answer was lost."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from mcp_salesforce.changes.change import Step
from mcp_salesforce.changes.journal import Entry, Journal
from mcp_salesforce.changes.writes import Outcome, Write
from mcp_salesforce.salesforce.errors import refused
from mcp_salesforce.salesforce.lost_creates import created_since
from mcp_salesforce.tools.changes.bulk_outcomes import job_outcomes
from mcp_salesforce.tools.changes.current import is_same, object_of, read_current
from mcp_salesforce.tools.framework.session import OrgSession

_NOT_DONE: Final = "NOT_DONE"
_MOST_OTHERS: Final = 100
_PATTERN: Final = "Recurrence2PatternText"
_SERIES: Final[Mapping[str, object]] = {"IsRecurrence2": True, "GroupEventType": "3"}


async def reconcile(org: OrgSession, journal: Journal, entry: Entry) -> Entry:
    """Return `entry` with an outcome for each write, by what the org has now; the journal keeps them."""
    owner = (await org.owner())[:2]
    others = await journal.entries(*owner, most=_MOST_OTHERS)
    made = {outcome.record_id for each in others for step in each.steps for outcome in step.outcomes}
    steps = [await _found_out(org, entry, step, made) for step in entry.steps]
    await journal.settle(owner, entry.change_id, steps)
    [settled] = await journal.entries(*owner, change_id=entry.change_id)
    return settled


async def _found_out(org: OrgSession, entry: Entry, step: Step, made: set[str]) -> Step:
    """Return a step with the outcome of its writes; `made` are the Ids of records that other changes have made."""
    if len(step.outcomes) == len(step.writes):
        return step
    if step.job and (told := await job_outcomes(org, step)):
        return replace(step, outcomes=told)
    outcomes: list[Outcome] = []
    for write, before in zip(step.writes, step.before, strict=True):
        outcome = await _outcome(org, entry, write, before or {}, made)
        made.add(outcome.record_id)
        outcomes.append(outcome)
    return replace(step, outcomes=tuple(outcomes))


async def _outcome(org: OrgSession, entry: Entry, write: Write, before: Mapping[str, Any], made: set[str]) -> Outcome:
    if write.action == "create" or (write.action == "upsert" and not before.get("Id")):
        return await _created(org, entry, write, made)
    record_id = write.record_id or str(before.get("Id") or "")
    sobject = write.sobject or await object_of(org, record_id)
    asked = {"merge": [], "convert": ["IsConverted"]}.get(write.action, list(write.values))
    now = await read_current(org, sobject, [record_id, *write.also], asked)
    there = {each for each, current in now.items() if not current.is_deleted}
    match write.action:
        case "delete":
            is_done = record_id not in there
        case "undelete":
            is_done = record_id in there
        case "merge":
            is_done = not there.intersection(write.also)
        case "convert":
            is_done = record_id in now and bool(now[record_id].get("IsConverted"))
        case _:
            changed = [name for name, value in write.values.items() if not is_same(value, _value(before, name))]
            is_done = record_id in now and any(
                is_same(write.values[name], now[record_id].get(name)) for name in changed
            )
    return Outcome(record_id, is_done=is_done, code="" if is_done else _NOT_DONE)


async def _created(org: OrgSession, entry: Entry, write: Write, made: set[str]) -> Outcome:
    """Look for the record that a create has made, if it has: no other change has, and it has the values."""
    values = {**write.values, **({write.key: write.key_value} if write.key else {})}
    if values.pop(_PATTERN, None):
        values |= _SERIES  # the org writes a rule in a form of its own
    started = datetime.fromtimestamp(entry.at, UTC)
    found = await created_since(org.client.answer, write.sobject, [values], started)
    if found is None:
        raise refused(
            f"It is unknown whether change {entry.change_id} was made: the answer was lost, and the org cannot tell.",
            code="OUTCOME_UNKNOWN",
            hint=f"Try again later; or look for the {write.sobject}, and tell the user.",
        )
    record_id = next((each for each in found if each not in made), "")
    return Outcome(record_id, is_done=bool(record_id), created=True, code="" if record_id else _NOT_DONE)


def _value(before: Mapping[str, Any], name: str) -> object:
    return next((value for each, value in before.items() if each.casefold() == name.casefold()), None)
