"""Merge records of one object into one of them; all references to the others then refer to it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from mcp_salesforce.localorg import errors
from mcp_salesforce.localorg.evidence import evidence
from mcp_salesforce.localorg.services.events import account_of
from mcp_salesforce.localorg.services.inputs import Changes
from mcp_salesforce.localorg.services.records import Records
from mcp_salesforce.localorg.services.saves import Save
from mcp_salesforce.localorg.store.schema import ChildRelationship, Schema, SObjectDef
from mcp_salesforce.localorg.store.sharing import Level
from mcp_salesforce.localorg.store.sqlite import Row, Store, quote

_MOST_LOSERS: Final = 2
_ONE_EACH: Final[Mapping[str, str]] = {"CampaignMember": "CampaignId", "EventRelation": "EventId"}
"""Junctions that may join two records only once; the field names the other record."""
_ACTIVITIES: Final = frozenset({"Event", "Task"})


class Merges:
    """Merges records of an org."""

    def __init__(self, store: Store, schema: Schema, records: Records, now: Callable[[], datetime]) -> None:
        """Merge `records` of `schema` in `store`; `now` is the org's clock."""
        self._store = store
        self._schema = schema
        self._records = records
        self._now = now

    @evidence(
        "Merge", "documented", "One or two records are merged into a third of the same object, in one transaction"
    )
    @evidence("Merge", "documented", "The master gets the values in the call; no value of the others is copied")
    @evidence(
        "Merge", "documented", "The others are deleted with MasterRecordId, each as its own entry in the recycle bin"
    )
    @evidence("Merge", "simulated", "Records that cannot be merged are MERGE_FAILED, with the reason")
    def merge(
        self, sobject: str, master_id: str, loser_ids: Sequence[str], values: Mapping[str, Any], user_id: str
    ) -> tuple[list[str], list[str]]:
        """Merge records into the master; return the ids of the deleted records and of the records that were moved."""
        definition = self._schema.get(sobject)
        if definition is None:
            raise errors.OrgError(400, "INVALID_TYPE", f"sObject type '{sobject}' is not supported.", None)
        if not definition.mergeable:
            raise errors.merge_failed(f"{definition.label_plural} cannot be merged")
        with self._store.transaction():
            self._records.update(definition.name, master_id, values, user_id)
            master = self._records.row_to_change(definition, master_id, user_id)
            losers = [self._records.row_to_change(definition, each, user_id, Level.ALL) for each in loser_ids]
            self._check(definition, master, losers)
            related = [each for loser in losers for each in self._move(definition, loser, master, user_id)]
            for loser in losers:
                self._records.recycle_bin(user_id).put_in(definition, loser["Id"], {"MasterRecordId": master["Id"]})
        return [loser["Id"] for loser in losers], list(dict.fromkeys(related))

    @evidence("Merge", "documented", "An account cannot be merged with one above it: the hierarchy would be a circle")
    def _check(self, definition: SObjectDef, master: Row, losers: Sequence[Row]) -> None:
        ids = {loser["Id"] for loser in losers}
        if not 1 <= len(losers) <= _MOST_LOSERS or len(ids) < len(losers) or master["Id"] in ids:
            raise errors.merge_failed("one or two other records can be merged into a record")
        above, seen = master, {master["Id"]}
        while definition.name == "Account" and above["ParentId"] and above["ParentId"] not in seen:
            if above["ParentId"] in ids:
                raise errors.OrgError(400, "CIRCULAR_DEPENDENCY", "attempt to make a circular hierarchy", ["ParentId"])
            seen.add(above["ParentId"])
            above = self._store.find(definition, above["ParentId"]) or master

    @evidence("Merge", "documented", "References and activities of a deleted record move to the master")
    @evidence("Merge", "documented", "Contact roles of a deleted contact are no longer primary")
    @evidence("Merge", "simulated", "A campaign or event of both records keeps the master; a self-reference is cleared")
    def _move(self, definition: SObjectDef, loser: Row, master: Row, user_id: str) -> list[str]:
        moved = []
        for child in self._schema.children(definition):
            if child.child.shares:
                continue  # a share of the deleted record does not give access to the master
            table, column = quote(child.child.name), quote(child.field.name)
            sql = f"SELECT * FROM {table} WHERE {column} = ? AND IsDeleted = 0"  # noqa: S608 - names of the schema
            for row in self._store.rows(sql, [loser["Id"]]):
                if self._is_twin(child, row, master):
                    self._records.recycle_bin(user_id).delete(child.child, row, loser["Id"])
                    continue
                changes: Changes = {child.field.name: None if row["Id"] == master["Id"] else master["Id"]}
                if child.child.name == "OpportunityContactRole":
                    changes["IsPrimary"] = 0
                changes |= self._records.touched(child.child, user_id)
                if child.child.name in _ACTIVITIES:
                    changed = dict(row) | changes
                    save = Save(self._store, self._schema, self._now, child.child, changed, {}, row, user_id)
                    changes["AccountId"] = account_of(save) if child.field.name != "AccountId" else master["Id"]
                self._store.update(child.child, row["Id"], changes)
                moved.append(row["Id"])
        return moved

    def _is_twin(self, child: ChildRelationship, row: Row, master: Row) -> bool:
        """Return whether the master is already joined with the record that this row joins."""
        other = _ONE_EACH.get(child.child.name)
        if other is None or child.field.name == other:
            return False
        table, column = quote(child.child.name), quote(child.field.name)
        sql = f"SELECT Id FROM {table} WHERE {column} = ? AND {quote(other)} = ? AND IsDeleted = 0"  # noqa: S608 - names of the schema
        return self._store.row(sql, [master["Id"], row[other]]) is not None
