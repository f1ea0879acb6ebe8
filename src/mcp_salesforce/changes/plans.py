"""What a change would do, record by record, for a person or a model to read. No I/O."""

from collections.abc import Mapping
from typing import Any, Final, NotRequired
from zoneinfo import ZoneInfo

from typing_extensions import TypedDict

from mcp_salesforce.appointments.times import TimeError, instant_of, local_text
from mcp_salesforce.changes.before import Before
from mcp_salesforce.changes.change import Change
from mcp_salesforce.changes.writes import Write

_TIME: Final = "DateTime"  # how the names of an appointment's times end
_ALL_DAY: Final = "IsAllDayEvent"
_DAY: Final = len("2026-11-24")


class PlannedField(TypedDict):
    """A field's value before, and after."""

    before: Any
    after: Any


class PlannedWrite(TypedDict):
    """What would be done to one record; a new one has no Id, and `values` in the place of what is changed."""

    action: str
    sobject: NotRequired[str]
    Id: NotRequired[str]
    name: NotRequired[str]
    values: NotRequired[dict[str, Any]]
    changed: NotRequired[dict[str, PlannedField]]


def planned_writes(change: Change, names: Mapping[str, str], zone: ZoneInfo | None = None) -> list[PlannedWrite]:
    """Return what `change` would do, in its order.

    Args:
        change: The change.
        names: Names of records, by Id.
        zone: The zone in which the times of appointments are shown; None: as Salesforce writes them.
    """
    return [
        _planned(change, write, before and _timed(before, zone, {}), _timed(write.values, zone, before or {}), names)
        for step in change.steps
        for write, before in zip(step.writes, step.before, strict=True)
    ]


def _planned(
    change: Change, write: Write, before: Before, after: Mapping[str, object], names: Mapping[str, str]
) -> PlannedWrite:
    exists = write.action != "upsert" or bool(before and before.get("Id"))
    action = ("update" if exists else "create") if write.action == "upsert" else write.action
    told: PlannedWrite = {"action": action}
    if write.sobject:
        told["sobject"] = write.sobject
    record_id = write.record_id or str((before or {}).get("Id") or "")
    if record_id and record_id not in change.planned:
        told["Id"] = record_id
    if name := names.get(record_id):
        told["name"] = name
    values = {field: _shown(change, value) for field, value in after.items()}
    if action == "create":
        told["values"] = values
    elif values:
        known = {field.casefold(): value for field, value in (before or {}).items()}
        told["changed"] = {
            field: {"before": known.get(field.casefold()), "after": value}
            for field, value in values.items()
            if before is None or known.get(field.casefold()) != value
        }
    return told


def _timed(values: Mapping[str, Any], zone: ZoneInfo | None, former: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return values with an appointment's times as the clock in `zone` shows them; of an all-day one the days."""
    if zone is None:
        return values
    is_all_day = {**former, **values}.get(_ALL_DAY) is True
    return {
        name: _time_in(value, zone, is_all_day=is_all_day) if name.endswith(_TIME) and isinstance(value, str) else value
        for name, value in values.items()
    }


def _time_in(text: str, zone: ZoneInfo, *, is_all_day: bool) -> str:
    if is_all_day:
        return text[:_DAY]
    try:
        return local_text(instant_of(text), zone)
    except TimeError:
        return text


def _shown(change: Change, value: object) -> object:
    """Return a value as a person reads it: an Id that is only planned becomes the new record's object."""
    return f"the new {change.planned[value]}" if isinstance(value, str) and value in change.planned else value


def records_named(change: Change) -> dict[str, list[str]]:
    """Return the Ids of the records that exist and would be written, by object; an upsert finds some by their key."""
    found: dict[str, list[str]] = {}
    for step in change.steps:
        for write, before in zip(step.writes, step.before, strict=True):
            for record_id in (write.record_id or str((before or {}).get("Id") or ""), *write.also):
                if record_id and record_id not in change.planned:
                    found.setdefault(write.object_in(change.sobject), []).append(record_id)
    return found
