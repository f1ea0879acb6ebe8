"""Report how much of the org's limits is used."""

from itertools import count

from mcp_salesforce.localorg.evidence import evidence
from mcp_salesforce.localorg.store.schema import Schema
from mcp_salesforce.localorg.store.sqlite import Store, quote

DAILY_API_REQUESTS = 15_000

_MAXIMA = {
    "ConcurrentAsyncGetReportInstances": 200,
    "ConcurrentSyncReportRuns": 20,
    "DailyApiRequests": DAILY_API_REQUESTS,
    "DailyAsyncApexExecutions": 250_000,
    "DailyBulkApiBatches": 15_000,
    "DailyBulkV2QueryFileStorageMB": 976_562,
    "DailyBulkV2QueryJobs": 10_000,
    "DailyGenericStreamingApiEvents": 10_000,
    "DailyStreamingApiEvents": 10_000,
    "DailyWorkflowEmails": 1_440,
    "DataStorageMB": 5,
    "DurableStreamingApiConcurrentClients": 20,
    "FileStorageMB": 20,
    "HourlyAsyncReportRuns": 1_200,
    "HourlyODataCallout": 1_000,
    "HourlySyncReportRuns": 500,
    "HourlyTimeBasedWorkflow": 50,
    "MassEmail": 10,
    "PermissionSets": 1_500,
    "SingleEmail": 15,
    "StreamingApiConcurrentClients": 20,
}


class Limits:
    """Counts the calls of this process. Other limits are never used up."""

    def __init__(self, store: Store, schema: Schema) -> None:
        self._store = store
        self._schema = schema
        self._calls = count(1)
        self._used = 0

    def count_call(self) -> str:
        """Count one call to the API, and return the value of its `Sforce-Limit-Info` header."""
        self._used = next(self._calls)
        return f"api-usage={self._used}/{DAILY_API_REQUESTS}"

    @evidence(
        "REST: limits", "recorded", "A Developer Edition has 15,000 API calls a day, 5 MB of data, 20 MB of files"
    )
    def limits(self) -> dict[str, dict[str, int]]:
        """Return maximum and remainder of each limit."""
        limits = {name: {"Max": most, "Remaining": most} for name, most in _MAXIMA.items()}
        limits["DailyApiRequests"]["Remaining"] = max(0, DAILY_API_REQUESTS - self._used)
        return limits

    @evidence("REST: limits", "recorded", "recordCount leaves out unknown objects and those that never had a record")
    def record_counts(self, names: list[str] | None) -> list[dict[str, object]]:
        """Return how many records the named objects have; of all objects, if none are named."""
        known = [self._schema.get(name) for name in names] if names is not None else list(self._schema)
        counted = [(each.name, self._count(each.name)) for each in known if each is not None]
        return [{"count": count, "name": name} for name, count in counted if count is not None]

    def _count(self, sobject: str) -> int | None:
        """Return how many records an object has; None if there were not even deleted ones."""
        sql = f"SELECT count(*), count(*) FILTER (WHERE IsDeleted = 0) FROM {quote(sobject)}"  # noqa: S608 - a name of the schema
        [(ever, live)] = self._store.rows(sql)
        return int(live) if ever else None
