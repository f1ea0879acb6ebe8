"""What a call would do: the tool runs, its writes are planned and not sent, and the plan is the answer."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from mcp_salesforce.appointments.times import TimeError
from mcp_salesforce.changes.change import Change
from mcp_salesforce.changes.plans import planned_writes, records_named
from mcp_salesforce.salesforce import SalesforceError
from mcp_salesforce.salesforce.ids import KEY_PREFIXES
from mcp_salesforce.salesforce.literals import quote_list
from mcp_salesforce.tools.framework.session import OrgSession

_SAID: Final = ("also_deleted", "calendars", "to_come", "occurrences", "first_occurrences", "warning", "note")
_NAMES: Final[Mapping[str, str]] = {"Event": "Subject", "Task": "Subject", "Case": "CaseNumber"}
_NAMELESS: Final = frozenset({"EventRelation", "TaskRelation"})
_MOST_NAMED: Final = 200


async def plan_of(org: OrgSession, change: Change, run: Callable[[], Awaitable[Mapping[str, Any]]]) -> dict[str, Any]:
    """Return what `run` would do to records; `change` is its own, and a preview.

    Raises:
        SalesforceError: What the call would be refused for.
        TimeError: As that.
    """
    result: Mapping[str, Any] = {}
    try:
        result = await run()
    except (SalesforceError, TimeError):
        if not change.steps:
            raise  # after the first write it is what the planned record cannot tell
    sent = change.requests
    told: dict[str, Any] = {"preview": planned_writes(change, await names_of(org, change))}
    told |= {name: result[name] for name in _SAID if name in result} | {**change.alongside}
    return told | {"api_calls": sent, "undo": org.undo_of_writes()}


async def names_of(org: OrgSession, change: Change) -> dict[str, str]:
    """Return the names of the records that exist and would be written, by Id, as far as they may be seen."""
    found: dict[str, str] = {}
    for sobject, ids in _by_object(change).items():
        name = _NAMES.get(sobject, "Name")
        try:
            if not list(await org.shown(sobject, [name])):
                continue
            where = f"Id IN {quote_list(dict.fromkeys(ids[:_MOST_NAMED]))}"
            records = (await org.client.queries.query(f"SELECT Id, {name} FROM {sobject} WHERE {where}")).records  # noqa: S608
        except SalesforceError:
            continue  # an object without a name; the Ids are told
        found |= {record["Id"]: record[name] for record in records if record.get(name)}
    return found


def _by_object(change: Change) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = {}
    for sobject, ids in records_named(change).items():
        for record_id in ids:
            about = sobject or KEY_PREFIXES.get(record_id[:3], "")
            if about and about not in _NAMELESS:
                grouped.setdefault(about, []).append(record_id)
    return grouped
