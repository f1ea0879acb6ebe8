"""What one call does to many appointments: moves, hands over, closes or deletes them, together or not at all."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias, cast
from zoneinfo import ZoneInfo

from mcp_salesforce.appointments.outcomes import WORDS, Outcome
from mcp_salesforce.appointments.placing import Placed
from mcp_salesforce.appointments.spans import Span
from mcp_salesforce.changes.change import current_change
from mcp_salesforce.salesforce import SalesforceError, SaveResult
from mcp_salesforce.salesforce.api.composite import MOST_CALLS
from mcp_salesforce.salesforce.api.sobjects import creating, updating
from mcp_salesforce.salesforce.errors import InvalidArgumentError, refused
from mcp_salesforce.salesforce.models import record_of
from mcp_salesforce.tools.answers.budgets import cut_to_fit
from mcp_salesforce.tools.answers.errors import marked
from mcp_salesforce.tools.answers.results import Alongside
from mcp_salesforce.tools.appointments.choosing import Chosen
from mcp_salesforce.tools.appointments.closing import closing_values, has_begun, task_after
from mcp_salesforce.tools.appointments.lines import Line, Rescheduled, told_lines
from mcp_salesforce.tools.appointments.moving import Goal, Moving
from mcp_salesforce.tools.appointments.series import is_lightning, is_own_record
from mcp_salesforce.tools.framework.follow_ups import FollowUpData
from mcp_salesforce.tools.framework.session import OrgSession
from mcp_salesforce.tools.lookups.busy_records import Busy
from mcp_salesforce.tools.lookups.cascades import going_along
from mcp_salesforce.tools.lookups.record import last_changed

Action: TypeAlias = Literal["move", "hand_over", "close", "delete"]
_DONE: Final[dict[str, str]] = {"move": "moved", "hand_over": "handed over", "close": "closed", "delete": "deleted"}
MOST_FOLLOWED_UP: Final = MOST_CALLS // 2
"""Appointments that one composite call closes with a Task after each."""
_ROLLED_BACK: Final = "ALL_OR_NONE_OPERATION_ROLLED_BACK"
_RESET: Final = "The move reset the invitees' answers."
_IN_SERIES: Final = "part of a series: use salesforce_update_appointment or salesforce_close_appointment"
_TAKEN: Final = "taken"
_NO_TIME: Final = "no free time"
_NAMED: Final = 3


@dataclass(slots=True)
class Batch:
    """One call: what is done to which appointments."""

    org: OrgSession
    action: Action
    lines: list[Line]
    goal: Goal
    outcome: Outcome | None
    reason: str
    follow_up: FollowUpData | None = None
    warnings: list[str] = field(default_factory=list)
    alongside: Alongside = field(default_factory=Alongside)
    owners: dict[str, str] = field(default_factory=dict)

    def obstacle_of(self, line: Line) -> str:
        """Say why an appointment is left as it is; nothing where it need not be."""
        chosen = line.chosen
        if chosen is None or chosen.span is None:
            return "its time cannot be read"
        is_fixed = is_own_record(chosen.record) or bool(chosen.record.get("IsChild"))
        reasons = self._of_kind(chosen) if is_fixed or self.action == "delete" else self._of_state(chosen, chosen.span)
        return next((why for is_so, why in reasons if is_so), "")

    def _of_kind(self, chosen: Chosen) -> Iterator[tuple[bool, str]]:
        yield (
            is_own_record(chosen.record),
            "this Id is of a whole series: use salesforce_update_appointment or salesforce_delete_appointment",
        )
        yield bool(chosen.record.get("IsChild")), "an invitee's copy: use the organizer's appointment"

    def _of_state(self, chosen: Chosen, span: Span) -> Iterator[tuple[bool, str]]:
        record, now = chosen.record, self.org.now()
        closed_as = self.org.outcome_fields.outcome_in(record)
        yield is_lightning(record) and span.start > now, _IN_SERIES
        yield closed_as is not None, f"{WORDS[closed_as].lower()} already" if closed_as else ""
        yield self.outcome == "no_show" and not has_begun(span, now), "has not begun: nobody can have missed it"
        yield bool(self.goal.new_owner) and record["OwnerId"] == self.goal.new_owner, "has this owner already"
        untimely = self._untimely(chosen.id, span)
        yield bool(untimely), untimely

    def _untimely(self, event_id: str, span: Span) -> str:
        """Say why an appointment cannot take the time that is asked for."""
        if self.action == "move" and not self.goal.next_free and not self._has_time(event_id):
            return "no new start was given: give StartDateTime, a shift or next_free"
        if span.all_day and (self.goal.shift_minutes or (self.goal.next_free and not self._has_time(event_id))):
            return "all-day: give a day, or shift_days"
        return ""

    def _has_time(self, event_id: str) -> bool:
        return bool(event_id in self.goal.starts or self.goal.shift_days or self.goal.shift_minutes)

    @property
    def open_lines(self) -> list[tuple[Line, Chosen]]:
        """The appointments that are to be done, or were."""
        return [(line, line.chosen) for line in self.lines if line.is_open and line.chosen]

    async def run(self, *, allow_conflict: bool) -> None:
        """Do what can be done, in one request.

        Raises:
            SalesforceError: Nothing was changed, or it is unknown whether something was.
        """
        if not self.open_lines:
            return
        match self.action:
            case "delete":
                await self._delete()
            case "close":
                await self._close()
            case "move" | "hand_over":
                await self._move(allow_conflict=allow_conflict)

    async def _delete(self) -> None:
        ids = [line.event_id for line, _ in self.open_lines]
        self.alongside = await going_along(self.org, "Event", ids)
        self._done(await self.org.client.collections.delete(ids, all_or_none=True))

    async def _close(self) -> None:
        outcome = self.outcome
        assert outcome is not None  # noqa: S101 - `_check` saw to it
        for line, chosen in self.open_lines:
            try:
                line.values = await closing_values(self.org, chosen.record, outcome, self.reason)
            except InvalidArgumentError as error:
                if error.fields != ("reason",):
                    raise
                line.why = error.message
        await (self._close_with_tasks(outcome, self.follow_up) if self.follow_up else self._update())

    async def _close_with_tasks(self, outcome: Outcome, follow_up: FollowUpData) -> None:
        """Close the appointments and make a Task after each, together or not at all."""
        closed = self.open_lines
        if len(closed) > MOST_FOLLOWED_UP:
            raise refused(
                f"With follow_up, one call closes at most {MOST_FOLLOWED_UP} appointments; these are {len(closed)}.",
                hint="Nothing was changed. Close a part of them at a time.",
                fields=["follow_up"],
            )
        calls = [
            updating("Event", line.event_id, line.values, unmodified_since=last_changed(chosen.record))
            for line, chosen in closed
        ]
        calls += [creating("Task", task_after(chosen.record, outcome, follow_up)) for _, chosen in closed]
        made = (await self.org.client.composite.run_all_or_none(calls))[len(closed) :] if calls else ()
        for (line, _), task in zip(closed, made, strict=True):
            line.outcome, line.follow_up = WORDS[outcome].lower(), str(record_of(task)["id"])

    async def _move(self, *, allow_conflict: bool) -> None:
        moving = await Moving.of(self.org, [chosen for _, chosen in self.open_lines], self.goal)
        self.owners = {each.id: each.name for each in moving.calendars.values()}
        placed, busy = await moving.place(allow_conflict=allow_conflict)
        zone = self.goal.zone or await self.org.zone()
        for (line, chosen), each in zip(self.open_lines, placed, strict=True):
            words = each.conflict.told(zone, with_calendar=True) if each.conflict else ""
            if each.span is None:
                line.why = f"taken: {words}" if words else _NO_TIME
            elif each.span == chosen.span and not self.goal.new_owner:
                line.why = "is at this time already"
            else:
                line.span, line.why = each.span, f"overlaps {words}" if words else ""
                line.outcome = _DONE[self.action]
                values = each.span.values() if each.span != chosen.span else {}
                line.values = values | ({"OwnerId": self.goal.new_owner} if self.goal.new_owner else {})
        if unseen := moving.unseen(busy):
            self.warnings.append(f"You cannot see the calendar of {', '.join(unseen)}. The times may be taken.")
        if not await self._update():
            return
        if any(line.is_moved and chosen.record.get("IsGroupEvent") for line, chosen in self.open_lines):
            self.warnings.append(_RESET)
        if (change := current_change()) and change.is_preview:
            return
        await self._look_again(moving, placed, busy, zone)

    async def _look_again(self, moving: Moving, placed: Sequence[Placed], busy: Busy | None, zone: ZoneInfo) -> None:
        try:
            others = await moving.look_again(placed, busy)
        except SalesforceError as error:
            self.warnings.append(f"Saved, but not looked at again: {marked(error.code, error.message)}")
            return
        if others:
            named = ", ".join(conflict.told(zone, with_calendar=True) for conflict in others[:_NAMED])
            self.warnings.append(f"Double booking: somebody else booked the same time meanwhile: {named}. Move one.")

    async def _update(self) -> bool:
        changed = [line for line, _ in self.open_lines if line.values]
        if changed:
            records = [{"Id": line.event_id, **line.values} for line in changed]
            self._done(await self.org.client.collections.update("Event", records, all_or_none=True))
        return bool(changed)

    def _done(self, results: Sequence[SaveResult]) -> None:
        """Mark what was saved.

        Raises:
            InvalidArgumentError: The org refused one, and so all.
        """
        sent = [line for line, _ in self.open_lines if line.values or self.action == "delete"]
        failed = [(line, result.errors[0]) for line, result in zip(sent, results, strict=True) if result.errors]
        first = [(line, error) for line, error in failed if error.status_code != _ROLLED_BACK] or failed
        if first:
            said = [f"{line.event_id} {marked(error.status_code, error.message)}" for line, error in first[:_NAMED]]
            raise refused(
                f"Nothing was changed: {'; '.join(said)}",
                code=first[0][1].status_code,
                hint="Leave these out, or fix them, and call again.",
                fields=["appointments"],
            )
        for line in sent:
            line.outcome = (
                _DONE[self.action] if self.action != "close" else WORDS[cast("Outcome", self.outcome)].lower()
            )

    async def told(self, time_zone: str) -> Rescheduled:
        """Return the answer."""
        owners = {line.chosen.record["OwnerId"] for line in self.lines if line.chosen}
        zone = await self.org.zone(time_zone, next(iter(owners)) if len(owners) == 1 else "")
        change = current_change()
        answer = told_lines(self.lines, zone, self.owners, is_preview=change is not None and change.is_preview)
        if not self.lines:
            answer["hint"] = "No appointment matches. Check owner, room or contact_id, and the window."
        if any(line.why.startswith(_TAKEN) and not line.outcome for line in self.lines):
            answer["hint"] = "Give those another time, or next_free; allow_conflict only if the user wants that."
        elif any(line.why == _NO_TIME for line in self.lines):
            answer["hint"] = "The rest of that day or week has no free time: give not_before, such as the next day."
        if self.warnings:
            answer["warning"] = " ".join(self.warnings)
        answer["rows"] = answer["rows"][: await self.org.most_records("Event", len(self.lines))]
        cut_to_fit(answer, self.org.max_answer_bytes)
        return cast("Rescheduled", {**answer, **self.alongside})
