"""SOQL conditions for events."""

from datetime import datetime, timedelta
from typing import Final

from mcp_salesforce.appointments.times import Window
from mcp_salesforce.salesforce.literals import quote

NO_PATTERNS: Final = ("IsRecurrence = false", "GroupEventType != '3'")
"""Conditions that leave out a series' own record, which is none of its occurrences."""
ARCHIVED_AFTER: Final = timedelta(days=364)
"""How long after its end Salesforce archives an event, less a day."""


def reaches_archived(window: Window | None, now: datetime) -> bool:
    """Tell whether events of `window` may be archived, so that only queryAll finds them."""
    return window is None or window.start is None or window.start < now - ARCHIVED_AFTER


def overlapping_window(window: Window) -> list[str]:
    """Return the conditions for what overlaps `window`: instants by instant, all-day appointments by day."""
    timed, days = ["IsAllDayEvent = false"], ["IsAllDayEvent = true"]
    if window.end:
        timed.append(f"StartDateTime < {quote(window.end)}")
        days.append(f"ActivityDate <= {quote(window.last_day)}")
    if window.start:
        start = quote(window.start)
        timed.append(f"(EndDateTime > {start} OR StartDateTime = {start})")
        days.append(f"EndDate >= {quote(window.first_day)}")
    return [f"(({' AND '.join(timed)}) OR ({' AND '.join(days)}))", *NO_PATTERNS]


def beginning_in(window: Window, prefix: str = "") -> list[str]:
    """Return the conditions for what begins in `window`, whose two sides are given; `prefix` leads to the event."""
    timed = [
        f"{prefix}IsAllDayEvent = false",
        f"{prefix}StartDateTime >= {quote(window.start)}",
        f"{prefix}StartDateTime < {quote(window.end)}",
    ]
    days = [
        f"{prefix}IsAllDayEvent = true",
        f"{prefix}ActivityDate >= {quote(window.first_day)}",
        f"{prefix}ActivityDate <= {quote(window.last_day)}",
    ]
    either = f"(({' AND '.join(timed)}) OR ({' AND '.join(days)}))"
    return [either, *(prefix + condition for condition in NO_PATTERNS)]
