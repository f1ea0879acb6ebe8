"""An object as the policy shows it: its hidden fields, and what is hidden with them."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from mcp_salesforce.policy.mirrored_fields import copies
from mcp_salesforce.policy.rules import ObjectRule, Policy
from mcp_salesforce.salesforce.models import FieldDescribe, SObjectDescribe
from mcp_salesforce.soql.sosl_tree import SearchGroup

OWNER: Final = "OwnerId"
_UNSEARCHED: Final = frozenset({"id", "reference", "boolean", "date", "datetime", "time"})
_GROUP_OF_TYPE: Final[Mapping[str, SearchGroup]] = {"email": "EMAIL", "phone": "PHONE"}
# The last ones tell whether an Event is one of a series or an invitee's copy, where a change would reach others too.
_OF_EVERY_RECORD: Final = frozenset({
    "id", "isdeleted", "createddate", "lastmodifieddate", "systemmodstamp",
    "ischild", "groupeventtype", "isrecurrence", "isrecurrence2", "isrecurrence2exclusion", "recurrenceactivityid",
})  # fmt: skip
_USER: Final = "User"
_RUNNING_USER: Final = "$user"
_FORMULA_NAME: Final = re.compile(r"\$?[A-Za-z]\w*(?:\s*\.\s*\w+)*")


@dataclass(frozen=True, slots=True)
class OwnerPath:
    """Where a record says whose it is: `OwnerId`, or `Event.OwnerId` behind `reference`, which may be empty."""

    path: str
    reference: str = ""


@dataclass(frozen=True, slots=True)
class View:
    """One object under a policy.

    Attributes:
        sobject: Its API name.
        rule: What the policy says of it.
        hidden: Its hidden fields, in lower case.
        searched: Which groups of a search look into a hidden field.
        owners: Where its records say whose they are; each must be the user. Empty where anybody's may be read.
    """

    sobject: str
    rule: ObjectRule
    hidden: frozenset[str]
    searched: frozenset[SearchGroup] = frozenset()
    owners: tuple[OwnerPath, ...] = ()

    def shows(self, name: str) -> bool:
        """Tell whether a field is visible."""
        return self.rule.is_readable and name.casefold() not in self.hidden


def view_of(policy: Policy, described: SObjectDescribe) -> View:
    """Return what the policy shows of an object.

    Hidden with a field are: what it is a part of and what it consists of (MailingCity hides MailingAddress, which hides
    every part), formulas that use it as far as describe tells them, and the standard copies of it in other objects.
    """
    rule = policy.rule(described.name)
    fields = {each.name.casefold(): each for each in described.fields}
    hidden = _named(rule, described.fields)
    hidden |= copies(policy, described.name, fields.keys(), hidden)
    targets = {(each.relationship_name or "").casefold(): each.reference_to for each in described.fields}
    while more := {
        name for name, each in fields.items() if name not in hidden and _uses(each, hidden, targets, policy)
    }:
        hidden |= more
    groups = {group for name in hidden if name in fields for group in _groups(fields[name])}
    owners = _owners(rule, described)
    if owners is None:
        rule = replace(rule, actions=frozenset())
    return View(described.name, rule, frozenset(hidden), frozenset(groups), owners or ())


def unknown_names(rule: ObjectRule, described: SObjectDescribe) -> list[str]:
    """Return the names in a rule that are not fields of its object; the owner's, if it allows own records only."""
    known = {each.name.casefold() for each in described.fields}
    named = (*rule.hide, *(rule.fields or ()), *((OWNER,) if rule.owner_only else ()))
    return [name for name in named if name.casefold() not in known]


def _named(rule: ObjectRule, fields: Iterable[FieldDescribe]) -> set[str]:
    """Return what the rule hides by name, with the parts of what it hides, and what has a hidden part."""
    named = {name.casefold() for name in (rule.hide if rule.fields is None else rule.fields)}
    with_parts = named | {each.name.casefold() for each in fields if _whole(each) in named}
    if rule.fields is not None:
        return {each.name.casefold() for each in fields} - with_parts - _OF_EVERY_RECORD
    return with_parts | {_whole(each) for each in fields if each.name.casefold() in named} - {""}


def _whole(part: FieldDescribe) -> str:
    """Return the compound field that a field is a part of, in lower case, or nothing."""
    whole = (part.compound_field_name or "").casefold()
    return "" if whole == part.name.casefold() else whole


def _groups(field: FieldDescribe) -> set[SearchGroup]:
    """Return the groups of a search that look into a field; what is not known to be left out counts as looked into."""
    if field.type in _UNSEARCHED:
        return set()
    is_of_name = field.name_field or "name" in field.name.casefold() or _whole(field) == "name"
    groups: set[SearchGroup] = {"ALL", "SIDEBAR"}
    if field.type in _GROUP_OF_TYPE:
        groups.add(_GROUP_OF_TYPE[field.type])
    return groups | {"NAME"} if is_of_name else groups


def _owners(rule: ObjectRule, described: SObjectDescribe) -> tuple[OwnerPath, ...] | None:
    """Return where records say whose they are, or None where they cannot: their reference leads to several objects."""
    found = [OwnerPath(OWNER)] if rule.owner_only else []
    for name in rule.owners:
        reference = described.field(name)
        if reference is None or not reference.relationship_name or len(reference.reference_to) != 1:
            return None
        found.append(OwnerPath(f"{reference.relationship_name}.{OWNER}", reference.name if reference.nillable else ""))
    return tuple(found)


def _uses(
    formula: FieldDescribe, hidden: Collection[str], targets: Mapping[str, tuple[str, ...]], policy: Policy
) -> bool:
    """Tell whether a formula uses a field that is hidden, or may be: of its own object, or of a parent."""
    for used in _FORMULA_NAME.findall(formula.calculated_formula or ""):
        *parents, last = re.split(r"\s*\.\s*", used.casefold())
        if not parents and last in hidden:
            return True
        if parents and any(rule.may_hide(last) for rule in _parent_rules(parents, targets, policy)):
            return True
    return False


def _parent_rules(
    parents: Sequence[str], targets: Mapping[str, tuple[str, ...]], policy: Policy
) -> Iterable[ObjectRule]:
    """Return what may hold for the object at the end of a formula's path: its own rule one step up, else every one."""
    if parents[0].startswith("$"):
        return [policy.rule(_USER)] if parents[0] == _RUNNING_USER else ()
    if len(parents) == 1 and parents[0] in targets:
        return [policy.rule(target) for target in targets[parents[0]]]
    return [*policy.rules.values(), policy.rule("")]
