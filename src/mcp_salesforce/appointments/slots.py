"""Free slots: times at which everybody asked for is free, within their working hours.

Working hours are wall-clock times: 09:00 stays 09:00 through a change of the clocks, and a day that has no 02:30 has
no working time there either.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from mcp_salesforce.appointments.holidays import Holiday
from mcp_salesforce.appointments.intervals import Interval, intersect, merge, pad, subtract

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

ClockTimes = tuple[time, time]
"""Wall-clock times from and to, to the minute; a `to` of 00:00 is the end of the day."""


@dataclass(frozen=True, slots=True)
class WorkingHours:
    """When a calendar can be booked: spans for each weekday (0 is Monday), in a zone, but not on holidays.

    A break is a gap between two spans.
    """

    zone: ZoneInfo
    spans: Mapping[int, Sequence[ClockTimes]]
    holidays: Sequence[Holiday] = ()

    def within(self, window: Interval) -> list[Interval]:
        """Return the time inside `window` at which the clock shows a working time.

        An hour that the clock shows twice is working time twice; one that it skips is none.
        """
        working: list[Interval] = []
        for stretch, offset in _constant_offsets(window, self.zone):
            working += intersect(self._shifted(stretch, offset), [stretch])
        closed = [time for each in self.holidays if (time := each.taken(self.zone))]
        return subtract(working, closed) if closed else merge(working)

    def _shifted(self, stretch: Interval, offset: timedelta) -> Iterator[Interval]:
        """Yield the spans of every day of `stretch`, as if the clock were always `offset` from UTC."""
        midnight = datetime.combine((stretch.start + offset).date(), time.min, tzinfo=UTC)
        while midnight < stretch.end + offset:
            for opening, closing in self.spans.get(midnight.weekday(), ()):
                start, end = (midnight.replace(hour=clock.hour, minute=clock.minute) for clock in (opening, closing))
                yield Interval(start - offset, (end if closing != time.min else midnight + _DAY) - offset)
            midnight += _DAY


def _constant_offsets(window: Interval, zone: ZoneInfo) -> Iterator[tuple[Interval, timedelta]]:
    """Yield `window` in stretches, each with the one offset from UTC that the zone has throughout it."""
    start = window.start
    while start < window.end:
        offset = _offset(start, zone)
        end = min(start + _DAY, window.end)
        while end < window.end and _offset(end, zone) == offset:
            end = min(end + _DAY, window.end)
        if _offset(end, zone) != offset:
            end = _change(max(start, end - _DAY), end, zone)
        yield Interval(start, end), offset
        start = end


def _offset(instant: datetime, zone: ZoneInfo) -> timedelta:
    return instant.astimezone(zone).utcoffset() or timedelta(0)


def _change(early: datetime, late: datetime, zone: ZoneInfo) -> datetime:
    """Return the second between the two at which the zone's offset changes."""
    before = _offset(early, zone)
    while late - early > _SECOND:
        middle = early + (late - early) // _SECOND // 2 * _SECOND
        early, late = (middle, late) if _offset(middle, zone) == before else (early, middle)
    return late


@dataclass(frozen=True, slots=True)
class SlotRequest:
    """What a slot must be like."""

    length: timedelta
    granularity: timedelta = timedelta(minutes=15)
    """Slots start at multiples of this, counted on UTC's clock from midnight."""
    buffer_before: timedelta = timedelta(0)
    buffer_after: timedelta = timedelta(0)
    """Time around a slot in which nobody may be busy; it may lie outside working hours."""

    def __post_init__(self) -> None:
        if self.length <= timedelta(0) or self.granularity <= timedelta(0):
            raise ValueError("a slot's length and granularity are positive")
        if min(self.buffer_before, self.buffer_after) < timedelta(0):
            raise ValueError("a buffer is not negative")


def free_time(
    busy: Iterable[Sequence[Interval]], hours: Iterable[Sequence[Interval]], request: SlotRequest
) -> list[Interval]:
    """Return the time in which a slot may lie: in everybody's `hours`, clear of everybody's `busy` with its buffers.

    Args:
        busy: One list for each calendar.
        hours: One list for each calendar: its working time in the window that is searched.
        request: The buffers are taken from it.
    """
    everyone: list[Interval] | None = None
    for working in hours:
        everyone = merge(working) if everyone is None else intersect(everyone, working)
    blocked = pad((block for calendar in busy for block in calendar), request.buffer_after, request.buffer_before)
    return subtract(everyone or [], blocked)


def starts(free: Iterable[Interval], request: SlotRequest) -> Iterable[datetime]:
    """Yield, in order, every start at the granularity of a slot that fits into `free`."""
    for stretch in free:
        late = (stretch.start - _EPOCH) % request.granularity
        start = stretch.start if not late else stretch.start + (request.granularity - late)
        while start + request.length <= stretch.end:
            yield start
            start += request.granularity
