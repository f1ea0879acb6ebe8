"""The timeline of a person, an account or another record: past and future, newest first."""

from collections.abc import Sequence
from dataclasses import replace
from heapq import nlargest
from typing import Annotated, Any, Final

from pydantic import AfterValidator

from mcp_salesforce.policy.errors import PolicyRefusedError
from mcp_salesforce.salesforce import QueryResult, SalesforceError
from mcp_salesforce.salesforce.api.queries import querying
from mcp_salesforce.salesforce.literals import quote, quote_list
from mcp_salesforce.tools.activities.sources import (
    CONTENT_NOTE,
    EMAIL,
    EVENT,
    NAMES,
    NOTE,
    TASK,
    Position,
    Record,
    Source,
    order_of,
)
from mcp_salesforce.tools.activities.toolset import activities
from mcp_salesforce.tools.answers.budgets import cut_to_fit
from mcp_salesforce.tools.answers.results import Rows, flat_record, table
from mcp_salesforce.tools.framework.params import Cursor, Limit, TimeZone, id_of
from mcp_salesforce.tools.framework.session import OrgSession
from mcp_salesforce.tools.framework.toolset import READS, ToolContext, org_of
from mcp_salesforce.tools.lookups.keyset_pages import packed, unpacked

_COLUMNS: Final = ("Id", "kind", "when", "Subject", "status", *NAMES)
_PEOPLE: Final = ("003", "00Q")
_ACCOUNT: Final = "001"
_PREFIX: Final = 3
_MOST_INVITED: Final = 2000

_ABOUT: Final = id_of(but_not=("005", "00U", "00T"), names=("Contact", "Lead", "Account", "Opportunity"))


@activities.tool(
    READS,
    title="List activities",
    hint="timeline, history of contact: last call, open tasks, e-mails, notes and meetings of a customer or deal",
    example={"record_id": "003lo0000000001AAA", "limit": 5},
    is_long=True,
    view="people",
)
async def list_activities(
    ctx: ToolContext,
    record_id: Annotated[str, AfterValidator(_ABOUT)],
    *,
    limit: Limit = 10,
    cursor: Cursor = "",
    time_zone: TimeZone = "",
) -> Rows:
    """List the activities of a contact, lead, account, opportunity or case: future ones first, then the latest.

    These are appointments, calls, e-mails, notes and tasks, also archived ones. For an account: also those of its
    contacts and opportunities.
    """
    org = org_of(ctx)
    zone = await org.zone(time_zone)
    cursors, near = await org.cursors(), (await org.owner())[1]
    call = ("list_activities", record_id, zone.key)
    after = _position(cursors.unpack(cursor, call), near) if cursor else None
    limit = min([await org.most_records(each.sobject, limit) for each in (EVENT, TASK)])
    found, unread = await _found(org, record_id, limit + 1, after)
    entries = nlargest(limit + 1, found, key=lambda entry: order_of(*entry))
    shown = [
        {"status": None, **_named(record), **source.told(record, zone, org.outcome_fields)}
        for source, record in entries[:limit]
    ]
    rows = table(shown, _COLUMNS)
    rows["time_zone"] = zone.key
    kept = cut_to_fit(rows, org.max_answer_bytes)
    if kept < len(entries):
        source, last = entries[kept - 1]
        position = last["Id"][:_PREFIX].encode() + packed(source.moment(last), last["Id"], near)
        rows["next_cursor"] = cursors.pack(position, call)
    if unread:
        rows["note"] = f"The list is incomplete: {', '.join(unread)} could not be read."
    return rows


def _named(record: Record) -> dict[str, Any]:
    """Return what a row takes from a record as it is."""
    return {name: value for name, value in flat_record(record).items() if name in _COLUMNS}


def _position(position: bytes, near: str) -> Position:
    return unpacked(position[_PREFIX:], position[:_PREFIX].decode(), near)


async def _found(
    org: OrgSession, record_id: str, limit: int, after: Position | None
) -> tuple[list[tuple[Source, Record]], list[str]]:
    """Return the next entries of each source, and which sources could not be read."""
    about = await _about(org, record_id)
    asked: list[tuple[Source, str]] = []
    for source, condition in about.items():
        if source.is_over(after):
            continue
        status = org.outcome_fields.status if source is EVENT else ""
        shown = await org.shown(source.sobject, [*source.fields, *([status] if status else [])])
        kept = replace(source, fields=shown)
        asked.append((source, kept.soql(condition, limit, after)))
    outcomes = await _run(org, asked)
    found: list[tuple[Source, Record]] = []
    failures: dict[str, SalesforceError] = {}
    for (source, _), outcome in zip(asked, outcomes, strict=True):
        if isinstance(outcome, SalesforceError):
            failures[source.sobject] = outcome
            continue
        page = QueryResult.read(outcome)
        records = page.records
        while page.next_records_url and len(records) < limit:
            page = await org.client.queries.query_more(page.next_records_url)
            records = [*records, *page.records]
        found += [(source, record) for record in records[:limit]]
    if failures and len(failures) == len(asked):
        raise next(iter(failures.values()))
    return found, list(failures)


async def _run(org: OrgSession, asked: Sequence[tuple[Source, str]]) -> Sequence[object]:
    requests = [querying(soql, query_all=source in (EVENT, TASK)) for source, soql in asked]
    try:
        return await org.client.composite.run(requests) if requests else ()
    except PolicyRefusedError as error:
        return [error] * len(requests)


async def _about(org: OrgSession, record_id: str) -> dict[Source, str]:
    """Return for each source that the org has the condition that an entry is about the record."""
    known = {summary.name for summary in await org.schema.summaries()}
    record = quote(record_id)
    name = "AccountId" if record_id.startswith(_ACCOUNT) else "WhatId"
    if record_id.startswith(_PEOPLE):
        name = "WhoId"
    own = f"{name} = {record}"
    about = {EVENT: own, TASK: own}
    if name == "WhoId" and (invited := await _invited(org, record)):
        about[EVENT] = f"({own} OR Id IN {quote_list(invited)})"
    if EMAIL.sobject in known:
        links = f"SELECT EmailMessageId FROM EmailMessageRelation WHERE RelationId = {record}"  # noqa: S608 - SOQL
        about[EMAIL] = f"Id IN ({links})" if name == "WhoId" else f"RelatedToId = {record}"
    if NOTE.sobject in known:
        about[NOTE] = f"ParentId = {record}"
    if CONTENT_NOTE.sobject in known:
        about[CONTENT_NOTE] = f"LinkedEntityId = {record}"
    return about


async def _invited(org: OrgSession, record: str) -> list[str]:
    """Return the events that a person is invited to, about any record."""
    where = f"RelationId = {record} AND Status != 'Declined' AND IsDeleted = false"
    soql = f"SELECT EventId FROM EventRelation WHERE {where} ORDER BY Id DESC LIMIT {_MOST_INVITED}"  # noqa: S608 - SOQL
    try:
        found: list[Any] = (await org.client.queries.query(soql, query_all=True)).records
    except SalesforceError:
        return []  # the timeline still has those that are about the person
    return list(dict.fromkeys(each["EventId"] for each in found))
