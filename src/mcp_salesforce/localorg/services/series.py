"""Event series: occurrences are created with a series, and follow its changes."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from mcp_salesforce.localorg import errors
from mcp_salesforce.localorg.evidence import evidence
from mcp_salesforce.localorg.services.events import TIME_FIELDS, times
from mcp_salesforce.localorg.services.field_values import Stored, instant, moment
from mcp_salesforce.localorg.services.recurrence import classic_starts, pattern_starts
from mcp_salesforce.localorg.services.saves import Save
from mcp_salesforce.localorg.store.ids import mint
from mcp_salesforce.localorg.store.schema import SObjectDef
from mcp_salesforce.localorg.store.sqlite import Row, Store
from mcp_salesforce.zones import ZoneInfo

_NOT_SHARED: Final = frozenset({"IsReminderSet", "ReminderDateTime", "OwnerId"})


def follow_event(save: Save) -> None:
    """Create the occurrences of a new series; apply the change of an event to its occurrences and invitees' copies."""
    row = save.row
    if save.before is None:
        if row["IsRecurrence"]:
            _make_classic(save)
        elif row["IsRecurrence2"]:
            zone = ZoneInfo("UTC") if row["IsAllDayEvent"] else save.user_zone  # a day is the same day everywhere
            starts = pattern_starts(str(row["Recurrence2PatternText"]), moment(str(row["StartDateTime"])), zone)
            _insert(save, starts, {"_master": row["Id"], "GroupEventType": "0"})
    elif row["IsRecurrence"]:
        _change_classic(save)
    elif row["IsRecurrence2"]:
        _change_lightning(save)
    if save.before is not None and row["IsGroupEvent"] and not row["IsChild"]:
        _change_invited(save)


@evidence(
    "Event series, Classic", "documented", "The occurrences of a series are made with it and share RecurrenceActivityId"
)
def _make_classic(save: Save, after: datetime | None = None) -> None:
    row = save.row
    all_day = bool(row["IsAllDayEvent"])
    zone = ZoneInfo("UTC" if all_day else str(row.get("RecurrenceTimeZoneSidKey") or save.user_zone.key))
    starts = [start for start in classic_starts(row, zone) if after is None or start >= after]
    plain: dict[str, Stored] = {name: None for name in row if name.startswith("Recurrence")}
    _insert(save, starts, plain | {"IsRecurrence": 0, "RecurrenceActivityId": row["Id"]})


@evidence(
    "Event series, Classic",
    "simulated",
    "A changed series changes its occurrences from now on; a new pattern remakes them",
)
def _change_classic(save: Save) -> None:
    future = "RecurrenceActivityId = ? AND Id <> ? AND StartDateTime >= ? AND IsDeleted = 0"
    keys = [save.row["Id"], save.row["Id"], instant(save.now())]
    if any(name.startswith("Recurrence") or name in TIME_FIELDS for name in save.given):
        save.store.execute(f"DELETE FROM Event WHERE {future}", keys)  # noqa: S608 - a constant
        _make_classic(save, after=save.now())
    else:
        _copy(save, _rows(save.store, future, keys), save.given)


@evidence(
    "Event series, Lightning",
    "documented",
    "A change of one future occurrence changes the series; a change of a past one, only that one",
)
@evidence(
    "Event series, Lightning",
    "simulated",
    "A past occurrence that was changed is IsRecurrence2Exception; times shift alike",
)
def _change_lightning(save: Save) -> None:
    before, row = save.before, save.row
    assert before is not None  # noqa: S101 - only changes come here
    series = row.get("_master") or row["Id"]
    start = moment(str(before["StartDateTime"]))
    if row.get("_master") and start < save.now():
        save.store.update(save.definition, str(row["Id"]), {"IsRecurrence2Exception": 1})
        return
    siblings = _rows(
        save.store,
        "(_master = ? AND StartDateTime >= ? OR Id = ?) AND IsChild = 0 AND Id <> ? AND IsDeleted = 0",
        [series, instant(save.now()), series, row["Id"]],
    )
    _copy(save, siblings, {name: value for name, value in save.given.items() if name not in TIME_FIELDS})
    if TIME_FIELDS & save.given.keys():
        shift = moment(str(row["StartDateTime"])) - start
        for each in siblings:
            moved = moment(each["StartDateTime"]) + shift
            _move(save, each, moved)


def _move(save: Save, row: Row, start: datetime) -> None:
    row_times = times(
        start, int(save.row["DurationInMinutes"] or 0), save.user_zone, all_day=bool(save.row["IsAllDayEvent"])
    )
    save.store.update(save.definition, row["Id"], row_times | {"IsAllDayEvent": save.row["IsAllDayEvent"]})


@evidence("EventRelation", "documented", "The child event of an invited user follows the event it came from")
@evidence("EventRelation", "simulated", "A new time resets the invitees' answers")
def _change_invited(save: Save) -> None:
    row, before = save.row, save.before
    assert before is not None  # noqa: S101 - only changes come here
    children = _rows(save.store, "_master = ? AND IsChild = 1 AND IsDeleted = 0", [row["Id"]])
    changes = {name: row[name] for name in row if row[name] != before[name]}
    _copy(save, children, changes)
    if {"StartDateTime", "EndDateTime"} & changes.keys():
        save.store.execute(
            "UPDATE EventRelation SET Status = 'New', Response = NULL, RespondedDate = NULL WHERE EventId = ?",
            [row["Id"]],
        )


def _copy(save: Save, rows: Iterable[Row], changes: dict[str, Stored]) -> None:
    shared = {name: save.row[name] for name in changes if name not in _NOT_SHARED and not name.startswith("_")}
    stamps = {name: save.row[name] for name in ("LastModifiedDate", "LastModifiedById", "SystemModstamp")}
    for each in rows:
        save.store.update(save.definition, each["Id"], shared | stamps)


def _insert(save: Save, starts: list[datetime], own: dict[str, Stored]) -> None:
    """Insert one copy of the saved event for each start, with the columns of `own` changed."""
    minutes, all_day = int(save.row["DurationInMinutes"] or 0), bool(save.row["IsAllDayEvent"])
    number = save.store.reserve_ids(save.definition, len(starts))
    rows: list[dict[str, Any]] = [
        save.row
        | own
        | {"Id": mint(save.definition.key_prefix, number + index)}
        | times(start, minutes, save.user_zone, all_day=all_day)
        for index, start in enumerate(starts)
    ]
    save.store.insert_many(save.definition, list(rows[0]), [list(each.values()) for each in rows])


def _rows(store: Store, condition: str, parameters: list[Any]) -> list[Row]:
    return store.rows(f"SELECT * FROM Event WHERE {condition}", parameters)  # noqa: S608 - a constant


@evidence("Event series, Classic", "documented", "Deleting a series deletes its past and future occurrences")
@evidence("Event series, Lightning", "simulated", "Deleting the series record deletes its occurrences")
@evidence("EventRelation", "documented", "Deleting an event deletes the invitees' child events")
def events_with(store: Store, row: Row) -> list[Row]:
    """Return the events that are deleted with this event."""
    if row["IsRecurrence"]:
        return _rows(store, "RecurrenceActivityId = ? AND Id <> ? AND IsDeleted = 0", [row["Id"], row["Id"]])
    return _rows(store, "_master = ? AND IsDeleted = 0", [row["Id"]])


@evidence("Event series, Lightning", "documented", "fromThisEventOnwards deletes an occurrence and those after it")
@evidence(
    "Event series, Lightning", "documented", "A deletion from the first occurrence onwards deletes the whole series"
)
def events_onwards(store: Store, row: Row) -> list[Row]:
    """Return an occurrence of a Lightning series and the later ones; for the first one or the series itself, all."""
    if not row["IsRecurrence2"]:
        raise errors.field_integrity("The event is not part of a series", ["Id"])
    if row["GroupEventType"] == "3":
        return [row]
    earlier = "_master = ? AND StartDateTime < ? AND IsChild = 0 AND IsDeleted = 0"
    if not _rows(store, earlier, [row["_master"], row["StartDateTime"]]):
        return _rows(store, "Id = ?", [row["_master"]])
    onwards = "_master = ? AND StartDateTime >= ? AND IsChild = 0 AND IsDeleted = 0"
    return _rows(store, onwards, [row["_master"], row["StartDateTime"]])


@evidence(
    "EventRelation", "documented", "Inviting a user makes a child event of that user, and the event a group event"
)
@evidence(
    "EventRelation",
    "simulated",
    "A resource accepts at once; other invitees are New. Nobody can be invited twice, or to a child event",
)
def complete_invitation(save: Save) -> None:
    """Check an invitation about to be saved, and fill its status."""
    row = save.row
    if save.before is not None:
        return  # the event and the invitee of an invitation do not change
    event = save.record(row["EventId"])
    if event is not None and event["IsChild"]:
        raise errors.field_integrity("EventId must be the event itself, not an invitee's copy of it", ["EventId"])
    twice = "SELECT Id FROM EventRelation WHERE EventId = ? AND RelationId = ? AND IsDeleted = 0"
    other = save.store.row(twice, [row["EventId"], row["RelationId"]])
    if other is not None:
        raise errors.duplicate_value(["RelationId"], other["Id"])
    row["Status"] = "Accepted" if str(row["RelationId"]).startswith("023") else "New"


def follow_invitation(save: Save) -> None:
    """Make the event a group event, and give an invited user a copy of it."""
    if save.before is not None:
        return
    event = save.record(save.row["EventId"])
    assert event is not None  # noqa: S101 - the reference was checked
    definition: SObjectDef = save.schema["Event"]
    save.store.update(definition, event["Id"], {"IsGroupEvent": 1, "GroupEventType": "1"})
    if str(save.row["RelationId"]).startswith("005") and save.row["RelationId"] != event["OwnerId"]:
        child = {
            "Id": save.store.new_id(definition),
            "OwnerId": save.row["RelationId"],
            "_master": event["Id"],
            "IsChild": 1,
            "IsGroupEvent": 1,
            "GroupEventType": "1",
        }
        save.store.insert(definition, dict(event) | child)


@evidence("EventRelation", "simulated", "Removing an invitation deletes the child event")
def events_of_invitation(store: Store, row: Row) -> list[Row]:
    """Return the child event that is deleted with an invitation."""
    return _rows(
        store, "_master = ? AND OwnerId = ? AND IsChild = 1 AND IsDeleted = 0", [row["EventId"], row["RelationId"]]
    )


@evidence("Event", "documented", "Events that ended more than a year ago are archived: only queryAll shows them")
@evidence(
    "Event", "simulated", "Old events, and closed tasks due more than a year ago, are archived when the org is opened"
)
def archive(store: Store, now: datetime) -> None:
    """Mark activities older than a year as archived."""
    year_ago = now.astimezone(UTC) - timedelta(days=365)
    with store.transaction():
        store.execute(
            "UPDATE Event SET IsArchived = 1 WHERE EndDateTime < ? AND IsArchived = 0 AND IsRecurrence = 0",
            [instant(year_ago)],
        )
        store.execute(
            "UPDATE Task SET IsArchived = 1 WHERE ActivityDate < ? AND IsClosed = 1 AND IsArchived = 0",
            [year_ago.date().isoformat()],
        )
