"""Move several appointments: find where each one goes, and what was saved over bookings of others."""

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

from mcp_salesforce.appointments.busy import Block, Calendar, taken
from mcp_salesforce.appointments.conflicts import Conflict, conflicts_with
from mcp_salesforce.appointments.intervals import Interval
from mcp_salesforce.appointments.placing import Move, Placed, Placing
from mcp_salesforce.appointments.spans import Span, Wish, moved
from mcp_salesforce.appointments.times import start_of, start_of_day, zone_of
from mcp_salesforce.salesforce.errors import refused
from mcp_salesforce.salesforce.models import present
from mcp_salesforce.tools.appointments.choosing import Chosen
from mcp_salesforce.tools.framework.session import OrgSession
from mcp_salesforce.tools.lookups.busy_records import Busy, read_busy
from mcp_salesforce.tools.lookups.calendars import calendars_of
from mcp_salesforce.tools.lookups.working_hours import work_times

_FREE: Final = "Free"
_DAY: Final = timedelta(days=1)
NextFree = Literal["", "day", "week"]


@dataclass(frozen=True, slots=True)
class Goal:
    """Where a call wants appointments to go.

    Attributes:
        starts: Start times by Id, as the call has them.
        shift_days: Days to shift by, on the clock of the calendar.
        shift_minutes: Minutes to shift by.
        next_free: Whether to take the next free time, and of what; empty for the given time alone.
        not_before: The day or time before which none is taken; empty for each appointment's own.
        new_owner: The Id of the user who gets them; empty where they keep their owner.
        zone: The zone of times without an offset; None where the call names none.
    """

    starts: Mapping[str, str] = field(default_factory=dict)
    shift_days: int = 0
    shift_minutes: int = 0
    next_free: NextFree = ""
    not_before: str = ""
    new_owner: str = ""
    zone: ZoneInfo | None = None

    def move_of(self, chosen: Chosen, calendars: Mapping[str, Calendar], now: datetime) -> Move:
        """Return the move of one appointment.

        Raises:
            TimeError: Its new start cannot be read, or does not go with its kind.
        """
        was = chosen.span
        assert was is not None  # noqa: S101 - those without a time are not moved
        owner = calendars[present(chosen.record, "OwnerId")]
        invited = [calendars[each] for each in chosen.invited]
        new_owner = calendars[self.new_owner] if self.new_owner else owner
        zone = self.zone or new_owner.zone
        target = self._target(chosen.id, was, zone)
        return Move(
            chosen.id,
            "" if chosen.record.get("IsPrivate") else chosen.subject,
            was,
            [owner, *invited],
            list(dict.fromkeys([new_owner, *invited])),
            target,
            self._window(was, target, zone, now) if self.next_free else None,
            chosen.record.get("ShowAs") != _FREE,
        )

    def _target(self, event_id: str, was: Span, zone: ZoneInfo) -> Span | None:
        """Return the time that is asked for; None for the first free one."""
        if start := self.starts.get(event_id):
            return moved(was, Wish(start, zone=self.zone))
        if self.shift_days or self.shift_minutes:
            return _shifted(was, timedelta(days=self.shift_days), timedelta(minutes=self.shift_minutes), zone)
        stays = bool(self.new_owner) and not (self.not_before and was.start < self._earliest(zone))
        return was if stays or not self.next_free else None

    def _window(self, was: Span, target: Span | None, zone: ZoneInfo, now: datetime) -> Interval | None:
        """Return where to look for a free time: not in the past, and to the end of the day or week."""
        first = target.start if target else was.end
        if self.not_before:
            first = max(self._earliest(zone), target.start) if target else self._earliest(zone)
        first = max(first, now)
        day = first.astimezone(zone).date()
        last = day + timedelta(days=6 - day.weekday()) if self.next_free == "week" else day
        end = start_of_day(last + _DAY, zone)
        return Interval(first, end) if first < end else None

    def check(self) -> None:
        """Refuse times that cannot be read, before anything is.

        Raises:
            TimeError: `not_before` is no day or time, or a time without a zone.
        """
        if self.not_before:
            self._earliest(self.zone or zone_of("UTC"))

    def _earliest(self, zone: ZoneInfo) -> datetime:
        return start_of(self.not_before, zone, local=self.zone)


def _shifted(was: Span, days: timedelta, minutes: timedelta, zone: ZoneInfo) -> Span:
    """Return the time `days` later on the clock of `zone`, and `minutes` after that."""
    if was.all_day:
        return Span(was.start + days, was.end + days, all_day=True)
    local = was.start.astimezone(zone).replace(tzinfo=None) + days
    start = local.replace(tzinfo=zone).astimezone(UTC) + minutes
    return Span(start, start + (was.end - was.start))


@dataclass(frozen=True, slots=True)
class Moving:
    """Several moves, with the calendars that they concern.

    Attributes:
        org: Where they are.
        chosen: The appointments.
        calendars: Calendars by Id: of owners, old and new, and of who is invited.
        moves: Where each one goes.
    """

    org: OrgSession
    chosen: Sequence[Chosen]
    calendars: Mapping[str, Calendar]
    moves: Sequence[Move]

    @classmethod
    async def of(cls, org: OrgSession, chosen: Sequence[Chosen], goal: Goal) -> "Moving":
        """Return the moves of appointments that have a time.

        Raises:
            InvalidArgumentError: A calendar is not there.
            TimeError: A new start cannot be read.
        """
        ids = [each for one in chosen for each in (present(one.record, "OwnerId"), *one.invited)]
        known = await calendars_of(org, list(dict.fromkeys([*ids, *filter(None, [goal.new_owner])])))
        calendars = {calendar.id: calendar for calendar in known}
        return cls(org, chosen, calendars, [goal.move_of(each, calendars, org.now()) for each in chosen])

    async def place(self, *, allow_conflict: bool) -> tuple[list[Placed], Busy | None]:
        """Return what becomes of each, and what was read of the calendars that get them.

        Raises:
            SalesforceError: They cannot be read.
        """
        times = [time for move in self.moves for time in _reach(move)]
        times = [time for time in times if time.end > self.org.now()]
        busy, blocks = None, dict[str, list[Block]]()
        if times:
            busy = await self._read(self.moves, times)
            if busy.until:
                raise refused(
                    "There are too many events to check.", hint="Move fewer appointments, or move them by fewer days."
                )
            blocks = _of_others(busy, {move.event_id for move in self.moves}, set(_copies(self.moves)))
        windows = [move.window for move in self.moves if move.window]
        hours = self.org.working_hours
        if windows:
            whole = Interval(min(each.start for each in windows), max(each.end for each in windows))
            hours = (await work_times(self.org, [*self.calendars.values()], whole)).hours
        placing = Placing(blocks, hours, self.org.now(), allow_conflict=allow_conflict)
        return placing.place(self.moves), busy

    async def _read(self, moves: Sequence[Move], times: Sequence[Interval]) -> Busy:
        calendars = {calendar.id: calendar for move in moves for calendar in move.calendars}
        window = Interval(min(time.start for time in times), max(time.end for time in times))
        return await read_busy(self.org, list(calendars.values()), window)

    async def look_again(self, placed: Sequence[Placed], before: Busy | None) -> list[Conflict]:
        """Return what others have booked at the same times while the moves were saved.

        Raises:
            SalesforceError: The calendars cannot be read.
        """
        now, saved = self.org.now(), {each.move.event_id: each.span for each in placed if each.span}
        done = [each.move for each in placed if each.span and each.move.takes_time]
        times = [time for move in done for time in _times(move, saved[move.event_id]) if time.end > now]
        if not times:
            return []
        busy = await self._read(done, times)
        known = {
            (id_, block.event_id, block.interval)
            for id_, blocks in (before.blocks if before else {}).items()
            for block in blocks
        }
        new = _of_others(busy, saved, set(_copies(done, saved)), known)
        found = [each for move in done for each in conflicts_with([saved[move.event_id]], move.calendars, new)]
        return list({each.block.event_id: each for each in found}.values())

    def unseen(self, busy: Busy | None) -> list[str]:
        """Return the names of calendars of which nothing can be seen."""
        seen = busy.visibility if busy else {}
        return [self.calendars[each].name for each, how in seen.items() if how == "unknown"]


def _copies(moves: Sequence[Move], placed: Mapping[str, Span] | None = None) -> Iterator[tuple[str, Interval, str]]:
    """Yield calendar, time and subject of the copies that invitees have: where they were, or are `placed`."""
    for move in moves:
        span = placed[move.event_id] if placed else move.was
        for calendar in move.calendars:
            if interval := taken(span, calendar.zone):
                yield calendar.id, interval, move.subject


def _of_others(
    busy: Busy,
    own: Container[str],
    copies: Container[tuple[str, Interval, str]],
    known: Container[tuple[str, str, Interval]] = frozenset(),
) -> dict[str, list[Block]]:
    """Return what is taken by calendar, without appointments of one's `own`, their `copies`, and what was `known`."""
    return {
        id_: [
            block
            for block in blocks
            if block.event_id not in own
            and (id_, block.event_id, block.interval) not in known
            and not (block.is_copy and (id_, block.interval, block.subject) in copies)
        ]
        for id_, blocks in busy.blocks.items()
    }


def _times(move: Move, span: Span) -> Iterator[Interval]:
    for calendar in move.calendars:
        if interval := taken(span, calendar.zone):
            yield interval


def _reach(move: Move) -> Iterator[Interval]:
    """Yield the times that a move may take."""
    if move.target:
        yield from _times(move, move.target)
    if move.window:
        yield move.window
