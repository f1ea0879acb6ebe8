"""Why a user may do what they may with a record: what gives it, and what does not."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

_USER: Final = "005"
ACTIVITIES: Final = frozenset({"Event", "Task"})
_DEFAULTS: Final[Mapping[str, str]] = {
    "None": "Private",
    "Private": "Private",
    "Read": "Public Read Only",
    "Edit": "Public Read/Write",
    "ReadWrite": "Public Read/Write",
    "ReadEditTransfer": "Public Read/Write/Transfer",
    "ReadWriteTransfer": "Public Read/Write/Transfer",
    "All": "Public Full Access",
    "FullAccess": "Public Full Access",
    "ControlledByParent": "Controlled by Parent",
    "HideDetails": "Hide Details",
    "HideDetailsInsert": "Hide Details and Add Events",
    "ShowDetails": "Show Details",
    "ShowDetailsInsert": "Show Details and Add Events",
}
_EVERYBODY: Final = frozenset({"Organization", "AllCustomerPortal"})
_WITH_SUBORDINATES: Final = frozenset({"RoleAndSubordinates", "RoleAndSubordinatesInternal"})
_BY_HIERARCHY: Final = frozenset({"Private", "Public Read Only", "Public Read/Write"})


def default_named(value: str) -> str:
    """Return what Setup calls an org-wide default, of Organization or EntityDefinition."""
    return _DEFAULTS.get(value, value)


@dataclass(slots=True)
class Facts:
    """What was read about a record and a user; empty where it was not.

    Attributes:
        sobject: The record's object.
        user: The user's record.
        owner: Whose it is: the Id, and the name where it may be seen.
        owner_user: The owner's record, if a user owns it.
        default: The org-wide default, as Setup calls it.
        parents: The records that decide in a default of Controlled by Parent, by field.
        shares: Rows of the share object: `who`, `level`, `cause`; None if there is none to be read.
        groups: Public groups, queues and those of roles, by Id.
        members: Pairs of a group's Id and a member's.
        roles: Roles by Id.
        object_permissions: Rows of ObjectPermissions that the user has.
        is_invited: Whether the user is invited to it, where it is an appointment.
    """

    sobject: str
    user: Mapping[str, Any]
    owner: tuple[str, str] = ("", "")
    owner_user: Mapping[str, Any] = field(default_factory=dict)
    default: str = ""
    parents: Mapping[str, str] = field(default_factory=dict)
    shares: Sequence[Mapping[str, str]] | None = None
    groups: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    members: Sequence[tuple[str, str]] = ()
    roles: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    object_permissions: Sequence[Mapping[str, Any]] = ()
    is_invited: bool = False

    @property
    def user_id(self) -> str:
        """The user's Id."""
        return str(self.user["Id"])

    @property
    def role_id(self) -> str:
        """The Id of the user's role, if they have one."""
        return str(self.user.get("UserRoleId") or "")

    def above(self, role_id: str) -> list[str]:
        """Return the roles above one, the nearest first."""
        found: list[str] = []
        at = str((self.roles.get(role_id) or {}).get("ParentRoleId") or "")
        while at and at not in found:
            found.append(at)
            at = str((self.roles.get(at) or {}).get("ParentRoleId") or "")
        return found

    def groups_of_user(self) -> set[str]:
        """Return the groups that the user is in: by name, by role, or within another group."""
        above = self.above(self.role_id)
        found = set()
        for group_id, group in self.groups.items():
            kind, related = group.get("Type"), group.get("RelatedId")
            is_of_role = bool(self.role_id) and related == self.role_id
            if kind in _EVERYBODY or is_of_role or (kind in _WITH_SUBORDINATES and related in above):
                found.add(group_id)
        inside = {self.user_id, *found}
        while more := {group for group, member in self.members if member in inside and group not in inside}:
            inside |= more
        return inside - {self.user_id}

    def name(self, sobject_id: str) -> str:
        """Return what a group or a role is called."""
        known = self.groups.get(sobject_id) or self.roles.get(sobject_id) or {}
        return str(known.get("Name") or known.get("DeveloperName") or sobject_id)


def reasons(facts: Facts) -> list[str]:
    """Return sentences on what gives the user access to the record, and on what does not, from strong to weak."""
    return [*_by_permission(facts), *_by_owner(facts), *_by_default(facts), *_by_role(facts), *_by_shares(facts)]


def general_reasons(facts: Facts) -> list[str]:
    """Return sentences on what opens or closes all records of the object to the user."""
    return [*_by_permission(facts), *_by_default(facts)]


def object_rights(row: Mapping[str, Any]) -> str:
    """Return in words what a row of ObjectPermissions allows."""
    words = ("Read", "Create", "Edit", "Delete", "ViewAllRecords", "ModifyAllRecords")
    shown = {"Edit": "update", "ViewAllRecords": "view all", "ModifyAllRecords": "modify all"}
    allowed = [shown.get(word, word.lower()) for word in words if row.get(f"Permissions{word}")]
    return ", ".join(allowed) or "nothing"


def source_of(row: Mapping[str, Any]) -> str:
    """Return what a permission comes from: the profile, or a permission set."""
    parent = row.get("Parent") or {}
    if parent.get("IsOwnedByProfile"):
        return f"profile {(parent.get('Profile') or {}).get('Name') or 'of the user'}"
    return f"permission set {parent.get('Label') or parent.get('Name') or row.get('ParentId') or ''}".rstrip()


def _by_permission(facts: Facts) -> Iterator[str]:
    profile = facts.user.get("Profile") or {}
    for permission, words in (
        ("PermissionsModifyAllData", "Modify All Data"),
        ("PermissionsViewAllData", "View All Data"),
    ):
        if profile.get(permission):
            yield f"Profile {profile.get('Name', '')} has {words}: every record is open."
            return
    for row in facts.object_permissions:
        for permission, words in (("ModifyAllRecords", "Modify All"), ("ViewAllRecords", "View All")):
            if row.get(f"Permissions{permission}"):
                yield f"{words} of {facts.sobject}, by {source_of(row)}."
                break
    if facts.user.get("IsActive") is False:
        yield "The user is not active, and cannot log in."


def _by_owner(facts: Facts) -> Iterator[str]:
    owner_id, name = facts.owner
    if not owner_id:
        return
    if owner_id == facts.user_id:
        yield "They own it."
    elif owner_id in facts.groups_of_user():
        yield f"They are a member of {name or facts.name(owner_id)}, which owns it."
    else:
        yield f"They do not own it: {name or owner_id} does."
    if facts.is_invited:
        yield "They are invited to it, so they can see it."


def _by_default(facts: Facts) -> Iterator[str]:
    if not facts.default:
        return
    told = f"Org-wide default of {facts.sobject}: {facts.default}"
    if facts.default == "Controlled by Parent":
        parents = ", ".join(f"{name} {record_id}" for name, record_id in facts.parents.items())
        yield f"{told}: everyone who can see {parents or 'its parent'} can see it" + (
            "; explain that record." if parents else "."
        )
    elif "Read" in facts.default or "Full" in facts.default:
        yield f"{told}: everybody can {'change' if 'Write' in facts.default or 'Full' in facts.default else 'see'} it."
    else:
        yield f"{told}: it gives nobody access."
        if facts.parents and facts.sobject in ACTIVITIES:
            related = " and ".join(f"{name} {record_id}" for name, record_id in facts.parents.items())
            yield f"Everyone who can see {related} can see it, unless it is private; explain those records."


def _by_role(facts: Facts) -> Iterator[str]:
    owner_id, name = facts.owner
    if not owner_id.startswith(_USER) or owner_id == facts.user_id or not facts.roles:
        return
    if facts.default and facts.default not in _BY_HIERARCHY:
        return
    theirs = str(facts.owner_user.get("UserRoleId") or "")
    who = name or "the owner"
    if not facts.role_id:
        yield "They have no role, so the role hierarchy gives them no access."
    elif not theirs:
        yield f"{who} has no role, so nobody is above them in the role hierarchy."
    elif facts.role_id in facts.above(theirs):
        yield f"Their role {facts.name(facts.role_id)} is above {facts.name(theirs)} of {who}, so they have access too."
    else:
        yield f"Their role {facts.name(facts.role_id)} is not above {facts.name(theirs)} of {who}."


def _by_shares(facts: Facts) -> Iterator[str]:
    if facts.shares is None:
        return
    groups, found = facts.groups_of_user(), False
    for share in facts.shares:
        if share["cause"] == "Owner":
            continue
        if share["who"] == facts.user_id or share["who"] in groups:
            found = True
            to = "them" if share["who"] == facts.user_id else f"{facts.name(share['who'])}, which they are in"
            yield f"Shared with {to}: {share['level']} ({share['cause']})."
    if not found:
        below = facts.role_id and any(facts.role_id in facts.above(each) for each in facts.roles)
        yield "No share is for them or one of their groups" + (
            "; but a share for somebody below their role counts too." if below else "."
        )
