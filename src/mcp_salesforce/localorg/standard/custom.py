"""Custom objects and fields: read from a YAML file, or from describes that a real org gave (`described`).

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
from mcp_salesforce.localorg.standard.declared_record_types import widened_record_type, with_record_types
from mcp_salesforce.localorg.standard.definitions import (
    AUDIT,
    CONTROLLED_BY_PARENT,
    FIELD_TYPES,
    IS_DELETED,
    VIEWED,
    FieldDef,
    SObjectDef,
    define,
    picklist,
    record_id,
    reference,
    string,
)
from mcp_salesforce.localorg.standard.described import from_describes
from mcp_salesforce.localorg.standard.errors import SchemaFileError

__all__ = ["SchemaFileError", "read_schema"]

_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")
_CHOICES: Final = ("picklist", "multipicklist")
_MOST_MASTERS: Final = 2
_NO_MASTERS: Final = frozenset({"Lead", "User"})
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

_NOT_CUSTOM: Final = frozenset({"id", "address", "base64"})
_OPTIONS: Final = frozenset(
    {"type", "label", "required", "length", "scale", "precision", "digits", "values", "restricted", "default", "to",
     "children", "on_delete", "master_detail", "unique", "external_id"}
)  # fmt: skip
_OBJECT_OPTIONS: Final = frozenset({"label", "plural", "name", "fields", "recordTypes"})


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
        made = from_describes(content, objects) if path.suffix == ".json" else _from_yaml(content, objects)
    except SchemaFileError as error:
        raise SchemaFileError(f"{path}: {error}") from error
    record_type = widened_record_type(made, objects["recordtype"]) if "recordtype" in objects else None
    return [*made, record_type] if record_type else made


@evidence(
    "Custom objects", "documented", "A custom object has Id, OwnerId, IsDeleted, Name, the audit fields and its own"
)
@evidence(
    "Custom objects", "documented", "A detail has no owner: its visibility, changes and deletion follow its master"
)
@evidence("Custom objects", "documented", "A detail always has one or two masters, and cannot move to others")
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
            made.append(with_record_types(_widened(existing, fields), options.get("recordTypes")))
        elif not str(name).endswith("__c"):
            raise SchemaFileError(f"{name}: the org has no such object; the name of a custom one ends in __c")
        else:
            prefix = f"a{len(made):02}"
            sobject = _custom_object(str(name), options, fields, prefix)
            made.append(with_record_types(sobject, options.get("recordTypes")))
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
    masters = _in_order(name, own)
    owner = () if masters else (reference("OwnerId", "Owner ID", ("Group", "User"), "CUD"),)
    return SObjectDef(
        name=name,
        label=label,
        label_plural=str(options.get("plural") or f"{label}s"),
        key_prefix=prefix,
        custom=True,
        fields=(
            record_id("Record ID"),
            *owner,
            IS_DELETED,
            title,
            *AUDIT,
            *VIEWED,
            *(masters.get(each.name, each) for each in own),
        ),
        scopes=(("everything", "All"), *((("mine", "Mine"),) if owner else ())),
        sharing=CONTROLLED_BY_PARENT if masters else "ReadWrite",
        controlled_by=tuple(masters),
    )


def _in_order(sobject: str, fields: Iterable[FieldDef]) -> dict[str, FieldDef]:
    """Return the references of a detail to its masters, by name, the primary one first."""
    masters = [each for each in fields if each.master_order is not None]
    if len(masters) > _MOST_MASTERS:
        raise SchemaFileError(f"{sobject}: an object is the detail of {_MOST_MASTERS} others at most")
    return {each.name: dataclasses.replace(each, master_order=order) for order, each in enumerate(masters)}


def _widened(existing: SObjectDef, fields: tuple[FieldDef, ...]) -> SObjectDef:
    for each in fields:
        if existing.field(each.name):
            raise SchemaFileError(f"{existing.name}.{each.name}: the object has this field already")
        if each.master_order is not None:
            raise SchemaFileError(f"{existing.name}.{each.name}: only a new custom object can be a detail")
    return dataclasses.replace(existing, fields=(*existing.fields, *fields))


def _field(sobject: str, name: str, options: Any) -> FieldDef:  # noqa: ANN401 - what YAML holds
    place = f"{sobject}.{name}"
    options = _checked(place, options, _OPTIONS)
    kind = str(options.get("type", "string"))
    if kind not in FIELD_TYPES or kind in _NOT_CUSTOM:
        known = ", ".join(sorted(FIELD_TYPES.keys() - _NOT_CUSTOM))
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


@evidence("Custom objects", "simulated", "A required reference keeps its parent from being deleted, or cascades")
def _reference(
    place: str, name: str, label: str, letters: str, options: Mapping[str, Any], more: dict[str, Any]
) -> FieldDef:
    to = options.get("to")
    if not to:
        raise SchemaFileError(f"{place}: a reference needs `to`, the object it points to")
    is_required = bool(options.get("required"))
    on_delete = options.get("on_delete", "restrict" if is_required else "clear")
    if on_delete not in {"cascade", "restrict", "clear"}:
        raise SchemaFileError(f"{place}: on_delete is cascade, restrict or clear, not {on_delete!r}")
    if is_required and on_delete == "clear":
        raise SchemaFileError(f"{place}: a required reference cannot be cleared; on_delete is restrict or cascade")
    children = options.get("children")
    targets = (to,) if isinstance(to, str) else tuple(map(str, to))
    if options.get("master_detail"):
        if len(targets) != 1 or _NO_MASTERS & set(targets):
            raise SchemaFileError(f"{place}: a master is one object, and not {' or '.join(sorted(_NO_MASTERS))}")
        if options.get("on_delete", "cascade") != "cascade":
            raise SchemaFileError(f"{place}: a detail is deleted with its master; leave out on_delete")
        letters, on_delete, more = "CP", "cascade", more | {"master_order": 0}
    return reference(
        name,
        label,
        targets,
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
