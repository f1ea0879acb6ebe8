"""Queries in Salesforce's own language."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field

from mcp_salesforce.salesforce import InvalidRequestError
from mcp_salesforce.salesforce.api.queries import LARGEST_BATCH, SMALLEST_BATCH
from mcp_salesforce.salesforce.errors import refused
from mcp_salesforce.soql import format_query, tree
from mcp_salesforce.soql.tokens import MAX_CHARACTERS
from mcp_salesforce.tools.answers.budgets import cut_to_fit, may_fit
from mcp_salesforce.tools.answers.columns import query_at, rows_of, sub_queries
from mcp_salesforce.tools.answers.query_pages import QueryReader, children_of
from mcp_salesforce.tools.answers.results import Rows, localised
from mcp_salesforce.tools.framework.params import Cursor, Limit, ShownZone
from mcp_salesforce.tools.framework.session import OrgSession
from mcp_salesforce.tools.framework.toolset import READS, ToolContext, Toolset, org_of
from mcp_salesforce.tools.lookups.all_day import with_days
from mcp_salesforce.tools.lookups.names import check_names, explained
from mcp_salesforce.tools.lookups.syntax import parsed
from mcp_salesforce.tools.query.archived import LEFT_OUT, may_lack_archived, shows_newest, without_deleted

queries = Toolset(
    "query",
    "Read any object: SOQL queries and search by words",
    "Read anything else with salesforce_query (SOQL), or find it by words with salesforce_search.",
)

_SELECT: Final = re.compile(r"select\b", re.IGNORECASE)
_WRONG_NAME: Final = frozenset({"INVALID_FIELD", "INVALID_TYPE"})
_EXPIRED: Final = "INVALID_QUERY_LOCATOR"
_AGAIN: Final = (
    "Repeat the call without cursor. To continue from here, add ORDER BY Id and a condition Id > the last Id you have."
)
_CHILDREN: Final = (
    "Repeat the call without cursor. To continue from here, query these child records directly with ORDER BY Id."
)


def _select(soql: str) -> str:
    text = soql.strip().removesuffix(";").rstrip()
    if not _SELECT.match(text):
        raise refused("Only SELECT queries can be run.", code="MALFORMED_QUERY", hint="Write SELECT … FROM …")
    return text


Soql = Annotated[str, Field(max_length=MAX_CHARACTERS), AfterValidator(_select)]


@queries.tool(
    READS,
    title="Run a SOQL query",
    hint="SQL, filter, count, sum or report on leads, cases, opportunities, deals, accounts, tasks, notes",
    example={"soql": "SELECT Id, Name, Account.Name FROM Contact ORDER BY Name", "limit": 3},
    is_long=True,
)
async def query(
    ctx: ToolContext,
    soql: Soql,
    limit: Limit = 200,
    cursor: Cursor = "",
    time_zone: ShownZone = "",
    *,
    include_archived: Annotated[bool, Field(description="Also read archived activities (older than a year)")] = False,
    include_deleted: bool = False,
) -> Rows:
    """Run a SOQL SELECT on any object. total is the number of all matching rows.

    Example: SELECT Id, Name, Account.Name FROM Contact WHERE Account.Industry = 'Energy' ORDER BY Name
    Write datetimes without quotes (StartDateTime >= 2026-11-24T00:00:00Z).
    The rows of a sub-query are a table in one cell. If that table has a next_cursor, pass it as cursor to get more.
    To list contacts or appointments, use their own tools.
    """
    org, parsed_query = org_of(ctx), parsed(soql)
    query_all = include_archived or include_deleted
    call = ("query", soql, *(["archived"] if include_archived else []), *(["deleted"] if include_deleted else []))
    sent = format_query(without_deleted(parsed_query)) if include_archived and not include_deleted else soql
    zone = await org.zone(time_zone) if time_zone else None
    size = _batch_size(parsed_query, limit)
    reader = QueryReader(org.client.queries, org.pages, org.client.api_version, sent, size, query_all=query_all)
    if not cursor and not org.is_guarded:
        await check_names(parsed_query, org.schema)
    cursors = await org.cursors()
    position = cursors.unpack(cursor, call) if cursor else b""
    source = query_at(parsed_query, children_of(position))
    limit = await org.most_rows(parsed_query, limit, source)
    records = await _read(org, reader, parsed_query, position, limit, _AGAIN if source is parsed_query else _CHILDREN)
    shown = records[: may_fit(records, org.max_answer_bytes)]
    rows = rows_of(await with_days(org, shown, source), source)
    for children, path in _unfinished(rows, source):
        children["next_cursor"] = cursors.pack(reader.position_of_children(children["next_cursor"], path), call)
    rows = localised(rows, zone)
    kept = cut_to_fit(rows, org.max_answer_bytes)
    if kept < len(records):
        rows["left_out"] = len(records) - kept
    rows["total"] = reader.total
    if (behind := reader.position_after(kept)) is not None:
        rows["next_cursor"] = cursors.pack(behind, call)
    may_lack = not cursor and not query_all and may_lack_archived(parsed_query, org.now())
    if may_lack and not shows_newest(parsed_query, reader.total):
        rows["note"] = LEFT_OUT
    return rows


def _batch_size(query: tree.Query, limit: int) -> int:
    """Return how many records to ask for at a time.

    That many rows more than wanted cost no call when they are; but rows may be large that hold children or all fields.
    """
    is_large = any(
        isinstance(item.expression, tree.Query)
        or (isinstance(item.expression, tree.Function) and item.expression.name.casefold() == "fields")
        for item in query.select
    )
    return max(SMALLEST_BATCH, limit) if is_large else LARGEST_BATCH


async def _read(
    org: OrgSession, reader: QueryReader, query: tree.Query, position: bytes, limit: int, expired: str
) -> list[dict[str, Any]]:
    """Return the records from `position` on; an error of the org is completed with what describe knows of the names.

    `expired` is the hint where the locator has expired.
    """
    try:
        await reader.begin(position)
        return await reader.take(limit)
    except InvalidRequestError as error:
        if error.code == _EXPIRED:
            error.hint = expired
        elif error.code in _WRONG_NAME and not org.is_guarded and (better := await explained(query, org.schema)):
            raise better from None
        raise


def _unfinished(
    rows: Mapping[str, Any], query: tree.Query, path: Sequence[int] = ()
) -> Iterator[tuple[dict[str, Any], Sequence[int]]]:
    """Yield the tables in cells, at any depth, that have more rows than they hold, and the way to their sub-query."""
    names = [*sub_queries(query)]
    for column, name in enumerate(rows["columns"]):
        if name.casefold() not in names:
            continue
        place = names.index(name.casefold())
        for row in rows["rows"]:
            if isinstance(children := row[column], dict):
                below = (*path, place)
                if "next_cursor" in children:
                    yield children, below
                yield from _unfinished(children, query_at(query, [place]), below)
