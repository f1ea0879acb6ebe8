"""A series in words, as its appointments are.

Salesforce keeps the rule of a series as it was created: it changes neither when the series is shortened nor when one of
its appointments is deleted.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import islice
from typing import Final
from zoneinfo import ZoneInfo

from mcp_salesforce.appointments.classic import classic_rule
from mcp_salesforce.appointments.recurrence import MOST_OCCURRENCES, Rule
from mcp_salesforce.appointments.times import zone_named
from mcp_salesforce.salesforce import SalesforceError
from mcp_salesforce.salesforce.models import SObjectRecord
from mcp_salesforce.tools.appointments.series import PATTERN, Occurrence, occurrences_of, twins_in
from mcp_salesforce.tools.framework.session import OrgSession
from mcp_salesforce.tools.lookups.event_conditions import ARCHIVED_AFTER

_MOST_DAYS: Final = 10
_SHORTENED: Final = "; it was shortened, which Salesforce's own rule does not show"


@dataclass(frozen=True, slots=True)
class KeptRule:
    """The rule that Salesforce keeps of a series.

    Attributes:
        rule: The rule.
        zone: The zone whose clock it keeps.
        first: Its first start, if the record has it.
        is_of_days: Whether its appointments are all-day: days of every zone.
    """

    rule: Rule
    zone: ZoneInfo
    first: datetime | None = None
    is_of_days: bool = False

    @classmethod
    def of(cls, record: SObjectRecord) -> "KeptRule | None":
        """Return the rule of a record; None where it has none, or one of a later version of Salesforce."""
        is_classic = bool(record.get("IsRecurrence"))
        if not is_classic and not record.get(PATTERN):
            return None
        prefix = "Recurrence" if is_classic else "Recurrence2Pattern"
        start = record.get(f"{prefix}Start{'DateTime' if is_classic else 'Date'}")
        try:
            zone = zone_named(record.get(f"{prefix}TimeZone{'SidKey' if is_classic else ''}") or "UTC")
            rule = classic_rule(record, zone) if is_classic else Rule.parse(record[PATTERN])
            first = datetime.fromisoformat(start) if start else None
        except ValueError:
            return None  # its own fields are in the answer
        return cls(rule, zone, first, is_of_days=bool(record.get("IsAllDayEvent")))

    def words(self, found: Sequence[Occurrence] = (), now: datetime | None = None) -> str:
        """Return the series in English: its rule; with the appointments that are there, how many times and when not.

        Appointments that ended more than a year before `now` count as there: Salesforce archives them.
        """
        days = self._days()
        there = {self._day(each.start) for each in found}
        if not found or now is None or not there & {*days}:
            return in_words(self.rule, self.zone)
        archived = (now - ARCHIVED_AFTER).date()
        last = max(day for day in days if day in there or day < archived)
        kept = [day for day in days if day <= last]
        missing = [day for day in kept if day not in there and day >= archived]
        is_shorter = kept != days
        rule = replace(self.rule, count=len(kept), until=None) if is_shorter else self.rule
        return f"{in_words(rule, self.zone)}{but_not(missing)}{_SHORTENED if is_shorter else ''}"

    def _days(self) -> list[date]:
        """Return the days that the rule has."""
        if self.first is None:
            return []
        zone = zone_named("UTC") if self.is_of_days else self.zone
        return [self._day(start) for start in islice(self.rule.occurrences(self.first, zone), MOST_OCCURRENCES)]

    def _day(self, start: datetime) -> date:
        return start.date() if self.is_of_days else start.astimezone(self.zone).date()


def in_words(rule: Rule, zone: ZoneInfo) -> str:
    """Return a rule in English, with the zone whose clock it keeps."""
    return f"{rule.words(zone)}, on the clock of {zone.key}"


def but_not(days: Sequence[date]) -> str:
    """Return what is said of the days on which a series does not take place."""
    if not days:
        return ""
    more = f" and {len(days) - _MOST_DAYS} more days" if len(days) > _MOST_DAYS else ""
    return f", except {', '.join(day.isoformat() for day in days[:_MOST_DAYS])}{more}"


async def series_in_words(org: OrgSession, record: SObjectRecord) -> dict[str, str]:
    """Return what is said of the series of a record, under the key of the answer; nothing if it is of none.

    Where its appointments cannot be seen, or another series looks the same, it is the rule alone.
    """
    kept = KeptRule.of(record)
    if kept is None:
        return {}
    try:
        found = await occurrences_of(org, record)
    except SalesforceError:
        found = []  # words that are less exact are better than none
    return {"recurrence": kept.words([] if twins_in(found) else found, org.now())}
