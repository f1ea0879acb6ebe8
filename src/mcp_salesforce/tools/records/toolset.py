"""The toolset that the modules of this package add their tools to, and the arguments they share."""

from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from mcp_salesforce.salesforce.wire import sobject_name
from mcp_salesforce.tools.framework.params import distinct_ids, distinct_ids_or_names, one_or_many
from mcp_salesforce.tools.framework.toolset import Toolset

MOST_ROWS = 1000
"""Rows of one call of a tool; Salesforce takes them 200 at a time."""

records = Toolset(
    "records",
    "Records of any object: read, create, change, upsert, delete and restore many in one call",
    "The record tools write any other object, many rows in one call.",
)


SObjectName = Annotated[str, Field(description="API name, such as Case or Visit__c"), AfterValidator(sobject_name)]
RecordIds = Annotated[
    tuple[str, ...], Field(min_length=1, max_length=200), BeforeValidator(one_or_many), AfterValidator(distinct_ids)
]
NamedRecords = Annotated[
    tuple[str, ...],
    Field(min_length=1, max_length=200),
    BeforeValidator(one_or_many),
    AfterValidator(distinct_ids_or_names),
]
GivenIds = Annotated[tuple[str, ...], Field(min_length=1, max_length=MOST_ROWS), BeforeValidator(one_or_many)]
RowValues = Annotated[
    tuple[dict[str, Any], ...],
    Field(min_length=1, max_length=MOST_ROWS),
    BeforeValidator(one_or_many),
    WithJsonSchema(
        {
            "type": "array",
            "items": {"type": "object", "additionalProperties": True},
            "description": 'Values by field API name: [{"Name": "Acme"}]',
        }
    ),
]
AllOrNone = Annotated[bool, Field(description="Save nothing if any row is refused")]
Columns = Annotated[tuple[str, ...], Field(description="With rows, instead of records")]
Table = Annotated[
    tuple[tuple[Any, ...], ...],
    Field(max_length=MOST_ROWS),
    WithJsonSchema({"type": "array", "items": {"type": "array", "items": {"type": "string"}}}),
]
ListSaved = Annotated[bool, Field(description="List more than 20 saved rows")]
