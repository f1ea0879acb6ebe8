"""Records as they are now, to tell whether somebody changed them since."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mcp_salesforce.salesforce import SalesforceError
from mcp_salesforce.salesforce.ids import KEY_PREFIXES, is_id, to_18
from mcp_salesforce.salesforce.literals import quote_list
from mcp_salesforce.salesforce.models import SObjectRecord
from mcp_salesforce.tools.framework.session import OrgSession

_CHANGED_BY = ("LastModifiedById", "LastModifiedBy.Name")
_AT_ONCE = 200
_TRUE = frozenset({"true", "t", "yes", "y", "on", "1"})
_FALSE = frozenset({"false", "f", "no", "n", "off", "0"})


@dataclass(frozen=True, slots=True)
class Current:
    """A record as it is now; `values` are by lower-case name."""

    is_deleted: bool
    changed_by: str
    changer: str
    values: Mapping[str, Any]

    def get(self, name: str) -> Any:  # noqa: ANN401 - a field's value
        """Return the value of a field, by its name in any case."""
        return self.values.get(name.casefold())


async def read_current(
    org: OrgSession, sobject: str, record_ids: Sequence[str], fields: Iterable[str]
) -> dict[str, Current]:
    """Return records by Id, with some fields, deleted ones too; those that are not there are left out."""
    told = await org.shown(sobject, _CHANGED_BY)
    selected = ", ".join({name.casefold(): name for name in ("Id", "IsDeleted", *told, *fields)}.values())
    found: dict[str, Current] = {}
    for start in range(0, len(record_ids), _AT_ONCE):
        ids = quote_list(record_ids[start : start + _AT_ONCE])
        soql = f"SELECT {selected} FROM {sobject} WHERE Id IN {ids}"  # noqa: S608 - SOQL, of names and quoted Ids
        async for page in org.client.queries.pages(soql, query_all=True):
            found |= {record["Id"]: _current(record) for record in page.records}
    return found


def _current(record: SObjectRecord) -> Current:
    return Current(
        is_deleted=bool(record.get("IsDeleted")),
        changed_by=record.get("LastModifiedById") or "",
        changer=(record.get("LastModifiedBy") or {}).get("Name") or "somebody else",
        values={name.casefold(): value for name, value in record.items()},
    )


def is_same(one: object, other: object) -> bool:
    """Tell whether two values of a field are the same, as they were sent and as they are stored."""
    return _plain(one) == _plain(other) or _is_text_of(one, other) or _is_text_of(other, one)


def _is_text_of(text: object, value: object) -> bool:
    """Tell whether a text means a number, or true or false: the cells of a bulk job's file are texts."""
    if not isinstance(text, str) or not isinstance(value, bool | int | float):
        return False
    if isinstance(value, bool):
        return text.strip().casefold() in (_TRUE if value else _FALSE)
    try:
        return float(text) == float(value)
    except ValueError:
        return False


def _plain(value: object) -> object:
    if value is None or value == "":
        return None
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if not isinstance(value, str):
        return value
    text = value.replace("\r\n", "\n").strip()
    if is_id(text):
        return to_18(text)
    try:
        return datetime.fromisoformat(text).timestamp() if "T" in text else text or None
    except ValueError:
        return text or None


async def object_of(org: OrgSession, record_id: str) -> str:
    """Return the object that an Id is of, by its first three characters; nothing where no object has them."""
    prefix = record_id[:3]
    return KEY_PREFIXES.get(prefix) or (await org.schema.by_prefix()).get(prefix, "")


async def is_there(org: OrgSession, record_id: str) -> bool:
    """Tell whether a record is there and not deleted; one that cannot be looked for counts as there."""
    sobject = await object_of(org, record_id)
    try:
        found = await read_current(org, sobject, [record_id], ())
    except SalesforceError:
        return True
    return record_id in found and not found[record_id].is_deleted
