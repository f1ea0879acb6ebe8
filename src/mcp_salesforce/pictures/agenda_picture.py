"""An agenda as a picture: days beside each other, and in each day the people and rooms."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from mcp_salesforce.markup import Markup
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
    days_of,
    entries_of,
    minute_of,
    outside,
    parts_of,
    people_of,
    whole_of,
)
from mcp_salesforce.pictures.lanes import hours_of, placed

_MARGIN: Final = 16
_CLOCK_WIDTH: Final = 48
_HEAD: Final = 96
_HOUR: Final = 48
_TWO_LINES: Final = 35
_BOTH_TIMES: Final = 100
_WHOLE_DAY: Final = 22
_WIDEST: Final = 260
_NARROWEST: Final = 110
_WANTED: Final = 1000


@dataclass(frozen=True, slots=True)
class _Column:
    """The part of the picture for one calendar on one day."""

    day: str
    who: str
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class _Grid:
    """Where the hours are."""

    top: float
    right: float
    first: int
    last: int

    @property
    def bottom(self) -> float:
        """Where the last hour ends."""
        return self.y(self.last * 60)

    def y(self, minute: float) -> float:
        """Return the place of a minute of the day."""
        return self.top + (minute / 60 - self.first) * _HOUR


def agenda_picture(answer: Mapping[str, Any], days: Sequence[str] = (), *, now: str = "", theme: Theme = "auto") -> str:
    """Return an SVG of an agenda.

    Args:
        answer: The structured answer of salesforce_get_free_busy or salesforce_list_appointments.
        days: The days to show, as `2026-11-30`. None: from the first to the last of the answer.
        now: The present moment in the zone of the answer, as `2026-11-30T10:00:00-05:00`; draws a line there.
        theme: The colours.

    Raises:
        UndrawableError: The answer is of another tool, or its days are too many.
    """
    entries = entries_of(answer)
    shown = list(days) or days_of(entries) or [now[:10]]
    people = people_of(answer, entries) or [""]
    columns, parts = _columns(shown, people), parts_of(entries, shown)
    whole = [whole_of(entries, each.day, each.who) for each in columns]
    grid = _Grid(_HEAD + max(map(len, whole)) * _WHOLE_DAY, columns[-1].x + columns[-1].width, *hours_of(parts))
    title = f"Agenda of {listed(people)}" if any(people) else "Agenda"
    said = [*_notes(answer), *outside(entries, shown)]
    below, height = notes(_MARGIN, grid.bottom + 22, said, grid.right - _MARGIN)
    return picture(
        grid.right + _MARGIN,
        grid.bottom + _MARGIN + height,
        title,
        [*_told(shown, entries), *said],
        theme,
        heading(title, f"Times are in {answer.get('time_zone', 'the zone of the server')}.", grid.right),
        _lines(columns, grid),
        _heads(columns, answer),
        [each for column, entries in zip(columns, whole, strict=True) for each in _all_day(column, entries)],
        [each for column in columns for each in _timed(column, parts, grid)],
        _now_line(columns, now, grid),
        below,
    )


def _columns(days: Sequence[str], people: Sequence[str]) -> list[_Column]:
    width = min(max(_WANTED / (len(days) * len(people)), _NARROWEST), _WIDEST)
    places = [(day, who) for day in days for who in people]
    return [_Column(day, who, _MARGIN + _CLOCK_WIDTH + at * width, width) for at, (day, who) in enumerate(places)]


def _lines(columns: Sequence[_Column], grid: _Grid) -> Iterator[Markup]:
    for hour in range(grid.first, grid.last + 1):
        yield line(_MARGIN + _CLOCK_WIDTH - 6, grid.y(hour * 60), grid.right, grid.y(hour * 60))
        yield label(_MARGIN, grid.y(hour * 60) + 4, f"{hour:02}:00", _CLOCK_WIDTH, kind="quiet")
    for before, column in zip([None, *columns], columns, strict=False):
        begins_day = before is None or before.day != column.day
        yield line(column.x, 64 if begins_day else 84, column.x, grid.bottom)
    yield line(grid.right, 64, grid.right, grid.bottom)


def _heads(columns: Sequence[_Column], answer: Mapping[str, Any]) -> Iterator[Markup]:
    unseen = partly(answer)
    people = len({each.who for each in columns})
    for at, column in enumerate(columns):
        if at % people == 0:
            yield label(column.x + 6, 74, day_name(column.day), column.width * people - 10, kind="head", size=13)
        if people > 1 or column.who in unseen:
            mark = unseen.get(column.who, "")
            yield named(column.x + 6, 88, column.who, mark, column.width - 10, kind="quiet")


def _all_day(column: _Column, whole: Sequence[Entry]) -> Iterator[Markup]:
    for at, entry in enumerate(whole):
        y = _HEAD - 2 + at * _WHOLE_DAY
        yield of_entry(entry, column.x + 2, y, column.width - 4, _WHOLE_DAY - 2, [entry.title])


def _timed(column: _Column, parts: Sequence[Part], grid: _Grid) -> Iterator[Markup]:
    for shown in placed([part for part in parts if (part.day, part.entry.who) == (column.day, column.who)]):
        entry, width = shown.part.entry, (column.width - 4) / shown.lanes
        y, height = grid.y(shown.top), grid.y(shown.bottom) - grid.y(shown.top)
        begins = entry.start[11:16]
        hours = entry.hours if width >= _BOTH_TIMES else begins
        lines = [hours, entry.title] if height >= _TWO_LINES else [f"{begins} {entry.title}"]
        x = column.x + 2 + shown.lane * width
        yield of_entry(entry, x, y, width, height, lines)


def _now_line(columns: Sequence[_Column], now: str, grid: _Grid) -> Iterator[Markup]:
    if not now or not grid.first * 60 <= minute_of(now) <= grid.last * 60:
        return
    y = grid.y(minute_of(now))
    for column in columns:
        if column.day == now[:10]:
            yield line(column.x, y, column.x + column.width, y, kind="now")


def _told(days: Sequence[str], entries: Sequence[Entry]) -> Iterator[str]:
    for day in days:
        on_day = [each.said for each in entries if each.is_on(day)]
        yield f"{day_name(day)}: {'; '.join(on_day) or 'nothing'}."


def _notes(answer: Mapping[str, Any]) -> list[str]:
    return [str(answer[name]) for name in ("warning", "note", "reason") if answer.get(name)]
