"""Several appointments moved together: each to its time, checked against calendars and against the others of the call.

No two that are moved overlap in one calendar, and none overlaps what stays. One that cannot be moved stays where it is,
and that may keep others from moving into its time: they are placed again until nothing changes. Pure functions.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from mcp_salesforce.appointments.busy import Block, Calendar, taken
from mcp_salesforce.appointments.conflicts import Conflict
from mcp_salesforce.appointments.hours import Hours
from mcp_salesforce.appointments.intervals import Interval, subtract
from mcp_salesforce.appointments.slots import SlotRequest, free_time, starts
from mcp_salesforce.appointments.spans import Span

Blocks = Mapping[str, Sequence[Block]]
"""What is taken, by the calendar's Id; without the appointments that are to be moved."""


@dataclass(frozen=True, slots=True)
class Move:
    """One appointment that is to be moved.

    Attributes:
        event_id: Its Id.
        subject: Its subject, for those whose time it is in the way of.
        was: Its time now.
        held: The calendars that have it now.
        calendars: The calendars that will have it.
        target: The time it is to have; None where it takes the first free one.
        window: Where to look for a free time, if `target` is None or taken; None where it has to be `target`.
        takes_time: Whether it takes time: one that is shown as free does not.
    """

    event_id: str
    subject: str
    was: Span
    held: Sequence[Calendar]
    calendars: Sequence[Calendar]
    target: Span | None = None
    window: Interval | None = None
    takes_time: bool = True


@dataclass(frozen=True, slots=True)
class Placed:
    """What becomes of a move: its new time, or None where it stays; and what is in its way, or is overlapped."""

    move: Move
    span: Span | None
    conflict: Conflict | None = None


@dataclass
class Placing:
    """Finds the times of moves.

    Attributes:
        blocks: What is taken by others.
        hours: When people can be booked; a time that is looked for lies in them.
        now: The present moment: what has ended conflicts with nothing.
        allow_conflict: Whether a move with a given time may overlap what is there.
    """

    blocks: Blocks
    hours: Hours
    now: datetime
    allow_conflict: bool = False
    _working: dict[tuple[str, Interval], tuple[Interval, ...]] = field(default_factory=dict)
    _free: dict[tuple[tuple[str, ...], Interval], list[Interval]] = field(default_factory=dict)
    _in_the_way: dict[str, Conflict | None] = field(default_factory=dict)

    def place(self, moves: Sequence[Move]) -> list[Placed]:
        """Return what becomes of each move, in their order."""
        staying = dict[str, Conflict | None](self._stopped_by_others(moves))
        order = sorted(moves, key=lambda move: (move.target is None, (move.target or move.was).start, move.event_id))
        while True:
            placed, stopped = self._placed(order, staying)
            if stopped is None:
                return [placed.get(move.event_id) or Placed(move, None, staying[move.event_id]) for move in moves]
            staying |= stopped

    def _stopped_by_others(self, moves: Sequence[Move]) -> Iterator[tuple[str, Conflict]]:
        """Yield the moves that have to stay whatever becomes of the rest."""
        for move in moves:
            if move.target and move.window is None and not self.allow_conflict:
                conflict = self._conflict(move, move.target, {})
                if conflict:
                    yield move.event_id, conflict

    def _placed(
        self, order: Sequence[Move], staying: Mapping[str, Conflict | None]
    ) -> tuple[dict[str, Placed], dict[str, Conflict | None] | None]:
        """Place the moves that do not stay; stop at the first that has to stay too, and return why."""
        held: dict[str, list[Block]] = {}
        for move in order:
            if move.event_id in staying:
                _hold(held, move, move.held, move.was)
        placed: dict[str, Placed] = {}
        for move in order:
            if move.event_id in staying:
                continue
            span, conflict = self._time_of(move, held)
            if span is None:
                return placed, {move.event_id: conflict}
            placed[move.event_id] = Placed(move, span, conflict)
            _hold(held, move, move.calendars, span)
        return placed, None

    def _time_of(self, move: Move, held: Mapping[str, Sequence[Block]]) -> tuple[Span | None, Conflict | None]:
        conflict = None
        if move.target:
            conflict = self._conflict(move, move.target, held)
            if conflict is None or (self.allow_conflict and move.window is None):
                return move.target, conflict
        if move.window is None:
            return None, conflict
        start = next(self._starts(move, move.window, held), None)
        return (None, conflict) if start is None else (Span(start, start + (move.was.end - move.was.start)), None)

    def _conflict(self, move: Move, span: Span, held: Mapping[str, Sequence[Block]]) -> Conflict | None:
        if not move.takes_time:
            return None
        if move.event_id not in self._in_the_way:
            self._in_the_way[move.event_id] = self._first_among(self.blocks, move, span)
        return self._in_the_way[move.event_id] or self._first_among(held, move, span)

    def _first_among(self, blocks: Blocks, move: Move, span: Span) -> Conflict | None:
        for calendar in move.calendars:
            time = taken(span, calendar.zone)
            if time is None or time.end <= self.now:
                continue
            for block in blocks.get(calendar.id, ()):
                if block.interval.overlaps(time):
                    return Conflict(calendar, block)
        return None

    def _starts(self, move: Move, window: Interval, held: Mapping[str, Sequence[Block]]) -> Iterator[datetime]:
        length = move.was.end - move.was.start
        if length <= timedelta() or move.was.all_day:
            return
        request = SlotRequest(length)
        free = self._free_in(move.calendars, window, request)
        others = [block.interval for each in move.calendars for block in held.get(each.id, ())]
        yield from starts(subtract(free, others), request)

    def _free_in(self, calendars: Sequence[Calendar], window: Interval, request: SlotRequest) -> list[Interval]:
        """Return when the calendars are free of others in a window: the same for each move in the same ones."""
        key = (tuple(each.id for each in calendars), window)
        if key not in self._free:
            people = [each for each in calendars if each.is_person] or calendars
            working = [*dict.fromkeys(self._within(each, window) for each in people)]
            busy = [[block.interval for block in self.blocks.get(each.id, ())] for each in calendars]
            self._free[key] = free_time(busy, working, request)
        return self._free[key]

    def _within(self, calendar: Calendar, window: Interval) -> tuple[Interval, ...]:
        if (calendar.id, window) not in self._working:
            self._working[calendar.id, window] = tuple(self.hours.of_calendar(calendar).within(window))
        return self._working[calendar.id, window]


def _hold(held: dict[str, list[Block]], move: Move, calendars: Sequence[Calendar], span: Span) -> None:
    """Take the time of an appointment of this call in its calendars."""
    if move.takes_time:
        for calendar in calendars:
            if time := taken(span, calendar.zone):
                held.setdefault(calendar.id, []).append(Block(time, move.event_id, move.subject, span.all_day))
