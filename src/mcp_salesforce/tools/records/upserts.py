"""Rows to upsert: a blank field of a record that is there is cleared, and was not given for one that will be made."""

from collections.abc import Sequence
from typing import Any, Final

from mcp_salesforce.salesforce import SalesforceError
from mcp_salesforce.salesforce.literals import quote_list
from mcp_salesforce.salesforce.models import FieldDescribe, SObjectDescribe
from mcp_salesforce.tools.framework.blanks import is_blank, without_blanks
from mcp_salesforce.tools.framework.session import OrgSession
from mcp_salesforce.tools.lookups.field_values import ValueProblem, read_value
from mcp_salesforce.tools.records.checks import Record

_KEYS_A_QUERY: Final = 100


async def without_blanks_of_new(
    org: OrgSession, described: SObjectDescribe, key: str, records: Sequence[Record]
) -> list[Record]:
    """Return rows without the blank fields of those whose record is not there.

    The org is asked only where that makes a difference: a null would take the place of what a new record has by
    default, such as its owner. Where it does not tell, all rows stay as they are.
    """
    blank = {name for row in records for name, value in row.items() if is_blank(value) and not _is(key, name)}
    if not any(_has_default(described, name) for name in blank):
        return list(records)
    keys = [_key_of(described, key, row) for row in records]
    try:
        there = await _there(org, described, key, [value for value in keys if value is not None])
    except SalesforceError:
        return list(records)
    return [
        row if value is not None and _folded(value) in there else _new(row, key)
        for row, value in zip(records, keys, strict=True)
    ]


def _is(key: str, name: str) -> bool:
    return name.casefold() == key.casefold()


def _new(row: Record, key: str) -> Record:
    return {name: value for name, value in row.items() if _is(key, name)} | without_blanks(row)


def _has_default(described: SObjectDescribe, name: str) -> bool:
    field = described.field(name)
    return field is not None and (
        field.defaulted_on_create
        or not field.nillable
        or field.default_value is not None
        or any(value.default_value for value in field.picklist_values)
    )


def _key_of(described: SObjectDescribe, key: str, row: Record) -> Any:  # noqa: ANN401 - a value of any type
    """Return the value of the key, or None where the row has none that is one."""
    field: FieldDescribe | None = described.field(key)
    value = next((value for name, value in row.items() if _is(key, name)), None)
    try:
        return None if field is None or is_blank(value) else read_value(field, value, {})
    except ValueProblem:
        return None


async def _there(org: OrgSession, described: SObjectDescribe, key: str, values: Sequence[Any]) -> set[object]:
    """Return which of the keys a record has."""
    found: set[object] = set()
    for start in range(0, len(values), _KEYS_A_QUERY):
        some = quote_list(values[start : start + _KEYS_A_QUERY])
        soql = f"SELECT {key} FROM {described.name} WHERE {key} IN {some}"  # noqa: S608 - SOQL, values quoted
        async for page in org.client.queries.pages(soql):
            found |= {_folded(record[key]) for record in page.records}
    return found


def _folded(value: Any) -> object:  # noqa: ANN401 - a value of any type
    """Return what two values have in common that mean the same record: case is not significant, nor is 7.0 for 7."""
    return float(value) if isinstance(value, int | float) else str(value).casefold()
