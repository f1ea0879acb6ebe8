"""List the records that were changed or deleted in a period."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from mcp_salesforce.localorg.errors import OrgError
from mcp_salesforce.localorg.evidence import evidence
from mcp_salesforce.localorg.services.field_values import instant
from mcp_salesforce.localorg.services.records import Records
from mcp_salesforce.localorg.store.sqlite import Row, Store, quote

DAYS_KEPT: Final = timedelta(days=30)


class Replication:
    """Answers clients that keep copies of an object's records."""

    def __init__(self, store: Store, records: Records, now: Callable[[], datetime]) -> None:
        """Read `store`; `now` is the org's clock."""
        self._store = store
        self._records = records
        self._now = now

    @evidence("Replication", "recorded", "updated: ids, and latestDateCovered")
    def updated(self, sobject: str, start: str, end: str, user_id: str = "") -> dict[str, Any]:
        """Return the ids of the records created or changed in a period that the user may see, and the end it covers."""
        span = self._span(start, end)
        rows = self._rows(sobject, span, user_id, deleted=False)
        return {"ids": [row["Id"] for row in rows], "latestDateCovered": span[1]}

    @evidence("Replication", "recorded", "deleted: id and deletedDate, earliestDateAvailable, latestDateCovered")
    def deleted(self, sobject: str, start: str, end: str, user_id: str = "") -> dict[str, Any]:
        """Return the records deleted in a period that the user could see, each with its time."""
        span = self._span(start, end)
        rows = self._rows(sobject, span, user_id, deleted=True)
        return {
            "deletedRecords": [{"id": row["Id"], "deletedDate": row["SystemModstamp"]} for row in rows],
            "earliestDateAvailable": instant(self._now() - DAYS_KEPT),
            "latestDateCovered": span[1],
        }

    def _rows(self, sobject: str, span: tuple[str, str], user_id: str, *, deleted: bool) -> list[Row]:
        definition = self._records.sobject(sobject)
        condition, values = self._records.access.condition(definition, user_id)
        sql = (
            f"SELECT Id, SystemModstamp FROM {quote(definition.name)} t "  # noqa: S608 - a name of the schema
            f"WHERE SystemModstamp BETWEEN :start AND :end AND IsDeleted = :deleted AND {condition} ORDER BY Id"
        )
        return self._store.rows(sql, {"start": span[0], "end": span[1], "deleted": int(deleted), **values})

    def _span(self, start: str, end: str) -> tuple[str, str]:
        first, last = _moment("start", start), _moment("end", end)
        if last < first:
            raise OrgError(400, "INVALID_REPLICATION_DATE", "startDate cannot be after endDate", None)
        if first < self._now() - DAYS_KEPT:
            message = "startDate cannot be more than 30 days ago"
            raise OrgError(400, "INVALID_REPLICATION_DATE", message, None)
        return instant(first), instant(min(last, self._now()))


def _moment(name: str, text: str) -> datetime:
    """Return a date-time with its offset; `+` may have become a space on its way through the URL."""
    try:
        moment = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        message = f"{name} must be a date-time such as 2026-03-02T09:00:00Z, not {text or 'missing'}"
        raise OrgError(400, "INVALID_REPLICATION_DATE", message, None)
    return moment.astimezone(UTC)
