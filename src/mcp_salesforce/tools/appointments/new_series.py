"""New series: when their appointments are, checked before anything is sent, and a series' rule in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import islice
from typing import Any, Final
from zoneinfo import ZoneInfo

from mcp_salesforce.appointments.recurrence import MOST_OCCURRENCES, RecurrenceError, Rule
from mcp_salesforce.appointments.spans import Span
from mcp_salesforce.appointments.times import dated, weekday, zone_named
from mcp_salesforce.changes.change import current_change, note_made
from mcp_salesforce.salesforce import InvalidArgumentError, SalesforceError
from mcp_salesforce.salesforce.errors import refused
from mcp_salesforce.salesforce.models import SObjectRecord
from mcp_salesforce.tools.appointments.series import PATTERN, is_classic, occurrences_of, twins_in
from mcp_salesforce.tools.appointments.series_now import but_not, in_words
from mcp_salesforce.tools.framework.session import OrgSession

SHOWN_OCCURRENCES = 10
_UTC = zone_named("UTC")
_MOST_PLANNED = 100  # dates that a preview lists
_MOST_DELETED = 200
_MOST_NAMED = 5
_RULE = "Recurrence"


@dataclass(frozen=True, slots=True)
class SeriesPlan:
    """A new series: its rule, the zone whose clock it keeps, the starts in UTC, and the days that are left out."""

    rule: Rule
    zone: ZoneInfo
    first: Span
    starts: tuple[datetime, ...]
    left_out: frozenset[date] = frozenset()

    @property
    def kept(self) -> list[datetime]:
        """The starts that are not on a day that is left out."""
        return [start for start in self.starts if self.day_of(start) not in self.left_out]

    def day_of(self, start: datetime) -> date:
        """Return the day that a start is on: one of the zone whose clock the series keeps."""
        return start.astimezone(self.zone).date()

    def spans(self) -> list[Span]:
        """Return the time of each appointment."""
        length = self.first.end - self.first.start
        return [Span(start, start + length, self.first.all_day) for start in self.kept]

    @property
    def unmatched(self) -> str:
        """A sentence about days to leave out that the series does not have; nothing where there are none."""
        days = sorted(self.left_out - {self.day_of(start) for start in self.starts})
        if not days:
            return ""
        named = [f"{day.isoformat()} ({weekday(day)})" for day in days[:_MOST_NAMED]]
        more = f" and {len(days) - _MOST_NAMED} more" if len(days) > _MOST_NAMED else ""
        return f"except has days on which the series does not take place: {', '.join(named)}{more}."

    def told(self, zone: ZoneInfo) -> dict[str, Any]:
        """Return the series as a model reads it: its rule in words, how many, and the first ones as told in `zone`."""
        change = current_change()
        most = _MOST_PLANNED if change and change.is_preview else SHOWN_OCCURRENCES
        days = sorted({self.day_of(start) for start in self.starts} & self.left_out)
        return {
            "recurrence": in_words(self.rule, self.zone) + but_not(days),
            "occurrences": len(self.kept),
            "first_occurrences": [dated(start, zone, all_day=self.first.all_day) for start in self.kept[:most]],
        }


_TWIN: Final = (
    "There is another series of the same owner with the same start and rule, and their appointments cannot be "
    "distinguished. Ask the user whether to delete one of the two."
)
_NOT_LEFT_OUT: Final = "So no day was left out."


@dataclass(frozen=True, slots=True)
class MadeSeries:
    """A series that was made: the Id of its first appointment, when it happens indeed, and when its rule says.

    With `has_twin`, another one looks the same, so it is unknown which appointments are new: none is touched then.
    """

    event_id: str
    plan: SeriesPlan
    planned: tuple[datetime, ...]
    event_ids: tuple[str, ...] = ()
    not_left_out: tuple[str, ...] = ()
    has_twin: bool = False

    def told(self, zone: ZoneInfo) -> dict[str, Any]:
        """Return the series as a model reads it."""
        still = f"Days to leave out are still there; delete these: {', '.join(self.not_left_out)}."
        twin = [_TWIN, *([_NOT_LEFT_OUT] if self.plan.left_out else [])] if self.has_twin else []
        warning = " ".join(filter(None, [self._difference(zone), still if self.not_left_out else "", *twin]))
        told = self.plan.told(zone)
        if ids := [each for each in self.event_ids if each not in self.not_left_out]:
            told["first_ids"] = ids[: len(told["first_occurrences"])]
        return told | ({"warning": warning} if warning else {})

    def _difference(self, zone: ZoneInfo) -> str:
        """Return what Salesforce made otherwise than the rule says, and what can be done about it."""
        made = self.plan.starts
        if made == self.planned:
            return ""
        missing, more = (
            [dated(at, zone, all_day=self.plan.first.all_day) for at in some if at not in others]
            for some, others in ((self.planned, set(made)), (made, set(self.planned)))
        )
        if made == self.planned[: len(made)]:
            return (
                f"Salesforce created only the first {len(made)} of {len(self.planned)} appointments. For the "
                "rest create "
                f"another series with the same rule that starts {missing[0]}; its COUNT is then {len(missing)}."
            )
        told = (("missing", missing), ("beside it", more))
        named = [f"{word} {len(some)}, such as {some[0]}" for word, some in told if some]
        return (
            f"Salesforce created other appointments than the rule asks for: {'; '.join(named)}. Add or delete "
            "these one by one."
        )


async def plan_of(
    org: OrgSession,
    values: dict[str, Any],
    span: Span,
    asked: ZoneInfo | None,
    invitees: Sequence[str] = (),
    left_out: frozenset[date] = frozenset(),
) -> SeriesPlan | None:
    """Return when a new series happens, if `values` have a rule, which gets Salesforce's form there.

    Its clock is that of the user's zone, because Salesforce takes no other.

    Args:
        org: Where it will be.
        values: The fields to save.
        span: The first appointment.
        asked: The zone that the caller speaks of, if one was given.
        invitees: Whom to invite.
        left_out: Days on which it does not happen.

    Raises:
        InvalidArgumentError: The org takes no rules, or not this one; it starts otherwise than its rule says; or its
            clock would not be that of `asked`.
    """
    text = values.get(PATTERN)
    if not text:
        if left_out:
            raise refused("except needs a rule.", hint=f"Give {PATTERN}, or omit except.", fields=["except"])
        return None
    if invitees:
        raise refused(
            "Salesforce's API may not be able to invite people to a whole series, so this tool does not try.",
            code="NOT_SUPPORTED",
            hint="Create it without invitees. Then invite people to each appointment with salesforce_set_invitees.",
            fields=["invitees"],
        )
    await _check_createable(org)
    zone = _UTC if span.all_day else await org.zone()
    try:
        rule = Rule.parse(text, zone if span.all_day else asked or zone)
    except RecurrenceError as error:
        raise _wrong_rule(str(error), error.hint) from None
    if rule.count is None and rule.until is None:
        raise _wrong_rule("The series has no end.", "Add COUNT=10, or UNTIL=2026-12-31.")
    starts = tuple(islice(rule.occurrences(span.start, zone), MOST_OCCURRENCES + 1))
    _check_starts(rule, span, zone, starts)
    if asked and not span.all_day:
        _check_clock(rule, span, zone, asked, starts)
    values[PATTERN] = str(rule)
    plan = SeriesPlan(rule, zone, span, starts, left_out)
    if not plan.kept:
        raise _wrong_rule("except leaves out all of its days.", "Give fewer days, or another rule.")
    return plan


async def made_series(org: OrgSession, event_id: str, plan: SeriesPlan) -> MadeSeries:
    """Return what Salesforce made of `plan`: `event_id`, which it answered, may be the series' own record."""
    found = await occurrences_of(org, await org.retrieve("Event", event_id))
    if not found:
        return MadeSeries(event_id, plan, plan.starts)
    if twins_in(found):
        return MadeSeries(event_id, plan, plan.starts, has_twin=True)
    starts = tuple(each.start for each in found)
    out = [each.event_id for each in found if plan.day_of(each.start) in plan.left_out]
    failed = await _leave_out(org, out)
    ids = tuple(each.event_id for each in found if each.event_id not in out or each.event_id in failed)
    return MadeSeries(ids[0], replace(plan, starts=starts), plan.starts, ids, failed)


async def _leave_out(org: OrgSession, event_ids: Sequence[str]) -> tuple[str, ...]:
    """Delete the appointments of the days that a new series leaves out; return the Ids of those that are still there.

    Salesforce keeps no exceptions in a rule.
    """
    note_made(event_ids)
    failed: list[str] = []
    for start in range(0, len(event_ids), _MOST_DELETED):
        some = event_ids[start : start + _MOST_DELETED]
        try:
            results = await org.client.collections.delete(some)
        except SalesforceError:
            failed += some
            continue
        failed += [each for each, result in zip(some, results, strict=True) if not result.success]
    return tuple(failed)


def check_rule(values: Mapping[str, Any], left_out: frozenset[date], scope: str) -> None:
    """Refuse a change of a series' rule but from one appointment on, where a new series takes its place."""
    if left_out and scope != "following":
        raise refused(
            "except needs a new series, and so scope following.",
            hint="To leave out single days, delete the appointments of these days with scope this.",
            fields=["except"],
        )
    if PATTERN in values and scope != "following":
        raise refused(
            "Salesforce's API cannot change the rule of a series.",
            code="NOT_SUPPORTED",
            hint="Use scope following on an appointment: from there a new series has the new rule.",
            fields=[PATTERN],
        )


def check_kind_of_rule(event: SObjectRecord, values: Mapping[str, Any], left_out: frozenset[date], scope: str) -> None:
    """Refuse a new rule for the rest of a Classic series, whose appointments stay."""
    named = [name for name in values if name.startswith(_RULE)]
    if is_classic(event) and scope == "following" and (left_out or named):
        raise refused(
            "Salesforce's API cannot change the rule of a Classic series.",
            code="NOT_SUPPORTED",
            hint="Delete it from this appointment on (scope following), and create a new series.",
            fields=named or ["except"],
        )


async def _check_createable(org: OrgSession) -> None:
    field = (await org.schema.describe("Event")).field(PATTERN)
    if field is None or not field.createable:
        raise refused(
            f"This user cannot create series: {PATTERN} is not createable (API v52 or later).",
            code="NOT_SUPPORTED",
            hint=(
                "Book the appointments one by one, or create a Classic series with IsRecurrence, "
                "RecurrenceType and so on."
            ),
            fields=[PATTERN],
        )


def _check_starts(rule: Rule, span: Span, zone: ZoneInfo, starts: Sequence[datetime]) -> None:
    if not starts:
        raise _wrong_rule("The series ends before its first appointment.", "Give a later UNTIL.")
    if len(starts) > MOST_OCCURRENCES:
        raise _wrong_rule(
            f"The series has more than {MOST_OCCURRENCES} appointments.", "Give an earlier UNTIL, or a COUNT."
        )
    if starts[0] != span.start:
        said, first = (dated(at, zone, all_day=span.all_day) for at in (span.start, starts[0]))
        words = rule.words(zone)
        raise _wrong_rule(f"StartDateTime is {said}, but {words} begins {first}.", f"Start it then: {first}.")


def _check_clock(rule: Rule, span: Span, zone: ZoneInfo, asked: ZoneInfo, starts: Sequence[datetime]) -> None:
    """Refuse a series whose clock would drift from the zone asked for, because Salesforce keeps the user's."""
    wanted = islice(rule.occurrences(span.start, asked), MOST_OCCURRENCES + 1)
    drift = next((at for at, other in zip(starts, wanted, strict=False) if at != other), None)
    if drift is not None:
        raise _wrong_rule(
            f"Salesforce keeps the clock of the user's zone, {zone.key}: the time in {asked.key} would change on "
            f"{drift.astimezone(asked).date()}.",
            f"End it before; or a Classic series: IsRecurrence, RecurrenceTimeZoneSidKey={asked.key}, RecurrenceType.",
        )


def _wrong_rule(message: str, hint: str) -> InvalidArgumentError:
    return refused(message, code="INVALID_RECURRENCE", hint=hint, fields=[PATTERN])
