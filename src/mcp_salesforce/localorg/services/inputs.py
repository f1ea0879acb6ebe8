"""Read a record from JSON into columns, and check it against its fields."""

from collections.abc import Mapping
from typing import Any

from mcp_salesforce.localorg import errors
from mcp_salesforce.localorg.evidence import evidence
from mcp_salesforce.localorg.services import field_values
from mcp_salesforce.localorg.store.schema import FieldDef, Schema, SObjectDef
from mcp_salesforce.localorg.store.sqlite import Store, quote

Changes = dict[str, field_values.Stored]
"""Columns and what to store in them."""


def known_field(definition: SObjectDef, name: str) -> FieldDef:
    """Return a field of an object by its API name in any case.

    Raises:
        OrgError: INVALID_FIELD; the object has no such field.
    """
    field = definition.field(name)
    if field is None:
        raise errors.no_such_column(name, definition.name)
    return field


class Inputs:
    """Reads records for an org: checks names, types, permissions to set fields, and references."""

    def __init__(self, store: Store, schema: Schema) -> None:
        """Read records of `schema`; `store` has the records that they refer to."""
        self._store = store
        self._schema = schema

    @evidence("Records", "recorded", "A field that the object does not have is INVALID_FIELD, 'No such column'")
    @evidence("Records", "quoted", "Fields that cannot be set are INVALID_FIELD_FOR_INSERT_UPDATE; one error names all")
    @evidence("Records", "documented", "An Id in the body is INVALID_FIELD")
    def read(self, definition: SObjectDef, record: Mapping[str, Any], may: str) -> Changes:
        """Return the columns that a record sets; `may` is the flag that its fields need (`createable`)."""
        changes: Changes = {}
        refused = []
        for name, value in record.items():
            if name == "attributes":
                continue
            field = definition.field(name)
            if field is None and (value is None or isinstance(value, dict)):
                field, value = self._by_external_id(definition, name, value)  # noqa: PLW2901 - the id instead of the key
            field = field or known_field(definition, name)
            if field.type == "id":
                message = "The Id field should not be specified in the sobject data."
                raise errors.OrgError(400, "INVALID_FIELD", message, None)
            if getattr(field, may):
                changes[field.name] = field_values.from_json(field, value)
            else:
                refused.append(field.name)
        if refused:
            raise errors.not_writeable(refused)
        return changes

    @evidence("Records", "documented", "A parent may be given by an external id: {'Account': {'Number__c': '7'}}")
    @evidence(
        "Records",
        "quoted",
        "A parent's external id without a record is INVALID_FIELD, 'Foreign key external ID: ... not found'",
    )
    def _by_external_id(
        self, definition: SObjectDef, relationship: str, value: dict[str, Any] | None
    ) -> tuple[FieldDef | None, str | None]:
        """Return the reference field of a relationship name, and the id of the record that it identifies."""
        reference = self._schema.parent(definition, relationship)
        if reference is None or value is None:
            return reference, None
        wanted = str((value.get("attributes") or {}).get("type") or "").lower()
        targets = [each for each in self._schema.targets(reference) if wanted in {"", each.name.lower()}]
        keys = {name: each for name, each in value.items() if name != "attributes"}
        if len(targets) != 1 or len(keys) != 1:
            raise errors.json_parser_error(
                "Nested object for polymorphic foreign key must have an attributes field before any other fields."
            )
        ((name, key),) = keys.items()
        return reference, self._id_by(known_field(targets[0], name), targets[0], key)

    def _id_by(self, field: FieldDef, target: SObjectDef, key: Any) -> str:  # noqa: ANN401 - any JSON value
        if field.type == "id":
            return str(key)
        if not (field.external_id or field.id_lookup):
            message = f"{field.name} is not an external ID field of {target.name}"
            raise errors.OrgError(400, "INVALID_FIELD", message, None)
        sql = f"SELECT Id FROM {quote(target.name)} WHERE {quote(field.name)} = ? AND IsDeleted = 0"  # noqa: S608 - names of the schema
        found = self._store.rows(sql, [field_values.from_json(field, key)])
        if len(found) != 1:
            message = f"Foreign key external ID: {key} not found for field {field.name} in entity {target.name}"
            raise errors.OrgError(400, "INVALID_FIELD", message, None)
        return str(found[0]["Id"])

    @evidence("Records", "simulated", "A reference to a record that does not exist is INVALID_CROSS_REFERENCE_KEY")
    @evidence("Records", "documented", "An id of an object that the reference does not allow is MALFORMED_ID")
    @evidence(
        "Records",
        "quoted",
        "A record type that does not exist, or is of another object, gives INVALID_CROSS_REFERENCE_KEY",
    )
    @evidence("Records", "simulated", "A reference to a deleted record is ENTITY_IS_DELETED")
    def check_references(self, definition: SObjectDef, changes: Changes) -> None:
        """Refuse references to records of wrong objects, and to missing or deleted records."""
        for name, value in changes.items():
            field = known_field(definition, name)
            if field.type != "reference" or value is None:
                continue
            target = self._schema.of_record(str(value))
            if target is None or target.name not in field.reference_to:
                raise errors.malformed_id(field.label, value, name)
            found = self._store.find(target, str(value))
            if name == "RecordTypeId" and (found is None or found["SobjectType"] != definition.name):
                raise errors.wrong_record_type(str(value))
            if found is None:
                raise errors.invalid_cross_reference_key([name])
            if found["IsDeleted"]:
                raise errors.OrgError(400, "ENTITY_IS_DELETED", "entity is deleted", [name])

    @evidence("Records", "quoted", "A value of a unique field that another record has is DUPLICATE_VALUE")
    def check_unique(self, definition: SObjectDef, changes: Changes, record_id: str | None) -> None:
        """Refuse values of unique fields that a record other than `record_id` has.

        Raises:
            OrgError: DUPLICATE_VALUE.
        """
        for name, value in changes.items():
            if value is not None and known_field(definition, name).unique:
                sql = f"SELECT Id FROM {quote(definition.name)} WHERE {quote(name)} = ? AND Id IS NOT ?"  # noqa: S608 - names of the schema
                other = self._store.row(sql, [value, record_id])
                if other is not None:
                    raise errors.duplicate_value([name], other["Id"])


@evidence("Records", "quoted", "Every required field that is missing is named in one REQUIRED_FIELD_MISSING")
@evidence("Records", "quoted", "A record without an owner is INVALID_CROSS_REFERENCE_KEY, 'owner cannot be blank'")
def require(definition: SObjectDef, row: Mapping[str, field_values.Stored]) -> None:
    """Refuse a row without a field that its object requires.

    Raises:
        OrgError: REQUIRED_FIELD_MISSING, with all that are missing; INVALID_CROSS_REFERENCE_KEY without an owner.
    """
    owner = definition.field("OwnerId")
    if owner is not None and owner.createable and row.get(owner.name) is None:
        raise errors.owner_blank()
    missing = [field.name for field in definition.fields if field.required and row.get(field.name) is None]
    if missing:
        raise errors.required_field_missing(missing)
