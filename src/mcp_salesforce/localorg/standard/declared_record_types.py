"""Record types of a schema file: which values of picklists the records of each kind may have."""

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any, Final

from mcp_salesforce.localorg.standard.definitions import FieldDef, PicklistValue, RecordTypeDef, SObjectDef, reference
from mcp_salesforce.localorg.standard.errors import SchemaFileError

_OPTIONS: Final = frozenset({"label", "default", "values"})
_ID: Final = reference("RecordTypeId", "Record Type ID", "RecordType")


def with_record_types(sobject: SObjectDef, given: Any) -> SObjectDef:  # noqa: ANN401 - what YAML holds
    """Return an object with the record types that a file gives it, by their names in the API.

    Raises:
        SchemaFileError: One of them says what cannot be.
    """
    if given is None:
        return sobject
    if not isinstance(given, dict) or not given:
        raise SchemaFileError(f"{sobject.name}.recordTypes: a mapping of record types is expected, not {given!r}")
    made = tuple(_record_type(sobject, str(name), about or {}) for name, about in given.items())
    if sum(each.default for each in made) > 1:
        raise SchemaFileError(f"{sobject.name}.recordTypes: one of them is the default, not several")
    fields = sobject.fields if sobject.field(_ID.name) else (*sobject.fields, _ID)
    return dataclasses.replace(sobject, fields=fields, record_types=(*sobject.record_types, *made))


def widened_record_type(made: Iterable[SObjectDef], record_type: SObjectDef) -> SObjectDef | None:
    """Return the object RecordType with the objects that have record types among its values; None if they are."""
    field = record_type.by_name["sobjecttype"]
    known = {each.value for each in field.picklist_values}
    more = tuple(PicklistValue(each.name, each.name) for each in made if each.record_types and each.name not in known)
    if not more:
        return None
    wider = dataclasses.replace(field, picklist_values=field.picklist_values + more)
    return dataclasses.replace(
        record_type, fields=tuple(wider if each is field else each for each in record_type.fields)
    )


def _record_type(sobject: SObjectDef, name: str, about: Any) -> RecordTypeDef:  # noqa: ANN401 - what YAML holds
    place = f"{sobject.name}.recordTypes.{name}"
    if not isinstance(about, dict) or (unknown := about.keys() - _OPTIONS):
        what = (
            f"unknown {', '.join(sorted(map(str, unknown)))}" if isinstance(about, dict) else f"{about!r} is no mapping"
        )
        raise SchemaFileError(f"{place}: {what}; known are {', '.join(sorted(_OPTIONS))}")
    values = about.get("values") or {}
    if not isinstance(values, dict):
        raise SchemaFileError(f"{place}: values are a mapping from picklists to lists, not {values!r}")
    return RecordTypeDef(
        name=str(about.get("label") or name.replace("_", " ")),
        developer_name=name,
        default=bool(about.get("default")),
        values=tuple(_values(place, sobject, str(field), each) for field, each in values.items()),
    )


def _values(place: str, sobject: SObjectDef, name: str, given: Any) -> tuple[str, tuple[str, ...]]:  # noqa: ANN401
    field = sobject.field(name)
    if field is None or not field.picklist_values or not isinstance(given, list):
        raise SchemaFileError(f"{place}: {name} must be a picklist of {sobject.name}, with a list of values")
    unknown = [str(each) for each in given if str(each) not in _known(field)]
    if unknown:
        raise SchemaFileError(f"{place}: {field.name} has no value {', '.join(unknown)}")
    return field.name, tuple(map(str, given))


def _known(field: FieldDef) -> Mapping[str, PicklistValue]:
    return {each.value: each for each in field.picklist_values}
