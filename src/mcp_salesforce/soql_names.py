"""Which field of which object each name in a query means, by describe: the one place that follows aliases and paths.

Both the check before a query is sent (do these fields exist?) and the policy (can they be read?) use it.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from mcp_salesforce.salesforce.models import FieldDescribe, SObjectDescribe
from mcp_salesforce.soql import sosl_tree, tree

Describe: TypeAlias = Callable[[str], Awaitable[SObjectDescribe | None]]
"""Gives an object's describe by its name in any case, or None if there is no such object."""

Clause: TypeAlias = Literal["SELECT", "FROM", "WHERE", "GROUP BY", "HAVING", "ORDER BY"]
Kind: TypeAlias = Literal["object", "field", "relationship", "child relationship"]

NAME: Final = "Name"
"""The pseudo-object behind a polymorphic relationship (Who, What, Owner): what all of its objects have in common."""

_NAME_FIELDS: Final = {
    name.casefold(): name
    for name in (
        "Id", "Name", "FirstName", "LastName", "MiddleName", "Suffix", "Salutation", "Title", "Email", "Phone", "Type",
        "Alias", "Username", "NameOrAlias", "IsActive", "ProfileId", "UserRoleId", "RecordTypeId",
        "LastViewedDate", "LastReferencedDate",
    )
}  # fmt: skip
_NAME_PARENTS: Final = {"profile": "Profile", "userrole": "UserRole"}
_UNNAMED_ALIAS: Final = "expr"  # how Salesforce calls an aggregate without an alias: expr0


@dataclass(frozen=True, slots=True)
class Reference:
    """One field that a query names, or passes on the way to another one.

    Attributes:
        sobjects: The object that has the field; behind a polymorphic relationship each that may have it.
        field: The field's API name.
        name: What stands in the query, and where.
        clause: Where it is used.
        is_column: Whether it is selected as it is, so that its value stands in the record under its own name.
        is_parents: Whether a relationship leads to it, and not FROM alone.
    """

    sobjects: tuple[str, ...]
    field: str
    name: tree.Field
    clause: Clause
    is_column: bool = False
    is_parents: bool = False


@dataclass(frozen=True, slots=True)
class Unknown:
    """A name that describe does not know: of what, and where it stands; `sobject` is where it was looked for."""

    kind: Kind
    name: str
    sobject: str
    position: int


@dataclass(slots=True)
class Meaning:
    """What the names of a query mean.

    Attributes:
        references: Every field it uses.
        unknown: Every name that has no meaning.
        sources: Each query in it (itself, sub-queries, those of semi-joins) with the object that it reads.
        aliases: Every name that the query itself gives, of a column or of an object in FROM.
        objects: The describe of every object in it, parents included.
    """

    references: list[Reference] = field(default_factory=list)
    unknown: list[Unknown] = field(default_factory=list)
    sources: list[tuple[tree.Query | sosl_tree.Returning, str]] = field(default_factory=list)
    aliases: list[str] = field(default_factory=list)
    objects: dict[str, SObjectDescribe] = field(default_factory=dict)

    @property
    def ambiguous(self) -> list[str]:
        """The aliases that are also the name of a field or a relationship, or look like a path to one."""
        if not self.aliases:
            return []
        named = set(_NAME_FIELDS)
        for each in self.objects.values():
            names = [name for known in each.fields for name in (known.name, known.relationship_name)]
            named.update(
                (name or "").casefold()
                for name in (*names, *(known.relationship_name for known in each.child_relationships))
            )
        return [alias for alias in self.aliases if "." in alias or alias.casefold() in named]


async def meaning_of(query: tree.Query, describe: Describe, sobject: str = "") -> Meaning:
    """Return what the names in `query` mean; `sobject` is what it reads where its FROM names a relationship."""
    meaning = Meaning()
    await _Reader(describe, meaning).query(query, await describe(sobject) if sobject else None)
    return meaning


async def meaning_of_search(search: sosl_tree.Search, describe: Describe) -> Meaning:
    """Return what the names behind RETURNING mean."""
    meaning = Meaning()
    for returning in search.returning:
        await _Reader(describe, meaning).returning(returning)
    return meaning


@dataclass(frozen=True, slots=True)
class _Source:
    """Where the fields at the end of a path come from: one object, or (`described` is None) any of several."""

    sobjects: tuple[str, ...]
    described: SObjectDescribe | None
    is_parent: bool = False

    @property
    def name(self) -> str:
        return self.sobjects[0] if self.described else NAME


class _Scope:
    """The object of one FROM, the names it and its parents may be called by, and the aliases of what is selected."""

    def __init__(self, described: SObjectDescribe, query: tree.Query | None = None) -> None:
        self.source = _Source((described.name,), described)
        self.paths: dict[str, tuple[str, ...]] = {described.name.casefold(): ()}
        self.aliases: set[str] = set()
        if query:
            if query.from_[0].alias:
                self.paths[query.from_[0].alias.casefold()] = ()
            self.aliases = {item.alias.casefold() for item in query.select if item.alias}

    def parts(self, name: tree.Field) -> tuple[str, ...]:
        """Return the path from this object: without its own name or alias, parents' aliases replaced."""
        first, *rest = name.path
        known = self.paths.get(first.casefold())
        return name.path if known is None or not rest else (*known, *rest)

    def is_alias(self, name: tree.Field) -> bool:
        """Tell whether it can only be what a column is called: no field, and no path to one."""
        folded = name.name.casefold()
        if len(name.path) > 1 or (self.source.described and self.source.described.field(name.name)):
            return False
        return folded in self.aliases or (folded.startswith(_UNNAMED_ALIAS) and folded[len(_UNNAMED_ALIAS) :].isdigit())


class _Reader:
    """Goes through a query once, and notes what its names mean."""

    def __init__(self, describe: Describe, meaning: Meaning) -> None:
        self._describe = describe
        self._meaning = meaning

    async def query(self, query: tree.Query, described: SObjectDescribe | None = None) -> None:
        """Note a query; `described` is its object where a relationship, and not its FROM, names it."""
        first, *parents = query.from_
        described = described or await self._described(first.name, first.position)
        if described is None:
            return
        scope = _Scope(described, query)
        self._meaning.sources.append((query, described.name))
        aliases = (*(item.alias for item in query.from_), *(item.alias for item in query.select))
        self._meaning.aliases += [alias for alias in aliases if alias]
        for parent in parents:
            await self._parent(scope, parent)
        for item in query.select:
            await self._selected(scope, item)
        if query.where:
            await self._condition(scope, query.where, "WHERE")
        if query.group_by:
            for operand in query.group_by.fields:
                await self._operand(scope, operand, "GROUP BY")
            if query.group_by.having:
                await self._condition(scope, query.group_by.having, "HAVING")
        for order in query.order_by:
            await self._operand(scope, order.expression, "ORDER BY")

    async def returning(self, returning: sosl_tree.Returning) -> None:
        """Note one object of a search."""
        described = await self._described(returning.sobject, returning.position)
        if described is None:
            return
        scope = _Scope(described)
        self._meaning.sources.append((returning, described.name))
        self._meaning.aliases += [item.alias for item in returning.fields if item.alias]
        for item in returning.fields:
            await self._selected(scope, item)
        if returning.where:
            await self._condition(scope, returning.where, "WHERE")
        for order in returning.order_by:
            await self._operand(scope, order.expression, "ORDER BY")

    async def _described(self, name: str, position: int) -> SObjectDescribe | None:
        described = await self._describe(name)
        if described is None:
            self._meaning.unknown.append(Unknown("object", name, "", position))
        else:
            self._meaning.objects[described.name] = described
        return described

    async def _parent(self, scope: _Scope, item: tree.FromItem) -> None:
        """Take over a parent that FROM names after the object, as in `FROM Contact c, c.Account a`."""
        name = tree.Field(item.name, position=item.position)
        path = scope.parts(name)
        if await self._end(scope.source, path, name, "FROM") and item.alias:
            scope.paths[item.alias.casefold()] = path

    async def _selected(self, scope: _Scope, item: tree.SelectItem) -> None:
        match item.expression:
            case tree.Query() as children:
                await self._children(scope, children)
            case tree.TypeOf() as type_of:
                await self._type_of(scope, type_of)
            case tree.Field() as name:
                await self._field(scope, name, "SELECT", is_column=item.alias is None)
            case tree.Function() | tree.Distance() as operand:
                await self._operand(scope, operand, "SELECT")
            case tree.CountRows():
                pass

    async def _children(self, scope: _Scope, query: tree.Query) -> None:
        described = scope.source.described
        name, position = query.from_[0].name, query.from_[0].position
        *owner, last = name.split(".")
        is_own = all(scope.paths.get(part.casefold()) == () for part in owner)
        children = described.child_relationships if described and is_own else ()
        found = [child for child in children if (child.relationship_name or "").casefold() == last.casefold()]
        if not found:
            self._meaning.unknown.append(Unknown("child relationship", last, scope.source.name, position))
            return
        child = await self._described(found[0].child_sobject, position)
        if child is not None:
            self._note(_Source((child.name,), child), found[0].field, tree.Field(name, position=position), "FROM")
            await self.query(query, child)

    async def _type_of(self, scope: _Scope, type_of: tree.TypeOf) -> None:
        relationship = type_of.relationship
        source = await self._end(scope.source, scope.parts(relationship), relationship, "SELECT")
        if source is None:
            return
        for when in type_of.whens:
            described = await self._described(when.sobject, when.position)
            if described is None:
                continue
            for name in when.fields:
                found = _Source((described.name,), described, is_parent=True)
                await self._path(found, name.path, name, "SELECT", is_column=True)
        for name in type_of.otherwise:
            await self._path(source, name.path, name, "SELECT", is_column=True)

    async def _condition(self, scope: _Scope, condition: tree.Condition, clause: Clause) -> None:
        match condition:
            case tree.And() | tree.Or():
                for operand in condition.operands:
                    await self._condition(scope, operand, clause)
            case tree.Not():
                await self._condition(scope, condition.operand, clause)
            case tree.Comparison(left=tree.Arithmetic() as sum_):
                await self._field(scope, sum_.left, clause)
                await self._field(scope, sum_.right, clause)
            case tree.Comparison(left=tree.Field() | tree.Function() | tree.Distance() as operand):
                await self._operand(scope, operand, clause)
            case tree.InQuery():
                await self._operand(scope, condition.left, clause)
                await self.query(condition.query)
            case tree.InValues() | tree.Includes():
                await self._operand(scope, condition.left, clause)

    async def _operand(self, scope: _Scope, operand: tree.Operand, clause: Clause) -> None:
        match operand:
            case tree.Distance():
                await self._field(scope, operand.location, clause)
            case tree.Function(name=name, argument=tree.Field() as argument) if name.casefold() == "fields":
                self._all_fields(scope, argument)
            case tree.Function(argument=tree.Field() as argument):
                await self._path(scope.source, scope.parts(argument), argument, clause)
            case tree.Function():
                await self._operand(scope, operand.argument, clause)
            case tree.Field():
                await self._field(scope, operand, clause)

    def _all_fields(self, scope: _Scope, group: tree.Field) -> None:
        """Note what FIELDS(ALL), FIELDS(STANDARD) and FIELDS(CUSTOM) stand for."""
        wanted = {"all": (True, False), "custom": (True,), "standard": (False,)}.get(group.name.casefold(), ())
        if not wanted or scope.source.described is None:
            self._meaning.unknown.append(Unknown("field", f"FIELDS({group.name})", scope.source.name, group.position))
            return
        for known in scope.source.described.fields:
            if known.custom in wanted:
                self._note(scope.source, known.name, group, "SELECT", is_column=True)

    async def _field(self, scope: _Scope, name: tree.Field, clause: Clause, *, is_column: bool = False) -> None:
        if clause in {"ORDER BY", "HAVING"} and scope.is_alias(name):
            return  # what it stands for is noted where it is selected
        await self._path(scope.source, scope.parts(name), name, clause, is_column=is_column)

    async def _path(
        self, source: _Source, path: Sequence[str], name: tree.Field, clause: Clause, *, is_column: bool = False
    ) -> None:
        """Note a field, and the references on the way to it."""
        *relationships, last = path
        end = await self._end(source, relationships, name, clause)
        if end is None:
            return
        found = end.described.field(last) if end.described else None
        api_name = found.name if found else None if end.described else _NAME_FIELDS.get(last.casefold())
        if api_name is None:
            self._meaning.unknown.append(Unknown("field", last, end.name, name.position))
        else:
            self._note(end, api_name, name, clause, is_column=is_column)

    async def _end(
        self, source: _Source, relationships: Sequence[str], name: tree.Field, clause: Clause
    ) -> _Source | None:
        """Return what a path of relationships leads to, or None where one of them is unknown."""
        for relationship in relationships:
            reference, targets, is_polymorphic = _relationship(source, relationship)
            if not targets:
                self._meaning.unknown.append(Unknown("relationship", relationship, source.name, name.position))
                return None
            self._note(source, reference, name, clause)
            described = None if is_polymorphic else await self._described(targets[0], name.position)
            if described is None and not is_polymorphic:
                return None
            source = _Source((described.name,) if described else targets, described, is_parent=True)
        return source

    def _note(
        self, source: _Source, field_name: str, name: tree.Field, clause: Clause, *, is_column: bool = False
    ) -> None:
        reference = Reference(source.sobjects, field_name, name, clause, is_column, source.is_parent)
        self._meaning.references.append(reference)


def _relationship(source: _Source, name: str) -> tuple[str, tuple[str, ...], bool]:
    """Return the reference behind a relationship, the objects it leads to (none: unknown), and whether any of them."""
    folded = name.casefold()
    if source.described is None:
        target = _NAME_PARENTS.get(folded)
        return (f"{target}Id", (target,), False) if target else ("", (), False)
    for known in source.described.fields:
        if (known.relationship_name or "").casefold() == folded and known.reference_to:
            return known.name, known.reference_to, _is_polymorphic(known)
    return "", (), False


def _is_polymorphic(known: FieldDescribe) -> bool:
    return known.polymorphic_foreign_key or len(known.reference_to) > 1
