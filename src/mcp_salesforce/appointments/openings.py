"""Which free times to offer, and why there are none."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from mcp_salesforce.appointments.intervals import Interval, intersect, merge, pad
from mcp_salesforce.appointments.slots import SlotRequest, free_time, starts

_LOOKED_AT = 5  # calendars: each costs another search


def spread(candidates: Iterable[datetime], length: timedelta, limit: int, zone: ZoneInfo) -> list[datetime]:
    """Return at most `limit` starts, in order, that do not overlap: the earliest days first, and spread over them.

    The first is the earliest of all. A day of `zone` gets a second one only when every day that is offered has one.

    Args:
        candidates: Every possible start, in order.
        length: How long a slot lasts.
        limit: How many to offer.
        zone: The zone whose days count.
    """
    days: dict[date, list[datetime]] = {}
    clear: datetime | None = None
    for start in candidates:
        if clear is not None and start < clear:
            continue
        day = start.astimezone(zone).date()
        if day not in days and len(days) == limit:
            break
        days.setdefault(day, []).append(start)
        clear = start + length
    shares = _shares([len(possible) for possible in days.values()], limit)
    return sorted(
        possible[place * len(possible) // share]
        for possible, share in zip(days.values(), shares, strict=True)
        for place in range(share)
    )


def _shares(sizes: Sequence[int], limit: int) -> list[int]:
    """Return how many to take of each day: one each, then in turns from the first while there are any."""
    shares = [0] * len(sizes)
    while sum(shares) < min(limit, sum(sizes)):
        for day, size in enumerate(sizes):
            if shares[day] < size and sum(shares) < limit:
                shares[day] += 1
    return shares


@dataclass(frozen=True, slots=True)
class Obstacles:
    """Why no slot was found.

    Attributes:
        working: The time in which everybody works.
        longest: The longest stretch of it that is free, with its buffers.
        blocked: How much of it each calendar blocks, the most first; those that block nothing are left out.
        decisive: Of those that block most, each without which there would be a slot.
    """

    working: timedelta
    longest: timedelta
    blocked: Mapping[str, timedelta]
    decisive: tuple[str, ...]


def obstacles(
    busy: Mapping[str, Sequence[Interval]], hours: Sequence[Sequence[Interval]], request: SlotRequest
) -> Obstacles:
    """Return why no slot was found.

    Args:
        busy: The taken time of each calendar.
        hours: Lists of working time, all of which a slot has to lie in.
        request: What a slot has to be like.
    """
    working: list[Interval] = merge(hours[0]) if hours else []
    for more in hours[1:]:
        working = intersect(working, more)
    padded = {name: pad(taken, request.buffer_after, request.buffer_before) for name, taken in busy.items()}
    blocked = {name: _length(intersect(taken, working)) for name, taken in padded.items()}
    worst = sorted((name for name in busy if blocked[name]), key=blocked.__getitem__, reverse=True)
    decisive = [name for name in worst[:_LOOKED_AT] if _is_decisive(name, busy, hours, request)]
    return Obstacles(
        working=_length(working),
        longest=max((free.length for free in free_time(busy.values(), hours, request)), default=timedelta()),
        blocked={name: blocked[name] for name in worst},
        decisive=tuple(decisive),
    )


def _is_decisive(
    name: str, busy: Mapping[str, Sequence[Interval]], hours: Sequence[Sequence[Interval]], request: SlotRequest
) -> bool:
    others = [taken for other, taken in busy.items() if other != name]
    return any(True for _ in starts(free_time(others, hours, request), request))


def _length(intervals: Iterable[Interval]) -> timedelta:
    return sum((interval.length for interval in intervals), timedelta())
