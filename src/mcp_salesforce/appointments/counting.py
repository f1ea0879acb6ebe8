"""How many appointments there were, how they ended, and how much of the working time they took."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final, Literal, get_args
from zoneinfo import ZoneInfo

from mcp_salesforce.appointments.intervals import Interval, intersect
from mcp_salesforce.appointments.outcomes import Outcome
from mcp_salesforce.appointments.times import start_of_day

Period = Literal["day", "week", "month"]
PERIODS: Final[tuple[Period, ...]] = get_args(Period)
Key = tuple[str | None, ...]
"""What appointments are counted by: an owner's Id and a week, for example; None if there is no such value."""

_DAY: Final = timedelta(days=1)
_DAYS_OF_A_WEEK: Final = 7


def period_of(day: date, period: Period) -> str:
    """Return the name of the period that `day` is in: `2026-11-24`, `2026-W53` (ISO 8601, of its own year), `2026-11`.

    ISO weeks begin on Monday, and the first of a year has its first Thursday: 1 January can be in W53 of the year
    before.
    """
    if period == "week":
        year, week, _ = day.isocalendar()
        return f"{year:04}-W{week:02}"
    return day.isoformat() if period == "day" else day.isoformat()[:7]


def parts_of(window: Interval, zone: ZoneInfo, period: Period) -> Iterator[tuple[str, Interval]]:
    """Yield the periods that `window` touches, as the clocks of `zone` have them, and what of each is in it."""
    day, start = window.start.astimezone(zone).date(), window.start
    while start < window.end:
        following = _first_day_after(day, period)
        end = min(start_of_day(following, zone), window.end)
        if start < end:  # a day that a zone left out has no time
            yield period_of(day, period), Interval(start, end)
        day, start = following, max(start, end)


def _first_day_after(day: date, period: Period) -> date:
    if period == "month":
        return (day.replace(day=1) + 31 * _DAY).replace(day=1)
    return day + _DAY * (1 if period == "day" else _DAYS_OF_A_WEEK - day.weekday())


@dataclass(frozen=True, slots=True)
class Counted:
    """One appointment as it is counted; an all-day one has no `length`."""

    keys: Sequence[Key]
    outcome: Outcome | None
    has_begun: bool
    length: timedelta = timedelta()


@dataclass(slots=True)
class Tally:
    """The appointments of one key.

    Attributes:
        appointments: How many there are, cancelled ones too.
        length: How long those are together that were not cancelled.
        outcomes: How many ended in which way.
        expected: How many were to take place by now: begun, and not cancelled.
    """

    appointments: int = 0
    length: timedelta = timedelta()
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    expected: int = 0

    def add(self, counted: Counted) -> None:
        """Count one more."""
        self.appointments += 1
        if counted.outcome:
            self.outcomes[counted.outcome] += 1
        if counted.outcome != "cancelled":
            self.length += counted.length
            self.expected += counted.has_begun or counted.outcome is not None

    @property
    def no_show_rate(self) -> float | None:
        """The share of those expected to whom nobody came; None where none was expected."""
        return round(self.outcomes["no_show"] / self.expected, 3) if self.expected else None


def tallied(counted: Iterable[Counted]) -> dict[Key, Tally]:
    """Return the tally of each key, in order; an appointment with several keys (two rooms) counts under each."""
    tallies: dict[Key, Tally] = {}
    for each in counted:
        for key in each.keys:
            tallies.setdefault(key, Tally()).add(each)
    return {key: tallies[key] for key in in_order(tallies)}


def in_order(keys: Iterable[Key]) -> list[Key]:
    """Return keys by their parts, none last."""
    return sorted(keys, key=lambda key: [(part is None, part or "") for part in key])


@dataclass(frozen=True, slots=True)
class Use:
    """Working time, and what of it is taken."""

    taken: timedelta = timedelta()
    working: timedelta = timedelta()

    def __add__(self, other: "Use") -> "Use":
        """Return both together."""
        return Use(self.taken + other.taken, self.working + other.working)

    @property
    def share(self) -> float | None:
        """The share of the working time that is taken; None if there is none."""
        return round(self.taken / self.working, 3) if self.working else None


def used(
    taken: Iterable[Interval], working: Iterable[Interval], parts: Iterable[tuple[str, Interval]]
) -> Mapping[str, Use]:
    """Return for each of the parts of a window its working time and what of it is taken, overlaps counted once."""
    taken, working = list(taken), list(working)
    uses: dict[str, Use] = {}
    for name, part in parts:
        at_work = intersect(working, [part])
        uses[name] = uses.get(name, Use()) + Use(_total(intersect(taken, at_work)), _total(at_work))
    return uses


def _total(intervals: Iterable[Interval]) -> timedelta:
    return sum((interval.length for interval in intervals), timedelta())


def day_in(moment: datetime, zone: ZoneInfo) -> date:
    """Return the day that the clocks of `zone` show at `moment`."""
    return moment.astimezone(zone).date()
