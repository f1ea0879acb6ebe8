"""Who can see and change which records: org-wide defaults, owners, roles, shares and what follows from them, as SQL.

Evidence: Salesforce Help and "Record-Level Access: Under the Hood": the most open of all that grants access counts.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from mcp_salesforce.localorg.evidence import evidence
from mcp_salesforce.localorg.standard.definitions import CONTROLLED_BY_PARENT
from mcp_salesforce.localorg.store.schema import FieldDef, Schema, SObjectDef
from mcp_salesforce.localorg.store.sqlite import Store, quote


class Level(IntEnum):
    """What may be done with a record; each level has those below it. ALL is to delete and to share, too."""

    NONE = 0
    READ = 1
    EDIT = 2
    TRANSFER = 3
    ALL = 4


RIGHTS: Final[Mapping[str, Level]] = {
    "HasReadAccess": Level.READ,
    "HasEditAccess": Level.EDIT,
    "HasDeleteAccess": Level.ALL,
    "HasTransferAccess": Level.TRANSFER,
    "HasAllAccess": Level.ALL,
}
"""The fields of UserRecordAccess, and the level that each is about."""
MAX_ACCESS: Final[Mapping[Level, str]] = {
    Level.NONE: "None",
    Level.READ: "Read",
    Level.EDIT: "Edit",
    Level.TRANSFER: "Transfer",
    Level.ALL: "All",
}
"""UserRecordAccess.MaxAccessLevel of each level."""
CONTROLLED: Final = CONTROLLED_BY_PARENT
_SETUP: Final = "Setup"
_MODELS: Final[Mapping[str, Level]] = {
    "Private": Level.NONE,
    "Read": Level.READ,
    "ReadWrite": Level.EDIT,
    "ReadWriteTransfer": Level.TRANSFER,
    "FullAccess": Level.ALL,
    _SETUP: Level.READ,
}
"""What an org-wide default lets everybody do, by the names of EntityDefinition.InternalSharingModel."""
_OF_ORGANIZATION: Final[Mapping[str, str]] = {
    "None": "Private",
    "Read": "Read",
    "Edit": "ReadWrite",
    "ReadEditTransfer": "ReadWriteTransfer",
    "All": "FullAccess",
    CONTROLLED: CONTROLLED,
}
"""The same by the names of Organization.DefaultAccountAccess and its like."""
_IN_SHARES: Final = {Level.READ: "'Read', 'Edit'", Level.EDIT: "'Edit'"}
_ACCOUNT_CHILDREN: Final = ("Case", "Contact", "Opportunity")
"""The objects that share with their account, and their account with them, without a row that says so."""
_ACTIVITIES: Final = ("Event", "Task")
_CIRCLE: Final = "SELECT value FROM json_each(:circle)"

_CIRCLE_OF_USER: Final = """
    WITH RECURSIVE
    role(id) AS (
        SELECT Id FROM UserRole WHERE ParentRoleId = (SELECT UserRoleId FROM "User" WHERE Id = :me)
        UNION SELECT r.Id FROM UserRole r JOIN role ON r.ParentRoleId = role.id),
    circle(id, own) AS (
        SELECT :me, 1
        UNION SELECT u.Id, 0 FROM "User" u JOIN role ON u.UserRoleId = role.id WHERE u.Id <> :me
        UNION SELECT g.Id, 1 FROM "Group" g WHERE g.Type = 'Organization'
        UNION SELECT g.Id, c.own FROM circle c
            JOIN GroupMember m ON m.UserOrGroupId = c.id AND m.IsDeleted = 0
            JOIN "Group" g ON g.Id = m.GroupId AND g.IsDeleted = 0
            WHERE c.own OR g.DoesIncludeBosses OR g.Type = 'Queue')
    SELECT DISTINCT id FROM circle
"""


def sharing_of(store: Store, schema: Schema, user_id: str) -> "Sharing | None":
    """Return what a user may see and change; None for one who can do everything.

    Somebody who is not a user of the org is the org itself, which may.
    """
    user = store.row(
        'SELECT PermissionsModifyAllData AS modifies, PermissionsViewAllData AS views FROM "User" u '
        "LEFT JOIN Profile p ON p.Id = u.ProfileId WHERE u.Id = ?",
        [user_id],
    )
    if user is None or user["modifies"]:
        return None
    circle = [row["id"] for row in store.rows(_CIRCLE_OF_USER, {"me": user_id})]
    values = {"me": user_id, "circle": json.dumps(circle)}
    return Sharing(schema, defaults(store, schema), values, views_all=bool(user["views"]))


def defaults(store: Store, schema: Schema) -> Mapping[str, str]:
    """Return the org-wide default of every object, as EntityDefinition.InternalSharingModel names it."""
    organization = store.row("SELECT * FROM Organization")
    found = {}
    for each in schema:
        name = f"Default{each.name}Access"
        said = organization[name] if organization and name in organization.keys() else None  # noqa: SIM118 - of a Row
        found[each.name] = _OF_ORGANIZATION.get(said or "", each.sharing)
    return found


def public_level(model: str) -> Level:
    """Return what an org-wide default lets everybody do."""
    return _MODELS.get(model, Level.NONE)


@evidence(
    "Sharing",
    "documented",
    "With View All Data a user sees every record, with Modify All Data the user can change every record",
)
@evidence(
    "Sharing",
    "documented",
    "Owners have full access; so have users above them in the role hierarchy, and members of a queue",
)
@evidence("Sharing", "documented", "A share grants Read or Edit to a user or a public group, and to those above them")
@evidence("Sharing", "simulated", "A group includes the managers of its members if DoesIncludeBosses is true")
@dataclass(frozen=True, slots=True)
class Sharing:
    """What one user may see and change, as conditions of SQL; a statement that has one needs `values`.

    Attributes:
        schema: The objects of the org.
        models: The org-wide default of each object.
        values: `me` is the user's Id; `circle`, as JSON, those whose records and shares count for the user: the
            user, everybody below in the role hierarchy, and the groups they are in.
        views_all: Whether the user sees every record.
    """

    schema: Schema
    models: Mapping[str, str]
    values: Mapping[str, str]
    views_all: bool = False

    def sql(self, sobject: SObjectDef, alias: str, level: Level = Level.READ) -> str:
        """Return the condition that lets those records of a table pass that the user has `level` of; `1` for all."""
        model = self.models.get(sobject.name, sobject.sharing)
        if (self.views_all and level is Level.READ) or level <= public_level(model):
            return "1"
        if model == _SETUP or sobject.name == "User":
            return f"{alias}.Id = :me" if sobject.name == "User" and level is Level.EDIT else "0"
        if sobject.name in _ACTIVITIES:
            return self._activity(sobject, alias, level, model)
        if model == CONTROLLED:
            of_parents = level if level is Level.READ or not sobject.shares else Level.ALL
            return _any(self._controlled(sobject, alias, of_parents), self._own_controlled(sobject, alias))
        return _any(*self._granted(sobject, alias, level), *self._implicit(sobject, alias, level))

    def highest(self, sobject: SObjectDef, alias: str) -> str:
        """Return what the user may do with a record of a table, as the number of a level."""
        levels = (Level.ALL, Level.TRANSFER, Level.EDIT, Level.READ)
        cases = " ".join(f"WHEN {self.sql(sobject, alias, each)} THEN {each.value}" for each in levels)
        return f"(CASE {cases} ELSE 0 END)"

    def _granted(self, sobject: SObjectDef, alias: str, level: Level) -> Iterator[str]:
        """Return what owners and shares grant."""
        if sobject.field("OwnerId"):
            yield f"{alias}.OwnerId IN ({_CIRCLE})"
        share = next((each for each in self.schema if each.shares == sobject.name), None)
        if share is not None and level in _IN_SHARES:
            yield _shared(share, f"{alias}.Id", f"{sobject.name}AccessLevel", level)

    def _implicit(self, sobject: SObjectDef, alias: str, level: Level) -> Iterator[str]:
        if sobject.name == "Account" and level is Level.READ:
            yield from self._parent_of_granted(alias)
        if sobject.name in _ACCOUNT_CHILDREN and level in _IN_SHARES and self.schema.get("Account"):
            yield from self._child_of_granted(sobject, alias, level)

    @evidence("Sharing", "documented", "A user with access to a case, contact or opportunity can read its account")
    def _parent_of_granted(self, alias: str) -> Iterator[str]:
        for name in _ACCOUNT_CHILDREN:
            child = self.schema.get(name)
            if child is not None and self.models[child.name] != CONTROLLED:
                granted = _any(*self._granted(child, "c", Level.READ))
                yield (
                    f"EXISTS (SELECT 1 FROM {quote(name)} c WHERE c.AccountId = {alias}.Id "  # noqa: S608 - names of the schema
                    f"AND c.IsDeleted = 0 AND {granted})"
                )

    @evidence(
        "Sharing", "documented", "The role of an account's owner decides their access to its cases and opportunities"
    )
    @evidence("Sharing", "documented", "A share of an account can also grant access to its cases and opportunities")
    @evidence("Sharing", "simulated", "An account owner without a role gets no access to them through the account")
    def _child_of_granted(self, sobject: SObjectDef, alias: str, level: Level) -> Iterator[str]:
        yield (
            'EXISTS (SELECT 1 FROM Account a JOIN "User" u ON u.Id = a.OwnerId JOIN UserRole r ON r.Id = u.UserRoleId '  # noqa: S608 - names of the schema
            f"WHERE a.Id = {alias}.AccountId AND a.OwnerId IN ({_CIRCLE}) "
            f"AND r.{sobject.name}AccessForAccountOwner IN ({_IN_SHARES[level]}))"
        )
        share = self.schema.get("AccountShare")
        if share is not None and share.field(f"{sobject.name}AccessLevel"):
            yield _shared(share, f"{alias}.AccountId", f"{sobject.name}AccessLevel", level)

    @evidence("Sharing", "documented", "Only its owner has access to a contact without an account")
    def _own_controlled(self, sobject: SObjectDef, alias: str) -> str:
        if sobject.name == "EventRelation":
            return f"{alias}.RelationId = :me"
        if sobject.field("OwnerId") is None:
            return "0"
        orphan = " AND ".join(f"{alias}.{quote(each)} IS NULL" for each in sobject.controlled_by)
        return f"({orphan or '1'} AND {alias}.OwnerId = :me)"

    @evidence(
        "Sharing",
        "documented",
        "Users see an activity if it is assigned to them or to users below them, or if they see its related records",
    )
    @evidence("Sharing", "documented", "Under Private, access to its related records allows only to read an activity")
    @evidence("Sharing", "simulated", "A user who created an activity for somebody else can read it (scope delegated)")
    @evidence("Sharing", "documented", "Only its owner, its creator and users with View All Data see a private event")
    @evidence("Sharing", "simulated", "The default of calendars (HideDetailsInsert) gives no access to events by API")
    def _activity(self, sobject: SObjectDef, alias: str, level: Level, model: str) -> str:
        created = f"{alias}.CreatedById = :me" if level is Level.READ else "0"
        related = "0"
        if model == CONTROLLED or level is Level.READ:
            related = self._controlled(sobject, alias, level)
        everybody = _any(created, f"{alias}.OwnerId IN ({_CIRCLE})", related)
        if sobject.field("IsPrivate") is None:
            return everybody
        alone = _any(created, f"{alias}.OwnerId = :me")
        return f"(CASE WHEN {alias}.IsPrivate THEN {alone} ELSE {everybody} END)"

    @evidence("Sharing", "documented", "Controlled by parent: a user can do what all its parent records allow")
    def _controlled(self, sobject: SObjectDef, alias: str, level: Level) -> str:
        """Return the condition that a record belongs to others, and that the user has `level` of all of them."""
        fields = [sobject.by_name[each.lower()] for each in sobject.controlled_by]
        if len(fields) == 1:
            return self._parent(fields[0], alias, level)
        there = [f"{alias}.{quote(each.name)} IS NOT NULL" for each in fields]
        return f"({' AND '.join([*(self._parent(each, alias, level) for each in fields), _any(*there)])})"

    def _parent(self, field: FieldDef, alias: str, level: Level) -> str:
        """Return the condition that the user has `level` of the record that a reference names.

        Where it may name records of several objects, no record is as good. The longest part of a condition comes first:
        what stands before it stays on the stack of SQLite's parser, which is short.
        """
        column, parent = f"{alias}.{quote(field.name)}", f"{alias}p"
        found = {}
        for target in self.schema.targets(field):
            open_ = self.sql(target, parent, level)
            exists = f"EXISTS (SELECT 1 FROM {quote(target.name)} {parent} WHERE {open_} AND {parent}.Id = {column})"  # noqa: S608 - names of the schema
            found[target.key_prefix] = "0" if open_ == "0" else exists
        if not field.polymorphic:
            return next(iter(found.values()), "0")
        cases = "".join(f" WHEN '{prefix}' THEN {exists}" for prefix, exists in found.items())
        return f"CASE coalesce(substr({column}, 1, 3), ''){cases} WHEN '' THEN 1 ELSE 0 END"


def _shared(share: SObjectDef, record: str, granted: str, level: Level) -> str:
    """Return the condition that a share grants `level` of the record with an id."""
    return (
        f"EXISTS (SELECT 1 FROM {quote(share.name)} s WHERE s.{quote(share.controlled_by[0])} = {record} "  # noqa: S608 - names of the schema
        f"AND s.IsDeleted = 0 AND s.UserOrGroupId IN ({_CIRCLE}) AND s.{quote(granted)} IN ({_IN_SHARES[level]}))"
    )


def _any(*conditions: str) -> str:
    kept = [each for each in conditions if each != "0"]
    return "1" if "1" in kept else f"({' OR '.join(kept)})" if kept else "0"
