"""One call: what it reads and writes, by its requests, and the line that records it.

The requests are seen before the policy applies: what the policy withholds from the answer is left out, and what it
refuses is recorded as requested.
"""

import asyncio
import logging
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias

from mcp_salesforce.audit.subjects import Known, Subject, Subjects
from mcp_salesforce.changes.approvals import Approver
from mcp_salesforce.changes.change import Change
from mcp_salesforce.changes.writes import Outcome, Write
from mcp_salesforce.salesforce.errors import SalesforceError
from mcp_salesforce.salesforce.wire import Request

Result: TypeAlias = Literal["done", "failed", "unknown", "records"]

_ID_BYTES: Final = 8
_WHO_S: Final = 5.0
_KILLED: Final = "killed"
_NOT_TAKEN: Final = "APPROVAL_INVALID"
_log = logging.getLogger(__name__)


def _nothing_known(_sobject: str) -> None:
    """Start without any name."""


@dataclass(slots=True)
class _Written:
    """What a call did to records of one object."""

    subject: Subject = field(default_factory=Subject)
    results: Counter[Result] = field(default_factory=Counter)


@dataclass(slots=True)
class AuditedCall:
    """What is known of a call while it is made.

    Attributes:
        tool: The name of the tool, resource, prompt or completion.
        at: When it began.
        client: Name and version of the host.
        arguments: The arguments; if the call is refused, their objects, Ids and fields are recorded.
        sobject: The object of the tool, if it works on one.
        known: What is known of the org's names: it records no others, because a caller can write anything.
        owner: The Ids of the org and the user, as far as they are known.
        who: Returns them.
        is_preview: Whether the call is a preview.
        answer: Who has approved it.
        change: What it writes, as the journal has it.
        is_begun: Whether the trail has recorded that it writes.
        continues: The Id of the call that started this background work.
    """

    tool: str
    at: datetime
    client: tuple[str, str] = ("", "")
    arguments: Mapping[str, Any] = field(default_factory=dict)
    sobject: str = ""
    known: Known = _nothing_known
    owner: tuple[str, ...] = ()
    who: Callable[[], Awaitable[tuple[str, ...]]] | None = None
    is_preview: bool = False
    answer: Approver | None = None
    change: Change | None = None
    is_begun: bool = False
    continues: str = ""
    call_id: str = field(default_factory=lambda: secrets.token_hex(_ID_BYTES))
    _reads: Subjects = field(default_factory=Subjects)
    _asked: Subjects = field(default_factory=Subjects)
    _writes: dict[tuple[str, str], _Written] = field(default_factory=dict)
    _planned: dict[tuple[str, str], _Written] = field(default_factory=dict)

    def in_background(self) -> "AuditedCall":
        """Return the record of work that this call leaves running in the background."""
        about, known, owner = self.sobject, self.known, self.owner
        return AuditedCall(self.tool, self.at, self.client, {}, about, known, owner, self.who, continues=self.call_id)

    async def identify(self) -> None:
        """Find out who makes the call, if that is not known and the org answers."""
        if self.who and not self.owner:
            with suppress(SalesforceError, TimeoutError):
                async with asyncio.timeout(_WHO_S):
                    self.owner = await self.who()

    def note_read(self, request: Request, value: object) -> None:
        """Note what a request has read."""
        self._reads.add_read(request, value)

    def note_records(self, records: object) -> None:
        """Note records that were read earlier and are in this call's answer."""
        self._reads.add_records(records)

    def note_refused(self, request: Request) -> None:
        """Note what a request asked for without success."""
        self._asked.add_asked(request)

    def note_written(self, change: Change | None, writes: tuple[Write, ...], outcomes: tuple[Outcome, ...]) -> None:
        """Note the outcome of writes; for those without an entry it is unknown."""
        is_planned = change is not None and change.is_preview
        self.change = change or self.change
        made = self._planned if is_planned else self._writes
        unseen = change.planned if change else {}
        for number, write in enumerate(writes):
            outcome = outcomes[number] if number < len(outcomes) else None
            sobject = write.object_in(change.sobject if change else self.sobject)
            written = made.setdefault((write.action, sobject), _Written())
            ids = [write.record_id or (outcome.record_id if outcome and outcome.is_done else ""), *write.also]
            written.subject.add((each for each in ids if each not in unseen), write.values)
            written.results[_result(outcome, is_planned=is_planned)] += write.count

    def begun(self, writes: tuple[Write, ...]) -> dict[str, Any]:
        """Return the record of a call that is about to make `writes`, for the case that this process is killed."""
        begun = replace(self, _writes=deepcopy(self._writes))
        begun.note_written(self.change, writes, ())
        return begun.record(_KILLED)

    def record(self, outcome: str, milliseconds: float | None = None) -> dict[str, Any]:
        """Return the record of the call.

        Args:
            outcome: `ok`, or the code of its error.
            milliseconds: How long it took; None while it is made.
        """
        asked = Subjects()
        if outcome != "ok" or not (self._reads.by_object or self._writes or self._planned):
            asked = self._asked
            asked.add_arguments(self.arguments, self.sobject)
        name, version = self.client
        change = self.change
        told: dict[str, Any] = {
            "at": self.at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "org": self.owner[0] if self.owner else "",
            "user": self.owner[1] if self.owner else "",
            "client": {"name": name, "version": version} if name else {},
            "tool": self.tool,
            "outcome": outcome,
            "preview": self.is_preview,
            "reads": self._reads.told(),
            "writes": self._told(self._writes),
            "planned": [] if self._writes else self._told(self._planned),
            "also_deleted": dict(change.alongside.get("also_deleted") or {}) if change else {},
            "asked": asked.known(self._known).told(),
            **self._told_answer(outcome),
            "continues": self.continues,
            "change_id": change.change_id if change else "",
            "undoes": change.undoes if change else "",
        }
        if milliseconds is not None:
            told["ms"] = round(milliseconds, 1)
        return {key: value for key, value in told.items() if value or key == "ms"}

    @property
    def change_id(self) -> str:
        """The Id of its change in the journal."""
        return self.change.change_id if self.change else ""

    @property
    def has_written(self) -> bool:
        """Whether it has changed something, or may have."""
        return any(each.results["done"] or each.results["unknown"] for each in self._writes.values())

    def _known(self, sobject: str) -> tuple[str, list[str]] | None:
        """Return the known names of an object, with the fields that this call has read."""
        known, read = self.known(sobject), self._reads.by_object.get(sobject)
        prefix, names = known or ("", ())
        return (prefix, [*names, *(read.fields if read else ())]) if known or read else None

    def _told_answer(self, outcome: str) -> dict[str, Any]:
        if self.answer is None:
            return {}
        told: dict[str, Any] = {"channel": self.answer.channel}
        if self.answer.seconds is not None:
            told["seconds"] = round(self.answer.seconds, 3)
        if self.answer.is_too_fast:
            told["too_fast"] = True
        return {"answer_not_taken" if outcome == _NOT_TAKEN else "approved_by": told}

    def _told(self, made: Mapping[tuple[str, str], _Written]) -> list[dict[str, Any]]:
        told = []
        for (action, sobject), written in made.items():
            subjects = Subjects({sobject: written.subject})
            if not written.results["done"]:
                subjects = subjects.known(self._known)
            subject: dict[str, Any] = next(iter(subjects.told()), {})
            told.append({"action": action, **subject, **{str(name): count for name, count in written.results.items()}})
        return told


_current: ContextVar[AuditedCall | None] = ContextVar("audited call", default=None)


@contextmanager
def auditing(call: AuditedCall) -> Iterator[None]:
    """Count all requests that are sent in the block as part of `call`."""
    token = _current.set(call)
    try:
        yield
    finally:
        _current.reset(token)


def current_call() -> AuditedCall | None:
    """Return the call that is being recorded, or None."""
    return _current.get()


def note_answer(approver: Approver) -> None:
    """Note who has approved this call, even if the approval does not count."""
    if call := _current.get():
        call.answer = approver


def _result(outcome: Outcome | None, *, is_planned: bool) -> Result:
    if is_planned:
        return "records"
    if outcome is None:
        return "unknown"
    return "done" if outcome.is_done else "failed"
