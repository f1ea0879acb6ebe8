"""Parameters that several tools share, described once: Ids, paging, field names, and checked texts."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema, model_validator

from mcp_salesforce.appointments.times import day_of
from mcp_salesforce.salesforce.errors import InvalidArgumentError, refused
from mcp_salesforce.salesforce.ids import KEY_PREFIXES, to_18
from mcp_salesforce.salesforce.wire import field_list
from mcp_salesforce.tools.answers.budgets import sliced
from mcp_salesforce.tools.framework.blanks import with_nulls, without_blanks
from mcp_salesforce.tools.framework.references import NAMEABLE, OF_ARGUMENT, Named, is_name

_OWNER = "OwnerId"
_NAMEABLE = NAMEABLE | {*OF_ARGUMENT}


def id_of(*prefixes: str, but_not: Collection[str] = (), names: Sequence[str] = ()) -> Callable[[str], str]:
    """Return the check for a record Id with one of the key prefixes `prefixes` (any, without them).

    The check gives the 18-character form. A name passes as a `Named`, where records of the prefixes' objects, or of the
    objects `names`, have names: `references.with_ids` replaces it.
    """
    objects = [each for each in (*names, *(KEY_PREFIXES[prefix] for prefix in prefixes)) if each in _NAMEABLE]

    def check(value: str) -> str:
        if objects and is_name(value.strip()):
            return Named.of(value.strip(), objects)
        try:
            record_id = to_18(value.strip())
        except InvalidArgumentError as error:
            raise refused(error.message, code="MALFORMED_ID", hint=error.hint) from None
        prefix = record_id[:3]
        if (prefixes and prefix not in prefixes) or prefix in but_not:
            actual = _with_article(KEY_PREFIXES.get(prefix, f"object with the key prefix {prefix}"))
            wanted = " or ".join(_with_article(KEY_PREFIXES[allowed]) for allowed in prefixes)
            expected = f"not of {wanted}" if wanted else "which does not go here"
            raise refused(f"{record_id} is the Id of {actual}, {expected}.", code="MALFORMED_ID", hint=_where(wanted))
        return record_id

    return check


def one_or_many(value: Any) -> Any:  # noqa: ANN401 - whatever a model sent
    """Turn a single value into a list of one."""
    return [value] if isinstance(value, str | dict) else value


def distinct_ids(record_ids: tuple[str, ...]) -> tuple[str, ...]:
    """Return each Id once, in its 18-character form."""
    return tuple(dict.fromkeys(to_18(record_id.strip()) for record_id in record_ids))


def distinct_ids_or_names(record_ids: tuple[str, ...]) -> tuple[str, ...]:
    """Return each Id once, as `distinct_ids`; names of records of the call's `sobject` pass as `Named`."""
    texts = [each.strip() for each in record_ids]
    return tuple(dict.fromkeys(Named.of(each, OF_ARGUMENT) if is_name(each) else to_18(each) for each in texts))


def or_empty(check: Callable[[str], str]) -> Callable[[str], str]:
    """Return `check` for a text that can be empty."""
    return lambda value: check(value) if value else ""


def _or_null(check: Callable[[str], str]) -> Callable[[str | None], str | None]:
    return lambda value: None if value is None else check(value)


def _with_article(name: str) -> str:
    return f"an {name}" if name[0] in "AEIOaeio" else f"a {name}"


def _where(wanted: str) -> str:
    return f"Give the Id of {wanted}; salesforce_query finds it." if wanted else ""


def _field_names(names: tuple[str, ...]) -> tuple[str, ...]:
    field_list(names)
    return names


def _field_slices(names: tuple[str, ...]) -> tuple[str, ...]:
    field_list([sliced(name)[0] for name in names])
    return names


ContactId = Annotated[str, AfterValidator(id_of("003"))]
EventId = Annotated[str, AfterValidator(id_of("00U"))]
Limit = Annotated[int, Field(ge=1, le=2000)]
Cursor = Annotated[str, Field(description="next_cursor of the last answer; repeat all other arguments")]
FieldNames = Annotated[
    tuple[str, ...],
    Field(description="Field API names; a parent's field is Account.Name"),
    AfterValidator(_field_names),
]
FieldSlices = Annotated[
    tuple[str, ...],
    Field(description="Field API names; a parent's field is Account.Name"),
    AfterValidator(_field_slices),
]
"""As `FieldNames`, and `Description[500:]` is a text from its 501st character on."""
AllowDuplicate = Annotated[bool, Field(description="Save even if a similar record exists; only if the user wants that")]
AccountFilter = Annotated[str, AfterValidator(or_empty(id_of("001")))]
ContactFilter = Annotated[str, AfterValidator(or_empty(id_of("003")))]
OwnerFilter = Annotated[str, AfterValidator(or_empty(id_of("005", "023")))]
TimeZone = Annotated[str, Field(description="IANA time zone to read and show times in; default: the user's")]

ShownZone = Annotated[str, Field(description="IANA time zone to show times in; default: UTC")]


def data_schema(
    description: str, properties: Mapping[str, Any] | None = None, required: Sequence[str] = ()
) -> WithJsonSchema:
    """Return the schema of field values for a model: it shows the common fields, and accepts all."""
    schema: dict[str, Any] = {"type": "object", "description": description, "additionalProperties": True}
    if properties:
        schema |= {"properties": dict(properties), "required": list(required)}
    return WithJsonSchema(schema)


class RecordData(BaseModel):
    """Field values to save: the fields known here are checked, custom fields and others pass to Salesforce."""

    model_config = ConfigDict(extra="allow", defer_build=True)
    is_new: ClassVar[bool] = False
    """Whether they make a record: a blank field is not given then, and cleared otherwise."""
    picklists: ClassVar[frozenset[str]] = frozenset()
    """The fields known here that are open picklists; others, custom ones too, may be."""

    @model_validator(mode="before")
    @classmethod
    def _read(cls, data: Any) -> Any:  # noqa: ANN401 - whatever a model sent
        """Read blank values, and write the names of known fields in Salesforce's case, which is not significant."""
        if not isinstance(data, dict):
            return data
        cased = {name.casefold(): name for name in cls.model_fields}
        values = without_blanks(data) if cls.is_new else with_nulls(data)
        read = {cased.get(name.casefold(), name): value for name, value in values.items()}
        if read.get(_OWNER, "") is None:
            raise refused(
                "OwnerId cannot be cleared, because every record has an owner.",
                hint="Omit it, or give the Id of the new owner.",
                fields=[_OWNER],
            )
        return read

    def given(self) -> dict[str, Any]:
        """Return the fields that the caller gave, including an explicit null."""
        return self.model_dump(exclude_unset=True)

    def choices(self) -> dict[str, Any]:
        """Return those given that may be values of open picklists."""
        others = self.model_extra or {}
        return {name: value for name, value in self.given().items() if name in self.picklists or name in others}


_SUBJECT = id_of(but_not=("003", "00Q", "005"), names=("Account", "Opportunity"))
Text20 = Annotated[str | None, Field(max_length=20)]
Text40 = Annotated[str | None, Field(max_length=40)]
Text80 = Annotated[str | None, Field(max_length=80)]
Text128 = Annotated[str | None, Field(max_length=128)]
Text255 = Annotated[str | None, Field(max_length=255)]
Text512 = Annotated[str | None, Field(max_length=512)]
LongText = Annotated[str | None, Field(max_length=32_000)]
Day = Annotated[str | None, AfterValidator(_or_null(lambda value: day_of(value).isoformat()))]
AccountReference = Annotated[str | None, AfterValidator(_or_null(id_of("001")))]
ContactReference = Annotated[str | None, AfterValidator(_or_null(id_of("003")))]
UserReference = Annotated[str | None, AfterValidator(_or_null(id_of("005")))]
OwnerReference = Annotated[str | None, AfterValidator(_or_null(id_of("005", "023")))]
PersonReference = Annotated[str | None, AfterValidator(_or_null(id_of("003", "00Q")))]
SubjectReference = Annotated[str | None, AfterValidator(_or_null(_SUBJECT))]
