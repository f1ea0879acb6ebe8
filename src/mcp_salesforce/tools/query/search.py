"""Full-text search, by plain words: one more tool of the query toolset."""

import asyncio
import re
from collections.abc import Sequence
from typing import Annotated, Any, Final, NotRequired

import orjson
from pydantic import AfterValidator, Field
from typing_extensions import TypedDict

from mcp_salesforce.policy.errors import PolicyRefusedError
from mcp_salesforce.salesforce import InvalidRequestError, SObjectDescribe
from mcp_salesforce.salesforce.errors import refused
from mcp_salesforce.salesforce.wire import field_name
from mcp_salesforce.soql import format_sosl, sosl_tree, tree
from mcp_salesforce.soql_names import meaning_of_search
from mcp_salesforce.tools.answers.budgets import cut_to_fit
from mcp_salesforce.tools.answers.results import Row, table
from mcp_salesforce.tools.framework.session import OrgSession
from mcp_salesforce.tools.framework.toolset import READS, ToolContext, org_of
from mcp_salesforce.tools.lookups.all_day import with_days
from mcp_salesforce.tools.lookups.names import wrong_names
from mcp_salesforce.tools.query.toolset import queries

_USUAL: Final = ("Account", "Contact", "Lead", "Opportunity", "Case")
_TELLING: Final = ("Subject", "Company", "StageName", "Status", "StartDateTime", "ActivityDate")
_TYPES: Final = ("email", "phone")  # of which the first field of each is shown
_RESERVED: Final = re.compile(r"""([?&|!{}\[\]()^~*:\\"'+-])""")
_OPERATORS: Final = frozenset({"and", "or", "not"})
_SHORTEST: Final = 2  # characters to find
_SHORTEST_BEGINNING: Final = 3  # of a word that stands for longer ones too
_RETURNING: Final = re.compile(r"\s*(?P<sobject>[A-Za-z]\w*)\s*(?:\((?P<fields>[^()]*)\)\s*)?", re.ASCII)
_NAMES_ONLY: Final = "Only names were searched, because the policy hides other fields."
_LAG: Final = (
    "Records that were saved a moment ago may be missing: the search index is updated with a delay. Use "
    "salesforce_query for them."
)


class Group(TypedDict):
    """The records found of one object, best first; `more` says that there are further ones."""

    columns: list[str]
    rows: list[Row]
    more: NotRequired[bool]
    left_out: NotRequired[int]


class SearchAnswer(TypedDict):
    """What was found, by object; objects without a match are not in it."""

    found: dict[str, Group]
    note: NotRequired[str]


def _searchable(text: str) -> str:
    if sum(map(str.isalnum, "".join(_words(text)))) < _SHORTEST:
        raise refused("The text is too short.", code="INVALID_SEARCH", hint="Give at least two letters or digits.")
    return text


def _returning(entry: str) -> sosl_tree.Returning:
    match = _RETURNING.fullmatch(entry)
    if match is None:
        raise refused(
            f"{entry[:60]!r} is not an object.", fields=["sobjects"], hint="Write Contact or Contact(Id,Name)."
        )
    names = [field_name(name.strip()) for name in (match["fields"] or "").split(",") if name.strip()]
    return sosl_tree.Returning(match["sobject"], tuple(tree.SelectItem(tree.Field(name)) for name in names))


def _objects(entries: tuple[str, ...]) -> tuple[str, ...]:
    for entry in entries:
        _returning(entry)
    return entries


@queries.tool(
    READS,
    title="Search records by words",
    hint="find by words anywhere: person, company, lead, case, opportunity, deal, note",
    example={"text": "quill"},
    is_long=True,
)
async def search(
    ctx: ToolContext,
    text: Annotated[str, Field(max_length=1000), AfterValidator(_searchable)],
    sobjects: Annotated[
        tuple[str, ...],
        Field(description="Such as Contact, or Contact(Id,Name,Title) to choose fields", max_length=20),
        AfterValidator(_objects),
    ] = (),
    limit: Annotated[int, Field(ge=1, le=200, description="Most records of each object")] = 20,
) -> SearchAnswer:
    """Find records of several objects by words in any of their fields.

    Every word must be the beginning of a word in the record; the order does not matter. Default sobjects: Account,
    Contact, Lead, Opportunity, Case. New records are found after a delay; for exact filters use salesforce_query.
    """
    org = org_of(ctx)
    returning = await _resolved(org, [_returning(entry) for entry in sobjects], limit)
    term = search_term(text)
    notes = []
    try:
        records = await org.client.search.search(format_sosl(sosl_tree.Search(term, "ALL", returning)))
    except PolicyRefusedError:
        records = await org.client.search.search(format_sosl(sosl_tree.Search(term, "NAME", returning)))
        notes.append(_NAMES_ONLY)
    found = _groups(await with_days(org, records), returning, org.max_answer_bytes)
    if not found:
        notes.append(_LAG)
    return {"found": found, "note": " ".join(notes)} if notes else {"found": found}


def search_term(text: str) -> sosl_tree.SearchTerm:
    """Return a search term that finds every word of `text`: nothing in it is an operator or a wildcard."""
    terms = tuple(sosl_tree.Word(_pattern(word)) for word in _words(text))
    return terms[0] if len(terms) == 1 else sosl_tree.AllOf(terms)


def _words(text: str) -> list[str]:
    """Return the words of a text that have a letter or a digit, each once."""
    plain = "".join(character if character.isprintable() else " " for character in text)
    return list(dict.fromkeys(word for word in plain.split() if any(map(str.isalnum, word))))


def _pattern(word: str) -> str:
    is_beginning = word.isalnum() and len(word) >= _SHORTEST_BEGINNING
    return _RESERVED.sub(r"\\\1", word) + ("*" if is_beginning or word.casefold() in _OPERATORS else "")


async def _resolved(
    org: OrgSession, asked: Sequence[sosl_tree.Returning], limit: int
) -> tuple[sosl_tree.Returning, ...]:
    """Return what to search and to show, one record more than wanted of each; names are checked."""
    if not asked:
        searchable = {each.name for each in await org.schema.summaries() if each.searchable}
        asked = [sosl_tree.Returning(name) for name in _USUAL if name in searchable]
    described = await asyncio.gather(*(org.schema.describe(each.sobject) for each in asked))
    for each in described:
        if not each.searchable:
            raise refused(
                f"{each.name} cannot be searched.", code="INVALID_TYPE", hint="Use salesforce_query with LIKE."
            )
    fields = [
        own.fields or tuple(tree.SelectItem(tree.Field(name)) for name in shown_fields(each))
        for own, each in zip(asked, described, strict=True)
    ]
    returning = tuple(
        [
            sosl_tree.Returning(each.name, own, limit=await org.most_records(each.name, limit, _names(own)) + 1)
            for own, each in zip(fields, described, strict=True)
        ]
    )
    await _check(org, returning)
    return returning


async def _check(org: OrgSession, returning: tuple[sosl_tree.Returning, ...]) -> None:
    async def known(name: str) -> SObjectDescribe | None:
        try:
            return await org.schema.describe(name)
        except InvalidRequestError:
            return None

    meaning = await meaning_of_search(sosl_tree.Search(sosl_tree.Word("any"), "ALL", returning), known)
    if meaning.unknown and not org.is_guarded:
        raise await wrong_names(meaning.unknown, org.schema)


def shown_fields(described: SObjectDescribe) -> list[str]:
    """Return the fields by which a record is recognized: Id, name, what it is about, e-mail address, phone."""
    names = [field.name for field in described.fields if field.name_field]
    telling = [name for name in _TELLING if described.field(name)]
    firsts = [next((field.name for field in described.fields if field.type == kind), "") for kind in _TYPES]
    return list(dict.fromkeys(["Id", *names, *telling, *filter(None, firsts)]))


def _groups(
    records: Sequence[dict[str, Any]], returning: Sequence[sosl_tree.Returning], budget_bytes: int
) -> dict[str, Group]:
    """Return the records by object, each group with its share of the budget."""
    groups: dict[str, Group] = {}
    wanted = {each.sobject: each for each in returning}
    by_object: dict[str, list[dict[str, Any]]] = {name: [] for name in wanted}
    for record in records:
        by_object.setdefault(record["attributes"]["type"], []).append(record)
    share = budget_bytes // max(sum(map(bool, by_object.values())), 1)
    for name, found in by_object.items():
        if not found:
            continue
        own = wanted.get(name)
        most = (own.limit or len(found) + 1) - 1 if own else len(found)
        rows = table(found[:most], _names(own.fields) if own else ())
        group: Group = {"columns": rows["columns"], "rows": rows["rows"]}
        cut_to_fit(group, share - len(orjson.dumps(rows["columns"])))
        if len(found) > most:
            group["more"] = True
        groups[name] = group
    return groups


def _names(items: Sequence[tree.SelectItem]) -> list[str]:
    return [item.expression.name for item in items if isinstance(item.expression, tree.Field)]
