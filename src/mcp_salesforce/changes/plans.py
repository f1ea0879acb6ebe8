"""What a change would do, record by record, for a person or a model to read. No I/O."""

from collections.abc import Mapping
from typing import Any, NotRequired

from typing_extensions import TypedDict

from mcp_salesforce.changes.before import Before
from mcp_salesforce.changes.change import Change
from mcp_salesforce.changes.writes import Write


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


def planned_writes(change: Change, names: Mapping[str, str]) -> list[PlannedWrite]:
    """Return what `change` would do, in its order; `names` are those of records by Id."""
    return [
        _planned(change, write, before, names)
        for step in change.steps
        for write, before in zip(step.writes, step.before, strict=True)
    ]


def _planned(change: Change, write: Write, before: Before, names: Mapping[str, str]) -> PlannedWrite:
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
    values = {field: _shown(change, value) for field, value in write.values.items()}
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
