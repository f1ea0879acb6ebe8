"""The search for free time in several calendars at once: for those who ask, and for those whose wish is taken."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from mcp_salesforce.appointments.busy import Calendar
from mcp_salesforce.appointments.hours import Hours
from mcp_salesforce.appointments.intervals import Interval
from mcp_salesforce.appointments.openings import obstacles
from mcp_salesforce.appointments.slots import SlotRequest, free_time, starts
from mcp_salesforce.tools.framework.session import OrgSession
from mcp_salesforce.tools.lookups.busy_records import Busy, read_busy

_NAMED_OBSTACLES = 3


@dataclass(frozen=True, slots=True)
class SlotSearch:
    """What is searched: whose time, in which hours, for what kind of slot, not before `earliest`.

    People have working hours, in their own zones. Resources have none: they are available whenever the people are. A
    search for resources alone uses the hours of the user who asks.
    """

    calendars: Sequence[Calendar]
    hours: Hours
    request: SlotRequest
    earliest: datetime

    async def run(self, org: OrgSession, window: Interval, *, but_not: Collection[str] = ()) -> "SlotsFound | None":
        """Return what `window` has to offer; None where it is over before `earliest`.

        The events `but_not` do not count: they are about to be moved.
        """
        start, end = max(window.start, self.earliest), window.end
        if start >= end:
            return None
        around = Interval(start - self.request.buffer_before, end + self.request.buffer_after)
        busy = await read_busy(org, self.calendars, around)
        for each, blocks in busy.blocks.items():
            busy.blocks[each] = [block for block in blocks if block.event_id not in but_not]
        searched = Interval(start, end) if busy.until is None else Interval(start, max(busy.until, start + _INSTANT))
        working = [calendar for calendar in self.calendars if calendar.is_person] or self.calendars
        within = dict.fromkeys(tuple(self.hours.of_calendar(calendar).within(searched)) for calendar in working)
        return SlotsFound(self, busy, [*within])


_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class SlotsFound:
    """What a window has to offer; `working` has the hours of each person, and a slot lies in all of them."""

    search: SlotSearch
    busy: Busy
    working: Sequence[Sequence[Interval]]

    def starts(self) -> Iterable[datetime]:
        """Yield, in order, every start at which a slot is free."""
        free = free_time(self._taken().values(), self.working, self.search.request)
        return starts(free, self.search.request)

    def reason(self) -> str:
        """Say why there is no slot."""
        found = obstacles(self._taken(), self.working, self.search.request)
        if not found.working:
            together = " that they all share" if len(self.working) > 1 else ""
            return f"There are no working hours{together} in the window."
        names = {calendar.id: calendar.name for calendar in self.search.calendars}
        said = [f"Of {_spoken(found.working)} of working hours"]
        blocked = [f"{names[each]} blocks {_spoken(length)}" for each, length in found.blocked.items()]
        said.append(", ".join(blocked[:_NAMED_OBSTACLES]) or "nothing is taken")
        if found.decisive and len(names) > 1:
            said.append(f"without {' or '.join(names[each] for each in found.decisive)} there would be times")
        return f"{said[0]} {'; '.join(said[1:])}. The longest free stretch is {_spoken(found.longest)}."

    def _taken(self) -> dict[str, list[Interval]]:
        return {each: [block.interval for block in blocks] for each, blocks in self.busy.blocks.items()}


def _spoken(length: timedelta) -> str:
    hours, minutes = divmod(int(length.total_seconds()) // 60, 60)
    parts = [f"{hours} h"] if hours else []
    return " ".join(parts + [f"{minutes} min"] * bool(minutes or not hours))
