"""Which changes a person has to approve, and whether what is about to be written is what was approved.

A change is planned first and the person is asked about the plan. Each step is compared with the plan before it is sent:
the same records, the same values, and no record changed since.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from mcp_salesforce.changes.before import AT_ONCE, STAMP, note_records, records_where
from mcp_salesforce.changes.change import Change, Step
from mcp_salesforce.changes.writes import Write, counted
from mcp_salesforce.policy.rules import ApprovalLevel, Policy
from mcp_salesforce.salesforce.client import RequestSender
from mcp_salesforce.salesforce.errors import SalesforceError, refused
from mcp_salesforce.salesforce.literals import quote_list

_MOST_CHANGED: Final = 10
_MOST_DELETED: Final = 1
_TOO_FAST_S: Final = 0.3
_EVENT_ID: Final = "EventId"
_COUNTS: Final = "also_deleted"
_CALENDARS: Final = "calendars"
_ALWAYS: Final = frozenset({"merge", "convert", "hard_delete"})
_CHANGES: Final = frozenset({"update", "upsert"})
_INVITATIONS: Final = frozenset({"eventrelation", "taskrelation"})


@dataclass(frozen=True, slots=True)
class Approver:
    """Who has approved a change: by which channel, in which host, and after how many seconds, where that is known."""

    channel: str
    host: str = ""
    seconds: float | None = None

    @property
    def is_too_fast(self) -> bool:
        """Whether the answer came before a person can have read the question."""
        return self.seconds is not None and self.seconds < _TOO_FAST_S


class ApprovalNeededError(Exception):
    """A person has to be asked first; nothing was sent. It is no `SalesforceError`: tools answer those themselves."""


@dataclass(frozen=True, slots=True)
class ApprovalRules:
    """Which changes are asked about.

    Attributes:
        level: `off` asks only about what can never be undone; `strict` also doubts answers that come too fast.
        over_rows: Ask about more records than this, for any action; None: the action decides.
        actions: What is asked about of each object, by its name in lower case.
        rows: Ask about more records of an object than this, by its name in lower case.
    """

    level: ApprovalLevel = "default"
    over_rows: int | None = None
    actions: Mapping[str, frozenset[str]] = field(default_factory=dict)
    rows: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, policy: Policy | None) -> "ApprovalRules":
        """Return the rules of a policy; the defaults without one."""
        if policy is None:
            return cls()
        rules = policy.rules.items()
        return cls(
            policy.approval,
            policy.approve_over_rows,
            {name: frozenset(rule.approve) for name, rule in rules if rule.approve},
            {name: rule.approve_over_rows for name, rule in rules if rule.approve_over_rows is not None},
        )

    def ask_about(self, change: Change, writes: Sequence[Write]) -> bool:
        """Tell whether a person has to approve `writes`, which `change` makes in all."""
        if any(write.rows > 1 and not (write.is_kept and self.level == "off") for write in writes):
            return True
        counts: Counter[str] = Counter()
        by_object: Counter[str] = Counter()
        for (action, name), count in counted(writes, change.sobject).items():
            sobject = name.casefold()
            if action in _ALWAYS or _acts(action) & self.actions.get(sobject, frozenset()):
                return True
            # to take an invitation back changes the appointment
            counts["update" if sobject in _INVITATIONS else action] += count
            by_object[sobject] += count
        if any(count > self.rows[name] for name, count in by_object.items() if name in self.rows):
            return True
        if self.over_rows is not None and sum(counts.values()) > self.over_rows:
            return True
        return self.level != "off" and self._by_default(change, counts)

    def _by_default(self, change: Change, counts: Mapping[str, int]) -> bool:
        deleted, created = counts.get("delete", 0), counts.get("create", 0)
        changed = sum(count for action, count in counts.items() if action in _CHANGES)
        is_of_others = deleted > 0 and change.touches_others
        return deleted > _MOST_DELETED or is_of_others or max(created, changed) > _MOST_CHANGED


@dataclass(slots=True)
class Approval:
    """Lets the steps of one change pass: those that nobody has to approve, or those of the plan that was approved.

    Attributes:
        rules: Which changes are asked about.
        approved: The plan that was approved, if one was.
        approver: Who has approved it.
    """

    rules: ApprovalRules
    approved: Change | None = None
    approver: Approver | None = None

    def foresee(self, change: Change) -> None:
        """Ask at once where what `change` has announced has to be approved.

        Raises:
            ApprovalNeededError: It has to, and was not; nothing was sent.
        """
        if self.approved is None and not change.steps and self.rules.ask_about(change, change.announced):
            raise ApprovalNeededError

    def compares(self, change: Change, step: Step) -> bool:
        """Return whether `step` must be what was approved; `see_stamps` shows then whether its records changed."""
        return self.approved is not None and not all(_is_of_made(write, change) for write in step.writes)

    def require(self, change: Change, step: Step) -> None:
        """Allow `step`, the next one of `change`, or refuse it.

        Raises:
            ApprovalNeededError: A person has to approve it first; nothing of the change was sent.
            InvalidArgumentError: CHANGED_SINCE: it is not what was approved. APPROVAL_NEEDED: a person has to approve
                this step, and something was sent before it.
        """
        if all(_is_of_made(write, change) for write in step.writes):
            return
        if self.approved is None:
            writes = [each for each in (*change.writes, *step.writes) if not _is_of_made(each, change)]
            if self.rules.ask_about(change, writes) or self.rules.ask_about(change, change.announced):
                raise _needed_late() if change.steps else ApprovalNeededError
            return
        number = len(change.steps)
        planned = self.approved.steps[number] if number < len(self.approved.steps) else None
        is_planned = planned is not None and _facts(change, step) == _facts(self.approved, planned)
        if not is_planned or not _is_within(change, self.approved):
            raise changed_since()


def _is_of_made(write: Write, change: Change) -> bool:
    """Tell whether a write is of something that the same change has made."""
    return bool({write.record_id, str(write.values.get(_EVENT_ID) or "")} & change.made)


async def see_stamps(
    change: Change, writes: Sequence[Write], exchange: RequestSender, *, only_unseen: bool = False
) -> None:
    """See when the records that exist and are written were last changed; with `only_unseen`, of those not seen yet."""
    by_object: dict[str, list[str]] = {}
    for write in writes:
        for record_id in (write.record_id, *write.also):
            is_seen = only_unseen and STAMP in change.seen.get(record_id, {})
            if record_id and record_id not in change.planned and write.action != "undelete" and not is_seen:
                by_object.setdefault(write.object_in(change.sobject), []).append(record_id)
    for sobject, ids in by_object.items():
        for part in (ids[start : start + AT_ONCE] for start in range(0, len(ids), AT_ONCE)):
            note_records(await records_where(exchange, sobject, [], f"Id IN {quote_list(part)}"), change.seen)


def _is_within(change: Change, approved: Change) -> bool:
    """Tell whether `change` includes no other records than what was approved."""
    counts: Mapping[str, int] = approved.alongside.get(_COUNTS) or {}
    more = any(count > counts.get(name, 0) for name, count in (change.alongside.get(_COUNTS) or {}).items())
    calendars = {*(change.alongside.get(_CALENDARS) or ())} - {*(approved.alongside.get(_CALENDARS) or ())}
    return not more and not calendars and change.touches_others <= approved.touches_others


def digest_of(plan: Change, owner: Sequence[str], arguments: Mapping[str, Any]) -> str:
    """Return what tells this plan from any other: org, user, tool, arguments, records, values, last changes."""
    along = {name: plan.alongside.get(name) for name in (_COUNTS, _CALENDARS)}
    facts = [list(owner), plan.tool, arguments, [_facts(plan, step) for step in plan.steps], along, plan.touches_others]
    return hashlib.sha256(orjson.dumps(facts, option=orjson.OPT_SORT_KEYS, default=str)).hexdigest()


def changed_since() -> SalesforceError:
    """Return the error for a change that is no longer what a person approved."""
    return refused(
        "The records changed since this was approved. Nothing more was sent.",
        code="CHANGED_SINCE",
        hint="Call the tool again; the person is then asked about the current records.",
    )


def _needed_late() -> SalesforceError:
    return refused(
        "A part of this needs a person's approval, and was not done.",
        code="APPROVAL_NEEDED",
        hint="Check what was done, then call a tool only for the rest; the person is asked about it.",
    )


def _acts(action: str) -> frozenset[str]:
    match action:
        case "upsert":
            return frozenset({"create", "update"})
        case "undelete":
            return frozenset({"restore"})
        case _:
            return frozenset({action})


def _facts(change: Change, step: Step) -> list[Any]:
    """Return what is compared of a step: Ids of records that the change makes itself stand for their place in it."""
    made = {record_id: f"new {number}" for number, record_id in enumerate(_made(change))}
    return [_facts_of(write, change, made) for write in step.writes]


def _facts_of(write: Write, change: Change, made: Mapping[str, str]) -> list[Any]:
    ids = [write.record_id, *write.also]
    values = {name: made.get(value, value) if isinstance(value, str) else value for name, value in write.values.items()}
    stamps = [(change.seen.get(record_id) or {}).get(STAMP) for record_id in ids if record_id not in made]
    named = [made.get(record_id, record_id) for record_id in ids]
    return [write.action, write.sobject, named, write.key, write.key_value, dict(sorted(values.items())), stamps]


def _made(change: Change) -> Iterator[str]:
    """Yield the Ids of the records that a change makes, or would make, in their order."""
    if change.is_preview:
        yield from change.planned
        return
    for step in change.steps:
        for write, outcome in zip(step.writes, step.outcomes, strict=False):
            if write.action == "create" and outcome.record_id:
                yield outcome.record_id
