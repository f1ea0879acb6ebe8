"""Names of a query, found in the schema and turned into columns and joins of SQL."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from mcp_salesforce.localorg.errors import OrgError, not_implemented
from mcp_salesforce.localorg.evidence import evidence
from mcp_salesforce.localorg.store.dates import Calendar
from mcp_salesforce.localorg.store.schema import FieldDef, Schema, SObjectDef
from mcp_salesforce.localorg.store.sharing import Sharing
from mcp_salesforce.localorg.store.sqlite import quote
from mcp_salesforce.soql import caret_text
from mcp_salesforce.soql.tree import Field, FromItem

_ACCESS: Final = "UserRecordAccess"
_PARENT_LEVELS: Final = 5
_PARENT_LIMIT: Final = 55
WSDL: Final = "Please reference your WSDL or the describe call for the appropriate names."

# What the pseudo-object Name has, the common face of every record that Who, What or Owner can be.
_NAME_FIELDS: Final = {
    each.name.lower(): each
    for each in (
        FieldDef(name="Id", label="Name ID", type="id"),
        FieldDef(name="Name", label="Name", type="string"),
        FieldDef(name="LastName", label="Last Name", type="string"),
        FieldDef(name="FirstName", label="First Name", type="string"),
        FieldDef(name="MiddleName", label="Middle Name", type="string"),
        FieldDef(name="Suffix", label="Suffix", type="string"),
        FieldDef(name="Type", label="Type", type="picklist"),
        FieldDef(name="Alias", label="Alias", type="string"),
        FieldDef(name="Username", label="Username", type="string"),
        FieldDef(name="NameOrAlias", label="Name or Alias", type="string"),
        FieldDef(name="Title", label="Title", type="string"),
        FieldDef(name="Email", label="Email", type="email"),
        FieldDef(name="Phone", label="Phone", type="phone"),
        FieldDef(name="IsActive", label="Active", type="boolean"),
        FieldDef(name="UserRoleId", label="Role ID", type="reference", relationship_name="UserRole"),
        FieldDef(name="ProfileId", label="Profile ID", type="reference", relationship_name="Profile"),
        FieldDef(name="LastViewedDate", label="Last Viewed Date", type="datetime"),
        FieldDef(name="LastReferencedDate", label="Last Referenced Date", type="datetime"),
    )
}

# Whose e-mail address, telephone and title Name shows: a contact's or lead's are null (object reference v67, Name).
_SHOWN_OF: Final = {"Email": ("User", "Group"), "Phone": ("User",), "Title": ("User",)}


@dataclass(frozen=True, slots=True)
class Run:
    """One execution of a query: its text, who asks, when, under which API version; `sharing` unless they see all."""

    schema: Schema
    text: str
    calendar: Calendar
    user_id: str
    all_rows: bool = False
    version: str = "v60.0"
    sharing: Sharing | None = None

    def error(self, error_code: str, reason: str, position: int) -> OrgError:
        """Return the error that refuses the query as Salesforce does: a caret under the place, and the reason."""
        return OrgError(400, error_code, caret_text(self.text, position, reason), None)


@dataclass(slots=True)
class Bindings:
    """The values of one SQL statement, under the names by which it refers to them."""

    values: dict[str, Any] = field(default_factory=dict)
    aliases: int = 0

    def bind(self, value: object) -> str:
        """Take a value; return what stands for it in the SQL."""
        name = f"p{len(self.values)}"
        self.values[name] = value
        return f":{name}"

    def alias(self) -> str:
        """Return a table alias that the statement does not have yet."""
        self.aliases += 1
        return f"t{self.aliases}"


@dataclass(frozen=True, slots=True)
class Column:
    """A value that SQL can compute for each row, and the field it comes from.

    `type` is the type of the value, which a function may have changed; `outer` tells that the row it comes from may be
    missing; `position` is where the query names it.
    """

    sql: str
    field: FieldDef
    type: str
    outer: bool = False
    position: int = 0


@dataclass(frozen=True, slots=True)
class Table:
    """The records of one object, under an alias."""

    sobject: SObjectDef
    alias: str
    outer: bool

    @property
    def name(self) -> str:
        """Return the object's API name."""
        return self.sobject.name

    def id_sql(self) -> str:
        """Return SQL for the record's id."""
        return f"{self.alias}.Id"

    def column(self, name: str) -> Column | None:
        """Return a field by its name in any case."""
        found = self.sobject.field(name)
        if found is None:
            return None
        return Column(f"{self.alias}.{quote(found.name)}", found, found.type, self.outer)

    def reference(self, relationship: str) -> tuple[FieldDef, str] | None:
        """Return the reference behind a relationship, and SQL for its value."""
        for each in self.sobject.fields:
            if each.reference_to and (each.relationship_name or "").lower() == relationship.lower():
                return each, f"{self.alias}.{quote(each.name)}"
        return None


@dataclass(frozen=True, slots=True)
class Name:
    """The record of a polymorphic reference, seen through the fields all of its objects share."""

    targets: Sequence[SObjectDef]
    reference_sql: str
    bindings: Bindings
    run: Run
    name: str = "Name"

    def id_sql(self) -> str:
        """Return SQL for the id of the record, null where it is missing or deleted."""
        return self._by_target("Id")

    def column(self, name: str) -> Column | None:
        """Return a field of the pseudo-object by its name in any case."""
        found = _NAME_FIELDS.get(name.lower())
        return None if found is None else Column(self._by_target(found.name), found, found.type, outer=True)

    def reference(self, relationship: str) -> tuple[FieldDef, str] | None:
        """Return the reference behind Profile or UserRole, and SQL for its value."""
        for each in _NAME_FIELDS.values():
            if (each.relationship_name or "").lower() == relationship.lower():
                known = replace(each, reference_to=(each.relationship_name or "",))
                return known, self._by_target(each.name)
        return None

    @evidence("SOQL", "documented", "Who, What and Owner show the e-mail address, phone and title of users only")
    def _by_target(self, name: str) -> str:
        """Return SQL that looks the field up in the one table that the id belongs to."""
        cases = ""
        for target in self.targets:
            column = self._in_target(target, name)
            if column is not None:
                prefix = self.bindings.bind(target.key_prefix)
                alive = visible_sql(self.run, self.bindings, "n", target)
                row = f"FROM {quote(target.name)} n WHERE n.Id = {self.reference_sql}{alive}"
                cases += f" WHEN {prefix} THEN (SELECT {column} {row})"
        return f"(CASE substr({self.reference_sql}, 1, 3){cases} END)" if cases else "NULL"

    def _in_target(self, target: SObjectDef, name: str) -> str | None:
        if name == "Type":
            return self.bindings.bind(target.name)
        if name == "NameOrAlias":
            name = "Alias" if target.field("Alias") else "Name"
        if target.name not in _SHOWN_OF.get(name, (target.name,)):
            return None
        found = target.name_field if name == "Name" else target.field(name)
        return None if found is None else f"n.{quote(found.name)}"


@evidence("SOQL", "simulated", "A deleted record of an object without IsDeleted is in no result, not even of queryAll")
@evidence("SOQL", "documented", "A result contains nothing that the user cannot see: no record, parent, child or count")
def visible_sql(run: Run, bindings: Bindings, alias: str, sobject: SObjectDef) -> str:
    """Return the condition that leaves out what is deleted and what the user may not see; it starts with AND."""
    alive = "" if run.all_rows and sobject.field("IsDeleted") else f' AND {alias}."IsDeleted" = 0'
    if run.sharing is None:
        return alive
    bindings.values |= run.sharing.values
    open_ = run.sharing.sql(sobject, alias)
    return alive if open_ == "1" else f"{alive} AND {open_}"


Source = Table | Name
"""Where the fields at the end of a relationship path come from."""


@dataclass(frozen=True, slots=True)
class Hop:
    """One step up: the name under which the parent stands in a row, its reference, and its fields."""

    key: str
    reference: FieldDef
    source: Source


class Scope:
    """The object of one FROM, the names by which it may be called, and the joins its fields need."""

    def __init__(self, run: Run, sobject: SObjectDef, bindings: Bindings, from_: Sequence[FromItem] = ()) -> None:
        """Look names up from `sobject`; `from_` gives aliases, of the object and of its parents."""
        self.run = run
        self.bindings = bindings
        self.sobject = sobject
        self.table = Table(sobject, bindings.alias(), outer=False)
        self._paths: dict[str, tuple[str, ...]] = {sobject.name.lower(): ()}
        self._hops: dict[tuple[str, ...], Hop] = {}
        self._joins: list[str] = []
        for item in from_[:1]:
            self._paths[(item.alias or sobject.name).lower()] = ()
        for item in from_[1:]:
            self._name_parent(item)

    def _name_parent(self, item: FromItem) -> None:
        """Take over the path of a parent, and its alias, from an entry of FROM after the first."""
        first, *rest = item.name.split(".")
        known = self._paths.get(first.lower())
        if known is None or not rest:
            reason = (
                "A driving SObject type has already been set, all other entity types in the FROM clause must be "
                f"relationships to the initial object. The driving object is {self.sobject.name}."
            )
            raise self.run.error("MALFORMED_QUERY", reason, item.position)
        path = (*known, *rest)
        self.hops(path, Field(item.name, position=item.position))
        self._paths[(item.alias or item.name).lower()] = path

    def from_sql(self) -> str:
        """Return the tables of FROM, joins included; call it when every name has been looked up."""
        return " ".join([f"{quote(self.sobject.name)} {self.table.alias}", *self._joins])

    def joins_sql(self) -> str:
        """Return only the joins."""
        return " ".join(self._joins)

    def visible_sql(self) -> str:
        """Return the condition of the records that the query is about at all, or one that is always true.

        It leaves out deleted and archived ones, and those that the user may not see.
        """
        condition = visible_sql(self.run, self.bindings, self.table.alias, self.sobject)
        if not self.run.all_rows and self.sobject.field("IsArchived") is not None:
            condition += f' AND {self.table.alias}."IsArchived" = 0'
        return condition.removeprefix(" AND ") or "1"

    def column(self, name: Field) -> Column:
        """Return the column behind a field or a path of relationships that ends in one.

        Raises:
            OrgError: INVALID_FIELD, with the place in the query.
        """
        hops, last = self.path(name)
        source = hops[-1].source if hops else self.table
        return self.require(source, last, name)

    @evidence("SOQL", "quoted", "An unknown field is INVALID_FIELD, with row, column and caret")
    def require(self, source: Source, last: str, name: Field) -> Column:
        """Return a field of `source`, or say that it has none of that name."""
        found = source.column(last)
        if found is None:
            raise self.run.error(
                "INVALID_FIELD",
                f"No such column '{last}' on entity '{source.name}'. If you are attempting to use a custom field, be "
                f"sure to append the '__c' after the custom field name. {WSDL}",
                name.position,
            )
        return replace(found, position=name.position)

    def path(self, name: Field) -> tuple[list[Hop], str]:
        """Return the parents on the way to a field, and the field's own name as it was written."""
        *relationships, last = self.parts(name)
        return self.hops(relationships, name), last

    def parts(self, name: Field) -> tuple[str, ...]:
        """Return a path from this object: without the object's own name or alias, parents' aliases replaced."""
        first, *rest = name.path
        alias = self._paths.get(first.lower())
        return name.path if alias is None or not rest else (*alias, *rest)

    @evidence("SOQL", "documented", "Paths to parents have at most five levels, and a query at most 55 of them")
    def hops(self, relationships: Sequence[str], name: Field, start: Source | None = None) -> list[Hop]:
        """Return the parents along a path of relationships, joined once however often they are named.

        The path starts at this scope's object, or at the parent `start`.

        Raises:
            OrgError: INVALID_FIELD for an unknown relationship, MALFORMED_QUERY for a path that is too long.
        """
        if len(relationships) > _PARENT_LEVELS:
            reason = f"Relationship path is longer than {_PARENT_LEVELS} levels: {name.name}"
            raise self.run.error("MALFORMED_QUERY", reason, name.position)
        hops: list[Hop] = []
        source: Source = start or self.table
        root = source.id_sql()
        for depth, relationship in enumerate(relationships, start=1):
            key = (root, *(each.lower() for each in relationships[:depth]))
            hop = self._hops.get(key) or self._join(source, relationship, name)
            self._hops[key] = hop
            hops.append(hop)
            source = hop.source
        if len(self._hops) > _PARENT_LIMIT:
            reason = f"A query can follow at most {_PARENT_LIMIT} relationships to parents"
            raise self.run.error("MALFORMED_QUERY", reason, name.position)
        return hops

    @evidence("SOQL", "quoted", "An unknown relationship is INVALID_FIELD, with row, column and caret")
    @evidence("UserRecordAccess", "documented", "UserRecordAccess as a relationship of other objects: 501")
    def _join(self, source: Source, relationship: str, name: Field) -> Hop:
        found = source.reference(relationship)
        targets = self.run.schema.targets(found[0]) if found else ()
        if found is None and relationship.lower() == _ACCESS.lower():
            raise not_implemented(f"the relationship {_ACCESS}; query {_ACCESS} itself, by UserId and RecordId")
        if found is None or not targets:
            raise self.run.error(
                "INVALID_FIELD",
                f"Didn't understand relationship '{relationship}' in field path. If you are attempting to use a custom "
                f"relationship, be sure to append the '__r' after the custom relationship name. {WSDL}",
                name.position,
            )
        reference, reference_sql = found
        key = reference.relationship_name or relationship
        if reference.polymorphic:
            return Hop(key, reference, Name(targets, reference_sql, self.bindings, self.run))
        return Hop(key, reference, self.join(targets[0], reference_sql))

    def join(self, sobject: SObjectDef, reference_sql: str) -> Table:
        """Join the record of `sobject` that a reference names."""
        table = Table(sobject, self.bindings.alias(), outer=True)
        visible = visible_sql(self.run, self.bindings, table.alias, sobject)
        self._joins.append(
            f"LEFT JOIN {quote(sobject.name)} {table.alias} ON {table.alias}.Id = {reference_sql}{visible}"
        )
        return table
