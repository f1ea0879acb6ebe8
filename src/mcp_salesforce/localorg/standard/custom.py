"""Custom objects and fields: read from a YAML file, or from a describe that a real org gave.

A YAML file names objects and their fields; an object that the org has already gets the fields added:

    objects:
      Visit__c:
        label: Visit
        plural: Visits
        name: "V-{0000}"        # numbered; leave it out for a Name that people write
        fields:
          Doctor__c: {type: reference, to: Contact, children: Visits, required: true, on_delete: cascade}
          Kind__c: {type: picklist, values: [First, Follow-up], restricted: true, default: First}
          Cost__c: {type: currency, scale: 2}
      Contact:
        fields:
          Loyalty_Number__c: {type: string, length: 20, unique: true, external_id: true}
"""

import dataclasses
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from mcp_salesforce.localorg.evidence import evidence
from mcp_salesforce.localorg.standard.definitions import (
    AUDIT,
    FIELD_TYPES,
    IS_DELETED,
    VIEWED,
    FieldDef,
    PicklistValue,
    RecordTypeDef,
    SObjectDef,
    define,
    picklist,
    record_id,
    reference,
    string,
)

_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")
_CHOICES: Final = ("picklist", "multipicklist")
_DECIMAL: Final = {"precision": 18, "scale": 2}
_SIZES: Final[Mapping[str, Mapping[str, int]]] = {
    "currency": _DECIMAL,
    "double": _DECIMAL,
    "email": {"length": 80},
    "int": {"digits": 9},
    "percent": _DECIMAL,
    "phone": {"length": 40},
    "string": {"length": 255},
    "textarea": {"length": 255},
    "url": {"length": 255},
}
"""What a type lets a file choose, and what it is otherwise."""

_OPTIONS: Final = frozenset(
    {"type", "label", "required", "length", "scale", "precision", "digits", "values", "restricted", "default", "to",
     "children", "on_delete", "unique", "external_id"}
)  # fmt: skip
_OBJECT_OPTIONS: Final = frozenset({"label", "plural", "name", "fields"})


class SchemaFileError(ValueError):
    """A schema file cannot be used; the message names the file, the place and what would be right."""


def read_schema(path: Path, known: Iterable[SObjectDef]) -> list[SObjectDef]:
    """Return the objects that a schema file defines or widens.

    Args:
        path: YAML as above; or with the suffix `.json` the describe of one object, or a list of describes, each as the
            API gives it or as `sf sobject describe --json` does.
        known: The objects that the org has already.

    Raises:
        SchemaFileError: The file cannot be read, or says something that no org can have.
    """
    try:
        text = path.read_text(encoding="utf-8")
        content = json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise SchemaFileError(f"{path}: {error}") from error
    objects = {each.name.lower(): each for each in known}
    try:
        if path.suffix == ".json":
            describes = content if isinstance(content, list) else [content]
            return [_from_describe(each, objects) for each in describes]
        return _from_yaml(content, objects)
    except SchemaFileError as error:
        raise SchemaFileError(f"{path}: {error}") from error


@evidence(
    "Custom objects", "documented", "A custom object has Id, OwnerId, IsDeleted, Name, the audit fields and its own"
)
def _from_yaml(content: Any, known: dict[str, SObjectDef]) -> list[SObjectDef]:  # noqa: ANN401 - what YAML holds
    objects = content.get("objects") if isinstance(content, dict) else None
    if not isinstance(objects, dict) or not objects:
        raise SchemaFileError("the file must have a mapping `objects` of at least one object")
    made: list[SObjectDef] = []
    for name, given in objects.items():
        options = _checked(name, given or {}, _OBJECT_OPTIONS)
        fields = tuple(_field(name, each, about or {}) for each, about in (options.get("fields") or {}).items())
        existing = known.get(str(name).lower())
        if existing is not None:
            made.append(_widened(existing, fields))
        elif not str(name).endswith("__c"):
            raise SchemaFileError(f"{name}: the org has no such object; the name of a custom one ends in __c")
        else:
            prefix = f"a{len(made):02}"
            made.append(_custom_object(str(name), options, fields, prefix))
    _check_targets(made, known)
    return made


def _check_targets(made: list[SObjectDef], known: dict[str, SObjectDef]) -> None:
    names = known.keys() | {each.name.lower() for each in made}
    for sobject in made:
        for field in sobject.fields:
            unknown = [each for each in field.reference_to if each.lower() not in names]
            if field.custom and unknown:
                raise SchemaFileError(f"{sobject.name}.{field.name}: the org has no object {', '.join(unknown)}")


def _custom_object(name: str, options: Mapping[str, Any], own: tuple[FieldDef, ...], prefix: str) -> SObjectDef:
    label = str(options.get("label") or name.removesuffix("__c").replace("_", " "))
    numbered = options.get("name")
    title = (
        string("Name", f"{label} Name", 80, "CUNDL", name_field=True)
        if numbered is None
        else string("Name", f"{label} Name", 80, "DL", name_field=True, auto_number=True, display_format=str(numbered))
    )
    return SObjectDef(
        name=name,
        label=label,
        label_plural=str(options.get("plural") or f"{label}s"),
        key_prefix=prefix,
        custom=True,
        fields=(
            record_id("Record ID"),
            reference("OwnerId", "Owner ID", ("Group", "User"), "CUD"),
            IS_DELETED,
            title,
            *AUDIT,
            *VIEWED,
            *own,
        ),
        scopes=(("everything", "All"), ("mine", "Mine")),
    )


def _widened(existing: SObjectDef, fields: tuple[FieldDef, ...]) -> SObjectDef:
    for each in fields:
        if existing.field(each.name):
            raise SchemaFileError(f"{existing.name}.{each.name}: the object has this field already")
    return dataclasses.replace(existing, fields=(*existing.fields, *fields))


def _field(sobject: str, name: str, options: Any) -> FieldDef:  # noqa: ANN401 - what YAML holds
    place = f"{sobject}.{name}"
    options = _checked(place, options, _OPTIONS)
    kind = str(options.get("type", "string"))
    if kind not in FIELD_TYPES or kind in {"id", "address"}:
        known = ", ".join(sorted(FIELD_TYPES.keys() - {"id", "address"}))
        raise SchemaFileError(f"{place}: type {kind!r} is not one of {known}")
    if not str(name).endswith("__c"):
        raise SchemaFileError(f"{place}: the name of a custom field ends in __c")
    label = str(options.get("label") or name.removesuffix("__c").replace("_", " "))
    letters = "CUP" if options.get("required") else "CUNP"
    more = {key: options[key] for key in ("unique", "external_id") if key in options} | {"custom": True}
    if kind == "reference":
        return _reference(place, name, label, letters, options, more)
    if kind in _CHOICES:
        return _choice(place, name, label, letters, options, more)
    if kind == "boolean":
        return define(kind, name, label, "CUDP", default=bool(options.get("default")), **more)
    sizes = _SIZES.get(kind, {})
    return define(kind, name, label, letters, **more, **{key: _whole(place, options, key, sizes[key]) for key in sizes})


def _whole(place: str, options: Mapping[str, Any], key: str, otherwise: int) -> int:
    value = options.get(key, otherwise)
    if not isinstance(value, int) or value < 0:
        raise SchemaFileError(f"{place}: {key} is a whole number, not {value!r}")
    return value


def _choice(
    place: str, name: str, label: str, letters: str, options: Mapping[str, Any], more: dict[str, Any]
) -> FieldDef:
    values = options.get("values")
    if not isinstance(values, list) or not values:
        raise SchemaFileError(f"{place}: a picklist needs a list `values`")
    letters += "R" if options.get("restricted") else ""
    default = {"default": str(options["default"])} if "default" in options else {}
    return picklist(name, label, map(str, values), letters, length=255, type=options["type"], **more, **default)


def _reference(
    place: str, name: str, label: str, letters: str, options: Mapping[str, Any], more: dict[str, Any]
) -> FieldDef:
    to = options.get("to")
    if not to:
        raise SchemaFileError(f"{place}: a reference needs `to`, the object it points to")
    on_delete = options.get("on_delete", "clear")
    if on_delete not in {"cascade", "restrict", "clear"}:
        raise SchemaFileError(f"{place}: on_delete is cascade, restrict or clear, not {on_delete!r}")
    children = options.get("children")
    return reference(
        name,
        label,
        (to,) if isinstance(to, str) else tuple(map(str, to)),
        letters,
        relationship_name=f"{name.removesuffix('__c')}__r",
        child_relationship=f"{children}__r" if children else None,
        cascade_delete=on_delete == "cascade",
        restricted_delete=on_delete == "restrict",
        **more,
    )


def _checked(place: str, options: Any, known: frozenset[str]) -> dict[str, Any]:  # noqa: ANN401 - what YAML holds
    if not _NAME.match(str(place).rpartition(".")[2]):
        raise SchemaFileError(f"{place}: an API name has letters, digits and underscores, and begins with a letter")
    if not isinstance(options, dict):
        raise SchemaFileError(f"{place}: a mapping is expected, not {options!r}")
    unknown = [str(each) for each in options if each not in known]
    if unknown:
        raise SchemaFileError(f"{place}: unknown {', '.join(unknown)}; known are {', '.join(sorted(known))}")
    return options


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
}  # fmt: skip


@evidence(
    "Custom objects",
    "simulated",
    "Fields of a describe with a type that the local org lacks (base64, location) are left out",
)
def _from_describe(describe: Any, known: dict[str, SObjectDef]) -> SObjectDef:  # noqa: ANN401 - what JSON holds
    if isinstance(describe, dict) and isinstance(describe.get("result"), dict):
        describe = describe["result"]  # what `sf … --json` puts around it
    if not isinstance(describe, dict) or not describe.get("name") or not isinstance(describe.get("fields"), list):
        raise SchemaFileError(f"this is no describe: {_HOW_TO_DESCRIBE}")
    try:
        return _described(describe, known)
    except (KeyError, TypeError, AttributeError) as error:
        what = f"{describe['name']}: the describe is not whole ({type(error).__name__}: {error})"
        raise SchemaFileError(f"{what}: {_HOW_TO_DESCRIBE}") from None


def _described(describe: Mapping[str, Any], known: dict[str, SObjectDef]) -> SObjectDef:
    existing = known.get(describe["name"].lower())
    fields = tuple(
        _described_field(each, existing.field(each["name"]) if existing else None)
        for each in describe["fields"]
        if each["type"] in FIELD_TYPES
    )
    if existing is not None:
        return dataclasses.replace(existing, fields=fields, record_types=_record_types(describe))
    flags: dict[str, Any] = {flag: bool(describe[flag]) for flag in _FLAGS if flag in describe}
    return SObjectDef(
        name=describe["name"],
        label=describe.get("label") or describe["name"],
        label_plural=describe.get("labelPlural") or describe["name"],
        key_prefix=describe.get("keyPrefix") or "a00",
        fields=fields,
        record_types=_record_types(describe),
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


def _described_field(field: Mapping[str, Any], ours: FieldDef | None) -> FieldDef:
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
    return FieldDef(
        name=field["name"],
        type=field["type"],
        picklist_values=values,
        reference_to=tuple(field.get("referenceTo", ())),
        **attributes,
    )
