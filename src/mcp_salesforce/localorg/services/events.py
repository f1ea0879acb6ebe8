"""Check an Event: its start, its length, its person and its subject record."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from mcp_salesforce.localorg import errors
from mcp_salesforce.localorg.evidence import evidence
from mcp_salesforce.localorg.services.field_values import Stored, instant, moment
from mcp_salesforce.localorg.services.recurrence import check_classic, normal_pattern
from mcp_salesforce.localorg.services.saves import Save

DAY_MINUTES: Final = 24 * 60
TIME_FIELDS: Final = frozenset(
    {"StartDateTime", "ActivityDateTime", "ActivityDate", "EndDateTime", "DurationInMinutes", "IsAllDayEvent"}
)
"""The fields that set the times of an event; a change of other fields does not change them."""
_STARTS: Final = ("StartDateTime", "ActivityDateTime", "ActivityDate")
_NOT_WITH_PRIVATE: Final = frozenset({"Account", "Campaign", "Case", "Contact", "Contract", "Lead", "Opportunity"})


def complete_event(save: Save) -> None:
    """Check an event about to be saved, and fill the columns that follow from others."""
    row = save.row
    row["EventSubtype"] = row.get("EventSubtype") or "Event"
    _check_child(save)
    _prepare_series(save)
    if save.before is None or TIME_FIELDS & save.given.keys():
        start = _all_day_start(save) if row["IsAllDayEvent"] else _timed_start(save)
        row |= times(start, _minutes(save, start), save.user_zone, all_day=bool(row["IsAllDayEvent"]))
    _check_relations(save)
    row["AccountId"] = account_of(save)
    if row["IsRecurrence2"] and save.before is None:
        row["Recurrence2PatternStartDate"] = row["StartDateTime"]
        row["Recurrence2PatternTimeZone"] = save.user_zone.key


@evidence("Event", "simulated", "The day of a timed event is that of its start in the zone of the user who saves it")
def times(start: datetime, minutes: int, zone: ZoneInfo, *, all_day: bool) -> dict[str, Stored]:
    """Return every column with a time of an event."""
    last = start + timedelta(minutes=minutes - DAY_MINUTES if all_day else minutes)
    day_of = UTC if all_day else zone
    return {
        "ActivityDateTime": None if all_day else instant(start),
        "ActivityDate": start.astimezone(day_of).date().isoformat(),
        "StartDateTime": instant(start),
        "EndDateTime": instant(last),
        "EndDate": last.astimezone(day_of).date().isoformat(),
        "DurationInMinutes": minutes,
    }


@evidence("Event", "documented", "Only the reminder of a child event can be changed")
@evidence("Event", "simulated", "A change of a child event, except of its reminder, is INVALID_FIELD_FOR_INSERT_UPDATE")
def _check_child(save: Save) -> None:
    if save.before is not None and save.before["IsChild"]:
        refused = [name for name in save.given if name not in {"IsReminderSet", "ReminderDateTime"}]
        if refused:
            raise errors.not_writeable(refused)


@evidence("Event", "documented", "A Classic and a Lightning series exclude each other")
def _prepare_series(save: Save) -> None:
    """Fill the fields that a new series gives as recurrence fields, so that it is an event for other rules."""
    row = save.row
    if row["IsRecurrence"]:
        if row.get("Recurrence2PatternText"):
            raise errors.field_integrity("An event recurs in Classic or in Lightning, not in both", ["IsRecurrence"])
        check_classic(row)
        if save.before is None and not any(save.given.get(name) for name in _STARTS):
            save.given["StartDateTime"] = row["RecurrenceStartDateTime"]
        row["RecurrenceActivityId"] = row["Id"]
    elif row.get("RecurrenceType") and (save.before is None or "RecurrenceType" in save.given):
        raise errors.field_integrity("Recurrence fields need IsRecurrence", ["RecurrenceType"])
    if row.get("Recurrence2PatternText") and save.before is None:
        row |= {
            "Recurrence2PatternText": normal_pattern(str(row["Recurrence2PatternText"])),
            "Recurrence2PatternVersion": "1",
            "IsRecurrence2": 1,
            "GroupEventType": "3",
        }


@evidence("Event", "documented", "StartDateTime and ActivityDateTime must be the same instant, or one of them missing")
@evidence(
    "Event", "simulated", "A missing start or length is REQUIRED_FIELD_MISSING; two starts that differ are refused"
)
def _timed_start(save: Save) -> datetime:
    starts = {name: save.given.get(name) for name in ("StartDateTime", "ActivityDateTime")}
    given = {moment(str(value)) for value in starts.values() if value is not None}
    if len(given) > 1:
        raise errors.field_integrity("StartDateTime and ActivityDateTime must be the same", list(starts))
    if given:
        start = given.pop()
    elif save.before is None or save.before["IsAllDayEvent"] or any(name in save.given for name in starts):
        raise errors.required_field_missing(["StartDateTime"])
    else:
        start = moment(save.before["StartDateTime"])
    day = save.given.get("ActivityDate")
    if day is not None and day != start.astimezone(save.user_zone).date().isoformat():
        raise errors.field_integrity("ActivityDate and StartDateTime must be the same day", ["ActivityDate"])
    return start


@evidence("Event", "documented", "An all-day event has a date: midnight UTC, which no time zone shifts")
def _all_day_start(save: Save) -> datetime:
    days = {
        str(save.given[name])[:10]
        for name in ("ActivityDate", "StartDateTime", "ActivityDateTime")
        if save.given.get(name)
    }
    if len(days) > 1:
        raise errors.field_integrity("ActivityDate and StartDateTime must be the same day", ["ActivityDate"])
    if days:
        day = days.pop()
    elif save.before is not None:
        day = str(save.before["ActivityDate"])
    else:
        raise errors.required_field_missing(["ActivityDate"])
    return datetime.combine(date.fromisoformat(day), time(), UTC)


@evidence("Event", "quoted", "An event lasts 0 to 1440 minutes: events over several days are not enabled in this org")
@evidence("Event", "documented", "A timed event needs EndDateTime or DurationInMinutes; an all-day one lasts a day")
@evidence("Event", "documented", "A wrong length is reported for EndDateTime, or for DurationInMinutes if it is given")
@evidence("Event", "simulated", "An end that contradicts the duration is refused; a new start alone keeps the length")
def _minutes(save: Save, start: datetime) -> int:
    duration, end = save.given.get("DurationInMinutes"), save.given.get("EndDateTime")
    at_fault = ["EndDateTime" if duration is None else "DurationInMinutes"]
    minutes: list[int] = []
    if duration is not None:
        minutes.append(int(duration))
    if end is not None:
        minutes.append(_until(save, start, moment(str(end))))
    if len(set(minutes)) > 1:
        raise errors.field_integrity("EndDateTime and DurationInMinutes must agree", at_fault)
    if not minutes:
        minutes.append(_kept_minutes(save))
    if not 0 <= minutes[0] <= DAY_MINUTES:
        raise errors.field_integrity(f"Duration must be between 0 and {DAY_MINUTES} minutes: Duration", at_fault)
    return minutes[0]


def _until(save: Save, start: datetime, end: datetime) -> int:
    if save.row["IsAllDayEvent"]:
        return ((end.date() - start.date()).days + 1) * DAY_MINUTES
    return int((end - start).total_seconds() // 60)


def _kept_minutes(save: Save) -> int:
    if save.row["IsAllDayEvent"]:
        return DAY_MINUTES
    cleared = {"DurationInMinutes", "EndDateTime"} <= save.given.keys()
    if save.before is None or save.before["IsAllDayEvent"] or cleared:
        raise errors.required_field_missing(["EndDateTime"])
    return int(save.before["DurationInMinutes"])


@evidence(
    "Event",
    "documented",
    "A private event cannot have an account, contact, lead, opportunity, case, campaign or contract",
)
@evidence("Event", "documented", "An event about a lead has no WhatId")
@evidence(
    "Event",
    "simulated",
    "A private event with related records, and one about a lead with a WhatId, are FIELD_INTEGRITY_EXCEPTION",
)
def _check_relations(save: Save) -> None:
    who, what = (
        None if save.row.get(name) is None else save.schema.of_record(str(save.row[name]))
        for name in ("WhoId", "WhatId")
    )
    if save.row.get("IsPrivate"):
        refused = [
            name for name, target in (("WhoId", who), ("WhatId", what)) if target and target.name in _NOT_WITH_PRIVATE
        ]
        if refused:
            raise errors.field_integrity("A private event cannot be related to other records", refused)
    if who is not None and who.name == "Lead" and what is not None:
        raise errors.field_integrity("An event related to a lead cannot have a WhatId", ["WhatId"])


@evidence(
    "Event", "documented", "AccountId is the account of WhatId (account, opportunity, contract), else of the contact"
)
def account_of(save: Save) -> str | None:
    """Return the account that an activity belongs to, from its WhatId and WhoId."""
    what, who = save.row.get("WhatId"), save.row.get("WhoId")
    target = save.schema.of_record(str(what)) if what else None
    if target is not None and target.name == "Account":
        return str(what)
    related = what if target is not None and target.name in {"Opportunity", "Contract"} else who
    found = save.record(related)
    if found is None or "AccountId" not in found.keys():  # noqa: SIM118 - sqlite3.Row iterates over its values
        return None
    account: str | None = found["AccountId"]
    return account
