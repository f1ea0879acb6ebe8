"""Free times as a picture: a row for each calendar with what is busy, and the times to offer across the rows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from mcp_salesforce.markup import Markup, element
from mcp_salesforce.pictures.canvas import (
    Theme,
    day_name,
    heading,
    label,
    line,
    listed,
    named,
    notes,
    of_entry,
    partly,
    picture,
)
from mcp_salesforce.pictures.entries import (
    Entry,
    Part,
    UndrawableError,
    days_of,
    entries_of,
    outside,
    parts_of,
    people_of,
    whole_of,
)
from mcp_salesforce.pictures.lanes import Placed, hours_of, placed

_MARGIN: Final = 16
_NAMES: Final = 190
_WANTED: Final = 840
_WIDEST_HOUR: Final = 84
_LANE: Final = 22
_GAP: Final = 8
_HEAD: Final = 44
_SHORTEST: Final = 3


@dataclass(frozen=True, slots=True)
class _Row:
    """What one calendar has on one day, from `y` down."""

    who: str
    y: float
    whole: Sequence[Entry]
    timed: Sequence[Placed]

    @property
    def height(self) -> float:
        """Its height, by how much is at the same time."""
        lanes = len(self.whole) + max((each.lanes for each in self.timed), default=0)
        return max(lanes, 1) * _LANE + _GAP


@dataclass(frozen=True, slots=True)
class _Scale:
    """Where the hours are."""

    first: int
    last: int

    def x(self, minute: float) -> float:
        """Return the place of a minute of the day."""
        hour = min(_WANTED / (self.last - self.first), _WIDEST_HOUR)
        return _MARGIN + _NAMES + (minute / 60 - self.first) * hour

    @property
    def left(self) -> float:
        """Where the hours begin."""
        return self.x(self.first * 60)

    @property
    def right(self) -> float:
        """Where the hours end."""
        return self.x(self.last * 60)


def free_picture(
    free: Mapping[str, Any], busy: Mapping[str, Any], days: Sequence[str] = (), *, theme: Theme = "auto"
) -> str:
    """Return an SVG of free times.

    Args:
        free: The structured answer of salesforce_find_free_times.
        busy: The one of salesforce_get_free_busy, for the same calendars in the same zone.
        days: The days to show, as `2026-11-30`. None: from the first to the last of the answers.
        theme: The colours.

    Raises:
        UndrawableError: The answers are of other tools or zones, or their days are too many.
    """
    if free.get("time_zone") != busy.get("time_zone"):
        raise UndrawableError(f"The answers are in two zones: {free.get('time_zone')} and {busy.get('time_zone')}.")
    slots, entries = _slots(free), entries_of(busy)
    people = people_of(busy, entries)
    shown = list(days) or days_of([*slots, *entries])
    offered, taken = parts_of(slots, shown), parts_of(entries, shown)
    scale = _Scale(*hours_of([*offered, *taken]))
    drawn, bottom = [], 62.0
    for day in shown:
        rows = list(_rows(bottom + _HEAD, people, day, entries, taken))
        drawn.append(_day(day, bottom, rows, [part for part in offered if part.day == day], scale, partly(busy)))
        bottom = rows[-1].y + rows[-1].height + 20 if rows else bottom + _HEAD
    said, title = [*_notes(free, busy), *outside([*slots, *entries], shown)], f"Free times of {listed(people)}"
    below, height = notes(_MARGIN, bottom + 12, said, scale.right - _MARGIN)
    head = heading(title, f"Times are in {free.get('time_zone')}. Times to offer are green.", scale.right)
    told = [*_told(shown, slots, entries), *said]
    return picture(scale.right + _MARGIN, bottom + height + 4, title, told, theme, head, *drawn, below)


def _slots(free: Mapping[str, Any]) -> list[Entry]:
    columns: Sequence[str] = free.get("columns", ())
    if "start.utc" not in columns:
        raise UndrawableError("The answer has no free times: its columns are " + ", ".join(columns))
    start, end = columns.index("start"), columns.index("end")
    return [Entry("", row[start], row[end], "free") for row in free["rows"]]


def _notes(*answers: Mapping[str, Any]) -> list[str]:
    names = {"reason": "", "next_opening": "The next free time: ", "warning": "", "note": ""}
    told = [f"{head}{answer[name]}" for answer in answers for name, head in names.items() if answer.get(name)]
    return [*dict.fromkeys(told)]


def _rows(y: float, people: Sequence[str], day: str, entries: Sequence[Entry], taken: Sequence[Part]) -> Iterator[_Row]:
    for who in people:
        timed = placed([part for part in taken if (part.day, part.entry.who) == (day, who)], _SHORTEST)
        row = _Row(who, y, whole_of(entries, day, who), timed)
        yield row
        y += row.height


def _day(
    day: str, top: float, rows: Sequence[_Row], offered: Sequence[Part], scale: _Scale, unseen: Mapping[str, str]
) -> Iterator[Markup]:
    bottom = rows[-1].y + rows[-1].height if rows else top + _HEAD
    free = ", ".join(part.entry.hours for part in offered)
    yield label(_MARGIN, top + 16, day_name(day), _NAMES, kind="head", size=13)
    yield label(
        scale.left,
        top + 16,
        f"Free: {free}" if free else "No time to offer",
        scale.right - scale.left,
        kind="head" if free else "quiet",
    )
    for row in rows:
        yield from _named(row, scale, unseen.get(row.who, ""))
    for hour in range(scale.first, scale.last + 1):
        yield line(scale.x(hour * 60), top + _HEAD - 6, scale.x(hour * 60), bottom)
        if hour < scale.last:
            yield label(scale.x(hour * 60) + 3, top + _HEAD - 8, f"{hour:02}:00", scale.right, kind="quiet")
    for part in offered:
        yield _offer(part, top + _HEAD - 4, bottom, scale)
    for row in rows:
        yield from _taken(row, scale)


def _named(row: _Row, scale: _Scale, unseen: str) -> Iterator[Markup]:
    if unseen:
        width = scale.right - scale.left
        yield element(
            "rect", class_="unseen", x=f"{scale.left:g}", y=f"{row.y:g}", width=f"{width:g}", height=f"{row.height:g}"
        )
    yield named(_MARGIN, row.y + 19, row.who, unseen, _NAMES - 8)
    yield line(_MARGIN, row.y + row.height, scale.right, row.y + row.height)


def _offer(part: Part, top: float, bottom: float, scale: _Scale) -> Markup:
    x, width = scale.x(part.start), max(scale.x(part.end) - scale.x(part.start), 4)
    return element(
        "rect",
        element("title", f"Free: {part.day} {part.entry.hours}"),
        class_="slot",
        x=f"{x:g}",
        y=f"{top:g}",
        width=f"{width:g}",
        height=f"{bottom - top:g}",
        rx=3,
    )


def _taken(row: _Row, scale: _Scale) -> Iterator[Markup]:
    """Draw what one calendar has on one day: all-day entries above the others."""
    y = row.y + _GAP / 2
    for entry in row.whole:
        yield of_entry(entry, scale.left, y, scale.right - scale.left, _LANE - 2, [entry.title])
        y += _LANE
    room = row.y + row.height - _GAP / 2 - y
    for each in row.timed:
        entry, x, height = each.part.entry, scale.x(each.top), room / each.lanes
        yield of_entry(entry, x, y + each.lane * height, scale.x(each.bottom) - x, height - 2, [entry.title])


def _told(days: Sequence[str], slots: Sequence[Entry], entries: Sequence[Entry]) -> Iterator[str]:
    for day in days:
        free = ", ".join(each.hours for each in slots if each.start[:10] == day)
        busy = "; ".join(f"{e.who} {e.hours}: {e.title}" for e in entries if e.is_on(day))
        yield f"{day_name(day)}: free to offer: {free or 'no time'}. Busy: {busy or 'nobody'}."
