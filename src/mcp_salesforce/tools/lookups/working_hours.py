"""When people work: by a call, the settings, a field of User, or the org's business hours; and its holidays.

No field of the API tells which business hours a holiday is of, so every holiday counts for everybody.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final, TypeAlias
from zoneinfo import ZoneInfo

from mcp_salesforce.appointments.busy import Calendar
from mcp_salesforce.appointments.holidays import holidays_of, named
from mcp_salesforce.appointments.hours import Hours, hours_from, hours_of
from mcp_salesforce.appointments.intervals import Interval
from mcp_salesforce.appointments.times import TimeError
from mcp_salesforce.salesforce import SalesforceError
from mcp_salesforce.salesforce.api.queries import querying, records_in
from mcp_salesforce.salesforce.literals import quote, quote_list
from mcp_salesforce.tools.framework.session import OrgSession

Records: TypeAlias = Sequence[Mapping[str, Any]]
_REMEMBERED: Final = timedelta(hours=1)
_OF_A_USER: Final = " FROM User "
_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_HOLIDAYS: Final = (
    "SELECT Name, IsAllDay, ActivityDate, StartTimeInMinutes, EndTimeInMinutes, IsRecurrence, RecurrenceStartDate, "
    "RecurrenceEndDateOnly, RecurrenceType, RecurrenceInterval, RecurrenceDayOfWeekMask, RecurrenceDayOfMonth, "
    "RecurrenceInstance, RecurrenceMonthOfYear FROM Holiday LIMIT 2000"
)


@dataclass(frozen=True, slots=True)
class WorkTimes:
    """When calendars can be booked, and sentences about it: holidays of the window, and hours that cannot be read."""

    hours: Hours
    notes: Sequence[str] = ()

    @property
    def note(self) -> str:
        """The sentences; empty for none."""
        closed = [] if self.hours.with_holidays else self.hours.holidays
        said = [f"Holidays of the org are left out: {named(closed)}."] if closed else []
        return " ".join([*said, *self.notes])

    def within(self, window: Interval, zone: ZoneInfo) -> "WorkTimes":
        """Return the same with the holidays alone that a window has on the clock of `zone`."""
        taken = [(each, each.taken(zone)) for each in self.hours.holidays]
        touching = [each for each, time in taken if time and time.overlaps(window)]
        return WorkTimes(replace(self.hours, holidays=touching), self.notes)


async def work_times(org: OrgSession, calendars: Sequence[Calendar], window: Interval, text: str = "") -> WorkTimes:
    """Return when calendars can be booked in a window: by the `text` of a call, or else by the settings.

    One call reads what the org tells. Where it tells nothing, office hours and no holidays remain.
    """
    hours = hours_of(text) if text else org.working_hours
    asking = {"holidays": _HOLIDAYS, **_asking(hours, calendars)}
    found = dict(zip(asking, await _read(org, [*asking.values()]), strict=True))
    holidays = holidays_of(found["holidays"] or (), window)
    notes: list[str] = []
    if "hours" in asking:
        kept = next((hours_from(record) for record in found["hours"] or ()), None)
        hours = replace(hours, spans=kept.spans) if kept else hours
        notes += [] if kept else ["The org's business hours were not found, or are all day: office hours count."]
    if "users" in asking:
        own, unread = _of_users(found["users"] or (), hours.user_field)
        hours = replace(hours, of_users={**own, **hours.of_users})
        notes += [f"The working hours of {', '.join(unread)} cannot be read: the general ones count."] if unread else []
        notes += [f"User.{hours.user_field} cannot be read: the general hours count."] if found["users"] is None else []
    return WorkTimes(replace(hours, holidays=holidays), notes)


def _asking(hours: Hours, calendars: Sequence[Calendar]) -> Mapping[str, str]:
    """Return the queries for what the hours leave to the org."""
    asking: dict[str, str] = {}
    if hours.business_hours is not None:
        which = f"Name = {quote(hours.business_hours)}" if hours.business_hours else "IsDefault = true"
        times = ", ".join(f"{day}StartTime, {day}EndTime" for day in _DAYS)
        asking["hours"] = f"SELECT {times} FROM BusinessHours WHERE {which} AND IsActive = true LIMIT 1"  # noqa: S608
    people = [calendar.id for calendar in calendars if calendar.is_person]
    if hours.user_field and people:
        where = f"Id IN {quote_list(people)}"
        asking["users"] = f"SELECT Id, Name, {hours.user_field} FROM User WHERE {where}"  # noqa: S608 - a checked name
    return asking


def _of_users(records: Sequence[Mapping[str, Any]], name: str) -> tuple[dict[str, Hours], list[str]]:
    """Return the hours of users by Id, and the names of those whose hours cannot be read."""
    own: dict[str, Hours] = {}
    unread: list[str] = []
    for record in records:
        value = next((each for field, each in record.items() if field.casefold() == name.casefold()), None)
        if not value:
            continue
        try:
            own[str(record.get("Id")).casefold()] = hours_of(str(value).partition("|")[0])
        except TimeError:
            unread.append(str(record.get("Name") or record.get("Id")))
    return own, unread


async def _read(org: OrgSession, queries: Sequence[str]) -> Sequence[Records | None]:
    """Return the records that each query finds; None where the org or a policy refuses it.

    What is of the whole org is remembered for an hour.
    """
    oldest = org.now() - _REMEMBERED
    known = {soql: found for soql, (at, found) in org.work_records.items() if at >= oldest}
    unknown = [soql for soql in queries if soql not in known]
    read = dict(zip(unknown, await _asked(org, unknown), strict=True)) if unknown else {}
    for soql, found in read.items():
        if found is not None and _OF_A_USER not in soql:
            org.work_records[soql] = org.now(), found
    return [(known | read)[soql] for soql in queries]


async def _asked(org: OrgSession, queries: Sequence[str]) -> Sequence[Records | None]:
    if not org.is_guarded:
        try:
            return [*_found(await org.client.composite.run([querying(soql) for soql in queries]))]
        except SalesforceError:
            return [None] * len(queries)
    outcomes: list[object] = []
    for soql in queries:  # a policy refuses a call for what one of its queries reads
        try:
            outcomes.append((await org.client.queries.query(soql)).records)
        except SalesforceError as error:
            outcomes.append(error)
    return [each if isinstance(each, list) else None for each in outcomes]


def _found(outcomes: Sequence[object]) -> Iterator[Records | None]:
    for outcome in outcomes:
        try:
            yield records_in(outcome)
        except SalesforceError:
            yield None
