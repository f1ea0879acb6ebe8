"""Taking time: what an appointment would overlap, whether it is there already, and who was faster.

Salesforce does not prevent double bookings and has no lock for them. So there is a look before the write, which
refuses, and one after it, in a call of its own: of two writers at the same time, the one whose record came second sees
the other.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

from pydantic import Field

from mcp_salesforce.appointments.busy import Calendar, taken
from mcp_salesforce.appointments.conflicts import Conflict, conflicts_with, hull, spoken
from mcp_salesforce.appointments.intervals import Interval
from mcp_salesforce.appointments.slots import SlotRequest
from mcp_salesforce.appointments.spans import Span
from mcp_salesforce.policy.errors import PolicyRefusedError
from mcp_salesforce.salesforce import (
    AccessDeniedError,
    InvalidArgumentError,
    InvalidRequestError,
    SalesforceError,
)
from mcp_salesforce.salesforce.api.queries import querying, records_in
from mcp_salesforce.salesforce.api.sobjects import retrieving
from mcp_salesforce.salesforce.errors import refused
from mcp_salesforce.salesforce.literals import quote
from mcp_salesforce.tools.answers.errors import marked
from mcp_salesforce.tools.appointments.slot_search import SlotSearch
from mcp_salesforce.tools.framework.parent_names import naming, with_names
from mcp_salesforce.tools.framework.session import OrgSession
from mcp_salesforce.tools.lookups.busy_records import Busy, read_busy
from mcp_salesforce.tools.lookups.calendars import ME, calendars_of
from mcp_salesforce.tools.lookups.event_conditions import NO_PATTERNS
from mcp_salesforce.tools.lookups.working_hours import work_times

_OFFERS_BEFORE: Final = timedelta(days=3)
_OFFERS_AFTER: Final = timedelta(days=7)
_LONGEST_OFFERED: Final = timedelta(days=1)
_NAMED: Final = 2  # double bookings
_ROOM: Final = 120  # characters that an error has for what is in the way
NAMES: Final = ("Who.Name", "What.Name", "Owner.Name")
_FREE: Final = "Free"
_HAVING_CALENDARS: Final = ("005", "023")
_NOT_READABLE: Final = (PolicyRefusedError, AccessDeniedError, InvalidRequestError)

AllowConflict = Annotated[bool, Field(description="Book even if the time is taken")]


def having_calendars(invitees: Sequence[str]) -> list[str]:
    """Return the Ids of users and resources: contacts and leads have no calendar."""
    return [invitee for invitee in invitees if invitee.startswith(_HAVING_CALENDARS)]


@dataclass
class Booking:
    """An appointment that is about to be saved, or a series: whose time it takes, and when.

    Attributes:
        org: Where it is saved.
        values: The fields it will have, beside its time.
        spans: Its time, or those of a series.
        calendars: The owner's, first, and those of invited users and resources.
        own: Its Id, or those of a series, once there are any.
        was: Its time before, where it is moved.
        subjects: Subjects that copies of it may have, beside its own.
        seen: Conflicts that the look before the write found.
        unchecked: A sentence that says why the check was not possible, if so; the appointment is saved anyway.
    """

    org: OrgSession
    values: Mapping[str, Any]
    spans: Sequence[Span]
    calendars: Sequence[Calendar]
    own: set[str] = field(default_factory=set)
    was: Sequence[Span] = ()
    subjects: Collection[str] = ()
    seen: set[str] = field(default_factory=set)
    unchecked: str = ""

    @classmethod
    async def of(
        cls, org: OrgSession, values: Mapping[str, Any], spans: Sequence[Span], invitees: Sequence[str] = ()
    ) -> "Booking":
        """Return the booking of an appointment with these values and times.

        Without `OwnerId` it is the caller's. Of the invitees' Ids, those of users and resources have calendars.
        """
        calendars = await calendars_of(org, [values.get("OwnerId") or ME, *having_calendars(invitees)])
        return cls(org, values, spans, calendars)

    @cached_property
    def window(self) -> Interval | None:
        """The time to look at; None where nothing is taken: it is shown as free, has no length, or is over."""
        return None if self.values.get("ShowAs") == _FREE else hull(self.to_come, self.calendars)

    @cached_property
    def to_come(self) -> list[Span]:
        """Its times that are not over; only these can conflict."""
        now, owner = self.org.now(), self.calendars[0]
        return [span for span in self.spans if (time := taken(span, owner.zone)) and time.end > now]

    async def check(self, zone: ZoneInfo, *, allow_conflict: bool, is_new: bool = True) -> None:
        """Look before the write.

        Args:
            zone: The zone to speak of times in.
            allow_conflict: Whether it may overlap others.
            is_new: Whether it must not be there already; identical ones are never allowed.

        Raises:
            InvalidArgumentError: POSSIBLE_DUPLICATE, APPOINTMENT_CONFLICT.
        """
        twins = [querying(self._twins())] if is_new else []
        try:
            if self.window is None:
                self._refuse_twin(await self.org.client.composite.run(twins) if twins else ())
                return
            busy = await read_busy(self.org, self.calendars, self.window, beside=twins)
            self._refuse_twin(busy.beside)
        except _NOT_READABLE as error:
            self.unchecked = f"The time was not checked for conflicts: {marked(error.code, error.message)}"
            return
        conflicts = self._conflicts(busy)
        if conflicts and not allow_conflict:
            raise await self._refusal(conflicts, zone)
        self.seen = {conflict.block.event_id for conflict in conflicts}

    async def look_again(self, event_id: str, zone: ZoneInfo) -> tuple[dict[str, Any], str]:
        """Look after the write; return the record as it is now, and a warning, or none as a rule.

        The record has the names of its person, record and owner beside their Ids: `Who.Name`.
        """
        self.own |= {event_id}
        names = await self.org.shown("Event", NAMES)
        reading = [retrieving("Event", event_id), *naming("Event", event_id, names)]
        if self.window is None or self.unchecked:
            return with_names(await self.org.client.composite.run(reading)), ""
        busy = await read_busy(self.org, self.calendars, self.window, beside=reading)
        record = with_names(busy.beside)
        others = [conflict for conflict in self._conflicts(busy) if conflict.block.event_id not in self.seen]
        said = [self._overtaken(event_id, others, zone)] if others else []
        return record, " ".join([*said, *self._unseen(busy)])

    def _conflicts(self, busy: Busy) -> list[Conflict]:
        """Return what is in the way: everything but itself and its invitees' copies, which are there once it is."""
        subjects = {"" if self.values.get("IsPrivate") else self.values.get("Subject") or "", *self.subjects}
        copies = {
            (time, subject)
            for calendar in self.calendars
            for span in (*self.spans, *self.was)
            if (time := taken(span, calendar.zone))
            for subject in subjects
        }
        copies_of = copies if self.own else ()
        owner, invitees, blocks = self.calendars[:1], self.calendars[1:], busy.blocks
        found = [
            *conflicts_with(self.to_come, owner, blocks, but_not=self.own),
            *conflicts_with(self.to_come, invitees, blocks, but_not=self.own, copies_of=copies_of),
        ]
        return sorted(found, key=lambda conflict: conflict.block.interval.start)

    def _twins(self) -> str:
        """Return the query for an appointment that is the same in all that tells appointments apart."""
        span = self.spans[0]
        same = {
            "OwnerId": self.calendars[0].id,
            "WhoId": self.values.get("WhoId"),
            "Subject": self.values.get("Subject"),
            "StartDateTime": span.start,
            "EndDateTime": span.end,
            "IsAllDayEvent": span.all_day,
        }
        where = " AND ".join(f"{name} = {quote(value)}" for name, value in same.items())
        return f"SELECT Id FROM Event WHERE {where} AND IsChild = false AND {' AND '.join(NO_PATTERNS)} LIMIT 1"  # noqa: S608

    def _refuse_twin(self, outcomes: Sequence[object]) -> None:
        for outcome in outcomes:
            if records := records_in(outcome):
                raise refused(
                    f"The appointment exists already: {records[0]['Id']} has the same owner, person, time and Subject. "
                    "Nothing was created.",
                    code="POSSIBLE_DUPLICATE",
                    hint="Use the existing one. If the user wants a second one, give it another Subject.",
                )

    async def _refusal(self, conflicts: Sequence[Conflict], zone: ZoneInfo) -> InvalidArgumentError:
        several = any(conflict.calendar.id != self.calendars[0].id for conflict in conflicts)
        told = [conflict.told(zone, with_calendar=several) for conflict in conflicts]
        named = 2 if len(told) > 1 and len(told[0]) + len(told[1]) <= _ROOM else 1
        more = [f"{len(told) - named} more"] if len(told) > named else []
        offers = " or ".join(spoken(start, zone) for start in await self._nearest())
        hint = (
            f"Free: {offers}. Offer these. If the user wants the taken time, set allow_conflict."
            if offers
            else "Choose another time. If the user wants this one, set allow_conflict."
        )
        return refused(
            f"Taken ({zone.key}): {'; '.join([*told[:named], *more])}.", code="APPOINTMENT_CONFLICT", hint=hint
        )

    async def _nearest(self) -> list[Any]:
        """Return the nearest free starts before and after the time that is taken."""
        span = self.spans[0]
        length = span.end - span.start
        if len(self.spans) > 1 or span.all_day or length > _LONGEST_OFFERED:
            return []
        window = Interval(span.start - _OFFERS_BEFORE, span.end + _OFFERS_AFTER)
        try:
            work = await work_times(self.org, self.calendars, window)
            search = SlotSearch(self.calendars, work.hours, SlotRequest(length), earliest=self.org.now())
            found = await search.run(self.org, window, but_not=self.own)
        except SalesforceError:
            return []  # a refusal is not replaced by another error
        starts = list(found.starts()) if found else []
        before = [start for start in starts if start < span.start][-1:]
        after = [start for start in starts if start > span.start][:1]
        return [*before, *after]

    def _overtaken(self, event_id: str, others: Sequence[Conflict], zone: ZoneInfo) -> str:
        named = ", ".join(conflict.told(zone, with_calendar=True) for conflict in others[:_NAMED])
        return (
            f"Double booking: while {event_id} was saved, somebody else booked the same time: {named}. Salesforce "
            "cannot lock a time. Keep one of them, and move or delete the other."
        )

    def _unseen(self, busy: Busy) -> list[str]:
        """Say whose calendar showed nothing but this appointment, and need not be free for that."""
        names = [
            calendar.name
            for calendar in self.calendars
            if busy.visibility[calendar.id] != "full"
            and all(block.event_id in self.own for block in busy.blocks[calendar.id])
        ]
        return [f"You cannot see the calendar of {', '.join(names)}. The time may be taken."] if names else []
