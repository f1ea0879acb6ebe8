"""All-day appointments in answers: days, whatever was asked of them and whatever zone times are shown in.

Salesforce gives an all-day Event's start and end as midnight UTC, which is not an instant: in most zones it would be
shown as another day. Only `IsAllDayEvent` tells it from an appointment at that time; where it was not read, it is
asked for.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import orjson

from mcp_salesforce.salesforce import SalesforceError
from mcp_salesforce.salesforce.literals import quote_list
from mcp_salesforce.soql import format_query, tree
from mcp_salesforce.tools.answers.columns import AGGREGATES, aggregates
from mcp_salesforce.tools.framework.session import OrgSession

_EVENT: Final = "event"
_FLAG: Final = "IsAllDayEvent"
_TIMES: Final = frozenset({
    "StartDateTime", "EndDateTime", "ActivityDateTime", "RecurrenceStartDateTime", "Recurrence2PatternStartDate",
})  # fmt: skip
_FOLDED_TIMES: Final = frozenset(name.casefold() for name in _TIMES)
_MIDNIGHT: Final = "T00:00:00.000+0000"
_IDS_A_QUERY: Final = 500
_EXTREMES: Final = frozenset({"min", "max"})

Record = dict[str, Any]


async def with_days(org: OrgSession, records: Sequence[Record], query: tree.Query | None = None) -> Sequence[Record]:
    """Return the records with a date instead of each time of an all-day appointment, at any depth.

    It costs a call only where a midnight may be a day and the record does not say. Where the org or a policy does not
    let that be asked, the midnight stays.
    """
    if _MIDNIGHT.encode() not in orjson.dumps(records) or not any(map(_has_midnight, records)):
        return records
    if query and any(_type(record) == "aggregateresult" for record in records):
        return await _aggregates_with_days(org, records, query)
    asked = list(dict.fromkeys(_undecided(records)))
    known: set[str] = set()
    try:
        for first in range(0, len(asked), _IDS_A_QUERY):
            some = quote_list(asked[first : first + _IDS_A_QUERY])
            soql = f"SELECT Id FROM Event WHERE {_FLAG} = true AND Id IN {some}"  # noqa: S608 - SOQL, Ids
            found = await org.client.queries.query(soql, query_all=True)
            known |= {record["Id"] for record in found.records}
    except SalesforceError:
        return records  # the answer is not worth less for it
    return [_told(record, known) for record in records]


async def record_with_days(org: OrgSession, sobject: str, record_id: str, record: Record) -> Record:
    """Return one record, which was read without its `attributes`, as `with_days` does."""
    whole = {"attributes": {"type": sobject, "url": f"/{record_id}"}, **record}
    (told,) = await with_days(org, [whole])
    return {name: value for name, value in told.items() if name != "attributes"}


def _type(record: Mapping[str, Any]) -> str:
    return str((record.get("attributes") or {}).get("type") or "").casefold()


def _is_midnight(value: object) -> bool:
    return isinstance(value, str) and value.endswith(_MIDNIGHT)


def _has_midnight(value: object) -> bool:
    if isinstance(value, dict):
        return any(map(_has_midnight, value.values()))
    return any(map(_has_midnight, value)) if isinstance(value, list) else _is_midnight(value)


def _undecided(value: object) -> Iterator[str]:
    """Yield the Ids of the events with a midnight that do not say whether they are all-day, at any depth."""
    if isinstance(value, dict):
        if _type(value) == _EVENT and _FLAG not in value and any(_is_midnight(value.get(name)) for name in _TIMES):
            yield _id_of(value)
        value = list(value.values())
    if isinstance(value, list | tuple):
        for each in value:
            yield from _undecided(each)


def _id_of(event: Record) -> str:
    return str(event.get("Id") or event["attributes"].get("url")).rpartition("/")[2]


def _told(value: Any, known: set[str]) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, list):
        return [_told(each, known) for each in value]
    if not isinstance(value, dict):
        return value
    told = {name: _told(each, known) if isinstance(each, dict | list) else each for name, each in value.items()}
    if _type(value) == _EVENT and (value[_FLAG] if _FLAG in value else _id_of(value) in known):
        told |= {name: value[name][:10] for name in _TIMES & value.keys() if _is_midnight(value[name])}
    return told


async def _aggregates_with_days(org: OrgSession, records: Sequence[Record], query: tree.Query) -> Sequence[Record]:
    """Return groups with days: an extreme is a day where it is the extreme of the group's all-day ones too."""
    named = {name.casefold(): item for name, item in aggregates(query).items()}
    prefixes = {name: _events_prefix(item, query) for name, item in named.items()}
    times = {name: prefix for name, prefix in prefixes.items() if prefix is not None}
    keys = [name for name, item in named.items() if not _is_aggregate(item)]
    found: dict[str, set[tuple[str, ...]]] = {}
    for prefix in set(times.values()):
        for group in await _all_day(org, query, prefix):
            folded = {name.casefold(): value for name, value in group.items()}
            for name in times:
                found.setdefault(name, set()).add(_told_apart(folded, keys, name))

    def told(record: Record) -> Record:
        folded = {name.casefold(): value for name, value in record.items()}
        days = {
            name
            for name in folded.keys() & found.keys()
            if _is_midnight(folded[name]) and _told_apart(folded, keys, name) in found[name]
        }
        return {name: value[:10] if name.casefold() in days else value for name, value in record.items()}

    return [told(record) for record in records]


def _is_aggregate(item: tree.SelectItem) -> bool:
    return isinstance(item.expression, tree.Function) and item.expression.name.casefold() in AGGREGATES


def _events_prefix(item: tree.SelectItem, query: tree.Query) -> str | None:
    """Return the path to the event of whose times an item is an extreme; None if it is not one."""
    function = item.expression
    if not isinstance(function, tree.Function) or function.name.casefold() not in _EXTREMES:
        return None
    prefix, _, name = function.argument.name.rpartition(".")
    first = query.from_[0]
    owns = prefix.casefold() in {"", (first.alias or "").casefold(), first.name.casefold()}
    sobject = first.name if owns else prefix.rpartition(".")[2]  # nothing but Event is reached as Event
    return prefix if name.casefold() in _FOLDED_TIMES and sobject.casefold() == _EVENT else None


def _told_apart(group: Mapping[str, Any], keys: Sequence[str], name: str) -> tuple[str, ...]:
    return (*(repr(group.get(key)) for key in keys), str(group.get(name)))


async def _all_day(org: OrgSession, query: tree.Query, prefix: str) -> Sequence[Record]:
    """Return the groups of `query` among all-day appointments alone."""
    flag = tree.Comparison(tree.Field(f"{prefix}.{_FLAG}" if prefix else _FLAG), "=", tree.Boolean(value=True))
    where = tree.And((query.where, flag)) if query.where else flag
    group_by = replace(query.group_by, having=None) if query.group_by else None
    narrowed = replace(query, where=where, group_by=group_by, order_by=(), limit=None, offset=None)
    try:
        return (await org.client.queries.query(format_query(narrowed))).records
    except SalesforceError:
        return ()
