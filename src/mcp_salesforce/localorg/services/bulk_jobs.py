"""Create, read, abort and delete jobs of Bulk API 2.0; `bulk_queries` and `bulk_ingest` do their work.

A job does one step each time a client asks for its state, so every run gives a client the same answers. In a step a
query reads 100,000 rows, and an ingest job saves 10,000, which is a batch of a real org.
"""

import base64
import binascii
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from mcp_salesforce.localorg.errors import OrgError, not_found
from mcp_salesforce.localorg.evidence import evidence
from mcp_salesforce.localorg.services.bulk_csv import DELIMITERS, LINE_ENDINGS, BulkCsvError, Dialect
from mcp_salesforce.localorg.services.field_values import instant
from mcp_salesforce.localorg.store.bulk import BulkStore, Job
from mcp_salesforce.localorg.store.ids import to_18

JOB_TYPES: Final = {"query": "V2Query", "ingest": "V2Ingest"}
MOST_ROWS_A_DAY: Final = 100_000_000
_LIFE: Final = timedelta(days=7)
_PAGE: Final = 1_000
_UNFINISHED: Final = frozenset({"Open", "UploadComplete", "InProgress"})
_DELETABLE: Final = {
    "query": frozenset({"JobComplete", "Aborted", "Failed"}),
    "ingest": frozenset({"UploadComplete", "JobComplete", "Aborted", "Failed"}),
}
_TOLD_WHEN_MADE: Final = (
    "id", "operation", "object", "createdById", "createdDate", "systemModstamp", "state", "externalIdFieldName",
    "concurrencyMode", "contentType", "apiVersion", "contentUrl", "lineEnding", "columnDelimiter",
)  # fmt: skip


class BulkJobs:
    """The jobs of an org's users; each user has their own."""

    def __init__(self, store: BulkStore, now: Callable[[], datetime]) -> None:
        """Keep them in `store`; `now` is the org's clock."""
        self._store = store
        self._now = now

    @evidence("Bulk API 2.0", "documented", "A job and its results are kept for seven days")
    def add(self, kind: str, user_id: str, body: Mapping[str, Any], version: str, **info: Any) -> Job:  # noqa: ANN401 - JSON values
        """Create the job that `body` describes.

        Raises:
            OrgError: The CSV format in `body` is not valid.
        """
        self._store.forget_before((self._now() - _LIFE).timestamp())
        stamp = instant(self._now())
        told = {
            **info,
            "createdById": user_id,
            "createdDate": stamp,
            "systemModstamp": stamp,
            "concurrencyMode": "Parallel",
            "contentType": _choice(body, "contentType", ("CSV",), "CSV"),
            "apiVersion": float(version.removeprefix("v")),
            "lineEnding": _choice(body, "lineEnding", LINE_ENDINGS, "LF"),
            "columnDelimiter": _choice(body, "columnDelimiter", DELIMITERS, "COMMA"),
            "numberRecordsProcessed": 0,
        }
        return self._store.add(kind, user_id, self._now().timestamp(), told)

    def find(self, kind: str, job_id: str, user_id: str) -> Job:
        """Return a job.

        Raises:
            OrgError: NOT_FOUND; there is none, it is another user's, or it has expired.
        """
        job = self._store.find(kind, to_18(job_id) or "", user_id)
        if job is None or job.created < (self._now() - _LIFE).timestamp():
            raise not_found()
        return job

    @evidence(
        "Bulk API 2.0", "documented", "A job whose rows go beyond 100,000,000 in 24 hours fails; the rest is left"
    )
    @evidence("Bulk API 2.0", "simulated", "A job beyond the rows of a day has the errorMessage 'ExceededQuota : …'")
    def require_quota(self, rows: int) -> None:
        """Refuse to process more rows than all ingest jobs may have in 24 hours.

        Raises:
            BulkCsvError: They would be more.
        """
        since = (self._now() - timedelta(days=1)).timestamp()
        if self._store.processed_since(since) + rows > MOST_ROWS_A_DAY:
            raise BulkCsvError(f"ExceededQuota : More than {MOST_ROWS_A_DAY} records in 24 hours")

    def set_state(self, job: Job, state: str, **changes: Any) -> None:  # noqa: ANN401 - JSON values
        """Store a job with a new or the same state."""
        job.info |= {**changes, "state": state, "systemModstamp": instant(self._now())}
        self._store.save(job)

    @evidence(
        "Bulk API 2.0", "documented", "Only a job that has not ended can be aborted; rows that it has saved stay saved"
    )
    @evidence("Bulk API 2.0", "simulated", "A change to any other state is INVALIDJOBSTATE")
    def abort(self, job: Job) -> None:
        """End a job before its work is done.

        Raises:
            OrgError: It has ended already.
        """
        if job.info["state"] not in _UNFINISHED:
            raise wrong_state(f"Aborting already {job.info['state']} job not allowed")
        self.set_state(job, "Aborted")

    @evidence("Bulk API 2.0", "documented", "A running job cannot be deleted: API_ERROR, 'job is not terminated'")
    def delete(self, job: Job) -> None:
        """Delete a job with its file and its results.

        Raises:
            OrgError: It is running.
        """
        if job.info["state"] not in _DELETABLE[job.kind]:
            words = "Error encountered when deleting the job because the job is not terminated"
            raise OrgError(400, "API_ERROR", words, None)
        self._store.delete(job.job_id)

    def made(self, job: Job, data_url: str) -> dict[str, Any]:
        """Return the answer about a new job, or one whose state was changed."""
        told = self._told(job, data_url)
        return {name: told[name] for name in _TOLD_WHEN_MADE if name in told}

    @evidence("Bulk API 2.0", "documented", "The state of a job has its type, counts, retries and milliseconds of work")
    def state(self, job: Job, data_url: str) -> dict[str, Any]:
        """Return the answer about a job's state."""
        more = {"jobType": JOB_TYPES[job.kind], "retries": 0, "totalProcessingTime": 0}
        if job.kind == "query":
            more["isPkChunkingSupported"] = True
        else:
            more |= {"apiActiveProcessingTime": 0, "apexProcessingTime": 0}
        return self._told(job, data_url) | more

    @evidence("Bulk API 2.0", "documented", "A page of the list of jobs has 1,000; jobType selects one kind")
    @evidence("Bulk API 2.0", "simulated", "Users see only their own jobs, oldest first")
    def listed(self, user_id: str, job_type: str | None, locator: str | None, data_url: str) -> dict[str, Any]:
        """Return a page of the jobs of a user.

        Raises:
            OrgError: `locator` does not belong to a page.
        """
        jobs = [job for job in self._store.all(user_id) if job_type in {None, JOB_TYPES[job.kind]}]
        start = offset_of(locator) if locator else 0
        told = [self.state(job, data_url) for job in jobs[start : start + _PAGE]]
        end = start + len(told)
        page: dict[str, Any] = {"done": end >= len(jobs), "records": told, "nextRecordsUrl": None}
        if not page["done"]:
            page["nextRecordsUrl"] = f"{data_url}?queryLocator={locator_at(end)}"
        return page

    def _told(self, job: Job, data_url: str) -> dict[str, Any]:
        told = {"id": job.job_id} | {name: value for name, value in job.info.items() if not name.startswith("_")}
        if job.kind == "ingest":
            told["contentUrl"] = f"{data_url.lstrip('/')}/{job.job_id}/batches"
        return told


def dialect(job: Job) -> Dialect:
    """Return the CSV format of a job."""
    return Dialect(job.info["columnDelimiter"], job.info["lineEnding"])


def wrong_state(message: str) -> OrgError:
    """The state of the job does not allow this."""
    return OrgError(400, "INVALIDJOBSTATE", message, None)


@evidence("Bulk API 2.0", "documented", "A locator is an opaque text, such as MTAwMDA; the last one is 'null'")
def locator_at(offset: int) -> str:
    """Return the locator of the rows from `offset` on."""
    return base64.b64encode(str(offset).encode()).decode().rstrip("=")


@evidence("Bulk API 2.0", "simulated", "An unknown locator is INVALID_QUERY_LOCATOR")
def offset_of(locator: str) -> int:
    """Return the first row of a locator.

    Raises:
        OrgError: The locator is not valid.
    """
    try:
        number = base64.b64decode(locator + "=" * (-len(locator) % 4), validate=True).decode("ascii")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        number = ""
    if not number.isdecimal() or len(number) > 18:  # noqa: PLR2004 - more rows than there can be
        raise OrgError(400, "INVALID_QUERY_LOCATOR", "invalid query locator", None)
    return int(number)


@evidence("Bulk API 2.0", "simulated", "An unknown value of a job's setting is INVALID_INPUT")
def _choice(body: Mapping[str, Any], name: str, known: Mapping[str, str] | tuple[str, ...], usual: str) -> str:
    value = body.get(name) or usual
    if value not in known:
        raise OrgError(400, "INVALID_INPUT", f"{name} must be one of {', '.join(known)}, not {value}", None)
    return str(value)
