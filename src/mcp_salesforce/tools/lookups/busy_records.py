"""The busy times of calendars, read with few calls, and what could not be read."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, TypeVar

from mcp_salesforce.appointments.busy import Block, Calendar, block_of, without_declined
from mcp_salesforce.appointments.intervals import Interval
from mcp_salesforce.salesforce import QueryResult, Request, SalesforceError
from mcp_salesforce.salesforce.api.queries import querying, querying_more
from mcp_salesforce.salesforce.errors import UnreadableReplyError
from mcp_salesforce.salesforce.literals import quote, quote_list
from mcp_salesforce.salesforce.models import present
from mcp_salesforce.tools.framework.session import OrgSession
from mcp_salesforce.tools.lookups.event_conditions import ARCHIVED_AFTER, NO_PATTERNS

Visibility = Literal["full", "partial", "unknown"]
Item = TypeVar("Item")

MOST_QUERIES: Final = 5
"""What Salesforce takes in one composite call."""
MOST_EVENTS: Final = 50_000
"""How many events are read for one call; where there are more, only the time up to the last of them is known."""

_FIELDS: Final = (
    "Id", "OwnerId", "Subject", "StartDateTime", "EndDateTime", "IsAllDayEvent", "ActivityDate", "DurationInMinutes",
    "ShowAs", "IsPrivate", "IsChild",
)  # fmt: skip
_DECLINED_FIELDS: Final = ("StartDateTime", "EndDateTime", "Subject")
_CALENDAR_DAYS_A_QUERY: Final = 300  # beyond them a page may be full, and several queries in one call bring more of it
_ZONES_REACH: Final = timedelta(hours=14)
_EARLY: Final = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Busy:
    """What a read found.

    Attributes:
        blocks: The taken time of each calendar, by Id, in order of its start.
        visibility: How much of each calendar is in it. Not visible is not free.
        errors: Why a calendar could not be read.
        until: Later events were not read; None where all were.
        beside: What the other requests of the same call gave.
    """

    blocks: dict[str, list[Block]]
    visibility: dict[str, Visibility]
    errors: dict[str, SalesforceError]
    until: datetime | None = None
    beside: Sequence[object] = ()


@dataclass(slots=True)
class _Query:
    """One query, and the records it has brought so far."""

    kind: Literal["own", "relations", "declined"]
    ids: Sequence[str]
    request: Request | None
    records: list[dict[str, Any]] = field(default_factory=list)
    error: SalesforceError | None = None

    def take(self, outcome: object) -> None:
        """Add a page, or the error in its place."""
        self.request = None
        if isinstance(outcome, SalesforceError):
            self.error = outcome
            return
        page = QueryResult.read(outcome)
        try:
            for each in page.records:
                self._require_place(each)
        except UnreadableReplyError as error:
            self.error = error
            return
        self.records += page.records
        if page.next_records_url:
            self.request = querying_more(page.next_records_url)

    def _require_place(self, record: Mapping[str, Any]) -> None:
        """Raise UnreadableReplyError for an event without what says whose time it takes, and when."""
        event = record if self.kind == "own" else present(record, "Event")
        present(record, "OwnerId" if self.kind == "own" else "RelationId")
        for name in ("StartDateTime", "EndDateTime"):
            present(event, name)

    @property
    def last_start(self) -> datetime:
        """The start of the last event read."""
        event = self.records[-1] if self.records else {}
        start = event.get("StartDateTime") or (event.get("Event") or {}).get("StartDateTime")
        return datetime.fromisoformat(start) if start else _EARLY


async def read_busy(
    org: OrgSession,
    calendars: Sequence[Calendar],
    window: Interval,
    *,
    beside: Sequence[Request] = (),
    most: int = MOST_EVENTS,
) -> Busy:
    """Return what is busy in `calendars` and overlaps `window`.

    One composite call reads all of them, and each further one up to five more pages.

    Args:
        org: Where they are.
        calendars: Whose time.
        window: Of when. Events that ended more than a year ago are in it, although Salesforce archives them.
        beside: Requests to make in the same call, of which at most two are queries.
        most: How many events to read.
    """
    hidden = {"Subject"} - set(await org.shown("Event", ("Subject",)))
    queries = _queries(calendars, window, beside, hidden, is_old=window.start < org.now() - ARCHIVED_AFTER)
    outcomes = await org.client.composite.run([*(each.request for each in queries if each.request), *beside])
    for query, outcome in zip(queries, outcomes, strict=False):
        query.take(outcome)
    if all(query.error for query in queries if query.kind == "own"):
        raise next(query.error for query in queries if query.error)
    while pending := [query for query in queries if query.request]:
        if sum(len(query.records) for query in queries) >= most:
            break
        for some in _groups(pending, MOST_QUERIES):
            pages = await org.client.composite.run([each.request for each in some if each.request])
            for query, outcome in zip(some, pages, strict=True):
                query.take(outcome)
    busy = _read(queries, calendars)
    busy.until = min((query.last_start for query in queries if query.request), default=None)
    busy.beside = outcomes[len(queries) :]
    return busy


def _queries(
    calendars: Sequence[Calendar], window: Interval, beside: Sequence[Request], hidden: Collection[str], *, is_old: bool
) -> list[_Query]:
    fields = [name for name in _FIELDS if name not in hidden]
    ids = [calendar.id for calendar in calendars]
    people = [calendar.id for calendar in calendars if calendar.is_person]
    places = [calendar.id for calendar in calendars if not calendar.is_person]
    also = ["IsDeleted = false"] if is_old else []

    def asking(fields: Sequence[str], source: str, prefix: str, conditions: Sequence[str]) -> Request:
        every = [*conditions, *also, *overlapping(window, prefix)]
        soql = f"SELECT {', '.join(fields)} FROM {source} WHERE {' AND '.join(every)} ORDER BY {prefix}StartDateTime"  # noqa: S608
        return querying(soql, query_all=is_old)

    def related(fields: Sequence[str], some: Sequence[str], status: str) -> Request:
        conditions = [f"RelationId IN {quote_list(some)}", f"Status {status} 'Declined'"]
        return asking(["RelationId", *(f"Event.{name}" for name in fields)], "EventRelation", "Event.", conditions)

    others: list[_Query] = []
    if places:
        others.append(_Query("relations", places, related(fields, places, "!=")))
    if people and not set(hidden) & set(_DECLINED_FIELDS):  # without them nothing is taken for declined
        others.append(_Query("declined", people, related(_DECLINED_FIELDS, people, "=")))
    turns = MOST_QUERIES - len(others) - sum("query" in request.path for request in beside)
    share = -(-len(ids) // min(turns, -(-len(ids) * (window.length.days + 1) // _CALENDAR_DAYS_A_QUERY)))
    owned = [
        _Query("own", some, asking(fields, "Event", "", [f"OwnerId IN {quote_list(some)}"]))
        for some in _groups(ids, share)
    ]
    return [*owned, *others]


def _groups(items: Sequence[Item], size: int) -> list[Sequence[Item]]:
    return [items[first : first + size] for first in range(0, len(items), size)]


def overlapping(window: Interval, prefix: str = "") -> list[str]:
    """Return the conditions for events that take time in `window`, whatever the zone of an all-day one is."""
    first, last = (window.start - _ZONES_REACH).date(), (window.end + _ZONES_REACH).date()
    timed = (
        f"{prefix}IsAllDayEvent = false AND {prefix}StartDateTime < {quote(window.end)} "
        f"AND {prefix}EndDateTime > {quote(window.start)}"
    )
    days = (
        f"{prefix}IsAllDayEvent = true AND {prefix}ActivityDate <= {quote(last)} AND {prefix}EndDate >= {quote(first)}"
    )
    return [f"(({timed}) OR ({days}))", f"{prefix}ShowAs != 'Free'", *(prefix + condition for condition in NO_PATTERNS)]


def _read(queries: Sequence[_Query], calendars: Sequence[Calendar]) -> Busy:
    """Return what the records say of each calendar."""
    zones = {calendar.id: calendar.zone for calendar in calendars}
    blocks: dict[str, list[Block]] = {calendar.id: [] for calendar in calendars}
    errors: dict[str, SalesforceError] = {}
    declined = [relation for query in queries if query.kind == "declined" for relation in query.records]
    for query in queries:
        if query.error and query.kind != "declined":  # an answer that is not read leaves a calendar busier than it is
            errors |= dict.fromkeys(query.ids, query.error)
        if query.kind == "own":
            for event in without_declined(query.records, declined):
                _add(blocks, event["OwnerId"], event, zones)
        elif query.kind == "relations":
            for relation in query.records:
                _add(blocks, relation["RelationId"], relation["Event"], zones)
    for taken in blocks.values():
        taken.sort(key=lambda block: block.interval.start)
    visibility = {calendar.id: _visibility(calendar, blocks, errors) for calendar in calendars}
    return Busy(blocks, visibility, errors)


def _add(
    blocks: Mapping[str, list[Block]], calendar_id: str, event: Mapping[str, Any], zones: Mapping[str, Any]
) -> None:
    if block := block_of(event, zones[calendar_id], event["Id"]):
        blocks[calendar_id].append(block)


def _visibility(
    calendar: Calendar, blocks: Mapping[str, Sequence[Block]], errors: Mapping[str, SalesforceError]
) -> Visibility:
    """Return how much is known: a hidden calendar looks like one without events."""
    if calendar.id in errors or not calendar.is_known:
        return "unknown"
    if calendar.is_open:
        return "full"
    return "partial" if blocks[calendar.id] else "unknown"
