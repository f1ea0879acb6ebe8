"""Which objects belong to others: their records are deleted with those, and show and change the same information.

An invitation is a part of its event, a contact role of its opportunity, a detail of its master. What a policy says of
the one applies to the other, unless that has its own section.
"""

from collections.abc import Collection, Mapping
from typing import Final

from mcp_salesforce.policy.rules import Belonging, Policy
from mcp_salesforce.salesforce.models import ChildRelationship, SObjectDescribe

USER: Final = "User"
_OWNER: Final = "ownerid"
_ATTACHED: Final = frozenset({
    "attachment", "note", "noteandattachment", "combinedattachment", "attachedcontentdocument", "emailmessage",
    "emailmessagerelation", "emailstatus", "topicassignment", "recordaction", "duplicaterecorditem",
})  # fmt: skip
_CONTENT: Final = "content"  # ContentDocumentLink, ContentDistribution
_CUSTOM: Final = "__c"


def with_belongings(
    policy: Policy, described: Mapping[str, SObjectDescribe], owned: Collection[str], names: Collection[str]
) -> Policy:
    """Return the policy with the objects that belong to those of its sections.

    An object belongs to another one whose deletion deletes its records (`cascadeDelete`), if it has no owner of its
    own, or is attached to records of any kind. Of the two that a junction joins it belongs to the one whose name it
    bears: EventRelation to Event, and not to the contact who is invited.

    Args:
        policy: The policy as the file says it.
        described: The objects of its sections, by name in lower case.
        owned: Objects whose records have owners, in lower case.
        names: Every object of the org, in lower case.
    """
    found: dict[str, list[Belonging]] = {}
    for key, of in described.items():
        rule = policy.rules[key]
        if rule.restricts_parts:
            for child in of.child_relationships:
                if is_part(child, of, owned, names):
                    found.setdefault(child.child_sobject.casefold(), []).append(Belonging(rule, child.field))
    return policy.belonging({child: tuple(each) for child, each in found.items() if child not in policy.rules})


def owned_objects(users: SObjectDescribe) -> frozenset[str]:
    """Return the objects whose records have an owner, in lower case: each is among the children of User."""
    children = users.child_relationships
    return frozenset(child.child_sobject.casefold() for child in children if child.field.casefold() == _OWNER)


def is_part(
    child: ChildRelationship, described: SObjectDescribe, owned: Collection[str], names: Collection[str]
) -> bool:
    """Tell whether the children of a relationship belong to the object; names are in lower case."""
    part, name = child.child_sobject.casefold(), described.name.casefold()
    if not child.cascade_delete or part == name:
        return False
    is_attached = part in _ATTACHED or part.startswith(_CONTENT)
    return is_attached or (part not in owned and _bears_name(part, name, names))


def _bears_name(part: str, name: str, names: Collection[str]) -> bool:
    """Tell whether a part is named after this object, or after none."""
    if part.startswith(name.removesuffix(_CUSTOM)) or part.endswith(_CUSTOM):
        return True
    return not any(part[:end] in names for end in range(len(part) - 1, 2, -1))
