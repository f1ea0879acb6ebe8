"""What of an answer may be seen: records without their hidden fields, describes without what is hidden."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from mcp_salesforce.policy.queries import Views
from mcp_salesforce.policy.rules import Action, Policy
from mcp_salesforce.policy.views import View

Withheld = Callable[[str], None]
"""Takes the name of what was left out of an answer, such as `Account.Phone`."""

_OF_URL: Final = re.compile(r"/sobjects/(\w+)/")
_AGGREGATE: Final = "AggregateResult"
_FLAGS: Final[Mapping[str, Action]] = {
    "createable": "create", "updateable": "update", "deletable": "delete", "undeletable": "create",
    "queryable": "read", "searchable": "read", "retrieveable": "read",
}  # fmt: skip


async def masked(record: Mapping[str, Any], views: Views, withhold: Withheld, sobject: str = "") -> dict[str, Any]:
    """Return a record, its parents and children without what is hidden.

    Args:
        record: As Salesforce gave it.
        views: What the policy shows of an object.
        withhold: Told the name of each field left out.
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
    if sobject and view.rule.is_readable and not view.rule.owner_only:
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


def masked_describe(described: Mapping[str, Any], view: View, policy: Policy) -> dict[str, Any]:
    """Return an object's describe, as Salesforce gave it, without what is hidden, and with what may be done."""
    fields = [_masked_field(field, view) for field in described.get("fields", ()) if view.shows(str(field["name"]))]
    children = [
        child
        for child in described.get("childRelationships", ())
        if policy.rule(str(child["childSObject"])).is_readable
    ]
    return {**masked_summary(described, policy), "fields": fields, "childRelationships": children}


def masked_summary(described: Mapping[str, Any], policy: Policy) -> dict[str, Any]:
    """Return what a describe says of an object as a whole, with what may be done."""
    rule = policy.rule(str(described["name"]))
    forbidden = {flag: False for flag, action in _FLAGS.items() if flag in described and action not in rule.actions}
    return {**described, **forbidden}


def _masked_field(field: Mapping[str, Any], view: View) -> dict[str, Any]:
    """Return a field's describe without a hidden controlling field, and as writable as the policy has it."""
    kept = dict(field)
    if kept.get("controllerName") and not view.shows(str(kept["controllerName"])):
        kept["controllerName"] = None
    if "create" not in view.rule.actions:
        kept["createable"] = False
    if "update" not in view.rule.actions:
        kept["updateable"] = False
    return kept
