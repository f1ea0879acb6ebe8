"""Any write that the tools can make of what an org has: each builds on what the last one left."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain, repeat
from typing import Any, Final, TypeAlias

from hypothesis import strategies as st
from mcp import Client

from mcp_salesforce.localorg import LocalOrg
from tests.conftest import NOW
from tests.orgs import new_org, without_appointments
from tests.tools.calls import PREFIX, error_in, text_of
from tests.tools.records.clinic import CLINIC

Call: TypeAlias = tuple[str, dict[str, Any]]
Choices: TypeAlias = Sequence[int]
CHOICES: Final = st.lists(st.integers(0, 59), min_size=1, max_size=10)
"""What a write is, and of what: each number chooses among what there is then."""

_BELONGS: Final = "required: true, on_delete: cascade"
_REFERS: Final = "required: false, on_delete: clear"
"""What belongs to a deleted record and was deleted before it is gone for good: no undo brings that back."""

_TITLES: Final = ("Dr", "Prof", None, "  Nurse ")
_PEOPLE: Final = ("Sand", "Stein", "Curie")
_HOURS: Final = ("2026-12-01T15:00:00Z", "2026-12-01T15:30:00Z", "2026-12-02T03:00:00Z", "2026-11-20T10:00:00Z")
_DAYS: Final = ("2026-12-03", "2026-12-04")
_DUE: Final = {"due": "2026-12-09"}
_OTHERS: Final = (
    ("Task", ({"Subject": "Other"}, {"Priority": "High"}, {"Status": "Completed"}, {"ActivityDate": None})),
    ("Account", ({"Phone": "2"}, {"Phone": None}, {"Website": "example.com"})),
    ("Lead", ({"Title": None}, {"Company": "Ward 9"}, {"Rating": "Hot"})),
)
_LIGHTNING: Final = {"Recurrence2PatternText": "FREQ=DAILY;COUNT=4"}
_CLASSIC: Final = {
    "StartDateTime": "2026-11-21T14:00:00Z",
    "IsRecurrence": True,
    "RecurrenceType": "RecursDaily",
    "RecurrenceInterval": 1,
    "RecurrenceStartDateTime": "2026-11-21T14:00:00Z",
    "RecurrenceEndDateOnly": "2026-11-26",
    "DurationInMinutes": 30,
}


def clinic(now: Callable[[], datetime] = lambda: NOW) -> LocalOrg:
    """An org with people, appointments, a room, and an object that has an external id."""
    return new_org(now, contacts=3, schema=CLINIC.replace(_BELONGS, _REFERS), then=_filled)


def _filled(org: LocalOrg) -> None:
    without_appointments(org)
    [profile] = org.store.rows('SELECT ProfileId FROM "User" WHERE Id = ?', (org.user_id,))
    org.records.update("User", colleague(org), {"ProfileId": profile["ProfileId"]}, org.user_id)
    people = [org.insert("Contact", LastName=name, Title="Dr") for name in _PEOPLE]
    for number, person in enumerate(people):
        org.insert("Visit__c", Patient__c=person, Number__c=f"N-{number}", Notes__c="first")
        org.insert("Event", Subject=f"Visit {number}", WhoId=person, StartDateTime=_HOURS[number], DurationInMinutes=20)
        org.insert("Task", Subject=f"Call {number}", WhoId=person, ActivityDate=_DAYS[0])
        org.insert("Account", Name=f"Ward {number}", Phone="1")
        org.insert("Lead", LastName=f"Asker {number}", Company="Ward", Title="Dr")


def colleague(org: LocalOrg) -> str:
    """The Id of a user who is not the one whose tools are called."""
    [first, *_] = org.store.rows('SELECT Id FROM "User" WHERE Id != ? ORDER BY Id', (org.user_id,))
    return str(first["Id"])


class Writer:
    """Makes writes through the tools, and knows which changes they were."""

    def __init__(self, org: LocalOrg, mcp: Client) -> None:
        self.org = org
        self.changes: list[str] = []
        self._mcp = mcp
        self._choices: Iterator[int] = iter(())

    async def write(self, choices: Choices) -> None:
        """Make the write that `choices` stand for; one that is refused counts too."""
        self._choices = chain(choices, repeat(0))
        tool, arguments = self._pick(_WRITES)(self)
        result = await self._mcp.call_tool(PREFIX + tool, arguments)
        told: Mapping[str, Any] = result.structured_content or error_in(text_of(result.content))
        if change_id := told.get("change_id"):
            self.changes.append(change_id)

    async def undo(self, change_id: str) -> Mapping[str, Any]:
        """Take back a change."""
        result = await self._mcp.call_tool(f"{PREFIX}undo", {"change_id": change_id})
        told: Mapping[str, Any] = result.structured_content or error_in(text_of(result.content))
        return told

    def live(self, sobject: str, where: str = "1 = 1") -> list[str]:
        """The Ids of the records that are there."""
        rows = self.org.store.rows(f'SELECT Id FROM "{sobject}" WHERE IsDeleted = 0 AND {where} ORDER BY Id')
        return [row["Id"] for row in rows]

    def _pick(self, several: Sequence[Any]) -> Any:
        return several[next(self._choices) % len(several)]

    def _some(self, several: Sequence[Any], most: int = 3) -> list[Any]:
        return list(dict.fromkeys(self._pick(several) for _ in range(1 + next(self._choices) % most)))

    def _flag(self) -> bool:
        return bool(self._pick((False, True)))

    def _contact(self) -> dict[str, Any]:
        title, phone = self._pick(_TITLES), self._pick(("1", "2"))
        return {"Title": title, **({"Phone": phone} if self._flag() else {})}

    def _refused(self) -> dict[str, Any]:
        """Values for which the org refuses a row, now and then."""
        return self._pick(({}, {}, {"AccountId": "001lo0000009999AAA"}))  # type: ignore[no-any-return]

    def _create_contact(self) -> Call:
        return "create_contact", {"data": {"LastName": f"New {len(self.changes)}", **self._contact()}}

    def _update_contact(self) -> Call:
        return "update_contact", {"contact_id": self._pick(self._contacts()), "data": self._contact()}

    def _delete_contact(self) -> Call:
        return "delete_contact", {"contact_id": self._pick(self._contacts())}

    def _create_records(self) -> Call:
        names = self._some(("Ada", "Emmy", "Lise"))
        rows = [{"LastName": f"{name} {len(self.changes)}", "Title": "Dr", **self._refused()} for name in names]
        return "create_records", {"sobject": "Contact", "records": rows, **self._rows()}

    def _update_records(self) -> Call:
        rows = [{"Id": each, **self._contact(), **self._refused()} for each in self._some(self._contacts())]
        return "update_records", {"sobject": "Contact", "records": rows, **self._rows()}

    def _update_others(self) -> Call:
        sobject, values = self._pick(_OTHERS)
        rows = [{"Id": each, **self._pick(values)} for each in self._some(self._others(sobject))]
        return "update_records", {"sobject": sobject, "records": rows, **self._rows()}

    def _upsert_records(self) -> Call:
        there = {row["Number__c"] for row in self.org.store.rows("SELECT Number__c FROM Visit__c WHERE IsDeleted = 0")}
        rows = [
            {"Number__c": number, "Notes__c": self._pick(("again", None)), "Tests__c": 7}
            | ({} if number.upper() in there else {"Patient__c": self._pick(self._contacts())})
            for number in self._some(("N-0", "n-1", "N-7", "N-8"))
        ]
        return "upsert_records", {
            "sobject": "Visit__c",
            "external_id_field": "Number__c",
            "records": rows,
            **self._rows(),
        }

    def _delete_records(self) -> Call:
        sobject = self._pick(("Contact", "Visit__c", "Task", "Account", "Lead"))
        ids = self._some(self._others(sobject))
        return "delete_records", {"sobject": sobject, "record_ids": ids, "all_or_none": self._pick((True, False))}

    def _restore_records(self) -> Call:
        sobject = self._pick(("Contact", "Task", "Event"))
        rows = self.org.store.rows(f'SELECT Id FROM "{sobject}" WHERE IsDeleted = 1 ORDER BY Id')
        ids = [row["Id"] for row in rows] or self._contacts()
        return "restore_records", {"record_ids": self._some(ids)}

    def _create_appointment(self) -> Call:
        data = {"Subject": f"Call {len(self.changes)}", **self._time(), "WhoId": self._pick(self._contacts())}
        invited = [] if self._flag() else self._some(self._invitees())
        return "create_appointment", {"data": data, "invitees": invited, "allow_conflict": True}

    def _create_series(self) -> Call:
        rule = self._pick((_LIGHTNING | {"StartDateTime": "2026-11-21T17:00:00Z", "DurationInMinutes": 30}, _CLASSIC))
        return "create_appointment", {"data": {"Subject": f"Round {len(self.changes)}", **rule}, "allow_conflict": True}

    def _update_appointment(self) -> Call:
        more = self._pick((self._time(), {"Subject": "Other"}, {"Location": "Room"}, {"DurationInMinutes": 45}))
        event, scope = self._in_scope()
        return "update_appointment", {"event_id": event, "data": more, "scope": scope, "allow_conflict": True}

    def _delete_appointment(self) -> Call:
        event, scope = self._in_scope()
        return "delete_appointment", {"event_id": event, "scope": scope}

    def _close_appointment(self) -> Call:
        more = self._pick(({}, {"follow_up": {"ActivityDate": "2026-12-10"}}, {"reason": "Ill"}))
        outcome = self._pick(("cancelled", "no_show", "completed"))
        return "close_appointment", {"event_id": self._event(), "outcome": outcome, **more}

    def _set_invitees(self) -> Call:
        one, *others = self._some(self._invitees())
        return "set_invitees", {"event_id": self._event(), "add": [one], "remove": others}

    def _reschedule(self) -> Call:
        events = self._some(self.live("Event") or ["00Ulo0000009999AAA"], most=6)
        how = self._pick(
            (
                {"action": "move", "shift_days": 1},
                {"action": "move", "shift_minutes": 30, "next_free": "week", "allow_conflict": self._flag()},
                {"action": "hand_over", "new_owner": colleague(self.org), "next_free": self._pick(("", "day"))},
                {"action": "close", "outcome": "cancelled", "reason": "Ill"},
                {"action": "delete"},
            )
        )
        return "reschedule_appointments", {"appointments": events, **how}

    def _log_activity(self) -> Call:
        data = {"Subject": f"Said {len(self.changes)}", "WhoId": self._pick(self._contacts())}
        return "log_activity", {"kind": self._pick(("call", "note", "task")), "data": data}

    def _update_tasks(self) -> Call:
        return "update_tasks", {"task_ids": self._some(self._others("Task")), **self._pick(({"done": True}, _DUE))}

    def _undo(self) -> Call:
        return "undo", {"change_id": self._pick(self.changes)} if self.changes else {}

    def _rows(self) -> dict[str, Any]:
        return {"all_or_none": self._flag(), "allow_duplicate": True}

    def _time(self) -> dict[str, Any]:
        if self._flag():
            return {"StartDateTime": self._pick(_HOURS), "DurationInMinutes": 30, "IsAllDayEvent": False}
        return {"StartDateTime": self._pick(_DAYS), "IsAllDayEvent": True}

    def _contacts(self) -> list[str]:
        return self.live("Contact") or ["003lo0000009999AAA"]

    def _others(self, sobject: str) -> list[str]:
        """Records of an object; of accounts those that have no contacts, which can be gone for good before them."""
        where = (
            "Id NOT IN (SELECT AccountId FROM Contact WHERE AccountId IS NOT NULL)" if sobject == "Account" else "1=1"
        )
        return self.live(sobject, where) or ["003lo0000009999AAA"]

    def _event(self) -> str:
        return str(self._pick(self.live("Event") or ["00Ulo0000009999AAA"]))

    def _in_scope(self) -> tuple[str, str]:
        """An appointment and a scope: of a series, where there is one."""
        series = self.live("Event", "IsRecurrence2 = 1 OR RecurrenceActivityId IS NOT NULL")
        if series and self._flag():
            return self._pick(series), self._pick(("this", "following", "all"))
        return self._event(), "this"

    def _invitees(self) -> list[str]:
        return [colleague(self.org), *self._contacts()[:2], *self.live("Calendar")[:1]]


_WRITES: Final[Sequence[Callable[[Writer], Call]]] = [
    getattr(Writer, name)
    for name in (
        "_create_contact",
        "_update_contact",
        "_delete_contact",
        "_create_records",
        "_update_records",
        "_update_others",
        "_log_activity",
        "_update_tasks",
        "_upsert_records",
        "_delete_records",
        "_restore_records",
        "_create_appointment",
        "_create_series",
        "_update_appointment",
        "_delete_appointment",
        "_close_appointment",
        "_set_invitees",
        "_undo",
        "_reschedule",
    )
]
