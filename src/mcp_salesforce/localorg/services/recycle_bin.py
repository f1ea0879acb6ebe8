"""The recycle bin: what goes in with a record, and comes back with it."""

from collections.abc import Callable, Mapping
from typing import Final

from mcp_salesforce.localorg import errors
from mcp_salesforce.localorg.evidence import evidence
from mcp_salesforce.localorg.services.inputs import Changes
from mcp_salesforce.localorg.services.series import events_of_invitation, events_with
from mcp_salesforce.localorg.store.ids import to_18
from mcp_salesforce.localorg.store.schema import Schema, SObjectDef
from mcp_salesforce.localorg.store.sqlite import Row, Store, quote

_BELONGINGS: Final[Mapping[str, Callable[[Store, Row], list[Row]]]] = {
    "Event": events_with,
    "EventRelation": events_of_invitation,
}
"""The events that are deleted with a record, beside those that a reference says."""


class RecycleBin:
    """Deletes records and brings them back; the caller has a transaction open."""

    def __init__(self, store: Store, schema: Schema, touched: Callable[[SObjectDef], Changes]) -> None:
        """Work on the records of `schema` in `store`; `touched` gives the stamps of a change."""
        self._store = store
        self._schema = schema
        self._touched = touched

    @evidence(
        "Records", "documented", "Deleting a record deletes those that belong to it; other references are cleared"
    )
    def delete(self, definition: SObjectDef, row: Row, root: str) -> None:
        """Delete a record and what belongs to it; `root` is the id of the record whose deletion began it.

        Raises:
            OrgError: DELETE_FAILED; other records need it.
        """
        gone = {"IsDeleted": 1, "_deleted_with": root} | self._touched(definition)
        self._store.update(definition, row["Id"], gone)
        for event in _BELONGINGS.get(definition.name, _nothing)(self._store, row):
            self.delete(self._schema["Event"], event, root)
        for child in self._schema.children(definition):
            table, column = quote(child.child.name), quote(child.field.name)
            where = f"{column} = ? AND IsDeleted = 0"
            related = self._store.rows(f"SELECT * FROM {table} WHERE {where}", [row["Id"]])  # noqa: S608 - names of the schema
            if related and child.field.restricted_delete:
                raise _kept_by(definition, row, child.child, related)
            for each in related:
                if child.field.cascade_delete:
                    self.delete(child.child, each, root)
                elif child.field.nillable and child.field.updateable:
                    self._store.update(child.child, each["Id"], {child.field.name: None} | self._touched(child.child))

    @evidence("Records", "documented", "Undeleting a record brings back what its deletion deleted")
    def undelete(self, record_id: str) -> None:
        """Take a record out of the recycle bin, with those that its deletion deleted.

        Raises:
            OrgError: UNDELETE_FAILED; it is not there.
        """
        definition = self._schema.of_record(record_id)
        row = self._store.find(definition, to_18(record_id) or "") if definition else None
        if definition is None or row is None or not row["IsDeleted"] or not definition.undeletable:
            raise errors.undelete_failed()
        back = {"IsDeleted": 0, "_deleted_with": None}
        for each in self._schema:
            sql = f"SELECT Id FROM {quote(each.name)} WHERE _deleted_with = ?"  # noqa: S608 - a name of the schema
            for deleted in self._store.rows(sql, [row["Id"]]):
                self._store.update(each, deleted["Id"], back | self._touched(each))
        self._store.update(definition, row["Id"], back | self._touched(definition))


def _nothing(_: Store, __: Row) -> list[Row]:
    return []


def _kept_by(definition: SObjectDef, row: Row, child: SObjectDef, related: list[Row]) -> errors.OrgError:
    def name(of: SObjectDef, each: Row) -> str:
        return str(each[of.name_field.name if of.name_field else "Id"])

    return errors.delete_failed(
        f"Your attempt to delete {name(definition, row)} could not be completed because it is associated with the "
        f"following {child.label_plural.lower()}.: {', '.join(name(child, each) for each in related)}"
    )
