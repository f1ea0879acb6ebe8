"""LastActivityDate: kept by triggers on the tables of activities, so that every way to change one passes them."""

from collections.abc import Iterator
from typing import Final

from mcp_salesforce.localorg.evidence import evidence
from mcp_salesforce.localorg.store.schema import Schema, SObjectDef

_FIELD: Final = "LastActivityDate"
_COUNTS: Final = {"Event": "{row}.IsDeleted = 0", "Task": "{row}.IsDeleted = 0 AND {row}.IsClosed = 1"}
"""When a row of a table of activities counts."""
_REFERENCES: Final = {"Account": "AccountId", "Contact": "WhoId", "Lead": "WhoId"}
"""The reference by which an activity counts for an object, if it is not WhatId."""


@evidence("Activities", "documented", "LastActivityDate is the latest start of events and due date of closed tasks")
@evidence("Activities", "documented", "Future events count for LastActivityDate, deleted activities do not")
@evidence(
    "Activities",
    "documented",
    "LastActivityDate follows AccountId for accounts, WhoId for contacts and leads, WhatId for other objects",
)
@evidence("Activities", "simulated", "A new LastActivityDate does not change LastModifiedDate and SystemModstamp")
def statements(schema: Schema) -> Iterator[tuple[str, str, str]]:
    """Yield triggers: the name of each, what makes it, and what fills in old records once it is there, if anything."""
    parents = [each for each in schema if (field := each.field(_FIELD)) is not None and field.stored]
    for activity in _COUNTS:
        for parent in parents if schema.get(activity) else ():
            yield from _triggers(activity, parent, _REFERENCES.get(parent.name, "WhatId"))


def _triggers(activity: str, parent: SObjectDef, reference: str) -> Iterator[tuple[str, str, str]]:
    table, counts = f'"{parent.name}"', _COUNTS[activity]
    anew = f"UPDATE {table} SET {_FIELD} = {_latest(parent, reference)}"  # noqa: S608 - names of the schema
    lowered = f"{anew} WHERE Id = OLD.{reference} AND {_FIELD} = OLD.ActivityDate;"
    raised = (
        f"UPDATE {table} SET {_FIELD} = NEW.ActivityDate WHERE Id = NEW.{reference} "  # noqa: S608 - names of the schema
        f"AND {counts.format(row='NEW')} AND NEW.ActivityDate > ifnull({_FIELD}, '');"
    )
    changes = {"INSERT": raised, "UPDATE": lowered + raised, "DELETE": lowered}
    for event, change in changes.items():
        name = f"{activity}_{parent.name}_{_FIELD}_{event}"
        sql = f'CREATE TRIGGER "{name}" AFTER {event} ON "{activity}" BEGIN {change} END'
        yield name, sql, anew if event == "INSERT" else ""


def _latest(parent: SObjectDef, reference: str) -> str:
    """Return the SQL of the latest day of all activities of a record."""
    days = " UNION ALL ".join(
        f'SELECT max(a.ActivityDate) AS day FROM "{activity}" a '  # noqa: S608 - names of the schema
        f'WHERE a.{reference} = "{parent.name}".Id AND {counts.format(row="a")}'
        for activity, counts in _COUNTS.items()
    )
    return f"(SELECT max(day) FROM ({days}))"  # noqa: S608 - of names of the schema
