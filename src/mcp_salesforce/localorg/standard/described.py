"""Objects read from the describe that a real org gave, as the API gives it or as `sf sobject describe --json` does."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, Final

from mcp_salesforce.localorg.evidence import evidence
from mcp_salesforce.localorg.standard.definitions import (
    CONTROLLED_BY_PARENT,
    FIELD_TYPES,
    FieldDef,
    PicklistValue,
    RecordTypeDef,
    SObjectDef,
)
from mcp_salesforce.localorg.standard.errors import SchemaFileError

_HOW_TO_DESCRIBE: Final = "write one with sf sobject describe --sobject NAME --json > NAME.json"
_FLAGS: Final = ("createable", "updateable", "deletable", "undeletable", "searchable", "custom", "layoutable")
_ATTRIBUTES: Final = {
    "label": "label", "length": "length", "createable": "createable", "updateable": "updateable",
    "nillable": "nillable", "defaultedOnCreate": "defaulted_on_create", "permissionable": "permissionable",
    "filterable": "filterable", "sortable": "sortable", "groupable": "groupable", "aggregatable": "aggregatable",
    "idLookup": "id_lookup", "externalId": "external_id", "unique": "unique", "caseSensitive": "case_sensitive",
    "nameField": "name_field", "autoNumber": "auto_number", "custom": "custom", "digits": "digits",
    "precision": "precision", "scale": "scale", "restrictedPicklist": "restricted", "defaultValue": "default",
    "relationshipName": "relationship_name", "namePointing": "name_pointing", "compoundFieldName": "compound",
    "searchPrefilterable": "search_prefilterable", "extraTypeInfo": "extra_type_info",
    "relationshipOrder": "master_order",
}  # fmt: skip


def from_describes(content: Any, known: Mapping[str, SObjectDef]) -> list[SObjectDef]:  # noqa: ANN401 - what JSON holds
    """Return the objects of one describe, or of a list of them; `known` are those of the org, by name in lower case."""
    describes = [_unwrapped(each) for each in (content if isinstance(content, list) else [content])]
    told = {(each["childSObject"], each["field"]): each for of in describes for each in _children(of)}
    return [_from_describe(each, known, told) for each in describes]


_Told = Mapping[tuple[str, str], Mapping[str, Any]]
"""What the describes of parents say of a reference, by the object that has it and its name."""


@evidence(
    "Custom objects",
    "simulated",
    "Fields of a describe with a type that the local org lacks (base64, location) are left out",
)
def _from_describe(describe: Mapping[str, Any], known: Mapping[str, SObjectDef], told: _Told) -> SObjectDef:
    try:
        return _described(describe, known, told)
    except (KeyError, TypeError, AttributeError) as error:
        what = f"{describe['name']}: the describe is not whole ({type(error).__name__}: {error})"
        raise SchemaFileError(f"{what}: {_HOW_TO_DESCRIBE}") from None


def _unwrapped(describe: Any) -> Mapping[str, Any]:  # noqa: ANN401 - what JSON holds
    if isinstance(describe, dict) and isinstance(describe.get("result"), dict):
        describe = describe["result"]  # what `sf … --json` puts around it
    if not isinstance(describe, dict) or not describe.get("name") or not isinstance(describe.get("fields"), list):
        raise SchemaFileError(f"this is not a describe: {_HOW_TO_DESCRIBE}")
    return describe


def _children(describe: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    found = describe.get("childRelationships") or ()
    return [each for each in found if isinstance(each, dict) and {"childSObject", "field"} <= each.keys()]


@evidence("Custom objects", "documented", "Everyone who can see or change a master can see or change its details")
def _described(describe: Mapping[str, Any], known: Mapping[str, SObjectDef], told: _Told) -> SObjectDef:
    existing = known.get(describe["name"].lower())
    fields = tuple(
        _described_field(
            each, existing.field(each["name"]) if existing else None, told.get((describe["name"], each["name"]))
        )
        for each in describe["fields"]
        if each["type"] in FIELD_TYPES
    )
    if existing is not None:
        return dataclasses.replace(existing, fields=fields, record_types=_record_types(describe))
    masters = tuple(each.name for each in fields if each.master_order is not None)
    flags: dict[str, Any] = {flag: bool(describe[flag]) for flag in _FLAGS if flag in describe}
    return SObjectDef(
        name=describe["name"],
        label=describe.get("label") or describe["name"],
        label_plural=describe.get("labelPlural") or describe["name"],
        key_prefix=describe.get("keyPrefix") or "a00",
        fields=fields,
        record_types=_record_types(describe),
        controlled_by=masters,
        sharing=CONTROLLED_BY_PARENT if masters else "ReadWrite",
        **flags,
    )


def _record_types(describe: Mapping[str, Any]) -> tuple[RecordTypeDef, ...]:
    return tuple(
        RecordTypeDef(
            record_id=each["recordTypeId"],
            name=each["name"],
            developer_name=each["developerName"],
            active=bool(each.get("active", True)),
            available=bool(each.get("available", True)),
            default=bool(each.get("defaultRecordTypeMapping")),
        )
        for each in describe.get("recordTypeInfos") or ()
        if not each.get("master")
    )


def _is_required(field: Mapping[str, Any]) -> bool:
    """Tell whether a reference is one that cannot be cleared, which Salesforce does not let be set to that."""
    return field["type"] == "reference" and bool(field.get("createable")) and not field.get("nillable", True)


def _described_field(field: Mapping[str, Any], ours: FieldDef | None, told: Mapping[str, Any] | None) -> FieldDef:
    values = tuple(
        PicklistValue(each["value"], each.get("label") or each["value"], bool(each.get("defaultValue")), each["active"])
        for each in field.get("picklistValues", ())
    )
    attributes = {ours_: field[theirs] for theirs, ours_ in _ATTRIBUTES.items() if theirs in field}
    if field["type"] == "boolean":
        attributes["default"] = bool(field.get("defaultValue"))
    if ours is not None:
        attributes |= {
            "child_relationship": ours.child_relationship,
            "cascade_delete": ours.cascade_delete,
            "restricted_delete": ours.restricted_delete,
            "display_format": ours.display_format,
        }
    if told is not None:
        attributes |= {
            "child_relationship": told.get("relationshipName"),
            "cascade_delete": bool(told.get("cascadeDelete")),
            "restricted_delete": bool(told.get("restrictedDelete")),
        }
    elif attributes.get("master_order") is not None:
        attributes["cascade_delete"] = True
    if attributes.get("custom") and _is_required(field) and not attributes.get("cascade_delete"):
        attributes["restricted_delete"] = True
    return FieldDef(
        name=field["name"],
        type=field["type"],
        picklist_values=values,
        reference_to=tuple(field.get("referenceTo", ())),
        **attributes,
    )
