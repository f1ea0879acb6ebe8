"""The objects of one org: looked up by name in any case, and by relationship."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mcp_salesforce.localorg.standard.definitions import FieldDef, PicklistValue, SObjectDef

__all__ = ["ChildRelationship", "FieldDef", "PicklistValue", "SObjectDef", "Schema"]


@dataclass(frozen=True, slots=True)
class ChildRelationship:
    """A reference seen from the object it points to; `name` is None where SOQL cannot follow it."""

    child: SObjectDef
    field: FieldDef
    name: str | None


class Schema:
    """The objects that an org has; every look-up ignores case, as Salesforce does."""

    def __init__(self, sobjects: Iterable[SObjectDef]) -> None:
        """Hold `sobjects`, in this order."""
        self._by_name: dict[str, SObjectDef] = {}
        self._by_prefix: dict[str, SObjectDef] = {}
        self._children: dict[str, list[ChildRelationship]] | None = None
        for each in sobjects:
            self.add(each)

    def __iter__(self) -> Iterator[SObjectDef]:
        return iter(self._by_name.values())

    def add(self, sobject: SObjectDef) -> None:
        """Add an object, or put a new definition in the place of the one with the same name."""
        taken = self._by_prefix.get(sobject.key_prefix) if sobject.key_prefix else None
        if taken is not None and taken.name.lower() != sobject.name.lower():
            raise ValueError(f"{sobject.name}: key prefix {sobject.key_prefix} belongs to {taken.name}")
        self._by_name[sobject.name.lower()] = sobject
        if sobject.key_prefix:
            self._by_prefix[sobject.key_prefix] = sobject
        self._children = None

    def get(self, name: str) -> SObjectDef | None:
        """Return an object by its API name in any case, or None."""
        return self._by_name.get(name.lower())

    def __getitem__(self, name: str) -> SObjectDef:
        return self._by_name[name.lower()]

    def of_record(self, record_id: str) -> SObjectDef | None:
        """Return the object that an id belongs to by its key prefix, or None."""
        return self._by_prefix.get(record_id[:3])

    def targets(self, reference: FieldDef) -> tuple[SObjectDef, ...]:
        """Return the objects of this org that a reference can point to."""
        return tuple(each for name in reference.reference_to if (each := self.get(name)) is not None)

    def parent(self, sobject: SObjectDef, relationship: str) -> FieldDef | None:
        """Return the reference of `sobject` that SOQL follows as `relationship` (`Account`, `Who`), or None."""
        wanted = relationship.lower()
        return next(
            (each for each in sobject.fields if each.reference_to and (each.relationship_name or "").lower() == wanted),
            None,
        )

    def children(self, sobject: SObjectDef) -> list[ChildRelationship]:
        """Return every reference of any object to `sobject`, by name of the child object."""
        if self._children is None:
            self._children = {}
            for child in sorted(self, key=lambda each: each.name):
                for field in child.fields:
                    if field.name == "MasterRecordId":  # a describe does not list what was merged away
                        continue
                    for target in field.reference_to:
                        known = ChildRelationship(child, field, field.child_relationship)
                        self._children.setdefault(target.lower(), []).append(known)
        return self._children.get(sobject.name.lower(), [])

    def child(self, sobject: SObjectDef, relationship: str) -> ChildRelationship | None:
        """Return the child relationship that SOQL follows as `relationship` (`Contacts`), or None."""
        wanted = relationship.lower()
        return next((each for each in self.children(sobject) if (each.name or "").lower() == wanted), None)
