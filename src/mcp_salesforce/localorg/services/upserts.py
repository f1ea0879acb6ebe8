"""Find records by external id, and create or update them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from mcp_salesforce.localorg import errors
from mcp_salesforce.localorg.evidence import evidence
from mcp_salesforce.localorg.services.records import Records
from mcp_salesforce.localorg.store.schema import FieldDef, SObjectDef
from mcp_salesforce.localorg.store.sqlite import Store, quote

_NUMBERS: Final = {"int", "double", "currency", "percent"}


class AmbiguousExternalIdError(Exception):
    """Several records have the external id (300 on the wire)."""

    def __init__(self, sobject: str, record_ids: list[str]) -> None:
        super().__init__(f"{len(record_ids)} records of {sobject}")
        self.sobject = sobject
        self.record_ids = record_ids


@dataclass(frozen=True, slots=True)
class Upserted:
    """The record of an upsert, and whether it is new."""

    record_id: str
    created: bool


class Upserts:
    """Finds and saves records by a field that identifies them: an external id, or an idLookup field such as Email."""

    def __init__(self, store: Store, records: Records) -> None:
        """Save through `records`."""
        self._store = store
        self._records = records

    @evidence("Upsert", "recorded", "A field with idLookup (Contact.Email) works as an upsert key, like an external id")
    @evidence(
        "Upsert",
        "recorded",
        "A field without idLookup is NOT_FOUND as a key, 'Provided external ID field does not exist…'",
    )
    def find(self, sobject: str, field_name: str, value: str, user_id: str = "") -> str | None:
        """Return the id of the one record that has `value` in a field, or None.

        Only records that the user may see count; without a user, all.

        Raises:
            OrgError: NOT_FOUND; records cannot be found by this field.
            AmbiguousExternalIdError: Several records have the value.
        """
        definition = self._records.sobject(sobject)
        field = _key(definition, field_name)
        condition, values = self._records.access.condition(definition, user_id)
        where = f"{quote(field.name)} = :key AND IsDeleted = 0 AND {condition}"
        sql = f"SELECT Id FROM {quote(definition.name)} t WHERE {where} ORDER BY Id"  # noqa: S608 - names of the schema
        found = [str(row["Id"]) for row in self._store.rows(sql, {"key": _stored(field, value), **values})]
        if len(found) > 1:
            raise AmbiguousExternalIdError(definition.name, found)
        return found[0] if found else None

    def upsert(
        self,
        sobject: str,
        field_name: str,
        value: str,
        record: Mapping[str, Any],
        user_id: str,
        *,
        update_only: bool = False,
    ) -> Upserted:
        """Update the record that has `value` in a field, or create one.

        Raises:
            OrgError: A rule of the object is broken, or `update_only` finds no record: NOT_FOUND.
            AmbiguousExternalIdError: Several records have the value.
        """
        record_id = self.find(sobject, field_name, value)
        if record_id is not None:
            self._records.update(sobject, record_id, record, user_id)
            return Upserted(record_id, created=False)
        if update_only:
            raise errors.not_found()
        definition = self._records.sobject(sobject)
        field = _key(definition, field_name)
        return Upserted(
            self._records.create(sobject, {**record, field.name: _json(field, value)}, user_id), created=True
        )


def _key(definition: SObjectDef, field_name: str) -> FieldDef:
    field = definition.field(field_name)
    if field is None or not (field.external_id or field.id_lookup) or field.type == "id":
        raise errors.external_id_not_found(field_name)
    return field


def _json(field: FieldDef, value: str) -> str | float:
    """Return a value from a path as a JSON value."""
    if field.type in _NUMBERS:
        try:
            return float(value)
        except ValueError:
            raise errors.not_found() from None
    return value


_stored = _json
"""Texts and numbers are stored as they are in JSON."""
