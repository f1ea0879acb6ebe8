"""Taking back a change: each record gets back what it had, as far as nobody changed it since.

What is there now is read first, so that it comes to the same if it is begun again after it was cut short.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any, Final, Literal, TypeAlias

from mcp_salesforce.changes.before import INVITATION, fields_changed, fields_following
from mcp_salesforce.changes.change import Step, announce
from mcp_salesforce.changes.writes import Action, Write
from mcp_salesforce.policy.rules import Action as Right
from mcp_salesforce.salesforce import SaveResult
from mcp_salesforce.tools.answers.errors import marked
from mcp_salesforce.tools.changes.current import Current, is_same, is_there, object_of, read_current
from mcp_salesforce.tools.changes.undoing_events import (
    Pair,
    invitations,
    is_derived,
    is_time,
    pair_of,
    span_after,
    span_of_record,
)
from mcp_salesforce.tools.changes.undoing_files import DOCUMENT, VERSION, as_documents
from mcp_salesforce.tools.framework.session import OrgSession
from mcp_salesforce.tools.lookups.cascades import going_along

Result: TypeAlias = Literal["undone", "kept", "failed"]

_AT_ONCE: Final = 200
_EVENT: Final = "Event"
_RIGHTS: Final[Mapping[str, Right]] = {"create": "delete", "undelete": "delete", "delete": "restore"}
_OPPOSITES: Final[Mapping[str, Action]] = {"create": "delete", "undelete": "delete", "delete": "undelete"}


@dataclass(frozen=True, slots=True)
class Reversal:
    """A write that was done, to be taken back: `record_id` is its record, `before` what that was."""

    write: Write
    record_id: str
    before: Mapping[str, Any] | None

    @property
    def kind(self) -> str:
        """What was done to the record: an upsert has created it, or updated it."""
        if self.write.rows > 1:
            return f"bulk job of {self.write.rows:,} rows"
        if self.write.action != "upsert":
            return self.write.action
        return "update" if self.before and self.before.get("Id") else "create"


@dataclass(slots=True)
class Report:
    """The outcome for each record, in the order of the undo."""

    rows: list[tuple[str, Result, str]] = field(default_factory=list)

    def add(self, record_id: str, result: Result, why: str = "") -> None:
        """Note the outcome for a record, and why."""
        self.rows.append((record_id, result, why))

    def add_saved(self, record_ids: Sequence[str], results: Sequence[SaveResult], kept: Mapping[str, str]) -> None:
        """Say what the org said of records; `kept` has what of each was left as it is."""
        for record_id, result in zip(record_ids, results, strict=True):
            if result.success:
                why = kept.get(record_id)
                self.add(record_id, "kept" if why else "undone", f"{why} The rest was undone." if why else "")
            else:
                error = result.errors[0] if result.errors else None
                self.add(record_id, "failed", marked(error.status_code, error.message) if error else "")

    @property
    def is_whole(self) -> bool:
        """Whether everything was taken back."""
        return all(result == "undone" for _, result, _ in self.rows)


class Undoing:
    """Takes back the steps of a change, the last one first."""

    def __init__(self, org: OrgSession, user_id: str) -> None:
        """Work in `org` as the user who has made the change."""
        self._org = org
        self._user_id = user_id
        self._planned: dict[str, dict[str, Any]] = {}

    async def run(self, steps: Sequence[Step]) -> Report:
        """Take back what `steps` did.

        Raises:
            SalesforceError: The org cannot be asked; what was taken back by then is in the journal.
        """
        report = Report()
        in_order = [list(_reversals(step))[::-1] for step in reversed(steps)]
        announce(_undoing(each) for reversals in in_order for each in reversals)
        for action, sobject in dict.fromkeys([await self._right(each) for some in in_order for each in some]):
            self._org.require_action(action, sobject)
        made = [each for reversals in in_order for each in reversals if each.kind == "create"]
        if any(each.write.sobject == INVITATION for each in made):  # which are taken back before their appointment
            await going_along(self._org, _EVENT, [each.record_id for each in made if each.write.sobject == _EVENT])
        for reversals in in_order:
            for (kind, sobject, _), some in groupby(reversals, key=_alike):
                for part in _parts(list(some)):
                    await self._take_back(kind, sobject, part, report)
        return report

    async def _right(self, each: Reversal) -> tuple[Right, str]:
        """Return the action of a policy that a reversal needs, and on which object."""
        sobject = each.write.sobject or await object_of(self._org, each.record_id)
        is_invitation = each.kind == "delete" and pair_of(each.before or {}) is not None
        return "create" if is_invitation else _RIGHTS.get(each.kind, "update"), sobject

    async def _take_back(self, kind: str, sobject: str, part: Sequence[Reversal], report: Report) -> None:
        match kind:
            case "create":
                await self._delete(sobject, part, report)
            case "update":
                await self._set_back(sobject, part, report)
            case "delete":
                await self._bring_back(part, report)
            case "undelete":
                await self._delete("", part, report)
            case _:
                for each in part:
                    report.add(each.record_id, "failed", f"A {kind.replace('_', ' ')} cannot be undone.")

    async def _delete(self, sobject: str, part: Sequence[Reversal], report: Report) -> None:
        """Delete what was created, or brought back, unless somebody changed it since."""
        if sobject == INVITATION:
            part = await self._as_they_are_now(part)
        if sobject == VERSION:
            sobject, part = DOCUMENT, await as_documents(self._org, part)
        about = sobject or await object_of(self._org, part[0].record_id)
        names = {name for each in part for name in each.write.values}
        now = await read_current(self._org, about, [each.record_id for each in part], names)
        gone: list[str] = []
        for each in part:
            current = now.get(each.record_id)
            if current is None or current.is_deleted:
                report.add(each.record_id, "undone")
            elif why := self._changed_since(each, current, each.write.values):
                report.add(each.record_id, "kept", f"{why} It was not deleted.")
            else:
                gone.append(each.record_id)
        if gone:
            await going_along(self._org, about, gone)
            report.add_saved(gone, await self._org.client.collections.delete(gone), {})

    async def _set_back(self, sobject: str, part: Sequence[Reversal], report: Report) -> None:
        """Give fields their values of before, except those that somebody changed since."""
        known = [each for each in part if each.before is not None]
        for each in part:
            if each.before is None:
                report.add(each.record_id, "failed", "Its earlier value is not known.")
        names = {name for each in known for name in fields_changed(each.write)}
        follow = {name for each in known for name in fields_following(each.write)}
        names = (names - follow) | ({*await self._org.shown(sobject, sorted(follow))} if follow else set())
        now = await read_current(self._org, sobject, [each.record_id for each in known], names)
        rows: list[dict[str, Any]] = []
        kept: dict[str, str] = {}
        for each in known:
            current = now.get(each.record_id)
            if current is None or current.is_deleted:
                report.add(each.record_id, "kept", "It has been deleted since.")
                continue
            values, why = self._values_of_before(each, current)
            kept[each.record_id] = why
            if values:
                rows.append({"Id": each.record_id, **values})
                self._planned.setdefault(each.record_id, {}).update({n.casefold(): v for n, v in values.items()})
            else:
                report.add(each.record_id, "kept" if why else "undone", why)
        if rows:
            saved = await self._org.client.collections.update(sobject, rows, allow_duplicate=True)
            report.add_saved([row["Id"] for row in rows], saved, kept)

    async def _bring_back(self, part: Sequence[Reversal], report: Report) -> None:
        """Take what was deleted out of the recycle bin; invitations are made again, because they are in none."""
        invited = {pair: each.record_id for each in part if (pair := pair_of(each.before or {}))}
        if invited:
            await self._invite_again(invited, report)
        gone = [each for each in part if each.record_id not in invited.values()]
        ids = [record_id for each in gone for record_id in (each.record_id, *each.write.also)]
        if not ids:
            return
        for record_id, result in zip(ids, await self._org.client.soap.undelete(ids), strict=True):
            if result.success or await is_there(self._org, record_id):
                report.add(record_id, "undone")
            else:
                report.add_saved([record_id], [result], {})

    async def _invite_again(self, invited: Mapping[Pair, str], report: Report) -> None:
        there = await invitations(self._org, invited)
        missing = [pair for pair in invited if pair not in there]
        for pair in there.keys() & invited.keys():
            report.add(invited[pair], "undone")
        if missing:
            records = [{"EventId": event, "RelationId": person} for event, person in missing]
            saved = await self._org.client.collections.create(INVITATION, records)
            report.add_saved([invited[pair] for pair in missing], saved, {})

    async def _as_they_are_now(self, part: Sequence[Reversal]) -> list[Reversal]:
        """Return the invitations by the Ids that they have now, where they were taken back and made again."""
        pairs = {each.record_id: pair for each in part if (pair := pair_of(each.write.values))}
        there = await invitations(self._org, pairs.values()) if pairs else {}
        now = {record_id: there.get(pair, record_id) for record_id, pair in pairs.items()}
        return [replace(each, record_id=now.get(each.record_id, each.record_id)) for each in part]

    def _values_of_before(self, each: Reversal, current: Current) -> tuple[dict[str, Any], str]:
        """Return the values to write, and a sentence on the fields that somebody changed since."""
        before = {name.casefold(): value for name, value in (each.before or {}).items()}
        values: dict[str, Any] = {}
        changed: list[str] = []
        for name, written in each.write.values.items():
            now, was = self._now(each.record_id, current, name), before.get(name.casefold())
            if is_time(each.write.sobject, name) or is_same(was, now):
                continue
            if is_same(written, now):
                values[name] = was
            else:
                changed.append(name)
        if any(is_time(each.write.sobject, name) for name in each.write.values):
            was_at, now_at = span_of_record(before), span_of_record(self._all_now(each.record_id, current))
            after = span_after(before, each.write.values)
            if was_at and now_at != was_at:
                if after is None or after == now_at:
                    values |= was_at.values()
                else:
                    changed.append("its time")
        values |= self._following(replace(each.write, values=values), current, before)
        return values, self._since(current, changed) if changed else ""

    def _following(self, undoing: Write, current: Current, before: Mapping[str, Any]) -> dict[str, Any]:
        """Return what Salesforce would reset because of `undoing`, as it was, or as others have left it."""
        names = [name for name in fields_following(undoing) if name.casefold() in {*before} & {*current.values}]
        is_own = current.changed_by in {"", self._user_id}
        return {name: before[name.casefold()] if is_own else current.get(name) for name in names}

    def _all_now(self, record_id: str, current: Current) -> dict[str, Any]:
        planned = self._planned.get(record_id, {})
        lengths = {"durationinminutes": None, "activitydate": None} if "startdatetime" in planned else {}
        return {**current.values, **lengths, **planned}

    def _now(self, record_id: str, current: Current, name: str) -> Any:  # noqa: ANN401 - a field's value
        """Return a field's value now, as if what this undo has planned were done."""
        planned = self._planned.get(record_id, {})
        return planned.get(name.casefold(), current.get(name))

    def _changed_since(self, each: Reversal, current: Current, values: Mapping[str, object]) -> str:
        changed = [
            name
            for name, value in values.items()
            if not is_same(value, self._now(each.record_id, current, name)) and not is_derived(name)
        ]
        if changed:
            return self._since(current, changed)
        is_own = current.changed_by in {"", self._user_id}
        return "" if is_own else f"{current.changer} changed it since."

    def _since(self, current: Current, changed: Sequence[str]) -> str:
        """Say what was changed since, and by whom, unless the user has changed the record after that."""
        if current.changed_by == self._user_id:
            return f"{', '.join(changed)} changed since."
        return f"{current.changer} changed {', '.join(changed)} since."


def _undoing(each: Reversal) -> Write:
    """Return the write that would take one back."""
    action = _OPPOSITES.get(each.kind, "update")
    return Write(action, each.write.sobject, each.record_id, also=each.write.also if action == "undelete" else ())


def _alike(each: Reversal) -> tuple[str, str, str]:
    """Return what reversals have in common that are made in one call: the object, or what an Id says of it."""
    return each.kind, each.write.sobject, "" if each.write.sobject else each.record_id[:3]


def _reversals(step: Step) -> Iterator[Reversal]:
    """Yield what was done; a series comes after its appointments, which then get back what each had of its own."""
    for write, before, outcome in zip(step.writes, step.before, step.outcomes, strict=True):
        if outcome.is_done:
            yield from (Reversal(write, each, step.members[each]) for each in write.also if each in step.members)
            yield Reversal(write, outcome.record_id or write.record_id, before)


def _parts(reversals: Sequence[Reversal]) -> Iterator[Sequence[Reversal]]:
    """Yield parts of at most 200, none of which has a record twice."""
    part: dict[str, Reversal] = {}
    for each in reversals:
        if each.record_id in part or len(part) == _AT_ONCE:
            yield list(part.values())
            part = {}
        part[each.record_id] = each
    if part:
        yield list(part.values())
