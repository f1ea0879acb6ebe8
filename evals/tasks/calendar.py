"""Appointments of a working day."""

from datetime import datetime, timedelta
from itertools import pairwise

from evals.aftermath import Aftermath, has, moment
from evals.task import Call, Task, World, at, dicts, spoken


def live(after: Aftermath, owner: str) -> list[tuple[datetime, datetime, str]]:
    """Return the appointments of a user: start, end and Id, earliest first."""
    return sorted(
        (moment(each["StartDateTime"]), moment(each["EndDateTime"]), record_id)
        for record_id, each in after.now["Event"].items()
        if each["OwnerId"] == owner and each["StartDateTime"]
    )


def overlapping(agenda: list[tuple[datetime, datetime, str]]) -> list[str]:
    """Return those that begin before the one before them ends."""
    return [later[2] for earlier, later in pairwise(agenda) if later[0] < earlier[1]]


class SickColleague(Task):
    """Four appointments find a new time on one day."""

    number, title, others = 1, "Move the four appointments of a sick colleague", True

    def __init__(self, world: World) -> None:
        self.jonas, self.day = world.user("jonas"), world.day(3)
        clocks = {"09:00": 60, "10:30": 45, "13:00": 60, "15:00": 30}
        ill = world.day(1)
        self.minutes = {
            world.event("jonas", ill, clock, f"Visit {clock}", long): long for clock, long in clocks.items()
        }
        world.event("jonas", self.day, "10:00", "Team meeting", 120)
        world.event("aiko", ill, "09:00", "Visit in Tokyo")
        self.sick_day = ill.isoformat()
        self.request = (
            f"Jonas Brandt is ill on {spoken(ill)}. Move all his appointments of that day to {spoken(self.day)}: any "
            "time between 9 and 17 in Berlin at which he is free, as long as they are now."
        )

    def check(self, after: Aftermath) -> None:
        for record_id in self.minutes:
            after.changed(record_id, StartDateTime=self._is_office_time, EndDateTime=self._is_office_time)
        agenda = live(after, self.jonas)
        lengths = {record_id: end - start for start, end, record_id in agenda}
        kept = {record_id: timedelta(minutes=minutes) for record_id, minutes in self.minutes.items()}
        after.expect(kept.items() <= lengths.items(), "not each is as long as it was")
        after.expect(not overlapping(agenda), f"{overlapping(agenda)} overlap with what is before them")

    def _is_office_time(self, value: str) -> bool:
        return at(self.day, "09:00", "jonas") <= moment(value) <= at(self.day, "17:00", "jonas")

    async def script(self, call: Call) -> str:
        moved = await call(
            "reschedule_appointments",
            action="move",
            owner="Jonas Brandt",
            start=self.sick_day,
            next_free="day",
            not_before=self.day.isoformat(),
            time_zone="Europe/Berlin",
        )
        return f"{moved['done']} appointments were moved."


class BookedVisit(Task):
    """One appointment for a contact in a colleague's calendar."""

    number, title, others = 2, "Book a contact into a colleague's calendar", True

    def __init__(self, world: World) -> None:
        self.marta, self.jonas = (
            world.contact("Marta", "Oliveira", Email="marta.oliveira@example.com"),
            world.user("jonas"),
        )
        world.contact("Marta", "Olivieri")
        self.start = at(world.day(2), "10:00", "jonas")
        self.clock = f"{world.day(2).isoformat()}T10:00:00"
        self.request = (
            f"Book Marta Oliveira with Jonas Brandt on {spoken(world.day(2))} at 10:00 Berlin time, 45 minutes. "
            "The subject is: Contract renewal"
        )

    def check(self, after: Aftermath) -> None:
        after.created(
            "Event",
            Subject=has("contract renewal"),
            WhoId=self.marta,
            OwnerId=self.jonas,
            StartDateTime=self.start,
            EndDateTime=self.start + timedelta(minutes=45),
        )

    async def script(self, call: Call) -> str:
        [marta] = dicts(await call("list_contacts", name="Marta Oliveira"))
        [jonas] = dicts(await call("query", soql="SELECT Id FROM User WHERE Name = 'Jonas Brandt'"))
        data = {
            "Subject": "Contract renewal",
            "WhoId": marta["Id"],
            "OwnerId": jonas["Id"],
            "StartDateTime": self.clock,
            "DurationInMinutes": 45,
            "time_zone": "Europe/Berlin",
        }
        booked = await call("create_appointment", data=data)
        return f"Booked for {booked['start']['weekday']}, {booked['start']['local']}."


class SeriesWithHoliday(Task):
    """A series with a day left out and one moved."""

    number, title, most_calls = 3, "Plan a series with a holiday and one moved, and end it", 5

    def __init__(self, world: World) -> None:
        self.nora = world.user("nora")
        days = [world.day(2 + 7 * week) for week in range(6)]
        self.first, self.holiday, self.moved = days[0], days[1], days[3]
        kept = [each for each in days if each not in (self.holiday, self.moved)]
        self.starts = {at(day, "09:30") for day in kept} | {at(self.moved + timedelta(days=1), "11:00")}
        self.to = self.moved + timedelta(days=1)
        self.request = (
            f"Put a team review into my calendar, every Wednesday from {spoken(self.first)} to {spoken(days[-1])}, "
            f"9:30 to 10:00 New York time. Leave out {spoken(self.holiday)}, a holiday. The one of "
            f"{spoken(self.moved)} is on {spoken(self.to)} at 11:00 instead. Each is called: Team review"
        )

    def check(self, after: Aftermath) -> None:
        while after.created_if_any("Event", Subject=has("team review"), OwnerId=self.nora):
            pass
        reviews = [each for each in after.now["Event"].values() if "team review" in each["Subject"].casefold()]
        starts = [moment(each["StartDateTime"]) for each in reviews]
        after.expect(sorted(starts) == sorted(self.starts), f"the reviews are at {sorted(map(str, starts))}")
        lengths = {moment(each["EndDateTime"]) - moment(each["StartDateTime"]) for each in reviews}
        after.expect(lengths == {timedelta(minutes=30)}, "not each review has 30 minutes")

    async def script(self, call: Call) -> str:
        one = {"Subject": "Team review", "DurationInMinutes": 30, "time_zone": "America/New_York"}
        rule = {"Recurrence2PatternText": "FREQ=WEEKLY;BYDAY=WE;COUNT=6"}
        await call("create_appointment", data=one | rule | {"StartDateTime": f"{self.first.isoformat()}T09:30:00"})
        listed = await call("list_appointments", start=self.first.isoformat(), end=self.to.isoformat(), limit=50)
        away = (self.holiday.isoformat(), self.moved.isoformat())
        ids = [{"Id": row["Id"]} for row in dicts(listed) if row["start.local"].startswith(away)]
        await call("reschedule_appointments", action="delete", appointments=ids)
        await call("create_appointment", data=one | {"StartDateTime": f"{self.to.isoformat()}T11:00:00"})
        return "The series is in your calendar."


class ThreePeopleAndARoom(Task):
    """One hour at which everybody and the room are free."""

    number, title = 9, "Find a time for three people and a room, and book it"

    def __init__(self, world: World) -> None:
        self.room = world.named("Calendar", "Harbour Room")
        self.people = [world.user(name) for name in ("nora", "jonas", "aiko")]
        self.day = world.day(3)
        for clock, hours in (("08:00", 2), ("11:00", 7)):
            world.event("nora", self.day, clock, "Taken", hours * 60)
        self.request = (
            f"Book an hour called 'Kick-off' for Jonas Brandt, Aiko Sunada and me in the Harbour Room on "
            f"{spoken(self.day)}, in my calendar. It may be any time from 6 in the morning to 11 at night, New York "
            "time, at which all of us and the room are free; never mind office hours. Invite the two and the room."
        )

    def check(self, after: Aftermath) -> None:
        begins, ends = at(self.day, "06:00"), at(self.day, "23:00")
        kick_off = after.created(
            "Event",
            Subject=has("kick-off"),
            OwnerId=self.people[0],
            IsChild=0,
            StartDateTime=lambda value: begins <= moment(value) < ends,
            DurationInMinutes=60,
        )
        for invited in (*self.people[1:], self.room):
            after.created("EventRelation", EventId=kick_off, RelationId=invited)
        while after.created_if_any("Event", IsChild=1, Subject=has("kick-off")):
            pass
        after.expect(not overlapping(live(after, self.people[0])), "it overlaps with another appointment of Nora")

    async def script(self, call: Call) -> str:
        names = ["me", "Jonas Brandt", "Aiko Sunada", "Harbour Room"]
        day = self.day.isoformat()
        free = await call(
            "find_free_times",
            calendars=names,
            duration_minutes=60,
            start=f"{day}T06:00:00",
            end=f"{day}T23:00:00",
            working_hours="Mon-Sun 00:00-24:00",
            time_zone="America/New_York",
            limit=1,
        )
        ids = {each["name"]: each["Id"] for each in free["calendars"]}
        [first] = dicts(free)
        data = {"Subject": "Kick-off", "StartDateTime": first["start"], "DurationInMinutes": 60}
        await call("create_appointment", data=data, invitees=[ids[name] for name in names[1:]])
        return "It is booked."


class CancelledVisit(Task):
    """A visit is cancelled: its record stays, and somebody calls."""

    number, title = 13, "Cancel a visit with the reason, and plan a follow-up"

    def __init__(self, world: World) -> None:
        self.emil, self.nora = world.contact("Emil", "Haverkamp"), world.user("nora")
        self.visit = world.event("nora", world.day(1), "10:00", "Check-up", WhoId=self.emil)
        self.next = world.event("nora", world.day(8), "10:00", "Second check-up", WhoId=self.emil)
        self.due, self.day = world.day(3), world.day(1)
        self.request = (
            f"Emil Haverkamp cannot come on {spoken(self.day)}: he has a cold. Cancel that visit, keep its record with "
            f"the reason, and make a task for {spoken(self.due)} with the subject: Call Emil about a new date"
        )

    def check(self, after: Aftermath) -> None:
        after.changed(self.visit, "Description", Subject=has("cancel", "check-up"), ShowAs="Free")
        text = str(after.now["Event"].get(self.visit))
        after.expect("cold" in text, "the reason is not in the record")
        due = self.due.isoformat()
        after.created(
            "Task", Subject=has("call emil"), WhoId=self.emil, ActivityDate=due, IsClosed=0, OwnerId=self.nora
        )

    async def script(self, call: Call) -> str:
        [emil] = dicts(await call("list_contacts", name="Emil Haverkamp"))
        day = self.day.isoformat()
        [visit] = dicts(await call("list_appointments", contact_id=emil["Id"], start=day, end=day))
        follow_up = {"ActivityDate": self.due.isoformat(), "Subject": "Call Emil about a new date"}
        await call(
            "close_appointment", event_id=visit["Id"], outcome="cancelled", reason="He has a cold", follow_up=follow_up
        )
        return "Cancelled."


class HandedOver(Task):
    """Appointments get another owner, at their times."""

    number, title = 16, "Hand the appointments of a day over to a colleague"

    def __init__(self, world: World) -> None:
        self.day, self.aiko = world.day(4), world.user("aiko")
        self.visits = [world.event("jonas", self.day, clock, f"Visit {clock}") for clock in ("09:00", "11:00", "14:00")]
        world.event("jonas", world.day(3), "09:00", "The day before")
        self.request = (
            f"Jonas Brandt is away on {spoken(self.day)}. Aiko Sunada takes over all his appointments of that day, "
            "at the times they have; it does not matter that this is not within her office hours."
        )

    def check(self, after: Aftermath) -> None:
        for visit in self.visits:
            after.changed(visit, OwnerId=self.aiko)

    async def script(self, call: Call) -> str:
        done = await call(
            "reschedule_appointments",
            action="hand_over",
            owner="Jonas Brandt",
            start=self.day.isoformat(),
            new_owner="Aiko Sunada",
            time_zone="Europe/Berlin",
        )
        return f"{done['done']} appointments are Aiko's now."
