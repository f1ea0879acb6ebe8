"""What is particular to appointments that are put back: fields that together say when they are, and invitations."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from mcp_salesforce.appointments.spans import Span, Wish, moved, span_in
from mcp_salesforce.appointments.times import TimeError
from mcp_salesforce.changes.before import INVITATION, OF_AN_INVITATION, TIMES
from mcp_salesforce.salesforce.ids import is_id
from mcp_salesforce.salesforce.literals import quote_list
from mcp_salesforce.tools.framework.session import OrgSession
from mcp_salesforce.zones import ZoneInfo

_STARTS: Final = ("StartDateTime", "ActivityDateTime", "ActivityDate")
_TIME_NAMES: Final = frozenset({*(name.casefold() for name in TIMES), "activitydatetime", "enddate"})
_DERIVED: Final = frozenset({"activitydate", "activitydatetime", "durationinminutes"})
_DAY: Final = len("2026-11-24")

Pair = tuple[str, str]
"""An event, and whom it invites."""


def is_time(sobject: str, name: str) -> bool:
    """Tell whether a field says, together with others, when an appointment is."""
    return sobject == "Event" and name.casefold() in _TIME_NAMES


def is_derived(name: str) -> bool:
    """Tell whether a field of an appointment says in another form what its start and end say."""
    return name.casefold() in _DERIVED


def span_of_record(record: Mapping[str, Any]) -> Span | None:
    """Return when an appointment is, by its fields in names of any case."""
    return span_in(_times_in(record))


def span_after(before: Mapping[str, Any], values: Mapping[str, Any]) -> Span | None:
    """Return when an appointment was once `values` were written; None where they cannot be read."""
    was, given = span_of_record(before), {name.casefold(): value for name, value in values.items()}
    start = next((str(given[name.casefold()]) for name in _STARTS if given.get(name.casefold())), None)
    end, all_day = given.get("enddatetime"), given.get("isalldayevent")
    if was is None:
        return None
    if was.all_day if all_day is None else all_day:
        start, end = (each and each[:_DAY] for each in (start, end))
    try:
        return moved(was, Wish(start, end, given.get("durationinminutes"), all_day, ZoneInfo("UTC")))
    except TimeError:
        return None


def pair_of(values: Mapping[str, Any]) -> Pair | None:
    """Return what an invitation is of, or None where the values are of no invitation.

    It is also None where they name the event by a reference to a call that has created it in the same request.
    """
    event, invited = (str(values.get(name) or "") for name in OF_AN_INVITATION)
    return (event, invited) if is_id(event) and invited else None


async def invitations(org: OrgSession, pairs: Iterable[Pair]) -> dict[Pair, str]:
    """Return the Ids of those invitations that are there: one that was made again has another Id than it had."""
    events = quote_list(dict.fromkeys(event for event, _ in pairs))
    soql = f"SELECT Id, EventId, RelationId FROM {INVITATION} WHERE EventId IN {events}"  # noqa: S608 - SOQL, quoted
    found: dict[Pair, str] = {}
    async for page in org.client.queries.pages(soql):
        found |= {(record["EventId"], record["RelationId"]): record["Id"] for record in page.records}
    return found


def _times_in(values: Mapping[str, Any]) -> dict[str, Any]:
    known = {name.casefold(): value for name, value in values.items()}
    return {name: known.get(name.casefold()) for name in TIMES}
