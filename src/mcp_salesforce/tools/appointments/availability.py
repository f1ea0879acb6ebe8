"""Who is busy when, and when everybody is free."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Final, NotRequired
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field
from typing_extensions import TypedDict

from mcp_salesforce.appointments.busy import Block, Calendar
from mcp_salesforce.appointments.hours import hours_of
from mcp_salesforce.appointments.intervals import Interval
from mcp_salesforce.appointments.openings import spread
from mcp_salesforce.appointments.slots import SlotRequest
from mcp_salesforce.appointments.times import local_text, utc_text, weekday, window_of
from mcp_salesforce.salesforce.errors import refused
from mcp_salesforce.tools.answers.budgets import cut_to_fit
from mcp_salesforce.tools.answers.results import Rows
from mcp_salesforce.tools.appointments.slot_search import SlotSearch
from mcp_salesforce.tools.appointments.toolset import appointments
from mcp_salesforce.tools.framework.params import TimeZone
from mcp_salesforce.tools.framework.session import OrgSession
from mcp_salesforce.tools.framework.toolset import READS, ToolContext, org_of
from mcp_salesforce.tools.lookups.busy_records import Busy, read_busy
from mcp_salesforce.tools.lookups.calendars import calendars_of
from mcp_salesforce.tools.lookups.working_hours import work_times

LONGEST_WINDOW: Final = timedelta(days=92)
LOOK_AHEAD: Final = timedelta(days=28)
_BUSY_COLUMNS: Final = ("calendar", "weekday", "start", "end", "Subject")
_SLOT_COLUMNS: Final = ("weekday", "start", "end", "start.utc")
_CLOCKS_GO_BACK: Final = timedelta(hours=1)
_INSTANT: Final = timedelta(microseconds=1)


class SeenCalendar(TypedDict):
    """A calendar that was asked for; `partial` and `unknown` ones may hold more than can be seen.

    A person has a time zone; a resource is where the people are.
    """

    Id: str
    name: str
    visibility: str
    time_zone: NotRequired[str]
    error: NotRequired[str]


class FreeBusy(Rows):
    """What is busy, calendar by calendar."""

    calendars: list[SeenCalendar]
    warning: NotRequired[str]


class AppointmentTimes(Rows):
    """Times to offer, or why there are none."""

    calendars: list[SeenCalendar]
    note: NotRequired[str]
    reason: NotRequired[str]
    next_opening: NotRequired[str]
    warning: NotRequired[str]


def _hours_text(text: str) -> str:
    if text:
        hours_of(text)
    return text


CalendarNames = Annotated[
    tuple[Annotated[str, Field(min_length=1)], ...],
    Field(min_length=1, max_length=50, description='Users and resources (rooms): name, e-mail or Id; "me"'),
]
From = Annotated[str, Field(description="Time, or a date (2026-11-24) for the start of that day")]
Until = Annotated[str, Field(description="Time, or a date for the end of that day; at most 92 days after start")]


@appointments.tool(
    READS,
    title="Get free and busy times",
    hint="availability of people and rooms in the calendar: who is free or busy when",
    example={"calendars": ["me"], "start": "2026-11-24", "end": "2026-11-27"},
    is_long=True,
    view="agenda",
)
async def get_free_busy(
    ctx: ToolContext, calendars: CalendarNames, start: From, end: Until, time_zone: TimeZone = ""
) -> FreeBusy:
    """List the busy times of calendars. Other times are free only if the calendar's visibility is full.

    To find times to offer, use salesforce_find_free_times.
    """
    org = org_of(ctx)
    everybody = await calendars_of(org, calendars)
    zone = await org.zone(time_zone)
    window = _window(start, end, zone, is_local=bool(time_zone))
    busy = await read_busy(org, everybody, window)
    blocks = ((block, calendar) for calendar in everybody for block in busy.blocks[calendar.id])
    taken = sorted(
        (entry for entry in blocks if entry[0].interval.overlaps(window)),  # days are read as of every zone
        key=lambda entry: entry[0].interval.start,
    )
    answer: FreeBusy = {
        "columns": [*_BUSY_COLUMNS],
        "rows": [_busy_row(block, calendar, zone) for block, calendar in taken],
        "time_zone": zone.key,
        "calendars": _seen(everybody, busy),
    }
    answer["rows"] = answer["rows"][: await org.most_records("Event", len(taken))]
    kept = cut_to_fit(answer, org.max_answer_bytes)
    until = taken[kept][0].interval.start if kept < len(taken) else busy.until
    if until:
        answer["warning"] = f"The list ends at {local_text(until, zone)}. Repeat the call with that time as start."
    return answer


@appointments.tool(
    READS,
    title="Find free times",
    hint="free slots, openings: when can we meet, find a time for a meeting or booking",
    example={"calendars": ["me"], "duration_minutes": 30, "start": "2026-11-24", "end": "2026-11-27"},
    former_name="salesforce_find_appointment_times",
    view="free",
)
async def find_free_times(  # noqa: PLR0913 - what one can ask of a time
    ctx: ToolContext,
    calendars: CalendarNames,
    duration_minutes: Annotated[int, Field(ge=1, le=1440)],
    start: From,
    end: Until,
    *,
    time_zone: TimeZone = "",
    working_hours: Annotated[
        str,
        Field(
            description='Such as "Mon-Fri 09:00-12:00,13:00-17:00; Sat 10:00-14:00", in each person\'s own time zone '
            'unless a zone follows; default: their office hours; at any hour: "Mon-Sun 00:00-24:00". Excludes the '
            'org\'s holidays unless it ends in "including holidays"'
        ),
        AfterValidator(_hours_text),
    ] = "",
    buffer_minutes: Annotated[int, Field(ge=0, le=1440, description="Free time needed before and after")] = 0,
    notice_minutes: Annotated[int, Field(ge=0, description="Earliest start, in minutes from now")] = 0,
    limit: Annotated[int, Field(ge=1, le=50)] = 5,
) -> AppointmentTimes:
    """Find times when all the calendars are free within working hours: the earliest, spread over several days.

    Offer them exactly as returned. If there is none, the answer gives the reason and the next free time after end.
    """
    org = org_of(ctx)
    everybody = await calendars_of(org, calendars)
    zone = await org.zone(time_zone)
    window = _window(start, end, zone, is_local=bool(time_zone))
    buffer = timedelta(minutes=buffer_minutes)
    work = await work_times(org, everybody, Interval(window.start, window.end + LOOK_AHEAD), working_hours)
    search = SlotSearch(
        everybody,
        work.hours,
        SlotRequest(timedelta(minutes=duration_minutes), buffer_before=buffer, buffer_after=buffer),
        earliest=org.now() + timedelta(minutes=notice_minutes),
    )
    found = await search.run(org, window)
    if found is None:
        soonest = local_text(search.earliest, zone)
        raise refused(f"The window ends before {soonest}, the earliest possible start.", hint="Give a later end.")
    slots = spread(found.starts(), search.request.length, limit, zone)
    answer: AppointmentTimes = {
        "columns": [*_SLOT_COLUMNS],
        "rows": [_slot_row(slot, search.request.length, zone) for slot in slots],
        "time_zone": zone.key,
        "calendars": _seen(everybody, found.busy),
    }
    if not slots:
        answer["reason"] = found.reason()
        answer["next_opening"] = await _next(org, search, window, zone)
    if warning := _warning(everybody, found.busy, zone):
        answer["warning"] = warning
    if note := work.within(window, zone).note:
        answer["note"] = note
    return answer


async def _next(org: OrgSession, search: SlotSearch, window: Interval, zone: ZoneInfo) -> str:
    """Return the first opening after a window that has none."""
    after = Interval(max(window.start, window.end - search.request.length), window.end + LOOK_AHEAD)
    found = await search.run(org, after)
    first = next(iter(found.starts()), None) if found else None
    if first is None:
        return f"none until {local_text(after.end, zone)}"
    return f"{weekday(first.astimezone(zone).date())} {local_text(first, zone)}"


def _window(start: str, end: str, zone: ZoneInfo, *, is_local: bool) -> Interval:
    """Return the window that a call names."""
    window = window_of(start, end, zone, local=zone if is_local else None)
    if window.start is None or window.end is None:
        raise refused("start and end are required.", hint="Give a date or a time for each.", fields=["start", "end"])
    if window.end - window.start > LONGEST_WINDOW + _CLOCKS_GO_BACK:
        days = -((window.start - window.end) // timedelta(days=1))
        raise refused(f"The window is {days} days long.", hint=f"Use at most {LONGEST_WINDOW.days}.", fields=["end"])
    return Interval(window.start, window.end)


def _seen(calendars: Sequence[Calendar], busy: Busy) -> list[SeenCalendar]:
    seen: list[SeenCalendar] = []
    for calendar in calendars:
        entry: SeenCalendar = {"Id": calendar.id, "name": calendar.name, "visibility": busy.visibility[calendar.id]}
        if calendar.is_person:
            entry["time_zone"] = calendar.zone.key
        if error := busy.errors.get(calendar.id):
            entry["error"] = error.code
        seen.append(entry)
    return seen


def _warning(calendars: Sequence[Calendar], busy: Busy, zone: ZoneInfo) -> str:
    """Say what the times do not rest on."""
    unseen = [calendar.name for calendar in calendars if busy.visibility[calendar.id] == "unknown"]
    said = [f"You cannot see the calendar of {', '.join(unseen)}. Ask them whether they are free."] if unseen else []
    if busy.until:
        said.append(f"There are too many events: nothing after {local_text(busy.until, zone)} was checked.")
    return " ".join(said)


def _busy_row(block: Block, calendar: Calendar, zone: ZoneInfo) -> list[str]:
    start, end = block.interval.start, block.interval.end
    if block.all_day:
        first, last = start.astimezone(calendar.zone).date(), (end - _INSTANT).astimezone(calendar.zone).date()
        return [calendar.name, weekday(first), first.isoformat(), last.isoformat(), block.subject]
    local = start.astimezone(zone)
    return [calendar.name, weekday(local.date()), local_text(start, zone), local_text(end, zone), block.subject]


def _slot_row(start: datetime, length: timedelta, zone: ZoneInfo) -> list[str]:
    day = start.astimezone(zone).date()
    return [weekday(day), local_text(start, zone), local_text(start + length, zone), utc_text(start)]
