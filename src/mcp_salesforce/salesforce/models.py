"""Salesforce's own shapes, as Pydantic models: Python names here, Salesforce's on the wire."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import Annotated, Any, Final, Self

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, ValidationError, model_validator
from pydantic.alias_generators import to_camel
from pydantic.dataclasses import dataclass

from mcp_salesforce.salesforce.errors import UnreadableReplyError
from mcp_salesforce.salesforce.ids import is_id

SObjectRecord = dict[str, Any]
"""A record's values by field API name, as decoded from JSON; a parent record is a record in it."""


class WireModel(BaseModel):
    """A documented shape; members that a later API version adds are ignored."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True, defer_build=True)

    @classmethod
    def read(cls, value: object) -> Self:
        """Return `value`, decoded JSON, in this shape.

        Raises:
            UnreadableReplyError: It has another shape.
        """
        try:
            return cls.model_validate(value)
        except ValidationError as error:
            raise wrong_shape(cls.__name__, error) from None


def wrong_shape(name: str, error: ValidationError | None = None) -> UnreadableReplyError:
    """Return the error for JSON that is not a `name`; it shows where, never the values."""
    problems = error.errors(include_url=False, include_context=False, include_input=False) if error else []
    where = "; ".join(f"{'.'.join(map(str, item['loc'])) or 'the whole'}: {item['type']}" for item in problems[:3])
    reason = f"The JSON has not the shape of {name}" + (f" ({where})" if where else "")
    return UnreadableReplyError(reason, status=200, content_type="application/json")


@contextmanager
def unknown_if_unreadable() -> Iterator[None]:
    """Read the answer to a write: if it has another shape, the outcome is unknown."""
    try:
        yield
    except UnreadableReplyError as error:
        error.leave_outcome_unknown()
        raise


def present(record: Mapping[str, Any], name: str) -> Any:  # noqa: ANN401 - any value of a field
    """Return the value of a field that every record of its object has.

    Raises:
        UnreadableReplyError: The record that the org gave has none.
    """
    value = record.get(name)
    if value is None:
        sobject = (record.get("attributes") or {}).get("type") or "a record"
        error = UnreadableReplyError(f"The org's answer has no {name} of {sobject}, which is never empty.", status=0)
        error.hint = "Tell the user: an administrator has to look at this record and at who can read the field."
        raise error
    return value


def record_of(value: object) -> SObjectRecord:
    """Return `value` if it is a JSON object.

    Raises:
        UnreadableReplyError: It is something else.
    """
    if isinstance(value, dict):
        return value
    raise wrong_shape("a record")


def members_of(value: object, name: str) -> list[object]:
    """Return the list that a JSON object has under `name`."""
    members = record_of(value).get(name)
    if isinstance(members, list):
        return members
    raise wrong_shape(f"a list of {name}")


class SaveError(WireModel):
    """Why one record of a call was not saved; `duplicate_result` is what a duplicate rule found, if any."""

    status_code: str = Field(validation_alias="statusCode")
    message: str = ""
    fields: tuple[str, ...] = ()
    duplicate_result: dict[str, Any] | None = None


class Outcome(WireModel):
    """The outcome of one record of a call that changes records."""

    success: bool
    errors: tuple[SaveError, ...] = ()

    @classmethod
    def read(cls, value: object) -> Self:
        """Return `value`, decoded JSON, in this shape.

        Raises:
            UnreadableReplyError: It has another shape, so that it is unknown whether the record was changed.
        """
        with unknown_if_unreadable():
            return super().read(value)


class SaveResult(Outcome):
    """The outcome of saving one record; `id` is empty where it failed, `created` is given by upserts only."""

    id: str | None = None
    created: bool | None = None

    @model_validator(mode="after")
    def _names_what_was_saved(self) -> Self:
        if self.success and not is_id(self.id or ""):
            raise ValueError("it was saved, and has no Id")
        return self


class MergeResult(SaveResult):
    """The outcome of a merge: the Ids of the master, of the losers, and of what was moved and the user may see."""

    merged_record_ids: tuple[str, ...] = ()
    updated_related_ids: tuple[str, ...] = ()


class LeadConvertResult(Outcome):
    """The outcome of converting a lead: the Ids of what it became."""

    lead_id: str | None = None
    account_id: str | None = None
    contact_id: str | None = None
    opportunity_id: str | None = None


def _records(value: object) -> list[SObjectRecord]:
    """Return records as they were decoded: a page of 2,000 is not copied to be checked."""
    if isinstance(value, list) and all(type(record) is dict for record in value):
        return value
    raise ValueError("no list of records")


class QueryResult(WireModel):
    """One page of a query's records, as Salesforce gives them (each with its `attributes`).

    `total_size` counts all pages. `next_records_url` is there until the last page.
    """

    total_size: int
    done: bool
    records: Annotated[list[SObjectRecord], PlainValidator(_records)]
    next_records_url: str | None = None


class BulkJob(WireModel):
    """A job of Bulk API 2.0. Its `state` is Open, UploadComplete, InProgress, JobComplete, Aborted or Failed.

    The counts are of rows; those that failed are among the processed ones. `total_processing_time` is milliseconds.
    """

    id: str
    operation: str
    state: str
    object: str | None = None
    created_date: str | None = None
    system_modstamp: str | None = None
    line_ending: str = "LF"
    column_delimiter: str = "COMMA"
    external_id_field_name: str | None = None
    number_records_processed: int = 0
    number_records_failed: int = 0
    total_processing_time: int = 0
    retries: int = 0
    error_message: str | None = None

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.state in {"JobComplete", "Aborted", "Failed"}


# Describes are kept for a while and have parts by the hundred: with slots, these take a fifth of a model's memory.
_PART: Final = ConfigDict(alias_generator=to_camel, populate_by_name=True, defer_build=True)


@dataclass(config=_PART, frozen=True, slots=True)
class PicklistValue:
    """One value of a picklist; `valid_for` is a bitmap of the controlling field's values that allow it."""

    value: str
    label: str | None = None
    active: bool = True
    default_value: bool = False
    valid_for: str | None = None


@dataclass(config=_PART, frozen=True, slots=True)
class FieldDescribe:
    """What describe says of a field."""

    name: str
    label: str
    type: str
    length: int = 0
    precision: int = 0
    scale: int = 0
    digits: int = 0
    nillable: bool = False
    createable: bool = False
    updateable: bool = False
    defaulted_on_create: bool = False
    permissionable: bool = False
    filterable: bool = False
    sortable: bool = False
    groupable: bool = False
    aggregatable: bool = False
    calculated: bool = False
    auto_number: bool = False
    custom: bool = False
    external_id: bool = False
    id_lookup: bool = False
    name_field: bool = False
    unique: bool = False
    restricted_picklist: bool = False
    dependent_picklist: bool = False
    polymorphic_foreign_key: bool = False
    compound_field_name: str | None = None
    relationship_name: str | None = None
    controller_name: str | None = None
    inline_help_text: str | None = None
    calculated_formula: str | None = None
    default_value: Any = None
    reference_to: tuple[str, ...] = ()
    picklist_values: tuple[PicklistValue, ...] = ()


@dataclass(config=_PART, frozen=True, slots=True)
class ChildRelationship:
    """A relationship from another sobject's `field` to this one; without a name it cannot be queried."""

    child_sobject: Annotated[str, Field(validation_alias="childSObject")]
    field: str
    relationship_name: str | None = None
    cascade_delete: bool = False
    restricted_delete: bool = False


@dataclass(config=_PART, frozen=True, slots=True)
class RecordTypeInfo:
    """A record type; the master one is for records without a record type."""

    name: str
    record_type_id: str
    developer_name: str = ""
    active: bool = True
    available: bool = True
    master: bool = False
    default_record_type_mapping: bool = False


class SObjectSummary(WireModel):
    """What global describe says of an sobject."""

    name: str
    label: str
    label_plural: str = ""
    key_prefix: str | None = None
    custom: bool = False
    queryable: bool = False
    createable: bool = False
    updateable: bool = False
    deletable: bool = False
    searchable: bool = False
    associate_entity_type: str | None = None


class SObjectDescribe(SObjectSummary):
    """What describe says of one sobject; `undeletable` is whether deleted records can be restored."""

    undeletable: bool = True
    fields: tuple[FieldDescribe, ...]
    child_relationships: tuple[ChildRelationship, ...] = ()
    record_type_infos: tuple[RecordTypeInfo, ...] = ()

    def field(self, name: str) -> FieldDescribe | None:
        """Return the field called `name`, in any case, or None."""
        return self._by_name.get(name.casefold())

    @cached_property
    def _by_name(self) -> dict[str, FieldDescribe]:
        return {field.name.casefold(): field for field in self.fields}


class Limit(WireModel):
    """One limit of the org: how much it allows, and how much is left."""

    max: int = Field(validation_alias="Max")
    remaining: int = Field(validation_alias="Remaining")


class UserInfo(WireModel):
    """The user of the session, from `/services/oauth2/userinfo`."""

    user_id: str = Field(validation_alias="user_id")
    organization_id: str = Field(validation_alias="organization_id")
    preferred_username: str = Field(default="", validation_alias="preferred_username")
    name: str = ""
    email: str = ""
    zoneinfo: str = ""
    locale: str = ""
    language: str = ""
    user_type: str = Field(default="", validation_alias="user_type")


class Organization(WireModel):
    """The org's own record."""

    name: str = Field(default="", validation_alias="Name")
    edition: str = Field(default="", validation_alias="OrganizationType")
    is_sandbox: bool = Field(default=False, validation_alias="IsSandbox")
    trial_expiration_date: str | None = Field(default=None, validation_alias="TrialExpirationDate")

    @property
    def kind(self) -> str:
        """`sandbox`, `scratch`, `developer`, `trial` or `production`.

        A scratch org says of itself that it is a sandbox, and when it expires.
        """
        if self.is_sandbox:
            return "scratch" if self.trial_expiration_date else "sandbox"
        if self.edition == "Developer Edition":
            return "developer"
        return "trial" if self.trial_expiration_date else "production"


class ApiVersion(WireModel):
    """A version of the API that the org serves, such as 60.0."""

    label: str
    url: str
    version: str


class Identity(WireModel):
    """The Ids of user and org (18 characters), and the org's address."""

    user_id: str
    organization_id: str
    instance_url: str


class ApiUsage(WireModel):
    """API calls of the last 24 hours, as of the latest reply."""

    used: int
    limit: int

    @property
    def left(self) -> int:
        """How many are left; 0 if the limit is exceeded."""
        return max(self.limit - self.used, 0)
