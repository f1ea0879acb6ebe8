"""The recycle bin: which records are deleted with a record, and restored with it."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final

from mcp_salesforce.localorg import errors
from mcp_salesforce.localorg.evidence import evidence
from mcp_salesforce.localorg.services.field_values import moment
from mcp_salesforce.localorg.services.inputs import Changes
from mcp_salesforce.localorg.services.series import events_of_invitation, events_with
from mcp_salesforce.localorg.store.ids import to_18
from mcp_salesforce.localorg.store.schema import ChildRelationship, FieldDef, Schema, SObjectDef
from mcp_salesforce.localorg.store.sqlite import Row, Store, quote

_BELONGINGS: Final[Mapping[str, Callable[[Store, Row], list[Row]]]] = {
    "Event": events_with,
    "EventRelation": events_of_invitation,
}
"""The events that are deleted with a record, in addition to those with a reference to it."""

_KEPT: Final = timedelta(days=15)
_COME_BACK: Final = frozenset({("Account", "ParentId"), ("Case", "ParentId"), ("Contact", "ReportsToId")})
"""Standard references that a deletion clears and a restore sets again; so are all custom ones."""

_Gone = dict[str, tuple[SObjectDef, Row]]


class RecycleBin:
    """Deletes and restores records; the caller has opened a transaction."""

    def __init__(
        self, store: Store, schema: Schema, now: Callable[[], datetime], touched: Callable[[SObjectDef], Changes]
    ) -> None:
        """Work on the records of `schema` in `store`; `touched` returns the stamps of a change."""
        self._store = store
        self._schema = schema
        self._now = now
        self._touched = touched

    @evidence(
        "Records", "documented", "Deleting a record deletes those that belong to it; other references are cleared"
    )
    def delete(self, definition: SObjectDef, row: Row, root: str) -> None:
        """Delete a record and the records that belong to it; `root` is the id of the record that the user deleted.

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
            self._forget(child, row["Id"], root)
            for each in related:
                if child.field.cascade_delete:
                    self.delete(child.child, each, root)
                elif child.field.nillable and child.field.updateable:
                    self._clear(child.child, each["Id"], child.field, row["Id"])

    def put_in(self, definition: SObjectDef, record_id: str, changes: Changes) -> None:
        """Delete one record, with no other one, and change columns of it."""
        gone = {"IsDeleted": 1, "_deleted_with": record_id} | changes | self._touched(definition)
        self._store.update(definition, record_id, gone)

    @evidence("Recycle bin", "documented", "Undeleting a record restores everything that its deletion deleted")
    @evidence("Recycle bin", "documented", "The bin keeps records for 15 days; other records are UNDELETE_FAILED")
    @evidence("Recycle bin", "documented", "A record that was deleted with another one is not in it on its own")
    @evidence("Recycle bin", "recorded", "A record of an object that is not undeletable says so")
    @evidence("Recycle bin", "documented", "A record that a merge deleted is restored without MasterRecordId")
    def undelete(self, record_id: str) -> None:
        """Take a record out of the recycle bin, with those that its deletion deleted.

        Raises:
            OrgError: MALFORMED_ID; UNDELETE_FAILED, it is not there; its object has no recycle bin.
        """
        long = to_18(record_id)
        if long is None:
            raise errors.bad_id(record_id)
        definition = self._schema.of_record(long)
        row = self._store.find(definition, long) if definition else None
        if definition is not None and not definition.undeletable:
            raise errors.not_undeletable()
        if definition is None or row is None or row["_deleted_with"] != long or not self._is_kept(definition, row):
            raise errors.undelete_failed()
        gone = self._gone_with(long)
        self._leave(gone, long)
        for each, (of, deleted) in gone.items():
            back: Changes = {"IsDeleted": 0, "_deleted_with": None}
            if of.field("MasterRecordId"):
                back["MasterRecordId"] = None
            self._store.update(of, each, back | self._touched(of))
            for field, target in self._references_into_the_bin(of, deleted, gone):
                if field.nillable and field.updateable:
                    self._clear(of, each, field, target["Id"])
        for each in gone:
            self._set_again(each)

    def _is_kept(self, definition: SObjectDef, row: Row) -> bool:
        stamp = row["SystemModstamp"] if definition.field("SystemModstamp") else None
        return stamp is None or self._now() - moment(stamp) <= _KEPT

    def _gone_with(self, root: str) -> _Gone:
        """Return the records in the bin by the deletion that began with `root`."""
        gone: _Gone = {}
        for each in self._schema:
            sql = f"SELECT * FROM {quote(each.name)} WHERE _deleted_with = ? AND IsDeleted = 1"  # noqa: S608 - a name of the schema
            gone |= {row["Id"]: (each, row) for row in self._store.rows(sql, [root])}
        return gone

    @evidence("Recycle bin", "simulated", "A record that belongs to two deleted records is restored with the later one")
    def _leave(self, gone: _Gone, root: str) -> None:
        """Leave records in the bin that also belong to other records there; they are restored with those."""
        left: dict[str, tuple[SObjectDef, str | None]] = {}
        while held := {
            each: (of, target["_deleted_with"])
            for each, (of, row) in gone.items()
            for field, target in self._references_into_the_bin(of, row, gone)
            if field.cascade_delete or field.restricted_delete
        }:
            if root in held:
                raise errors.undelete_failed()
            left |= held
            for each in held:
                del gone[each]
        for each, (of, other) in left.items():
            self._store.update(of, each, {"_deleted_with": other})

    def _references_into_the_bin(self, definition: SObjectDef, row: Row, gone: _Gone) -> Iterator[tuple[FieldDef, Row]]:
        """Yield the references of a record to others that stay in the bin."""
        for field in definition.fields:
            value = row[field.name] if field.type == "reference" and field.name != "MasterRecordId" else None
            if value is None or value in gone:
                continue
            of = self._schema.of_record(str(value))
            target = self._store.find(of, str(value)) if of else None
            if target is not None and target["IsDeleted"]:
                yield field, target

    @evidence("Recycle bin", "documented", "A detail in it is deleted permanently if its master is deleted too")
    @evidence(
        "Recycle bin",
        "quoted",
        "A record in it that refers to another one is deleted permanently if it would block the other's deletion",
    )
    def _forget(self, child: ChildRelationship, parent_id: str, root: str) -> None:
        if child.field.restricted_delete or (child.field.cascade_delete and not child.field.nillable):
            where = f"{quote(child.field.name)} = ? AND IsDeleted = 1 AND _deleted_with <> ?"
            table = quote(child.child.name)
            self._store.execute(f"UPDATE {table} SET _deleted_with = NULL WHERE {where}", [parent_id, root])  # noqa: S608 - names of the schema

    def _clear(self, definition: SObjectDef, record_id: str, field: FieldDef, parent_id: str) -> None:
        self._store.update(definition, record_id, {field.name: None} | self._touched(definition))
        if field.custom or (definition.name, field.name) in _COME_BACK:
            columns = [parent_id, definition.name, record_id, field.name]
            self._store.execute("INSERT INTO _cleared VALUES (?, ?, ?, ?)", columns)

    @evidence(
        "Recycle bin",
        "documented",
        "Parent accounts and cases, managers of contacts and custom references are set again, unless replaced",
    )
    def _set_again(self, parent_id: str) -> None:
        for cleared in self._store.rows("SELECT * FROM _cleared WHERE parent = ?", [parent_id]):
            definition = self._schema[cleared["sobject"]]
            row = self._store.find(definition, cleared["record"])
            if row is not None and row[cleared["field"]] is None:
                set_again = {cleared["field"]: parent_id} | self._touched(definition)
                self._store.update(definition, row["Id"], set_again)
        self._store.execute("DELETE FROM _cleared WHERE parent = ?", [parent_id])


def _nothing(_: Store, __: Row) -> list[Row]:
    return []


def _kept_by(definition: SObjectDef, row: Row, child: SObjectDef, related: list[Row]) -> errors.OrgError:
    def name(of: SObjectDef, each: Row) -> str:
        return str(each[of.name_field.name if of.name_field else "Id"])

    return errors.delete_failed(
        f"Your attempt to delete {name(definition, row)} could not be completed because it is associated with the "
        f"following {child.label_plural.lower()}.: {', '.join(name(child, each) for each in related)}"
    )
