"""Appointments counted, and the working time that they take."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field

from mcp_salesforce.appointments.busy import Calendar
from mcp_salesforce.appointments.counting import Counted, Key, Tally, Use, day_in, in_order, parts_of, tallied, used
from mcp_salesforce.appointments.hours import hours_of
from mcp_salesforce.appointments.intervals import Interval
from mcp_salesforce.appointments.outcomes import OUTCOMES
from mcp_salesforce.appointments.spans import Span, span_in
from mcp_salesforce.appointments.times import Window, window_of
from mcp_salesforce.salesforce.errors import refused
from mcp_salesforce.salesforce.literals import quote_list
from mcp_salesforce.tools.answers.budgets import cut_to_fit
from mcp_salesforce.tools.answers.results import Rows
from mcp_salesforce.tools.framework.params import TimeZone
from mcp_salesforce.tools.framework.session import OrgSession
from mcp_salesforce.tools.framework.toolset import READS, ToolContext, org_of
from mcp_salesforce.tools.insight.grouping import OUTCOME, OWNER, ROOM, Grouping, grouping_of
from mcp_salesforce.tools.insight.toolset import insight
from mcp_salesforce.tools.lookups.busy_records import MOST_EVENTS, read_busy
from mcp_salesforce.tools.lookups.calendars import calendars_of, zones_of
from mcp_salesforce.tools.lookups.event_conditions import beginning_in, reaches_archived
from mcp_salesforce.tools.lookups.keyset_pages import NOT_DELETED
from mcp_salesforce.tools.lookups.working_hours import work_times

_LONGEST: Final = timedelta(days=366 * 2)
_FIELDS: Final = ("Id", "StartDateTime", "EndDateTime", "IsAllDayEvent", "ActivityDate", "OwnerId")
_CALENDAR: Final = "023"
_MOST_ZONES: Final = 3  # people whom a note names
_MOST_EMPTY: Final = 200  # rows up to which calendars without appointments are listed
_HOUR: Final = timedelta(hours=1)
_ROOMS: Final = "SELECT Id, Name FROM Calendar WHERE Type IN ('Public','Resource') LIMIT 2000"


def _hours_text(text: str) -> str:
    if text:
        hours_of(text)
    return text


@insight.tool(
    READS,
    title="Count appointments",
    hint="report, statistics: how many meetings or visits per person, week or month, no-show rate, utilisation",
    example={"start": "2026-11-23", "end": "2026-11-29", "by": ["owner"]},
)
async def count_appointments(
    ctx: ToolContext,
    start: Annotated[str, Field(description="Time, or a date for the start of that day")],
    end: Annotated[str, Field(description="Time, or a date for the end of that day")],
    by: Annotated[
        tuple[str, ...],
        Field(
            min_length=1,
            max_length=4,
            description="owner, room, day, week (ISO), month, outcome, type, or a field of Event",
        ),
    ],
    *,
    calendars: Annotated[
        tuple[str, ...], Field(max_length=50, description='Only of these users and rooms: name or Id; "me"')
    ] = (),
    utilisation: Annotated[
        bool, Field(description="Add the share of working hours in use, with invitations; needs owner or room in by")
    ] = False,
    working_hours: Annotated[
        str,
        Field(description=("For utilisation, in the format of salesforce_find_free_times")),
        AfterValidator(_hours_text),
    ] = "",
    time_zone: TimeZone = "",
) -> Rows:
    """Count the appointments that start between start and end, each once (no invitees' copies), and their hours.

    no_show_rate: share of the appointments that have begun and were not cancelled. Counts only what you can see.
    """
    org = org_of(ctx)
    zone = await org.zone(time_zone)
    window = _window(start, end, zone, is_local=bool(time_zone))
    grouping = await grouping_of(org, by)
    only = await calendars_of(org, calendars) if calendars else []
    report = _Report(org, zone, window, grouping, only, is_zone_asked=bool(time_zone))
    tallies = await report.tallies()
    uses = await report.uses(working_hours, [*tallies]) if utilisation else {}
    return await report.rows(tallies, uses)


def _window(start: str, end: str, zone: ZoneInfo, *, is_local: bool) -> Window:
    window = window_of(start, end, zone, local=zone if is_local else None)
    if window.start is None or window.end is None:
        raise refused("start and end are required.", hint="Give a date or a time for each.", fields=["start", "end"])
    if window.end - window.start > _LONGEST:
        raise refused("The window is longer than two years.", hint="Use at most two years.", fields=["end"])
    return window


@dataclass(slots=True)
class _Report:
    """What one call counts."""

    org: OrgSession
    zone: ZoneInfo
    window: Window
    grouping: Grouping
    only: Sequence[Calendar]
    is_zone_asked: bool
    total: int = 0
    partly_seen: Sequence[str] = ()
    owners: set[str] = field(default_factory=set)
    about_hours: str = ""

    async def tallies(self) -> dict[Key, Tally]:
        """Read the events and count them."""
        rooms = await self._rooms()
        wanted = {calendar.id for calendar in self.only}
        counted = []
        for event in await self._events():
            span, places = span_in(event), rooms.get(event["Id"], [])
            if str(event.get("OwnerId")).startswith(_CALENDAR):
                places = [*dict.fromkeys([event["OwnerId"], *places])]
            if span is None or (wanted and not wanted & {event.get("OwnerId"), *places}):
                continue
            places = [place for place in places if not wanted or place in wanted] if self._is_of_rooms else places
            counted.append(self._counted(event, span, places))
            self.owners.add(event["OwnerId"])
        self.total = len(counted)
        return tallied(counted)

    def _counted(self, event: Mapping[str, Any], span: Span, places: Sequence[str]) -> Counted:
        day = span.start.date() if span.all_day else day_in(span.start, self.zone)
        now = self.org.now()
        return Counted(
            self.grouping.keys_of(event, day, places, self.org.outcome_fields),
            self.org.outcome_fields.outcome_in(event),
            has_begun=day <= day_in(now, self.zone) if span.all_day else span.start <= now,
            length=timedelta() if span.all_day else span.end - span.start,
        )

    @property
    def _is_of_rooms(self) -> bool:
        return any(not calendar.is_person for calendar in self.only)

    async def _events(self) -> list[dict[str, Any]]:
        told = [self.org.outcome_fields.status or "Subject", *self.grouping.fields]
        fields = dict.fromkeys([*_FIELDS, *await self.org.shown("Event", list(dict.fromkeys(told)))])
        conditions = ["IsChild = false", *beginning_in(self.window)]
        if self.only and not self._is_of_rooms:
            conditions.append(f"OwnerId IN {quote_list([calendar.id for calendar in self.only])}")
        return await self._read(", ".join(fields), "Event", conditions)

    async def _rooms(self) -> dict[str, list[str]]:
        """Return the rooms of each event, by Id, where they are asked for."""
        if ROOM not in self.grouping.by and not self._is_of_rooms:
            return {}
        for record in (await self.org.client.queries.query(_ROOMS)).records:
            self.grouping.name(ROOM, record["Id"], record.get("Name") or record["Id"])
        places = quote_list([*self.grouping.names.get(ROOM, {}), *(each.id for each in self.only)] or [""])
        conditions = [f"RelationId IN {places}", "Status != 'Declined'", *beginning_in(self.window, "Event.")]
        found: dict[str, list[str]] = {}
        for relation in await self._read("EventId, RelationId", "EventRelation", conditions):
            found.setdefault(relation["EventId"], []).append(relation["RelationId"])
        return found

    async def _read(self, fields: str, source: str, conditions: Sequence[str]) -> list[dict[str, Any]]:
        is_old = reaches_archived(self.window, self.org.now())
        where = " AND ".join([*conditions, *([NOT_DELETED] if is_old else [])])
        found: list[dict[str, Any]] = []
        soql = f"SELECT {fields} FROM {source} WHERE {where}"  # noqa: S608 - SOQL, values quoted
        async for page in self.org.client.queries.pages(soql, query_all=is_old):
            found += page.records
            if len(found) > MOST_EVENTS:
                raise refused(
                    f"The window has more than {MOST_EVENTS:,} appointments. None was counted.",
                    hint="Use a shorter window or fewer calendars.",
                    fields=["end"],
                )
        return found

    async def uses(self, working_hours: str, keys: Sequence[Key]) -> dict[Key, Use]:
        """Return how much of the working time is taken, by key."""
        by = self.grouping.by
        is_of_rooms = bool(self.only) and not any(calendar.is_person for calendar in self.only)
        which = ROOM if ROOM in by or (OWNER not in by and is_of_rooms) else OWNER
        if {*by} - {which, self.grouping.period}:
            raise refused(
                "Utilisation can be counted only by owner or room, and by period.",
                hint="Use by with owner or room, and optionally day, week or month. Count the rest in another call.",
                fields=["by", "utilisation"],
            )
        whole = Interval(self.window.start, self.window.end)  # type: ignore[arg-type]  # both were checked
        people = await self._calendars(which, keys)
        work = await work_times(self.org, people, whole, working_hours)
        hours, self.about_hours = work.hours, work.within(whole, self.zone).note
        busy = await read_busy(self.org, people, whole) if people else None
        if busy and busy.until:
            raise refused("There are too many events to calculate the working time.", hint="Use a shorter window.")
        self.partly_seen = [each.name for each in people if busy and busy.visibility[each.id] != "full"]
        uses: dict[Key, Use] = {}
        for calendar in people:
            blocks = [block.interval for block in busy.blocks[calendar.id]] if busy else []
            period = self.grouping.period
            parts = [*parts_of(whole, self.zone, period)] if period else [("", whole)]
            for name, use in used(blocks, hours.of_calendar(calendar).within(whole), parts).items():
                key = tuple(calendar.id if each == which else name for each in by)
                uses[key] = uses.get(key, Use()) + use
            self.grouping.name(which, calendar.id, calendar.name)
        return uses

    async def _calendars(self, which: str, keys: Sequence[Key]) -> list[Calendar]:
        """Return the calendars to count hours of: those asked for, or else those where appointments were found."""
        if self.only:
            return [calendar for calendar in self.only if calendar.is_person == (which == OWNER)]
        if which not in self.grouping.by:
            raise refused(
                "Utilisation needs calendars.", hint=("Add owner or room to by, or give calendars."), fields=["by"]
            )
        place = self.grouping.by.index(which)
        ids = list(dict.fromkeys(key[place] for key in keys))
        wanted = [each for each in ids if each and each.startswith(_CALENDAR) == (which == ROOM)]
        return await calendars_of(self.org, wanted) if wanted else []

    async def rows(self, tallies: Mapping[Key, Tally], uses: Mapping[Key, Use]) -> Rows:
        """Return the answer."""
        keys = in_order({*tallies, *uses, *self._asked_for()})
        told = OUTCOME not in self.grouping.by and any(tally.outcomes for tally in tallies.values())
        columns = [*self.grouping.by, "appointments", "hours"]
        columns += [*OUTCOMES, "no_show_rate"] if told else []
        columns += ["working_hours", "taken_hours", "utilisation"] if uses else []
        rows: list[list[Any]] = []
        for key, names in zip(keys, self.grouping.shown(keys), strict=True):
            tally = tallies.get(key, Tally())
            row: list[Any] = [*names, tally.appointments, _hours(tally.length)]
            row += [*(tally.outcomes[outcome] for outcome in OUTCOMES), tally.no_show_rate] if told else []
            if uses:
                use = uses.get(key)
                row += [_hours(use.working), _hours(use.taken), use.share] if use else [None] * 3
            rows.append(row)
        answer: Rows = {"columns": columns, "rows": rows, "time_zone": self.zone.key, "total": self.total}
        shown = [name for name in self.grouping.fields if name]
        answer["rows"] = answer["rows"][: await self.org.most_records("Event", max(len(rows), 1), shown or ("Id",))]
        cut_to_fit(answer, self.org.max_answer_bytes)
        if len(answer["rows"]) < len(rows):
            answer["left_out"] = len(rows) - len(answer["rows"])
        unseen = (
            f"You cannot see all appointments of {', '.join(self.partly_seen)}: more of the time may be taken."
            if self.partly_seen
            else ""
        )
        if note := " ".join(filter(None, [unseen, self.about_hours, await self._other_zones()])):
            answer["note"] = note
        return answer

    def _asked_for(self) -> list[Key]:
        """Return the keys of the calendars that were asked for, by period: one without appointments has a row too."""
        which = ROOM if self._is_of_rooms else OWNER
        if not self.only or {*self.grouping.by} - {which, self.grouping.period} or which not in self.grouping.by:
            return []
        whole = Interval(self.window.start, self.window.end)  # type: ignore[arg-type]  # both were checked
        period = self.grouping.period
        names = [name for name, _ in parts_of(whole, self.zone, period)] if period else [""]
        asked = [each for each in self.only if each.is_person == (which == OWNER)]
        if len(asked) * len(names) > _MOST_EMPTY:
            return []
        for each in asked:
            self.grouping.name(which, each.id, each.name)
        return [tuple(each.id if by == which else name for by in self.grouping.by) for each in asked for name in names]

    async def _other_zones(self) -> str:
        """Say whose days are others than those that are counted by: owners with another clock than the report."""
        if self.is_zone_asked or not self.grouping.period:
            return ""
        edges = [each for each in (self.window.start, self.window.end) if each]
        here = [edge.astimezone(self.zone).utcoffset() for edge in edges]
        others = {
            name: zone.key
            for name, zone in (await zones_of(self.org, sorted(self.owners))).items()
            if [edge.astimezone(zone).utcoffset() for edge in edges] != here
        }
        if not others:
            return ""
        named = [f"{name} is in {zone}" for name, zone in [*others.items()][:_MOST_ZONES]]
        more = [f"{len(others) - _MOST_ZONES} more are elsewhere"] if len(others) > _MOST_ZONES else []
        return f"Each {self.grouping.period} is one of {self.zone.key}; {', '.join([*named, *more])}."


def _hours(length: timedelta) -> float:
    hours = round(length / _HOUR, 2)
    return int(hours) if hours == int(hours) else hours
