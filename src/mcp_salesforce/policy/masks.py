"""Remove hidden values from answers: hidden fields from records and describes."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final, TypeVar, cast

from mcp_salesforce.policy.query_rules import Views
from mcp_salesforce.policy.rules import Action, Policy
from mcp_salesforce.policy.views import View
from mcp_salesforce.salesforce.models import FieldDescribe, SObjectDescribe, SObjectSummary

Withheld = Callable[[str], None]
"""Takes the name of what was left out of an answer, such as `Account.Phone`."""

_OF_URL: Final = re.compile(r"/sobjects/(\w+)/")
_AGGREGATE: Final = "AggregateResult"
_FLAGS: Final[Mapping[str, Action]] = {
    "createable": "create", "updateable": "update", "deletable": "delete", "queryable": "read", "searchable": "read",
}  # fmt: skip
Summary = TypeVar("Summary", bound=SObjectSummary)


async def masked(record: Mapping[str, Any], views: Views, withhold: Withheld, sobject: str = "") -> dict[str, Any]:
    """Return a record, its parents and children without what is hidden.

    Args:
        record: As Salesforce gave it.
        views: What the policy shows of an object.
        withhold: Called with the name of each field that is left out.
        sobject: What it is a record of, where it does not tell.
    """
    attributes = record.get("attributes")
    view = await views(_object_of(attributes) or sobject) if _object_of(attributes) != _AGGREGATE else None
    kept: dict[str, Any] = {}
    for name, value in record.items():
        if name == "attributes" or view is None:
            kept[name] = value
        elif isinstance(value, Mapping) and "records" in value:
            children = [await masked(child, views, _below(name, withhold)) for child in value["records"]]
            kept[name] = {**value, "records": children}
        elif isinstance(value, Mapping) and "attributes" in value:
            kept[name] = await _parent(name, value, views, withhold)
        elif view.shows(name):
            kept[name] = value
        else:
            withhold(name)
    return kept


async def _parent(name: str, value: Mapping[str, Any], views: Views, withhold: Withheld) -> dict[str, Any]:
    """Return a parent record; of one that is not to be seen through others, or of an unknown object, only its Id."""
    sobject = _object_of(value["attributes"])
    view = await views(sobject)
    if sobject and view.rule.is_readable and not view.owners:
        return await masked(value, views, _below(name, withhold))
    for field in value:
        if field not in {"attributes", "Id"}:
            withhold(f"{name}.{field}")
    return {field: entry for field, entry in value.items() if field in {"attributes", "Id"}}


def _below(name: str, withhold: Withheld) -> Withheld:
    return lambda field: withhold(f"{name}.{field}")


def _object_of(attributes: object) -> str:
    """Return of which object a record is; behind a polymorphic relationship only its URL tells."""
    if not isinstance(attributes, Mapping):
        return ""
    found = _OF_URL.search(str(attributes.get("url", "")))
    kind = str(attributes.get("type", ""))
    return found[1] if found else kind if kind != "Name" else ""


def masked_describe(described: SObjectDescribe, view: View, policy: Policy) -> SObjectDescribe:
    """Return an object's describe without what the policy hides or forbids."""
    return _with(
        masked_summary(described, policy),
        fields=tuple(_masked_field(each, view) for each in described.fields if view.shows(each.name)),
        child_relationships=tuple(
            child for child in described.child_relationships if policy.rule(child.child_sobject).is_readable
        ),
    )


def masked_summary(described: Summary, policy: Policy) -> Summary:
    """Return a describe's summary of an object, without what the policy forbids."""
    rule = policy.rule(described.name)
    return _with(described, **{flag: False for flag, action in _FLAGS.items() if action not in rule.actions})


def _with(described: Summary, **changes: object) -> Summary:
    """Return a copy with other values; `model_copy` would copy the look-up by name too, with what is hidden in it."""
    values = {name: getattr(described, name) for name in type(described).model_fields}
    return cast("Summary", type(described).model_construct(**(values | changes)))


def _masked_field(field: FieldDescribe, view: View) -> FieldDescribe:
    """Return a field's describe without a hidden controlling field, and as writable as the policy has it."""
    changes: dict[str, Any] = {}
    if field.controller_name and not view.shows(field.controller_name):
        changes["controller_name"] = None
    if field.createable and "create" not in view.rule.actions:
        changes["createable"] = False
    if field.updateable and "update" not in view.rule.actions:
        changes["updateable"] = False
    return replace(field, **changes) if changes else field
