"""Taking back a change: each record gets back what it had, as far as nobody changed it since.

What is there now is read first, so that it comes to the same if it is begun again after it was cut short.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Final, Literal, TypeAlias

from mcp_salesforce.changes.before import fields_changed
from mcp_salesforce.changes.change import Step, current_change
from mcp_salesforce.changes.writes import Write
from mcp_salesforce.salesforce import SaveResult
from mcp_salesforce.tools.answers.errors import marked
from mcp_salesforce.tools.changes.current import Current, is_same, is_there, object_of, read_current
from mcp_salesforce.tools.framework.session import OrgSession
from mcp_salesforce.tools.lookups.cascades import going_along

Result: TypeAlias = Literal["undone", "kept", "failed"]

_EVENT_TIMES: Final = ("IsAllDayEvent", "StartDateTime", "EndDateTime")
_DERIVED_TIMES: Final = frozenset({"activitydate", "activitydatetime", "durationinminutes"})
_RELATION: Final = "EventRelation"
_AT_ONCE: Final = 200


@dataclass(frozen=True, slots=True)
class Reversal:
    """A write that was done, to be taken back: `record_id` is its record, `before` what that was."""

    write: Write
    record_id: str
    before: Mapping[str, Any] | None

    @property
    def kind(self) -> str:
        """What was done to the record: an upsert has created it, or updated it."""
        if self.write.action != "upsert":
            return self.write.action
        return "update" if self.before and self.before.get("Id") else "create"


@dataclass(slots=True)
class Report:
    """What became of each record, in the order in which it was taken back."""

    rows: list[tuple[str, Result, str]] = field(default_factory=list)

    def add(self, record_id: str, result: Result, why: str = "") -> None:
        """Say what became of a record, and why."""
        self.rows.append((record_id, result, why))

    def add_saved(self, record_ids: Sequence[str], results: Sequence[SaveResult], kept: Mapping[str, str]) -> None:
        """Say what the org said of records; `kept` has what of each was left as it is."""
        for record_id, result in zip(record_ids, results, strict=True):
            if result.success:
                self.add(record_id, "kept" if kept.get(record_id) else "undone", kept.get(record_id, ""))
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
        for step in reversed(steps):
            reversals = list(_reversals(step))[::-1]
            for (kind, sobject), some in groupby(reversals, key=lambda each: (each.kind, each.write.sobject)):
                for part in _parts(list(some)):
                    await self._take_back(kind, sobject, part, report)
        return report

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
                    report.add(each.record_id, "failed", f"A {kind} cannot be undone.")

    async def _delete(self, sobject: str, part: Sequence[Reversal], report: Report) -> None:
        """Delete what was created, or brought back, unless somebody changed it since."""
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
            self._tell(await going_along(self._org, about, gone))
            report.add_saved(gone, await self._org.client.collections.delete(gone), {})

    async def _set_back(self, sobject: str, part: Sequence[Reversal], report: Report) -> None:
        """Give fields their values of before, except those that somebody changed since."""
        known = [each for each in part if each.before is not None]
        for each in part:
            if each.before is None:
                report.add(each.record_id, "failed", "What it was before is not known.")
        names = {name for each in known for name in fields_changed(each.write)}
        now = await read_current(self._org, sobject, [each.record_id for each in known], names)
        rows: list[dict[str, Any]] = []
        kept: dict[str, str] = {}
        for each in known:
            current = now.get(each.record_id)
            if current is None or current.is_deleted:
                report.add(each.record_id, "kept", "It was deleted since.")
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
        relations = [each for each in part if each.before is not None and {"EventId", "RelationId"} <= set(each.before)]
        if relations:
            records = [_invitation(each.before or {}) for each in relations]
            saved = await self._org.client.collections.create(_RELATION, records)
            report.add_saved([each.record_id for each in relations], saved, {})
        ids = [record_id for each in part if each not in relations for record_id in (each.record_id, *each.write.also)]
        if not ids:
            return
        for record_id, result in zip(ids, await self._org.client.soap.undelete(ids), strict=True):
            if result.success or await is_there(self._org, record_id):
                report.add(record_id, "undone")
            else:
                report.add_saved([record_id], [result], {})

    def _values_of_before(self, each: Reversal, current: Current) -> tuple[dict[str, Any], str]:
        """Return the values to write, and a sentence on the fields that somebody changed since."""
        before = {name.casefold(): value for name, value in (each.before or {}).items()}
        changed = {
            name: value
            for name, value in each.write.values.items()
            if not is_same(value, self._now(each.record_id, current, name))
            and not is_same(before.get(name.casefold()), self._now(each.record_id, current, name))
        }
        names = [name for name in each.write.values if name not in changed]
        if each.write.sobject == "Event" and (times := _times_among(names)):
            names = [name for name in names if name not in times] + [
                name for name in _EVENT_TIMES if name.casefold() in before
            ]
        values = {
            name: before.get(name.casefold())
            for name in names
            if not is_same(before.get(name.casefold()), self._now(each.record_id, current, name))
        }
        return values, _since(current, changed) if changed else ""

    def _now(self, record_id: str, current: Current, name: str) -> Any:  # noqa: ANN401 - a field's value
        """Return a field's value now, as if what this undo has planned were done."""
        planned = self._planned.get(record_id, {})
        return planned.get(name.casefold(), current.get(name))

    def _changed_since(self, each: Reversal, current: Current, values: Mapping[str, object]) -> str:
        changed = {
            name: value
            for name, value in values.items()
            if not is_same(value, self._now(each.record_id, current, name)) and name.casefold() not in _DERIVED_TIMES
        }
        if changed:
            return _since(current, changed)
        is_own = current.changed_by in {"", self._user_id}
        return "" if is_own else f"{current.changer} changed it since."

    def _tell(self, alongside: Mapping[str, Any]) -> None:
        change = current_change()
        if change and alongside:
            change.alongside = {**change.alongside, **alongside}


def _reversals(step: Step) -> Iterator[Reversal]:
    for write, before, outcome in zip(step.writes, step.before, step.outcomes, strict=True):
        if outcome.is_done:
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


def _times_among(names: Sequence[str]) -> list[str]:
    times = {name.casefold() for name in _EVENT_TIMES} | _DERIVED_TIMES
    return [name for name in names if name.casefold() in times]


def _invitation(before: Mapping[str, Any]) -> dict[str, Any]:
    return {name: before[name] for name in ("EventId", "RelationId", "IsInvitee") if before.get(name) is not None}


def _since(current: Current, changed: Mapping[str, object]) -> str:
    return f"{current.changer} changed {', '.join(changed)} since."
