"""A describe as a model reads it: a line for a field, and all that is known of the fields it names."""

from base64 import b64decode
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NotRequired

import orjson
from typing_extensions import TypedDict

from mcp_salesforce.salesforce import SObjectDescribe
from mcp_salesforce.salesforce.models import ChildRelationship, FieldDescribe, PicklistValue, SObjectSummary

COLUMNS = ("name", "type", "label", "flags")
_TARGETS = 3  # objects that a reference names in one line
_FORMULA_CHARACTERS = 500
_WITH_LENGTH = frozenset({"string", "textarea", "phone", "url", "email", "encryptedstring", "combobox"})
_NUMBERS = frozenset({"double", "currency", "percent"})


class RecordType(TypedDict):
    """A record type: the value of RecordTypeId."""

    Id: str
    name: str
    label: NotRequired[str]
    default: NotRequired[bool]
    unavailable: NotRequired[bool]


class FieldFacts(TypedDict):
    """All that is known of one field."""

    type: str
    label: NotRequired[str]
    flags: NotRequired[str]
    references: NotRequired[list[str]]
    relationship: NotRequired[str]
    help: NotRequired[str]
    description: NotRequired[str]
    formula: NotRequired[str]
    default: NotRequired[str | float | bool]
    restricted: NotRequired[bool]
    values: NotRequired[list[str]]
    labels: NotRequired[dict[str, str]]
    depends_on: NotRequired[str]
    values_for: NotRequired[dict[str, list[str]]]
    values_left_out: NotRequired[int]


def telling_label(name: str, label: str) -> str:
    """Return `label`, or nothing where the name says it."""
    return "" if _letters(label) in {_letters(name), _letters(name.removesuffix("Id"))} else label


def field_line(field: FieldDescribe) -> list[str]:
    """Return name, type, label and flags of a field; the label only where the name does not say it."""
    return [field.name, _type(field), telling_label(field.name, field.label), _flags(field)]


def field_facts(described: SObjectDescribe, field: FieldDescribe, matches: Callable[[str], bool]) -> FieldFacts:
    """Return all that is known of a field: the values of a picklist that match, and which go with which."""
    facts: FieldFacts = {"type": _type(field), "label": field.label}
    if flags := _flags(field):
        facts["flags"] = flags
    if field.reference_to:
        facts["type"], facts["references"] = "reference", list(field.reference_to)
        if field.relationship_name:
            facts["relationship"] = field.relationship_name
    if field.inline_help_text:
        facts["help"] = field.inline_help_text
    if field.calculated_formula:
        facts["formula"] = field.calculated_formula[:_FORMULA_CHARACTERS]
    if field.default_value is not None:
        facts["default"] = field.default_value
    if field.picklist_values:
        _add_values(facts, described, field, matches)
    return facts


def record_types(described: SObjectDescribe) -> list[RecordType]:
    """Return the object's active record types without the master one; a record has none where there are none."""
    found: list[RecordType] = []
    for info in described.record_type_infos:
        if info.master or not info.active:
            continue
        row: RecordType = {"Id": info.record_type_id, "name": info.developer_name or info.name}
        if info.name != row["name"]:
            row["label"] = info.name
        if info.default_record_type_mapping:
            row["default"] = True
        if not info.available:
            row["unavailable"] = True
        found.append(row)
    return found


def refused_actions(described: SObjectSummary) -> list[str]:
    """Return what cannot be done with the object at all."""
    can = {
        "query": described.queryable,
        "create": described.createable,
        "update": described.updateable,
        "delete": described.deletable,
    }
    return [action for action, is_possible in can.items() if not is_possible]


def children_of(described: SObjectDescribe) -> list[ChildRelationship]:
    """Return the relationships from other objects that have a name, so that a sub-query can use them."""
    return [child for child in described.child_relationships if child.relationship_name]


def word_search(text: str) -> Callable[[str], bool]:
    """Return the test whether a text has every word of `text`, in any case and order."""
    words = text.casefold().split()

    def matches(candidate: str) -> bool:
        folded = candidate.casefold()
        return all(word in folded for word in words)

    return matches


def fitting(entries: Sequence[Any], budget_bytes: int) -> list[Any]:
    """Return the first of `entries` that fit into `budget_bytes` of JSON."""
    kept, used = [], 2
    for entry in entries:
        used += len(orjson.dumps(entry)) + 1
        if used > budget_bytes:
            break
        kept.append(entry)
    return kept


def shortened(facts: FieldFacts, budget_bytes: int) -> FieldFacts:
    """Return `facts` with no more values than fit, saying how many are left out."""
    if len(orjson.dumps(facts)) <= budget_bytes:
        return facts
    rest = budget_bytes - len(orjson.dumps({k: v for k, v in facts.items() if k not in {"values", "values_for"}}))
    if "values" in facts:
        kept = fitting(facts["values"], rest)
        return {**facts, "values": kept, "values_left_out": len(facts["values"]) - len(kept)}
    if "values_for" in facts:
        return _fewer_values_for(facts, rest)
    return facts


def _fewer_values_for(facts: FieldFacts, budget_bytes: int) -> FieldFacts:
    pairs = fitting(list(facts["values_for"].items()), budget_bytes)
    left_out = sum(len(values) for values in facts["values_for"].values()) - sum(len(values) for _, values in pairs)
    return {**facts, "values_for": dict(pairs), "values_left_out": left_out}


def _add_values(
    facts: FieldFacts, described: SObjectDescribe, field: FieldDescribe, matches: Callable[[str], bool]
) -> None:
    active = [value for value in field.picklist_values if value.active]
    values = [value for value in active if matches(f"{value.value} {value.label}")]
    if defaults := [value.value for value in active if value.default_value]:
        facts["default"] = defaults[0]
    if field.restricted_picklist:
        facts["restricted"] = True
    if labels := {value.value: value.label for value in values if value.label and value.label != value.value}:
        facts["labels"] = labels
    controller = described.field(field.controller_name or "")
    if controller is None:
        facts["values"] = [value.value for value in values]
    else:
        facts["depends_on"] = controller.name
        facts["values_for"] = _values_for(controller, values)


def _type(field: FieldDescribe) -> str:
    if field.reference_to:
        others = len(field.reference_to) - _TARGETS
        targets = "|".join(field.reference_to[:_TARGETS]) + (f"|{others} more" if others > 0 else "")
        usual = field.name.removesuffix("Id") if field.name.endswith("Id") else field.name.removesuffix("__c") + "__r"
        path = f" as {field.relationship_name}" if field.relationship_name not in {None, usual} else ""
        return f"{field.type} {targets}{path}"
    if field.type in _WITH_LENGTH and field.length:
        return f"{field.type} {field.length}"
    if field.type in _NUMBERS and field.precision:
        return f"{field.type} {field.precision}/{field.scale}"
    return field.type


def _flags(field: FieldDescribe) -> str:
    is_required = field.createable and not field.nillable and not field.defaulted_on_create
    flags = {
        "required": is_required and field.type != "boolean",
        "formula": field.calculated,
        "auto-number": field.auto_number,
        "read-only": not (field.createable or field.updateable or field.calculated or field.auto_number),
        "create-only": field.createable and not field.updateable,
        "update-only": field.updateable and not field.createable,
        "unique": field.unique,
        "external-id": field.external_id,
        "no-filter": not field.filterable,
        f"depends-on-{field.controller_name}": field.dependent_picklist,
        "custom": field.custom and "__" not in field.name,
    }
    return " ".join(flag for flag, holds in flags.items() if holds)


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold().removesuffix("__c")))


def _values_for(controller: FieldDescribe, values: Iterable[PicklistValue]) -> dict[str, list[str]]:
    """Return which values go with which value of the controlling field; a checkbox has false and true."""
    controlling = [value.value for value in controller.picklist_values] or ["false", "true"]
    found: dict[str, list[str]] = {}
    for value in values:
        bitmap = b64decode(value.valid_for or "")
        for at, name in enumerate(controlling):
            if at // 8 < len(bitmap) and bitmap[at // 8] & 0x80 >> at % 8:
                found.setdefault(name, []).append(value.value)
    return found
