"""Half-open intervals of time, and the few operations that availability is made of.

Every function takes and returns UTC instants; lists that are returned are sorted and do not overlap.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from operator import attrgetter

_START = attrgetter("start")


@dataclass(frozen=True, order=True, slots=True)
class Interval:
    """From `start` up to but not including `end`; both are UTC and `start` comes before `end`."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.tzinfo is not UTC or self.end.tzinfo is not UTC:
            raise ValueError("an interval is made of UTC instants")
        if self.end <= self.start:
            raise ValueError(f"an interval ends after it starts, not {self.start:%FT%T} to {self.end:%FT%T}")

    @property
    def length(self) -> timedelta:
        """Return how long it lasts."""
        return self.end - self.start

    def overlaps(self, other: "Interval") -> bool:
        """Tell whether the two share an instant; touching ends share none."""
        return self.start < other.end and other.start < self.end


def merge(intervals: Iterable[Interval]) -> list[Interval]:
    """Return the same stretches of time with overlapping and touching ones joined."""
    merged: list[Interval] = []
    for interval in sorted(intervals, key=_START):  # a whole interval as the key would take ten times as long
        if merged and interval.start <= merged[-1].end:
            if interval.end > merged[-1].end:
                merged[-1] = Interval(merged[-1].start, interval.end)
        else:
            merged.append(interval)
    return merged


def intersect(left: Iterable[Interval], right: Iterable[Interval]) -> list[Interval]:
    """Return the time that is in both."""
    return list(_common(merge(left), merge(right)))


def _common(left: list[Interval], right: list[Interval]) -> Iterator[Interval]:
    mine = theirs = 0
    while mine < len(left) and theirs < len(right):
        start = max(left[mine].start, right[theirs].start)
        end = min(left[mine].end, right[theirs].end)
        if start < end:
            yield Interval(start, end)
        if left[mine].end < right[theirs].end:
            mine += 1
        else:
            theirs += 1


def subtract(whole: Iterable[Interval], taken: Iterable[Interval]) -> list[Interval]:
    """Return the time of `whole` that is not in `taken`."""
    blocks = merge(taken)
    free: list[Interval] = []
    block = 0
    for interval in merge(whole):
        start = interval.start
        while block < len(blocks) and blocks[block].end <= start:
            block += 1
        ahead = block
        while ahead < len(blocks) and blocks[ahead].start < interval.end:
            if blocks[ahead].start > start:
                free.append(Interval(start, blocks[ahead].start))
            start = max(start, blocks[ahead].end)
            ahead += 1
        if start < interval.end:
            free.append(Interval(start, interval.end))
    return free


def pad(intervals: Iterable[Interval], before: timedelta, after: timedelta) -> list[Interval]:
    """Return the intervals, each begun earlier by `before` and ended later by `after`, joined."""
    joined = merge(intervals)  # first, because there are fewer of them then
    return merge(Interval(interval.start - before, interval.end + after) for interval in joined)
