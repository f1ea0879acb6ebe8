"""Two or three records made one: what the others had that is lost is shown before a person approves it."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal, NotRequired

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema
from typing_extensions import TypedDict

from mcp_salesforce.changes.change import note_alongside
from mcp_salesforce.salesforce.errors import refused
from mcp_salesforce.salesforce.ids import KEY_PREFIXES
from mcp_salesforce.salesforce.models import SObjectDescribe, SObjectRecord
from mcp_salesforce.tools.framework.params import distinct_ids_or_names, id_of, one_or_many
from mcp_salesforce.tools.framework.references import OF_ARGUMENT
from mcp_salesforce.tools.framework.toolset import Effect, ToolContext, org_of
from mcp_salesforce.tools.stewardship.toolset import stewardship

_MERGES: Final = Effect(("merge",))
_MOST_LOSERS: Final = 2
_NEVER_TOLD: Final = frozenset({"OwnerId", "IsDeleted"})


_id = id_of(names=OF_ARGUMENT)
MergedIds = Annotated[
    tuple[str, ...],
    Field(min_length=1, max_length=_MOST_LOSERS, description="The records to delete"),
    BeforeValidator(one_or_many),
    AfterValidator(distinct_ids_or_names),
]
KeptData = Annotated[
    dict[str, Any] | None,
    WithJsonSchema(
        {
            "type": "object",
            "additionalProperties": True,
            "description": "Fields of the master to set, such as values of the others that should be kept",
        }
    ),
]


class Merged(TypedDict):
    """The record that stays; `lost` has the values of the others that differ from its own, by field."""

    Id: str
    merged: list[str]
    moved: int
    lost: NotRequired[dict[str, list[Any]]]


@stewardship.tool(
    _MERGES,
    title="Merge duplicates",
    hint="merge or deduplicate two or three contacts, accounts or leads; clean up duplicates",
    example={"sobject": "Contact", "master_id": "003lo0000000001AAA", "loser_ids": ["003lo0000000002AAA"]},
)
async def merge_records(
    ctx: ToolContext,
    sobject: Literal["Account", "Contact", "Lead"],
    master_id: Annotated[str, Field(description="The record to keep"), AfterValidator(_id)],
    loser_ids: MergedIds,
    data: KeptData = None,
) -> Merged:
    """Merge one or two records into master_id: their appointments and tasks move to it, then they are deleted.

    preview shows which values are lost. A person must approve it. It cannot be undone.
    """
    org, values, loser_ids = org_of(ctx), dict(data or {}), tuple(dict.fromkeys(loser_ids))
    _check(sobject, master_id, loser_ids)
    described = await org.schema.describe(sobject)
    master, *losers = [await org.retrieve(sobject, each) for each in (master_id, *loser_ids)]
    lost = _lost(described, {**master, **values}, losers)
    note_alongside({"lost": lost}, touches_others=False)
    merged = await org.client.soap.merge(sobject, master_id, loser_ids, values)
    told: Merged = {"Id": master_id, "merged": list(loser_ids), "moved": len(merged.updated_related_ids)}
    return {**told, "lost": lost} if lost else told


def _check(sobject: str, master_id: str, loser_ids: Sequence[str]) -> None:
    """Refuse Ids of other objects, and the master among those that go."""
    if master_id in loser_ids:
        raise refused(
            "master_id is in loser_ids too.", hint="Give the record to keep only as master_id.", fields=["loser_ids"]
        )
    for record_id in (master_id, *loser_ids):
        if KEY_PREFIXES.get(record_id[:3]) != sobject:
            raise refused(
                f"{record_id} is not the Id of a {sobject}.", hint="Merge records of one object.", fields=["loser_ids"]
            )


def _lost(described: SObjectDescribe, kept: Mapping[str, Any], losers: Sequence[SObjectRecord]) -> dict[str, list[Any]]:
    """Return the values that go with the losers: of fields that can be written, other than those that stay."""
    names = [field.name for field in described.fields if field.updateable and field.name not in _NEVER_TOLD]
    found = {name: [loser[name] for loser in losers if loser.get(name) not in (None, "", False)] for name in names}
    return {
        name: values
        for name, values in found.items()
        if any(value != kept.get(name) for value in values) and not isinstance(values[0], dict)
    }
