"""Appointments as tests put them into the org, and as it has them."""

from typing import Any

from mcp_salesforce.localorg import LocalOrg


def timed(org: LocalOrg, subject: str, start: str, minutes: int = 60, **fields: Any) -> str:
    return org.insert("Event", Subject=subject, StartDateTime=start, DurationInMinutes=minutes, **fields)


def all_day(org: LocalOrg, subject: str, day: str, **fields: Any) -> str:
    return org.insert("Event", Subject=subject, ActivityDate=day, IsAllDayEvent=True, **fields)


def stored(org: LocalOrg, event_id: str) -> dict[str, Any]:
    return dict(org.store.rows("SELECT * FROM Event WHERE Id = ?", [event_id])[0])
