"""Records: created, read, changed and deleted one at a time, under the rules of their object."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from itertools import islice
from typing import Any, Final

from mcp_salesforce.localorg import errors
from mcp_salesforce.localorg.evidence import evidence
from mcp_salesforce.localorg.services import field_values
from mcp_salesforce.localorg.services.access import Access, complete_share
from mcp_salesforce.localorg.services.content import complete_version, link_version
from mcp_salesforce.localorg.services.derivations import (
    complete_campaign_member,
    complete_case,
    complete_lead,
    complete_opportunity,
    complete_task,
)
from mcp_salesforce.localorg.services.duplicates import check_duplicates
from mcp_salesforce.localorg.services.events import complete_event
from mcp_salesforce.localorg.services.inputs import Changes, Inputs, known_field, require
from mcp_salesforce.localorg.services.record_types import check_picklists, default_record_type
from mcp_salesforce.localorg.services.recycle_bin import RecycleBin
from mcp_salesforce.localorg.services.saves import Save
from mcp_salesforce.localorg.services.series import complete_invitation, events_onwards, follow_event, follow_invitation
from mcp_salesforce.localorg.standard.shares import SHARES
from mcp_salesforce.localorg.store.ids import is_id_shaped, mint, to_18
from mcp_salesforce.localorg.store.schema import Schema, SObjectDef
from mcp_salesforce.localorg.store.sharing import Level
from mcp_salesforce.localorg.store.sqlite import Row, Store

Rule = Callable[[Save], None]

_CHUNK: Final = 1000
"""How many records `load` inserts at once."""

_RULES: Final[Mapping[str, Rule]] = {
    "CampaignMember": complete_campaign_member,
    "Case": complete_case,
    "ContentVersion": complete_version,
    "Event": complete_event,
    "EventRelation": complete_invitation,
    "Lead": complete_lead,
    "Opportunity": complete_opportunity,
    "Task": complete_task,
    **dict.fromkeys((share.name for share in SHARES), complete_share),
}
"""What an object checks and fills beyond what its fields say."""

_FOLLOWERS: Final[Mapping[str, Rule]] = {
    "ContentVersion": link_version,
    "Event": follow_event,
    "EventRelation": follow_invitation,
}
"""What happens to other records once one is stored."""


class Records:
    """The records of an org."""

    def __init__(
        self,
        store: Store,
        schema: Schema,
        now: Callable[[], datetime],
        *,
        version: str = "v60.0",
        allow_duplicates: bool = False,
    ) -> None:
        """Keep records of `schema` in `store`.

        Args:
            store: Where they are.
            schema: The objects of the org.
            now: The org's clock.
            version: The API version of URLs inside errors.
            allow_duplicates: Whether a duplicate is saved where its rule only warns.
        """
        self._store = store
        self._schema = schema
        self._now = now
        self._version = version
        self._allow_duplicates = allow_duplicates
        self._inputs = Inputs(store, schema)
        self.access = Access(store, schema)

    def for_call(self, version: str, *, allow_duplicates: bool) -> "Records":
        """Return the same service, with the options of one call."""
        return Records(self._store, self._schema, self._now, version=version, allow_duplicates=allow_duplicates)

    def sobject(self, name: str) -> SObjectDef:
        """Return an object by its API name in any case.

        Raises:
            OrgError: NOT_FOUND; the org has no such object.
        """
        known = self._schema.get(name)
        if known is None:
            raise errors.not_found()
        return known

    def create(self, sobject: str, record: Mapping[str, Any], user_id: str) -> str:
        """Create a record and return its id."""
        definition = self.sobject(sobject)
        if not definition.createable:
            raise errors.operation_not_allowed(definition.name, "create")
        changes = self._inputs.read(definition, record, "createable")
        row = self._defaults(definition, user_id) | changes
        require(definition, row)
        with self._store.transaction():
            self.access.require_create(definition, user_id)
            self._inputs.check_references(definition, changes)
            self.access.require_references(definition, changes, user_id)
            self._inputs.check_unique(definition, changes, None)
            row["Id"] = self._store.new_id(definition)
            save = self._complete(definition, row, changes, None, user_id)
            if not self._allow_duplicates:
                check_duplicates(save, self._version)
            self._store.insert(definition, row)
            _follow(save)
        return str(row["Id"])

    def load(self, sobject: str, records: Iterable[Mapping[str, Any]], user_id: str) -> None:
        """Create many valid records: references and uniqueness are not checked.

        Fields that only the org sets (Id, CreatedDate, ...) may be given.
        """
        definition = self.sobject(sobject)
        fields = {field.name: field for field in definition.fields if field.stored}
        defaults = self._defaults(definition, user_id)
        remaining = iter(records)
        with self._store.transaction():
            while chunk := list(islice(remaining, _CHUNK)):
                number = self._store.reserve_ids(definition, len(chunk))
                rows = []
                for record in chunk:
                    given = {name: field_values.from_json(fields[name], each) for name, each in record.items()}
                    row = defaults | {"Id": mint(definition.key_prefix, number)} | given
                    self._complete(definition, row, given, None, user_id)
                    rows.append(row)
                    number += 1
                used = set[str]().union(*rows)
                columns = [name for name in fields if name in used]
                self._store.insert_many(definition, columns, [[row.get(name) for name in columns] for row in rows])

    def retrieve(self, sobject: str, record_id: str, fields: Iterable[str] = (), user_id: str = "") -> dict[str, Any]:
        """Return a record in wire form, in describe order unless `fields` names some; without `attributes`.

        Without a user, the org itself reads, and sees everything.

        Raises:
            OrgError: NOT_FOUND, or INVALID_FIELD for an unknown name in `fields`.
        """
        definition = self.sobject(sobject)
        wanted = [known_field(definition, name) for name in fields] or definition.fields
        row = self.row(definition, record_id, user_id)
        return {field.name: field_values.to_json(field, row) for field in wanted}

    @evidence("Sharing", "simulated", "A GET of a record that the user cannot see is NOT_FOUND")
    def row(self, definition: SObjectDef, record_id: str, user_id: str = "") -> Row:
        """Return the stored row of a record that is not deleted, and that the user may see.

        Raises:
            OrgError: NOT_FOUND.
        """
        row = self._live(definition, record_id, errors.not_found(), deleted=errors.not_found())
        if not self.access.allows(definition, row["Id"], Level.READ, user_id):
            raise errors.not_found()
        return row

    def row_to_change(self, definition: SObjectDef, record_id: str, user_id: str, level: Level = Level.EDIT) -> Row:
        """Return the stored row of a record that a user wants to change, which needs `level`.

        Raises:
            OrgError: INVALID_CROSS_REFERENCE_KEY, ENTITY_IS_DELETED, or INSUFFICIENT_ACCESS_OR_READONLY.
        """
        row = self._live(definition, record_id, errors.invalid_cross_reference_key(status=404))
        self.access.require(definition, row["Id"], level, user_id)
        return row

    def update(self, sobject: str, record_id: str, record: Mapping[str, Any], user_id: str) -> None:
        """Change fields of a record."""
        definition = self.sobject(sobject)
        if not definition.updateable:
            raise errors.operation_not_allowed(definition.name, "update")
        changes = self._inputs.read(definition, record, "updateable")
        with self._store.transaction():
            row = self.row_to_change(definition, record_id, user_id)
            new = _difference(row, changes)
            if "OwnerId" in new:
                self.access.require(definition, row["Id"], Level.TRANSFER, user_id)
            merged = dict(row) | changes | self.touched(definition, user_id)
            require(definition, merged)
            self._inputs.check_references(definition, changes)
            self.access.require_references(definition, new, user_id)
            self._inputs.check_unique(definition, changes, row["Id"])
            save = self._complete(definition, merged, changes, row, user_id)
            self._store.update(definition, row["Id"], _difference(row, merged))
            _follow(save)
            if "OwnerId" in new:
                self.access.end_shares(definition, row["Id"])

    def delete(self, sobject: str, record_id: str, user_id: str) -> None:
        """Put a record in the recycle bin, with the records that belong to it."""
        definition = self.sobject(sobject)
        if not definition.deletable:
            raise errors.operation_not_allowed(definition.name, "delete")
        with self._store.transaction():
            row = self.row_to_change(definition, record_id, user_id, Level.ALL)
            self.recycle_bin(user_id).delete(definition, row, row["Id"])

    def delete_onwards(self, record_id: str, user_id: str) -> None:
        """Put an occurrence of a Lightning series in the recycle bin, with those after it.

        API: DELETE /sobjects/Event/{id}/fromThisEventOnwards
        """
        definition = self._schema["Event"]
        with self._store.transaction():
            row = self.row_to_change(definition, record_id, user_id, Level.ALL)
            for each in events_onwards(self._store, row):
                self.recycle_bin(user_id).delete(definition, each, row["Id"])

    def undelete(self, record_id: str, user_id: str) -> None:
        """Take a record out of the recycle bin, with those that its deletion deleted.

        Raises:
            OrgError: UNDELETE_FAILED, it is not there; it is not an id; its object has no recycle bin.
        """
        definition = self._schema.of_record(record_id)
        with self._store.transaction():
            if definition is not None:
                self.access.require(definition, to_18(record_id) or "", Level.ALL, user_id)
            self.recycle_bin(user_id).undelete(record_id)

    def recycle_bin(self, user_id: str) -> RecycleBin:
        """Return the recycle bin of a user's deletions and restores."""
        return RecycleBin(self._store, self._schema, self._now, lambda definition: self.touched(definition, user_id))

    @evidence("Records", "recorded", "An absent id is 404: NOT_FOUND to read, INVALID_CROSS_REFERENCE_KEY to change")
    @evidence("Records", "recorded", "A deleted record is 404: NOT_FOUND to read, ENTITY_IS_DELETED to change")
    @evidence("Records", "documented", "An id with a wrong checksum is MALFORMED_ID")
    def _live(
        self, definition: SObjectDef, record_id: str, absent: errors.OrgError, *, deleted: errors.OrgError | None = None
    ) -> Row:
        if not is_id_shaped(record_id):
            raise errors.external_id_not_found(record_id)
        long = to_18(record_id)
        if long is None:
            raise errors.malformed_id(f"{definition.label} ID", record_id, "Id")
        row = self._store.find(definition, long)
        if row is None:
            raise absent
        if row["IsDeleted"]:
            raise deleted or errors.entity_is_deleted()
        return row

    def _defaults(self, definition: SObjectDef, user_id: str) -> Changes:
        row: Changes = {
            field.name: field_values.from_json(field, field.default)
            for field in definition.fields
            if field.default is not None
        }
        touched = self.touched(definition, user_id)
        if definition.field("CreatedDate"):
            row |= {"CreatedDate": touched["LastModifiedDate"], "CreatedById": user_id}
        if definition.field("OwnerId"):
            row["OwnerId"] = user_id
        if kind := default_record_type(self._store, definition):
            row["RecordTypeId"] = kind
        return row | touched

    def touched(self, definition: SObjectDef, user_id: str) -> Changes:
        """Return the stamps of a change."""
        stamp = field_values.instant(self._now())
        touched: Changes = {"LastModifiedDate": stamp, "LastModifiedById": user_id, "SystemModstamp": stamp}
        return {name: value for name, value in touched.items() if definition.field(name)}

    @evidence("Records", "documented", "An automatic number counts up, in its display format")
    def _number(self, definition: SObjectDef, row: Changes) -> None:
        for field in definition.fields:
            if field.auto_number:
                number = str(self._store.reserve(f"{definition.name}.{field.name}", 1))
                head, _, tail = field.display_format.partition("{")
                zeros, _, end = tail.partition("}")
                row[field.name] = f"{head}{number.rjust(len(zeros), '0')}{end}"

    @evidence("Records", "recorded", "A person's Name is first and last name, without the salutation")
    def _complete(self, definition: SObjectDef, row: Changes, given: Changes, before: Row | None, user_id: str) -> Save:
        """Fill the columns that follow from others, and check that they are consistent."""
        if definition.field("LastName") and definition.field("Name"):
            row["Name"] = " ".join(str(row[part]) for part in ("FirstName", "LastName") if row.get(part))
        if before is None:
            self._number(definition, row)
        if definition.field("PhotoUrl"):
            row["PhotoUrl"] = f"/services/images/photo/{row['Id']}"
        save = Save(self._store, self._schema, self._now, definition, row, given, before, user_id)
        check_picklists(save)
        rule = _RULES.get(definition.name)
        if rule is not None:
            rule(save)
        return save


def _follow(save: Save) -> None:
    follower = _FOLLOWERS.get(save.definition.name)
    if follower is not None:
        follower(save)


def _difference(before: Row, after: Changes) -> Changes:
    return {name: value for name, value in after.items() if before[name] != value}
