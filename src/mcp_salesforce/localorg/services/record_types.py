"""Record types: which one a new record gets, and which picklist values it allows."""

from collections.abc import Iterator
from typing import Final

from mcp_salesforce.localorg import errors
from mcp_salesforce.localorg.evidence import evidence
from mcp_salesforce.localorg.services.saves import Save
from mcp_salesforce.localorg.store.schema import PicklistValue, SObjectDef
from mcp_salesforce.localorg.store.sqlite import Store

MASTER_ID: Final = "012000000000000AAA"
"""The record type of records without one."""


def picklist_values(
    store: Store, definition: SObjectDef, record_type_id: str
) -> Iterator[tuple[str, list[PicklistValue]]]:
    """Yield each picklist of an object, with the active values that a record type allows.

    Raises:
        OrgError: NOT_FOUND; the object has no such record type.
    """
    own: dict[str, tuple[str, ...]] = {}
    if record_type_id != MASTER_ID:
        known = "SELECT DeveloperName FROM RecordType WHERE SobjectType = ? AND Id = ?"
        row = store.row(known, [definition.name, record_type_id])
        if row is None:
            raise errors.not_found()
        own = next((dict(each.values) for each in definition.record_types if each.developer_name == row[0]), {})
    for field in definition.fields:
        if field.picklist_values:
            active = [each for each in field.picklist_values if each.active]
            yield field.name, [each for each in active if field.name not in own or each.value in own[field.name]]


def default_record_type(store: Store, definition: SObjectDef) -> str | None:
    """Return the id of the record type of a new record that names none; None for the master one."""
    default = definition.default_record_type
    if default is None or definition.field("RecordTypeId") is None:
        return None
    known = "SELECT Id FROM RecordType WHERE SobjectType = ? AND DeveloperName = ?"
    row = store.row(known, [definition.name, default.developer_name])
    return row["Id"] if row else None


@evidence("Records", "simulated", "In a restricted picklist a value that the record type does not allow is refused")
@evidence("Records", "simulated", "A default that the record type does not allow is left out")
def check_picklists(save: Save) -> None:
    """Refuse values that the record type does not allow.

    Raises:
        OrgError: INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST.
    """
    kinds = {each.developer_name: each for each in save.definition.record_types if each.values}
    kind = save.record(save.row.get("RecordTypeId")) if kinds else None
    if kind is None or kind["DeveloperName"] not in kinds:
        return
    for name, allowed in kinds[kind["DeveloperName"]].values:
        field, value = save.definition.by_name[name.lower()], save.row.get(name)
        chosen = str(value or "").split(";") if field.type == "multipicklist" else [value]
        refused = [each for each in chosen if each and each not in allowed]
        if refused and name in save.given and field.restricted:
            raise errors.bad_picklist_value(field.label, refused[0], name)
        if refused and name not in save.given and save.before is None and field.nillable:
            save.row[name] = None
