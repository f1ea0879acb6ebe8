"""Run query jobs of Bulk API 2.0: rows are read in steps and returned as CSV, in pages."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from mcp_salesforce.localorg.errors import OrgError
from mcp_salesforce.localorg.evidence import evidence
from mcp_salesforce.localorg.services.bulk_jobs import BulkJobs, dialect, locator_at, offset_of, wrong_state
from mcp_salesforce.localorg.services.query import parsed
from mcp_salesforce.localorg.services.readers import Reader
from mcp_salesforce.localorg.store.bulk import BulkStore, Job
from mcp_salesforce.localorg.store.schema import Schema
from mcp_salesforce.localorg.store.scope import Run
from mcp_salesforce.localorg.store.select import plan
from mcp_salesforce.localorg.store.shapes import ByType, Children, Compound, Leaf, Record, RowsQuery
from mcp_salesforce.localorg.store.sqlite import Store
from mcp_salesforce.soql.tree import Function

_PARTS_A_STEP: Final = 50
_USUAL_PAGE: Final = 50_000
_NOT_ENABLED: Final = "FUNCTIONALITY_NOT_ENABLED"

Columns = Mapping[str, Leaf]


class BulkQueries:
    """Runs query jobs."""

    def __init__(
        self, store: Store, jobs: BulkJobs, kept: BulkStore, schema: Schema, now: Callable[[], datetime]
    ) -> None:
        """Read the records of `schema` in `store`; `kept` stores the rows that were read."""
        self._store = store
        self._jobs = jobs
        self._kept = kept
        self._reader = Reader(store, schema, now)

    @evidence("Bulk API 2.0", "recorded", "A query job is made with 200, in the state UploadComplete")
    @evidence("Bulk API 2.0", "simulated", "A query that cannot be run is refused when the job is made, as by REST")
    def create(self, body: Mapping[str, Any], user_id: str, version: str) -> Job:
        """Create a job for the query in `body`.

        Raises:
            OrgError: The query is not valid, or a job cannot run it.
        """
        soql, operation = body.get("query"), body.get("operation")
        if operation not in {"query", "queryAll"}:
            raise OrgError(400, "INVALID_INPUT", "operation must be query or queryAll", None)
        if not isinstance(soql, str) or not soql.strip():
            raise OrgError(400, "MALFORMED_QUERY", "A query string has to be specified", None)
        run = self._reader.run(soql, user_id, all_rows=operation == "queryAll", version=version)
        rows, columns = _planned(run)
        return self._jobs.add(
            "query",
            user_id,
            body,
            version,
            operation=operation,
            object=rows.sobject.name,
            state="UploadComplete",
            _query=soql,
            _columns=list(columns),
        )

    @evidence(
        "Bulk API 2.0", "simulated", "The rows are selected when the job is first read, and read in parts of 100,000"
    )
    def go_on(self, job: Job) -> None:
        """Do the next step of a job, if there is one."""
        if job.info["state"] not in {"UploadComplete", "InProgress"}:
            return
        all_rows = job.info["operation"] == "queryAll"
        run = self._reader.run(job.info["_query"], job.user_id, all_rows=all_rows, version=f"v{job.info['apiVersion']}")
        try:
            rows, columns = _planned(run)
            with self._store.transaction():
                self._step(job, rows, columns)
        except OrgError as error:
            self._jobs.set_state(job, "Failed", errorMessage=f"{error.error_code}: {error.message}")

    def _step(self, job: Job, rows: RowsQuery, columns: Columns) -> None:
        total, done = job.info.get("_total"), job.info["numberRecordsProcessed"]
        if total is None:
            total = self._kept.find_rows(job.job_id, rows.row_ids)
        for part, row_ids in self._kept.unread(job.job_id, _PARTS_A_STEP):
            lines = dialect(job).lines(_cells(columns, self._reader.values(rows, row_ids)))
            self._kept.keep_rows(job.job_id, part, lines)
            done += len(lines)
        is_done = not self._kept.unread(job.job_id, 1)
        state = "JobComplete" if is_done else "InProgress"
        self._jobs.set_state(job, state, _total=total, numberRecordsProcessed=done)

    @evidence("Bulk API 2.0", "verified", "Each page of results begins with the header (the sf CLI, simple-salesforce)")
    @evidence("Bulk API 2.0", "documented", "Sforce-Locator leads to the next page, Sforce-NumberOfRecords counts")
    @evidence("Bulk API 2.0", "simulated", "A page has 50,000 rows, or as many as maxRecords says")
    @evidence("Bulk API 2.0", "simulated", "Results of a job that is not complete are INVALIDJOBSTATE")
    def page(self, job: Job, locator: str | None, most: int | None) -> tuple[bytes, int, str]:
        """Return a page of a job's results: its CSV, how many rows it has, and the locator of the next one.

        Raises:
            OrgError: The job is not complete, or the locator is not valid.
        """
        if job.info["state"] != "JobComplete":
            raise wrong_state(f"The job is {job.info['state']}, not JobComplete: it has no results")
        total = job.info["numberRecordsProcessed"]
        offset = offset_of(locator) if locator else 0
        if offset and offset >= total:
            raise OrgError(400, "INVALID_QUERY_LOCATOR", "invalid query locator", None)
        count = min(most or _USUAL_PAGE, total - offset)
        header = dialect(job).written([job.info["_columns"]])
        body = self._kept.rows(job.job_id, offset, count) if count else b""
        following = locator_at(offset + count) if offset + count < total else "null"
        return header + body, count, following


@evidence("Bulk API 2.0", "quoted", "A compound field is 'Selecting compound data not supported in Bulk Query'")
@evidence(
    "Bulk API 2.0",
    "documented",
    "GROUP BY, aggregates, OFFSET, TYPEOF and sub-queries are not supported in a bulk query",
)
@evidence(
    "Bulk API 2.0",
    "simulated",
    "A query with such a part, or with FIELDS(), is FUNCTIONALITY_NOT_ENABLED when the job is made",
)
def _planned(run: Run) -> tuple[RowsQuery, Columns]:
    query = parsed(run)
    if query.offset is not None:
        raise _not_in_bulk("OFFSET")
    if any(isinstance(each.expression, Function) and each.expression.name.upper() == "FIELDS" for each in query.select):
        raise _not_in_bulk("FIELDS()")
    rows = plan(run, query)
    if not isinstance(rows, RowsQuery):
        raise _not_in_bulk("Aggregates and GROUP BY")
    return rows, dict(_leaves(rows.shape, ""))


def _leaves(shape: Record, before: str) -> Iterator[tuple[str, Leaf]]:
    for name, entry in shape.entries.items():
        match entry:
            case Leaf():
                yield before + name, entry
            case Record():
                yield from _leaves(entry, f"{before}{name}.")
            case Compound():
                raise OrgError(400, _NOT_ENABLED, "Selecting compound data not supported in Bulk Query", None)
            case ByType():
                raise _not_in_bulk("TYPEOF")
            case Children():
                raise OrgError(400, _NOT_ENABLED, "Aggregate Relationships not supported in Bulk Query", None)


def _not_in_bulk(what: str) -> OrgError:
    return OrgError(400, _NOT_ENABLED, f"{what} not supported in Bulk Query", None)


@evidence("Bulk API 2.0", "recorded", "Every field is in quotes, and null is an empty one")
@evidence("Bulk API 2.0", "quoted", "A datetime ends in Z, not in +0000 as by REST; booleans are true and false")
def _cells(columns: Columns, rows: Iterable[Sequence[Any]]) -> Iterator[list[str]]:
    readers = [(leaf.index, _WRITERS.get(leaf.type, str)) for leaf in columns.values()]
    for row in rows:
        yield ["" if row[at] is None else write(row[at]) for at, write in readers]


def _boolean(value: Any) -> str:  # noqa: ANN401 - any value of a column
    return "true" if value else "false"


def _datetime(value: Any) -> str:  # noqa: ANN401 - any value of a column
    return f"{str(value).removesuffix('+0000')}Z" if str(value).endswith("+0000") else str(value)


_WRITERS: Final[Mapping[str, Callable[[Any], str]]] = {"boolean": _boolean, "datetime": _datetime}
