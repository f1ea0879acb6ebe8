"""What objects and fields the org has."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated, Any, NotRequired, cast

import orjson
from pydantic import AfterValidator, Field
from typing_extensions import TypedDict

from mcp_salesforce.salesforce import InvalidRequestError, SalesforceError, SObjectDescribe
from mcp_salesforce.salesforce.describe_cache import FRESH_S
from mcp_salesforce.salesforce.errors import refused
from mcp_salesforce.salesforce.literals import quote, quote_list
from mcp_salesforce.salesforce.models import ChildRelationship, SObjectSummary
from mcp_salesforce.salesforce.wire import field_list
from mcp_salesforce.soql import tree
from mcp_salesforce.soql_names import Reference, meaning_of
from mcp_salesforce.spelling import nearest
from mcp_salesforce.tools.answers.budgets import cut_to_fit
from mcp_salesforce.tools.answers.cursors import stale
from mcp_salesforce.tools.answers.results import Cell, Rows
from mcp_salesforce.tools.framework.params import Cursor
from mcp_salesforce.tools.framework.session import OrgSession
from mcp_salesforce.tools.framework.toolset import READS, ToolContext, Toolset, org_of
from mcp_salesforce.tools.lookups.names import wrong_names
from mcp_salesforce.tools.schema.fields import (
    COLUMNS,
    FieldFacts,
    RecordType,
    children_of,
    field_facts,
    field_line,
    fitting,
    record_types,
    refused_actions,
    shortened,
    telling_label,
    word_search,
)

schema = Toolset(
    "schema",
    "Find out which objects and fields the org has",
    "Do not guess names: look them up with salesforce_describe.",
)

_COUNTED = 5  # objects described for the number of their fields: one call each, where it is not remembered
_OBJECTS_A_PAGE = 100
_HEAD_SHARE = 3  # record types take at most this part of an answer
_FEW_CHILDREN = 12  # where there are more, a call tells them


class Described(TypedDict):
    """Objects, an object's fields as rows, or all that is known of the fields named."""

    sobject: NotRequired[str]
    label: NotRequired[str]
    key_prefix: NotRequired[str]
    cannot: NotRequired[list[str]]
    record_types: NotRequired[list[RecordType]]
    children: NotRequired[list[str]]
    children_left_out: NotRequired[int]
    fields: NotRequired[dict[str, FieldFacts]]
    total: NotRequired[int]
    did_you_mean: NotRequired[list[str]]
    left_out: NotRequired[int]
    next_cursor: NotRequired[str]
    columns: NotRequired[list[str]]
    rows: NotRequired[list[list[Cell]]]


def _names(names: tuple[str, ...]) -> tuple[str, ...]:
    field_list(names)
    return names


@schema.tool(
    READS,
    title="Describe objects and fields",
    hint="schema, metadata, object and field names, picklist values, custom fields, record types",
    example={"sobject": "Contact", "search": "mail"},
    is_long=True,
    view="schema",
)
async def describe(
    ctx: ToolContext,
    sobject: Annotated[str, Field(description="API name; omit it to list objects")] = "",
    fields: Annotated[
        tuple[str, ...], Field(description="Fields or child relationships to show in full"), AfterValidator(_names)
    ] = (),
    search: Annotated[str, Field(description="Words of a label or API name; limits the list")] = "",
    cursor: Cursor = "",
    children: Annotated[bool, Field(description="List child relationships, for sub-queries")] = False,
) -> Described:
    """Look up the API names and details of objects and fields. Do this before you use a name you are not sure of.

    - no sobject: the objects
    - sobject: its fields (type, length, target, flags) and record types
    - sobject and fields: these fields with picklist values, dependencies and help text
    - sobject and children: its child relationships.
    """
    org = org_of(ctx)
    if sobject:
        await org.note_hidden(sobject)
    if not sobject:
        if fields or children:
            told = "fields" if fields else "children"
            raise refused(f"{told} needs sobject, which is empty.", fields=["sobject"])
        return await _objects(org, search, cursor)
    if fields:
        return await _facts(org, sobject, fields, search)
    described = await org.schema.describe(sobject)
    return await (_children if children else _fields)(org, described, search, cursor)


async def _objects(org: OrgSession, search: str, cursor: str) -> Described:
    summaries, matches = await org.schema.summaries(), word_search(search)
    found = [each for each in summaries if matches(f"{each.label} {each.label_plural} {each.name}")]
    found.sort(key=lambda each: _order(each, search))
    call = ("describe", "", search)
    names = [each.name for each in found]
    start = _after(names, (await org.cursors()).unpack(cursor, call)) if cursor else 0
    page = found[start : start + _OBJECTS_A_PAGE]
    counts = await _counts(org, page)
    answer: Described = {"total": len(found)}
    if not found and search:
        answer["did_you_mean"] = await org.schema.nearest(search)
    rows: Rows = {
        "columns": ["name", "label", "fields"],
        "rows": [[each.name, telling_label(each.name, each.label), counts.get(each.name)] for each in page],
    }
    return await _cut(org, answer, rows, names[start:], call)


async def _counts(org: OrgSession, page: Sequence[SObjectSummary]) -> dict[str, int]:
    """Return how many fields the objects have: of a few, and otherwise of those that are remembered."""
    main = [each.name for each in page if not each.associate_entity_type]
    if len(main) <= _COUNTED:
        await asyncio.gather(*(org.schema.describe(name) for name in main), return_exceptions=True)
    known = {each.name: org.schema.remembered(each.name) for each in page}
    return {name: len(described.fields) for name, described in known.items() if described}


async def _fields(org: OrgSession, described: SObjectDescribe, search: str, cursor: str) -> Described:
    matches = word_search(search)
    found = [
        field for field in described.fields if matches(f"{field.name} {field.label} {field.inline_help_text or ''}")
    ]
    call = ("describe", described.name, search)
    names = [field.name for field in found]
    start = _after(names, (await org.cursors()).unpack(cursor, call)) if cursor else 0
    answer = Described(sobject=described.name) if start else _head(org, described, search)
    answer["total"] = len(found)
    if not found and search:
        by_text = {text: field.name for field in described.fields for text in (field.label, field.name)}
        answer["did_you_mean"] = list(dict.fromkeys(by_text[text] for text in nearest(search, by_text)))
    rows: Rows = {"columns": list(COLUMNS), "rows": [list[Any](field_line(field)) for field in found[start:]]}
    return await _cut(org, answer, rows, names[start:], call)


def _head(org: OrgSession, described: SObjectDescribe, search: str) -> Described:
    """Return what is said of the object itself."""
    head: Described = {"sobject": described.name, "label": described.label}
    if described.key_prefix:
        head["key_prefix"] = described.key_prefix
    if cannot := refused_actions(described):
        head["cannot"] = cannot
    if types := fitting(record_types(described), org.max_answer_bytes // _HEAD_SHARE):
        head["record_types"] = types
    children = [child.relationship_name or "" for child in _matching(described, search)]
    if len(children) > _FEW_CHILDREN:
        head["children_left_out"] = len(children)
    elif children:
        head["children"] = children
    return head


def _matching(described: SObjectDescribe, search: str) -> list[ChildRelationship]:
    matches = word_search(search)
    return [each for each in children_of(described) if matches(f"{each.relationship_name} {each.child_sobject}")]


async def _children(org: OrgSession, described: SObjectDescribe, search: str, cursor: str) -> Described:
    """Return the relationships from other objects that a sub-query can name, with the fields that they go by."""
    found = _matching(described, search)
    call = ("describe", described.name, search, "children")
    names = [each.relationship_name or "" for each in found]
    start = _after(names, (await org.cursors()).unpack(cursor, call)) if cursor else 0
    rows: Rows = {
        "columns": ["children", "sobject", "field"],
        "rows": [[each.relationship_name, each.child_sobject, each.field] for each in found[start:]],
    }
    return await _cut(org, {"sobject": described.name, "total": len(found)}, rows, names[start:], call)


async def _cut(org: OrgSession, head: Described, rows: Rows, names: Sequence[str], call: Sequence[str]) -> Described:
    """Return the head and the rows that fit, with the cursor behind them; `names` are those of all rows to come."""
    kept = cut_to_fit(rows, max(org.max_answer_bytes - len(orjson.dumps(head)), 0))
    if kept < len(names):
        rows["next_cursor"] = (await org.cursors()).pack(names[kept - 1].encode(), call)
    return cast("Described", {**head, **rows})


def _after(names: Sequence[str], position: bytes) -> int:
    try:
        return names.index(position.decode()) + 1
    except ValueError:
        raise stale("The org's objects or fields have changed since this cursor was returned.") from None


def _order(summary: SObjectSummary, search: str) -> tuple[bool, bool, bool, str]:
    """Objects that users work with before those that Salesforce adds to them, the best matches first."""
    name, label, wanted = summary.name.casefold(), summary.label.casefold(), search.casefold().strip()
    return (
        bool(summary.associate_entity_type) or not summary.queryable,
        wanted not in {name, name.removesuffix("__c"), label},
        not (name.startswith(wanted) or label.startswith(wanted)),
        name,
    )


# --- Fields that are named ------------------------------------------------------------------------


async def _facts(org: OrgSession, sobject: str, names: Sequence[str], search: str) -> Described:
    described = await org.schema.describe(sobject)
    children = {(child.relationship_name or "").casefold(): child for child in children_of(described)}
    asked = [name for name in dict.fromkeys(names) if name.casefold() not in children or described.field(name)]
    references = await _references(org, described.name, asked) if asked else []
    room = org.max_answer_bytes // max(len(names), 1)
    facts: dict[str, FieldFacts] = {}
    for reference in references:
        owner = await org.schema.describe(reference.sobjects[0])
        field = owner.field(reference.field)
        if field is not None:
            facts[reference.name.name] = shortened(field_facts(owner, field, word_search(search)), room)
    for name in names:
        if name not in asked:
            child = children[name.casefold()]
            facts[name] = {"type": f"children {child.child_sobject}.{child.field}"}
    await _add_descriptions(org, references, facts)
    return {"sobject": described.name, "fields": facts}


async def _references(org: OrgSession, sobject: str, names: Sequence[str]) -> list[Reference]:
    """Return which field each of the names means; a parent's may be meant, as in Account.Industry."""
    query = tree.Query(
        tuple(tree.SelectItem(tree.Field(name, position=at)) for at, name in enumerate(names)),
        (tree.FromItem(sobject),),
    )

    async def known(name: str) -> SObjectDescribe | None:
        try:
            return await org.schema.describe(name, max_age_s=max_age_s)
        except InvalidRequestError:
            return None

    max_age_s = FRESH_S
    meaning = await meaning_of(query, known)
    if meaning.unknown:  # it may have been added since
        max_age_s = 0
        meaning = await meaning_of(query, known)
    if meaning.unknown:
        with suppress(InvalidRequestError):
            await org.require_shown(sobject, names)
        raise await wrong_names(meaning.unknown, org.schema)
    return [reference for reference in meaning.references if reference.is_column]


async def _add_descriptions(org: OrgSession, references: Sequence[Reference], facts: dict[str, FieldFacts]) -> None:
    """Add what administrators wrote of custom fields, where the org tells; describe has no room for it.

    API: GET /query, on FieldDefinition
    """
    custom = [one for one in references if one.field.endswith("__c")]
    for sobject in dict.fromkeys(one.sobjects[0] for one in custom):
        names = {one.field: one.name.name for one in custom if one.sobjects[0] == sobject}
        soql = (
            "SELECT QualifiedApiName, Description FROM FieldDefinition "  # noqa: S608 - SOQL, values quoted
            f"WHERE EntityDefinition.QualifiedApiName = {quote(sobject)} AND QualifiedApiName IN {quote_list(names)}"
        )
        try:
            found = await org.client.queries.query(soql)
        except SalesforceError:
            return  # the user may not read it; the rest of the answer stands
        for record in found.records:
            if record.get("Description") and record.get("QualifiedApiName") in names:
                facts[names[record["QualifiedApiName"]]]["description"] = record["Description"]
