"""What can be said of an appointment that is made or changed: the arguments named `data`."""

from datetime import date
from typing import Annotated, Any, ClassVar, Literal
from zoneinfo import ZoneInfo

from pydantic import Field

from mcp_salesforce.appointments.spans import Wish
from mcp_salesforce.appointments.times import day_of, instant_of, wire, zone_named
from mcp_salesforce.salesforce.errors import refused
from mcp_salesforce.tools.framework.params import (
    LongText,
    OwnerReference,
    PersonReference,
    RecordData,
    SubjectReference,
    Text255,
    Text512,
    data_schema,
)

TIME_FIELDS = ("StartDateTime", "EndDateTime", "IsAllDayEvent", "ActivityDate", "DurationInMinutes")
_LEAD = "00Q"
_EXCEPT = "except"
_DAY = len("2026-11-24")
_OLDER_NAMES = frozenset({"activitydate", "activitydatetime"})


class AppointmentData(RecordData):
    """The writable fields of an Event; `time_zone` is ours, and says what local times mean."""

    Subject: Text255 = None
    StartDateTime: str | None = None
    EndDateTime: str | None = None
    DurationInMinutes: Annotated[int, Field(ge=0)] | None = None
    IsAllDayEvent: bool | None = None
    time_zone: str | None = None
    Location: Text255 = None
    Description: LongText = None
    WhoId: PersonReference = None
    WhatId: SubjectReference = None
    OwnerId: OwnerReference = None
    ShowAs: Literal["Busy", "OutOfOffice", "Free"] | None = None
    IsPrivate: bool | None = None
    IsReminderSet: bool | None = None
    ReminderDateTime: str | None = None
    Recurrence2PatternText: Text512 = None

    def zone(self) -> ZoneInfo | None:
        """Return the zone of local times, or None where none is given."""
        return zone_named(self.time_zone) if self.time_zone else None

    def wish(self) -> Wish:
        """Return what is said about the time."""
        return Wish(self.StartDateTime, self.EndDateTime, self.DurationInMinutes, self.IsAllDayEvent, self.zone())

    def left_out(self) -> frozenset[date]:
        """Return the days that a series leaves out.

        Raises:
            InvalidArgumentError: They are no list.
            TimeError: One cannot be read.
        """
        given = next((each for name, each in (self.model_extra or {}).items() if name.casefold() == _EXCEPT), None)
        days = [given] if isinstance(given, str) else given or []
        if not isinstance(days, list):
            raise refused("except is not a list of days.", hint='Write ["2026-12-24"].', fields=["except"])
        return frozenset(day_of(str(day)[:_DAY]) for day in days)

    def others(self) -> dict[str, Any]:
        """Return the fields to send that do not say when the appointment is.

        Raises:
            InvalidArgumentError: A lead as `WhoId` does not go with a `WhatId`; a day has another name here.
        """
        if older := [name for name in self.model_extra or () if name.casefold() in _OLDER_NAMES]:
            raise refused(f"{older[0]} is not supported here.", hint="Use StartDateTime.", fields=older)
        ours = {*TIME_FIELDS, "time_zone", *(name for name in self.model_extra or () if name.casefold() == _EXCEPT)}
        values = {name: value for name, value in self.given().items() if name not in ours}
        if (self.WhoId or "").startswith(_LEAD) and self.WhatId:
            raise refused(
                "WhoId is a lead. An appointment with a lead cannot have a WhatId.",
                hint="Omit WhatId, or give a contact as WhoId.",
                fields=["WhoId", "WhatId"],
            )
        if self.ReminderDateTime:
            values["ReminderDateTime"] = wire(instant_of(self.ReminderDateTime, self.zone()))
        return values


class NewAppointmentData(AppointmentData):
    """The fields of a new Event."""

    is_new: ClassVar[bool] = True


_TEXT, _FLAG = {"type": "string"}, {"type": "boolean"}
_SHOWN = {
    "Subject": _TEXT,
    "StartDateTime": {
        "type": "string",
        "description": "2026-11-24T15:00:00+01:00, or without offset plus time_zone; a date (2026-11-24) if all-day",
    },
    "EndDateTime": {"type": "string", "description": "Same formats; or give DurationInMinutes"},
    "DurationInMinutes": {"type": "integer"},
    "time_zone": {"type": "string", "description": "IANA time zone of times without an offset, e.g. Europe/Berlin"},
    "IsAllDayEvent": _FLAG,
    "Location": _TEXT,
    "Description": _TEXT,
    "WhoId": {"type": "string", "description": "Contact or lead"},
    "WhatId": {"type": "string", "description": "Account, opportunity, case, …"},
    "OwnerId": {"type": "string", "description": "User whose calendar it goes in; default: you"},
    "ShowAs": {"type": "string", "enum": ["Busy", "OutOfOffice", "Free"]},
    "IsPrivate": _FLAG,
    "Recurrence2PatternText": {
        "type": "string",
        "description": "Creates a series: an RRULE with COUNT or UNTIL, e.g. FREQ=WEEKLY;BYDAY=TU;UNTIL=2027-03-31",
    },
    "except": {"type": "array", "items": _TEXT, "description": "Days that the series leaves out, e.g. holidays"},
}
NewData = Annotated[
    NewAppointmentData,
    data_schema("Event fields: these, other standard fields, custom fields (X__c)", _SHOWN, ["StartDateTime"]),
]
ChangedData = Annotated[
    AppointmentData, data_schema("Fields to change, as in salesforce_create_appointment; null clears a field")
]
