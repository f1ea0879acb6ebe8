"""Values that an open picklist accepts but does not list: they are saved, and the answer suggests similar ones."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from mcp_salesforce.salesforce.models import SObjectDescribe
from mcp_salesforce.spelling import nearest

_TOLD: Final = 3
_SHOWN: Final = 40  # characters of a value


def unlisted_values(described: SObjectDescribe, records: Sequence[Mapping[str, Any]]) -> str:
    """Return a sentence that names values no picklist of `described` has, with the nearest ones; nothing for others."""
    told = list(dict.fromkeys(each for record in records for each in _unknown(described, record)))
    more = [f"and {len(told) - _TOLD} more"] if len(told) > _TOLD else []
    return f"Saved, but these values are not in the picklist: {'; '.join([*told[:_TOLD], *more])}." if told else ""


def _unknown(described: SObjectDescribe, record: Mapping[str, Any]) -> Iterator[str]:
    for name, value in record.items():
        field = described.field(name)
        if field is None or field.restricted_picklist or field.type not in {"picklist", "multipicklist"}:
            continue
        values = [each.value for each in field.picklist_values if each.active]
        for each in _chosen(field.type, value) if values else ():
            if each not in values:
                near = nearest(each, values)
                yield f"{field.name} {each[:_SHOWN]!r}" + (f" (nearest: {', '.join(near)})" if near else "")


def _chosen(kind: str, value: object) -> list[str]:
    if isinstance(value, str):
        value = value.split(";") if kind == "multipicklist" else [value]
    return [each for each in value if isinstance(each, str) and each.strip()] if isinstance(value, list) else []
