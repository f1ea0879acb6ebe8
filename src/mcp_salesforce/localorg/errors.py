"""Salesforce's errors, as functions: status, errorCode and message as a real org words them."""

from collections.abc import Mapping, Sequence
from typing import Any


class OrgError(Exception):
    """An error that the org answers with; `app` turns it into JSON.

    Attributes:
        status: The HTTP status.
        error_code: Salesforce's `errorCode` (`statusCode` inside a collection).
        message: What is wrong, in Salesforce's words.
        fields: Names of the fields at fault; None where Salesforce sends no `fields` key at all.
        extra: Further keys of the error's body, such as `duplicateResult`.
        code_first: Whether `errorCode` stands before `message` on the wire, as it does for unknown resources.
    """

    def __init__(
        self,
        status: int,
        error_code: str,
        message: str,
        fields: Sequence[str] | None = (),
        extra: Mapping[str, Any] | None = None,
        *,
        code_first: bool = False,
    ) -> None:
        super().__init__(f"{error_code}: {message}")
        self.status = status
        self.error_code = error_code
        self.message = message
        self.fields = None if fields is None else tuple(fields)
        self.extra = dict(extra or {})
        self.code_first = code_first

    def body(self) -> dict[str, Any]:
        """Return the error as one entry of the list that a REST reply carries."""
        said = {"message": self.message, "errorCode": self.error_code}
        return self._entry(dict(reversed(said.items())) if self.code_first else said)

    def save_error(self) -> dict[str, Any]:
        """Return the error as one entry of `errors` in the result of a collection or a tree."""
        said = {"statusCode": self.error_code, "message": self.message}
        return self._entry(said) | {"fields": list(self.fields or ())}

    def _entry(self, said: dict[str, str]) -> dict[str, Any]:
        entry = {**self.extra, **said}
        return entry if self.fields is None else entry | {"fields": list(self.fields)}


def not_found() -> OrgError:
    """There is no such resource, object or record."""
    return OrgError(404, "NOT_FOUND", "The requested resource does not exist", None, code_first=True)


def external_id_not_found(value: str) -> OrgError:
    """The path names neither a record id nor a field that records can be found by."""
    message = f"Provided external ID field does not exist or is not accessible: {value}"
    return OrgError(404, "NOT_FOUND", message, None)


def entity_is_deleted() -> OrgError:
    """The record is in the recycle bin."""
    return OrgError(404, "ENTITY_IS_DELETED", "entity is deleted")


def invalid_cross_reference_key(fields: Sequence[str] = (), *, status: int = 400) -> OrgError:
    """An id is well formed, but no record has it."""
    return OrgError(status, "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", fields)


def insufficient_access() -> OrgError:
    """The user may not do this with the record."""
    return OrgError(403, "INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id")


def insufficient_access_to_reference(record_id: str) -> OrgError:
    """The user may not see, or not use, the record that a field names."""
    message = f"insufficient access rights on cross-reference id: {record_id[:15]}"
    return OrgError(400, "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY", message)


def invalid_access_level(fields: Sequence[str]) -> OrgError:
    """A share grants no more than everybody has."""
    return OrgError(400, "INVALID_ACCESS_LEVEL", f"{', '.join(fields)} must be above the organization level", fields)


def owner_blank() -> OrgError:
    """A record would have no owner."""
    return OrgError(400, "INVALID_CROSS_REFERENCE_KEY", "Owner ID: owner cannot be blank", ["OwnerId"])


def wrong_record_type(record_type_id: str) -> OrgError:
    """The record type does not exist, or is of another object."""
    message = f"Record Type ID: this ID value isn't valid for the user: {record_type_id}"
    return OrgError(400, "INVALID_CROSS_REFERENCE_KEY", message, ["RecordTypeId"])


def malformed_id(label: str, value: object, field: str) -> OrgError:
    """An id is not one, or belongs to an object that the field does not take."""
    return OrgError(400, "MALFORMED_ID", f"{label}: id value of incorrect type: {value}", [field])


def required_field_missing(fields: Sequence[str]) -> OrgError:
    """A record lacks fields that it must have."""
    return OrgError(400, "REQUIRED_FIELD_MISSING", f"Required fields are missing: [{', '.join(fields)}]", fields)


def no_such_column(field: str, sobject: str) -> OrgError:
    """A record names a field that its object does not have."""
    return OrgError(400, "INVALID_FIELD", f"No such column '{field}' on sobject of type {sobject}", None)


def not_writeable(fields: Sequence[str]) -> OrgError:
    """A record sets fields that the caller may not set."""
    message = (
        f"Unable to create/update fields: {', '.join(fields)}. Please check the security settings of this field "
        "and verify that it is read/write for your profile or permission set."
    )
    return OrgError(400, "INVALID_FIELD_FOR_INSERT_UPDATE", message, fields)


def string_too_long(label: str, value: str, length: int, field: str) -> OrgError:
    """A text is longer than its field."""
    message = f"{label}: data value too large: {value} (max length={length})"
    return OrgError(400, "STRING_TOO_LONG", message, [field])


def bad_picklist_value(label: str, value: object, field: str) -> OrgError:
    """A restricted picklist does not have this value."""
    message = f"{label}: bad value for restricted picklist field: {value}"
    return OrgError(400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, [field])


def invalid_email_address(label: str, value: str, field: str) -> OrgError:
    """A text in an e-mail field is not an e-mail address."""
    return OrgError(400, "INVALID_EMAIL_ADDRESS", f"{label}: invalid email address: {value}", [field])


def number_outside_valid_range(label: str, value: object, field: str) -> OrgError:
    """A number has more digits than its field holds."""
    message = f"{label}: value outside of valid range on numeric field: {value}"
    return OrgError(400, "NUMBER_OUTSIDE_VALID_RANGE", message, [field])


def json_parser_error(message: str) -> OrgError:
    """The body is not what the API can read."""
    return OrgError(400, "JSON_PARSER_ERROR", message, None)


def cannot_deserialize(type_name: str, token: str, value: object) -> OrgError:
    """A JSON value cannot become a value of the field's type; `token` is Jackson's name for what came."""
    return json_parser_error(
        f"Cannot deserialize instance of {type_name} from {token} value {value} "
        "or request may be missing a required field at [line:1, column:2]"
    )


def field_integrity(message: str, fields: Sequence[str]) -> OrgError:
    """Fields contradict each other, or a rule of their object."""
    return OrgError(400, "FIELD_INTEGRITY_EXCEPTION", message, fields)


def duplicate_value(fields: Sequence[str], record_id: str) -> OrgError:
    """A unique field has this value on another record."""
    message = f"duplicate value found: {', '.join(fields)} duplicates value on record with id: {record_id[:15]}"
    return OrgError(400, "DUPLICATE_VALUE", message)


def duplicate_external_id(value: str) -> OrgError:
    """Several rows of one upsert have the same external id."""
    return OrgError(400, "DUPLICATE_VALUE", f"Duplicate external id specified: {value}")


def unable_to_lock_row() -> OrgError:
    """Somebody else is writing; the same call may succeed later."""
    return OrgError(400, "UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record")


def delete_failed(message: str) -> OrgError:
    """Other records keep this one from being deleted."""
    return OrgError(400, "DELETE_FAILED", message)


def operation_not_allowed(sobject: str, verb: str) -> OrgError:
    """The object does not let records be created, updated or deleted."""
    return OrgError(400, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", f"entity type {sobject} does not support {verb}")


def undelete_failed() -> OrgError:
    """The record is not in the recycle bin."""
    return OrgError(400, "UNDELETE_FAILED", "Entity is not in the recycle bin")


def merge_failed(message: str) -> OrgError:
    """These records cannot be merged."""
    return OrgError(400, "MERGE_FAILED", message)


def converted_lead() -> OrgError:
    """The lead was converted, and is what it became."""
    return OrgError(400, "CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead")


def not_undeletable() -> OrgError:
    """Records of this object are gone once they are deleted."""
    return OrgError(400, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "Entity type is not undeletable")


def bad_id(value: str) -> OrgError:
    """A SOAP call names what is not an id."""
    return OrgError(400, "MALFORMED_ID", f"bad id {value}")


def too_many_ids(most: int) -> OrgError:
    """A call names more records than one call takes."""
    message = f"record limit reached. cannot submit more than {most} records into this call"
    return OrgError(500, "EXCEEDED_ID_LIMIT", message)


def query_too_complicated() -> OrgError:
    """A query has more fields, or more or deeper conditions, than can be run."""
    message = "Query is either selecting too many fields or the filter conditions are too complicated."
    return OrgError(400, "QUERY_TOO_COMPLICATED", message, None)


def not_implemented(what: str) -> OrgError:
    """A real org can do this; the local org cannot, and says so instead of guessing."""
    return OrgError(501, "NOT_IMPLEMENTED", f"not implemented by the local org: {what}", None)


def invalid_session() -> OrgError:
    """The call has no live session; the only sign there is that an access token has expired."""
    return OrgError(401, "INVALID_SESSION_ID", "Session expired or invalid", None)


def illegal_session() -> OrgError:
    """The session of a SOAP call is not valid."""
    return OrgError(500, "INVALID_SESSION_ID", "Invalid Session ID found in SessionHeader: Illegal Session", None)


def method_not_allowed(method: str, allowed: Sequence[str]) -> OrgError:
    """The resource exists, but not for this method."""
    message = f"HTTP Method '{method}' not allowed. Allowed are {','.join(allowed)}"
    return OrgError(405, "METHOD_NOT_ALLOWED", message, None)
