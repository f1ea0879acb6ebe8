"""Check what a user may do with a record."""

from collections.abc import Mapping, Sequence
from typing import Final

from mcp_salesforce.localorg import errors
from mcp_salesforce.localorg.evidence import evidence
from mcp_salesforce.localorg.services.field_values import Stored
from mcp_salesforce.localorg.services.saves import Save
from mcp_salesforce.localorg.store.schema import Schema, SObjectDef
from mcp_salesforce.localorg.store.sharing import CONTROLLED, Level, defaults, public_level, sharing_of
from mcp_salesforce.localorg.store.sqlite import Store, quote

_SHARED: Final = ("None", "Read", "Edit")
"""What a share can grant, by the number of its level."""


class Access:
    """Checks the sharing of an org for single records. Without a user, the org itself acts, which has every right."""

    def __init__(self, store: Store, schema: Schema) -> None:
        """Check the records of `schema` in `store`."""
        self._store = store
        self._schema = schema

    def condition(
        self, definition: SObjectDef, user_id: str, alias: str = "t", level: Level = Level.READ
    ) -> tuple[str, Mapping[str, str]]:
        """Return the SQL condition that a user has `level` on a table's record, and its values."""
        sharing = sharing_of(self._store, self._schema, user_id) if user_id else None
        return ("1", {}) if sharing is None else (sharing.sql(definition, alias, level), sharing.values)

    def levels(self, definition: SObjectDef, record_ids: Sequence[str], user_id: str) -> dict[str, Level]:
        """Return what a user may do with each of the records of an object that exist."""
        sharing = sharing_of(self._store, self._schema, user_id)
        highest = str(Level.ALL.value) if sharing is None else sharing.highest(definition, "t")
        names = {f"id{number}": each for number, each in enumerate(record_ids)}
        rows = self._store.rows(
            f"SELECT t.Id AS id, {highest} AS level FROM {quote(definition.name)} t "  # noqa: S608 - names of the schema
            f"WHERE t.IsDeleted = 0 AND t.Id IN ({', '.join(f':{name}' for name in names)})",
            names if sharing is None else {**names, **sharing.values},
        )
        return {row["id"]: Level(row["level"]) for row in rows}

    def allows(self, definition: SObjectDef, record_id: str, level: Level, user_id: str) -> bool:
        """Return whether a user has `level` on a record that exists."""
        condition, values = self.condition(definition, user_id, level=level)
        if condition == "1":
            return True
        sql = f"SELECT 1 FROM {quote(definition.name)} t WHERE t.Id = :id AND {condition}"  # noqa: S608 - names of the schema
        return self._store.row(sql, {"id": record_id, **values}) is not None

    @evidence("Sharing", "quoted", "A change without permission is INSUFFICIENT_ACCESS_OR_READONLY")
    @evidence(
        "Sharing",
        "simulated",
        "A change of a record that the user cannot see is INSUFFICIENT_ACCESS_OR_READONLY too, with status 403",
    )
    def require(self, definition: SObjectDef, record_id: str, level: Level, user_id: str) -> None:
        """Refuse a change for which the user has no permission.

        Raises:
            OrgError: INSUFFICIENT_ACCESS_OR_READONLY.
        """
        if not self.allows(definition, record_id, level, user_id):
            raise errors.insufficient_access()

    @evidence("Sharing", "documented", "Only administrators create and change users, roles, groups and other setup")
    @evidence("Sharing", "simulated", "A user who is no administrator gets INSUFFICIENT_ACCESS_OR_READONLY for setup")
    def require_create(self, definition: SObjectDef, user_id: str) -> None:
        """Refuse a new record for which the user has no permission.

        Raises:
            OrgError: INSUFFICIENT_ACCESS_OR_READONLY.
        """
        is_setup = definition.sharing == "Setup" or definition.name == "User"
        if is_setup and sharing_of(self._store, self._schema, user_id) is not None:
            raise errors.insufficient_access()

    @evidence("Sharing", "quoted", "A reference to a hidden record is INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY")
    @evidence("Sharing", "documented", "To share a record, a user needs full access, as its owner has")
    def require_references(self, definition: SObjectDef, changes: dict[str, Stored], user_id: str) -> None:
        """Refuse references to records that the user cannot see, or in a share to records that the user cannot share.

        Raises:
            OrgError: INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY.
        """
        if sharing_of(self._store, self._schema, user_id) is None:
            return
        for name, value in changes.items():
            target = self._schema.of_record(str(value)) if definition.by_name[name.lower()].reference_to else None
            level = Level.ALL if definition.shares and name in definition.controlled_by else Level.READ
            if value and target and not self.allows(target, str(value), level, user_id):
                raise errors.insufficient_access_to_reference(str(value))

    @evidence("Sharing", "documented", "A new owner removes the manual shares of a record")
    def end_shares(self, definition: SObjectDef, record_id: str) -> None:
        """Remove the manual shares of a record."""
        for share in self._schema:
            if share.shares == definition.name:
                record = quote(share.controlled_by[0])
                self._store.execute(f"DELETE FROM {quote(share.name)} WHERE {record} = ?", [record_id])  # noqa: S608 - names of the schema


@evidence(
    "Sharing", "documented", "A share must grant more than the org-wide default; otherwise it is INVALID_ACCESS_LEVEL"
)
@evidence("Sharing", "documented", "A level that a share of an account omits is the org-wide default")
@evidence("Sharing", "simulated", "If a parent controls access, a share is CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY")
def complete_share(save: Save) -> None:
    """Check a share about to be saved, and fill the levels that it leaves out."""
    models = defaults(save.store, save.schema)
    if models[save.definition.shares] == CONTROLLED:
        raise errors.operation_not_allowed(save.definition.name, "create")
    given, everybody = {}, {}
    for field in save.definition.fields:
        if field.name.endswith("AccessLevel"):
            everybody[field.name] = public_level(models[field.name.removesuffix("AccessLevel")])
            if field.defaulted_on_create and save.before is None and field.name not in save.given:
                save.row[field.name] = _SHARED[min(everybody[field.name], Level.EDIT)]
            given[field.name] = _SHARED.index(str(save.row[field.name]))
    too_low = [name for name, level in given.items() if level < min(everybody[name], Level.EDIT)]
    if too_low or all(level <= everybody[name] for name, level in given.items()):
        raise errors.invalid_access_level(too_low or list(given))
