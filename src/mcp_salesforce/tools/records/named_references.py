"""Names in the Ids and reference fields of rows, replaced by Ids: `OwnerId: "Nora Quill"`, `AccountId: "Acme"`."""

from collections.abc import Sequence

from mcp_salesforce.salesforce.errors import InvalidArgumentError
from mcp_salesforce.salesforce.models import SObjectDescribe
from mcp_salesforce.tools.framework.references import NAMEABLE, Named, is_name
from mcp_salesforce.tools.framework.session import OrgSession
from mcp_salesforce.tools.lookups.named_records import AMBIGUOUS
from mcp_salesforce.tools.records.checks import Record

_ID = "id"


async def with_named(
    org: OrgSession, described: SObjectDescribe, records: Sequence[Record], key: str
) -> tuple[list[Record], dict[int, InvalidArgumentError]]:
    """Return the rows with Ids instead of names, and the rows with a name that several records have, each with why.

    A name that nobody has is left for the check of the row to refuse.
    """
    named = {
        (name, value): Named.of(value.strip(), objects)
        for record in records
        for name, value in record.items()
        if isinstance(value, str) and (objects := _objects_of(described, name, key)) and is_name(value.strip())
    }
    if not named:
        return list(records), {}
    found = dict(zip(named, await org.find_named(org, [*named.values()]), strict=True))
    unclear: dict[tuple[str, str], InvalidArgumentError] = {}
    for (name, value), outcome in found.items():
        if isinstance(outcome, InvalidArgumentError) and outcome.code == AMBIGUOUS:
            outcome.fields = (name,)
            unclear[name, value] = outcome
    ids = {place: outcome for place, outcome in found.items() if isinstance(outcome, str)}
    several = {
        row: unclear[name, value]
        for row, record in enumerate(records)
        for name, value in record.items()
        if isinstance(value, str) and (name, value) in unclear
    }
    return [{name: _replaced(name, value, ids) for name, value in record.items()} for record in records], several


async def ids_of_named(org: OrgSession, sobject: str, record_ids: Sequence[str]) -> list[str]:
    """Return the Ids with those of named records instead of their names; a name that nobody has stays, to be refused.

    Raises:
        InvalidArgumentError: AMBIGUOUS_NAME: several records have a name.
    """
    texts = dict.fromkeys(each for each in record_ids if sobject in NAMEABLE and is_name(each.strip()))
    if not texts:
        return list(record_ids)
    found = dict(
        zip(texts, await org.find_named(org, [Named.of(each.strip(), [sobject]) for each in texts]), strict=True)
    )
    for outcome in found.values():
        if isinstance(outcome, InvalidArgumentError) and outcome.code == AMBIGUOUS:
            outcome.fields = ("record_ids",)
            raise outcome
    ids = {text: outcome for text, outcome in found.items() if isinstance(outcome, str)}
    return [ids.get(each, each) for each in record_ids]


def _replaced(name: str, value: object, ids: dict[tuple[str, str], str]) -> object:
    return ids.get((name, value), value) if isinstance(value, str) else value


def _objects_of(described: SObjectDescribe, name: str, key: str) -> list[str]:
    """Return the objects whose records can be named in a field; none for an external key, which tells them apart."""
    if name.casefold() == _ID:
        return [described.name] if described.name in NAMEABLE else []
    field = described.field(name)
    if field is None or field.type != "reference" or name.casefold() == key.casefold():
        return []
    return [each for each in field.reference_to if each in NAMEABLE]
