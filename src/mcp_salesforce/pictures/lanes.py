"""Put what overlaps side by side."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from mcp_salesforce.pictures.entries import MINUTES, Part

SHORTEST: Final = 24
"""The fewest minutes that a block is drawn for, so that people can read it."""
_OFFICE: Final = (8, 18)


@dataclass(frozen=True, slots=True)
class Placed:
    """A part from minute `top` to `bottom` of its day, in one of `lanes` lanes beside each other."""

    part: Part
    top: int
    bottom: int
    lane: int
    lanes: int


def placed(parts: Sequence[Part], shortest: int = SHORTEST) -> list[Placed]:
    """Return the parts of one column: no two overlap as they are drawn, and none that overlap in time share a lane."""
    drawn = sorted(((*_span(part, shortest), part) for part in parts), key=lambda each: (each[0], -each[1]))
    lanes: list[int] = []
    group = list(range(len(drawn)))  # of each: the first of those that it hangs together with
    for at, one in enumerate(drawn):
        beside = [before for before in range(at) if _clash(one, drawn[before])]
        taken = {lanes[before] for before in beside}
        lanes.append(next(lane for lane in range(at + 1) if lane not in taken))
        joined = {group[before] for before in beside} | {at}
        group = [min(joined) if each in joined else each for each in group]
    wide = {each: 1 + max(lane for lane, of in zip(lanes, group, strict=True) if of == each) for each in set(group)}
    return [
        Placed(part, top, bottom, lane, wide[of])
        for (top, bottom, part), lane, of in zip(drawn, lanes, group, strict=True)
    ]


def hours_of(parts: Sequence[Part]) -> tuple[int, int]:
    """Return the first and the last hour to draw: those of an office, and more where something is outside of them."""
    spans = [_span(part, SHORTEST) for part in parts]
    first = min([_OFFICE[0], *(top // 60 for top, _ in spans)])
    return first, max([_OFFICE[1], *(-(-bottom // 60) for _, bottom in spans)])


def _span(part: Part, shortest: int) -> tuple[int, int]:
    bottom = min(max(part.end, part.start + shortest), MINUTES)
    return min(part.start, bottom - shortest), bottom


def _clash(one: tuple[int, int, Part], other: tuple[int, int, Part]) -> bool:
    if one[0] < other[1] and other[0] < one[1]:
        return True
    (begin, end), (other_begin, other_end) = one[2].entry.instants, other[2].entry.instants
    return begin < other_end and other_begin < end and one[2].day == other[2].day
