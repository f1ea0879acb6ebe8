"""The argument `follow_up`: the fields of a Task to make after something has ended."""

from typing import ClassVar, Final

from pydantic import BeforeValidator, WithJsonSchema

from mcp_salesforce.tools.framework.blanks import is_blank
from mcp_salesforce.tools.framework.params import Day, LongText, RecordData, Text255, UserReference, data_schema

_TEXT: Final = {"type": "string"}
_FIELDS: Final = {
    "ActivityDate": {**_TEXT, "description": "Due day"},
    "Subject": _TEXT,
    "OwnerId": _TEXT,
    "Description": _TEXT,
}


class FollowUpData(RecordData):
    """The fields of the Task to make."""

    is_new: ClassVar[bool] = True
    Subject: Text255 = None
    ActivityDate: Day
    OwnerId: UserReference = None
    Description: LongText = None


BLANK_IS_NONE: Final = BeforeValidator(lambda value: None if is_blank(value) else value)


def follow_up_schema(description: str) -> WithJsonSchema:
    """Return the schema that a model sees of such an argument."""
    return data_schema(description, _FIELDS, ["ActivityDate"])
